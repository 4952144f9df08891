"""Other nodes: those that joined this one, and the one-time codes they join by."""

from typing import Final

from django.db import models

from paifang.core import limits
from paifang.store.models.base import Identified
from paifang.store.models.people import USERNAME_CHARS_MAX

NODE_CHARS: Final = 36
"""A node's own name is a UUID with its hyphens."""
KEY_CHARS: Final = 64
"""An Ed25519 or X25519 public key: 32 bytes in hex."""


class Peer(Identified):
    """A venue host that joined this centre. A revoked one stays, for the audit and its history.

    What it last told of itself stands in the ledger (`ledger.rows.PeerState`), because it tells it
    to the live process. `settled_ms` is when a person last said that two machines speaking as this
    node were seen to (UTC ms).
    """

    name = models.CharField(max_length=limits.NAME_CHARS_MAX, unique=True)
    node = models.CharField(max_length=NODE_CHARS, unique=True)
    public_key = models.CharField(max_length=KEY_CHARS)
    exchange_key = models.CharField(max_length=KEY_CHARS)
    joined_at = models.DateTimeField(auto_now_add=True)
    revoked = models.BooleanField(default=False)
    settled_ms = models.BigIntegerField(default=0)

    class Meta:
        """By name."""

        ordering = ("name",)

    def __str__(self) -> str:
        """Show the name."""
        return self.name


class JoinCode(Identified):
    """A one-time code by which a machine becomes a venue host; only its keyed hash is kept.

    Used, it remembers by which node, so that a host whose answer was lost gets it again.
    """

    name = models.CharField(max_length=limits.NAME_CHARS_MAX)
    code_hash = models.CharField(max_length=64, unique=True)
    until_ms = models.BigIntegerField()
    used_at_ms = models.BigIntegerField(default=0)
    node = models.CharField(max_length=NODE_CHARS, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=USERNAME_CHARS_MAX, blank=True)

    def __str__(self) -> str:
        """Show for which host."""
        return self.name
