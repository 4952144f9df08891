"""Whether the live process may be sent requests, and the writer's figures."""

import asyncio
from typing import Final

from paifang.ledger.disk import DiskState
from paifang.ledger.writer import Writer
from paifang.runtime.forward import Forwarder
from paifang.web.live.ports import Check, Readiness, WriterFigures

DESK_EVERY_S: Final = 2.0
DESK_STARTING_EVERY_S: Final = 0.1

_DISK: Final = {
    DiskState.ok: "",
    DiskState.low: "the disk is nearly full: nothing is sold",
    DiskState.spent: "the disk is full: the reserve was given up",
}


class CommitMeter:
    """Adds up how long batches took; `count` is called by the writer after each."""

    def __init__(self) -> None:
        """Start at nothing; whoever starts the writer sets it here."""
        self.writer: Writer | None = None
        self.seconds = 0.0

    def count(self) -> None:
        """Add the batch just committed."""
        if self.writer is not None:
            self.seconds += self.writer.health().commit_ms / 1000


class Watch:
    """Looks after the writer and the desk. `stopping` is set when the process is about to end."""

    def __init__(self, meter: CommitMeter, desk: Forwarder | None) -> None:
        """Take what is watched; without a desk of its own a process is ready by itself."""
        self._meter = meter
        self._desk = desk
        self._desk_answers = desk is None
        self.stopping = False

    async def run(self) -> None:
        """Ask the desk again and again, often while it is starting."""
        while self._desk is not None:
            self._desk_answers = await self._desk.desk_answers()
            await asyncio.sleep(DESK_EVERY_S if self._desk_answers else DESK_STARTING_EVERY_S)

    async def desk_ended(self) -> None:
        """Take note that the desk has ended; the connections to it are of no further use."""
        self._desk_answers = False
        if self._desk is not None:
            await self._desk.desk_moved()

    def readiness(self) -> Readiness:
        """Return whether requests may come, and what was looked at."""
        writer = self._meter.writer
        if writer is None:
            return Readiness((Check("writer", ok=False, detail="not open yet"),))
        health = writer.health()
        has_rules = bool(writer.rules.centre.version and writer.rules.node.version)
        return Readiness(
            (
                Check("stopping", not self.stopping),
                _check("writer", "its thread has ended", ok=health.running),
                _check("ledger", "the storage failed", ok=not health.failing),
                _check("rules", "nothing was published yet", ok=has_rules),
                _check("disk", _DISK[health.disk], ok=health.disk is DiskState.ok),
                _check("desk", "no answer", ok=self._desk_answers),
            )
        )

    def figures(self) -> WriterFigures:
        """Return the writer's plain counters."""
        if self._meter.writer is None:
            return WriterFigures()
        health = self._meter.writer.health()
        return WriterFigures(
            queue_depth=health.queue,
            batches=health.batches,
            commands=health.commands,
            commit_seconds=self._meter.seconds,
            last_commit_ms=health.commit_ms,
        )


def _check(name: str, trouble: str, *, ok: bool) -> Check:
    return Check(name, ok, "" if ok else trouble)
