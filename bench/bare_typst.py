"""typst alone, as a process: sets texts in their places and at their sizes, and nothing else."""

import json
import sys
from pathlib import Path
from typing import Final

import typst

_TEMPLATE: Final = b"""
#let paper = json(bytes(sys.inputs.paper))
#set page(width: 210mm, height: 297mm, margin: 0pt)
#set text(font: paper.families, fallback: false)
#for (number, page) in paper.pages.enumerate() {
  if number > 0 { pagebreak() }
  for e in page { place(dx: e.x * 1mm, dy: e.y * 1mm, text(size: e.size * 1pt, e.s)) }
}
"""


def main(lines: str) -> None:
    """Draw the file named."""
    read = Path(lines).read_text(encoding="utf-8")
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=json.loads(read)["fonts"],
    )
    compiler = typst.Compiler(
        _TEMPLATE, font_paths=fonts, ignore_system_fonts=True, sys_inputs={"paper": read}
    )
    if not compiler.compile(format="pdf", pdf_tags=False):
        raise RuntimeError("typst drew nothing")


if __name__ == "__main__":
    main(sys.argv[1])
