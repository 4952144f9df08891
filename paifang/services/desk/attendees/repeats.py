"""Which references, serials and people of a list were there before, in bounded memory."""

import array
import secrets
from hashlib import blake2b
from typing import Final

from paifang.services.desk.attendees.rows import AttendeeRow, identity

_KEY_BYTES: Final = 16
_SLOTS_MIN: Final = 1024


class Repeats:
    """Remembers rows by 64-bit keyed digests in a hash table of fixed size.

    20 bytes a slot: 42 MB for a million rows, 84 MB if they have references and serials, next to
    nothing for a small list. Two different keys of a million fall together once in ten million
    lists, and then one row is wrongly refused as a repetition; the key of the digest is random, so
    nobody can make it happen.

    Args:
        rows_max: No more rows than this will be remembered.
        keys_per_row: 2 if a row may have a reference and a serial, else 1.
    """

    def __init__(self, rows_max: int, *, keys_per_row: int) -> None:
        slots = _SLOTS_MIN
        while slots < rows_max * keys_per_row * 3 // 2:
            slots *= 2
        self._mask = slots - 1
        self._keys = array.array("Q", bytes(8 * slots))
        self._contents = array.array("Q", bytes(8 * slots))
        self._lines = array.array("I", bytes(4 * slots))
        self._secret = secrets.token_bytes(_KEY_BYTES)

    def find_or_add(self, row: AttendeeRow) -> tuple[str, int] | None:
        """Remember a row, unless it was there before.

        Returns:
            None for a new row. Otherwise the line of the row before it and an empty text, if both
            say the same, or the kind of what they share: `reference`, `serial` or `person`.
        """
        content = self._digest("\x1e".join(map(str, row[1:])))
        keys = [identity(row)]
        if row.serial and keys[0][0] != "serial":
            keys.append(("serial", row.serial))
        places = [(kind, *self._place(self._digest(f"{kind}\x1e{value}"))) for kind, value in keys]
        for kind, place, _key in places:
            line = self._lines[place]
            if line:
                return ("" if self._contents[place] == content else kind), line
        for _kind, place, key in places:
            self._keys[place] = key
            self._contents[place] = content
            self._lines[place] = row.line
        return None

    def _digest(self, text: str) -> int:
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=self._secret)
        return int.from_bytes(digest.digest(), "big")

    def _place(self, key: int) -> tuple[int, int]:
        """Return where the key stands or would stand, and the key."""
        place = key & self._mask
        while self._lines[place] and self._keys[place] != key:
            place = (place + 1) & self._mask
        return place, key
