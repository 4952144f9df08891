"""What people type and readers send, brought to one spelling before anything is looked up.

Input methods write full-width digits, word processors turn hyphens into dashes, copied text carries
invisible marks. The same rules in every language of the system: tests/vectors/codes.json.
"""

import re
import unicodedata
from typing import Final

from paifang.core.limits import CODE_CHARS_MAX

_BLANKS: Final = (
    " \u00a0\u00ad\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u202f\u205f\u2060"
    "\u2066\u2067\u2068\u2069\u3000\ufeff"
)
"""Blanks, and marks nobody sees: zero-width, soft hyphen, byte order mark, writing direction."""

_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
_SPELLING: Final = str.maketrans(_LOWER + _DASHES, _LOWER.upper() + "-" * len(_DASHES), _BLANKS)
_LINE_ENDS: Final = "\t\r\n"
"""Keyboard-wedge readers end with one of these. Inside the text they stay, and only a
machine-readable zone, which has lines, may hold them."""

_GROUPS: Final = re.compile(r"[0-9A-Z]+(?:-[0-9A-Z]+)+")


def normalise(text: str) -> str:
    """Bring typed or scanned text to its one spelling (Unicode NFKC, upper case, no blanks).

    Only the letters a to z change case: every code, number and account of the system is ASCII, and
    full case mapping would make one account of two ("ß" and "SS"). Dashes become hyphens, hyphens
    stay (`ungroup` takes them away where a form allows groups). Normalising twice changes nothing.

    Raises:
        ValueError: The text, or what its compatibility characters stand for, is longer than
            `CODE_CHARS_MAX`. The text itself is not in the message, which may be logged.
    """
    if len(text) > CODE_CHARS_MAX:
        raise ValueError("more characters than any code has")
    if text.isascii():
        return text.replace(" ", "").strip(_LINE_ENDS).upper()
    # Decomposed first: a mark that met its letter only after a blank between them was removed would
    # otherwise be composed by the second pass and not by the first.
    spelled = unicodedata.normalize("NFKD", text).translate(_SPELLING).strip(_LINE_ENDS)
    if len(spelled) > CODE_CHARS_MAX:
        raise ValueError("more characters than any code has")
    return unicodedata.normalize("NFC", spelled)


def ungroup(text: str) -> str:
    """Take the hyphens out of normalised text typed in groups, as in ``4471-0093-1234-56``.

    Text with a hyphen at either end, two in a row, or anything but letters and digits between them
    was not typed in groups, and comes back unchanged.
    """
    return text.replace("-", "") if _GROUPS.fullmatch(text) else text
