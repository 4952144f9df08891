"""Prints of tickets on paper: who made which, and which tickets were on them."""

from django.db import models

from paifang.store.models.base import SLUG_CHARS_MAX, Identified
from paifang.store.models.people import USERNAME_CHARS_MAX


class PaperPrint(Identified):
    """One print. Its files are kept for some hours; the row stays.

    Attributes:
        languages: Of the words on the paper, the leading one first, with commas between.
        chosen: What was asked for, as ids and slugs.
        tickets: How many tickets it is made of.
        left_out: How many of them could not be printed, because they were no longer valid, or
            their code could not be read, when their file was made.
        files: How many files it has when it is ready; `files_made` are there already.
        substituted: Whether somebody chose to print although fonts lack characters of names.
        kept: Whether its files are still there.
    """

    layout = models.CharField(max_length=SLUG_CHARS_MAX)
    languages = models.CharField(max_length=32)
    chosen = models.JSONField(default=dict)
    tickets = models.PositiveIntegerField()
    left_out = models.PositiveIntegerField(default=0)
    files = models.PositiveSmallIntegerField()
    files_made = models.PositiveSmallIntegerField(default=0)
    substituted = models.BooleanField(default=False)
    kept = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.CharField(max_length=USERNAME_CHARS_MAX, blank=True)

    class Meta:
        """Newest first, as they are looked for."""

        ordering = ("-id",)

    def __str__(self) -> str:
        """Show layout and size."""
        return f"{self.layout}, {self.tickets}"

    @property
    def is_ready(self) -> bool:
        """Whether all its files were made."""
        return self.files_made == self.files


class PaperTicketPrinted(models.Model):
    """A ticket on a print, at its place; `done` once the file that holds it was made."""

    print = models.ForeignKey(PaperPrint, on_delete=models.CASCADE, related_name="printed")
    place = models.PositiveIntegerField()
    ticket = models.UUIDField()
    done = models.BooleanField(default=False)

    class Meta:
        """In the order of the print; a ticket's own prints are found by its id."""

        ordering = ("print", "place")
        constraints = (models.UniqueConstraint(fields=("print", "place"), name="paper_place_once"),)
        indexes = (models.Index(fields=("ticket",), name="paper_ticket"),)

    def __str__(self) -> str:
        """Show the place."""
        return f"{self.print_id}/{self.place}"
