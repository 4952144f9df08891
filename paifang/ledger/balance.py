"""Two sets that must be the same, compared without keeping either of them.

A table and the journal it was made from can hold millions of rows in different orders. Each side is
summed up by hash into buckets; equal sets give equal sums. If a bucket does not come out even, a
second look at both sides, which watches the uneven buckets only, names the culprits.
"""

from typing import Final

BUCKETS: Final = 4_096
UNEVEN_MAX: Final = 16
"""How many uneven buckets are looked into: what differs more widely needs no complete list."""

Key = str | bytes
"""Python hashes text and bytes with a secret of the process, so nobody can make two sets that only
look equal."""


class Balance:
    """The sums of both sides, left minus right."""

    __slots__ = ("_keys", "_sums", "_watched")

    def __init__(self, watched: frozenset[int] = frozenset()) -> None:
        """Start with two empty sets; `watched` buckets are kept key by key."""
        self._sums = [0] * BUCKETS
        self._watched = watched
        self._keys: dict[Key, int] = {}

    def left(self, key: Key, value: tuple[object, ...]) -> None:
        """Take an item into the left set, or out of the right one."""
        self._add(key, hash((key, value)))

    def right(self, key: Key, value: tuple[object, ...]) -> None:
        """Take an item into the right set, or out of the left one."""
        self._add(key, -hash((key, value)))

    def _add(self, key: Key, amount: int) -> None:
        bucket = hash(key) % BUCKETS
        self._sums[bucket] += amount
        if bucket in self._watched:
            self._keys[key] = self._keys.get(key, 0) + amount

    def uneven(self) -> frozenset[int]:
        """Return buckets in which the two sides differ, at most `UNEVEN_MAX` of them."""
        found = [bucket for bucket, total in enumerate(self._sums) if total]
        return frozenset(found[:UNEVEN_MAX])

    def uneven_keys(self) -> list[Key]:
        """Return the keys of the watched buckets in which the two sides differ."""
        return [key for key, total in self._keys.items() if total]
