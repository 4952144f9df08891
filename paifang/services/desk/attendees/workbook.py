"""The parts of an XLSX workbook (ECMA-376) around its first sheet: where it is, texts, formats.

Read by expat in a stream, because the readers of the common libraries keep something of every row
and every text of a sheet in memory: a list of a million rows then takes gigabytes, a small hostile
file too. A document type is refused, and with it every entity.
"""

import array
import posixpath
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import BinaryIO, Final, Self
from xml.parsers import expat

from paifang.core.limits import IMPORT_FILE_BYTES_MAX
from paifang.services.desk.attendees.faults import FileError
from paifang.services.desk.attendees.raw import BLOCK_BYTES

PART_BYTES_MAX: Final = 16 * 1024**2
"""Of each part but the sheet and its texts, which may have `IMPORT_FILE_BYTES_MAX` each."""
TEXTS_IN_MEMORY_BYTES: Final = 8 * 1024**2
TEXT_PIECES_MAX: Final = 1024
"""Pieces kept of one text: its differently set parts, or 8,192 characters of plain text. What has
more is longer than any field may be, and refused for that."""
TOKEN_BYTES_MAX: Final = 1024**2
"""No tag of a workbook is longer; without the bound expat would keep the whole of one."""

_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")
_CJK_DATE_FORMATS: Final = frozenset({*range(27, 37), *range(50, 59)})
_DATE_FORMATS: Final = frozenset({*range(14, 23), *range(45, 48)}) | _CJK_DATE_FORMATS
_NOT_LETTERS_OF_FORMAT: Final = re.compile(r'"[^"]*"|\\.|_.|\[(?!h+\]|m+\]|s+\])[^\]]*\]')

Attributes = dict[str, str]


class Xml:
    """A streaming parser with bounds.

    Args:
        start: Called with the local name of every element that begins, and its attributes.
        end: Called with the local name of every element that ends.
        text: Called with every piece of text.
    """

    def __init__(
        self,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None],
        text: Callable[[str], None],
    ) -> None:
        # Whatever a part declares: nobody writes other encodings, and codecs are a wide door.
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._begin
        self._start, self._end = start, end
        self._parser.CharacterDataHandler = text
        self._fed = 0

    def feed(self, block: bytes, *, last: bool = False) -> None:
        """Parse the next bytes.

        Raises:
            FileError: damaged_workbook.
        """
        try:
            self._parser.Parse(block, last)
        except expat.ExpatError as error:
            raise FileError("damaged_workbook", detail=str(error)) from error
        self._fed += len(block)
        if self._fed - self._parser.CurrentByteIndex > TOKEN_BYTES_MAX + len(block):
            raise FileError("damaged_workbook", detail="a tag without an end")

    def _begin(self, name: str, attributes: Attributes) -> None:
        """Take the root element: if its name has a prefix, so have all that are looked for."""
        start, end = self._start, self._end
        if ":" in name:
            self._parser.StartElementHandler = lambda n, found: start(n.rpartition(":")[2], found)
            self._parser.EndElementHandler = lambda n: end(n.rpartition(":")[2])
        else:
            # Without a detour: these two are called for every cell of a sheet.
            self._parser.StartElementHandler = start
            self._parser.EndElementHandler = end
        start(name.rpartition(":")[2], attributes)

    @staticmethod
    def _refuse_doctype(*_declaration: object) -> None:
        raise FileError("damaged_workbook", detail="it declares a document type")


def unescape(text: str) -> str:
    """Undo the escapes of ST_Xstring (ECMA-376 part 1, 22.9.2.19), such as ``_x000D_``."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class Texts:
    """The shared texts of a workbook, by number; beyond a few megabytes they lie in a file.

    Takes 8 bytes of memory for each text.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(TEXTS_IN_MEMORY_BYTES)  # noqa: SIM115 - closed below
        self._ends = array.array("Q")

    def append(self, text: str) -> None:
        """Add the text with the next number."""
        self._file.write(text.encode("utf-8", "surrogatepass"))
        self._ends.append(self._file.tell())

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self._ends):
            raise IndexError(number)
        begin = self._ends[number - 1] if number else 0
        self._file.seek(begin)
        return self._file.read(self._ends[number] - begin).decode("utf-8", "surrogatepass")

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


class Workbook:
    """An opened workbook: its first sheet, its texts, the formats of its numbers.

    Attributes:
        texts: The shared texts.
        dates: Numbers of the cell styles that show dates or times.
        paddings: Cell style to the count of digits its numbers are filled up to with zeros.
        epoch_1904: Whether days count from 1904 (workbooks begun on old Macintoshes).

    Raises:
        FileError: not_a_workbook, password_protected, damaged_workbook or too_large_unpacked.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.texts = Texts()
        self.dates: frozenset[int] = frozenset()
        self.paddings: Mapping[int, int] = {}
        self.epoch_1904 = False
        try:
            self._open(stream)
        except BaseException:
            self.texts.close()
            raise

    def _open(self, stream: BinaryIO) -> None:
        try:
            self._zip = zipfile.ZipFile(stream)
            self._names = {name.lower(): name for name in self._zip.namelist()}
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise FileError("not_a_workbook", detail=str(error)) from error
        book = self._target_of_type("", "officeDocument")
        if book is None or not book.lower().endswith(".xml"):
            raise FileError("not_a_workbook", detail="it holds something else")
        self._sheet = self._find_first_sheet(book)
        styles, texts = (self._target_of_type(book, kind) for kind in ("styles", "sharedStrings"))
        if styles:
            self.dates, self.paddings = read_styles(self.blocks(styles, PART_BYTES_MAX))
        if texts:
            read_texts(self.blocks(texts, IMPORT_FILE_BYTES_MAX), self.texts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the texts' file back; the stream stays open."""
        self.texts.close()
        self._zip.close()

    def sheet_blocks(self) -> Iterator[bytes]:
        """Yield the XML of the first sheet, unpacked."""
        return self.blocks(self._sheet, IMPORT_FILE_BYTES_MAX)

    def blocks(self, name: str, bytes_max: int) -> Iterator[bytes]:
        """Yield a part unpacked; what lies about its size or its check sum is refused."""
        actual = self._names.get(name.lower())
        if actual is None:
            raise FileError("damaged_workbook", detail=f"{name} is missing")
        entry = self._zip.getinfo(actual)
        if entry.flag_bits & 1:
            raise FileError("password_protected")
        if entry.file_size > bytes_max:
            raise FileError("too_large_unpacked", size=entry.file_size, limit=bytes_max)
        try:
            with self._zip.open(entry) as part:
                # zipfile gives no more than the size declared, and checks the sum at the end.
                while block := part.read(BLOCK_BYTES):
                    yield block
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            NotImplementedError,
        ) as error:
            raise FileError("damaged_workbook", detail=str(error)) from error

    def _relations(self, source: str) -> list[Attributes]:
        """What a part refers to; of the package as a whole, if `source` is empty."""
        folder, name = posixpath.split(source)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        if path.lower() not in self._names:
            return []
        found: list[Attributes] = []

        def start(element: str, attributes: Attributes) -> None:
            if element == "Relationship":
                target = attributes.get("Target", "")
                attributes["Target"] = posixpath.normpath(posixpath.join("/", folder, target))[1:]
                found.append(attributes)

        parse(self.blocks(path, PART_BYTES_MAX), start)
        return found

    def _target_of_type(self, source: str, kind: str) -> str | None:
        for relation in self._relations(source):
            if relation.get("Type", "").endswith(f"/{kind}"):
                return relation["Target"]
        return None

    def _find_first_sheet(self, book: str) -> str:
        order: list[str] = []

        def start(element: str, attributes: Attributes) -> None:
            if element == "sheet":
                order.extend(v for k, v in attributes.items() if k.rpartition(":")[2] == "id")
            elif element == "workbookPr":
                self.epoch_1904 = attributes.get("date1904") in {"1", "true", "on"}

        parse(self.blocks(book, PART_BYTES_MAX), start)
        sheets = {
            relation.get("Id", ""): relation["Target"]
            for relation in self._relations(book)
            if relation.get("Type", "").endswith("/worksheet")
        }
        for relation_id in order:
            if relation_id in sheets:
                return sheets[relation_id]
        raise FileError("not_a_workbook", detail="it has no sheet")


def parse(blocks: Iterator[bytes], start: Callable[[str, Attributes], None]) -> None:
    """Call `start` for every element of a part."""
    xml = Xml(start, lambda _name: None, lambda _text: None)
    for block in blocks:
        xml.feed(block)
    xml.feed(b"", last=True)


def read_styles(blocks: Iterator[bytes]) -> tuple[frozenset[int], Mapping[int, int]]:
    """Return which cell styles show dates, and which fill numbers up with zeros, and how far."""
    formats: dict[int, str] = {}
    styles: list[int] = []
    is_cell_styles = False

    def start(element: str, attributes: Attributes) -> None:
        nonlocal is_cell_styles
        if element == "numFmt":
            formats[_number(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif element in {"cellStyleXfs", "cellXfs", "cellStyles", "dxfs"}:
            is_cell_styles = element == "cellXfs"
        elif element == "xf" and is_cell_styles:
            styles.append(_number(attributes.get("numFmtId")))

    parse(blocks, start)
    dates: set[int] = set()
    paddings: dict[int, int] = {}
    for style, number in enumerate(styles):
        code = formats.get(number, "")
        if number in _DATE_FORMATS or _shows_date(code):
            dates.add(style)
        elif len(code) > 1 and not code.strip("0"):
            paddings[style] = len(code)
    return frozenset(dates), paddings


def read_texts(blocks: Iterator[bytes], texts: Texts) -> None:
    """Read the shared texts, without the readings (furigana) that may stand beside them."""
    pieces: list[str] = []
    is_text = is_reading = False

    def start(element: str, _attributes: Attributes) -> None:
        nonlocal is_text, is_reading
        is_text = element == "t"
        is_reading = is_reading or element == "rPh"

    def end(element: str) -> None:
        nonlocal is_text, is_reading
        is_text = False
        if element == "rPh":
            is_reading = False
        elif element == "si":
            texts.append(unescape("".join(pieces)))
            pieces.clear()

    def text(piece: str) -> None:
        if is_text and not is_reading and len(pieces) < TEXT_PIECES_MAX:
            pieces.append(piece)

    xml = Xml(start, end, text)
    for block in blocks:
        xml.feed(block)
    xml.feed(b"", last=True)


def _shows_date(code: str) -> bool:
    first = _NOT_LETTERS_OF_FORMAT.sub("", code.partition(";")[0].lower())
    return any(letter in first for letter in "ymdhs")


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0
