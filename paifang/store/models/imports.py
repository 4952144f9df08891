"""Lists imported through the page: how far each is, what it made, and the rows it did not take."""

from enum import StrEnum

from django.db import models
from django.db.models import Q

from paifang.core import limits
from paifang.store.models.base import Identified, choices
from paifang.store.models.jobs import CODE_CHARS_MAX, Job
from paifang.store.models.offers import Event
from paifang.store.models.people import USERNAME_CHARS_MAX


class ImportStage(StrEnum):
    """What is done, or being done, with an uploaded list.

    `discarded`: somebody threw it away, or nobody went on with it, or it held an erased person.
    """

    mapping = "mapping"
    checking = "checking"
    checked = "checked"
    importing = "importing"
    done = "done"
    undoing = "undoing"
    undone = "undone"
    discarded = "discarded"


class Import(Identified):
    """One uploaded list. Its file lies under its id in the data directory, until it is not needed.

    Attributes:
        meanings: What each column means, as `attendees.Chosen` has it.
        job: The work on it that was asked for last; `turn` makes each such job another one.
        blocked: Tickets that could not be taken back, because they were used.
    """

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="imports")
    product = models.CharField(max_length=limits.NAME_CHARS_MAX, blank=True)
    session = models.CharField(max_length=limits.NAME_CHARS_MAX, blank=True)
    stage = models.CharField(
        max_length=16, choices=choices(ImportStage), default=ImportStage.mapping.value
    )
    file_name = models.CharField(max_length=limits.NAME_CHARS_MAX)
    file_bytes = models.BigIntegerField()
    kind = models.CharField(max_length=8)
    encoding = models.CharField(max_length=16)
    header_line = models.PositiveIntegerField()
    header = models.JSONField(default=list)
    meanings = models.JSONField(default=list)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    blocked = models.PositiveIntegerField(default=0)
    taken_back = models.PositiveIntegerField(default=0)
    cancelled = models.BooleanField(default=False)
    error = models.CharField(max_length=CODE_CHARS_MAX, blank=True)
    error_params = models.JSONField(default=dict)
    turn = models.PositiveIntegerField(default=0)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    who = models.CharField(max_length=USERNAME_CHARS_MAX)
    where = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(stage__in=[stage.value for stage in ImportStage]),
                name="import_stage_known",
            ),
        )
        indexes = (models.Index(fields=("stage", "changed_at"), name="import_stage_changed"),)

    def __str__(self) -> str:
        """Show the id; a file's name may be a person's."""
        return self.id.hex


class ImportTicket(models.Model):
    """A ticket that an import made, or was about to make when it was interrupted."""

    pk = models.CompositePrimaryKey("of_id", "ticket")
    of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="tickets")
    ticket = models.UUIDField()
    line = models.PositiveIntegerField()
    undone = models.BooleanField(default=False)
    blocked = models.BooleanField(default=False)

    class Meta:
        """Also found by the ticket alone."""

        indexes = (models.Index(fields=("ticket",), name="import_ticket"),)

    def __str__(self) -> str:
        """Show the ticket."""
        return self.ticket.hex


class ImportRow(Identified):
    """A row that was not taken, with its cells, to be corrected; it is gone once it is taken.

    `params` and `cells` hold what stands in the list, and so may be personal.
    """

    of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rejects")
    line = models.PositiveIntegerField()
    code = models.CharField(max_length=CODE_CHARS_MAX)
    field = models.CharField(max_length=32, blank=True)
    params = models.JSONField(default=dict)
    cells = models.JSONField(default=list)
    text = models.TextField(blank=True)

    class Meta:
        """In the list's order, each line once."""

        ordering = ("line",)
        constraints = (
            models.UniqueConstraint(fields=("of", "line"), name="import_row_once_per_line"),
        )

    def __str__(self) -> str:
        """Show line and reason."""
        return f"{self.line} {self.code}"


class ImportMapping(Identified):
    """What somebody said of columns with these names, for the next list of that form."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=64)
    meanings = models.JSONField(default=list)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        """One per event and header."""

        constraints = (
            models.UniqueConstraint(fields=("event", "fingerprint"), name="import_mapping_once"),
        )

    def __str__(self) -> str:
        """Show the event."""
        return f"{self.event}"
