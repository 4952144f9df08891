"""kill -9 under load, again and again: what was acknowledged is there, what was not is asked again.

The loop knows nothing of what it kills but process ids, and nothing of what became of a scan but
what a gate was answered. Tickets come from a list with serials of our own, imported by the command
line, so that any number of rounds has fresh ones.
"""

import csv
import itertools
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from paifang.core.codes import serial
from tests.http.evidence import judge, paifang, read_ledger, require_verified, told_by
from tests.http.scanners import Fleet, Outcome, Reply, Scan
from tests.http.server import ServerTree
from tests.http.snippets import at_the_desk

ACKNOWLEDGED: Final = 200
"""How many admissions gates must have been told of since a start before the server is killed."""
SURPLUS: Final = 100
MOMENT_S: Final = 0.15
ROUND_TICKETS: Final = 2_000
"""More than are scanned in a round, so that the kill always meets full load."""
REPEATED: Final = 100
"""How many answered scans of a round are asked again."""
WAIT_S: Final = 60
PROCESSES: Final = 2
CONNECTIONS: Final = 32


def _kinds(outcome: Outcome) -> str:
    """Return how often gates were told what, for a failure's words."""
    told = Counter(
        (reply.status, reply.told.get("reason") or reply.told.get("code"))
        for reply in outcome.replies.values()
    )
    return f"{told}, {len(outcome.unanswered)} unanswered, {len(outcome.unsent)} not sent"


def write_list(path: Path, tickets: int) -> list[str]:
    """Write a list of attendees with serials of our own; return the serials."""
    serials = [serial(10_000 + number) for number in range(tickets)]
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("reference", "name", "product", "serial"))
        rows.writerows(
            (f"K-{number}", f"Guest {number}", "Adult ticket", one)
            for number, one in enumerate(serials)
        )
    return serials


def prepare(data: Path, database: str, tickets: int) -> deque[str]:
    """Make a demonstration and import tickets while no server is up; return their serials."""
    with ServerTree(data, database=database, tickets=1):
        pass
    # The demonstration's hall is full after 2,000 people, which nobody here wants to prove.
    at_the_desk(data, "models.Zone.objects.update(cap=0)", database)
    path = data.parent / "kill.csv"
    serials = deque(write_list(path, tickets))
    options = ("--event", "tea-expo", "--data", data, "--json")
    told = told_by(paifang("import", "attendees", path, *options, database=database))
    assert told["created"] == tickets, told
    return serials


@dataclass
class Tally:
    """What happened, for the log."""

    kills: int = 0
    acknowledged: int = 0
    retried: int = 0
    repeated: int = 0
    faults: int = 0
    tickets: int = 0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.acknowledged} decisions acknowledged, "
            f"{self.retried} unanswered request_ids retried, {self.faults} of them after a fault, "
            f"{self.repeated} answered ones asked again, "
            f"{self.tickets or 'not yet counted'} tickets admitted once each"
        )


@dataclass
class KillLoop:
    """Load, kill, restart, retry.

    Attributes:
        servers: Those the gates scan at.
        database: Their PostgreSQL database, "" for SQLite.
        serials: Of tickets nobody has shown yet.
        draw: Chance, with a seed.
    """

    servers: list[ServerTree]
    database: str
    serials: deque[str]
    draw: random.Random
    tally: Tally = field(default_factory=Tally)
    sent: dict[str, Scan] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    _rounds: Iterator[int] = field(default_factory=itertools.count)

    @property
    def ports(self) -> list[int]:
        """Where gates scan."""
        return [server.port for server in self.servers]

    def run(self, kills: int, kill: Callable[[], None], restart: Callable[[], None]) -> None:
        """Kill so many times under load; each time restart, retry, and compare."""
        with Fleet(processes=PROCESSES, connections=CONNECTIONS) as fleet:
            for _ in range(kills):
                outcome = self._load_until_killed(fleet, kill)
                self.tally.kills += 1
                restart()
                self._retry(fleet, outcome)

    def _load_until_killed(self, fleet: Fleet, kill: Callable[[], None]) -> Outcome:
        """Scan at all gates and kill at some moment; what was not shown is for the next round."""
        shares = self._shares()
        asked = {scan.request_id: scan for share in shares for scan in share}
        fleet.start(self.ports, shares)
        enough = ACKNOWLEDGED + self.draw.randrange(SURPLUS)
        deadline = time.monotonic() + WAIT_S
        while fleet.admitted < enough:
            if time.monotonic() > deadline or not fleet.busy:
                fleet.stop()
                pytest.fail(f"too few admissions: {_kinds(fleet.collect())}")
            time.sleep(0.002)
        time.sleep(self.draw.random() * MOMENT_S)
        assert fleet.busy, "the load ended before the kill"
        kill()
        fleet.stop()
        outcome = fleet.collect()
        admitted = sum(reply.told.get("decision") == "admit" for reply in outcome.replies.values())
        assert admitted >= ACKNOWLEDGED
        unsent = {scan.request_id for scan in outcome.unsent}
        sent = {key: scan for key, scan in asked.items() if key not in unsent}
        shown = {scan.code for scan in sent.values()}
        self.serials.extendleft({scan.code for scan in asked.values()} - shown)
        self.sent.update(sent)
        return outcome

    def _shares(self) -> list[list[Scan]]:
        """Return a round's scans: each ticket by every client process, nearly at once."""
        number = next(self._rounds)
        told = self.servers[0].demo()
        gates = [(one["gate"], one["token"]) for one in told["terminals"] if one["role"] == "gate"]
        assert len(self.serials) >= ROUND_TICKETS // 2, "too few tickets were imported"
        codes = [self.serials.popleft() for _ in range(min(ROUND_TICKETS, len(self.serials)))]
        return [
            [Scan(f"{number}-{process}-{code}", code, *self.draw.choice(gates)) for code in codes]
            for process in range(PROCESSES)
        ]

    def _retry(self, fleet: Fleet, outcome: Outcome) -> None:
        """Ask again what was not answered, and a sample of what was."""
        decided = {key: reply for key, reply in outcome.replies.items() if reply.status == 200}
        faulted = outcome.replies.keys() - decided.keys()
        for key in faulted:
            fault = outcome.replies[key]
            assert (fault.status, bool(fault.retry_after)) == (503, True), fault
        again = [*outcome.unanswered, *(self.sent[key] for key in faulted)]
        answered = fleet.spread(self.ports, again)
        assert answered.replies.keys() == {scan.request_id for scan in again}
        sample = self.draw.sample(sorted(decided), min(REPEATED, len(decided)))
        repeated = fleet.spread(self.ports, [self.sent[key] for key in sample])
        for key in sample:
            assert repeated.replies[key].body == decided[key].body, "another answer than before"
        self.replies.update(decided)
        self.replies.update(answered.replies)
        self.tally.acknowledged += len(decided)
        self.tally.retried += len(again)
        self.tally.faults += len(faulted)
        self.tally.repeated += len(sample)

    def check(self) -> None:
        """Fail if an acknowledged decision is missing or a ticket was admitted twice."""
        data = self.servers[0].data
        ledger = read_ledger(self.database or data / "ledger.db")
        self.tally.tickets = judge(self.sent.values(), self.replies, ledger)
        require_verified(data, self.database)
