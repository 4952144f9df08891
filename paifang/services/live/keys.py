"""The node's secrets, and what is derived from them: event keys, sealing, terminal tokens.

One master secret stands in a file of its own (mode 0600), apart from the databases. From it come,
by HKDF (RFC 5869), an organiser's pepper and from that a key per event, so that what a venue host
is given exposes one event only.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.public import PrivateKey
from nacl.secret import SecretBox
from nacl.signing import SigningKey

from paifang.core import limits
from paifang.core.codes import crockford_encode
from paifang.core.rules import Event
from paifang.services.live.foreign_keys import ForeignEvent, ForeignKeys, KeyRing

HASH_BYTES = 16
SCAN_TOKEN_PREFIX = "pfs."  # noqa: S105 - the form of a token, not one
CHALLENGE_PREFIX = "pfc."
SHIFT_PREFIX = "pfh."
MAC_BYTES = 16
NONCE_BYTES = 16
PAIRING_CODE_CHARS = 10
LINK_SECRET_CHARS = 32
PAGE_SECRET_CHARS = 43
_ROTATION = b"paifang rotation secret 1\x00"
STATIC_TOKEN_PREFIX = "pft_"  # noqa: S105 - the form of a token, not one


Content = TypeVar("Content", bound=msgspec.Struct)


class Secrets(msgspec.Struct, frozen=True):
    """What the key file holds, in hex: master secret and signing seed, 32 bytes each."""

    master: str
    signing_seed: str
    node: str


class ScanToken(msgspec.Struct, frozen=True, array_like=True):
    """A short-lived token's content: terminal, staff on it, and when it ends (UTC seconds).

    `key` names the key of the terminal it was made for, "" if that had none; `shift` the shift.
    """

    terminal: str
    staff: str
    until_s: int
    key: str = ""
    shift: str = ""


class Challenge(msgspec.Struct, frozen=True, array_like=True):
    """What a terminal has to sign: whose it is, its nonce in hex, and when it ends (UTC ms)."""

    terminal: str
    nonce: str
    until_ms: int


class Shift(msgspec.Struct, frozen=True, array_like=True):
    """A shift's content: terminal and its key's name, staff, the shift's id, its end (UTC s)."""

    terminal: str
    key: str
    staff: str
    shift: str
    until_s: int


class EventKeys(NamedTuple):
    """The keys of one event: look-up hashes, sealing what must be shown again, pages, rotation."""

    lookup: bytes
    box: SecretBox
    page: bytes
    rotation: bytes


def _derive(secret: bytes, purpose: str) -> bytes:
    """Return 32 bytes for one purpose (HKDF-SHA256, RFC 5869, no salt)."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=purpose.encode()).derive(secret)


class Keys:
    """Keys of this node, derived once and kept."""

    def __init__(self, secrets: Secrets, foreign: ForeignKeys | None = None) -> None:
        """Take the secrets as read from the key file, and the keys that came with leases."""
        self.node = secrets.node
        self.foreign = foreign or ForeignKeys()
        self._master = bytes.fromhex(secrets.master)
        self.signing = SigningKey(bytes.fromhex(secrets.signing_seed))
        self._tokens = _derive(self._master, "paifang/scan-token")
        self._challenges = _derive(self._master, "paifang/challenge")
        self._shifts = _derive(self._master, "paifang/shift")
        self._pairing = _derive(self._master, "paifang/pairing-code")
        self._links = _derive(self._master, "paifang/staff-link")
        self._factors = SecretBox(_derive(self._master, "paifang/second-factor"))
        self._cards = _derive(self._master, "paifang/staff-card")
        self._events: dict[tuple[str, str], EventKeys] = {}
        self._generation = 0
        self.exchange = PrivateKey(_derive(self._master, "paifang/exchange"))
        """What is sealed for this node alone is opened by it."""

    @property
    def public_key(self) -> str:
        """The node's Ed25519 public key, in hex."""
        return bytes(self.signing.verify_key).hex()

    @property
    def exchange_key(self) -> str:
        """The node's X25519 public key, in hex."""
        return bytes(self.exchange.public_key).hex()

    def event(self, event: Event) -> EventKeys:
        """Return the keys of an event: those that came with a lease, else our own."""
        ring = self.foreign.ring()
        if self.foreign.generation != self._generation:
            self._generation, self._events = self.foreign.generation, {}
        name = (event.organiser, event.id)
        keys = self._events.get(name)
        if keys is None:
            raw = ring.events.get(event.id) or self._own(event)
            keys = EventKeys(
                bytes.fromhex(raw.lookup),
                SecretBox(bytes.fromhex(raw.seal)),
                bytes.fromhex(raw.page),
                bytes.fromhex(raw.rotation),
            )
            self._events[name] = keys
        return keys

    def _own(self, event: Event) -> ForeignEvent:
        """Return the keys this node has derived for an event of its own, in hex."""
        pepper = _derive(self._master, f"paifang/organiser/{event.organiser}")
        return ForeignEvent(
            *(
                _derive(pepper, f"paifang/event/{event.id}/{purpose}").hex()
                for purpose in ("lookup", "seal", "ticket-page", "rotation")
            )
        )

    def ring_of(self, events: Iterable[Event]) -> KeyRing:
        """Return the keys a lessee needs for events of ours, and no others."""
        return KeyRing({event.id: self._own(event) for event in events})

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

    def rotation_mac(self, event: Event, ticket: bytes, message: bytes) -> bytes:
        """Return the MAC (32 bytes) by which a code of a ticket changes every 15 seconds.

        The ticket's secret is derived, so that a lessee can check codes of tickets it was never
        told of: docs/reference/codes.md, "What is signed, and what is MACed". Without the event's
        key (it came with an older lease) nothing is genuine: b"".
        """
        key = self.event(event).rotation
        if not key:
            return b""
        secret = HKDF(hashes.SHA256(), 32, salt=None, info=_ROTATION + ticket).derive(key)
        return hmac.digest(secret, message, "sha256")

    def page_secret(self, event: Event, ticket: bytes, code: str) -> str:
        """Return the secret in the address of a ticket's page, 43 characters.

        It names the ticket, and proves with 128 bits that it was made here for the code that opens
        the ticket: with another code it is another secret, and the old one ends.
        """
        proof = hmac.digest(self.event(event).page, ticket + code.encode(), "sha256")[:MAC_BYTES]
        return _b64(ticket + proof)

    def scan_token(
        self, terminal: str, staff: str, until_s: int, key: str = "", shift: str = ""
    ) -> str:
        """Return a terminal's bearer token that ends by itself, or when the terminal is revoked.

        Args:
            terminal: Its id.
            staff: Who is on duty at it, "" for nobody.
            until_s: When it ends, UTC seconds.
            key: The name of the terminal's key, "" if it has none.
            shift: The id of the shift, "" without one.
        """
        content = ScanToken(terminal, staff, until_s, key, shift)
        return _signed(SCAN_TOKEN_PREFIX, self._tokens, content)

    def read_scan_token(self, token: str) -> ScanToken | None:
        """Return the content of a genuine scan token (also an expired one), else None."""
        return _read(SCAN_TOKEN_PREFIX, self._tokens, token, ScanToken)

    def challenge(self, challenge: Challenge) -> str:
        """Return a challenge as it is given to a terminal."""
        return _signed(CHALLENGE_PREFIX, self._challenges, challenge)

    def read_challenge(self, text: str) -> Challenge | None:
        """Return the content of a genuine challenge (also an expired one), else None."""
        return _read(CHALLENGE_PREFIX, self._challenges, text, Challenge)

    def shift(self, shift: Shift) -> str:
        """Return the text by which a terminal goes on with a shift."""
        return _signed(SHIFT_PREFIX, self._shifts, shift)

    def read_shift(self, text: str) -> Shift | None:
        """Return the content of a genuine shift (also an ended one), else None."""
        return _read(SHIFT_PREFIX, self._shifts, text, Shift)

    def pairing_code(self, pairing: bytes) -> str:
        """Return the code of a pairing by its id; without the key nobody can tell it."""
        made = hmac.digest(self._pairing, b"code|" + pairing, "sha256")
        return crockford_encode(made)[:PAIRING_CODE_CHARS]

    def pairing_hash(self, code: str) -> str:
        """Return the keyed hash, in hex, by which a pairing code is known."""
        return hmac.digest(self._pairing, b"hash|" + code.encode(), "sha256").hex()

    def seal_factor(self, secret: str) -> str:
        """Return a second factor's secret sealed, in hex."""
        return bytes(self._factors.encrypt(secret.encode())).hex()

    def unseal_factor(self, sealed: str) -> str:
        """Return what was sealed. Raises nacl.exceptions.CryptoError if it was altered."""
        return self._factors.decrypt(bytes.fromhex(sealed)).decode()

    def link_secret(self, link: bytes) -> str:
        """Return the secret (160 bits) of a one-time link by its id; only the key can tell it."""
        made = hmac.digest(self._links, b"secret|" + link, "sha256")
        return crockford_encode(made)[:LINK_SECRET_CHARS]

    def link_hash(self, secret: str) -> str:
        """Return the keyed hash, in hex, by which a one-time link is known."""
        return hmac.digest(self._links, b"hash|" + secret.encode(), "sha256").hex()

    def first_run_code(self) -> str:
        """Return the secret by which an installation without staff gets its first manager."""
        made = hmac.digest(self._links, b"first-run", "sha256")
        return crockford_encode(made)[:LINK_SECRET_CHARS]

    def card_hash(self, number: str) -> str:
        """Return the keyed hash, in hex, by which a staff card is known."""
        return hmac.digest(self._cards, number.encode(), "sha256").hex()

    def person_hash(self, organiser: str, told: str) -> str:
        """Return the keyed hash, in hex, by which an organiser's customer is recognised."""
        pepper = _derive(self._master, f"paifang/organiser/{organiser}")
        return hmac.digest(_derive(pepper, "paifang/customer"), told.encode(), "sha256")[
            :HASH_BYTES
        ].hex()

    def sign(self, message: bytes) -> bytes:
        """Return the node's Ed25519 signature of a message (64 bytes)."""
        return self.signing.sign(message).signature


def token_sha256(token: str) -> str:
    """Return the hash by which a terminal's static token is known, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def ticket_of_secret(secret: str) -> bytes:
    """Return the ticket a page's secret names, unproven; b"" if it has not the form of one."""
    if len(secret) != PAGE_SECRET_CHARS:
        return b""
    try:
        return _unb64(secret)[:MAC_BYTES]
    except (binascii.Error, ValueError):
        return b""


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _signed(prefix: str, key: bytes, content: msgspec.Struct) -> str:
    """Return a content with its MAC (HMAC-SHA-256, 16 bytes)."""
    body = msgspec.json.encode(content)
    return prefix + _b64(body) + "." + _b64(hmac.digest(key, body, "sha256")[:MAC_BYTES])


def _read(prefix: str, key: bytes, text: str, kind: type[Content]) -> Content | None:
    """Return what `_signed` wrote with this key, None of anything else."""
    if len(text) > limits.TOKEN_CHARS_MAX or not text.startswith(prefix):
        return None
    body_text, _, mac_text = text[len(prefix) :].partition(".")
    try:
        body, mac = _unb64(body_text), _unb64(mac_text)
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(hmac.digest(key, body, "sha256")[:MAC_BYTES], mac):
        return None
    return msgspec.json.decode(body, type=kind)
