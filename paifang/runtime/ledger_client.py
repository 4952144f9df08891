"""The ledger for processes that are not its writer: commits go through the writer's Unix socket."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from paifang.core import limits
from paifang.ledger.commands import Command
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault, QueueFull, Stopping, Unavailable
from paifang.ledger.opening import Target
from paifang.runtime.frames import (
    HEAD_BYTES,
    FrameError,
    Reply,
    body_length,
    frame,
    outcome_of,
    read_hello,
    read_reply,
    request,
)
from paifang.runtime.ledger_reads import LedgerReads

ANSWER_S: Final = 60
"""How long one request may take; a flush of a sick disk takes seconds, never a minute."""
PAUSE_FIRST_S: Final = 0.02
PAUSE_MAX_S: Final = 0.5


class LedgerClient(LedgerReads):
    """`services.live.ports.DeskLedger` over the socket; used by any number of threads.

    A lost connection or a full queue is met by asking again with the same request ids, for
    `limits.WRITER_WAIT_S` at most: what was recorded the first time is answered, not repeated.
    """

    def __init__(
        self,
        find_socket: Callable[[], Path | None],
        target: Target,
        node: str,
        *,
        wait_s: float = limits.WRITER_WAIT_S,
    ) -> None:
        """Take how to find the socket (a restarted server may bind another), and the ledger."""
        super().__init__(target)
        self._find_socket = find_socket
        self._node = node
        self._wait_s = wait_s
        self._idle: list[socket.socket] = []
        self._idle_lock = threading.Lock()

    def commit(self, commands: Sequence[Command]) -> list[Answer | LedgerFault]:
        """Commit all in order; each has its own answer or fault.

        Raises:
            Unavailable: The writer could not be reached in time; ask again later.
        """
        outcomes: list[Answer | LedgerFault] = []
        for start in range(0, len(commands), limits.SOCKET_COMMANDS_MAX):
            outcomes += self._commit_some(commands[start : start + limits.SOCKET_COMMANDS_MAX])
        return outcomes

    def _commit_some(self, commands: Sequence[Command]) -> list[Answer | LedgerFault]:
        """Commit what fits a frame, asking again from the first command that found no room."""
        deadline = time.monotonic() + self._wait_s
        pause_s = PAUSE_FIRST_S
        done: list[Answer | LedgerFault] = []
        while True:
            try:
                outcomes = self._ask(commands[len(done) :])
            except (OSError, FrameError) as error:
                problem: LedgerFault = Unavailable(f"no server answers on the socket: {error}")
            else:
                turned_away = next(
                    (
                        place
                        for place, outcome in enumerate(outcomes)
                        if isinstance(outcome, QueueFull | Stopping)
                    ),
                    len(outcomes),
                )
                done += outcomes[:turned_away]
                if len(done) == len(commands):
                    return done
                refusal = outcomes[turned_away]
                assert isinstance(refusal, LedgerFault)
                problem = refusal
            if time.monotonic() + pause_s > deadline:
                raise problem
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_MAX_S)

    def _ask(self, commands: Sequence[Command]) -> list[Answer | LedgerFault]:
        """Send one request and return its outcomes. Raises OSError or FrameError."""
        connection = self._take()
        try:
            connection.sendall(frame(request(1, commands)))
            answered: Reply = read_reply(_receive_frame(connection))
            if len(answered.outcomes) != len(commands):
                raise FrameError("not one outcome for each command")
        except BaseException:
            connection.close()
            raise
        with self._idle_lock:
            self._idle.append(connection)
        return [outcome_of(told) for told in answered.outcomes]

    def _take(self) -> socket.socket:
        """Return an idle connection, or a new one to the right ledger."""
        with self._idle_lock:
            if self._idle:
                return self._idle.pop()
        path = self._find_socket()
        if path is None:
            raise FileNotFoundError("no server has recorded a socket")
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(ANSWER_S)
            connection.connect(str(path))
            hello = read_hello(_receive_frame(connection))
            if hello.node != self._node:
                raise FrameError("another ledger answers on this socket")
        except BaseException:
            connection.close()
            raise
        return connection

    def answers(self) -> bool:
        """Whether a server answers on the socket now."""
        try:
            self._ask(())
        except (OSError, FrameError):
            return False
        return True

    def close(self) -> None:
        """Close all connections."""
        with self._idle_lock:
            for connection in self._idle:
                with suppress(OSError):
                    connection.close()
            self._idle.clear()
        super().close()


def _receive_frame(connection: socket.socket) -> bytes:
    """Return the body of the next frame. Raises OSError if the other side hangs up."""
    return _receive(connection, body_length(_receive(connection, HEAD_BYTES)))


def _receive(connection: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = connection.recv(min(length - len(parts), 1024 * 1024))
        if not part:
            raise ConnectionResetError("the server hung up")
        parts += part
    return bytes(parts)
