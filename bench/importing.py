"""`import`: an attendee list by the command people use, against a bare `executemany` of its rows.

The bare side puts the same cells into one table with a unique index, in one transaction, as one
commit. Ours reads the file, checks every row, issues tickets with sealed codes, journal and chain,
and carries them into the store.
"""

import csv
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import psycopg

from bench.report import emit, median, say
from bench.scale import Scale
from bench.stage import ROOT, Stage, staged

COLUMNS: Final = ("reference", "name", "company", "email", "phone")
PRODUCT: Final = "Adult ticket"
_NAMES: Final = ("王芳", "李秀英", "欧阳文博", "Anna Müller", "Séan O’Brien", "Nguyễn Thị Mai")
_TABLE: Final = (
    "CREATE TABLE bare_row (reference TEXT, name TEXT, company TEXT, email TEXT, phone TEXT)"
)
_INDEX: Final = "CREATE UNIQUE INDEX bare_reference ON bare_row (reference)"
_INSERT: Final = "INSERT INTO bare_row VALUES ({0}, {0}, {0}, {0}, {0})"

Row = tuple[str, ...]


class Imported(NamedTuple):
    """One run of the command: seconds, the largest memory of its process, what it reported."""

    elapsed_s: float
    memory_bytes: int
    report: dict[str, Any]


def run(scale: Scale) -> None:
    """Measure every engine."""
    for engine in scale.engines:
        ours, bare = [], []
        for turn in range(scale.rounds):
            with staged(engine, 1) as stage:
                rows = list(_rows(scale.rows, turn))
                ours.append(_import(stage, rows))
                bare.append(_bare(stage, rows))
        _tell(engine, scale, ours, bare)


def _tell(engine: str, scale: Scale, ours: list[Imported], bare: list[float]) -> None:
    ratio = median([one.elapsed_s / other for one, other in zip(ours, bare, strict=True)])
    rows_per_s = scale.rows / median([one.elapsed_s for one in ours])
    memory_mb = max(one.memory_bytes for one in ours) / 1e6
    figures: dict[str, Any] = {
        "engine": engine,
        "rows": scale.rows,
        "rows_per_s": rows_per_s,
        "bare_rows_per_s": scale.rows / median(bare),
        "memory_mb": memory_mb,
    }
    emit("import", ratio, figures)
    say(f"  {engine}: {rows_per_s:,.0f} rows/s, {ratio:.0f} × bare, {memory_mb:.0f} MB")


def _rows(count: int, turn: int) -> Iterable[Row]:
    for n in range(count):
        name = f"{_NAMES[n % len(_NAMES)]} {n}"
        yield (f"R{turn}-{n}", name, "春叶茶业 & Co", f"guest{n}@example.org", f"138{n:08d}")


def _import(stage: Stage, rows: list[Row]) -> Imported:
    path = stage.data.with_name(f"{stage.data.name}.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    command = [
        *(sys.executable, "-m", "paifang", "import", "attendees", str(path), "--json"),
        *("--event", stage.told["event"], "--product", PRODUCT),
    ]
    try:
        started = time.perf_counter()
        with subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **stage.environment}, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            said = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        elapsed = time.perf_counter() - started
    finally:
        path.unlink()
    report: dict[str, Any] = json.loads(said.splitlines()[-1])
    if process.returncode or report["created"] != len(rows):
        raise RuntimeError(f"the import ended with {process.returncode}: {report}")
    return Imported(elapsed, usage.ru_maxrss * 1024, report)


def _bare(stage: Stage, rows: list[Row]) -> float:
    """Return the seconds of the bare way on the same engine and disk."""
    return _bare_postgres(stage.database, rows) if stage.database else _bare_sqlite(stage, rows)


def _bare_sqlite(stage: Stage, rows: list[Row]) -> float:
    path = stage.data / "bare.db"
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", _TABLE, _INDEX):
            connection.execute(statement)
        started = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT.format("?"), rows)
        connection.execute("COMMIT")
        return time.perf_counter() - started
    finally:
        connection.close()


def _bare_postgres(url: str, rows: list[Row]) -> float:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (_TABLE, _INDEX):
            connection.execute(statement.encode())
        started = time.perf_counter()
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(_INSERT.format("%s").encode(), rows)
        return time.perf_counter() - started
