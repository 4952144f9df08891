"""The elements a page is made of. Lengths are millimetres, type sizes points, y runs downwards."""

from enum import StrEnum
from typing import NamedTuple


class Weight(StrEnum):
    """How heavy type is."""

    regular = "regular"
    bold = "bold"


class Symbol(StrEnum):
    """A kind of code a scanner reads."""

    qr = "qr"
    code128 = "code128"


class Text(NamedTuple):
    """Text in a box, as large as it fits: first on one line, then on more, never cut.

    Attributes:
        x: Left edge of the box.
        y: Upper edge.
        width: Of the box.
        height: Of the box.
        lines: Ways to break the text, the one with fewest lines first.
        size: The size it has if it fits.
        floor: The size below which it goes on to more lines. Only if no way fits at the floor is
            it set smaller than that, in the way that leaves it largest.
        weight: How heavy.
        align: `left`, `center` or `right`.
        vertical: `top`, `horizon` (the middle) or `bottom`.
        light: Whether it is white, on a dark bar.
        grey: Whether it may step back behind the rest.
        code: Whether it is figures in groups, set apart a little.
    """

    x: float
    y: float
    width: float
    height: float
    lines: tuple[tuple[str, ...], ...]
    size: float
    floor: float
    weight: Weight = Weight.regular
    align: str = "left"
    vertical: str = "top"
    light: bool = False
    grey: bool = False
    code: bool = False


class Code(NamedTuple):
    """A code in a box, which is filled; the quiet zone around it is the layout's to keep."""

    x: float
    y: float
    width: float
    height: float
    symbol: Symbol
    value: str


class Bar(NamedTuple):
    """A filled rectangle: a band, or a line of its own thickness. `dashed` lines are cut."""

    x: float
    y: float
    width: float
    height: float
    grey: bool = False
    dashed: bool = False


Element = Text | Code | Bar
