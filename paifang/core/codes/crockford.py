"""Crockford base32: capitals and digits only, which scan small and survive any keyboard layout."""

import base64
import re
from typing import Final

_RFC4648: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PYTHON_BASE32: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_TO_CROCKFORD: Final = str.maketrans(_RFC4648, _CROCKFORD)
_TO_PYTHON: Final = str.maketrans(_CROCKFORD, _PYTHON_BASE32)
_CROCKFORD_TEXT: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]*")


def crockford_encode(octets: bytes) -> str:
    """Write bytes in Crockford base32: upper case, unpadded, high bits first."""
    return base64.b32encode(octets).decode("ascii").rstrip("=").translate(_TO_CROCKFORD)


def crockford_decode(text: str) -> bytes:
    """Read what `crockford_encode` writes, and nothing else: every byte string has one spelling.

    Raises:
        ValueError: A character outside the 32 (I, L, O and U are outside), a length no whole
            number of bytes has, or left-over bits that are not zero.
    """
    if not _CROCKFORD_TEXT.fullmatch(text):
        raise ValueError("not Crockford base32")
    size, spare_bits = divmod(5 * len(text), 8)
    if spare_bits >= 5:
        raise ValueError("no whole number of bytes has this length")
    number = int("0" + text.translate(_TO_PYTHON), 32)
    if number & ((1 << spare_bits) - 1):
        raise ValueError("left-over bits are not zero")
    return (number >> spare_bits).to_bytes(size, "big")
