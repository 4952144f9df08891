"""The rows that were not taken, as a file a person corrects and imports again."""

import csv
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from paifang.services.desk.attendees.cells import clean, export_safe
from paifang.services.desk.attendees.columns import OWN_COLUMNS, Columns
from paifang.services.desk.attendees.faults import RowError, Translate

SUFFIX: Final = ".errors.csv"
_REFUSED_CELL: Final = {"formula": "#FORMULA!"}
_UNSPLIT_ROW: Final = "#ROW!"


def errors_path(list_path: Path) -> Path:
    """Where the rows of a list go that were not taken: FILE.errors.csv."""
    return list_path.with_name(list_path.name + SUFFIX)


class ErrorsFile:
    """Writes FILE.errors.csv beside a list; nothing is there under that name until all of it is.

    UTF-8 with a byte order mark, because spreadsheet programs read CSV without one in the encoding
    of the machine. Its first columns give line, code, reason and, of a row that could not be split,
    its text; then the list's own cells, made safe by `export_safe`. A cell that held a formula, and
    every cell of a row that could not be split, holds an error value, so that the row is refused
    again until somebody has put something in its place. Columns that look like passwords are left
    out. The file may be read by those who may read the list. Without an error no file is left, nor
    one of an import before.

    Args:
        list_path: The list.
        columns: What its header says.
        translate: gettext of the reader's language.
        is_chinese: Whether the added columns have Chinese names.
    """

    def __init__(
        self, list_path: Path, columns: Columns, translate: Translate, *, is_chinese: bool = False
    ) -> None:
        self.path = errors_path(list_path)
        self.count = 0
        self._list_path = list_path
        self._columns = columns
        self._translate = translate
        self._is_chinese = is_chinese

    def __enter__(self) -> Self:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".", suffix=SUFFIX)
        self._draft = Path(name)
        self._file = os.fdopen(handle, "w", encoding="utf-8-sig", newline="", errors="replace")
        self._writer = csv.writer(self._file)
        self._writer.writerow(errors_header(self._columns, is_chinese=self._is_chinese))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with self._file:
                self._file.flush()
                os.fsync(self._file.fileno())
            if kind is None and self.count:
                shutil.copymode(self._list_path, self._draft)
                self._draft.replace(self.path)
            elif kind is None:
                self.path.unlink(missing_ok=True)
        finally:
            self._draft.unlink(missing_ok=True)

    def add(self, error: RowError) -> None:
        """Write one row that was not taken."""
        self.count += 1
        row = errors_row(error, self._columns, self._translate)
        self._writer.writerow([export_safe(cell) for cell in row])


def errors_header(columns: Columns, *, is_chinese: bool) -> list[str]:
    """Return the header of a list of rejected rows."""
    names = [words[is_chinese] for words in OWN_COLUMNS.values()]
    return [*names, *_own_cells(columns.header, columns)]


def errors_row(error: RowError, columns: Columns, translate: Translate) -> list[str]:
    """Return a rejected row: why it was not taken, then its cells."""
    place = columns.places.get(error.field)
    column = "" if place is None else clean(columns.header[place])
    about = (str(error.line), error.code, error.words(translate, column), error.text)
    return [*about, *_cells(error, columns)]


def _cells(error: RowError, columns: Columns) -> list[str]:
    width = len(columns.header)
    if error.text:
        return _own_cells([_UNSPLIT_ROW] * width, columns)
    cells = [*error.raw, *[""] * (width - len(error.raw))]
    if error.code in _REFUSED_CELL:
        cells[columns.places[error.field]] = _REFUSED_CELL[error.code]
    return _own_cells(cells, columns)


def _own_cells(cells: Sequence[str], columns: Columns) -> list[str]:
    """The list's cells without columns of an error file before this one, or passwords."""
    left_out = columns.own | columns.secret
    return [cell for place, cell in enumerate(cells) if place not in left_out]
