"""Every test that asks for `pair` runs with the centre on either engine; a host is on SQLite."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from paifang.ledger.opening import Target
from paifang.ledger.postgres import SCHEMA
from tests.ledger import conftest as shared
from tests.ledger.engines import postgres_database
from tests.ledger.world import SettableClock
from tests.sync.failover import Failover
from tests.sync.nodes import Pair
from tests.sync.spares import Guarded

# Fixtures of the ledger's tests, under their own names.
clock, server, target = shared.clock, shared.server, shared.target


@pytest.fixture
def pair(target: Target, clock: SettableClock, tmp_path: Path) -> Iterator[Pair]:
    """A centre and a host that joined it."""
    with closing(Pair(target, tmp_path / "host.db", clock)) as made:
        yield made


@pytest.fixture
def guarded(tmp_path: Path, clock: SettableClock) -> Iterator[Guarded]:
    """A centre, a host, the spare behind it, and gates."""
    with closing(Guarded(tmp_path / "centre.db", tmp_path / "spare.db", tmp_path, clock)) as made:
        yield made


@pytest.fixture(params=shared.ENGINES)
def failover(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: SettableClock,
) -> Iterator[Failover]:
    """A centre, a host, a spare and gates; centre and spare on either engine."""
    with ExitStack() as stack:
        centre: Target = tmp_path / "centre.db"
        spare: Target = tmp_path / "spare.db"
        if request.param != "sqlite":
            url = request.getfixturevalue("server")
            centre = stack.enter_context(postgres_database(url))
            spare = stack.enter_context(postgres_database(url))
            # Databases of the tests are made for one node; the spare makes its own segment anew.
            with psycopg.connect(str(spare), autocommit=True) as connection:
                connection.execute(f"DELETE FROM {SCHEMA}.head".encode())
        yield stack.enter_context(closing(Failover(centre, spare, tmp_path, clock)))
