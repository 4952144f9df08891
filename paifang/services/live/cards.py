"""Staff cards: the number a reader sends, brought to one spelling before it is hashed.

A card's number is no secret and can be copied; it spares typing a name and a PIN where a venue
accepts that. docs/decisions tells what it is good for.
"""

import re
from typing import Final

from paifang.core import limits
from paifang.core.typed_text import normalise

_SEPARATORS: Final = str.maketrans("", "", ":-")
_NUMBER: Final = re.compile(r"[0-9A-F]{8,32}")


def card_number(text: str) -> str:
    """Return a card's number in its one spelling: hexadecimal digits, no separators.

    Readers send four to ten bytes in hex, in groups or not, or a decimal number, which is kept as
    it is; one kind of reader should be used for one kind of card.

    Raises:
        ValueError: It is no such number. The text itself is not in the message.
    """
    if len(text) > limits.CARD_CHARS_MAX:
        raise ValueError("longer than any card's number")
    number = normalise(text).translate(_SEPARATORS)
    if not _NUMBER.fullmatch(number):
        raise ValueError("not a card's number")
    return number
