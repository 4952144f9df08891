"""kill -9 of the process that projects, again and again under load: nothing skipped or repeated."""

import itertools
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from paifang.ledger.opening import Target
from paifang.runtime.django_settings import postgresql_store, sqlite_store
from paifang.store.models import Position, ProjectedAdmission
from tests.conftest import SOAK
from tests.desk_fixtures import store_at
from tests.http.evidence import paifang, read_ledger, told_by
from tests.http.scanners import Fleet, Scan
from tests.http.server import ServerTree, temporary_directory
from tests.http.snippets import at_the_desk
from tests.kill.postgres_crash import crashing_postgres
from tests.projected import tables

pytestmark = [pytest.mark.kill, pytest.mark.timeout(7_200 if SOAK else 300)]

KILLS = 100 if SOAK else 10
TICKETS = 400
MOMENT_S = 0.4
WAIT_S = 60
_numbers = itertools.count(1)


def until(told: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WAIT_S
    while not told():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def positions() -> dict[int, tuple[int, int]]:
    return {row.segment: (row.epoch, row.seq) for row in Position.objects.all()}


def scans(server: ServerTree, count: int) -> Iterator[Scan]:
    """Yield scans of tickets over and over: those used already are facts as well."""
    told = server.demo()
    gates = [(one["gate"], one["token"]) for one in told["terminals"] if one["role"] == "gate"]
    codes = [ticket["code"] for ticket in told["tickets"]]
    for _ in range(count):
        number = next(_numbers)
        yield Scan(f"k-{number}", codes[number % len(codes)], *gates[number % len(gates)])


def kill_under_load(live: ServerTree, desk: ServerTree, draw: random.Random) -> None:
    """Kill the desk at some moment after it has begun to project again, so many times."""
    with Fleet(processes=2, connections=2, pause_s=0.05) as fleet:
        for _ in range(KILLS):
            fleet.start([live.port], [list(scans(live, 2_000)) for _ in range(2)])
            before = positions()
            desk.launch()
            until(lambda before=before: positions() != before, "nothing is projected")  # type: ignore[misc]
            time.sleep(draw.random() * MOMENT_S)
            desk.kill()
            fleet.stop()
            fleet.collect()


def check(data: Path, target: Target, database: str) -> int:
    """Fail unless the tables are those of a fresh rebuild, and hold every decision once."""
    options = ("--json", "--data", data)
    told_by(paifang("project", *options, database=database))
    before = tables()
    assert told_by(paifang("project", "--rebuild", *options, database=database))["rows"] > 0
    assert tables() == before
    decided = list(ProjectedAdmission.objects.values_list("request_id", flat=True))
    assert sorted(decided) == sorted(read_ledger(target).decisions)
    return len(decided)


def run(data: Path, database: str, seed: int) -> None:
    with ServerTree(data, database=database, tickets=TICKETS):
        pass
    at_the_desk(data, "models.Zone.objects.update(cap=0)", database)
    # Apart, as they are on several machines: nobody waits longer and longer to start it again.
    live, desk = (
        ServerTree(data, database=database, command="serve", options=("--only", only))
        for only in ("live", "desk")
    )
    with store_at(postgresql_store(database) if database else sqlite_store(str(data))):
        with live:
            try:
                kill_under_load(live, desk, random.Random(seed))
            finally:
                desk.kill()
        count = check(data, database or data / "ledger.db", database)
    print(f"\nprojector: {KILLS} kills, {count} decisions projected once", file=sys.stderr)


def test_killed_at_random_points_the_projector_neither_skips_nor_repeats_on_sqlite() -> None:
    with temporary_directory() as path:
        run(path / "data", "", seed=1)


@pytest.mark.postgres
def test_killed_at_random_points_the_projector_neither_skips_nor_repeats_on_postgres() -> None:
    with ExitStack() as stack:
        data: Path = stack.enter_context(temporary_directory()) / "data"
        postgres = stack.enter_context(crashing_postgres())
        run(data, postgres.make_database("paifang"), seed=2)
