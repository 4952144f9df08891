"""Puts the fonts for paper, which npm fetched by the lock file, where the program looks for them.

Usage: python tools/paper_fonts.py

Two weights of each family, and beside them the licence they come under (SIL OFL 1.1). The folder is
built, not committed; wheels carry it.
"""

import shutil
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
FROM: Final = ROOT / "terminal/node_modules/@expo-google-fonts"
INTO: Final = ROOT / "paifang/services/desk/paper/fonts"
WEIGHTS: Final = ("400Regular", "700Bold")
FAMILIES: Final = (
    "noto-sans",
    "noto-sans-sc",
    "noto-sans-arabic",
    "noto-sans-devanagari",
    "noto-sans-hebrew",
    "noto-sans-mongolian",
    "noto-sans-thai",
    "noto-sans-yi",
    "noto-serif-tibetan",
    "noto-emoji",
)


def main() -> int:
    """Copy the fonts; return the exit code."""
    fresh = INTO.with_name("fonts.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    for family in FAMILIES:
        fonts = [
            font
            for weight in WEIGHTS
            for font in sorted((FROM / family / weight).glob("*.ttf"))
            if "Italic" not in font.name
        ]
        if not fonts:
            print(f"{family} is not there; run `make setup`", file=sys.stderr)
            return 1
        for font in fonts:
            shutil.copyfile(font, fresh / font.name)
        shutil.copyfile(FROM / family / "LICENSE_FONT", fresh / f"{family}-OFL.txt")
    shutil.rmtree(INTO, ignore_errors=True)
    fresh.rename(INTO)
    return 0


if __name__ == "__main__":
    sys.exit(main())
