"""The node's secrets, and what is derived from them: event keys, sealing, terminal tokens.

One master secret stands in a file of its own (mode 0600), apart from the databases. From it come,
by HKDF (RFC 5869), an organiser's pepper and from that a key per event, so that what a venue host
is given exposes one event only.
"""

import base64
import binascii
import hashlib
import hmac
from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.secret import SecretBox
from nacl.signing import SigningKey

from paifang.core import limits
from paifang.core.rules import Event

HASH_BYTES = 16
SCAN_TOKEN_PREFIX = "pfs."  # noqa: S105 - the form of a token, not one
STATIC_TOKEN_PREFIX = "pft_"  # noqa: S105 - the form of a token, not one


class Secrets(msgspec.Struct, frozen=True):
    """What the key file holds, in hex: master secret and signing seed, 32 bytes each."""

    master: str
    signing_seed: str
    node: str


class ScanToken(msgspec.Struct, frozen=True, array_like=True):
    """A short-lived token's content: terminal, staff on it, and when it ends (UTC seconds)."""

    terminal: str
    staff: str
    until_s: int


class EventKeys(NamedTuple):
    """The keys of one event: for look-up hashes, and for sealing what must be shown again."""

    lookup: bytes
    box: SecretBox


def _derive(secret: bytes, purpose: str) -> bytes:
    """Return 32 bytes for one purpose (HKDF-SHA256, RFC 5869, no salt)."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=purpose.encode()).derive(secret)


class Keys:
    """Keys of this node, derived once and kept."""

    def __init__(self, secrets: Secrets) -> None:
        """Take the secrets as read from the key file."""
        self.node = secrets.node
        self._master = bytes.fromhex(secrets.master)
        self.signing = SigningKey(bytes.fromhex(secrets.signing_seed))
        self._tokens = _derive(self._master, "paifang/scan-token")
        self._events: dict[tuple[str, str], EventKeys] = {}

    def event(self, event: Event) -> EventKeys:
        """Return the keys of an event."""
        name = (event.organiser, event.id)
        keys = self._events.get(name)
        if keys is None:
            pepper = _derive(self._master, f"paifang/organiser/{event.organiser}")
            keys = EventKeys(
                _derive(pepper, f"paifang/event/{event.id}/lookup"),
                SecretBox(_derive(pepper, f"paifang/event/{event.id}/seal")),
            )
            self._events[name] = keys
        return keys

    def lookup(self, event: Event, kind: str, value: str) -> bytes:
        """Return the keyed hash (16 bytes) a credential is found by."""
        return hmac.digest(self.event(event).lookup, f"{kind}|{value}".encode(), "sha256")[
            :HASH_BYTES
        ]

    def seal(self, event: Event, value: str) -> bytes:
        """Return a code or serial sealed with the event's key (XSalsa20-Poly1305, random nonce)."""
        return bytes(self.event(event).box.encrypt(value.encode()))

    def unseal(self, event: Event, sealed: bytes) -> str:
        """Return what was sealed. Raises nacl.exceptions.CryptoError if it was altered."""
        return self.event(event).box.decrypt(sealed).decode()

    def scan_token(self, terminal: str, staff: str, until_s: int) -> str:
        """Return a terminal's bearer token that ends by itself, or when the terminal is revoked."""
        body = msgspec.json.encode(ScanToken(terminal, staff, until_s))
        mac = hmac.digest(self._tokens, body, "sha256")[:16]
        return SCAN_TOKEN_PREFIX + _b64(body) + "." + _b64(mac)

    def read_scan_token(self, token: str) -> ScanToken | None:
        """Return the content of a genuine scan token (also an expired one), else None."""
        if len(token) > limits.TOKEN_CHARS_MAX or not token.startswith(SCAN_TOKEN_PREFIX):
            return None
        body_text, _, mac_text = token[len(SCAN_TOKEN_PREFIX) :].partition(".")
        try:
            body, mac = _unb64(body_text), _unb64(mac_text)
        except (binascii.Error, ValueError):
            return None
        if not hmac.compare_digest(hmac.digest(self._tokens, body, "sha256")[:16], mac):
            return None
        return msgspec.json.decode(body, type=ScanToken)

    def sign(self, message: bytes) -> bytes:
        """Return the node's Ed25519 signature of a message (64 bytes)."""
        return self.signing.sign(message).signature


def token_sha256(token: str) -> str:
    """Return the hash by which a terminal's static token is known, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
