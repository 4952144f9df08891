"""Where somebody comes from, as far as a ticket tells: the company, and how the phone begins."""

import re
import unicodedata
from enum import StrEnum
from typing import Final

MAINLAND: Final = "+86"
_CODES_OF_TWO: Final = frozenset(
    str(code)
    for code in (
        *(20, 27, *range(30, 35), 36, 39, 40, 41, *range(43, 50), *range(51, 59)),
        *(*range(60, 67), 81, 82, 84, 86, *range(90, 96), 98),
    )
)
"""Country codes of two digits (ITU-T E.164); 1 and 7 are one digit, all others three."""
_MOBILE: Final = re.compile(r"1[3-9]\d{9}")
_AREA: Final = re.compile(r"0(10|2\d|[3-9]\d\d)\d{7,8}")
_NUMBER: Final = re.compile(r"\d{6,15}")
_NOT_DIGITS: Final = re.compile(r"\D")


class Origin(StrEnum):
    """What tells where somebody comes from."""

    company = "company"
    phone = "phone"


def origins_of(company: str, phone: str) -> tuple[tuple[str, str], ...]:
    """Return (kind, value) of everything that tells where somebody comes from."""
    told = (
        (Origin.company.value, " ".join(company.split())),
        (Origin.phone.value, phone_prefix(phone) if phone else ""),
    )
    return tuple((kind, value) for kind, value in told if value)


def phone_prefix(phone: str) -> str:
    """Return a phone's country, of a Chinese landline with its area, "" if it tells neither.

    `+852` of "+852 2345 6789", `+86` of a mainland mobile, `+86 21` of "021-5555 1234".
    """
    plain = unicodedata.normalize("NFKC", phone).strip()
    digits = _NOT_DIGITS.sub("", plain)
    if plain.startswith("+") or digits.startswith("00"):
        return _international(digits.removeprefix("00"))
    if digits.startswith("86") and _MOBILE.fullmatch(digits[2:]):
        return MAINLAND
    return _mainland(digits)


def _international(digits: str) -> str:
    if not _NUMBER.fullmatch(digits):
        return ""
    if digits.startswith("86"):
        rest = digits[2:]
        return _mainland(rest) or _mainland(f"0{rest}") or MAINLAND
    if digits[0] in "17":
        return f"+{digits[0]}"
    return f"+{digits[:2]}" if digits[:2] in _CODES_OF_TWO else f"+{digits[:3]}"


def _mainland(digits: str) -> str:
    if _MOBILE.fullmatch(digits):
        return MAINLAND
    area = _AREA.fullmatch(digits)
    return f"{MAINLAND} {area.group(1)}" if area else ""
