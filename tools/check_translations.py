"""Refuses an incomplete catalogue, and Chinese written anywhere but in it.

Usage: python tools/check_translations.py. Names what is missing, empty, fuzzy, unused or has other
placeholders than the English text, and every Chinese string literal outside catalogue, tests, docs
and the demo's data. Exit code 1 if there is anything to name.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message

from messages import (
    PACKAGE,
    ROOT,
    TERMINAL,
    Found,
    MarkingError,
    all_texts,
    read_catalogue,
)

# Chinese that is data, not words of the program: path pattern and why.
CHINESE_IS_DATA: Final = {
    "paifang/**/demo*.py": "names and places of the demonstration",
    "paifang/**/demo/*.py": "names and places of the demonstration",
    "paifang/core/documents.py": "what people call the kinds of documents in their lists",
    "paifang/**/columns.py": "header names people write in their lists",
    "terminal/src/gallery/*": "sample names and places of the gallery, no part of the program",
}
SCANNED: Final = {".py", ".html", ".txt", ".js", ".css", ".ts", ".svelte", ".json", ".svg"}
BUILT: Final = ("paifang/web/desk/static/terminal/", "terminal/src/strings.json", "paifang/locale/")

_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_PLACEHOLDER: Final = re.compile(r"%%|%\(\w+\)[sdif]|%[sdif]|\{\w+\}")


def catalogue_faults(catalogue: Catalog, found: list[Found]) -> Iterator[str]:
    """Yield what is wrong between the texts of the program and the catalogue."""
    used: set[tuple[str, str | None]] = set()
    for text, place in found:
        key = (text.english, text.context or None)
        if key in used:
            continue
        used.add(key)
        message = catalogue.get(*key)
        if message is None:
            yield f"missing: {text.english!r} ({place})"
        else:
            yield from message_faults(message, place)
    for message in catalogue:
        english = message.id if isinstance(message.id, str) else message.id[0]
        if english and (english, message.context) not in used:
            yield f"unused: {english!r}"


def message_faults(message: Message, place: str) -> Iterator[str]:
    """Yield what is wrong with one entry: empty, fuzzy, or other placeholders."""
    english = message.id if isinstance(message.id, str) else message.id[-1]
    chinese = [message.string] if isinstance(message.string, str) else [*(message.string or ())]
    if not chinese or not all(chinese):
        yield f"empty: {english!r} ({place})"
        return
    if message.fuzzy:
        yield f"fuzzy: {english!r}"
    wanted = sorted(_PLACEHOLDER.findall(english))
    for words in chinese:
        if sorted(_PLACEHOLDER.findall(words)) != wanted:
            yield f"other placeholders: {english!r} -> {words!r}"


def chinese_faults() -> Iterator[str]:
    """Yield every file and line with Chinese that belongs into the catalogue."""
    allowed = {path for pattern in CHINESE_IS_DATA for path in ROOT.glob(pattern)}
    for path in sorted([*PACKAGE.rglob("*"), *TERMINAL.rglob("*")]):
        name = path.relative_to(ROOT).as_posix()
        if path.suffix not in SCANNED or path in allowed or name.startswith(BUILT):
            continue
        if name.endswith(".test.ts") or "/testing/" in name:
            continue
        for line in sorted(set(chinese_lines(path))):
            yield f"Chinese outside the catalogue: {name}:{line}"


def chinese_lines(path: Path) -> Iterator[int]:
    """Yield the lines of a file with Chinese in them; in Python only those of string literals."""
    source = path.read_text(encoding="utf-8")
    if not _HAN.search(source):
        return
    if path.suffix != ".py":
        yield from (n for n, line in enumerate(source.splitlines(), 1) if _HAN.search(line))
        return
    tree = ast.parse(source)
    # A string that is a statement of its own is a docstring: prose may name things in Chinese.
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in prose:
            continue
        if isinstance(node.value, str) and _HAN.search(node.value):
            yield node.lineno


def main() -> int:
    """Print the faults and return the exit code."""
    try:
        found = all_texts()
    except MarkingError as error:
        print(error)
        return 1
    faults = [*catalogue_faults(read_catalogue(), found), *chinese_faults()]
    for fault in faults:
        print(fault)
    texts = len({f.text for f in found})
    print(f"{texts} texts, {len(faults)} faults", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
