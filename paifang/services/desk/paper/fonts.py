"""The fonts tickets are set in, and which characters none of them has.

Shipped are Noto's, built into the package from the lock file (`tools/paper_fonts.py`). Debian's
Noto Sans CJK, which knows more rare ideographs and Korean, is used where it is installed, and so is
whatever a venue puts into DATA/fonts.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import typst
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from paifang.core.paper import clusters

SHIPPED: Final = Path(__file__).with_name("fonts")
SYSTEM: Final = Path("/usr/share/fonts/opentype/noto")
SYSTEM_FAMILY: Final = "Noto Sans CJK SC"
CHINESE: Final = "Noto Sans SC"
LATIN: Final = "Noto Sans"
FAMILIES: Final = (
    LATIN,
    CHINESE,
    SYSTEM_FAMILY,
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Thai",
    "Noto Serif Tibetan",
    "Noto Sans Mongolian",
    "Noto Sans Yi",
    "Noto Sans Devanagari",
    "Noto Emoji",
)
"""Asked in this order; what a venue adds comes last."""
SUBSTITUTE: Final = "〓"
"""What stands for a character no font has: the printers' own sign for a missing letter."""
_NEVER_SEEN: Final = (
    *(range(0x200C, 0x200E), range(0x180B, 0x1810)),
    *(range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0)),
)
"""Joiners and selectors of variants: a font without them draws the plain form."""


class FontsMissing(Exception):
    """The fonts are not built. `make setup` in a checkout; wheels carry them."""


@dataclass(frozen=True, slots=True)
class Face:
    """The characters of one font family."""

    family: str
    characters: frozenset[int]


class Missing(NamedTuple):
    """A text that no font can show in full, and what of it cannot be shown."""

    text: str
    characters: tuple[str, ...]


class PaperFonts:
    """The fonts of this process."""

    def __init__(self, own: Path) -> None:
        """Look for fonts; `own` is a folder that need not be there. Raises FontsMissing."""
        self.folders = [one for one in (SHIPPED, own, SYSTEM) if one.is_dir()]
        self.typst = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=self.folders
        )
        known = {one.family: one.path or "" for one in self.typst.fonts()}
        if CHINESE not in known or LATIN not in known:
            raise FontsMissing
        wanted = [family for family in FAMILIES if family in known]
        more = [
            family
            for family, path in sorted(known.items())
            if family not in wanted and Path(path).is_relative_to(own)
        ]
        self.families = (*wanted, *more)
        self._faces: dict[str, Face] = {}

    def face(self, family: str) -> Face:
        """Return what a family can show; read from its file when first asked for."""
        if family not in self._faces:
            self._faces[family] = self._read(family)
        return self._faces[family]

    def shows(self, cluster: str) -> bool:
        """Whether one font has all of a character: what it is made of is never taken from two."""
        needed = {ord(char) for char in cluster if not _never_seen(ord(char))}
        return any(needed <= self.face(family).characters for family in self.families)

    def missing_of(self, text: str) -> tuple[str, ...]:
        """Return the characters of a text that no font has, each once."""
        # The Chinese font has Latin letters too: of most prints no other file is opened.
        if self.face(CHINESE).characters.issuperset(map(ord, text)):
            return ()
        return tuple(dict.fromkeys(one for one in clusters(text) if not self.shows(one)))

    def shown(self, text: str) -> str:
        """Return a text as it can be printed, every missing character as one visible sign."""
        missing = self.missing_of(text)
        if not missing:
            return text
        return "".join(SUBSTITUTE if one in missing else one for one in clusters(text))

    def _read(self, family: str) -> Face:
        _, path, index = min(
            (abs(one.weight - 400), one.path, one.index)
            for one in self.typst.fonts()
            if one.family == family and one.path is not None
        )
        with TTFont(path, fontNumber=index, lazy=True) as font:
            return Face(family, frozenset(font.getBestCmap()))


@lru_cache(maxsize=1)
def fonts_of(data: Path) -> PaperFonts:
    """Return the fonts of a data directory, found once per process. Raises FontsMissing."""
    return PaperFonts(data / "fonts")


def _never_seen(code: int) -> bool:
    return any(code in span for span in _NEVER_SEEN)
