"""One-time links: an invitation to become staff, or to choose a new password."""

from django.db import models

from paifang.core import limits
from paifang.core.rules import Role
from paifang.store.models.base import Identified, choices
from paifang.store.models.people import USERNAME_CHARS_MAX, User


class StaffLink(Identified):
    """A link handed to somebody, good once; only a keyed hash of its secret is kept.

    With a `user` that person chooses a new password by it; without one it is an invitation, whose
    `name`, `role` and `language` the new account has. Times are UTC milliseconds, 0 for not yet.
    """

    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="links")
    secret_hash = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=limits.NAME_CHARS_MAX, blank=True)
    role = models.CharField(max_length=16, choices=choices(Role), blank=True)
    language = models.CharField(max_length=8, blank=True)
    until_ms = models.BigIntegerField()
    used_at_ms = models.BigIntegerField(default=0)
    withdrawn_at_ms = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=USERNAME_CHARS_MAX)

    class Meta:
        """Newest first."""

        ordering = ("-created_at",)

    def __str__(self) -> str:
        """Show for whom."""
        return self.name or f"{self.user}"
