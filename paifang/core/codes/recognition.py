"""What a presented text may be, by its form alone."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from paifang.core import documents
from paifang.core.codes.formats import RANDOM_CODE, CodeBody, Form, read_code
from paifang.core.codes.serials import is_serial
from paifang.core.limits import LOOKUPS_MAX
from paifang.core.typed_text import normalise, ungroup


class Kind(StrEnum):
    """What a presented text is taken for; `auto` tries the others in this order, by form."""

    auto = "auto"
    code = "code"
    serial = "serial"
    document = "document"
    card = "card"
    account = "account"


class Presented(NamedTuple):
    """One reading of a presented text.

    Attributes:
        kind: Which kind of credential to look up; never `auto`.
        form: How it proves itself.
        value: Canonical text to hash for the look-up; empty if the code names its ticket itself.
        body: What a signed or rotating code says; not yet checked.
    """

    kind: Kind
    form: Form
    value: str
    body: CodeBody | None = None


_MISREAD: Final = str.maketrans("OIL", "011")
"""Letters outside the alphabet of codes, free to be read as the digits they are taken for."""

_CARD_HEX: Final = re.compile(r"(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})")
_CARD_HEX_PAIRS: Final = re.compile(r"[0-9A-F]{2}([:-])[0-9A-F]{2}(?:\1[0-9A-F]{2})+")
_CARD_DECIMAL: Final = re.compile(r"[0-9]{8,10}")
_ACCOUNT: Final = re.compile(r"[0-9A-Z@._+-]{3,64}")


def recognise(text: str, kind: Kind = Kind.auto) -> tuple[Presented, ...]:
    """Say what a typed or scanned text may be, most likely first.

    Nothing is looked up and nothing checked that needs a key (`check` does). A code that names its
    own form has no other reading. An address (URL) is never a code, even if it holds one.

    Args:
        text: As it came, of any length.
        kind: `auto` tries code, serial, document, card, account; any other is tried alone.

    Returns:
        At most `LOOKUPS_MAX` readings; none means malformed.
    """
    if RANDOM_CODE.fullmatch(text):  # nearly every scan: already in its one spelling
        if kind is Kind.auto:
            return (
                Presented(Kind.code, Form.random, text),
                Presented(Kind.account, Form.plain, text),
            )
        if kind is Kind.code:
            return (Presented(Kind.code, Form.random, text),)
    try:
        spelled = normalise(text)
    except ValueError:
        return ()
    if kind is not Kind.auto:
        return _READINGS[kind](spelled)[:LOOKUPS_MAX]
    readings = _as_code(spelled)
    if readings and readings[0].body is not None:
        return readings
    for reading in (_as_serial, _as_document, _as_card, _as_account):
        readings += reading(spelled)
    return readings[:LOOKUPS_MAX]


def _as_code(spelled: str) -> tuple[Presented, ...]:
    text = ungroup(spelled).translate(_MISREAD)
    found = read_code(text)
    if found is None:
        return ()
    form, body = found
    return (Presented(Kind.code, form, text if body is None else "", body),)


def _as_serial(spelled: str) -> tuple[Presented, ...]:
    text = ungroup(spelled)
    return (Presented(Kind.serial, Form.plain, text),) if is_serial(text) else ()


def _as_document(spelled: str) -> tuple[Presented, ...]:
    # Two readings of one text may share a look-up; asking twice would waste a place.
    values = dict.fromkeys(documents.canonical(found) for found in documents.read(spelled))
    return tuple(Presented(Kind.document, Form.plain, value) for value in values)


def _as_card(spelled: str) -> tuple[Presented, ...]:
    """Card readers type the UID in hexadecimal, or the four-byte one in decimal."""
    text = re.sub("[:-]", "", spelled) if _CARD_HEX_PAIRS.fullmatch(spelled) else spelled
    values = [text] if _CARD_HEX.fullmatch(text) else []
    if _CARD_DECIMAL.fullmatch(text) and int(text) < 1 << 32:
        values.append(f"{int(text):08X}")
    return tuple(Presented(Kind.card, Form.plain, value) for value in values)


def _as_account(spelled: str) -> tuple[Presented, ...]:
    fits = _ACCOUNT.fullmatch(spelled)
    return (Presented(Kind.account, Form.plain, spelled),) if fits else ()


_READINGS: Final[dict[Kind, Callable[[str], tuple[Presented, ...]]]] = {
    Kind.code: _as_code,
    Kind.serial: _as_serial,
    Kind.document: _as_document,
    Kind.card: _as_card,
    Kind.account: _as_account,
}
