"""Words for the person at the terminal, in the language of their environment."""

import os
from typing import Final

from paifang.web.language import CHINESE, language_of, translator


def spoken_language() -> str:
    """Return the language of the person at the terminal, from LC_ALL, LC_MESSAGES and LANG."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)  # noqa: TID251 - a person's language is no setting of ours
        if value:
            # "zh_CN.UTF-8" begins as an HTTP language range does; the rest is no part of it.
            return value.partition(".")[0]
    return ""


def is_chinese() -> bool:
    """Whether the person at the terminal reads Chinese."""
    return language_of(spoken_language()) == CHINESE


_: Final = translator(spoken_language().encode())
