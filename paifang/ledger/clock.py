"""The time the ledger records: the wall clock, kept from running backwards by small steps.

Safety never rests on it. A step back of up to five minutes (time service, leap) is waited out, so
that validity and order do not jump; a larger one is somebody setting the clock, and is followed.
Every step beyond `CLOCK_STEP_MS_MAX` against the steady clock is counted and shown.
"""

import time
from collections.abc import Callable
from typing import Protocol

from paifang.core import limits

BACK_MS_MAX = 5 * 60 * 1000


class Clock(Protocol):
    """Where the ledger gets its time."""

    steps: int
    """How often the wall clock was seen to jump."""

    def now_ms(self) -> int:
        """Return the time to be recorded, UTC milliseconds."""


class SystemClock:
    """The machine's clock."""

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        steady_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Take the two clocks; tests hand in their own."""
        self._wall_ns = wall_ns
        self._steady_ns = steady_ns
        self._last_ms = 0
        self._offset_ms = (wall_ns() - steady_ns()) // 1_000_000
        self.steps = 0

    def now_ms(self) -> int:
        """Return the wall clock's time, or the last one given while a small step back lasts."""
        wall_ms = self._wall_ns() // 1_000_000
        offset_ms = wall_ms - self._steady_ns() // 1_000_000
        if abs(offset_ms - self._offset_ms) > limits.CLOCK_STEP_MS_MAX:
            self.steps += 1
        self._offset_ms = offset_ms
        if 0 < self._last_ms - wall_ms <= BACK_MS_MAX:
            return self._last_ms
        self._last_ms = wall_ms
        return wall_ms
