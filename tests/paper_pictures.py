"""PDFs as a printer would show them: drawn by Poppler, which had no part in making them."""

import subprocess
from pathlib import Path
from typing import Any

import cv2
import zxingcpp

Picture = Any
"""A grey picture as OpenCV has it: rows of pixels, 0 is black."""


def picture_at(path: Path) -> Picture:
    return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)


def pictures_of(pdf: bytes, folder: Path, dpi: int = 200) -> list[Picture]:
    """Draw the pages of a PDF."""
    source = folder / "drawn.pdf"
    source.write_bytes(pdf)
    for old in folder.glob("drawn-*"):
        old.unlink()
    program = ["pdftoppm", "-r", str(dpi), "-gray", str(source), str(folder / "drawn")]
    subprocess.run(program, check=True, timeout=240)
    return [picture_at(path) for path in sorted(folder.glob("drawn-*"))]


# Among a thousand bars some read as another kind of code, by chance.
OURS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128])


def codes_in(pictures: list[Picture]) -> set[str]:
    return {
        one.text
        for picture in pictures
        for one in zxingcpp.read_barcodes(picture, formats=OURS, try_invert=False)
    }
