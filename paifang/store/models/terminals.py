"""Machines that may ask, and the tokens they ask with."""

from django.db import models
from django.db.models import Q

from paifang.core.rules import TerminalRole
from paifang.store.models.base import Identified, choices, slug_field
from paifang.store.models.people import User
from paifang.store.models.places import Gate


class Terminal(Identified):
    """A machine with a role and the gates it may stand at. A revoked one stays, for the audit."""

    name = slug_field(unique=True)
    role = models.CharField(
        max_length=16, choices=choices(TerminalRole), default=TerminalRole.gate.value
    )
    gates: "models.ManyToManyField[Gate, models.Model]" = models.ManyToManyField(
        Gate, blank=True, related_name="terminals"
    )
    revoked = models.BooleanField(default=False)

    class Meta:
        """By name."""

        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                condition=Q(role__in=[value.value for value in TerminalRole]),
                name="terminal_role_known",
            ),
        )

    def __str__(self) -> str:
        """Show the name."""
        return self.name


class TerminalToken(Identified):
    """A terminal's bearer token by its SHA-256 in hex; the token itself was shown once."""

    terminal = models.ForeignKey(Terminal, on_delete=models.CASCADE, related_name="tokens")
    sha256 = models.CharField(max_length=64, unique=True)
    not_after = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        """Show whose it is and how its hash begins."""
        return f"{self.terminal} {self.sha256[:8]}"
