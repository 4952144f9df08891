"""Secrets of the demonstration: random per data directory, and the same for its whole life.

They are derived from the node's signing key, so a demonstration whose making was interrupted can be
finished with the passwords, tokens and codes it began with.
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from paifang.core.codes import crockford_encode
from paifang.services.desk.terminals import TOKEN_BYTES, token_of
from paifang.services.live.keys import Keys

PIN_DIGITS: Final = 6
PASSWORD_BYTES: Final = 10


class SecretDraws:
    """Draws secrets by purpose."""

    def __init__(self, keys: Keys) -> None:
        """Take the node's keys; an Ed25519 signature (RFC 8032) is always the same."""
        self._secret = hashlib.sha256(keys.sign(b"paifang demonstration secrets")).digest()

    def octets(self, purpose: str, size: int) -> bytes:
        """Return `size` bytes, at most 64, for one purpose."""
        return hmac.digest(self._secret, purpose.encode(), "sha512")[:size]

    def source(self, purpose: str) -> Callable[[int], bytes]:
        """Return a source of bytes for one purpose; each size asked for is drawn once."""
        return lambda size: self.octets(f"{purpose}/{size}", size)

    def password(self, username: str) -> str:
        """Return a password that can be typed: four groups of four."""
        text = crockford_encode(self.octets(f"password/{username}", PASSWORD_BYTES)).lower()
        return "-".join(text[start : start + 4] for start in range(0, len(text), 4))

    def pin(self, username: str) -> str:
        """Return a PIN of six digits."""
        number = int.from_bytes(self.octets(f"pin/{username}", 8), "big")
        return f"{number % 10**PIN_DIGITS:0{PIN_DIGITS}d}"

    def token(self, terminal: str) -> str:
        """Return a terminal's token."""
        return token_of(self.octets(f"token/{terminal}", TOKEN_BYTES))
