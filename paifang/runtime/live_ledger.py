"""The ledger as the event loop sees it: futures over the writer's port, and a thread that reads.

The writer delivers a whole batch at once; it reaches the loop in one call, so that the loop is
woken once per commit and not once per scan.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from paifang.core.rules import Rules
from paifang.ledger.clock import Clock
from paifang.ledger.commands import Command
from paifang.ledger.engine import EngineError
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault, StorageFault
from paifang.ledger.opening import LedgerReader, Target, is_postgres, open_reader
from paifang.ledger.rows import Cursor, JournalRow, SegmentRow, ZoneCount
from paifang.ledger.writer import Writer

T = TypeVar("T")
Outcome = Answer | LedgerFault


class ReaderThread:
    """One reading connection in a thread of its own, opened anew after a failure."""

    def __init__(self, target: Target) -> None:
        """Name the ledger; it is opened at the first read."""
        self._target = target
        self._reader: LedgerReader | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger-reader")

    async def read(self, work: Callable[[LedgerReader], T]) -> T:
        """Return what `work` reads. Raises StorageFault if the ledger could not be read."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, work)

    def _read(self, work: Callable[[LedgerReader], T]) -> T:
        try:
            if self._reader is None:
                self._reader = open_reader(self._target)
            return work(self._reader)
        except EngineError as error:
            self._close()
            raise StorageFault(str(error)) from error

    def _close(self) -> None:
        if self._reader is not None:
            with suppress(EngineError):
                self._reader.close()
            self._reader = None

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()


class LoopLedger:
    """The live process's ledger (`services.live.ports.LiveLedger`), on one event loop."""

    def __init__(self, writer: Writer, target: Target, clock: Clock) -> None:
        """Take a started writer, where its ledger is, and the clock its days are counted by."""
        self._writer = writer
        self._clock = clock
        self._target = target
        self._read: Rules | None = None
        self._reader = ReaderThread(target)
        self._loop = asyncio.get_running_loop()
        self._port = writer.port(self._deliver)
        self._asked: list[tuple[Command, asyncio.Future[Answer]]] = []
        self.on_commit: Callable[[], None] = lambda: None
        """Called on the loop after each batch with commands of this process."""

    @property
    def rules(self) -> Rules:
        """The newest rules this process has seen."""
        decided_by, read = self._writer.rules, self._read
        if read is not None and _is_newer(read, decided_by):
            return read
        return decided_by

    async def renew_rules(self) -> None:
        """Learn of rules that another process has brought into force. Raises StorageFault.

        A file has one writer, whose rules are the newest there are.
        """
        if is_postgres(self._target):
            self._read = await self._reader.read(LedgerReader.rules)

    def submit(self, command: Command) -> "asyncio.Future[Answer]":
        """Queue a command and return its answer to come, which may be QueueFull or Stopping."""
        answer: asyncio.Future[Answer] = self._loop.create_future()
        if not self._asked:
            # What else the loop has at hand goes into the same batch: a flush of the disk and a
            # turn of the interpreter's lock cost the same for one command as for thirty.
            self._loop.call_soon(self._pass_on)
        self._asked.append((command, answer))
        return answer

    def _pass_on(self) -> None:
        """Give the writer what was asked since the loop's last turn."""
        asked, self._asked = self._asked, []
        try:
            self._port.submit_all(asked)
        except LedgerFault as fault:
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(fault)

    async def commit(self, command: Command) -> Answer:
        """Return the answer once it is durable. Raises LedgerFault."""
        return await self.submit(command)

    def _deliver(self, answered: list[tuple[Any, Outcome]]) -> None:
        """Hand a batch to the loop; in the writer's thread."""
        self._loop.call_soon_threadsafe(self._resolve, answered)

    def _resolve(self, answered: list[tuple["asyncio.Future[Answer]", Outcome]]) -> None:
        for future, outcome in answered:
            # Whoever hung up in the meantime is not told; the command is committed all the same.
            if future.done():
                continue
            if isinstance(outcome, LedgerFault):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        self.on_commit()

    async def occupancy(self) -> list[ZoneCount]:
        """Return today's count of every zone of every site."""
        now_ms = self._clock.now_ms()
        return await self._reader.read(lambda reader: reader.occupancy(now_ms))

    async def journal_after(self, cursors: Mapping[int, Cursor], rows_max: int) -> list[JournalRow]:
        """Return rows behind each named segment's cursor, oldest first within a segment."""
        return await self._reader.read(lambda reader: reader.journal_after(cursors, rows_max))

    async def segments(self) -> list[SegmentRow]:
        """Return all segments."""
        return await self._reader.read(LedgerReader.segments)

    async def cursors(self) -> dict[int, Cursor]:
        """Return the position of every segment's newest row."""
        return await self._reader.read(LedgerReader.cursors)

    async def close(self) -> None:
        """Stop reading. The writer is stopped by whoever started it."""
        await self._reader.close()


def _is_newer(one: Rules, other: Rules) -> bool:
    """Whether one bundle has a later version of a layer than another."""
    return one.node.version > other.node.version or one.centre.version > other.centre.version
