"""QR codes as pictures for pages; white around them, so that they read on a dark page too."""

import base64
import re
from typing import Any

import zxingcpp

CORRECTION = "M"
"""15 % of the squares may be lost; more makes a code on a screen denser for nothing."""


_DARK = 128
"""Below this a square of the picture is dark."""

_HEAD = re.compile(r'<svg width="(\d+)" height="(\d+)"')


def qr_svg(text: str) -> str:
    """Return a text as a QR code in SVG, four squares of quiet zone on each side included.

    Raises:
        ValueError: The text is too long for a QR code.
    """
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=CORRECTION)
    picture: str = made.to_svg(add_quiet_zones=True)
    # One unit a square, at whatever size the page shows it; a document type of its own is no use.
    return _HEAD.sub(
        r'<svg viewBox="0 0 \1 \2" shape-rendering="crispEdges"',
        picture[picture.index("<svg") :],
        count=1,
    )


def qr_address(text: str) -> str:
    """Return a text's QR code as an address of its own, so that a saved or printed page keeps it.

    Raises:
        ValueError: The text is too long for a QR code.
    """
    return "data:image/svg+xml;base64," + base64.b64encode(qr_svg(text).encode()).decode()


def qr_text(text: str) -> str:
    """Return a text as a QR code in lines of half blocks, for a terminal: light on its own ground.

    Every cell of a line holds two squares, one above the other, quiet zone included.

    Raises:
        ValueError: The text is too long for a QR code.
    """
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=CORRECTION)
    image: Any = made.to_image(scale=1, add_quiet_zones=True)
    picture = memoryview(image)
    height, width = image.shape
    light = [[picture[y, x] >= _DARK for x in range(width)] for y in range(height)]
    light += [[True] * width] * (height % 2)
    blocks = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
    return "\n".join(
        "".join(blocks[pair] for pair in zip(light[y], light[y + 1], strict=True))
        for y in range(0, len(light), 2)
    )
