"""The words on the paper, in its own languages, whatever the person who prints it speaks."""

from typing import Final

from django.utils.translation import gettext, override

from paifang.core.paper import Words

LANGUAGES: Final = {"zh-en": ("zh-hans", "en"), "zh": ("zh-hans",), "en": ("en",)}
"""What can be chosen, and the languages of each, the leading one first."""


def words_of(languages: str) -> tuple[Words, ...]:
    """Return the words of a choice of languages, one set per language."""
    return tuple(_words(language) for language in LANGUAGES[languages])


def _words(language: str) -> Words:
    with override(language):
        return Words(
            serial=gettext("Serial"),
            people=gettext("{count} people"),
            heading=gettext("How to come in"),
            how=(
                gettext("Print this page, or show it on your phone at full brightness."),
                gettext("Fold it along the line, and hold the square code under the scanner."),
                gettext("Keep the code to yourself: it opens the gate for whoever shows it first."),
            ),
        )
