"""Every test that asks for `venue` runs on both engines."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from paifang.ledger.opening import Target
from tests.ledger.engines import postgres_database, postgres_server
from tests.ledger.venue import Venue
from tests.ledger.world import SettableClock

ENGINES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server for this run (for each worker its own)."""
    with postgres_server() as url:
        yield url


@pytest.fixture(params=ENGINES)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    """Where an empty ledger is or shall be: a file, or the URL of a fresh database."""
    if request.param == "sqlite":
        yield tmp_path / "ledger.db"
        return
    with postgres_database(request.getfixturevalue("server")) as url:
        yield url


@pytest.fixture
def clock() -> SettableClock:
    """The clock of the venue."""
    return SettableClock()


@pytest.fixture
def venue(target: Target, clock: SettableClock) -> Iterator[Venue]:
    """A ledger with the rules of world.py in force and one segment open."""
    with closing(Venue(target, clock)) as made:
        yield made.furnish()


@pytest.fixture
def sqlite_venue(tmp_path: Path, clock: SettableClock) -> Iterator[Venue]:
    """A venue on SQLite, for what only concerns that engine."""
    with closing(Venue(tmp_path / "ledger.db", clock)) as made:
        yield made.furnish()


@pytest.fixture
def postgres_venue(server: str, clock: SettableClock) -> Iterator[Venue]:
    """A venue on PostgreSQL, for what only concerns that engine; mark the test `postgres`."""
    with postgres_database(server) as url, closing(Venue(url, clock)) as made:
        yield made.furnish()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes; to mount it one must be root."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)
