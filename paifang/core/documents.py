"""Identity documents: which number belongs to which kind, and whether it was typed right.

GB 11643 (18-character citizen numbers and what shares their scheme), ICAO 9303 (check digits and
machine-readable zones), and the permits and passports of which only the format is known. A right
check digit proves nothing about a person: only a reader of the chip, or a look, does.
"""

import re
from contextlib import suppress
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from paifang.core.typed_text import normalise, ungroup


class DocumentKind(StrEnum):
    """The documents people come with."""

    resident_id = "resident_id"
    hmt_residence = "hmt_residence"
    foreigner_residence = "foreigner_residence"
    foreigner_residence_2017 = "foreigner_residence_2017"
    hk_macao_permit = "hk_macao_permit"
    taiwan_permit = "taiwan_permit"
    passport = "passport"
    identity_card = "identity_card"


class Document(NamedTuple):
    """One reading of a document.

    Attributes:
        kind: Which document.
        number: Canonical: upper case, no separators, no count of renewals.
        issuer: The issuing state's code as of ICAO 9303, or empty where the text names none.
    """

    kind: DocumentKind
    number: str
    issuer: str


class DocumentError(ValueError):
    """A number that is not of the kind it was said to be.

    The number is not in the message, which may be logged.

    Attributes:
        code: `kind` (no such kind, or a number of another kind), `length`, `characters`,
            `check_digit` or `date`.
    """

    def __init__(self, code: str) -> None:
        """Keep the code, which is also the message."""
        super().__init__(code)
        self.code = code


_CITIZEN_KINDS: Final = (
    DocumentKind.resident_id,
    DocumentKind.hmt_residence,
    DocumentKind.foreigner_residence,
)
_FOREIGNER_KINDS: Final = (DocumentKind.foreigner_residence, DocumentKind.foreigner_residence_2017)

_KINDS_BY_NAME: Final[dict[str, tuple[DocumentKind, ...]]] = {
    "ID": _CITIZEN_KINDS,
    "ID CARD": _CITIZEN_KINDS,
    "身份证": _CITIZEN_KINDS,
    "身份證": _CITIZEN_KINDS,
    "居民身份证": _CITIZEN_KINDS,
    "二代身份证": _CITIZEN_KINDS,
    "RESIDENT ID": (DocumentKind.resident_id,),
    "RESIDENT ID CARD": (DocumentKind.resident_id,),
    "HMT RESIDENCE": (DocumentKind.hmt_residence,),
    "港澳台居民居住证": (DocumentKind.hmt_residence,),
    "港澳居民居住证": (DocumentKind.hmt_residence,),
    "台湾居民居住证": (DocumentKind.hmt_residence,),
    "FOREIGNER RESIDENCE": _FOREIGNER_KINDS,
    "FOREIGNER RESIDENCE 2017": (DocumentKind.foreigner_residence_2017,),
    "PERMANENT RESIDENCE": _FOREIGNER_KINDS,
    "外国人永久居留身份证": _FOREIGNER_KINDS,
    "外国人永久居留证": _FOREIGNER_KINDS,
    "HK MACAO PERMIT": (DocumentKind.hk_macao_permit,),
    "HOME RETURN PERMIT": (DocumentKind.hk_macao_permit,),
    "港澳居民来往内地通行证": (DocumentKind.hk_macao_permit,),
    "港澳通行证": (DocumentKind.hk_macao_permit,),
    "回乡证": (DocumentKind.hk_macao_permit,),
    "TAIWAN PERMIT": (DocumentKind.taiwan_permit,),
    "台湾居民来往大陆通行证": (DocumentKind.taiwan_permit,),
    "台胞证": (DocumentKind.taiwan_permit,),
    "PASSPORT": (DocumentKind.passport,),
    "护照": (DocumentKind.passport,),
    "護照": (DocumentKind.passport,),
    "IDENTITY CARD": (DocumentKind.identity_card,),
    "外国身份证": (DocumentKind.identity_card,),
}
"""What lists call the kinds, upper case; ``_`` and ``-`` count as a blank. All 18-character
numbers are called identity cards by the people who type lists, hence the three kinds of "ID"."""

_FORMATS: Final[dict[DocumentKind, re.Pattern[str]]] = {
    DocumentKind.foreigner_residence_2017: re.compile(r"([A-Z]{3}[0-9]{12})"),
    # Nine characters for life; older papers print a two-digit count of renewals behind them.
    DocumentKind.hk_macao_permit: re.compile(r"([HM][0-9]{8})(?:[0-9]{2})?"),
    DocumentKind.taiwan_permit: re.compile(r"([0-9]{8})(?:[0-9]{2})?"),
    DocumentKind.passport: re.compile(r"((?=.*[0-9])[0-9A-Z]{6,9})"),
    DocumentKind.identity_card: re.compile(r"((?=.*[0-9])[0-9A-Z]{4,20})"),
}
_LENGTHS: Final[dict[DocumentKind, frozenset[int]]] = {
    DocumentKind.foreigner_residence_2017: frozenset({15}),
    DocumentKind.hk_macao_permit: frozenset({9, 11}),
    DocumentKind.taiwan_permit: frozenset({8, 10}),
    DocumentKind.passport: frozenset(range(6, 10)),
    DocumentKind.identity_card: frozenset(range(4, 21)),
}
_RECOGNISED_BY_FORMAT: Final = (
    DocumentKind.foreigner_residence_2017,
    DocumentKind.hk_macao_permit,
    DocumentKind.taiwan_permit,
    DocumentKind.passport,
)
"""Not foreign identity cards: nearly everything would be one. They are read by their zone."""

_NAMESPACES: Final = {
    DocumentKind.resident_id: "ID",
    DocumentKind.hmt_residence: "ID",
    DocumentKind.foreigner_residence: "ID",
    DocumentKind.foreigner_residence_2017: "FR",
    DocumentKind.hk_macao_permit: "HM",
    DocumentKind.taiwan_permit: "TW",
    DocumentKind.passport: "PASSPORT",
    DocumentKind.identity_card: "IC",
}


def read(text: str, today: date | None = None) -> tuple[Document, ...]:
    """Return every document a typed or scanned text can be, those with check digits first.

    Args:
        text: A number, or a machine-readable zone with or without its line ends.
        today: Birth dates after it are refused; None refuses none.
    """
    try:
        spelled = normalise(text)
    except ValueError:
        return ()
    if "<" in spelled:
        return _zone_readings(spelled)
    number = ungroup(spelled)
    found: list[Document] = []
    with suppress(DocumentError):
        found.append(_read_citizen_number(number, today))
    for kind in _RECOGNISED_BY_FORMAT:
        fits = _FORMATS[kind].fullmatch(number)
        if fits:
            found.append(Document(kind, fits[1], ""))
    return tuple(found)


def parse(kind_text: str, number: str, today: date | None = None) -> Document:
    """Read a number that a list says is of a certain kind.

    Args:
        kind_text: The kind's name, Chinese or English, or the value of a `DocumentKind`.
        number: As typed.
        today: Birth dates after it are refused; None refuses none.

    Raises:
        DocumentError: With a code that says what is wrong.
    """
    name = " ".join(re.sub("[_-]", " ", kind_text).upper().split())
    kinds = _KINDS_BY_NAME.get(name)
    if kinds is None:
        raise DocumentError("kind")
    try:
        spelled = ungroup(normalise(number))
    except ValueError as too_long:
        raise DocumentError("length") from too_long
    by_format = kinds[-1]
    if by_format in _FORMATS and (len(kinds) == 1 or len(spelled) in _LENGTHS[by_format]):
        return _read_by_format(by_format, spelled)
    document = _read_citizen_number(spelled, today)
    if document.kind not in kinds:
        raise DocumentError("kind")
    return document


def canonical(document: Document) -> str:
    """Return the text a document is looked up by, to be hashed, such as ``ID:11010519491231002X``.

    The issuer is not part of it: whoever types a passport number names no state, and the reader at
    the gate does. Two states' equal numbers then share a look-up, and the names tell them apart.
    """
    return f"{_NAMESPACES[document.kind]}:{document.number}"


def last_four(number: str) -> str:
    """Return the last four characters, which may be stored and shown beside the hash."""
    return number[-4:]


def mask(number: str) -> str:
    """Return the number as it may be shown: first character and last four, the rest hidden.

    Of fewer than eight characters only the last two are shown, and of fewer than six none: what is
    hidden must not be a handful of guesses.
    """
    if len(number) < 6:
        return "*" * len(number)
    if len(number) < 8:
        return "*" * (len(number) - 2) + number[-2:]
    return number[0] + "*" * (len(number) - 5) + last_four(number)


def _read_by_format(kind: DocumentKind, number: str) -> Document:
    if len(number) not in _LENGTHS[kind]:
        raise DocumentError("length")
    fits = _FORMATS[kind].fullmatch(number)
    if not fits:
        raise DocumentError("characters")
    return Document(kind, fits[1], "")


# --- GB 11643 ----------------------------------------------------------------------------------

_CITIZEN_NUMBER: Final = re.compile(r"[0-9]{17}[0-9X]")
_CITIZEN_WEIGHTS: Final = tuple(pow(2, 17 - place, 11) for place in range(17))
_CITIZEN_DIGITS: Final = "10X98765432"


def citizen_check_digit(digits: str) -> str:
    """Return the check character of 17 digits (GB 11643, ISO 7064 MOD 11-2).

    It catches every single wrong digit and every swap of neighbours.
    """
    total = sum(int(digit) * weight for digit, weight in zip(digits, _CITIZEN_WEIGHTS, strict=True))
    return _CITIZEN_DIGITS[total % 11]


def _read_citizen_number(number: str, today: date | None) -> Document:
    """Check digit and birth date decide; districts do not, for they are made and dissolved."""
    if len(number) != 18:
        raise DocumentError("length")
    if not _CITIZEN_NUMBER.fullmatch(number):
        raise DocumentError("characters")
    if citizen_check_digit(number[:17]) != number[17]:
        raise DocumentError("check_digit")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as no_such_day:
        raise DocumentError("date") from no_such_day
    if today is not None and born > today:
        raise DocumentError("date")
    if number[0] == "9":
        return Document(DocumentKind.foreigner_residence, number, "CHN")
    if number[:2] in {"81", "82", "83"}:
        return Document(DocumentKind.hmt_residence, number, "CHN")
    return Document(DocumentKind.resident_id, number, "CHN")


# --- ICAO 9303 ---------------------------------------------------------------------------------


class Zone(NamedTuple):
    """What a machine-readable zone says (ICAO 9303 parts 4, 5 and 6).

    Attributes:
        layout: `TD1` (three lines of 30), `TD2` (two of 36) or `TD3` (two of 44).
        code: Document code, such as `P` or `ID`.
        issuer: Issuing state or organisation.
        number: Document number without fillers; longer than nine characters if it runs over.
        surname: Primary identifier, parts separated by blanks; may be cut off.
        given_names: Secondary identifier; may be empty or cut off.
        nationality: State code.
        birth: YYMMDD, with ``<`` where unknown.
        sex: `F`, `M`, or empty.
        expiry: YYMMDD.
        optional: What the issuer added, without trailing fillers.
    """

    layout: str
    code: str
    issuer: str
    number: str
    surname: str
    given_names: str
    nationality: str
    birth: str
    sex: str
    expiry: str
    optional: str


_ZONE_CHARACTERS: Final = re.compile(r"[0-9A-Z<]+")
_ZONE_DATE: Final = re.compile(r"[0-9<]{6}")
_PERMIT_ISSUERS: Final = frozenset({"CHN", "HKG", "MAC", "TWN"})


def icao_check_digit(field: str) -> str:
    """Return the check digit of a field of 0-9, A-Z and ``<`` (ICAO 9303 part 3, 4.9)."""
    total = 0
    for place, character in enumerate(field):
        value = 0 if character == "<" else int(character, 36)
        total += value * (7, 3, 1)[place % 3]
    return str(total % 10)


def read_zone(text: str) -> Zone:
    """Read a machine-readable zone, with or without its line ends, and check all its digits.

    Raises:
        DocumentError: `length`, `characters`, `kind` (a visa, or none of the three layouts),
            `check_digit` or `date`.
    """
    try:
        zone = "".join(normalise(text).split())
    except ValueError as too_long:
        raise DocumentError("length") from too_long
    if len(zone) not in {72, 88, 90}:
        raise DocumentError("length")
    if not _ZONE_CHARACTERS.fullmatch(zone):
        raise DocumentError("characters")
    if zone[0] not in ({"P"} if len(zone) == 88 else {"A", "C", "I"}):
        raise DocumentError("kind")
    if len(zone) == 90:
        return _read_td1(zone[:30], zone[30:60], zone[60:])
    half = len(zone) // 2
    return _read_two_lines(zone[:half], zone[half:])


def _read_td1(first: str, second: str, third: str) -> Zone:
    _require_digit(first[5:] + second[:7] + second[8:15] + second[18:29], second[29])
    number, optional = _whole_number(first[5:14], first[14], first[15:])
    return _zone(
        "TD1",
        first[:5],
        name=third,
        number=number,
        dates=second[:15],
        nationality=second[15:18],
        optional=(optional + second[18:29]).rstrip("<"),
    )


def _read_two_lines(first: str, second: str) -> Zone:
    _require_digit(second[:10] + second[13:20] + second[21:-1], second[-1])
    if len(first) == 44:
        layout, optional = "TD3", second[28:42]
        # An issuer that leaves the field empty may leave its check digit empty too.
        if optional.strip("<") or second[42] != "<":
            _require_digit(optional, second[42])
        _require_digit(second[:9], second[9])
        number = second[:9]
    else:
        layout = "TD2"
        number, optional = _whole_number(second[:9], second[9], second[28:35])
    return _zone(
        layout,
        first[:5],
        name=first[5:],
        number=number,
        dates=second[13:28],
        nationality=second[10:13],
        optional=optional.rstrip("<"),
    )


def _zone(
    layout: str,
    head: str,
    *,
    name: str,
    number: str,
    dates: str,
    nationality: str,
    optional: str,
) -> Zone:
    """Check and put together what the layouts share; `dates` is birth, sex and expiry."""
    birth, sex, expiry = dates[:6], dates[7], dates[8:14]
    if not (_ZONE_DATE.fullmatch(birth) and _ZONE_DATE.fullmatch(expiry)):
        raise DocumentError("date")
    _require_digit(birth, dates[6])
    _require_digit(expiry, dates[14])
    surname, _, given_names = name.partition("<<")
    return Zone(
        layout=layout,
        code=head[:2].rstrip("<"),
        issuer=head[2:].rstrip("<"),
        number=number.replace("<", ""),
        surname=surname.replace("<", " ").strip(),
        given_names=given_names.replace("<", " ").strip(),
        nationality=nationality.rstrip("<"),
        birth=birth,
        sex=sex.strip("<"),
        expiry=expiry,
        optional=optional,
    )


def _whole_number(number: str, digit: str, optional: str) -> tuple[str, str]:
    """Check a document number and return it with what is left of the optional field.

    A number of more than nine characters has ``<`` for its check digit and runs on, with the check
    digit, in the optional field up to the next ``<`` (ICAO 9303 part 5, 4.2.2.1, note j).
    """
    if digit == "<":
        rest, _, optional = optional.partition("<")
        number, digit = number + rest[:-1], rest[-1:]
    _require_digit(number, digit)
    return number, optional


def _require_digit(field: str, digit: str) -> None:
    if icao_check_digit(field) != digit:
        raise DocumentError("check_digit")


def _zone_readings(spelled: str) -> tuple[Document, ...]:
    try:
        zone = read_zone(spelled)
    except DocumentError:
        return ()
    if zone.layout == "TD3":
        return (Document(DocumentKind.passport, zone.number, zone.issuer),)
    found = [Document(DocumentKind.identity_card, zone.number, zone.issuer)]
    if zone.issuer in _PERMIT_ISSUERS:
        # The permits are cards with a zone of their own; bookings give the printed number.
        for kind in (DocumentKind.hk_macao_permit, DocumentKind.taiwan_permit):
            fits = _FORMATS[kind].fullmatch(zone.number)
            if fits:
                found.append(Document(kind, fits[1], zone.issuer))
    return tuple(found)
