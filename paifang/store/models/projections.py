"""What the journal looks like in tables. Only the projector writes here; all of it can be rebuilt.

Nothing here refers to configuration by foreign key: a fact may name what was deleted since, or what
has not arrived yet. Times are UTC milliseconds, as in the journal.
"""

from typing import Final

from django.db import models

from paifang.core import limits
from paifang.store.models.base import SLUG_CHARS_MAX

NEVER_ISSUED: Final = -1
"""The status of a ticket of which only later facts have arrived so far."""
CONFLICT_CHARS_MAX: Final = 32


class Position(models.Model):
    """How far a segment's journal has been projected, in the same transaction as its rows.

    `at_ms` is when the last projected row was written.
    """

    segment = models.BigIntegerField(primary_key=True)
    epoch = models.BigIntegerField()
    seq = models.BigIntegerField()
    at_ms = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        """Show segment and place."""
        return f"{self.segment}: {self.epoch}/{self.seq}"


class ProjectedTicket(models.Model):
    """One ticket as the desk finds it. The columns of the person are empty once erased.

    Facts may arrive in any order between segments: `told_at_ms` and `status_at_ms` say how old what
    is known is, and `uses` is a sum.
    """

    ticket = models.UUIDField(primary_key=True)
    event = models.PositiveIntegerField(default=0)
    product = models.PositiveIntegerField(default=0)
    session = models.PositiveIntegerField(default=0)
    status = models.SmallIntegerField(default=NEVER_ISSUED)
    status_at_ms = models.BigIntegerField(default=0)
    people = models.PositiveIntegerField(default=1)
    uses = models.IntegerField(default=0)
    exchanged = models.BooleanField(default=False)
    created_at_ms = models.BigIntegerField(default=0)
    valid_from_ms = models.BigIntegerField(default=0)
    valid_until_ms = models.BigIntegerField(default=0)
    told_at_ms = models.BigIntegerField(default=0)
    holder = models.CharField(max_length=limits.NAME_CHARS_MAX, default="")
    reference = models.CharField(max_length=limits.REFERENCE_CHARS_MAX, default="")
    company = models.CharField(max_length=limits.FIELD_CHARS_MAX, default="")
    email = models.CharField(max_length=limits.FIELD_CHARS_MAX, default="")
    phone = models.CharField(max_length=limits.FIELD_CHARS_MAX, default="")

    class Meta:
        """Listed newest first, by what the desk chooses from; ids are in the order of time.

        What is rare has an index of the rare ones only.
        """

        indexes = (
            models.Index(fields=("event", "ticket"), name="ticket_event"),
            models.Index(fields=("product", "ticket"), name="ticket_product"),
            models.Index(
                fields=("session", "ticket"),
                condition=models.Q(session__gt=0),
                name="ticket_session",
            ),
            models.Index(fields=("email",), condition=~models.Q(email=""), name="ticket_email"),
            models.Index(
                fields=("status", "ticket"), condition=models.Q(status__gt=0), name="ticket_status"
            ),
        )

    def __str__(self) -> str:
        """Show the id."""
        return self.ticket.hex


class ProjectedOrder(models.Model):
    """One order as the desk finds it. Who buys is empty once erased, or if it ended unpaid.

    `number` is what people read out; amounts are minor units. `tickets` is how many it is for.
    """

    # Plain SQL names the column, and "order" is one of its own words.
    order = models.UUIDField(primary_key=True, db_column="order_id")
    number = models.CharField(max_length=12, db_index=True)
    event = models.PositiveIntegerField(default=0)
    channel = models.CharField(max_length=16, default="")
    currency = models.CharField(max_length=limits.CURRENCY_CHARS, default="")
    state = models.SmallIntegerField(default=0)
    total_minor = models.BigIntegerField(default=0)
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    tickets = models.PositiveIntegerField(default=0)
    placed_at_ms = models.BigIntegerField(default=0)
    until_ms = models.BigIntegerField(default=0)
    buyer = models.CharField(max_length=limits.NAME_CHARS_MAX, default="")
    email = models.CharField(max_length=limits.FIELD_CHARS_MAX, default="")
    phone = models.CharField(max_length=limits.FIELD_CHARS_MAX, default="")

    class Meta:
        """The newest first: ids are in the order of time."""

        ordering = ("-order",)
        indexes = (
            models.Index(
                fields=("until_ms",), condition=models.Q(state=0), name="order_open_until"
            ),
            models.Index(fields=("buyer",), name="order_buyer"),
        )

    def __str__(self) -> str:
        """Show the number."""
        return self.number


class SearchTerm(models.Model):
    """A text a ticket is found by, as `services.desk.search_terms` makes it of the ticket's row.

    Bytes, because their order is the same on both engines. The table is its own index: SQLite keeps
    it without row ids. `ticket` is the id's 16 bytes.
    """

    pk = models.CompositePrimaryKey("event", "term", "ticket")
    event = models.PositiveIntegerField()
    term = models.BinaryField(max_length=1 + 4 * limits.SEARCH_TERM_CHARS_MAX)
    ticket = models.BinaryField(max_length=16)

    def __str__(self) -> str:
        """Show the ticket, never the term: it is a part of somebody's name."""
        return bytes(self.ticket).hex()


class TicketFact(models.Model):
    """A fact about a ticket besides the decisions at gates: what its story is told from.

    `kind` is the journal's, with `amend` for an issue that amended. `detail` is the fact's own
    word: a status, a credential's kind, a reason, what became of a passage; `request` names the
    admission it is about. Nothing here tells of a person but the words of a reason.
    """

    pk = models.CompositePrimaryKey("ticket", "at_ms", "segment", "epoch", "seq")
    ticket = models.UUIDField()
    at_ms = models.BigIntegerField()
    segment = models.BigIntegerField()
    epoch = models.BigIntegerField()
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=16)
    actor = models.CharField(max_length=64, default="")
    terminal = models.CharField(max_length=64, default="")
    detail = models.CharField(max_length=32, default="")
    request = models.CharField(max_length=limits.REQUEST_ID_CHARS_MAX, default="")
    reason_text = models.CharField(max_length=limits.REASON_TEXT_CHARS_MAX, default="")

    def __str__(self) -> str:
        """Show place and kind."""
        return f"{self.segment}/{self.epoch}/{self.seq} {self.kind}"


class SegmentNode(models.Model):
    """Which node wrote an epoch of a segment: one does, for as long as it holds the lease."""

    pk = models.CompositePrimaryKey("segment", "epoch")
    segment = models.BigIntegerField()
    epoch = models.BigIntegerField()
    node = models.CharField(max_length=64)

    def __str__(self) -> str:
        """Show all of it."""
        return f"{self.segment}/{self.epoch}: {self.node}"


class ProjectedAdmission(models.Model):
    """One decision at a gate: an entry, an exit or a refusal.

    `at_ms` is when somebody stood at the gate: for a late record not when it was written down.
    `conflict` is the id of the conflict a late record made, "" without one.
    """

    segment = models.BigIntegerField()
    epoch = models.BigIntegerField()
    seq = models.BigIntegerField()
    at_ms = models.BigIntegerField()
    request_id = models.CharField(max_length=limits.REQUEST_ID_CHARS_MAX)
    gate = models.CharField(max_length=SLUG_CHARS_MAX)
    zone = models.CharField(max_length=SLUG_CHARS_MAX)
    terminal = models.CharField(max_length=64)
    direction = models.CharField(max_length=8)
    decision = models.CharField(max_length=16)
    reason = models.CharField(max_length=32)
    basis = models.CharField(max_length=16)
    ticket = models.UUIDField(null=True)
    product = models.PositiveIntegerField(default=0)
    session = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(default=0)
    staff = models.CharField(max_length=64, default="")
    reason_text = models.CharField(max_length=limits.REASON_TEXT_CHARS_MAX, default="")
    conflict = models.CharField(max_length=CONFLICT_CHARS_MAX, default="")

    class Meta:
        """One row per row of the journal; when a gate was last heard of is read from an index."""

        constraints = (
            models.UniqueConstraint(fields=("segment", "epoch", "seq"), name="admission_once"),
        )
        indexes = (
            models.Index(fields=("request_id",), name="admission_request"),
            models.Index(fields=("ticket", "at_ms"), name="admission_ticket_at"),
            models.Index(fields=("gate", "at_ms"), name="admission_gate_at"),
            models.Index(
                fields=("at_ms",),
                condition=models.Q(basis="override"),
                name="admission_override",
            ),
        )

    def __str__(self) -> str:
        """Show place and outcome."""
        return f"{self.segment}/{self.epoch}/{self.seq} {self.decision} {self.reason}"


class ProjectedRules(models.Model):
    """A version of a layer of the rules bundle: when it came into force, and who brought it."""

    pk = models.CompositePrimaryKey("layer", "version")
    layer = models.CharField(max_length=8)
    version = models.PositiveIntegerField()
    at_ms = models.BigIntegerField()
    actor = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        """Show layer and version."""
        return f"{self.layer} {self.version}"


class ProjectedAftermath(models.Model):
    """What was reported of an admission later; it may arrive before the admission itself.

    `off` people were taken off the count inside again.
    """

    request_id = models.CharField(primary_key=True, max_length=limits.REQUEST_ID_CHARS_MAX)
    passage = models.SmallIntegerField(default=0)
    annulled = models.BooleanField(default=False)
    off = models.IntegerField(default=0)

    def __str__(self) -> str:
        """Show which admission."""
        return self.request_id
