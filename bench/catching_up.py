"""`projector`: how fast the journal is carried into the store, and how far behind it is at a rush.

The tables are made anew from a journal of tickets issued, and again after the load with its scans;
the other side is as many bare rows into one table with a primary key, in as many transactions, on
the same engine and as durable. Under the load of `admit` the whole server runs, and a process of
its own looks every 100 ms how old what the pages show is.
"""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import psycopg

from bench.admit import ADMISSIONS
from bench.client import Clients
from bench.load import Spec
from bench.report import Reach, emit, median, percentile, say
from bench.scale import Scale
from bench.servers import paifang
from bench.stage import ROOT, Stage, staged
from paifang.core import limits

CONNECTIONS: Final = 64
SETTLE_S: Final = 120.0
_TABLE: Final = (
    "CREATE TABLE bare_fact (segment BIGINT, epoch BIGINT, seq BIGINT, at_ms BIGINT, kind TEXT, "
    "payload TEXT, PRIMARY KEY (segment, epoch, seq))"
)
_INSERT: Final = "INSERT INTO bare_fact VALUES ({0}, {0}, {0}, {0}, {0}, {0})"
_PAYLOAD: Final = "x" * 300
_REACH: Final = (Reach("settled_s", "<=", SETTLE_S),)

Bare = tuple[int, int, int, int, str, str]


class Rebuilt(NamedTuple):
    """One rebuild: rows of the journal, and seconds."""

    rows: int
    seconds: float


class Lag(NamedTuple):
    """How far the store was behind under load, and how long it took to be up to date after it."""

    p50_s: float
    most_s: float
    settled_s: float
    scans: int
    scans_per_s: float


def run(scale: Scale) -> None:
    """Measure every engine."""
    for engine in scale.engines:
        with staged(engine, scale.tickets) as stage:
            issues = [_rebuild(stage) for _ in range(scale.rounds)]
            bare = [_bare(stage, one.rows) for one in issues]
            lag = _lag(stage, scale.load_s / 4)
            both = [_rebuild(stage) for _ in range(scale.rounds)]
            _tell(engine, issues, both, bare, lag)


def _tell(
    engine: str, issues: list[Rebuilt], both: list[Rebuilt], bare: list[float], lag: Lag
) -> None:
    issued_s, both_s = (median([one.seconds for one in some]) for some in (issues, both))
    scans = both[0].rows - issues[0].rows
    bare_per_s = issues[0].rows / median(bare)
    figures: dict[str, Any] = {
        "engine": engine,
        "issues": issues[0].rows,
        "issues_per_s": issues[0].rows / issued_s,
        "scans": scans,
        "mixed_per_s": both[0].rows / both_s,
        "bare_per_s": bare_per_s,
        "load_per_s": lag.scans_per_s,
        "lag_p50_s": lag.p50_s,
        "lag_most_s": lag.most_s,
        "settled_s": lag.settled_s,
    }
    emit("projector", bare_per_s / figures["issues_per_s"], figures, _REACH)
    say(
        f"  {engine}: {figures['issues_per_s']:,.0f} issues/s, {figures['mixed_per_s']:,.0f} "
        f"facts/s with scans, bare {bare_per_s:,.0f} rows/s; at {lag.scans_per_s:,.0f} scans/s "
        f"behind by {lag.p50_s:.1f} s (at most {lag.most_s:.1f} s), up to date {lag.settled_s:.1f} "
        "s later"
    )


def _rebuild(stage: Stage) -> Rebuilt:
    done = _child(stage, "rebuild")
    said, _ = done.communicate()
    if done.returncode:
        raise RuntimeError(f"the rebuild ended with {done.returncode}")
    return Rebuilt(**json.loads(said.splitlines()[-1]))


def _child(stage: Stage, what: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.projected", what],
        cwd=ROOT,
        env={**os.environ, **stage.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _lag(stage: Stage, seconds: float) -> Lag:
    """Scan as fast as the gates answer, and look at the store meanwhile and until it is there."""
    with paifang(stage) as server, _child(stage, "lag") as watcher:
        assert watcher.stdin is not None
        assert watcher.stdout is not None
        try:
            if watcher.stdout.readline() != b"ready\n":
                raise RuntimeError("the store could not be watched")
            plans = stage.scans(ADMISSIONS, seconds)
            clients = Clients([Spec(server.port, CONNECTIONS, seconds, plans[0])])
            clients.go()
            seen = clients.seen()
            seen.require_good()
            stage.spend(plans, seen.answered_most)
            ended = time.monotonic()
            watcher.stdin.write(b"settle\n")
            watcher.stdin.flush()
            told = json.loads(watcher.stdout.readline())
            settled_s = time.monotonic() - ended
        finally:
            watcher.kill()
    lags = sorted(told["lags_s"])
    return Lag(percentile(lags, 50), lags[-1], settled_s, seen.answered, seen.rate)


def _rows(count: int) -> Iterator[Bare]:
    for n in range(count):
        yield (1, 0, n, 1_700_000_000_000 + n, "admission", _PAYLOAD)


def _pages(rows: Iterable[Bare]) -> Iterator[list[Bare]]:
    page: list[Bare] = []
    for row in rows:
        page.append(row)
        if len(page) == limits.PROJECT_ROWS_MAX:
            yield page
            page = []
    yield page


def _bare(stage: Stage, count: int) -> float:
    """Return the seconds of the bare way on the same engine and disk."""
    return _bare_postgres(stage.database, count) if stage.database else _bare_sqlite(stage, count)


def _bare_sqlite(stage: Stage, count: int) -> float:
    path = stage.data / "bare.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", _TABLE):
            connection.execute(statement)
        started = time.perf_counter()
        for page in _pages(_rows(count)):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT.format("?"), page)
            connection.execute("COMMIT")
        return time.perf_counter() - started
    finally:
        connection.close()


def _bare_postgres(url: str, count: int) -> float:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bare_fact")
        connection.execute(_TABLE.encode())
        started = time.perf_counter()
        for page in _pages(_rows(count)):
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(_INSERT.format("%s").encode(), page)
        return time.perf_counter() - started
