"""Finds every text to be translated: in Python, in Django templates and in the terminal's source.

One catalogue holds them all (paifang/locale/LANGUAGE/LC_MESSAGES/django.po), English text as key.
Shared by check_translations.py, update_translations.py and terminal_strings.py.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = ROOT / "paifang"
TERMINAL: Final = ROOT / "terminal/src"
LANGUAGE: Final = "zh_Hans"
CATALOGUE: Final = PACKAGE / "locale" / LANGUAGE / "LC_MESSAGES/django.po"

SINGULAR: Final = {"_", "N_", "gettext", "gettext_lazy", "gettext_noop"}
PLURAL: Final = {"ngettext", "ngettext_lazy"}
WITH_CONTEXT: Final = {"pgettext", "pgettext_lazy"}


class Text(NamedTuple):
    """One text to be translated; `plural` and `context` are empty for nearly all."""

    english: str
    plural: str = ""
    context: str = ""


class Found(NamedTuple):
    """A text and the file and line it stands in, for whoever has to look."""

    text: Text
    place: str


class MarkingError(Exception):
    """A call that marks a text no catalogue can hold, such as an f-string."""


def python_texts(source: str, place: str) -> Iterator[Found]:
    """Yield the texts marked in Python source; raises MarkingError for one built at run time."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name not in SINGULAR | PLURAL | WITH_CONTEXT:
            continue
        words = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        here = f"{place}:{node.lineno}"
        if any(isinstance(argument, ast.JoinedStr | ast.BinOp) for argument in node.args):
            raise MarkingError(f"{here}: {name}() marks a text built at run time")
        texts = [word for word in words if isinstance(word, str)]
        if name in SINGULAR and texts and texts[0]:
            yield Found(Text(texts[0]), here)
        elif name in PLURAL and len(texts) == 2:
            yield Found(Text(texts[0], plural=texts[1]), here)
        elif name in WITH_CONTEXT and len(texts) == 2:
            yield Found(Text(texts[1], context=texts[0]), here)


_SHORT: Final = re.compile(
    r"""\{%-?\s*(?:translate|trans)\s+("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""(?:[^%]*?\bcontext\s+("[^"]*"|'[^']*'))?[^%]*%\}"""
)
_BLOCK: Final = re.compile(
    r"\{%\s*(?:blocktranslate|blocktrans)\b([^%]*)%\}(.*?)\{%\s*(?:endblocktranslate|endblocktrans)\s*%\}",
    re.DOTALL,
)
_PLURAL_TAG: Final = re.compile(r"\{%\s*plural\s*%\}")
_CONTEXT: Final = re.compile(r"""\bcontext\s+("[^"]*"|'[^']*')""")
_VARIABLE: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_COMMENT: Final = re.compile(r"\{#.*?#\}|\{%\s*comment\b.*?endcomment\s*%\}", re.DOTALL)


def _blank_out(match: re.Match[str]) -> str:
    """Replace a comment by its line ends, so that line numbers stay true."""
    return "\n" * match.group().count("\n")


def template_texts(source: str, place: str) -> Iterator[Found]:
    """Yield the texts of a Django template, in the spelling Django looks them up by."""
    source = _COMMENT.sub(_blank_out, source)
    for match in _SHORT.finditer(source):
        context = (match.group(2) or "").strip("\"'")
        yield Found(
            Text(match.group(1)[1:-1].replace("%", "%%"), context=context),
            f"{place}:{source.count(chr(10), 0, match.start()) + 1}",
        )
    for match in _BLOCK.finditer(source):
        options, body = match.groups()
        parts = [
            _block_text(part, trimmed="trimmed" in options) for part in _PLURAL_TAG.split(body)
        ]
        named = _CONTEXT.search(options)
        context = named.group(1).strip("\"'") if named else ""
        yield Found(
            Text(parts[0], "".join(parts[1:2]), context),
            f"{place}:{source.count(chr(10), 0, match.start()) + 1}",
        )


def _block_text(body: str, *, trimmed: bool) -> str:
    text = _VARIABLE.sub(r"%(\1)s", body.replace("%", "%%"))
    return " ".join(line.strip() for line in text.strip().splitlines()) if trimmed else text


_TERMINAL_CALL: Final = re.compile(r'\b(?:t|say)\(\s*"((?:[^"\\]|\\.)*)"')


def terminal_texts(source: str, place: str) -> Iterator[Found]:
    """Yield the texts the terminal asks for: views by t("…"), the core by say("…")."""
    for match in _TERMINAL_CALL.finditer(source):
        english = ast.literal_eval(f'"{match.group(1)}"')
        yield Found(Text(english), f"{place}:{source.count(chr(10), 0, match.start()) + 1}")


def all_texts() -> list[Found]:
    """Return every marked text of the program; raises MarkingError at the first wrong mark."""
    return [
        *_read(PACKAGE, "*.py", python_texts),
        *_read(PACKAGE / "web/desk/templates", "*", template_texts),
        *of_terminal(),
    ]


def of_terminal() -> list[Found]:
    """Return the texts of the terminal alone."""
    return [
        found
        for pattern in ("*.svelte", "*.ts")
        for found in _read(TERMINAL, pattern, terminal_texts)
        if not found.place.split(":")[0].endswith(".test.ts")
    ]


def _read(
    folder: Path, pattern: str, reader: Callable[[str, str], Iterator[Found]]
) -> Iterator[Found]:
    for path in sorted(folder.rglob(pattern)):
        if path.is_file():
            yield from reader(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())


def read_catalogue() -> Catalog:
    """Return the Simplified Chinese catalogue, an empty one if there is none yet."""
    if not CATALOGUE.is_file():
        return Catalog(locale=LANGUAGE, domain="django", project="Paifang", fuzzy=False)
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale=LANGUAGE, domain="django", abort_invalid=True)


def write_catalogue(catalogue: Catalog) -> None:
    """Write the catalogue sorted and without places, so that two people's changes rarely meet."""
    catalogue.header_comment = "# The words of Paifang in Simplified Chinese."
    catalogue.fuzzy = False
    catalogue.project, catalogue.version = "Paifang", "0.1"
    catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = ""
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, width=100, no_location=True, sort_output=True, omit_header=False)
