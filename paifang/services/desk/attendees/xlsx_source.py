"""Rows of the first sheet of an XLSX workbook, in constant memory."""

import functools
import re
from collections.abc import Generator
from datetime import datetime, timedelta
from typing import BinaryIO, Final

from paifang.core.limits import IMPORT_COLUMNS_MAX
from paifang.services.desk.attendees.cells import import_plain
from paifang.services.desk.attendees.faults import FileError
from paifang.services.desk.attendees.raw import RawRow
from paifang.services.desk.attendees.workbook import (
    TEXT_PIECES_MAX,
    Attributes,
    Workbook,
    Xml,
    unescape,
)

_ROW_TAG: Final = re.compile(rb"<(?:[^\s<>/:]{1,32}:)?row[\s/>]")
_ROW_TAG_BYTES: Final = 40
_ROWS_OF_FORMAT_MAX: Final = 1_048_576
_CELL_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_EXACT_NUMBER: Final = re.compile(r"-?[0-9]{1,40}")
_EXACT_DIGITS: Final = 10**15
_DAY: Final = timedelta(days=1)


class XlsxSource:
    """The rows of a workbook's first sheet.

    Cells are given as they are shown where that is what counts: whole numbers without ".0" and with
    the leading zeros of their format, dates as ``2026-10-01`` or ``2026-10-01 09:30``. The stored
    result of a formula is never used: it is whatever the last program left there.

    Args:
        stream: The file; stays open when this is done with it.

    Raises:
        FileError: It is no workbook, or a damaged one.
    """

    kind: Final = "xlsx"
    encoding: Final = "UTF-8"
    delimiter: Final = ""

    def __init__(self, stream: BinaryIO) -> None:
        self._book = Workbook(stream)
        try:
            self.rows_at_most = self._count_row_tags()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give back what the workbook's texts took."""
        self._book.close()

    def rows(self) -> Generator[RawRow, None, None]:
        """Yield the rows of the sheet that hold any cell, in their order."""
        sheet = _Sheet(self._book)
        xml = Xml(sheet.start, sheet.end, sheet.text)
        for block in self._book.sheet_blocks():
            xml.feed(block)
            yield from sheet.take()
        xml.feed(b"", last=True)
        yield from sheet.take()

    def _count_row_tags(self) -> int:
        """Count the rows quickly; reads all of the sheet, and so checks that all of it is there."""
        count, tail = 0, b""
        for block in self._book.sheet_blocks():
            seen = tail + block
            last = None
            for last in _ROW_TAG.finditer(seen):  # noqa: B007 - the last one is used below
                count += 1
            begin = max(len(seen) - _ROW_TAG_BYTES, last.end() if last else 0)
            tail = seen[begin:]
        return count


class _Sheet:
    """Puts rows together from the events of the parser."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._done: list[RawRow] = []
        self._line = 0
        self._cells: list[str] = []
        self._marks: dict[int, str] = {}
        self._place = -1
        self._cell: Attributes = {}
        self._formula: list[str] | None = None
        self._value: list[str] = []
        self._pieces: list[str] | None = None
        self._is_reading = False

    def take(self) -> list[RawRow]:
        done, self._done = self._done, []
        return done

    def start(self, element: str, attributes: Attributes) -> None:
        if element == "c":
            self._begin_cell(attributes)
        elif element in {"v", "t"}:
            self._pieces = None if self._is_reading else self._value
        elif element == "f":
            self._pieces = self._formula = []
        elif element == "row":
            self._begin_row(attributes)
        elif element == "rPh":
            self._is_reading = True

    def text(self, piece: str) -> None:
        if self._pieces is not None and len(self._pieces) < TEXT_PIECES_MAX:
            self._pieces.append(piece)

    def end(self, element: str) -> None:
        self._pieces = None
        if element == "c":
            self._end_cell()
        elif element == "row":
            self._done.append(RawRow(self._line, tuple(self._cells), self._marks))
        elif element == "rPh":
            self._is_reading = False

    def _begin_row(self, attributes: Attributes) -> None:
        number = attributes.get("r", str(self._line + 1))
        if not number.isascii() or not number.isdigit() or len(number) > 7:
            raise FileError("damaged_workbook", detail=f"no row number after row {self._line}")
        if not self._line < int(number) <= _ROWS_OF_FORMAT_MAX:
            raise FileError("damaged_workbook", detail=f"row {number} after row {self._line}")
        self._line = int(number)
        self._cells, self._marks, self._place = [], {}, -1

    def _begin_cell(self, attributes: Attributes) -> None:
        reference = _CELL_REFERENCE.fullmatch(attributes.get("r", ""))
        place = _place(reference[1]) if reference else self._place + 1
        if place <= self._place:
            raise FileError("damaged_workbook", detail=f"cells out of order in row {self._line}")
        self._place, self._cell = place, attributes
        self._formula, self._value = None, []

    def _end_cell(self) -> None:
        # One more than is read, so that a row with too many cells shows itself.
        place = min(self._place, IMPORT_COLUMNS_MAX)
        text, mark = self._read_cell()
        if not text and not mark:
            return
        self._cells.extend([""] * (place + 1 - len(self._cells)))
        self._cells[place] = text
        if mark:
            self._marks[place] = mark

    def _read_cell(self) -> tuple[str, str]:
        """Return the text of the cell just ended, and what is wrong with it, if anything."""
        if self._formula is not None:
            return "=" + "".join(self._formula), "formula"
        kind, value = self._cell.get("t", "n"), "".join(self._value)
        if not value:
            return "", ""
        if kind in {"str", "inlineStr"}:
            return import_plain(unescape(value)), ""
        if kind == "s":
            try:
                return import_plain(self._book.texts[int(value)]), ""
            except (ValueError, IndexError) as error:
                raise FileError(
                    "damaged_workbook", detail=f"row {self._line} names a text that is not there"
                ) from error
        if kind == "b":
            return ("TRUE" if value == "1" else "FALSE"), ""
        if kind == "e":
            return value, "cell_error"
        if kind == "d":
            return value.replace("T", " "), ""
        return self._read_number(value)

    def _read_number(self, value: str) -> tuple[str, str]:
        style = self._cell.get("s", "0")
        style_no = int(style) if style.isascii() and style.isdigit() else 0
        if style_no in self._book.dates:
            return _as_date(value, is_1904=self._book.epoch_1904)
        padding = self._book.paddings.get(style_no, 0)
        if _EXACT_NUMBER.fullmatch(value):
            return value.zfill(padding), ""
        try:
            number = float(value)
        except ValueError:
            return value, "unreadable"
        if not abs(number) < _EXACT_DIGITS:
            # A spreadsheet keeps 15 digits of a number; the rest of an ID number is gone.
            return value, "number_shortened"
        return (str(int(number)).zfill(padding) if number.is_integer() else repr(number)), ""


@functools.lru_cache(maxsize=256)
def _place(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _as_date(value: str, *, is_1904: bool) -> tuple[str, str]:
    """Show days since the workbook's epoch as ISO 8601 does, with a blank before the time."""
    try:
        seconds = round(float(value) * 86_400)
        # Day 60 is 29 February 1900, which never was; before it nobody is registered.
        moment = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - no zone
        moment += timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return value, "unreadable"
    if seconds < 0:
        return value, "unreadable"
    if seconds < _DAY.total_seconds():
        return moment.strftime("%H:%M"), ""
    return moment.strftime("%Y-%m-%d" if seconds % 86_400 == 0 else "%Y-%m-%d %H:%M"), ""
