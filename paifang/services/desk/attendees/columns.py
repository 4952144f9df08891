"""The words by which people name columns, and the header row found by them.

This is vocabulary of input, not of the interface: it is matched, never shown, and so stands here in
both languages and not in the catalogues. The reader's copy is docs/reference/attendees.md.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from paifang.core.limits import IMPORT_COLUMNS_MAX
from paifang.services.desk.attendees.cells import clean
from paifang.services.desk.attendees.faults import FileError

FIELDS: Final = (
    "reference",
    "name",
    "company",
    "email",
    "phone",
    "product",
    "document_type",
    "document_number",
    "serial",
    "card",
    "session",
    "zone",
)
"""The columns of the contract, in its order."""

ID_CARD: Final = "id_card"
"""A column of this meaning holds document numbers and says that they are of identity cards."""

HEADER_NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "reference": (
        "reference", "ref", "reference number", "reference no", "booking reference", "booking no",
        "registration number", "registration no",
        "参考号", "编号", "序号", "预约号", "预约编号", "登记号", "登记编号", "报名号", "报名编号",
    ),
    "name": (
        "name", "full name", "attendee", "attendee name", "visitor", "visitor name", "holder",
        "姓名", "名字", "参会人", "参会人姓名", "观众姓名", "游客姓名", "持票人",
    ),
    "company": (
        "company", "company name", "organisation", "organization", "employer",
        "公司", "公司名称", "单位", "单位名称", "工作单位", "机构", "企业", "企业名称",
    ),
    "email": (
        "email", "e mail", "email address", "e mail address", "mail",
        "邮箱", "电子邮件", "电子邮箱", "邮件", "邮箱地址",
    ),
    "phone": (
        "phone", "phone number", "phone no", "mobile", "mobile phone", "mobile number", "cell",
        "telephone", "tel",
        "手机", "电话", "手机号", "手机号码", "电话号码", "联系电话", "联系方式", "移动电话",
    ),
    "product": (
        "product", "ticket type", "category", "ticket category",
        "票种", "产品", "类别", "票类", "门票类型", "票型", "观众类别",
    ),
    "document_type": (
        "document type", "doc type", "id type", "kind of document",
        "证件类型", "证件种类", "证件类别",
    ),
    "document_number": (
        "document number", "document no", "doc number", "doc no", "id number", "id no",
        "passport", "passport number", "passport no",
        "证件号", "证件号码", "证件编号",
    ),
    ID_CARD: (
        "id card", "id card number", "id card no", "identity card", "identity card number",
        "身份证", "身份证号", "身份证号码", "居民身份证", "居民身份证号", "居民身份证号码",
    ),
    "serial": (
        "serial", "serial number", "serial no", "serial code", "ticket number", "ticket no",
        "票号", "序列号", "门票号", "串码",
    ),
    "card": (
        "card", "card number", "card no", "staff card", "staff card number", "staff card no",
        "卡号", "员工卡号", "工作证号", "工牌号", "ic卡号",
    ),
    "session": (
        "session", "time slot", "slot",
        "场次", "时段", "时间段", "预约时段", "参观时段",
    ),
    "zone": (
        "zone", "area", "hall",
        "区域", "展馆", "场馆", "展区",
    ),
})  # fmt: skip
"""Every word understood, spelled as `_spell` leaves it; the first English one is the contract's."""

OWN_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "error_line": ("error line", "出错行号"),
        "error_code": ("error code", "错误代码"),
        "error_reason": ("error reason", "错误原因"),
        "error_text": ("error text", "原始文本"),
    }
)
"""Columns of our own error files; passed over in silence when such a file is imported."""

_SECRET_WORDS: Final = frozenset(
    {"pin", "pin code", "pwd", "passwd", "passcode", "passphrase", "secret", "密保", "密保答案"}
)
_SECRET_PARTS: Final = ("password", "密码", "口令", "安全答案", "security answer")

EXTENSION_WORDS: Final = ("ext.", "ext", "x", "#", "转", "轉", "分机", "分機")
"""What people write between a phone number and its extension."""

_PUNCTUATION: Final = re.compile(r"[\s_\-./:*#()（）]+")
_BRACKETED: Final = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")
_MEANINGS: Final = {
    word: meaning
    for table in (HEADER_NAMES, OWN_COLUMNS)
    for meaning, words in table.items()
    for word in words
}


class Columns(NamedTuple):
    """What the header row says.

    Attributes:
        header: Its cells as they stand in the file, without empty ones at the end.
        places: Contract's column to place, from 0. `document_number` may come from an ID-card one.
        document_type_default: Kind of the documents of rows that name none; "" if nothing is known.
        unknown: Header cells of the columns that are not read.
        own: Places of the columns an error file added.
        secret: Places of columns that look like passwords; what stands there is never kept.
    """

    header: tuple[str, ...]
    places: Mapping[str, int]
    document_type_default: str
    unknown: tuple[str, ...]
    own: frozenset[int]
    secret: frozenset[int] = frozenset()


def meaning_of(header_cell: str) -> str | None:
    """Return what a header cell means: a contract's column, `ID_CARD`, an own column, or None.

    Case, width, punctuation and notes in brackets ("姓名（必填）", "E-mail *") make no difference.
    """
    for spelled in _spell(header_cell):
        found = _MEANINGS.get(spelled)
        if found:
            return found
    return None


def is_secret(header_cell: str) -> bool:
    """Whether a header cell says that passwords or the like stand in its column."""
    return any(
        spelled in _SECRET_WORDS or any(part in spelled for part in _SECRET_PARTS)
        for spelled in _spell(header_cell)
    )


def _spell(header_cell: str) -> tuple[str, str]:
    """Return a header cell in one spelling, with the notes in brackets and without."""
    spelled = unicodedata.normalize("NFKC", clean(header_cell)).casefold()
    whole, plain = (
        _PUNCTUATION.sub(" ", text).strip() for text in (spelled, _BRACKETED.sub(" ", spelled))
    )
    return whole, plain


def count_known(cells: Sequence[str]) -> int:
    """Count the cells that name a contract's column: how much a row looks like a header row."""
    return sum(meaning_of(cell) not in {None, *OWN_COLUMNS} for cell in cells)


def read_header(cells: Sequence[str]) -> Columns:
    """Read the header row.

    Raises:
        FileError: too_many_columns, duplicate_column or no_name_or_reference.
    """
    header = list(cells)
    while header and not clean(header[-1]):
        header.pop()
    if len(header) > IMPORT_COLUMNS_MAX:
        raise FileError("too_many_columns", limit=IMPORT_COLUMNS_MAX)
    places: dict[str, int] = {}
    unknown: list[str] = []
    own: set[int] = set()
    document_type_default = ""
    for place, cell in enumerate(header):
        meaning = meaning_of(cell)
        if meaning is None:
            unknown.extend([clean(cell)] if clean(cell) else [])
            continue
        if meaning in OWN_COLUMNS:
            own.add(place)
            continue
        if meaning == ID_CARD:
            meaning, document_type_default = "document_number", ID_CARD
        if meaning in places:
            first = clean(header[places[meaning]])
            raise FileError("duplicate_column", first=first, second=clean(cell))
        places[meaning] = place
    if "name" not in places and "reference" not in places:
        raise FileError("no_name_or_reference")
    return Columns(
        tuple(header),
        places,
        document_type_default,
        tuple(unknown),
        frozenset(own),
        _secret_places(header),
    )


class Chosen(NamedTuple):
    """What somebody said of the columns, instead of what their names say.

    Attributes:
        header_line: Where the header row stands, 0 if there is none.
        header: Its cells; where there is none, names of our own.
        meanings: For each place a contract's column, `ID_CARD`, or "" for one that is not read.
    """

    header_line: int
    header: tuple[str, ...]
    meanings: tuple[str, ...]


def chosen_columns(chosen: Chosen) -> Columns:
    """Return the columns as somebody chose them.

    Raises:
        FileError: duplicate_column or no_name_or_reference.
    """
    places: dict[str, int] = {}
    document_type_default = ""
    for place, told in enumerate(chosen.meanings):
        meaning = told
        if meaning == ID_CARD:
            meaning, document_type_default = "document_number", ID_CARD
        if meaning not in FIELDS:
            continue
        if meaning in places:
            first, second = (clean(chosen.header[at]) for at in (places[meaning], place))
            raise FileError("duplicate_column", first=first, second=second)
        places[meaning] = place
    if "name" not in places and "reference" not in places:
        raise FileError("no_name_or_reference")
    own = frozenset(
        place for place, cell in enumerate(chosen.header) if meaning_of(cell) in OWN_COLUMNS
    )
    secret = _secret_places(chosen.header)
    return Columns(chosen.header, places, document_type_default, (), own, secret)


def recognised(header: Sequence[str]) -> tuple[str, ...]:
    """Return what each header cell means, "" for what is not read; of two alike the first."""
    seen: set[str] = set()
    meanings = []
    for cell in header:
        meaning = meaning_of(cell)
        key = "document_number" if meaning == ID_CARD else meaning
        if meaning is None or key is None or meaning in OWN_COLUMNS or key in seen:
            meanings.append("")
            continue
        seen.add(key)
        meanings.append(meaning)
    return tuple(meanings)


def _secret_places(header: Sequence[str]) -> frozenset[int]:
    return frozenset(place for place, cell in enumerate(header) if is_secret(cell))
