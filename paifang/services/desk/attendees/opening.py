"""A file made out to be CSV or XLSX by its content, and its header row found."""

import os
from contextlib import closing
from itertools import takewhile
from typing import BinaryIO, Final, NamedTuple

from paifang.core.limits import IMPORT_COLUMNS_MAX, IMPORT_FILE_BYTES_MAX
from paifang.services.desk.attendees.columns import count_known
from paifang.services.desk.attendees.csv_source import CsvSource
from paifang.services.desk.attendees.faults import FileError
from paifang.services.desk.attendees.raw import BLOCK_BYTES, HEADER_WITHIN_ROWS
from paifang.services.desk.attendees.xlsx_source import XlsxSource

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
_OTHER_KINDS: Final = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"{\\rtf", b"PK\x05\x06", b"\x1f\x8b")
_MARKUP: Final = (b"<html", b"<!doctype", b"<?xml", b"<table", b"<meta")

Source = CsvSource | XlsxSource


class Header(NamedTuple):
    """Where the header row stands, how many rows of the source end with it, and its cells."""

    line: int
    passed: int
    cells: tuple[str, ...]


def open_source(stream: BinaryIO) -> Source:
    """Return the rows of a file, told by its content. Raises FileError."""
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


def find_header(source: Source) -> Header:
    """Find the header row. Raises FileError if none of the first rows can be one."""
    best, known, seen = best_header(source)
    if not known:
        raise FileError("no_header" if seen else "empty")
    return best


def best_header(source: Source) -> tuple[Header, int, int]:
    """Look for the header row: of the first rows the one that names the most columns.

    Returns:
        That row, the first one if none names any; how many columns it names; how many rows there
        were to choose from.
    """
    best, best_known, seen = Header(0, 0, ()), 0, 0
    with closing(source.rows()) as raw_rows:
        for passed_, raw in enumerate(raw_rows, start=1):
            if raw.is_blank:
                continue
            if raw.fault == "row_too_long":
                _refuse_width(raw.text.count(source.delimiter))
            known = count_known(raw.cells)
            if known > best_known or not best.line:
                best, best_known = Header(raw.line, passed_, raw.cells), known
            seen += 1
            if seen == HEADER_WITHIN_ROWS:
                break
    return best, best_known, seen


def passed(source: Source, line: int) -> int:
    """Count the rows of a source that end with a line."""
    with closing(source.rows()) as raw_rows:
        return sum(1 for _ in takewhile(lambda raw: raw.line <= line, raw_rows))


def check_rows(source: Source, header_line: int, rows_max: int) -> None:
    """Raise FileError if there are too many rows below the header."""
    if source.rows_at_most <= rows_max:
        return
    # Blank rows and line breaks within cells are not rows: count what is.
    rows = sum(not raw.is_blank and raw.line > header_line for raw in source.rows())
    if rows > rows_max:
        raise FileError("too_many_rows", rows=rows, limit=rows_max)


def _refuse_width(cells: int) -> None:
    if cells > IMPORT_COLUMNS_MAX:
        raise FileError("too_many_columns", limit=IMPORT_COLUMNS_MAX)
