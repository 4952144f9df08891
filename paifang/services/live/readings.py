"""From the text at a gate to what the ledger can look up: readings, keyed hashes, proofs."""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from paifang.core.codes import (
    KEY_ID_BYTES,
    MAC_BYTES,
    Form,
    Kind,
    Presented,
    Verdict,
    check,
    recognise,
    signed_code,
    stem_of,
)
from paifang.core.rules import CentreRules, Event, Gate, Rules
from paifang.ledger.commands import SignedTicket
from paifang.services.live.keys import HASH_BYTES, Keys

KINDS: Final = {kind.value: kind for kind in Kind}
MALFORMED: Final = "malformed"
MINUTE_MS: Final = 60_000
_GENUINE: Final = Verdict.genuine.value
# An enumeration's own `value` is a look-up in Python, twice as slow as this one in C.
_NAMES: Final[dict[Kind, str]] = {kind: kind.value for kind in Kind}


class Reading(NamedTuple):
    """What was made of a text. A code that names its ticket itself has `ticket`.

    `verdict` is genuine, forged, code_too_old, clock_off or malformed; `signed` is what a genuine
    signed code says of its ticket.
    """

    lookups: tuple[bytes, ...]
    ticket: bytes
    verdict: str
    kind: str
    signed: SignedTicket | None = None


_MALFORMED: Final = Reading((), b"", MALFORMED, Kind.code.value)


def key_id_of(public_key: bytes) -> bytes:
    """Return the id by which codes name the key that signed them: the head of its SHA-256."""
    return hashlib.sha256(public_key).digest()[:KEY_ID_BYTES]


class LookupKey:
    """An event's look-up key, ready to hash many values: `Keys.lookup` at a quarter of its cost.

    HMAC-SHA-256 with both keyed blocks hashed beforehand (RFC 2104, section 4).
    """

    def __init__(self, key: bytes) -> None:
        """Take the key, of 64 bytes at most."""
        block = key.ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in block))
        self._outer = hashlib.sha256(bytes(octet ^ 0x5C for octet in block))

    def hash(self, credential: bytes) -> bytes:
        """Return the keyed hash of `kind|value`."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(credential)
        outer.update(inner.digest())
        return outer.digest()[:HASH_BYTES]


class CodeReader:
    """Reads codes with this node's keys; keeps which events each gate knows, per bundle.

    At most `LOOKUPS_MAX` readings of a text are tried for at most `EVENTS_PER_GATE_MAX` events.
    """

    def __init__(self, keys: Keys) -> None:
        """Take the keys. Signed codes may name the node's own, and those the bundle says issue."""
        self._keys = keys
        own = keys.signing.verify_key
        self._own = {key_id_of(bytes(own)): own}
        self._signers: dict[bytes, VerifyKey] = self._own
        self._generation = -1
        self._centre: CentreRules | None = None
        self._at: dict[str, tuple[LookupKey, ...]] = {}

    def read(self, rules: Rules, gate: Gate, text: str, kind: str, now_ms: int) -> Reading:
        """Return what the ledger needs to find the ticket of a text shown at a gate.

        Args:
            rules: The bundle the gate's events are taken from.
            gate: Where it was shown.
            text: As scanned or typed, in any spelling.
            kind: A value of `Kind`; `auto` tries all by form.
            now_ms: UTC milliseconds, for codes that change.
        """
        readings = recognise(text, KINDS[kind])
        if not readings:
            return _MALFORMED
        first = readings[0]
        self._look()
        keys = self._keys_at(rules, gate)
        if first.body is not None:
            return self._proven(rules, gate, first, now_ms)
        credentials = [f"{r.kind}|{r.value}".encode() for r in readings]
        lookups = tuple([key.hash(credential) for credential in credentials for key in keys])
        return Reading(lookups, b"", _GENUINE, _NAMES[first.kind])

    def _look(self) -> None:
        """Learn of event keys that came with a lease since."""
        self._keys.foreign.ring()
        generation = self._keys.foreign.generation
        if self._generation != generation:
            self._generation, self._at = generation, {}

    def _keys_at(self, rules: Rules, gate: Gate) -> tuple[LookupKey, ...]:
        """Return the keys of the events whose tickets the gate may know, in the bundle's order."""
        if rules.centre is not self._centre:
            self._centre, self._at = rules.centre, {}
            issuing = [bytes.fromhex(key) for key in rules.centre.issuing_keys]
            self._signers = self._own | {key_id_of(key): VerifyKey(key) for key in issuing}
        keys = self._at.get(gate.slug)
        if keys is None:
            keys = tuple(
                LookupKey(self._keys.event(event).lookup) for event in _events_at(rules, gate)
            )
            self._at[gate.slug] = keys
        return keys

    def _proven(self, rules: Rules, gate: Gate, presented: Presented, now_ms: int) -> Reading:
        """Check a code that proves itself. A forged one names no ticket, or it would show one."""
        body, form = presented.body, presented.form
        assert body is not None, "only codes with a body prove themselves"
        rotates: list[Event] = []

        def is_maced(ticket: bytes, message: bytes, mac: bytes) -> bool:
            for event in _events_at(rules, gate):
                made = self._keys.rotation_mac(event, ticket, message)[:MAC_BYTES]
                if hmac.compare_digest(made, mac):
                    rotates.append(event)
            return bool(rotates)

        verdict = check(
            presented,
            verify_signature=self._signed_by,
            verify_mac=is_maced,
            now_s=now_ms // 1000,
        )
        kind = presented.kind.value
        if verdict is Verdict.forged:
            return Reading((), b"", verdict.value, kind)
        # As it was issued, from its own parts: it may have been replaced since, like any other.
        if rotates:
            issued = f"{kind}|{stem_of(form, body)}"
            lookups = self._hashes(rotates, issued)
        else:
            issued = f"{kind}|{signed_code(body, lambda _message: body.signature)}"
            lookups = self._lookup_of(rules, body.product_no, issued)
        if form is Form.rotating:
            return Reading(lookups, body.ticket_id, verdict.value, kind)
        signed = SignedTicket(
            body.product_no,
            body.session_no,
            body.valid_from_min * MINUTE_MS,
            body.valid_until_min * MINUTE_MS,
            body.people,
        )
        return Reading(lookups, body.ticket_id, verdict.value, kind, signed)

    def _lookup_of(self, rules: Rules, product: int, credential: str) -> tuple[bytes, ...]:
        """Return the hash of a code whose product is known: whether it was replaced since."""
        found = rules.centre.products.get(product)
        event = rules.centre.events.get(found.event) if found else None
        return self._hashes([event] if event else [], credential)

    def _hashes(self, events: Iterable[Event], credential: str) -> tuple[bytes, ...]:
        return tuple(
            LookupKey(self._keys.event(event).lookup).hash(credential.encode()) for event in events
        )

    def _signed_by(self, key_id: bytes, message: bytes, signature: bytes) -> bool:
        """Verify an Ed25519 signature (RFC 8032) of a key this node knows."""
        signer = self._signers.get(key_id)
        if signer is None:
            return False
        try:
            signer.verify(message, signature)
        except (BadSignatureError, ValueError):
            return False
        return True


def _events_at(rules: Rules, gate: Gate) -> Iterator[Event]:
    """Yield the events whose tickets a gate may know, in the bundle's order."""
    known = rules.centre.events
    return (known[number] for number in rules.events_at(gate) if number in known)
