"""Pages as PDF or picture, by typst. All text goes in as data and is never read as markup."""

import json
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from paifang.core import limits
from paifang.core.paper import Bar, Code, Element, Layout, Page, Text, is_right_to_left, printable
from paifang.services.desk.paper.codes import code_svg
from paifang.services.desk.paper.fonts import LATIN, PaperFonts

TEMPLATE: Final = "paper.typ"
PROGRAM: Final = Path(__file__).with_name("drawing_process.py")
_FEW_AT_A_TIME: Final = threading.BoundedSemaphore(2)
"""A print takes a processor and some memory; the rest of the desk wants to live beside it."""


class DrawingFailed(Exception):
    """typst could not draw a page; that is a fault of ours."""


def pdf_of(layout: Layout, pages: Sequence[Page], fonts: PaperFonts) -> bytes:
    """Return pages as one PDF. Raises DrawingFailed."""
    return _compile(layout, pages, fonts)


def png_of(layout: Layout, page: Page, fonts: PaperFonts, *, ppi: float) -> bytes:
    """Return one page as a picture. Raises DrawingFailed."""
    return _compile(layout, [page], fonts, ppi)


def drawing_of(layout: Layout, pages: Sequence[Page], fonts: PaperFonts) -> dict[str, Any]:
    """Return what the template reads: the pages as plain values, and each text once.

    What stands on every full page is told once too; it lies beneath the rest, as bands do anyway.
    """
    texts: dict[Text, int] = {}
    common = _common_to(pages)
    drawn = []
    for page in pages:
        has_common = bool(common) and common.keys() <= set(page.elements)
        rest = [one for one in page.elements if one not in common] if has_common else page.elements
        drawn.append({"common": has_common, "elements": [_drawn(one, texts) for one in rest]})
    return {
        "width": layout.width,
        "height": layout.height,
        "turned": layout.turned,
        "fonts": {
            "plain": list(fonts.families),
            # Beside Chinese, quotes and dots are those of the Chinese font.
            "mixed": [
                {"name": family, "covers": "latin-in-cjk"} if family == LATIN else family
                for family in fonts.families
            ],
        },
        "common": [_drawn(one, texts) for one in common],
        "texts": [_text(one, fonts) for one in texts],
        "pages": drawn,
    }


def _compile(
    layout: Layout, pages: Sequence[Page], fonts: PaperFonts, ppi: float | None = None
) -> bytes:
    drawing = json.dumps(drawing_of(layout, pages, fonts), ensure_ascii=False)
    return drawn_by(TEMPLATE, drawing, fonts, ppi)


def drawn_by(template: str, drawing: str, fonts: PaperFonts, ppi: float | None = None) -> bytes:
    """Return what one of our templates makes of a drawing (JSON). Raises DrawingFailed.

    Args:
        template: Its file's name, beside this one.
        drawing: What it reads.
        fonts: In which it is set.
        ppi: For a picture instead of a PDF, how fine it is.
    """
    order = json.dumps(
        {
            "template": template,
            "fonts": [str(folder) for folder in fonts.folders],
            "format": "png" if ppi else "pdf",
            "ppi": ppi,
        }
    )
    with _FEW_AT_A_TIME:
        try:
            ended = subprocess.run(
                [sys.executable, "-I", str(PROGRAM)],
                input=f"{order}\n{drawing}".encode(),
                capture_output=True,
                timeout=limits.PAPER_DRAW_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DrawingFailed("it took too long") from None
    if ended.returncode or not ended.stdout:
        # What it says may quote the drawing, which names people.
        raise DrawingFailed(f"typst ended with {ended.returncode}")
    return ended.stdout


def _common_to(pages: Sequence[Page]) -> dict[Element, None]:
    """Return what stands on every page but the last, which may be half empty, in its order."""
    full = [set(page.elements) for page in pages[:-1]]
    everywhere = set.intersection(*full) if full else set()
    return {one: None for one in pages[0].elements if one in everywhere} if full else {}


def _drawn(element: Element, texts: dict[Text, int]) -> dict[str, Any]:
    """Return an element with its place; a text by its number, which it is given when it is new."""
    place: dict[str, Any] = {"x": element.x, "y": element.y}
    if isinstance(element, Text):
        anywhere = element._replace(x=0, y=0)
        return place | {"k": "text", "n": texts.setdefault(anywhere, len(texts))}
    place |= {"w": element.width, "h": element.height}
    if isinstance(element, Code):
        return place | {"k": "code", "svg": code_svg(element.symbol, element.value)}
    assert isinstance(element, Bar)
    return place | {"k": "bar", "grey": element.grey, "dashed": element.dashed}


def _text(text: Text, fonts: PaperFonts) -> dict[str, Any]:
    return {
        "w": text.width,
        "h": text.height,
        "lines": [[_line(line, fonts) for line in way] for way in text.lines],
        "size": text.size,
        "floor": text.floor,
        "weight": text.weight.value,
        "tone": "light" if text.light else "grey" if text.grey else "black",
        "code": text.code,
        "align": text.align,
        "vertical": text.vertical,
    }


def _line(text: str, fonts: PaperFonts) -> dict[str, Any]:
    shown = fonts.shown(printable(text))
    return {
        "s": shown,
        "rtl": is_right_to_left(shown),
        "mixed": _has_chinese(shown),
        "marks": any(unicodedata.category(char).startswith("M") for char in shown),
    }


def _has_chinese(text: str) -> bool:
    return not text.isascii() and any(
        unicodedata.east_asian_width(char) in {"W", "F"} for char in text
    )
