"""Lane agents in the live process: a thread of its own reads for them beside the gates."""

from collections.abc import Callable

from paifang.core import limits
from paifang.ledger.opening import Target
from paifang.ledger.writer import Writer
from paifang.runtime.live_ledger import ReaderThread
from paifang.runtime.live_sync import committing
from paifang.services.live.callers import Caller
from paifang.services.live.lanes import LaneDown, LaneSide, LaneUp
from paifang.services.live.problems import Problem, faults_as_problems


class LiveLanes:
    """Answers lane agents (`web.live.ports.LanePort`), one after another."""

    def __init__(
        self, side: LaneSide, writer: Writer, target: Target, now_ms: Callable[[], int]
    ) -> None:
        """Take the host's side, the ledger's writer and place, and the clock (UTC ms)."""
        self._side = side
        self._commit = committing(writer)
        self._reader = ReaderThread(target)
        self._now_ms = now_ms
        self._waiting = 0

    async def answer(self, up: LaneUp, caller: Caller) -> LaneDown:
        """Return what a gate is answered. Raises Problem."""
        if self._waiting >= limits.SYNC_WAITING_MAX:
            raise Problem("queue_full")
        self._waiting += 1
        try:
            with faults_as_problems():
                return await self._reader.read(
                    lambda reader: self._side.answer(
                        reader, self._commit, up, caller, self._now_ms()
                    )
                )
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Stop reading; what is under way is finished first."""
        await self._reader.close()
