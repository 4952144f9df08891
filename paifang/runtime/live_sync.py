"""The centre's side of the exchange in the live process: a thread of its own beside the gates."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from paifang.core import limits
from paifang.ledger.commands import Command
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault
from paifang.ledger.opening import LedgerReader, Target
from paifang.ledger.writer import Writer, collect, commit_through
from paifang.runtime.live_ledger import LoopLedger, ReaderThread
from paifang.services.live.problems import Problem, faults_as_problems
from paifang.services.live.signed_requests import SignedRequests
from paifang.services.live.sync_centre import CentreSide, Part

T = TypeVar("T")


def committing(writer: Writer) -> Callable[[Sequence[Command]], list[Answer | LedgerFault]]:
    """Return what commits for a thread of this process, through a port of its own.

    It raises QueueFull or Stopping, which are Unavailable, if the writer takes nothing now.
    """
    port = writer.port(collect)
    return lambda commands: commit_through(port, commands)


class LiveSync:
    """Answers venue hosts (`web.live.ports.SyncPort`), one after another."""

    def __init__(
        self,
        side: CentreSide,
        ledger: LoopLedger,
        writer: Writer,
        target: Target,
        now_ms: Callable[[], int],
    ) -> None:
        """Take the centre's side, the ledger's rules, writer and place, and the clock (UTC ms)."""
        self._side = side
        self._ledger = ledger
        self._commit = committing(writer)
        self._reader = ReaderThread(target)
        self._now_ms = now_ms
        self._requests = SignedRequests()
        self._waiting = 0

    def require(self, header: str, path: str, about: str) -> str:
        """Return the name of the node that signed a request's header. Raises Problem."""
        rules = self._ledger.rules
        return self._requests.require(rules, header, path, about, now_ms=self._now_ms()).id

    async def answer(self, node: str, data: bytes) -> bytes:
        """Return what a node is answered to a sealed document. Raises Problem."""
        came_s = time.monotonic()
        return await self._read(
            lambda reader: self._side.answer(reader, self._commit, data, node=node, came_s=came_s)
        )

    async def part(self, node: str, lease: str, range_: str) -> Part:
        """Return which part of which file holds a lease's snapshot. Raises Problem."""
        return await self._read(lambda reader: self._side.part(reader, node, lease, range_))

    async def _read(self, work: Callable[[LedgerReader], T]) -> T:
        if self._waiting >= limits.SYNC_WAITING_MAX:
            raise Problem("queue_full")
        self._waiting += 1
        try:
            with faults_as_problems():
                return await self._reader.read(work)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Stop reading; what is under way is finished first."""
        await self._reader.close()
