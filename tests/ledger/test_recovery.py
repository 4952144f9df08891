"""A storage that comes back is found again, also by a writer that nobody asks anything."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from paifang.ledger import writer as writer_module
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
