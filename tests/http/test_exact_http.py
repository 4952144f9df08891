"""Thousands of concurrent scans over HTTP, from several processes: each ticket gets in once."""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import httpx
import pytest

from tests.http.evidence import judge, read_ledger, require_verified
from tests.http.scanners import Fleet, Scan
from tests.http.server import ServerTree, temporary_directory
from tests.ledger.engines import bare_database, postgres_server

pytestmark = pytest.mark.http

TICKETS = 3_000
PROCESSES = 2
SCANS_EACH = 2
"""Of every code by every client process: four of each in all."""
NEAR = 40
"""How far apart a code's scans may lie in the order they are sent, so that they race."""


def shares_of(server: ServerTree, seed: int) -> list[list[Scan]]:
    """Return what each client process is to send: all codes, at all gates, nearly in order."""
    told = server.demo()
    gates = [(one["gate"], one["token"]) for one in told["terminals"] if one["role"] == "gate"]
    codes = [ticket["code"] for ticket in told["tickets"]]
    assert len(set(codes)) == TICKETS
    draw = random.Random(seed)
    shares = []
    for process in range(PROCESSES):
        scans = [
            (place + draw.random() * NEAR, Scan(f"{process}-{again}-{code}", code, *gate))
            for place, code in enumerate(codes)
            for again, gate in enumerate(draw.sample(gates, SCANS_EACH))
        ]
        shares.append([scan for _, scan in sorted(scans)])
    return shares


def check(servers: Sequence[ServerTree], database: str) -> None:
    """Scan every ticket four times at all servers and compare all answers with the ledger."""
    first = servers[0]
    ports = [server.port for server in servers]
    shares = shares_of(first, seed=20261122)
    with Fleet(processes=PROCESSES, connections=64) as fleet:
        outcome = fleet.run(ports, shares)
    assert not outcome.unanswered
    assert not outcome.unsent
    scans = [scan for share in shares for scan in share]
    assert len(scans) == PROCESSES * SCANS_EACH * TICKETS
    ledger = read_ledger(database or first.data / "ledger.db")
    assert judge(scans, outcome.replies, ledger) == TICKETS
    for server in servers:
        zones = occupancy(server, shares[0][0].token)
        assert sum(zones.values()) == TICKETS
        assert zones == {zone: ledger.entries[zone] for zone in zones}
    require_verified(first.data, database)


def occupancy(server: ServerTree, token: str) -> dict[str, int]:
    """Return the people let into each zone, as a gate sees it."""
    answer = httpx.get(
        f"{server.url}/api/v1/occupancy", headers={"Authorization": f"Bearer {token}"}
    ).raise_for_status()
    return {zone["zone"]: zone["entries"] for zone in answer.json()["zones"]}


@pytest.fixture
def two_live() -> Iterator[tuple[list[ServerTree], str]]:
    """Yield two live processes on one PostgreSQL database, and its URL."""
    with ExitStack() as stack:
        data = stack.enter_context(temporary_directory()) / "data"
        database = stack.enter_context(
            bare_database(stack.enter_context(postgres_server(fsync=True)))
        )
        with ServerTree(data, database=database, tickets=TICKETS):
            pass
        servers = [
            ServerTree(data, database=database, command="serve", options=("--only", "live"))
            for _ in range(2)
        ]
        yield [stack.enter_context(server) for server in servers], database


def test_12000_scans_of_3000_tickets_give_3000_admissions_on_sqlite() -> None:
    with temporary_directory() as path, ServerTree(path / "data", tickets=TICKETS) as server:
        check([server], "")


@pytest.mark.postgres
def test_12000_scans_of_3000_tickets_give_3000_admissions_by_two_live_processes(
    two_live: tuple[list[ServerTree], str],
) -> None:
    servers, database = two_live
    check(servers, database)
