"""Draws one document by typst and ends: what a print takes of memory goes back with its process.

Run by path, in isolation, by `rendering`; it knows nothing else of this program. On stdin
comes a line of JSON that says how to draw, and behind it what; the drawing goes to stdout, and on
failure a line of typst's to stderr.
"""

import json
import sys
from pathlib import Path

import typst

HERE = Path(__file__).parent


def main() -> int:
    """Draw; return the exit code."""
    order, drawing = json.loads(sys.stdin.buffer.readline()), sys.stdin.buffer.read().decode()
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=order["fonts"]
    )
    compiler = typst.Compiler(
        (HERE / order["template"]).read_bytes(),
        font_paths=fonts,
        ignore_system_fonts=True,
        # As a string, so that nothing in it is ever read as markup.
        sys_inputs={"paper": drawing},
    )
    try:
        # Tags double the size, and a ticket is read by eye and scanner.
        drawn = compiler.compile(format=order["format"], ppi=order["ppi"], pdf_tags=False)
    except typst.TypstError as fault:
        sys.stderr.write(fault.message.partition("\n")[0])
        return 1
    if isinstance(drawn, list):
        drawn = drawn[0]
    sys.stdout.buffer.write(drawn or b"")
    return 0


if __name__ == "__main__":
    sys.exit(main())
