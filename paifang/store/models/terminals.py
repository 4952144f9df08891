"""Machines that may ask, and the tokens they ask with."""

from typing import Final

from django.db import models
from django.db.models import Q

from paifang.core import limits
from paifang.core.rules import TerminalRole
from paifang.store.models.base import Identified, choices, slug_field
from paifang.store.models.people import USERNAME_CHARS_MAX, User
from paifang.store.models.places import Gate

PUBLIC_KEY_CHARS: Final = 130
"""A point of P-256, uncompressed: 65 bytes in hex."""


class Terminal(Identified):
    """A machine with a role and the gates it may stand at. A revoked one stays, for the audit.

    `public_key` is that of a paired one: a point of P-256, uncompressed, in hex.
    """

    name = slug_field(unique=True)
    role = models.CharField(
        max_length=16, choices=choices(TerminalRole), default=TerminalRole.gate.value
    )
    gates: "models.ManyToManyField[Gate, models.Model]" = models.ManyToManyField(
        Gate, blank=True, related_name="terminals"
    )
    revoked = models.BooleanField(default=False)
    public_key = models.CharField(max_length=PUBLIC_KEY_CHARS, blank=True)

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


class Pairing(Identified):
    """A one-time code by which a device becomes a terminal; only its keyed hash is kept.

    Used, it remembers the key it was used with, so that a device whose answer was lost gets it
    again.
    """

    terminal = models.ForeignKey(Terminal, on_delete=models.CASCADE, related_name="pairings")
    code_hash = models.CharField(max_length=64, unique=True)
    until_ms = models.BigIntegerField()
    used_at_ms = models.BigIntegerField(default=0)
    public_key = models.CharField(max_length=PUBLIC_KEY_CHARS, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=USERNAME_CHARS_MAX, blank=True)

    def __str__(self) -> str:
        """Show for which terminal."""
        return f"{self.terminal}"


class TerminalStatus(models.Model):
    """What a terminal last told of itself; times UTC ms, `battery` in percent where it is known."""

    terminal = models.OneToOneField(
        Terminal, on_delete=models.CASCADE, primary_key=True, related_name="status"
    )
    seen_at_ms = models.BigIntegerField(default=0)
    version = models.CharField(max_length=limits.VERSION_CHARS_MAX, blank=True)
    unsent = models.PositiveIntegerField(default=0)
    clock_offset_ms = models.BigIntegerField(default=0)
    battery = models.PositiveSmallIntegerField(null=True, blank=True)
    charging = models.BooleanField(null=True, blank=True)
    staff = models.CharField(max_length=USERNAME_CHARS_MAX, blank=True)

    def __str__(self) -> str:
        """Show whose it is."""
        return f"{self.terminal}"
