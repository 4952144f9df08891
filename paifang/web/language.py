"""Words in the caller's language, without a framework: gettext and Accept-Language (RFC 9110)."""

import gettext
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

LOCALE: Final = Path(__file__).resolve().parent.parent / "locale"
ENGLISH: Final = "en"
CHINESE: Final = "zh_Hans"
HEADER_CHARS_MAX: Final = 500
RANGES_MAX: Final = 20

Translate = Callable[[str], str]


@lru_cache(maxsize=2)
def _catalogue(language: str) -> gettext.NullTranslations:
    """Return a language's words; English ones where a catalogue was not built."""
    return gettext.translation("django", LOCALE, languages=[language], fallback=True)


def language_of(accept_language: str) -> str:
    """Return the best of our languages for an Accept-Language header, English if none is wanted.

    Any Chinese gets the simplified script, the only one there is.
    """
    best, best_weight = ENGLISH, 0.0
    for part in accept_language[:HEADER_CHARS_MAX].split(",")[:RANGES_MAX]:
        name, _, parameters = part.partition(";")
        primary = name.strip().lower().replace("_", "-").partition("-")[0]
        if primary not in {"en", "zh", "*"}:
            continue
        weight = _weight(parameters)
        if weight > best_weight:
            best, best_weight = (CHINESE if primary == "zh" else ENGLISH), weight
    return best


def _weight(parameters: str) -> float:
    """Return the q-value of a language range: 1 if none is given, 0 if it is nonsense."""
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip().lower() == "q" and 0.0 <= weight <= 1.0 else 0.0


def translator(accept_language: bytes | None) -> Translate:
    """Return the function that puts English message ids into the caller's language."""
    language = language_of(accept_language.decode("latin-1")) if accept_language else ENGLISH
    gettext_of = _catalogue(language).gettext
    # gettext answers "" with the catalogue's own header.
    return lambda message: gettext_of(message) if message else ""


def forget() -> None:
    """Read the catalogues anew at the next use."""
    _catalogue.cache_clear()
