"""Writes terminal/src/strings.json: the catalogue's words for the texts the terminal uses.

Usage: python tools/terminal_strings.py. A text without a translation is left out (the terminal then
shows the English one); tools/check_translations.py is what refuses it.
"""

import json
import sys

from messages import LANGUAGE, TERMINAL, of_terminal, read_catalogue


def main() -> int:
    """Write the file and return the exit code."""
    catalogue = read_catalogue()
    words: dict[str, str] = {}
    for text in sorted({found.text for found in of_terminal()}):
        message = catalogue.get(text.english)
        if message is not None and isinstance(message.string, str) and message.string:
            words[text.english] = message.string
    strings = {LANGUAGE.replace("_", "-"): words}
    written = json.dumps(strings, ensure_ascii=False, indent=2, sort_keys=True)
    (TERMINAL / "strings.json").write_text(written + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
