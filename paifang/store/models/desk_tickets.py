"""What the desk keeps about tickets besides the journal: views of the list, links, quotas."""

from django.db import models

from paifang.core import limits
from paifang.store.models.base import Identified
from paifang.store.models.offers import Product
from paifang.store.models.people import USERNAME_CHARS_MAX


class TicketView(Identified):
    """Filters of the list under a name. What was typed to search for is not kept: it is a person's.

    `query` is what stands in the address of the list.
    """

    owner = models.CharField(max_length=USERNAME_CHARS_MAX)
    name = models.CharField(max_length=limits.VIEW_NAME_CHARS_MAX)
    is_shared = models.BooleanField(default=False)
    query = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Each has their own names; in the order of the alphabet."""

        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("owner", "name"), name="view_name_once"),)

    def __str__(self) -> str:
        """Show name and owner."""
        return f"{self.name} ({self.owner})"


class TicketLink(Identified):
    """A wish that a ticket's holder be sent its link; what became of it stands in the job."""

    ticket = models.UUIDField()
    job_key = models.CharField(max_length=limits.JOB_KEY_CHARS_MAX, unique=True)
    who = models.CharField(max_length=USERNAME_CHARS_MAX, blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Found by its ticket."""

        indexes = (models.Index(fields=("ticket",), name="ticket_link_ticket"),)

    def __str__(self) -> str:
        """Show the job's key."""
        return self.job_key


class CompanyQuota(Identified):
    """That a company, such as an exhibitor, may be given free tickets of a type.

    How many there are, and how many were given, stands in the ledger. `folded` is the company's
    name in the spelling it is found by.
    """

    company = models.CharField(max_length=limits.FIELD_CHARS_MAX)
    folded = models.CharField(max_length=limits.FIELD_CHARS_MAX)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="company_quotas")

    class Meta:
        """By company; each has one of a type."""

        ordering = ("folded", "id")
        constraints = (
            models.UniqueConstraint(fields=("product", "folded"), name="company_quota_once"),
        )

    def __str__(self) -> str:
        """Show company and product."""
        return f"{self.company}: {self.product}"
