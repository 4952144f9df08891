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

    def __init__(self, writer: Writer, meter: CommitMeter, desk: Forwarder | None) -> None:
        """Take what is watched; without a desk of its own a process is ready by itself."""
        self._writer = writer
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
        health = self._writer.health()
        rules = self._writer.rules
        has_rules = bool(rules.centre.version and rules.node.version)
        return Readiness(
            (
                Check("stopping", not self.stopping),
                Check("writer", health.running, "" if health.running else "its thread has ended"),
                Check("ledger", not health.failing, "the storage failed" if health.failing else ""),
                Check("rules", has_rules, "" if has_rules else "nothing was published yet"),
                Check("disk", health.disk is DiskState.ok, _DISK[health.disk]),
                Check("desk", self._desk_answers, "" if self._desk_answers else "no answer"),
            )
        )

    def figures(self) -> WriterFigures:
        """Return the writer's plain counters."""
        health = self._writer.health()
        return WriterFigures(
            queue_depth=health.queue,
            batches=health.batches,
            commands=health.commands,
            commit_seconds=self._meter.seconds,
            last_commit_ms=health.commit_ms,
        )
