"""Sums of the projected tables, for pages that must not read a million rows.

Written by the projector in the same transaction as the rows they are made of, so they never differ
from them; a row that counts nothing is not there. Nothing here depends on configuration: quarters
of an hour are the largest spans that the days of every time zone are made of.
"""

from typing import Final

from django.db import models

from paifang.core import limits
from paifang.store.models.base import SLUG_CHARS_MAX

QUARTER_MS: Final = 15 * 60_000
MINUTE_MS: Final = 60_000


class FlowTally(models.Model):
    """Decisions at a gate in a quarter of an hour (its number since 1970).

    `people` passed, `off_people` of them were taken off again: annulled, or not shown at the gate.
    """

    pk = models.CompositePrimaryKey(
        "quarter", "gate", "product", "session", "direction", "decision", "reason", "basis"
    )
    quarter = models.IntegerField()
    gate = models.CharField(max_length=SLUG_CHARS_MAX)
    product = models.IntegerField()
    session = models.IntegerField()
    direction = models.CharField(max_length=8)
    decision = models.CharField(max_length=16)
    reason = models.CharField(max_length=32)
    basis = models.CharField(max_length=16)
    decisions = models.BigIntegerField()
    people = models.BigIntegerField()
    off_people = models.BigIntegerField()
    annulled = models.BigIntegerField()
    conflicts = models.BigIntegerField()

    def __str__(self) -> str:
        """Show where and when."""
        return f"{self.quarter} {self.gate}"


class MinuteTally(models.Model):
    """People into and out of a zone in a minute (its number since 1970)."""

    pk = models.CompositePrimaryKey("minute", "zone")
    minute = models.IntegerField()
    zone = models.CharField(max_length=SLUG_CHARS_MAX)
    entries = models.BigIntegerField()
    exits = models.BigIntegerField()

    def __str__(self) -> str:
        """Show where and when."""
        return f"{self.minute} {self.zone}"


class GateMinuteTally(models.Model):
    """What a gate did in a minute (its number since 1970): people let in and out, refusals."""

    pk = models.CompositePrimaryKey("minute", "gate")
    minute = models.IntegerField()
    gate = models.CharField(max_length=SLUG_CHARS_MAX)
    entries = models.BigIntegerField()
    exits = models.BigIntegerField()
    refusals = models.BigIntegerField()

    def __str__(self) -> str:
        """Show where and when."""
        return f"{self.minute} {self.gate}"


class IssueTally(models.Model):
    """Tickets issued in a quarter of an hour, whatever became of them."""

    pk = models.CompositePrimaryKey("quarter", "product", "session")
    quarter = models.IntegerField()
    product = models.IntegerField()
    session = models.IntegerField()
    tickets = models.BigIntegerField()
    people = models.BigIntegerField()

    def __str__(self) -> str:
        """Show what and when."""
        return f"{self.quarter} {self.product}"


class TicketTally(models.Model):
    """Tickets as they stand, groups apart: how many, for how many people, how many have come."""

    pk = models.CompositePrimaryKey("event", "product", "session", "status", "is_group")
    event = models.IntegerField()
    product = models.IntegerField()
    session = models.IntegerField()
    status = models.SmallIntegerField()
    is_group = models.SmallIntegerField()
    tickets = models.BigIntegerField()
    people = models.BigIntegerField()
    arrived_tickets = models.BigIntegerField()
    arrived_people = models.BigIntegerField()

    def __str__(self) -> str:
        """Show of what."""
        return f"{self.event} {self.product} {self.session} {self.status}"


class OriginTally(models.Model):
    """Where the holders of an event's tickets come from, by what their tickets tell.

    `kind` is `company` or `phone`. It holds what is in the tickets' own rows and goes with it, also
    when a person is erased.
    """

    pk = models.CompositePrimaryKey("event", "kind", "value")
    event = models.IntegerField()
    kind = models.CharField(max_length=8)
    value = models.CharField(max_length=limits.FIELD_CHARS_MAX)
    tickets = models.BigIntegerField()
    people = models.BigIntegerField()
    arrived_tickets = models.BigIntegerField()
    arrived_people = models.BigIntegerField()

    class Meta:
        """The largest come first."""

        indexes = (models.Index(fields=("event", "kind", "-people"), name="origin_largest"),)

    def __str__(self) -> str:
        """Show the event, never the value: it may name a person."""
        return f"{self.event} {self.kind}"
