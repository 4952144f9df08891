"""From the cells of a row to a typed row, or to the reason why not."""

import re
import unicodedata
from datetime import date
from typing import Final, NamedTuple, Protocol

from paifang.core import documents
from paifang.core.codes import Kind, is_serial, recognise
from paifang.core.documents import Document, DocumentError
from paifang.core.limits import FIELD_CHARS_MAX, NAME_CHARS_MAX, REFERENCE_CHARS_MAX
from paifang.core.typed_text import ungroup
from paifang.services.desk.attendees.cells import clean, clean_ascii, is_damaged
from paifang.services.desk.attendees.columns import EXTENSION_WORDS, ID_CARD, Columns
from paifang.services.desk.attendees.faults import RowError
from paifang.services.desk.attendees.raw import ROW_CHARS_MAX, RawRow

EMAIL_CHARS_MAX: Final = 254
"""RFC 5321, 4.5.3.1.3."""

PHONE_DIGITS: Final = range(5, 25)
"""From 95588 to an international number with an extension."""

_CHARS_MAX: Final = {
    "name": NAME_CHARS_MAX,
    "reference": REFERENCE_CHARS_MAX,
    "email": EMAIL_CHARS_MAX,
}
_FOR_MACHINES: Final = frozenset({"email", "phone", "serial", "card", "document_number"})
_NUMBERS: Final = frozenset({"reference", "phone", "serial", "card", "document_number"})
_SHORTENED: Final = re.compile(r"[+-]?[0-9](?:\.[0-9]+)?[Ee]\+[0-9]{2}")
_ERROR_VALUES: Final = frozenset({
    "#N/A", "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!",
    "#FORMULA!", "#ROW!",
})  # fmt: skip
"""What spreadsheet programs write where a formula failed; the last two are our own error files'."""

_EMAIL: Final = re.compile(r"[^\s@,;<>()\"]+@[^\s@,;<>()\"]+\.[^\s@,;.<>()\"]+")
_DASHES: Final = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))
_NO_DIGITS: Final = re.compile(r"[^0-9]+")
_PHONE: Final = re.compile(
    rf"\+?[0-9(][0-9 ()\-./]*(?:(?:{'|'.join(map(re.escape, EXTENSION_WORDS))}) ?:?[0-9]{{1,8}})?",
    re.IGNORECASE,
)
_QUOTED_CHARS_MAX: Final = 60


class AttendeeRow(NamedTuple):
    """One attendee, checked and cleaned; text that is not given is empty.

    Attributes:
        line: The row as a spreadsheet program numbers it, from 1.
        reference: The organiser's own name for the row.
        name: The attendee's name, at most `NAME_CHARS_MAX` characters.
        company: Where the attendee works.
        email: Looks like an address; nothing was sent to it.
        phone: As written, but for width and dashes.
        product: As written; which product it is, is not known here.
        document: The identity document, if one is given.
        serial: 14 digits, the last a check digit.
        session: As written.
        zone: As written.
        card: Number of a chip card that opens the ticket, in the spelling gates look up first.
    """

    line: int
    reference: str
    name: str
    company: str
    email: str
    phone: str
    product: str
    document: Document | None
    serial: str
    session: str
    zone: str
    card: str = ""


class _Refused(Exception):
    def __init__(self, code: str, field: str = "", **params: object) -> None:
        super().__init__(code)
        self.code, self.field = code, field
        self.params = {name: str(value) for name, value in params.items()}


def read_row(raw: RawRow, columns: Columns, today: date) -> AttendeeRow | RowError:
    """Check a row; what is wrong first, from left to right in the contract's order, is the reason.

    Args:
        raw: A row below the header, not blank.
        columns: What the header says.
        today: The day against which dates of birth in document numbers are held.
    """
    try:
        return _read(raw, columns, today)
    except _Refused as refused:
        return RowError(raw.line, refused.code, refused.field, refused.params, raw.cells, raw.text)


class Identified(Protocol):
    """Whoever can be recognised when a list is imported again."""

    @property
    def reference(self) -> str: ...
    @property
    def serial(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def company(self) -> str: ...
    @property
    def phone(self) -> str: ...


def identity(row: Identified) -> tuple[str, str]:
    """Return what makes the row the same row when the list is imported again.

    The kind and the value of its reference, else of its serial, else of name, company and phone in
    one spelling (width, case and blanks make no difference; of the phone only the digits count).
    """
    if row.reference:
        return "reference", row.reference
    if row.serial:
        return "serial", row.serial
    spelled = (
        " ".join(unicodedata.normalize("NFKC", text).casefold().split())
        for text in (row.name, row.company)
    )
    # No cleaned text holds this separator, so no two different people can look the same by it.
    return "person", "\x1f".join((*spelled, _digits(row.phone)))


def _digits(phone: str) -> str:
    return _NO_DIGITS.sub("", phone)


def _read(raw: RawRow, columns: Columns, today: date) -> AttendeeRow:
    if raw.fault:
        raise _Refused(raw.fault, limit=ROW_CHARS_MAX)
    if any(cell.strip() for cell in raw.cells[len(columns.header) :]):
        raise _Refused("too_many_cells")
    texts = {field: _text(raw, place, field) for field, place in columns.places.items()}
    kind = texts.pop("document_type", "") or columns.document_type_default
    number = texts.pop("document_number", "")
    if not texts.get("name") and not texts.get("reference"):
        raise _Refused("no_name_or_reference")
    return AttendeeRow(
        line=raw.line,
        reference=texts.get("reference", ""),
        name=texts.get("name", ""),
        company=texts.get("company", ""),
        email=_email(texts.get("email", "")),
        phone=_phone(texts.get("phone", "")),
        product=texts.get("product", ""),
        document=_document(kind, number, today) if number else None,
        serial=_serial(texts.get("serial", "")),
        session=texts.get("session", ""),
        zone=texts.get("zone", ""),
        card=_card(texts.get("card", "")),
    )


def _text(raw: RawRow, place: int, field: str) -> str:
    """Return the cleaned text of one cell."""
    cell = raw.cells[place] if place < len(raw.cells) else ""
    if not cell:
        return ""
    if raw.marks and place in raw.marks:
        raise _Refused(raw.marks[place], field, text=_quote(cell))
    if is_damaged(cell):
        raise _Refused("damaged", field, text=_quote(cell))
    text = clean_ascii(cell) if field in _FOR_MACHINES else clean(cell)
    if text.startswith("#") and text in _ERROR_VALUES:
        raise _Refused("cell_error", field, text=text)
    if field in _NUMBERS and _SHORTENED.fullmatch(text):
        raise _Refused("number_shortened", field, text=text)
    limit = _CHARS_MAX.get(field, FIELD_CHARS_MAX)
    if len(text) > limit:
        raise _Refused("too_long", field, limit=limit)
    return text


def _email(text: str) -> str:
    if text and not _EMAIL.fullmatch(text):
        raise _Refused("email", "email", text=_quote(text))
    return text


def _phone(text: str) -> str:
    phone = text.translate(_DASHES)
    if phone and not (_PHONE.fullmatch(phone) and len(_digits(phone)) in PHONE_DIGITS):
        raise _Refused("phone", "phone", text=_quote(text))
    return phone


def _serial(text: str) -> str:
    serial = ungroup(text.replace(" ", "").translate(_DASHES))
    if serial and not is_serial(serial):
        raise _Refused("serial", "serial", text=_quote(text))
    return serial


def _card(text: str) -> str:
    readings = recognise(text, Kind.card) if text else ()
    if text and not readings:
        raise _Refused("card", "card", text=_quote(text))
    return readings[0].value if readings else ""


def _document(kind: str, number: str, today: date) -> Document:
    try:
        if kind:
            return documents.parse("ID" if kind == ID_CARD else kind, number, today)
    except DocumentError as error:
        raise _Refused(f"document_{error.code}", "document_number") from error
    readings = documents.read(number, today)
    if len(readings) != 1:
        raise _Refused("document_kind", "document_number")
    return readings[0]


def _quote(text: str) -> str:
    """The text as it may stand in a message: cleaned, and not longer than a line."""
    shown = clean(text.replace("\0", "\ufffd"))
    return shown if len(shown) <= _QUOTED_CHARS_MAX else f"{shown[:_QUOTED_CHARS_MAX]}…"
