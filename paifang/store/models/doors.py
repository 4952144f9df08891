"""Door lists: what was printed for a power cut, so that what is ticked on paper can be keyed in."""

from django.db import models

from paifang.store.models.base import SLUG_CHARS_MAX, Identified
from paifang.store.models.people import USERNAME_CHARS_MAX


class DoorList(Identified):
    """One print of a gate's list. `as_of_ms` is how old its data was, UTC milliseconds.

    `number` is its name on the paper; `session` a session's number, 0 for all.
    """

    number = models.PositiveIntegerField(unique=True)
    gate = models.CharField(max_length=SLUG_CHARS_MAX)
    session = models.PositiveIntegerField(default=0)
    as_of_ms = models.BigIntegerField()
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.CharField(max_length=USERNAME_CHARS_MAX, blank=True)

    class Meta:
        """Newest first, as they are keyed in."""

        ordering = ("-number",)

    def __str__(self) -> str:
        """Show number and gate."""
        return f"{self.number} {self.gate}"


class DoorListLine(models.Model):
    """Which ticket stands behind a number of a print; nothing personal."""

    list = models.ForeignKey(DoorList, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    ticket = models.UUIDField()

    class Meta:
        """In the order of the print."""

        ordering = ("list", "number")
        constraints = (
            models.UniqueConstraint(fields=("list", "number"), name="door_list_number_once"),
        )

    def __str__(self) -> str:
        """Show the place."""
        return f"{self.list_id}/{self.number}"
