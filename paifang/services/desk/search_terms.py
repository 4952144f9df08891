"""What a ticket is found by, as terms of an index of our own; alike on both engines.

A term is the text from one place of a name to its end, cut off at `SEARCH_TERM_CHARS_MAX`, so that
whatever is typed is the beginning of some term and one range of the index holds the answers. Places
are the beginning of a text, of a word, and of each character of a script without blanks. What
changes here needs a migration that empties the projected tables, so that they are filled anew.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from paifang.core import limits

START: Final = b"\x01"
"""Terms that begin where a text begins."""
INNER: Final = b"\x02"
"""Terms that begin at a later word or character of it."""
PHONE: Final = b"\x03"
"""A phone number from its last digit to its first."""
PHONE_DIGITS_MIN: Final = 4

_BEYOND: Final = b"\xff"
"""Greater than any byte of UTF-8."""
_WIDE: Final = (
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Kana, ideographs and syllables: scripts in which a word may begin anywhere."""
_IDEOGRAPHS: Final = re.compile("[\u4e00-\u9fff]+")
_PLACE: Final = re.compile(rf"[{_WIDE}]|(?<![^\s{_WIDE}])\S")
_HAS_WIDE: Final = re.compile(f"[{_WIDE}]")
_BETWEEN_WIDE: Final = re.compile(rf"(?<=[{_WIDE}]) +(?=[{_WIDE}])")
_APART: Final = re.compile(r"[\W_]+")
_SILENT: Final = str.maketrans("", "", "'’ʼ`´＇｀")
_LETTERS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae"})
_NUMBERS: Final = re.compile(r"[,;/、，；|]")
_TYPED_NUMBER: Final = re.compile(r"[\d\s+().-]+")
_NO_DIGIT: Final = re.compile(r"\D+")


def fold(text: str) -> str:
    """Bring a name to the spelling it is found by.

    Case, accents and full width do not matter, nor do punctuation and blanks between ideographs.
    Folding twice changes nothing.
    """
    if _IDEOGRAPHS.fullmatch(text):  # nearly every Chinese name: already in its one spelling
        return text
    if text.isascii():
        spelled = text.lower().replace("'", "").replace("`", "")
    else:
        wide = unicodedata.normalize("NFKC", text.translate(_SILENT)).casefold()
        wide = wide.translate(_LETTERS)
        marked = unicodedata.normalize("NFD", wide)
        bare = "".join(char for char in marked if not unicodedata.combining(char))
        spelled = unicodedata.normalize("NFC", bare)
    if spelled.isalnum():
        return spelled
    apart = _APART.sub(" ", spelled).strip()
    return apart if apart.isascii() else _BETWEEN_WIDE.sub("", apart)


def terms_of(holder: str, company: str, phone: str) -> frozenset[bytes]:
    """Return the terms of a ticket, at most `SEARCH_TERMS_MAX`, those of the holder first."""
    found: dict[bytes, None] = {}
    for term in _all_terms(holder, company, phone):
        found[term] = None
        if len(found) == limits.SEARCH_TERMS_MAX:
            break
    return frozenset(found)


def _all_terms(holder: str, company: str, phone: str) -> Iterator[bytes]:
    for number in _NUMBERS.split(phone) if phone else ():
        digits = _digits(number)
        if len(digits) >= PHONE_DIGITS_MIN:
            yield PHONE + digits[::-1][: limits.SEARCH_TERM_CHARS_MAX].encode()
    yield from _terms_of_text(holder)
    yield from _terms_of_company(company)


def _terms_of_text(text: str) -> tuple[bytes, ...]:
    folded = fold(text)
    last, size = len(folded) - 1, limits.SEARCH_TERM_CHARS_MAX
    starts = [place.start() for place in _PLACE.finditer(folded)]
    return tuple(
        (INNER if start else START) + folded[start : start + size].encode()
        for start in starts
        # One character alone is never asked for.
        if start == 0 or start < last
    )


_terms_of_company: Final = lru_cache(1_000)(_terms_of_text)
"""Of one company come many people, one after another."""


def is_long_enough(text: str) -> bool:
    """Whether a folded question is worth asking: two characters with an ideograph, else three."""
    return len(text) >= (2 if _HAS_WIDE.search(text) else 3)


def ranges_of(text: str) -> list[tuple[bytes, bytes]]:
    """Return the ranges (from, below) of terms for a folded question, the best answers first.

    In each range the shortest term stands first, so a text that is exactly what was asked for
    comes before those that go on.
    """
    cut = text[: limits.SEARCH_TERM_CHARS_MAX].encode()
    return [(mark + cut, mark + cut + _BEYOND) for mark in (START, INNER)]


def phone_range(typed: str) -> tuple[bytes, bytes] | None:
    """Return the range of terms for the tail of a phone number, None if none was typed."""
    digits = _digits(typed)
    if not _TYPED_NUMBER.fullmatch(typed) or len(digits) < PHONE_DIGITS_MIN:
        return None
    cut = PHONE + digits[::-1][: limits.SEARCH_TERM_CHARS_MAX].encode()
    return cut, cut + _BEYOND


def tail_of_phone(phone: str) -> str:
    """Return the last four digits of the first number, all a gate is shown of it."""
    return _digits(_NUMBERS.split(phone)[0])[-4:] if phone else ""


def _digits(text: str) -> str:
    if text.isascii() and text.isdigit():
        return text
    return _NO_DIGIT.sub("", unicodedata.normalize("NFKC", text))
