"""Every code format of the system, the serial, and what a presented text may be.

Byte layouts, alphabets and the reasons for them: docs/reference/codes.md. Vectors for every
language: tests/vectors/codes.json. Random bytes, signatures and MACs are handed in.
"""

from paifang.core.codes.checking import STEPS_AHEAD_MAX, STEPS_BACK_MAX, Verdict, check
from paifang.core.codes.crockford import crockford_decode, crockford_encode
from paifang.core.codes.formats import (
    KEY_ID_BYTES,
    MAC_BYTES,
    RANDOM_BYTES,
    SIGNATURE_BYTES,
    STEP_S,
    TICKET_ID_BYTES,
    CodeBody,
    Form,
    code_of_stem,
    is_stem,
    mac_message,
    random_code,
    rotating_code,
    rotating_stem,
    signature_message,
    signed_code,
    signed_rotating_code,
    stem_of,
    step_at,
)
from paifang.core.codes.recognition import Kind, Presented, recognise
from paifang.core.codes.serials import SERIAL_ENTROPY_BYTES, group_serial, is_serial, serial
from paifang.core.typed_text import normalise

__all__ = [
    "KEY_ID_BYTES",
    "MAC_BYTES",
    "RANDOM_BYTES",
    "SERIAL_ENTROPY_BYTES",
    "SIGNATURE_BYTES",
    "STEPS_AHEAD_MAX",
    "STEPS_BACK_MAX",
    "STEP_S",
    "TICKET_ID_BYTES",
    "CodeBody",
    "Form",
    "Kind",
    "Presented",
    "Verdict",
    "check",
    "code_of_stem",
    "crockford_decode",
    "crockford_encode",
    "group_serial",
    "is_serial",
    "is_stem",
    "mac_message",
    "normalise",
    "random_code",
    "recognise",
    "rotating_code",
    "rotating_stem",
    "serial",
    "signature_message",
    "signed_code",
    "signed_rotating_code",
    "stem_of",
    "step_at",
]
