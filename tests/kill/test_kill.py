"""kill -9 of whole servers under the load of two client processes: none missing, none doubled."""

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import SOAK
from tests.http.server import ServerTree, temporary_directory
from tests.kill.kill_loop import ROUND_TICKETS, KillLoop, prepare
from tests.kill.postgres_crash import CrashingPostgres, crashing_postgres

pytestmark = [pytest.mark.kill, pytest.mark.timeout(14_400 if SOAK else 300)]

KILLS = 100 if SOAK else 5
CRASHES = 10 if SOAK else 1
TICKETS_A_KILL = 800


def kill_all(servers: list[ServerTree]) -> None:
    for server in servers:
        server.kill()


def start_all(servers: list[ServerTree]) -> None:
    for server in servers:
        server.launch()
    wait_ready(servers)


def wait_ready(servers: list[ServerTree]) -> None:
    for server in servers:
        server.wait_ready()


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Say something that stands in the log also if all is well; workers have only stderr."""

    def say(words: str) -> None:
        with capsys.disabled():
            print(f"\n{words}", file=sys.stderr, flush=True)

    return say


def test_kill_9_of_the_server_loses_and_doubles_nothing_on_sqlite(
    tell: Callable[[str], None],
) -> None:
    with temporary_directory() as path:
        data = path / "data"
        serials = prepare(data, "", ROUND_TICKETS + KILLS * TICKETS_A_KILL)
        servers = [ServerTree(data, command="serve")]
        loop = KillLoop(servers, "", serials, random.Random(1))
        start_all(servers)
        try:
            loop.run(KILLS, lambda: kill_all(servers), lambda: start_all(servers))
            loop.check()
        finally:
            kill_all(servers)
    tell(f"SQLite: {loop.tally}")


class Shared(NamedTuple):
    """Two servers, one of them with a desk, on one PostgreSQL database of a test's own server."""

    postgres: CrashingPostgres
    servers: list[ServerTree]
    loop: KillLoop


@pytest.fixture
def shared() -> Iterator[Shared]:
    """Yield two running servers on one database and the loop that scans at both."""
    with ExitStack() as stack:
        data: Path = stack.enter_context(temporary_directory()) / "data"
        postgres = stack.enter_context(crashing_postgres())
        database = postgres.make_database("paifang")
        serials = prepare(data, database, ROUND_TICKETS + (KILLS + 2 * CRASHES) * TICKETS_A_KILL)
        servers = [
            ServerTree(data, database=database, command="serve", options=options)
            for options in ((), ("--only", "live"))
        ]
        stack.callback(kill_all, servers)
        start_all(servers)
        yield Shared(postgres, servers, KillLoop(servers, database, serials, random.Random(2)))


@pytest.mark.postgres
def test_kill_9_of_two_servers_and_of_postgres_itself_loses_and_doubles_nothing(
    shared: Shared, tell: Callable[[str], None]
) -> None:
    servers = shared.servers
    shared.loop.run(KILLS, lambda: kill_all(servers), lambda: start_all(servers))
    tell(f"PostgreSQL, two servers: {shared.loop.tally}")

    def restart_postgres() -> None:
        shared.postgres.start()
        wait_ready(servers)

    pids = [server.pids[0] for server in servers]
    shared.loop.run(CRASHES, shared.postgres.kill, restart_postgres)
    shared.loop.run(CRASHES, shared.postgres.stop_at_once, restart_postgres)
    assert [server.pids[0] for server in servers] == pids, "a server ended with its database"
    shared.loop.check()
    tell(f"PostgreSQL itself as well: {shared.loop.tally}")
