"""A real ledger behind its socket, in a thread with an event loop of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paifang.ledger.clock import SystemClock
from paifang.ledger.opening import open_engine
from paifang.ledger.writer import Writer
from paifang.runtime.data_directory import DataDirectory
from paifang.runtime.ledger_socket import LedgerSocket
from paifang.runtime.live_ledger import LoopLedger

NODE = "0192f0c1-2b3a-7c4d-8e5f-0123456789ab"


class LedgerServer:
    """What a live process has of the ledger: writer, loop, socket."""

    def __init__(self, data: DataDirectory) -> None:
        """Take the data directory; `start` opens the ledger."""
        self.data = data
        self.target = data.path / "ledger.db"
        self.writer: Writer
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def start(self) -> None:
        """Open ledger and socket."""
        self.writer = Writer(open_engine(self.target, NODE), node=NODE, clock=SystemClock())
        self.writer.start()
        self._thread.start()
        self._run(self._open())

    async def _open(self) -> None:
        self.ledger = LoopLedger(self.writer, self.target, SystemClock())
        self._socket = LedgerSocket(self.ledger, NODE)
        await self._socket.open(self.data.place_socket("ledger"))

    def _run(self, work: object) -> None:
        assert asyncio.iscoroutine(work)
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def hang_up(self) -> None:
        """Drop every connection and the socket; the ledger stays open."""
        self._run(self._socket.close())

    def listen(self) -> None:
        """Open the socket again, in a new place."""
        self._run(self._open_again())

    async def _open_again(self) -> None:
        self._socket = LedgerSocket(self.ledger, NODE)
        await self._socket.open(self.data.place_socket("ledger"))

    def stop(self) -> None:
        """Close everything in the order the live process does."""
        self.hang_up()
        self.writer.stop()
        self._run(self.ledger.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def ledger_server(path: Path) -> Iterator[LedgerServer]:
    """Yield a served ledger in a directory."""
    server = LedgerServer(DataDirectory(path))
    server.start()
    try:
        yield server
    finally:
        server.stop()
