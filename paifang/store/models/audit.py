"""Who did what by hand, and failed attempts to sign in."""

from django.db import models

from paifang.core import limits
from paifang.store.models.base import Identified
from paifang.store.models.people import USERNAME_CHARS_MAX


class AuditEntry(Identified):
    """An act done by hand: who, when, what, to what, why, and from where. Never changed.

    `sealed` is whether the ledger's journal holds its digest, `altered` whether it was found that
    the journal holds another one.
    """

    at = models.DateTimeField(auto_now_add=True)
    who = models.CharField(max_length=USERNAME_CHARS_MAX, blank=True)
    what = models.CharField(max_length=64)
    subject = models.CharField(max_length=limits.FIELD_CHARS_MAX, blank=True)
    why = models.CharField(max_length=limits.REASON_TEXT_CHARS_MAX, blank=True)
    where = models.CharField(max_length=64, blank=True)
    sealed = models.BooleanField(default=False, editable=False)
    altered = models.BooleanField(default=False, editable=False)

    class Meta:
        """Newest last, as a book is written."""

        ordering = ("at", "id")
        indexes = (
            models.Index(fields=("at",), name="audit_at"),
            models.Index(
                fields=("id",),
                name="audit_to_seal",
                condition=models.Q(sealed=False, altered=False),
            ),
            models.Index(fields=("id",), name="audit_altered", condition=models.Q(altered=True)),
        )

    def __str__(self) -> str:
        """Show who did what."""
        return f"{self.who} {self.what} {self.subject}".strip()


class SignInFailure(models.Model):
    """A failed attempt to sign in; `key` is a keyed hash of account and address."""

    key = models.CharField(max_length=64)
    at_ms = models.BigIntegerField()

    class Meta:
        """Counted per key and window."""

        indexes = (models.Index(fields=("key", "at_ms"), name="sign_in_failure_key"),)

    def __str__(self) -> str:
        """Show when."""
        return f"{self.at_ms}"
