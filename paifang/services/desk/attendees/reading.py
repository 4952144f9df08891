"""A list of attendees as a file: CSV or XLSX told by its content, read row by row."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final

from paifang.core.limits import IMPORT_COLUMNS_MAX, IMPORT_FILE_BYTES_MAX, IMPORT_ROWS_MAX
from paifang.services.desk.attendees.columns import Columns, count_known, read_header
from paifang.services.desk.attendees.csv_source import CsvSource
from paifang.services.desk.attendees.faults import FileError, RowError
from paifang.services.desk.attendees.raw import BLOCK_BYTES, HEADER_WITHIN_ROWS, RawRow
from paifang.services.desk.attendees.repeats import Repeats
from paifang.services.desk.attendees.rows import AttendeeRow, read_row
from paifang.services.desk.attendees.xlsx_source import XlsxSource

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
_OTHER_KINDS: Final = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"{\\rtf", b"PK\x05\x06", b"\x1f\x8b")
_MARKUP: Final = (b"<html", b"<!doctype", b"<?xml", b"<table", b"<meta")


class AttendeeList:
    """An opened list; iterate over it once.

    Attributes:
        kind: `csv` or `xlsx`.
        encoding: `UTF-8`, `UTF-16` or `GB18030`.
        delimiter: What separates the cells of a CSV list; empty for a workbook.
        columns: What the header row says, with the columns that are not read.
        total: Rows below the header, blank ones included where they are: never too low, for a
            progress bar.
        position: How many of them were passed so far.
        rows: Attendees and errors given out so far.
        rejected: Errors among them.
        duplicates: Attendees among them that were given out before, word for word.
        cells: The cells of the row given out last, as they stood in the file.
    """

    def __init__(self, source: CsvSource | XlsxSource, today: date, rows_max: int) -> None:
        self.kind = source.kind
        self.encoding = source.encoding
        self.delimiter = source.delimiter
        self._today = today
        self._source = source
        header_line, passed, self.columns = _find_header(source)
        if source.rows_at_most > rows_max:
            # Blank rows and line breaks within cells are not rows: count what is.
            rows = sum(not raw.is_blank and raw.line > header_line for raw in source.rows())
            if rows > rows_max:
                raise FileError("too_many_rows", rows=rows, limit=rows_max)
        self._header_line = header_line
        self.total = source.rows_at_most - passed
        self.position = self.rows = self.rejected = self.duplicates = 0
        self.cells: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[AttendeeRow | RowError]:
        """Yield the rows that are not blank, each as an attendee or as the reason why not.

        Raises:
            FileError: The file is damaged, or was changed since it was opened.
        """
        both = "reference" in self.columns.places and "serial" in self.columns.places
        repeats = Repeats(self.total, keys_per_row=2 if both else 1)
        with closing(self._source.rows()) as raw_rows:
            for raw in raw_rows:
                if raw.line <= self._header_line:
                    continue
                self.position += 1
                if self.position > self.total:
                    raise FileError("changed")
                if raw.is_blank:
                    continue
                row = self._check(raw, repeats)
                self.cells = raw.cells
                self.rows += 1
                self.rejected += isinstance(row, RowError)
                yield row

    def _check(self, raw: RawRow, repeats: Repeats) -> AttendeeRow | RowError:
        row = read_row(raw, self.columns, self._today)
        if isinstance(row, RowError):
            return row
        before = repeats.find_or_add(row)
        if before is None:
            return row
        shared, line = before
        if not shared:
            self.duplicates += 1
            return row
        field = "name" if shared == "person" else shared
        return RowError(raw.line, f"duplicate_{shared}", field, {"first": str(line)}, raw.cells)


@contextmanager
def open_list(
    path: Path, *, today: date, rows_max: int = IMPORT_ROWS_MAX
) -> Iterator[AttendeeList]:
    """Open a list of attendees; all of the file is looked at before the first row is given out.

    Args:
        path: CSV or XLSX; the name's ending does not matter.
        today: The day against which dates of birth in document numbers are held.
        rows_max: More rows are refused.

    Raises:
        FileError: The file as a whole cannot be read; its code says why.
        OSError: The file cannot be opened.
    """
    with path.open("rb") as stream:
        source = _open_source(stream)
        try:
            yield AttendeeList(source, today, rows_max)
        finally:
            source.close()


def _open_source(stream: BinaryIO) -> CsvSource | XlsxSource:
    size = os.fstat(stream.fileno()).st_size
    if size > IMPORT_FILE_BYTES_MAX:
        raise FileError("too_large", size=size, limit=IMPORT_FILE_BYTES_MAX)
    head = stream.read(BLOCK_BYTES)
    if not head.strip(b"\xef\xbb\xbf\r\n\t ,;"):
        raise FileError("empty")
    if head.startswith(_ZIP):
        return XlsxSource(stream)
    if head.startswith(_OLE):
        raise FileError("password_protected" if _is_encrypted(stream) else "old_workbook")
    if head.startswith(_OTHER_KINDS) or head.lstrip()[:10].lower().startswith(_MARKUP):
        raise FileError("not_a_list")
    return CsvSource(stream)


def _is_encrypted(stream: BinaryIO) -> bool:
    """Whether an OLE file is an encrypted XLSX (MS-OFFCRYPTO 2.3.4.4) and not an old XLS."""
    stream.seek(0)
    tail = b""
    while block := stream.read(BLOCK_BYTES):
        if _ENCRYPTED_PACKAGE in tail + block:
            return True
        tail = block[-len(_ENCRYPTED_PACKAGE) :]
    return False


def _find_header(source: CsvSource | XlsxSource) -> tuple[int, int, Columns]:
    """Find the header row: of the first rows the one that names the most columns.

    Returns:
        Its line, how many rows of the source end with it, and what it says.
    """
    best, best_known, best_passed = None, 0, 0
    seen = 0
    for passed, raw in enumerate(source.rows(), start=1):
        if raw.is_blank:
            continue
        if raw.fault == "row_too_long" and raw.text.count(source.delimiter) > IMPORT_COLUMNS_MAX:
            raise FileError("too_many_columns", limit=IMPORT_COLUMNS_MAX)
        known = count_known(raw.cells)
        if known > best_known:
            best, best_known, best_passed = raw, known, passed
        seen += 1
        if seen == HEADER_WITHIN_ROWS:
            break
    if best is None:
        raise FileError("empty" if not seen else "no_header")
    return best.line, best_passed, read_header(best.cells)
