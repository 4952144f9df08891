"""Rows of a CSV file (RFC 4180, with comma, semicolon or tab) in constant memory."""

import csv
import io
import itertools
from collections import deque
from collections.abc import Generator
from contextlib import suppress
from typing import BinaryIO, Final

from paifang.services.desk.attendees import encodings
from paifang.services.desk.attendees.cells import import_plain
from paifang.services.desk.attendees.columns import count_known
from paifang.services.desk.attendees.raw import HEADER_WITHIN_ROWS, ROW_CHARS_MAX, RawRow

_DELIMITERS: Final = (",", ";", "\t")
_END_OF_DATA: Final = "unexpected end of data"


class _RowTooLongError(Exception):
    """One line, or the lines held together by a quotation mark, go beyond `ROW_CHARS_MAX`."""


class _Lines:
    """The lines of one record at a time, for csv.reader: bounded, and able to be read again."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._waiting: deque[str] = deque()
        self._chars = 0
        self.record: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._text.readline(ROW_CHARS_MAX + 1)
        if not line:
            raise StopIteration
        self.record.append(line)
        self._chars += len(line)
        if self._chars > ROW_CHARS_MAX:
            raise _RowTooLongError
        return line

    def begin_record(self) -> None:
        self.record = []
        self._chars = 0

    def refuse_record(self) -> str:
        """Return the first line of the record; all others are read again, as rows of their own."""
        first, *others = self.record
        self._waiting.extendleft(reversed(others))
        part = first
        while len(part) > ROW_CHARS_MAX and part[-1] not in "\r\n":
            # Of a line too long to keep, what is left of it is passed over.
            part = self._text.readline(ROW_CHARS_MAX + 1)
        return first.rstrip("\r\n")


class CsvSource:
    """The rows of a CSV file.

    Args:
        stream: The file; stays open when this is done with it.

    Raises:
        FileError: Its encoding cannot be told, or it is no text.
    """

    kind: Final = "csv"

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._format = encodings.sniff(stream)
        self.encoding = self._format.name
        self.rows_at_most = self._format.lines
        self.delimiter = self._find_delimiter()

    def rows(self) -> Generator[RawRow, None, None]:
        """Yield all rows from the start of the file, blank ones too."""
        text = self._text()
        try:
            yield from self._split(_Lines(text))
        finally:
            if not self._stream.closed:
                text.detach()

    def close(self) -> None:
        """Nothing to give back: the stream is its opener's."""

    def _split(self, lines: _Lines) -> Generator[RawRow, None, None]:
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        is_gb18030 = self._format.codec == "gb18030"
        # After a row whose quotation marks do not match, nobody knows whether a line begins a row
        # or goes on within a cell. Reading resumes at the first that can only be the former.
        width, in_doubt = 0, False
        for line in itertools.count(1):
            lines.begin_record()
            fault = ""
            cells: list[str] = []
            try:
                cells = next(reader)
            except StopIteration:
                return
            except _RowTooLongError:
                fault = "row_too_long" if len(lines.record) == 1 else "unclosed"
            except csv.Error as error:
                fault = "unclosed" if str(error) == _END_OF_DATA else "quoting"
            if not fault and in_doubt and (len(cells) != width or any('"' in c for c in cells)):
                fault = "after_quoting"
            if fault:
                in_doubt = in_doubt or fault != "row_too_long"
                yield RawRow(line, (), fault=fault, text=lines.refuse_record())
                continue
            width, in_doubt = len(cells), False
            if is_gb18030:
                cells = [encodings.repair(cell) for cell in cells]
            yield RawRow(line, tuple(map(import_plain, cells)))

    def _text(self) -> io.TextIOWrapper:
        self._stream.seek(0)
        return io.TextIOWrapper(self._stream, encoding=self._format.codec, newline="")

    def _find_delimiter(self) -> str:
        """Take the one by which the first lines name most known columns, else have most cells."""
        text = self._text()
        head = [text.readline(ROW_CHARS_MAX) for _ in range(HEADER_WITHIN_ROWS)]
        text.detach()

        return max(_DELIMITERS, key=lambda delimiter: _count_columns(head, delimiter))


def _count_columns(lines: list[str], delimiter: str) -> tuple[int, int]:
    """Count the known columns and the cells of the widest rows, as far as the lines make rows."""
    known = cells = 0
    with suppress(csv.Error):
        for row in csv.reader(lines, delimiter=delimiter):
            known, cells = max(known, count_known(row)), max(cells, len(row))
    return known, cells
