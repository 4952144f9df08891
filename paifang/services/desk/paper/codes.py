"""Codes as pictures made of lines, for paper: one unit a square or bar, nothing around them."""

import re
from collections.abc import Iterator
from typing import Any, Final

import zxingcpp

from paifang.core.paper import Symbol

CORRECTION: Final = "Q"
"""A quarter of the squares may be lost to folds and rain; a ticket's code needs no more squares
for it than for less."""

_HEAD: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" preserveAspectRatio="none">'
)
_DARK: Final = re.compile(rb"\x00+")
_FORMATS: Final = {
    Symbol.qr: zxingcpp.BarcodeFormat.QRCode,
    Symbol.code128: zxingcpp.BarcodeFormat.Code128,
}


def code_svg(symbol: Symbol, value: str) -> str:
    """Return a code as SVG, one path of one colour, to be stretched over its box.

    Its squares and bars are outlines. Strokes are half as long to write, but what draws a PDF may
    widen a pen to whole points of its screen, and then a weak reader misses one in a thousand.

    Raises:
        ValueError: The value cannot be written in this symbol.
    """
    options = {"ec_level": CORRECTION} if symbol is Symbol.qr else {}
    made = zxingcpp.create_barcode(value, _FORMATS[symbol], **options)
    image: Any = made.to_image(scale=1, add_quiet_zones=False)
    height, width = image.shape
    squares = bytes(memoryview(image).cast("B"))
    rows = height if symbol is Symbol.qr else 1
    path = "".join(
        f"M{start} {y}H{end}v1H{start}z"
        for y in range(rows)
        for start, end in _runs(squares[y * width : (y + 1) * width])
    )
    return _HEAD.format(width, rows) + f'<path d="{path}"/></svg>'


def _runs(row: bytes) -> Iterator[tuple[int, int]]:
    """Yield where dark begins and where it ends."""
    return (run.span() for run in _DARK.finditer(row))
