"""Lists given out as CSV or XLSX: bounded, written as they are read, harmless in a spreadsheet.

A text never becomes a formula: in CSV an apostrophe stands before what a program would compute with
(`export_safe`, taken away again by an import), in XLSX every text is a cell of text. Moments are
written in the clock of the place, without an offset that no spreadsheet understands.
"""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import IO, Final

import xlsxwriter  # type: ignore[import-untyped]

from paifang.core import limits
from paifang.services.desk import audit
from paifang.services.desk.attendees import export_safe
from paifang.services.desk.permissions import Act, Actor

Cell = str | int | float | date | datetime | None
Row = Sequence[Cell]

_BLOCK_ROWS: Final = 500
_BLOCK_BYTES: Final = 256 * 1024
_WIDTH_MAX: Final = 40
_EXCEL_BEGINS: Final = date(1900, 3, 1)
"""Before it, Excel's calendar has a day that never was; such dates are written as text."""


class Format(StrEnum):
    """What a list can be had as."""

    csv = "csv"
    xlsx = "xlsx"


ROWS_MAX: Final = {
    Format.csv: limits.EXPORT_ROWS_MAX,
    Format.xlsx: limits.EXPORT_WORKBOOK_ROWS_MAX,
}


class TooManyRows(Exception):
    """The list is longer than what is given out in this form; a filter makes it shorter."""

    def __init__(self, rows: int, rows_max: int) -> None:
        """Keep both numbers."""
        super().__init__(f"{rows} rows, at most {rows_max}")
        self.rows = rows
        self.rows_max = rows_max


def export(
    what: str,
    header: Sequence[str],
    rows: Iterable[Row],
    *,
    count: int,
    fmt: Format,
    zone: tzinfo,
    by: Actor,
    act: Act = Act.export_people,
) -> Iterator[bytes]:
    """Return the bytes of a list, and write down who took it.

    Args:
        what: Which list, as a stable word for the audit and the file's name.
        header: The columns' names in the reader's language.
        rows: The rows; read while they are sent, so they should come from an iterator.
        count: How many there are.
        fmt: As what.
        zone: The clock of the place, for moments.
        by: Who takes it.
        act: What that needs; lists without people may ask for less than `export_people`.

    Raises:
        NotPermitted: They may not.
        TooManyRows: The list is too long for this form; nothing was read.
    """
    by.require(act)
    if count > ROWS_MAX[fmt]:
        raise TooManyRows(count, ROWS_MAX[fmt])
    audit.record("export", who=by.name, subject=f"{what} {count} {fmt}", where=by.where)
    if fmt is Format.csv:
        return csv_stream(header, rows, zone)
    return _blocks(workbook(header, rows, zone))


def csv_stream(header: Sequence[str], rows: Iterable[Row], zone: tzinfo) -> Iterator[bytes]:
    """Yield a CSV file in UTF-8 with the byte order mark by which Excel knows it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    text.write("\ufeff")
    writer.writerow([export_safe(name) for name in header])
    for number, row in enumerate(rows, 1):
        writer.writerow([_as_text(cell, zone) for cell in row])
        if number % _BLOCK_ROWS == 0:
            yield _taken(text)
    yield _taken(text)


def workbook(header: Sequence[str], rows: Iterable[Row], zone: tzinfo) -> IO[bytes]:
    """Return an XLSX file, open at its beginning; it has no name and is gone once it is closed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the reader closes it
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    try:
        with xlsxwriter.Workbook(file, options) as book:
            _fill(book, header, rows, zone)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _fill(
    book: xlsxwriter.Workbook, header: Sequence[str], rows: Iterable[Row], zone: tzinfo
) -> None:
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(header):
        sheet.set_column(place, place, min(max(2 * len(name), 12), _WIDTH_MAX))
        sheet.write_string(0, place, name, bold)
    for number, row in enumerate(rows, 1):
        for place, cell in enumerate(row):
            if isinstance(cell, datetime) and cell.date() >= _EXCEL_BEGINS:
                sheet.write_datetime(number, place, _local(cell, zone), moment)
            elif (
                isinstance(cell, date) and not isinstance(cell, datetime) and cell >= _EXCEL_BEGINS
            ):
                sheet.write_datetime(number, place, cell, day)
            elif isinstance(cell, int | float):
                sheet.write_number(number, place, cell)
            elif cell is not None and cell != "":
                sheet.write_string(number, place, _plain(cell, zone))


def _as_text(cell: Cell, zone: tzinfo) -> str:
    """Return a cell as it stands in CSV: only what is text can be mistaken for a formula."""
    if isinstance(cell, str):
        return export_safe(cell)
    return "" if cell is None else _plain(cell, zone)


def _plain(cell: str | float | date, zone: tzinfo) -> str:
    if isinstance(cell, datetime):
        return f"{_local(cell, zone):%Y-%m-%d %H:%M:%S}"
    return str(cell)


def _local(moment: datetime, zone: tzinfo) -> datetime:
    """Return a moment as the clock on the wall shows it; a naive one is that already."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(zone).replace(tzinfo=None)
    return moment


def _taken(text: io.StringIO) -> bytes:
    block = text.getvalue().encode("utf-8", "replace")
    text.seek(0)
    text.truncate()
    return block


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK_BYTES):
            yield block
