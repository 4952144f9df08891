"""Writes terminal/src/strings.json: the catalogue's words, and the reason codes with theirs.

Usage: python tools/terminal_strings.py. A text without a translation is left out (the terminal then
shows the English one); tools/check_translations.py is what refuses it. The words of the reasons
come from paifang/core/reasons.py, their one home; the terminal never writes its own.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from messages import LANGUAGE, ROOT, TERMINAL, of_terminal, read_catalogue

sys.path.insert(0, str(ROOT))

from paifang.core.reasons import NEVER_OVERRIDDEN, WORDS, Reason, verdict_of


def reasons() -> dict[str, dict[str, Any]]:
    """Return every reason code with its words in English and what a gate makes of it."""
    return {
        reason.value: {
            **WORDS[reason]._asdict(),
            "verdict": verdict_of(reason).value,
            "overridable": reason not in NEVER_OVERRIDDEN,
        }
        for reason in Reason
    }


def used_texts() -> Iterator[str]:
    """Yield every English text the terminal can show."""
    yield from (found.text.english for found in of_terminal())
    for words in WORDS.values():
        yield from (text for text in words if text)


def main() -> int:
    """Write the file and return the exit code."""
    catalogue = read_catalogue()
    words: dict[str, str] = {}
    for text in sorted(set(used_texts())):
        message = catalogue.get(text)
        if message is not None and isinstance(message.string, str) and message.string:
            words[text] = message.string
    strings = {LANGUAGE.replace("_", "-"): words, "reasons": reasons()}
    written = json.dumps(strings, ensure_ascii=False, indent=2, sort_keys=True)
    (TERMINAL / "strings.json").write_text(written + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
