"""A disk that fills up: selling stops first, then a reserve file goes so that gates go on."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from pathlib import Path

from paifang.core import limits


class DiskState(IntEnum):
    """How much room there is."""

    ok = 0
    low = 1
    spent = 2


class DiskGuard:
    """Watches the free room of the data directory and keeps the reserve file.

    `low`: too little is free, so nothing is sold. `spent`: the reserve was given up as well.
    """

    def __init__(
        self,
        data: Path,
        *,
        free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
        reserve_bytes: int = limits.DISK_RESERVE_BYTES,
        floor_bytes: int = limits.DISK_SELL_FLOOR_BYTES,
    ) -> None:
        """Take the directory; `free_bytes` and the two sizes are for tests on a small disk."""
        self._data = data
        self._free_bytes = free_bytes
        self._reserve_bytes = reserve_bytes
        self._floor_bytes = floor_bytes
        self._next_check_ms = 0
        self.reserve = data / "reserve"
        self.state = DiskState.ok

    def check(self, now_ms: int) -> DiskState:
        """Look at the disk every now and then; keep or make the reserve while there is room."""
        if 0 <= self._next_check_ms - now_ms <= limits.DISK_CHECK_EVERY_MS:
            return self.state
        self._next_check_ms = now_ms + limits.DISK_CHECK_EVERY_MS
        try:
            free = self._free_bytes(self._data)
            has_reserve = self.reserve.exists()
        except OSError:
            # A disk that does not even tell is no place to sell on.
            self.state = DiskState.low
            return self.state
        if not has_reserve and free >= self._floor_bytes + self._reserve_bytes:
            has_reserve = self._make_reserve()
        if free >= self._floor_bytes and has_reserve:
            self.state = DiskState.ok
        else:
            self.state = DiskState.low if has_reserve else DiskState.spent
        return self.state

    def give_up_reserve(self) -> bool:
        """Free the reserve after a write found no room; False if there was none left to free."""
        self._next_check_ms = 0
        self.state = DiskState.spent
        try:
            self.reserve.unlink()
        except OSError:
            return False
        return True

    def _make_reserve(self) -> bool:
        """Write the reserve file in full: a sparse one would reserve nothing."""
        try:
            with self.reserve.open("wb") as file:
                file.write(bytes(self._reserve_bytes))
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                self.reserve.unlink()
            return False
        return True
