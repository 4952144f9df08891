"""One cell of a list: what is cleaned away on reading, and how it is written out safely."""

import re
import unicodedata
from typing import Final

_LINE_BREAKS: Final = re.compile("[ ]*[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+[ ]*")

_BIDI_CONTROLS: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE: Final = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u115f\u1160\u17b4\u17b5\u200b\u2028\u2029\u2060-\u2065"
    "\u206a-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
"""Controls, blanks that are no blanks to `str.strip` (fillers of Hangul, empty braille) and marks
nobody sees. Variation selectors are not among them: they choose the form of a character."""

_UNSEEN: Final = re.compile(f"[{_BIDI_CONTROLS}{_INVISIBLE}]")
_ZWNJ: Final = "\u200c"
_JOINER: Final = re.compile("[\u200c\u200d]")
_VIRAMA: Final = 9
"""Canonical combining class of the signs that take the vowel off an Indic consonant."""
_EMOJI_VARIATION: Final = "\ufe0f"

_UNUSUAL: Final = re.compile(f"[{_BIDI_CONTROLS}{_INVISIBLE}\u200c\u200d]")
_DAMAGE: Final = re.compile(
    "[\x00\ufffd\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(17)
    )
    + "]"
)

_ACTIVE: Final = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_NEEDS_APOSTROPHE: Final = re.compile(f"(?:'*\\s*[{_ACTIVE}]|'+[0-9]|0[0-9]|[0-9]{{12,}})")
_HAS_APOSTROPHE: Final = re.compile(f"'+(?:[0-9]|\\s*[{_ACTIVE}])")


def is_damaged(text: str) -> bool:
    """Whether the text shows that characters were lost before: NUL, U+FFFD or a noncharacter."""
    return "\0" in text if text.isascii() else _DAMAGE.search(text) is not None


def clean(text: str) -> str:
    """Bring the text of a cell to the form that is stored and printed.

    Composed (Unicode NFC), line breaks and tabs to one space, blanks at the ends removed, and with
    them everything that is not seen but changes what is seen: control characters, marks that
    override the direction of writing, zero-width characters. Text that is itself written from right
    to left stays so. The two joiners stay where a script or an emoji needs them (`_joins`).
    Cleaning twice changes nothing.
    """
    if _UNUSUAL.search(text):
        text = _UNSEEN.sub("", _LINE_BREAKS.sub(" ", text))
        text = _JOINER.sub(lambda found: found[0] if _joins(text, found.start()) else "", text)
    # Last, because a removed mark may have stood between a letter and its accent.
    return unicodedata.normalize("NFC", text).strip()


def clean_ascii(text: str) -> str:
    """Clean a cell meant for machines, such as a phone number: full-width digits made narrow."""
    return clean(text if text.isascii() else unicodedata.normalize("NFKC", text))


def _joins(text: str, at: int) -> bool:
    """Whether the joiner at this place does something: RFC 5892 A.1 and A.2, and emoji sequences.

    Sinhala and other Indic names need them after a virama, Persian names need the non-joiner
    between letters. Anywhere else they only make two equal names look different to a machine.
    """
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if not before or not after:
        return False
    if unicodedata.combining(before) == _VIRAMA:
        return unicodedata.category(after).startswith("L")
    if text[at] == _ZWNJ:
        return unicodedata.bidirectional(before) == unicodedata.bidirectional(after) == "AL"
    joins_emoji = before == _EMOJI_VARIATION or unicodedata.category(before) in {"So", "Sk"}
    return joins_emoji and unicodedata.category(after) in {"So", "Sm"}


def export_safe(cell: str) -> str:
    """Text of a cell as it may stand in a CSV file that people open in a spreadsheet program.

    A leading apostrophe makes it text wherever the program would compute with it: a formula
    (``= + - @``, also full-width, tab and line break, after OWASP "CSV Injection"), a number whose
    leading zero or whose sixteenth digit would be lost. `import_plain` takes it away again.
    """
    return f"'{cell}" if _NEEDS_APOSTROPHE.match(cell) else cell


def import_plain(cell: str) -> str:
    """Undo `export_safe`; text that never went through it is left alone, but for ``'`` + digit."""
    return cell[1:] if _HAS_APOSTROPHE.match(cell) else cell
