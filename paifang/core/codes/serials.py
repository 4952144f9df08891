"""Serials: 14 digits a person can type or read aloud, the last a check digit."""

import re
from typing import Final

SERIAL_ENTROPY_BYTES: Final = 32

_SERIALS: Final = 10**13
_DRAW_BYTES: Final = 8
_DRAWS_FAIR: Final = (1 << 8 * _DRAW_BYTES) // _SERIALS * _SERIALS
_SERIAL: Final = re.compile(r"[0-9]{14}")


def serial(entropy: int | bytes) -> str:
    """Make a serial: 13 random digits and an ISO 7064 MOD 11,10 check digit.

    Every serial is equally likely. Of bytes, 8 at a time are read as one number; a number at or
    above the greatest multiple of 10**13 below 2**64 is passed over (chance 2.4e-7), so that the
    remainder has no bias. `SERIAL_ENTROPY_BYTES` (32) give four draws: all fail once in 10**26.

    Args:
        entropy: A uniform number below 10**13, or at least 8 random bytes.

    Raises:
        ValueError: The number is out of range, or the bytes are too few or hold no fair draw.
    """
    if isinstance(entropy, bytes):
        draws = (
            int.from_bytes(entropy[start : start + _DRAW_BYTES], "big")
            for start in range(0, len(entropy) - _DRAW_BYTES + 1, _DRAW_BYTES)
        )
        fair = next((draw for draw in draws if draw < _DRAWS_FAIR), None)
        if fair is None:
            raise ValueError("no fair draw in the bytes given; give fresh ones")
        number = fair % _SERIALS
    else:
        number = entropy
    if not 0 <= number < _SERIALS:
        raise ValueError("a serial has 13 digits before its check digit")
    digits = f"{number:013d}"
    return f"{digits}{_check_digit(digits)}"


def is_serial(text: str) -> bool:
    """Say whether normalised, ungrouped text is 14 digits with the right check digit at the end.

    MOD 11,10 catches every single wrong digit and 97.8 % of neighbour swaps: per state of the
    check, one pair of digits that differ by one (0 and 9 among them) goes through when swapped.
    """
    return bool(_SERIAL.fullmatch(text)) and _check_digit(text[:-1]) == int(text[-1])


def group_serial(text: str) -> str:
    """Write a serial as people read it aloud: ``4471 0093 1234 56``."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def _check_digit(digits: str) -> int:
    """ISO 7064 MOD 11,10 (the hybrid system for decimal strings)."""
    state = 10
    for digit in digits:
        state = ((state + int(digit)) % 10 or 10) * 2 % 11
    return (11 - state) % 10
