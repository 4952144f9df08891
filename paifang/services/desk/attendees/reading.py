"""A list of attendees as a file: CSV or XLSX told by its content, read row by row."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

from paifang.core.limits import IMPORT_ROWS_MAX
from paifang.services.desk.attendees.columns import Chosen, chosen_columns, read_header
from paifang.services.desk.attendees.faults import FileError, RowError
from paifang.services.desk.attendees.opening import (
    Header,
    Source,
    check_rows,
    find_header,
    open_source,
    passed,
)
from paifang.services.desk.attendees.raw import RawRow
from paifang.services.desk.attendees.repeats import Repeats
from paifang.services.desk.attendees.rows import AttendeeRow, read_row


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

    def __init__(
        self,
        source: Source,
        today: date,
        rows_max: int,
        chosen: Chosen | None = None,
    ) -> None:
        self.kind = source.kind
        self.encoding = source.encoding
        self.delimiter = source.delimiter
        self._today = today
        self._source = source
        if chosen is None:
            found = find_header(source)
            self.columns = read_header(found.cells)
        else:
            self.columns = chosen_columns(chosen)
            found = Header(chosen.header_line, passed(source, chosen.header_line), chosen.header)
        check_rows(source, found.line, rows_max)
        self._header_line = found.line
        self.total = source.rows_at_most - found.passed
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
    path: Path,
    *,
    today: date,
    rows_max: int = IMPORT_ROWS_MAX,
    chosen: Chosen | None = None,
) -> Iterator[AttendeeList]:
    """Open a list of attendees; all of the file is looked at before the first row is given out.

    Args:
        path: CSV or XLSX; the name's ending does not matter.
        today: The day against which dates of birth in document numbers are held.
        rows_max: More rows are refused.
        chosen: What somebody said of the columns; without it their names are read.

    Raises:
        FileError: The file as a whole cannot be read; its code says why.
        OSError: The file cannot be opened.
    """
    with path.open("rb") as stream:
        source = open_source(stream)
        try:
            yield AttendeeList(source, today, rows_max, chosen)
        finally:
            source.close()
