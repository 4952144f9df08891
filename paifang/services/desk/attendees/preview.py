"""How a list looks before anybody has said what its columns mean."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from paifang.core.limits import IMPORT_COLUMNS_MAX, IMPORT_ROWS_MAX
from paifang.services.desk.attendees.cells import clean
from paifang.services.desk.attendees.columns import is_secret, recognised
from paifang.services.desk.attendees.faults import FileError
from paifang.services.desk.attendees.opening import Source, best_header, check_rows, open_source


class Preview(NamedTuple):
    """The head of a list.

    Attributes:
        kind: `csv` or `xlsx`.
        encoding: As it was read.
        header_line: Where the header row seems to stand.
        header: Its cells, cleaned; as many as the widest row shown.
        recognised: What each column seems to mean, "" for what is not known.
        secret: Names of the columns that look like passwords.
        rows: The first rows below the header.
        rows_at_most: How many rows there are below it, never too few.
    """

    kind: str
    encoding: str
    header_line: int
    header: tuple[str, ...]
    recognised: tuple[str, ...]
    secret: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    rows_at_most: int


def preview_list(path: Path, *, rows: int, rows_max: int = IMPORT_ROWS_MAX) -> Preview:
    """Look at a list; all of it is looked at, but only its first rows are kept.

    Raises:
        FileError: The file as a whole cannot be read; its code says why.
        OSError: The file cannot be opened.
    """
    with path.open("rb") as stream:
        source = open_source(stream)
        try:
            return _previewed(source, rows, rows_max)
        finally:
            source.close()


def _previewed(source: Source, rows: int, rows_max: int) -> Preview:
    found, _known, seen = best_header(source)
    if not seen:
        raise FileError("empty")
    check_rows(source, found.line, rows_max)
    shown = tuple(_first_rows(source, found.line, rows))
    cells = _shown(found.cells)
    width = max(len(row) for row in (cells, *shown))
    if width > IMPORT_COLUMNS_MAX:
        raise FileError("too_many_columns", limit=IMPORT_COLUMNS_MAX)
    header = cells + ("",) * (width - len(cells))
    return Preview(
        kind=source.kind,
        encoding=source.encoding,
        header_line=found.line,
        header=header,
        recognised=recognised(header),
        secret=tuple(cell for cell in header if is_secret(cell)),
        rows=shown,
        rows_at_most=source.rows_at_most - found.passed,
    )


def _first_rows(source: Source, header_line: int, count: int) -> Iterator[tuple[str, ...]]:
    """Yield the cells of the first rows that can be split into cells."""
    with closing(source.rows()) as raw_rows:
        for raw in raw_rows:
            if raw.line > header_line and not raw.is_blank and not raw.fault:
                yield _shown(raw.cells)
                count -= 1
                if not count:
                    return


def _shown(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Return cells as they are shown, without the empty ones at the end."""
    shown = [clean(cell.replace("\0", "\ufffd")) for cell in cells]
    while shown and not shown[-1]:
        shown.pop()
    return tuple(shown)
