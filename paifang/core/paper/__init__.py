"""What stands where on a paper ticket: layouts, faces and lines, as plain values in millimetres.

Nothing is drawn here. `services.desk.paper` turns the values into pages.
"""

from paifang.core.paper.drawing import Bar, Code, Element, Symbol, Text, Weight
from paifang.core.paper.layouts import LAYOUTS, Layout, Page, pages_of
from paifang.core.paper.tickets import PaperTicket, Words, longest_named
from paifang.core.paper.writing import clusters, is_right_to_left, lines_of, printable

__all__ = [
    "LAYOUTS",
    "Bar",
    "Code",
    "Element",
    "Layout",
    "Page",
    "PaperTicket",
    "Symbol",
    "Text",
    "Weight",
    "Words",
    "clusters",
    "is_right_to_left",
    "lines_of",
    "longest_named",
    "pages_of",
    "printable",
]
