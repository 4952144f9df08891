"""`link`: what a venue host admitted while its line was cut goes up over 512 kbit/s.

Centre and host are real servers on machines of their own (`bench.namespaces`). The line is cut, the
host admits everybody, the line comes back slow and is cut once more in the middle. Meanwhile eight
gates scan by the clock, as they did while nothing went over the line.
"""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.admit import ADMISSIONS
from bench.client import Clients, Seen
from bench.load import Spec
from bench.namespaces import Machine, town, why_not
from bench.report import Reach, emit, median, say
from bench.scale import Scale
from bench.servers import Server, paifang
from bench.stage import Stage, staged
from bench.wire import Scans
from paifang.ledger import tables as t
from paifang.ledger.opening import open_reader
from paifang.sync import lessee

KBIT: Final = 512
GATES: Final = 8
SCANS_PER_S: Final = 100
CONNECTIONS: Final = 64
CUT_S: Final = 8.0
NEAR: Final = 300
"""So few rows always wait where somebody scans."""
_LONGEST_S: Final = 3_600.0
_LOOK_S: Final = 0.25
_HTTPS: Final = 8443
_SITE: Final = "expo-centre"
_PERIOD: Final = "tea-expo"
_REACH: Final = (Reach("p99_to_idle", "<=", 2), Reach("lost", "<=", 0))


class Host:
    """The venue host: its machine, its server, and tickets that nobody has shown yet."""

    def __init__(self, machine: Machine, server: Server, stage: Stage, token: str) -> None:
        """Take them; `token` is its gate's."""
        self.machine = machine
        self.data = stage.data
        self._server = server
        self._codes = str(stage.codes)
        self._token = token
        self._next = 0

    def admit(
        self, count: int, connections: int, seconds: float = _LONGEST_S, rate: float = 0.0
    ) -> Seen:
        """Show so many fresh tickets, as fast as they are answered or by the clock."""
        first, self._next = self._next, self._next + count
        plan = Scans(
            ADMISSIONS, self._token, "north", self._codes, first, count, run="", random=True
        )
        with self.machine.entered():
            clients = Clients([Spec(self._server.port, connections, seconds, plan, rate)])
        clients.go()
        seen = clients.seen()
        seen.require_good()
        return seen

    def scan(self, seconds: float) -> Seen:
        """Let the gates scan by the clock."""
        return self.admit(int(SCANS_PER_S * seconds) + GATES, GATES, seconds, SCANS_PER_S)


class Look(NamedTuple):
    """How many rows waited at a moment (by `time.monotonic`)."""

    at_s: float
    rows: int


class Watch:
    """Looks how many rows wait at the host, in a thread of its own."""

    def __init__(self, data: Path) -> None:
        """Begin."""
        self._data = data
        self._stop = threading.Event()
        self.looks: list[Look] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        while not self.looks:
            time.sleep(_LOOK_S)

    def _run(self) -> None:
        with closing(open_reader(self._data / "ledger.db")) as reader:
            while not self._stop.wait(_LOOK_S):
                self.looks.append(Look(time.monotonic(), lessee.backlog(reader.raw).rows))

    @property
    def rows(self) -> int:
        """How many wait."""
        return self.looks[-1].rows

    def first_told(self, since_s: float) -> float:
        """Return when the first rows were confirmed after a moment; the last look if none was."""
        looks = [look for look in self.looks if look.at_s >= since_s] or self.looks[-1:]
        fell = (b.at_s for a, b in pairwise(looks) if b.rows < a.rows)
        return next(fell, looks[-1].at_s)

    def near_s(self) -> float:
        """Return since when only what was just scanned waits."""
        return next(look.at_s for look in self.looks if look.rows <= NEAR)

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()


def run(scale: Scale) -> None:
    """Measure on SQLite; say why not where no machines can be made."""
    if why := why_not():
        say(f"  not measured: {why}")
        return
    # Those of the cut, and those that gates show by the clock: at most as long as twice the slow
    # line takes.
    seconds = 2 * scale.admissions * 50 * 8 / (KBIT * 1000) + 60 + 10 * scale.point_s * scale.rounds
    tickets = scale.admissions + int(SCANS_PER_S * seconds)
    with staged("sqlite", tickets) as stage, town("centre", "host") as (centre, machine):
        options = ("--role", "centre", "--tls", "auto", "--tls-bind", f"{centre.address}:{_HTTPS}")
        with centre.entered(), paifang(stage, *options), _host(stage, centre, machine) as host:
            _measure(host, scale, stage.data)


@contextmanager
def _host(stage: Stage, centre: Machine, machine: Machine) -> Iterator[Host]:
    """Make a venue host that holds the fair, and run its server."""
    data = stage.data.with_name(f"{stage.data.name}-host")
    try:
        code = _told(stage.data, "node", "code", "hall-3")
        with machine.entered():
            _run(data, "init", "--username", "boss")
            address = f"https://{centre.address}:{_HTTPS}"
            _run(data, "join", address, code["code"], "--fingerprint", code["fingerprint"])
        _told(stage.data, "lease", "grant", "hall-3", _SITE, _PERIOD)
        say("  the lease is given; fetching …")
        with machine.entered():
            _run(data, "sync")
            token = _told(data, "terminal", "add", "door-1", "--gate", "north")["token"]
            there = Stage(data, "", stage.codes, stage.tickets)
            with paifang(there, "--role", "venue") as server:
                yield Host(machine, server, there, token)
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _run(data: Path, *words: str) -> str:
    """Run a command over a data directory; return what it printed."""
    command = [sys.executable, "-m", "paifang", *words, "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"paifang {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def _told(data: Path, *words: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(_run(data, *words, "--json").splitlines()[-1])
    return told


def _measure(host: Host, scale: Scale, centre: Path) -> None:
    piece_s = max(0.5, 5 * scale.point_s)
    host.scan(1.0)
    host.machine.cut()
    say(f"  the line is cut; admitting {scale.admissions:,} …")
    admitted = host.admit(scale.admissions, CONNECTIONS)
    say(f"  admitted at {admitted.rate:,.0f}/s; gates at rest …")
    idle = [host.scan(piece_s) for _ in range(scale.rounds)]
    watch = Watch(host.data)
    try:
        figures = _catch_up(host, watch, piece_s)
    finally:
        watch.stop()
    busy: list[Seen] = figures.pop("seen")
    idle_ms, busy_ms = (median([one.ms(99) for one in seen]) for seen in (idle, busy))
    figures |= {
        "admissions": scale.admissions,
        "kbit": KBIT,
        "admitted_per_s": admitted.rate,
        "idle_p99_ms": idle_ms,
        "busy_p99_ms": busy_ms,
        "p99_to_idle": busy_ms / idle_ms,
        "lost": _lacking(host.data, centre),
    }
    emit("link", figures["time_to_ideal"], figures, _REACH)


def _catch_up(host: Host, watch: Watch, piece_s: float) -> dict[str, Any]:
    """Let the line come back slow, and cut it once in the middle; gates scan all the while."""
    before, sent = watch.rows, host.machine.sent_bytes()
    scanned = 0
    seen: list[Seen] = []
    stalls: list[tuple[float, float]] = []
    host.machine.slow_down(KBIT)
    host.machine.heal()
    began_s = cut_s = time.monotonic()
    say(f"  the line is back at {KBIT} kbit/s; {before:,} rows wait …")
    while watch.rows > NEAR:
        seen.append(host.scan(piece_s))
        scanned += seen[-1].answered
        if not stalls and watch.rows < before / 2:
            stalls = [(began_s, watch.first_told(began_s))]
            say(f"  {watch.rows:,} rows wait; cut once more …")
            host.machine.cut()
            cut_s = time.monotonic()
            scanned += host.scan(CUT_S).answered
            host.machine.heal()
        say(f"  {watch.rows:,} rows wait")
    done_s = watch.near_s()
    stalls = stalls or [(began_s, watch.first_told(began_s))]
    if cut_s > began_s:
        stalls.append((cut_s, watch.first_told(cut_s + CUT_S)))
    sent = host.machine.sent_bytes() - sent
    stalled_s = sum(until - since for since, until in stalls)
    busy_s = max(_LOOK_S, done_s - began_s - stalled_s)
    rows = before + scanned - watch.rows
    return {
        "seen": seen,
        "rows": rows,
        "cuts": len(stalls) - 1,
        "caught_up_s": done_s - began_s,
        "stalled_s": stalled_s,
        "sent_mb": sent / 1e6,
        "bytes_a_row": sent / rows,
        "time_to_ideal": busy_s / (sent * 8 / (KBIT * 1000)),
    }


def _lacking(host: Path, centre: Path) -> int:
    """Return how many rows of the fair the centre lacks once nobody scans any more."""
    until = time.monotonic() + 60
    while True:
        here, there = (_heads(data) for data in (centre, host))
        lacking = sum(max(0, seq - here.get(uuid, 0)) for uuid, seq in there.items())
        if not lacking or time.monotonic() > until:
            return lacking
        time.sleep(_LOOK_S)


def _heads(data: Path) -> dict[str, int]:
    with closing(open_reader(data / "ledger.db")) as reader:
        return {head.uuid: head.seq for head in reader.raw.scan(t.HEAD) if head.site == _SITE}
