"""A storage that is well again is noticed, also by a writer that nobody asks anything."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from paifang.core import limits
from paifang.ledger import writer as writer_module
from paifang.ledger.disk import DiskGuard, DiskState
from paifang.ledger.facts import Answer
from paifang.ledger.faults import StorageFault
from paifang.ledger.opening import open_engine
from paifang.ledger.writer import Writer, collect, commit_through
from tests.ledger.engines import NODE, url_of
from tests.ledger.venue import Venue, fault_of

pytestmark = pytest.mark.timeout(120)
FOUND_S = 30


@contextmanager
def database_closed(url: str) -> Iterator[None]:
    """Throw everybody out of a database and let nobody in, as a server does that is down."""
    name = url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(url_of(url, "postgres"), autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        server.execute(
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname=%s",
            (name,),
        )
        yield
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())


@pytest.mark.postgres
def test_a_writer_nobody_asks_anything_finds_its_database_again(
    postgres_venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = postgres_venue
    assert isinstance(venue.target, str)
    monkeypatch.setattr(writer_module, "RECOVER_S", 0.02)
    venue.issue("T1")
    venue.engine.close()
    writer = Writer(open_engine(venue.target, NODE), node=NODE, clock=venue.clock)
    writer.start()
    try:
        port = writer.port(collect)
        entry = venue.admit_command("T1")
        with database_closed(venue.target):
            for _ in range(2):
                (outcome,) = commit_through(port, [entry])
                assert fault_of(outcome) is StorageFault
            time.sleep(0.2)  # So that it also looks in vain.
            assert writer.health().failing
        deadline = time.monotonic() + FOUND_S
        while writer.health().failing:
            assert time.monotonic() < deadline, "the writer does not look after its database"
            time.sleep(0.01)
        (outcome,) = commit_through(port, [entry])
        assert isinstance(outcome, Answer)
    finally:
        writer.stop()


def test_room_on_the_disk_is_noticed_by_a_writer_nobody_asks_anything(
    venue: Venue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RECOVER_S", 0.02)
    free = 0
    guard = DiskGuard(tmp_path, free_bytes=lambda _: free, reserve_bytes=10, floor_bytes=10)
    venue.engine.close()
    writer = Writer(open_engine(venue.target, NODE), node=NODE, clock=venue.clock, disk=guard)
    writer.start()
    try:
        assert writer.health().disk is DiskState.spent
        free = 100
        venue.clock.forward(ms=limits.DISK_CHECK_EVERY_MS + 1)
        deadline = time.monotonic() + FOUND_S
        while writer.health().disk is not DiskState.ok:
            assert time.monotonic() < deadline, "the writer does not look after its disk"
            time.sleep(0.01)
        assert not writer.health().failing
    finally:
        writer.stop()
