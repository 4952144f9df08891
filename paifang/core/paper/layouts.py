"""The layouts to choose from, and the pages that tickets make in one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from paifang.core.paper.drawing import Bar, Code, Element, Text
from paifang.core.paper.faces import card_face, home_face, roll_face, small_face, wrist_face
from paifang.core.paper.tickets import PaperTicket, Words

Face = Callable[[PaperTicket, Sequence[Words]], Iterator[Element]]
CUT: Final = 0.2
_MARK: Final = 5.0
_GAP: Final = 1.5


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout: a page, and how many tickets of which size and face stand on it.

    Lengths are millimetres. `turned` pages are fed to the printer narrow side first, so what is
    read along the length stands a quarter turn on them.
    """

    slug: str
    width: float
    height: float
    ticket_width: float
    ticket_height: float
    face: Face
    columns: int = 1
    rows: int = 1
    turned: bool = False

    @property
    def per_page(self) -> int:
        """How many tickets one page holds."""
        return self.columns * self.rows

    def alone(self) -> "Layout":
        """Return the layout of one of its tickets, without the sheet around it."""
        if self.per_page == 1:
            return self
        return replace(self, width=self.ticket_width, height=self.ticket_height, columns=1, rows=1)


class Page(NamedTuple):
    """One page: what is drawn on it, and the number of its first ticket and of its tickets."""

    elements: tuple[Element, ...]
    first: int
    tickets: int


SHEET: Final = Layout("a4-sheet", 210, 297, 95, 66, small_face, columns=2, rows=4)
CARD: Final = Layout("a6", 105, 148, 105, 148, card_face)
ROLL: Final = Layout("roll-80", 80, 159, 80, 159, roll_face)
WRIST: Final = Layout("wristband", 25, 254, 254, 25, wrist_face, turned=True)
HOME: Final = Layout("a4-home", 210, 297, 210, 297, home_face)

LAYOUTS: Final[Mapping[str, Layout]] = {
    layout.slug: layout for layout in (SHEET, CARD, ROLL, WRIST, HOME)
}
"""By their names in addresses, in the order they are offered."""


def pages_of(
    layout: Layout, tickets: Sequence[PaperTicket], words: Sequence[Words]
) -> Iterator[Page]:
    """Yield the pages of tickets, in their order; `words` are those of the languages chosen."""
    for first in range(0, len(tickets), layout.per_page):
        here = tickets[first : first + layout.per_page]
        elements: list[Element] = []
        for place, ticket in enumerate(here):
            row, column = divmod(place, layout.columns)
            x, y = _corner(layout, column, row)
            elements += [_moved(one, x, y) for one in layout.face(ticket, words)]
        yield Page((*elements, *cut_marks(layout)), first, len(here))


def cut_marks(layout: Layout) -> Iterator[Bar]:
    """Yield the marks a sheet is cut at: in its margin, and a small cross between four tickets."""
    if layout.per_page == 1:
        return
    left, top = _corner(layout, 0, 0)
    right, bottom = _corner(layout, layout.columns, layout.rows)
    ends = (left - _GAP - _MARK, right + _GAP), (top - _GAP - _MARK, bottom + _GAP)
    for column in range(layout.columns + 1):
        x = left + column * layout.ticket_width - CUT / 2
        for y in ends[1]:
            yield Bar(x, y, CUT, _MARK)
        if 0 < column < layout.columns:
            for row in range(1, layout.rows):
                yield Bar(x, top + row * layout.ticket_height - 1.5, CUT, 3)
    for row in range(layout.rows + 1):
        y = top + row * layout.ticket_height - CUT / 2
        for x in ends[0]:
            yield Bar(x, y, _MARK, CUT)
        if 0 < row < layout.rows:
            for column in range(1, layout.columns):
                yield Bar(left + column * layout.ticket_width - 1.5, y, 3, CUT)


def _corner(layout: Layout, column: int, row: int) -> tuple[float, float]:
    """Return where a ticket's upper left corner is; the tickets stand in the middle of the page."""
    if layout.turned:
        return 0.0, 0.0
    return (
        (layout.width - layout.columns * layout.ticket_width) / 2 + column * layout.ticket_width,
        (layout.height - layout.rows * layout.ticket_height) / 2 + row * layout.ticket_height,
    )


def _moved(element: Element, x: float, y: float) -> Element:
    if isinstance(element, Text):
        return element._replace(x=element.x + x, y=element.y + y)
    if isinstance(element, Code):
        return element._replace(x=element.x + x, y=element.y + y)
    return element._replace(x=element.x + x, y=element.y + y)
