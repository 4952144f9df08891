"""QR codes as pictures for pages; white around them, so that they read on a dark page too."""

import re

import zxingcpp

CORRECTION = "M"
"""15 % of the squares may be lost; more makes a code on a screen denser for nothing."""


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
