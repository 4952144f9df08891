"""The measuring side: starts load processes, lets them go at once, adds up what they saw."""

import subprocess
import sys
from array import array
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass

import msgspec

from bench.load import Figures, Spec
from bench.report import percentile


@dataclass(frozen=True, slots=True)
class Seen:
    """What the clients of one measurement saw; latencies ascending, seconds.

    `answered_most` is how many answers the busiest client got.
    """

    answered: int
    answered_most: int
    good: int
    elapsed_s: float
    client_cpu_s: float
    latencies: "array[float]"
    bad: str

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.elapsed_s

    def ms(self, percent: float) -> float:
        """Return a percentile of the latencies in milliseconds."""
        return percentile(self.latencies, percent) * 1000

    def require_good(self) -> None:
        """Raise RuntimeError unless every answer was right: a wrong one costs too little."""
        if self.good != self.answered or not self.answered:
            raise RuntimeError(f"{self.good} of {self.answered} answers were good: {self.bad}")


class Clients:
    """Load processes that are connected and wait for the word."""

    def __init__(self, specs: Iterable[Spec]) -> None:
        """Start one process per spec and wait until all are connected."""
        self._stack = ExitStack()
        with self._stack:
            self._processes = [self._start(spec) for spec in specs]
            for process in self._processes:
                assert process.stdout is not None
                if process.stdout.readline() != b"ready\n":
                    raise RuntimeError("a load process could not connect")
            self._stack = self._stack.pop_all()

    def _start(self, spec: Spec) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(spec) + b"\n")
        process.stdin.flush()
        return process

    def go(self) -> None:
        """Let all of them begin."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()

    def seen(self) -> Seen:
        """Wait until all are done; return the sum."""
        with self._stack:
            told = [process.communicate()[0].partition(b"\n") for process in self._processes]
        figures = [msgspec.json.decode(head, type=Figures) for head, _, _ in told]
        latencies = array("d")
        for _, _, tail in told:
            latencies.frombytes(tail)
        return Seen(
            answered=sum(f.answered for f in figures),
            answered_most=max(f.answered for f in figures),
            good=sum(f.good for f in figures),
            elapsed_s=max(f.elapsed_s for f in figures),
            client_cpu_s=sum(f.cpu_s for f in figures),
            latencies=array("d", sorted(latencies)),
            bad=next((f.bad for f in figures if f.bad), ""),
        )


def run_load(*specs: Spec) -> Seen:
    """Carry out specs side by side and return what was seen."""
    clients = Clients(specs)
    clients.go()
    return clients.seen()
