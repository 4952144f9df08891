"""Text before it is set: what is printable, what holds together, where a line may end."""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

LINES_MAX: Final = 8
"""More lines of one text nobody reads; what is longer gets smaller instead."""

_ZERO_WIDTH_JOINER: Final = "\u200d"
_JOINERS: Final = frozenset({"\u200c", _ZERO_WIDTH_JOINER})
_BREAK_AFTER: Final = frozenset(" \u3000·•・‧-–—/／,，、;；)）")
_NEVER_FIRST: Final = frozenset(
    "·•・‧、。，．：；！？）］｝〉》」』】〕〗〞’”ーァィゥェォッャュョヮヵヶぁぃぅぇぉっゃゅょゎ々"
)
_NEVER_LAST: Final = frozenset("（［｛〈《「『【〔〖〝‘“")
_WHOLE: Final = 8
"""A name of so many characters stays whole; longer ones of ideographs alone are titles."""
_WHOLE_OF_SEVERAL: Final = 14
"""So does a part of so many, where a dot or a blank offers a better place."""
_WORD_MAX: Final = 40
"""What runs on for longer is no word of any name."""
_FLAG: Final = range(0x1F1E6, 0x1F200)
_TONES: Final = range(0x1F3FB, 0x1F400)


def printable(text: str) -> str:
    """Return text without what cannot be seen or would steer a printer, blanks made single."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    kept = "".join(_printable(char) for char in unicodedata.normalize("NFC", text))
    return " ".join(kept.split(" ")).strip() if "  " not in kept else " ".join(kept.split())


def _printable(char: str) -> str:
    if char in "\t\n\r\v\f\x85\u2028\u2029":
        return " "
    category = unicodedata.category(char)
    if category == "Cf":
        # Marks of direction would let a name reach into what stands beside it.
        return char if char in _JOINERS else ""
    return "" if category in {"Cc", "Cs", "Co", "Cn"} and not _may_be_assigned(char) else char


def _may_be_assigned(char: str) -> bool:
    """Whether a character of no known category may be one of a Unicode younger than this Python.

    The ideographs grow every few years, and people are named with them.
    """
    return 0x20000 <= ord(char) < 0x40000 and ord(char) & 0xFFFE != 0xFFFE


def clusters(text: str) -> list[str]:
    """Return what a reader takes for one character each: letters with their marks, joined emoji."""
    found: list[str] = []
    for char in text:
        if found and _holds_on(found[-1], char):
            found[-1] += char
        else:
            found.append(char)
    return found


def _holds_on(before: str, char: str) -> bool:
    if before.endswith(_ZERO_WIDTH_JOINER) or char in _JOINERS:
        return True
    if ord(char) in _TONES:
        return True
    if ord(char) in _FLAG:
        return len(before) == 1 and ord(before) in _FLAG
    return unicodedata.category(char) in {"Mn", "Me", "Mc"}


def is_right_to_left(text: str) -> bool:
    """Whether text begins, by its first letter, in a script that runs from right to left."""
    for char in text:
        way = unicodedata.bidirectional(char)
        if way in {"L", "R", "AL"}:
            return way != "L"
    return False


@lru_cache(maxsize=4_096)
def lines_of(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the ways to set a text, on one line, on two, and so on, the lines about equally long.

    A line ends at a blank or behind a dot, dash or comma. Only what has none of them and is longer
    than a Chinese name is broken between ideographs; words and names are never split.
    """
    pieces = list(_pieces(text))
    ways: list[tuple[str, ...]] = [(text,)]
    for count in range(2, min(LINES_MAX, len(pieces)) + 1):
        way = _balanced(pieces, count)
        if len(way) > len(ways[-1]):
            ways.append(way)
    return tuple(ways)


def width_of(text: str) -> float:
    """Return about how wide text is, in ems; enough to choose between two places to break."""
    return sum(_width(cluster) for cluster in clusters(text))


def _width(cluster: str) -> float:
    if unicodedata.east_asian_width(cluster[0]) in {"W", "F"}:
        return 1.0
    return 0.3 if cluster[0] in " .,·'’ilI|" else 0.57


def _pieces(text: str) -> Iterator[str]:
    """Yield the parts of a text that stay whole; blanks stay at the end of theirs."""
    words: list[list[str]] = [[]]
    for cluster in clusters(text):
        words[-1].append(cluster)
        if cluster in _BREAK_AFTER:
            words.append([])
    whole = _WHOLE if len(words) == 1 else _WHOLE_OF_SEVERAL
    for word in filter(None, words):
        if len(word) <= whole:
            yield "".join(word)
        else:
            yield from _broken(word)


def _broken(word: list[str]) -> Iterator[str]:
    """Yield the parts of a long word: between ideographs, or anywhere if it is beyond all words."""
    piece = word[0]
    for before, part in pairwise(word):
        if len(word) > _WORD_MAX or _may_break(before, part):
            yield piece
            piece = part
        else:
            piece += part
    yield piece


def _may_break(before: str, after: str) -> bool:
    if before in _NEVER_LAST or after in _NEVER_FIRST or after in _BREAK_AFTER:
        return False
    return _is_ideograph(before[0]) and _is_ideograph(after[0])


def _is_ideograph(char: str) -> bool:
    return unicodedata.east_asian_width(char) in {"W", "F"}


def _balanced(pieces: list[str], count: int) -> tuple[str, ...]:
    """Return pieces on at most `count` lines, the longest of them as short as it can be."""
    widths = [width_of(piece) for piece in pieces]
    low, high = max(widths), sum(widths)
    for _ in range(12):
        middle = (low + high) / 2
        if len(_filled(pieces, widths, middle)) <= count:
            high = middle
        else:
            low = middle
    return tuple(line.strip() for line in _filled(pieces, widths, high))


def _filled(pieces: list[str], widths: list[float], width: float) -> list[str]:
    lines: list[str] = []
    left = 0.0
    for piece, one in zip(pieces, widths, strict=True):
        if not lines or one > left + 1e-9:
            lines.append(piece)
            left = width - one
        else:
            lines[-1] += piece
            left -= one
    return lines
