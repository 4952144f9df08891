"""Real servers as fixtures; started once for a module, because each costs seconds."""

from collections.abc import Iterator

import pytest

from tests.http.server import ServerTree, temporary_directory
from tests.ledger.engines import bare_database, postgres_server


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the `--database` of each engine: "" or the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        yield ""
        return
    with postgres_server() as server, bare_database(server) as url:
        yield url


@pytest.fixture(scope="module")
def server(database: str) -> Iterator[ServerTree]:
    """Yield a ready demonstration server on each engine, for tests that leave it running."""
    with temporary_directory() as path, ServerTree(path / "data", database=database) as tree:
        yield tree


@pytest.fixture(scope="module")
def sqlite_server() -> Iterator[ServerTree]:
    """Yield a ready demonstration server on SQLite, HTTPS on, for what is alike on both engines."""
    with temporary_directory() as path, ServerTree(path / "data", tls=True) as tree:
        yield tree


@pytest.fixture
def tree() -> Iterator[ServerTree]:
    """Yield a server on SQLite that is not started yet, for tests that stop or kill it."""
    with temporary_directory() as path:
        one = ServerTree(path / "data")
        yield one
        one.kill()
