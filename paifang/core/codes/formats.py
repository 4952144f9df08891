"""The four forms of a code, byte by byte. Signatures and MACs are handed in.

The layout tables and the reasons for them: docs/reference/codes.md.
"""

import re
import struct
from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from paifang.core.codes.crockford import crockford_decode, crockford_encode

TICKET_ID_BYTES: Final = 16
KEY_ID_BYTES: Final = 4
SIGNATURE_BYTES: Final = 64
MAC_BYTES: Final = 8
RANDOM_BYTES: Final = 10
STEP_S: Final = 15

SIGNATURE_DOMAIN: Final = b"paifang code signature 1\x00"
ROTATION_DOMAIN: Final = b"paifang code rotation 1\x00"
"""Put before what is signed or MACed, so that no other message of a key can pass for a code."""


class Form(StrEnum):
    """How a code proves itself; `plain` for everything that is not a code."""

    random = "random"
    signed = "signed"
    rotating = "rotating"
    signed_rotating = "signed_rotating"
    plain = "plain"


class CodeBody(NamedTuple):
    """What a signed or rotating code carries. What its form does not carry is zero or empty.

    Attributes:
        ticket_id: 16 bytes.
        key_id: 4 bytes naming the key that signed.
        product_no: The product's number, u32.
        session_no: The session's number, u32; 0 = none.
        valid_from_min: Unix minutes, u32; 0 = open.
        valid_until_min: Unix minutes, u32, the first minute it is valid no more; 0 = open.
        people: How many people the ticket admits, 1 to 65,535.
        generation: Counts the codes bound to one ticket, u8; a later one ends the earlier.
        signature: 64 bytes over `signature_message`.
        step: Which 15 seconds the code was shown in, u32 since the Unix epoch.
        mac: 8 bytes, the head of the MAC over `mac_message`.
    """

    ticket_id: bytes
    key_id: bytes = bytes(KEY_ID_BYTES)
    product_no: int = 0
    session_no: int = 0
    valid_from_min: int = 0
    valid_until_min: int = 0
    people: int = 0
    generation: int = 0
    signature: bytes = b""
    step: int = 0
    mac: bytes = b""


_FORM_BYTE: Final = {Form.signed: 0x11, Form.rotating: 0x12, Form.signed_rotating: 0x13}
"""Version 1 in the high half, the form in the low half. Under signature and MAC alike: a copied
signed + rotating code cannot be cut down to a signed one."""

_SIGNED_PART: Final = struct.Struct(f">B{KEY_ID_BYTES}s{TICKET_ID_BYTES}sIIIIHB")
_ROTATING_PART: Final = struct.Struct(f">B{TICKET_ID_BYTES}s")
_STEP: Final = struct.Struct(">I")
SIGNED: Final = frozenset({Form.signed, Form.signed_rotating})
ROTATES: Final = frozenset({Form.rotating, Form.signed_rotating})
_FORM_OF_LENGTH: Final = {47: Form.rotating, 167: Form.signed, 186: Form.signed_rotating}
"""Characters of each form. All differ, and from the 16 of a random code."""
_FORM_OF_STEM: Final = {28: _FORM_BYTE[Form.rotating], 167: _FORM_BYTE[Form.signed_rotating]}
"""Characters of what stays the same of a code that rotates, and the byte it begins with."""

RANDOM_CODE: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{16}")


def read_code(text: str) -> tuple[Form, CodeBody | None] | None:
    """Read normalised, ungrouped text as a code; None if it has the form of none."""
    if RANDOM_CODE.fullmatch(text):
        return Form.random, None
    form = _FORM_OF_LENGTH.get(len(text))
    if form is None:
        return None
    try:
        return form, _body_of(form, crockford_decode(text))
    except ValueError:
        return None


def random_code(entropy: bytes) -> str:
    """Make a random code (16 characters, QR version 1) from 10 random bytes.

    Raises:
        ValueError: Not exactly 10 bytes.
    """
    if len(entropy) != RANDOM_BYTES:
        raise ValueError(f"a random code is made of {RANDOM_BYTES} bytes")
    return crockford_encode(entropy)


def signature_message(form: Form, body: CodeBody) -> bytes:
    """Return the bytes under the signature of a signed or signed + rotating code.

    Raises:
        ValueError: A field does not fit its place, or the form is not a signed one.
    """
    return SIGNATURE_DOMAIN + _signed_part(form, body)


def mac_message(form: Form, body: CodeBody) -> bytes:
    """Return the bytes under the MAC of a rotating code: all that stands before the MAC.

    Raises:
        ValueError: A field does not fit its place, or the form is not a rotating one.
    """
    return ROTATION_DOMAIN + _before_mac(form, body)


def signed_code(body: CodeBody, sign: Callable[[bytes], bytes]) -> str:
    """Make a signed code.

    Args:
        body: What the code says; its signature, step and MAC are not looked at.
        sign: Ed25519 (RFC 8032) with the key that `body.key_id` names: message to 64 bytes.

    Raises:
        ValueError: A field of the body, or the signature, does not fit its place.
    """
    signature = _sized(sign(signature_message(Form.signed, body)), SIGNATURE_BYTES)
    return crockford_encode(_signed_part(Form.signed, body) + signature)


def rotating_code(ticket_id: bytes, step: int, mac: Callable[[bytes], bytes]) -> str:
    """Make the rotating code of one 15-second step.

    Args:
        ticket_id: 16 bytes.
        step: As of `step_at`.
        mac: HMAC-SHA-256 under the ticket's rotation secret: message to 8 bytes or more, of which
            the first 8 are used.

    Raises:
        ValueError: An argument does not fit its place.
    """
    return code_of_stem(rotating_stem(CodeBody(ticket_id)), step, mac)


def signed_rotating_code(
    body: CodeBody, step: int, sign: Callable[[bytes], bytes], mac: Callable[[bytes], bytes]
) -> str:
    """Make a code that is signed and rotates; arguments as of `signed_code`, `rotating_code`.

    The signature does not depend on the step, so a page that shows the code asks for it once.

    Raises:
        ValueError: An argument does not fit its place.
    """
    return code_of_stem(rotating_stem(body, sign), step, mac)


def rotating_stem(body: CodeBody, sign: Callable[[bytes], bytes] | None = None) -> str:
    """Make what stays the same of a code that rotates: what is kept of it, and no code by itself.

    Args:
        body: What the code says; of a code that is not signed only the ticket's id is looked at.
        sign: As of `signed_code`; None for a code that only rotates.

    Raises:
        ValueError: A field of the body, or the signature, does not fit its place.
    """
    if sign is None:
        return stem_of(Form.rotating, body)
    signature = _sized(sign(signature_message(Form.signed_rotating, body)), SIGNATURE_BYTES)
    return stem_of(Form.signed_rotating, body._replace(signature=signature))


def stem_of(form: Form, body: CodeBody) -> str:
    """Return what stays the same of a rotating code that was read. Raises ValueError."""
    return crockford_encode(_before_mac(form, body)[: -_STEP.size])


def is_stem(text: str) -> bool:
    """Whether a kept code rotates, so that it is the stem of what is shown."""
    byte = _FORM_OF_STEM.get(len(text))
    try:
        return byte is not None and crockford_decode(text)[0] == byte
    except ValueError:
        return False


def code_of_stem(stem: str, step: int, mac: Callable[[bytes], bytes]) -> str:
    """Make the code that a ticket shows in one step; arguments as of `rotating_code`.

    Raises:
        ValueError: The stem is none, or the step does not fit its place.
    """
    if not is_stem(stem):
        raise ValueError("what is kept of this code does not rotate")
    told = crockford_decode(stem) + _packed_step(step)
    return crockford_encode(told + _sized(mac(ROTATION_DOMAIN + told)[:MAC_BYTES], MAC_BYTES))


def step_at(now_s: int) -> int:
    """Return the step a rotating code shows at this Unix time in seconds."""
    return now_s // STEP_S


def _before_mac(form: Form, body: CodeBody) -> bytes:
    if form is Form.rotating:
        head = _ROTATING_PART.pack(_FORM_BYTE[form], _sized(body.ticket_id, TICKET_ID_BYTES))
    elif form is Form.signed_rotating:
        head = _signed_part(form, body) + _sized(body.signature, SIGNATURE_BYTES)
    else:
        raise ValueError(f"{form} codes have no MAC")
    return head + _packed_step(body.step)


def _packed_step(step: int) -> bytes:
    if not 0 <= step < 1 << 32:
        raise ValueError("the step does not fit 32 bits")
    return _STEP.pack(step)


def _signed_part(form: Form, body: CodeBody) -> bytes:
    if form not in SIGNED:
        raise ValueError(f"{form} codes have no signature")
    _require_plausible(body)
    try:
        return _SIGNED_PART.pack(
            _FORM_BYTE[form],
            _sized(body.key_id, KEY_ID_BYTES),
            _sized(body.ticket_id, TICKET_ID_BYTES),
            *body[2:8],
        )
    except struct.error as misfit:
        raise ValueError("a number does not fit its place in the code") from misfit


def _require_plausible(body: CodeBody) -> None:
    """Refuse what no issuer means: neither made by us nor taken from others."""
    if body.people == 0:
        raise ValueError("a ticket is for one person at least")
    if 0 < body.valid_until_min <= body.valid_from_min:
        raise ValueError("validity ends before it begins")


def _sized(octets: bytes, size: int) -> bytes:
    if len(octets) != size:
        raise ValueError(f"{size} bytes expected, {len(octets)} given")
    return octets


def _body_of(form: Form, octets: bytes) -> CodeBody:
    """Take a decoded code apart; its length is already that of the form."""
    if octets[0] != _FORM_BYTE[form]:
        raise ValueError("unknown version or form")
    signature, step, mac = b"", 0, b""
    if form in ROTATES:
        octets, tail = octets[: -_STEP.size - MAC_BYTES], octets[-_STEP.size - MAC_BYTES :]
        (step,) = _STEP.unpack_from(tail)
        mac = tail[_STEP.size :]
    if form is Form.rotating:
        return CodeBody(octets[1:], step=step, mac=mac)
    signature = octets[_SIGNED_PART.size :]
    _, key_id, ticket_id, *numbers = _SIGNED_PART.unpack_from(octets)
    body = CodeBody._make((ticket_id, key_id, *numbers, signature, step, mac))
    _require_plausible(body)
    return body
