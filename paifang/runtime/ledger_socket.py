"""The server side of the ledger's Unix socket: desk, command line and jobs commit through it."""

import asyncio
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from paifang.core import limits
from paifang.ledger.commands import Command
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault, Unavailable
from paifang.runtime.frames import (
    HEAD_BYTES,
    PROTOCOL,
    FrameError,
    Hello,
    body_length,
    frame,
    read_request,
    reply,
)
from paifang.runtime.live_ledger import LoopLedger

log = logging.getLogger(__name__)

CONNECTIONS_MAX: Final = 64


class LedgerSocket:
    """Serves one ledger on one Unix socket, one request at a time on each connection."""

    def __init__(self, ledger: LoopLedger, node: str) -> None:
        """Take the ledger and the node's name, which every caller is told first."""
        self._ledger = ledger
        self._hello = frame(Hello(PROTOCOL, node))
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self, path: Path) -> None:
        """Bind the socket, for this user alone, and serve it."""
        self._server = await asyncio.start_unix_server(self._connected, path)
        os.chmod(path, 0o600)  # noqa: PTH101 - a file of our own directory; nothing to wait for

    async def close(self) -> None:
        """Stop accepting and drop the connections; what was queued is committed all the same."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if len(self._connections) <= CONNECTIONS_MAX:
                await self._serve(reader, writer)
        except FrameError as error:
            log.warning("the ledger's socket was sent something else: %s", error)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer request after request until the caller hangs up."""
        writer.write(self._hello)
        while True:
            body = await reader.readexactly(body_length(await reader.readexactly(HEAD_BYTES)))
            request = read_request(body)
            outcomes = await self._commit(request.commands)
            writer.write(frame(reply(request.n, outcomes)))
            await writer.drain()

    async def _commit(self, commands: Sequence[Command]) -> list[Answer | LedgerFault]:
        """Queue all and wait for all; once one finds no room, those behind it are not tried."""
        waiting: list[asyncio.Future[Answer]] = []
        no_room: Unavailable | None = None
        for command in commands:
            try:
                waiting.append(self._ledger.submit(command))
            except Unavailable as fault:
                no_room = fault
                break
        outcomes: list[Answer | LedgerFault] = []
        for answer in waiting:
            try:
                outcomes.append(await answer)
            except LedgerFault as fault:
                outcomes.append(fault)
        if no_room is not None:
            # Order is kept: a later command may build on one that was refused.
            outcomes += [no_room] * (len(commands) - len(outcomes))
        return outcomes


assert limits.SOCKET_COMMANDS_MAX <= limits.QUEUE_COMMANDS_MAX, "a frame must fit the queue"
