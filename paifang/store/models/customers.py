"""People who agreed to be remembered by an organiser beyond one ticket."""

from django.db import models

from paifang.core import limits
from paifang.store.models.base import Identified
from paifang.store.models.people import USERNAME_CHARS_MAX
from paifang.store.models.places import Organiser

HASH_CHARS = 32
LANGUAGE_CHARS_MAX = 16


class ConsentText(Identified):
    """What people are asked to agree to, in one language; a version is never changed again."""

    organiser = models.ForeignKey(Organiser, on_delete=models.PROTECT, related_name="consent_texts")
    version = models.PositiveIntegerField()
    language = models.CharField(max_length=LANGUAGE_CHARS_MAX)
    text = models.TextField(max_length=limits.CONSENT_CHARS_MAX)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """The newest first."""

        ordering = ("-version", "language")
        constraints = (
            models.UniqueConstraint(
                fields=("organiser", "version", "language"), name="consent_text_once"
            ),
        )

    def __str__(self) -> str:
        """Show version and language."""
        return f"{self.version} ({self.language})"


class Customer(Identified):
    """A person who agreed to a text. Removed as a whole when they are erased.

    `who` is the member of staff who took the consent down.
    """

    organiser = models.ForeignKey(Organiser, on_delete=models.PROTECT, related_name="customers")
    name = models.CharField(max_length=limits.NAME_CHARS_MAX, blank=True)
    company = models.CharField(max_length=limits.FIELD_CHARS_MAX, blank=True)
    email = models.CharField(max_length=limits.FIELD_CHARS_MAX, blank=True)
    phone = models.CharField(max_length=limits.FIELD_CHARS_MAX, blank=True)
    consent = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+")
    consented_at = models.DateTimeField()
    who = models.CharField(max_length=USERNAME_CHARS_MAX)

    class Meta:
        """The newest first."""

        ordering = ("-id",)

    def __str__(self) -> str:
        """Show the id, never the name."""
        return self.pk.hex


class CustomerKey(models.Model):
    """By what a customer is recognised: the keyed hash of an e-mail address or a phone number."""

    hash = models.CharField(max_length=HASH_CHARS, primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="keys")

    def __str__(self) -> str:
        """Show the customer's id."""
        return self.customer_id.hex
