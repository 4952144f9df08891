"""`sync`: a lease of many tickets fetched and opened, and their admissions brought back.

In one process, without a line: bytes are counted as they would travel, signed and compressed. Time
to ready is against the time to unpack the same bytes and flush them to the disk; rows applied at
the centre are against a bare `executemany` of the same journal rows.
"""

import io
import os
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import uuid4

import apsw
import msgspec
import psycopg
import zstandard

from bench import bare
from bench.report import Reach, emit, say
from bench.scale import Scale
from bench.stage import CACHE
from paifang.ledger import tables as t
from paifang.ledger.commands import Command
from paifang.ledger.lease_commands import GrantLease
from paifang.ledger.opening import LedgerReader, Target, is_postgres, open_reader
from paifang.ledger.rows import JournalRow
from paifang.ledger.writer import Port, collect, commit_through
from paifang.sync import centre, lessee
from paifang.sync.envelope import seal
from paifang.sync.messages import Down, Grant
from paifang.sync.snapshot import Made, read_chunk, split_snapshot, write_snapshot

LEASE: Final = bytes(15) + b"1"
TELL_BYTES: Final = 1024 * 1024
_DAY_MS: Final = 24 * 60 * 60 * 1000
_BATCH: Final = 512
INCOMPRESSIBLE: Final = 10 + 16 * 4 + 56 + 54
"""Random bytes of a ticket: of its id (version 7), four hashes, and two sealed values."""
_REACH: Final = (
    Reach("wire_to_incompressible", "<=", 1.5),
    Reach("ready_to_unpacked", "<=", 5),
    Reach("back_mb_per_million", "<=", 32),
    Reach("applied_to_bare", ">=", 0.25),
)


class Side(NamedTuple):
    """A node of the benchmark: its writer's port and where it is read."""

    port: Port
    reader: LedgerReader

    def commit(self, commands: Sequence[Command]) -> list[Any]:
        """Commit commands and return their outcomes."""
        return list(commit_through(self.port, commands))


def run(scale: Scale) -> None:
    """Measure every engine of the centre; the host is on SQLite."""
    for engine in scale.engines:
        with bare.target(engine) as target, bare.writer(target) as writer:
            port = writer.port(collect)
            say(f"issuing {scale.tickets:,} tickets …")
            bare.issue(port, scale.tickets)
            work = Path(str(target)) if engine == "sqlite" else CACHE / f"host-{os.getpid()}"
            host_at = work.with_name(f"{work.name}-host.db")
            try:
                with (
                    closing(open_reader(target)) as reader,
                    bare.host(host_at) as host,
                    closing(open_reader(host_at)) as host_reader,
                ):
                    sides = Side(port, reader), Side(host.port(collect), host_reader)
                    _measure(engine, target, *sides, scale)
            finally:
                for path in host_at.parent.glob(f"{host_at.name}*"):
                    path.unlink()


def _measure(engine: str, target: Target, here: Side, there: Side, scale: Scale) -> None:
    snapshot, made = _granted(here)
    unpacked_s = _unpack(snapshot)
    started = time.perf_counter()
    (lease,) = lessee.leases_of(there.reader.raw) or _taken(here, there, made)
    for _ in lessee.load(there.commit, lease, snapshot):
        pass
    ready_s = time.perf_counter() - started
    say(f"  ready in {ready_s:.1f} s; {made.size / made.tickets:.0f} bytes a ticket")
    for start in range(0, scale.tickets, _BATCH):
        stop = min(start + _BATCH, scale.tickets)
        bare.commit(there.port, [_admit(n) for n in range(start, stop)])
    size, applied_s = _bring_back(here, there)
    rows = there.reader.raw.journal_after({bare.SEGMENT: (lease.epoch, 0)}, scale.tickets)
    bare_s = _bare(target, rows)
    figures: dict[str, Any] = {
        "engine": engine,
        "tickets": made.tickets,
        "wire_bytes": made.size / made.tickets,
        "wire_to_incompressible": made.size / made.tickets / INCOMPRESSIBLE,
        "ready_s": ready_s,
        "ready_to_unpacked": ready_s / unpacked_s,
        "back_bytes": size / scale.tickets,
        "back_mb_per_million": size / scale.tickets,
        "applied_per_s": scale.tickets / applied_s,
        "applied_to_bare": bare_s / applied_s,
    }
    emit("sync", figures["ready_to_unpacked"], figures, _REACH)


def _admit(number: int) -> Command:
    """Return an admission under a request id as terminals mint them: a UUID, all of it random."""
    return msgspec.structs.replace(bare.admit(number), request_id=str(uuid4()))


def _granted(here: Side) -> tuple[bytes, Made]:
    """Lease everything to the host; return the snapshot."""
    now_ms = time.time_ns() // 1_000_000
    bare.commit(
        here.port,
        [
            GrantLease(
                request_id="grant",
                actor="bench",
                lease=LEASE,
                site="site",
                periods=("fair",),
                lessee=bare.HOST,
                rights=("admit",),
                not_after_ms=now_ms + _DAY_MS,
            )
        ],
    )
    (lease,) = lessee.leases_of(here.reader.raw)
    held = frozenset(head.number for head in centre.segments_of(here.reader.raw, lease))
    sink = io.BytesIO()
    made = write_snapshot(here.reader.raw, held, sink)
    return sink.getvalue(), made


def _unpack(snapshot: bytes) -> float:
    """Return how long the bytes take to be unpacked and flushed to the disk."""
    path = CACHE / f"unpacked-{os.getpid()}"
    started = time.perf_counter()
    with path.open("wb") as file:
        for frame in split_snapshot(snapshot):
            file.write(zstandard.ZstdDecompressor().decompress(frame))
        file.flush()
        os.fsync(file.fileno())
    taken = time.perf_counter() - started
    path.unlink()
    assert read_chunk(next(split_snapshot(snapshot))).records, "a snapshot has tickets"
    return taken


def _taken(here: Side, there: Side, made: Made) -> list[Any]:
    """Let the host hear of its lease; return it."""
    (lease,) = lessee.leases_of(here.reader.raw)
    rules = here.reader.rules().centre
    grant = centre.make_grant(
        here.reader.raw, lease, centre.Prepared(made, 0, bare.NODE), rules, b""
    )
    _talk(here, there, {LEASE: grant})
    return lessee.leases_of(there.reader.raw)


def _talk(here: Side, there: Side, grants: dict[bytes, Grant]) -> tuple[int, float, Down]:
    """Tell and hear once; return the bytes told, the centre's time, and its answer."""
    boot = lessee.Boot(1, os.urandom(16))
    up = lessee.tell(there.reader.raw, bare.HOST, boot, TELL_BYTES)
    told = len(seal(up, bare.HOST, lambda _: bytes(64)))
    started = time.perf_counter()
    by_name = {lease.hex().encode(): grant for lease, grant in grants.items()}
    found = centre.Here(
        bare.NODE, lambda lease: lease.hex().encode() if lease in grants else None, 0
    )
    down = centre.answer(here.reader.raw, here.commit, up, found)
    taken = time.perf_counter() - started
    lessee.hear(there.reader.raw, there.commit, down, lambda document: by_name[document])
    return told, taken, down


def _bring_back(here: Side, there: Side) -> tuple[int, float]:
    """Tell the centre everything; return the bytes and the time it took the centre."""
    size, seconds = 0, 0.0
    while lessee.backlog(there.reader.raw).rows:
        told, taken, _ = _talk(here, there, {})
        size, seconds = size + told, seconds + taken
    return size, seconds


def _bare(target: Target, rows: Sequence[JournalRow]) -> float:
    """Return how long a bare `executemany` of journal rows takes, in transactions of 200."""
    columns = ", ".join(t.JOURNAL.columns)
    started = time.perf_counter()
    if is_postgres(target):
        marks = ", ".join(["%s"] * len(t.JOURNAL.columns))
        with psycopg.connect(str(target)) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE bare_journal (LIKE ledger.journal INCLUDING ALL)")
            connection.commit()
            started = time.perf_counter()
            for start in range(0, len(rows), 200):
                cursor.executemany(
                    f"INSERT INTO bare_journal ({columns}) VALUES ({marks})".encode(),
                    rows[start : start + 200],
                )
                connection.commit()
        return time.perf_counter() - started
    marks = ", ".join("?" * len(t.JOURNAL.columns))
    path = Path(str(target)).with_name("bare.db")
    with closing(apsw.Connection(str(path))) as database:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            database.execute(f"PRAGMA {pragma}").fetchall()
        database.execute(
            f"CREATE TABLE journal ({columns}, PRIMARY KEY (segment, epoch, seq)) WITHOUT ROWID"
        )
        started = time.perf_counter()
        for start in range(0, len(rows), 200):
            with database:
                database.executemany(
                    f"INSERT INTO journal VALUES ({marks})",
                    rows[start : start + 200],
                )
    return time.perf_counter() - started
