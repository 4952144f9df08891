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
    again until somebody has put something in its place. The file may be read by those who may read
    the list. Without an error no file is left, nor one of an import before.

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
        self._names = [words[is_chinese] for words in OWN_COLUMNS.values()]

    def __enter__(self) -> Self:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".", suffix=SUFFIX)
        self._draft = Path(name)
        self._file = os.fdopen(handle, "w", encoding="utf-8-sig", newline="", errors="replace")
        self._writer = csv.writer(self._file)
        self._writer.writerow([*self._names, *self._own_cells(self._columns.header)])
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
        place = self._columns.places.get(error.field)
        column = "" if place is None else clean(self._columns.header[place])
        reason = error.words(self._translate, column)
        about = (str(error.line), error.code, reason, error.text)
        self._writer.writerow([export_safe(cell) for cell in (*about, *self._cells(error))])

    def _cells(self, error: RowError) -> list[str]:
        width = len(self._columns.header)
        if error.text:
            return self._own_cells([_UNSPLIT_ROW] * width)
        cells = [*error.raw, *[""] * (width - len(error.raw))]
        if error.code in _REFUSED_CELL:
            cells[self._columns.places[error.field]] = _REFUSED_CELL[error.code]
        return self._own_cells(cells)

    def _own_cells(self, cells: Sequence[str]) -> list[str]:
        """The list's cells without the columns that an error file before this one added."""
        return [cell for place, cell in enumerate(cells) if place not in self._columns.own]
