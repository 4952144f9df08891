"""Ids that sort by the time they were made: UUID version 7 (RFC 9562, 5.7), as 16 bytes.

Clock and chance are handed in. Within one `IdSource` ids only grow, also when the clock stands
still or steps back, so that rows made one after the other stay in that order in every index.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final

ID_BYTES: Final = 16
ENTROPY_BYTES: Final = 10

_VERSION: Final = 7
_VARIANT: Final = 0b10
_CHANCE_BITS: Final = 74
_CHANCE_MASK: Final = (1 << _CHANCE_BITS) - 1
_LOW_BITS: Final = 62
_TIME_MAX_MS: Final = 1 << 48
# Steps within one millisecond are random too, so that an id never tells its neighbour's.
_STEP_MASK: Final = (1 << 32) - 1


def uuid7(unix_ms: int, entropy: bytes) -> bytes:
    """Return a version 7 UUID.

    Args:
        unix_ms: UTC milliseconds since 1970.
        entropy: 10 random bytes, of which 74 bits are used.

    Raises:
        ValueError: The time is outside 48 bits, or the bytes are not 10.
    """
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"an id is made of {ENTROPY_BYTES} random bytes")
    if not 0 <= unix_ms < _TIME_MAX_MS:
        raise ValueError("the time does not fit 48 bits")
    return _laid_out(unix_ms << _CHANCE_BITS | int.from_bytes(entropy, "big") & _CHANCE_MASK)


def made_at_ms(identifier: bytes) -> int:
    """Return the UTC milliseconds at which a version 7 UUID was made."""
    return int.from_bytes(identifier[:6], "big")


class IdSource:
    """Makes ids, each greater than the one before; several threads need a lock handed in."""

    def __init__(
        self,
        now_ms: Callable[[], int],
        random_bytes: Callable[[int], bytes],
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        """Take the clock (UTC milliseconds), the source of random bytes, and the lock."""
        self._now_ms = now_ms
        self._random_bytes = random_bytes
        self._lock = nullcontext() if lock is None else lock
        self._last = 0

    def next_id(self) -> bytes:
        """Return a fresh id of 16 bytes."""
        chance = int.from_bytes(self._random_bytes(ENTROPY_BYTES), "big") & _CHANCE_MASK
        fresh = self._now_ms() << _CHANCE_BITS | chance
        with self._lock:
            if fresh <= self._last:
                # A carry out of the chance moves the time on by a millisecond (RFC 9562, 6.2).
                fresh = self._last + 1 + (chance & _STEP_MASK)
            self._last = fresh
        return _laid_out(fresh)


def _laid_out(ordinal: int) -> bytes:
    """Put version and variant between the 48 bits of time and the 74 of chance."""
    time_ms, chance = ordinal >> _CHANCE_BITS, ordinal & _CHANCE_MASK
    high, low = chance >> _LOW_BITS, chance & ((1 << _LOW_BITS) - 1)
    number = time_ms << 80 | _VERSION << 76 | high << 64 | _VARIANT << 62 | low
    return number.to_bytes(ID_BYTES, "big")
