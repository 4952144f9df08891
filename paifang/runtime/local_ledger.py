"""The ledger for a process that commits itself: a command line with no server up, or PostgreSQL."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from paifang.core import limits
from paifang.ledger.clock import SystemClock
from paifang.ledger.commands import Command
from paifang.ledger.disk import DiskGuard
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault, QueueFull
from paifang.ledger.opening import Target, is_postgres, open_engine
from paifang.ledger.writer import Writer, collect, commit_through
from paifang.runtime.ledger_reads import LedgerReads

PAUSE_S: Final = 0.05


class LocalLedger(LedgerReads):
    """`services.live.ports.DeskLedger` over a writer of this process; for any thread."""

    def __init__(self, target: Target, data: Path, node: str) -> None:
        """Open the ledger and start its writer. On SQLite the caller holds the writer's lock.

        Raises EngineError.
        """
        clock = SystemClock()
        super().__init__(target, clock)
        # On PostgreSQL the disk that fills up is another machine's, which says so itself.
        guard = None if is_postgres(target) else DiskGuard(data)
        self._writer = Writer(open_engine(target, node), node=node, clock=clock, disk=guard)
        self._writer.start()
        self._port = self._writer.port(collect)

    def commit(self, commands: Sequence[Command]) -> list[Answer | LedgerFault]:
        """Commit all in order; each has its own answer or fault.

        Raises:
            Unavailable: The queue stayed full, or the writer is stopping.
        """
        outcomes: list[Answer | LedgerFault] = []
        for start in range(0, len(commands), limits.SOCKET_COMMANDS_MAX):
            outcomes += self._commit_some(commands[start : start + limits.SOCKET_COMMANDS_MAX])
        return outcomes

    def _commit_some(self, commands: Sequence[Command]) -> list[Answer | LedgerFault]:
        deadline = time.monotonic() + limits.WRITER_WAIT_S
        while True:
            try:
                return list(commit_through(self._port, commands))
            except QueueFull:
                # Those that found room are committed; asked again, they get the same answer.
                if time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE_S)

    def close(self) -> None:
        """Commit what is queued, then close everything."""
        super().close()
        self._writer.stop()
