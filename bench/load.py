"""One process of the load generator: `python -m bench.load`, a spec on stdin, figures on stdout.

A bare epoll loop, because the client shares two cores with the server it measures: about 10 µs a
request. Each connection has one request in flight; with a rate, requests come by the clock, and a
late one counts from when it was due.
"""

import select
import socket
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from bench.wire import Pages, Scans, is_complete, judge_of, requests_of

_clock: Final = time.perf_counter
_ANSWER_S: Final = 30.0
_READ_BYTES: Final = 262_144


class Spec(msgspec.Struct, frozen=True):
    """What one process does. `rate` is in requests a second over all connections, 0 without."""

    port: int
    connections: int
    seconds: float
    plan: Scans | Pages
    rate: float = 0.0


class Figures(msgspec.Struct, frozen=True):
    """What one process saw; latencies in seconds follow as machine doubles."""

    answered: int
    good: int
    elapsed_s: float
    cpu_s: float
    bad: str = ""


class _Line:
    """One connection: when its request counts from (0: none in flight), what has arrived."""

    __slots__ = ("part", "since", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Without a time limit Python asks the kernel once per call, not twice.
        self.socket.settimeout(0)
        self.since = 0.0
        self.part = b""


class Load:
    """All connections of one process."""

    def __init__(self, spec: Spec) -> None:
        """Connect. Raises OSError if nobody listens."""
        self._requests: Iterator[bytes] = requests_of(spec.plan)
        self._judge: Callable[[bytes], bool] = judge_of(spec.plan)
        self._epoll = select.epoll()
        self._lines: dict[int, _Line] = {}
        for _ in range(spec.connections):
            line = _Line(spec.port)
            self._lines[line.socket.fileno()] = line
            self._epoll.register(line.socket, select.EPOLLIN)
        self._spec = spec
        self._open = 0
        self.latencies = array("d")
        self.good = 0
        self.bad = b""

    def run(self) -> float:
        """Work through the spec; return the seconds until the last answer."""
        started = _clock()
        until = started + self._spec.seconds
        if self._spec.rate:
            self._paced(started, until)
        else:
            for line in self._lines.values():
                self._send(line, _clock())
            while self._open:
                for line, now in self._answers(_ANSWER_S):
                    if now < until:
                        self._send(line, now)
        elapsed = _clock() - started
        for line in self._lines.values():
            line.socket.close()
        return elapsed

    def _paced(self, started: float, until: float) -> None:
        """Send by the clock, each on the next free connection."""
        free = list(self._lines.values())
        due, step = started, 1 / self._spec.rate
        while True:
            now = _clock()
            while free and due <= now and due < until:
                # Only what had to wait for a connection counts from when it was due.
                self._send(free.pop(0), due)
                due += step
            if due >= until and not self._open:
                return
            # epoll counts in milliseconds and rounds up; the last one is waited for awake.
            wait = max(0.0, due - _clock() - 0.001) if free and due < until else 0.05
            free += [line for line, _ in self._answers(wait)]

    def _send(self, line: _Line, since: float) -> None:
        request = next(self._requests, None)
        if request is None:
            return
        line.since = since
        if line.socket.send(request) != len(request):
            raise ConnectionError("a request did not fit into an idle line")
        self._open += 1

    def _answers(self, wait_s: float) -> Iterator[tuple[_Line, float]]:
        """Yield each connection whose answer is complete, and when."""
        events = self._epoll.poll(wait_s)
        if not events and wait_s == _ANSWER_S:
            raise TimeoutError(f"{self._open} requests were not answered in {_ANSWER_S} s")
        for number, _ in events:
            line = self._lines[number]
            data = line.socket.recv(_READ_BYTES)
            if not data:
                raise ConnectionError("the server hung up")
            answer = line.part + data if line.part else data
            if not is_complete(answer):
                line.part = answer
                continue
            line.part = b""
            now = _clock()
            self.latencies.append(now - line.since)
            self._open -= 1
            if self._judge(answer):
                self.good += 1
            elif not self.bad:
                self.bad = answer
            yield line, now


def main() -> None:
    """Read the spec, say `ready`, wait for the word, work, tell."""
    spec = msgspec.json.decode(sys.stdin.buffer.readline(), type=Spec)
    load = Load(spec)
    sys.stdout.buffer.write(b"ready\n")
    sys.stdout.buffer.flush()
    sys.stdin.buffer.readline()
    cpu = time.process_time()
    elapsed = load.run()
    figures = Figures(
        answered=len(load.latencies),
        good=load.good,
        elapsed_s=elapsed,
        cpu_s=time.process_time() - cpu,
        bad=load.bad[:600].decode("utf-8", "replace"),
    )
    sys.stdout.buffer.write(msgspec.json.encode(figures) + b"\n" + load.latencies.tobytes())


if __name__ == "__main__":
    main()
