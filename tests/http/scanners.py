"""Gates as processes of their own: many connections, every answer kept, lost answers kept apart.

Each client process speaks HTTP over raw sockets, keep-alive, optionally pipelined. It is never
killed, so what it holds in memory is what a gate would remember. A request that was sent and not
answered (the connection broke, or nothing came in time) is `unanswered`: nobody knows what became
of it until it is asked again with the same request_id.
"""

import asyncio
import json
import multiprocessing
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

ANSWER_S: Final = 60.0
COLLECT_S: Final = 240.0
_SPAWN: Final = multiprocessing.get_context("spawn")
_ADMIT: Final = b'"decision":"admit"'


class Scan(NamedTuple):
    """One scan to be sent: by which terminal, at which gate."""

    request_id: str
    code: str
    gate: str
    token: str

    def request(self) -> bytes:
        """Return the scan as an HTTP request."""
        body = json.dumps(
            {"code": self.code, "gate": self.gate, "request_id": self.request_id}
        ).encode()
        return (
            b"POST /api/v1/admissions HTTP/1.1\r\nHost: gate\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s"
            % (self.token.encode(), len(body), body)
        )


class Reply(NamedTuple):
    """What one scan was answered. `retry_after` is the header's value, "" without one."""

    status: int
    body: bytes
    retry_after: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """The body as a value."""
        told: dict[str, Any] = json.loads(self.body)
        return told


@dataclass
class Outcome:
    """What became of scans: answered, sent and not answered, not sent at all."""

    replies: dict[str, Reply] = field(default_factory=dict)
    unanswered: list[Scan] = field(default_factory=list)
    unsent: list[Scan] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Put another process's outcome to this one; no request_id may be in both."""
        twice = self.replies.keys() & other.replies.keys()
        assert not twice, f"answered twice: {sorted(twice)[:5]}"
        self.replies.update(other.replies)
        self.unanswered += other.unanswered
        self.unsent += other.unsent


class Order(NamedTuple):
    """What a client process is to do. Connections are spread over the ports in turn."""

    ports: tuple[int, ...]
    scans: tuple[Scan, ...]
    connections: int
    pipeline: int
    pause_s: float


class _Counts(NamedTuple):
    """Numbers in shared memory: replies, and admissions among them."""

    answered: Any
    admitted: Any


class _Client:
    """The inside of one client process, for one order."""

    def __init__(self, order: Order, counts: _Counts, stop: Any) -> None:
        self._order = order
        self._counts = counts
        self._stop = stop
        self._waiting = deque(order.scans)
        self._outcome = Outcome()

    async def run(self) -> Outcome:
        """Send everything, until told to stop or until every connection broke."""
        ports = self._order.ports
        await asyncio.gather(
            *(self._gate(ports[n % len(ports)]) for n in range(self._order.connections))
        )
        self._outcome.unsent += self._waiting
        return self._outcome

    async def _gate(self, port: int) -> None:
        """Keep one connection busy. When it breaks, what was sent on it stays unanswered."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return
        sent: deque[Scan] = deque()
        try:
            while self._waiting and not self._stop.is_set():
                while self._waiting and len(sent) < self._order.pipeline:
                    scan = self._waiting.popleft()
                    sent.append(scan)
                    writer.write(scan.request())
                while sent:
                    reply = await asyncio.wait_for(_receive(reader), ANSWER_S)
                    self._keep(sent.popleft(), reply)
                if self._order.pause_s:
                    await asyncio.sleep(self._order.pause_s)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            self._outcome.unanswered += sent
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _keep(self, scan: Scan, reply: Reply) -> None:
        self._outcome.replies[scan.request_id] = reply
        _add_one(self._counts.answered)
        if _ADMIT in reply.body:
            _add_one(self._counts.admitted)


def _add_one(count: Any) -> None:
    with count.get_lock():
        count.value += 1


async def _receive(reader: asyncio.StreamReader) -> Reply:
    """Return the next answer on a connection. Raises IncompleteReadError if it broke."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {
        name.lower(): value.strip()
        for name, colon, value in (line.partition(":") for line in head[1:])
        if colon
    }
    body = await reader.readexactly(int(headers["content-length"]))
    return Reply(int(head[0].split()[1]), body, headers.get("retry-after", ""))


def _client(orders: Connection, counts: _Counts, stop: Any) -> None:
    """A client process: carry out one order after the other, until there are no more."""
    with suppress(EOFError, KeyboardInterrupt):
        while True:
            orders.send(asyncio.run(_Client(orders.recv(), counts, stop).run()))


class Fleet:
    """Client processes, at least two. One run at a time: `start`, then `collect`.

    Args:
        processes: How many.
        connections: Of each process.
        pipeline: How many scans each connection sends before it reads the first answer.
        pause_s: How long each connection rests after its answers.
    """

    def __init__(
        self,
        *,
        processes: int = 2,
        connections: int = 32,
        pipeline: int = 1,
        pause_s: float = 0.0,
    ) -> None:
        self._manner = (connections, pipeline, pause_s)
        self._counts = _Counts(_SPAWN.Value("Q", 0), _SPAWN.Value("Q", 0))
        self._stop = _SPAWN.Event()
        self._lines: list[Connection] = []
        self._processes: list[Any] = []
        for _ in range(processes):
            ours, theirs = _SPAWN.Pipe()
            process = _SPAWN.Process(
                target=_client, args=(theirs, self._counts, self._stop), daemon=True
            )
            process.start()
            theirs.close()
            self._lines.append(ours)
            self._processes.append(process)

    @property
    def admitted(self) -> int:
        """How many admissions were acknowledged since the last `start`."""
        return int(self._counts.admitted.value)

    @property
    def answered(self) -> int:
        """How many scans were answered since the last `start`."""
        return int(self._counts.answered.value)

    @property
    def busy(self) -> bool:
        """Whether some process has not handed in its outcome."""
        return not all(line.poll() for line in self._lines)

    def start(self, ports: Sequence[int], shares: Sequence[Iterable[Scan]]) -> None:
        """Let each process send its share; returns at once."""
        assert len(shares) == len(self._lines), "one share for each process"
        self._stop.clear()
        for count in self._counts:
            count.value = 0
        for line, share in zip(self._lines, shares, strict=True):
            line.send(Order(tuple(ports), tuple(share), *self._manner))

    def stop(self) -> None:
        """Send nothing more; what was sent is waited for."""
        self._stop.set()

    def collect(self) -> Outcome:
        """Return what became of all scans, once every process is done."""
        outcome = Outcome()
        for line in self._lines:
            assert line.poll(COLLECT_S), "a client process does not come to an end"
            outcome.add(line.recv())
        return outcome

    def run(self, ports: Sequence[int], shares: Sequence[Iterable[Scan]]) -> Outcome:
        """Start and collect."""
        self.start(ports, shares)
        return self.collect()

    def spread(self, ports: Sequence[int], scans: Sequence[Scan]) -> Outcome:
        """Send scans, dealt out to the processes, and return what became of them."""
        return self.run(ports, [scans[n :: len(self._lines)] for n in range(len(self._lines))])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the client processes, which end when nobody can give orders any more."""
        self._stop.set()
        for line in self._lines:
            line.close()
        for process in self._processes:
            process.join(10)
            if process.is_alive():
                process.kill()
                process.join()
