"""What a source hands over: one row as it stands in the file, before anything is made of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

NO_MARKS: Final[Mapping[int, str]] = MappingProxyType({})

ROW_CHARS_MAX: Final = 100_000
"""Characters of one row of a CSV file: 64 cells of 500, three times over. Below the 131,072 at
which the csv module of the standard library refuses a cell."""

HEADER_WITHIN_ROWS: Final = 10
"""How far down the header row may stand; titles and notes often come before it."""

BLOCK_BYTES: Final = 256 * 1024
"""How much of a file is looked at in one go."""


class RawRow(NamedTuple):
    """One row of the file.

    Attributes:
        line: The row's number from 1, as a spreadsheet program shows it.
        cells: The texts of its cells, not cleaned.
        marks: Place of a cell to what is wrong with it (a code of `ROW_FAULTS`).
        fault: What is wrong with the row as a whole, or empty.
        text: The row's text, if `fault` says that it could not be split into cells.
    """

    line: int
    cells: tuple[str, ...]
    marks: Mapping[int, str] = NO_MARKS
    fault: str = ""
    text: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing at all stands in the row. Such rows are passed over in silence."""
        return not self.fault and not self.marks and not any(cell.strip() for cell in self.cells)
