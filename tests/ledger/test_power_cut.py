"""Power cuts: what was acknowledged is there, whatever the disk's cache lost.

The same cuts with synchronous=NORMAL must lose something, or this test proves nothing.
"""

import os
import random
import time
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import msgspec

from paifang.core.reasons import Reason
from paifang.core.rules import (
    CentreRules,
    EntitlementRule,
    Event,
    Gate,
    NodeRules,
    Product,
    Rules,
    Site,
    Terminal,
    TerminalRole,
    Zone,
)
from paifang.ledger import tables as t
from paifang.ledger.batch import Outcome, run_batch
from paifang.ledger.commands import Admit, Command, Credential, Issue, OpenSegment, Publish
from paifang.ledger.engine import EngineError, Reader
from paifang.ledger.facts import AdmissionFact, Answer
from paifang.ledger.opening import make_own_segment, open_reader
from paifang.ledger.sqlite import SqliteEngine, SqliteReader
from paifang.ledger.verify import verify
from tests.ledger.power import PowerVFS

CUTS = 1_000 if os.environ.get("PAIFANG_SOAK") else 100
TICKETS = 60
NODE = "0" * 32
NOW_MS = int(time.time() * 1000)

CENTRE = CentreRules(
    events={1: Event(1, "e1", "fair", "Fair")},
    products={1: Product(1, "p1", 1, "Adult", entitlements=(EntitlementRule("hall"),))},
    sites={"site": Site("site", "Site")},
    zones={"hall": Zone("hall", "site", "Hall")},
    gates={"north": Gate("north", "hall", "North", events=(1,))},
)
NODE_RULES = NodeRules(terminals={"t1": Terminal("t1", "T1", TerminalRole.gate, ("north",))})


class Run(NamedTuple):
    """What one power cut left: how many answers were acknowledged, how many of them lost."""

    acknowledged: int
    lost: int


def _hash(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=16).digest()


class Venue:
    """A ledger on the disk that will lose its power, and what it has acknowledged."""

    def __init__(self, path: Path, vfs: PowerVFS, synchronous: str) -> None:
        """Open with the production pragmas; only the flush level and the checkpoints differ."""
        self.engine = SqliteEngine(path, vfs=vfs.name)
        self.engine.connection.pragma("synchronous", synchronous)
        self.engine.connection.pragma("wal_autocheckpoint", 6)
        self.rules = Rules()
        self.acknowledged: dict[str, Answer] = {}

    def commit(self, commands: list[Command]) -> list[Outcome]:
        """Commit one batch and take note of what was acknowledged."""
        outcomes, self.rules = run_batch(self.engine, commands, self.rules, NODE, NOW_MS)
        for command, outcome in zip(commands, outcomes, strict=True):
            if command.request_id and isinstance(outcome, Answer):
                self.acknowledged[command.request_id] = outcome
        return outcomes

    def set_up(self) -> None:
        """Publish the rules and issue the tickets."""
        make_own_segment(self.engine, NODE)
        self.commit(
            [
                Publish(layer="centre", base=0, body=msgspec.json.encode(CENTRE)),
                Publish(layer="node", base=0, body=msgspec.json.encode(NODE_RULES)),
                OpenSegment(site="site"),
            ]
        )
        self.commit(
            [
                Issue(
                    request_id=f"issue-{n}",
                    ticket=_hash(f"ticket {n}"),
                    event=1,
                    product=1,
                    home=2,
                    segments=(2,),
                    credentials=(Credential("code", _hash(f"code {n}")),),
                    holder=f"持票人 {n}",
                )
                for n in range(TICKETS)
            ]
        )


def _cut_once(directory: Path, dice: random.Random, synchronous: str) -> Run:
    """Scan tickets in batches until the power goes, then see what the disk kept."""
    vfs = PowerVFS(f"power-{uuid4().hex}", dice)
    (directory / "before").mkdir(parents=True)
    path = directory / "before" / "ledger.db"
    venue = Venue(path, vfs, synchronous)
    venue.set_up()
    reader = open_reader(path)
    vfs.calls_left = dice.randrange(5, 900)
    scans = 0
    try:
        while True:
            size = dice.choice((1, 1, 2, 8, 30))
            venue.commit(
                [
                    Admit(
                        request_id=f"scan-{scans + k}",
                        terminal="t1",
                        gate="north",
                        lookups=(_hash(f"code {dice.randrange(TICKETS)}"),),
                    )
                    for k in range(size)
                ]
            )
            scans += size
            _look(reader.raw, dice)
    except EngineError:
        assert vfs.off, "only the power may fail here"
    vfs.lay_out(directory / "after")
    reader.close()
    venue.engine.close()
    vfs.unregister()
    lost = _lost(directory / "after" / "ledger.db", venue.acknowledged)
    return Run(len(venue.acknowledged), lost)


def _look(reader: Reader, dice: random.Random) -> None:
    """A report that now and then holds its view of the file, so that checkpoints cannot finish."""
    assert isinstance(reader, SqliteReader)
    if dice.random() < 0.8:
        return
    if reader.connection.in_transaction:
        reader.connection.execute("COMMIT")
    else:
        reader.connection.execute("BEGIN")
        reader.cursors()


def _lost(path: Path, acknowledged: dict[str, Answer]) -> int:
    """Reopen by SQLite's own VFS; count acknowledged answers that are not there as they were."""
    try:
        SqliteEngine(path).close()
        reader = open_reader(path)
        rows = {row.request_id: row for row in reader.raw.scan(t.REQUEST)}
    except EngineError:
        return len(acknowledged)
    lost = 0
    admitted = set()
    for request_id, answer in acknowledged.items():
        row = rows.get(request_id)
        if row is None or (row.segment, row.seq) != (answer.segment, answer.seq):
            lost += 1
    for row in reader.raw.scan(t.JOURNAL):
        if row.kind == "admission":
            fact = Answer(fact=row.payload, kind=row.kind).decoded()
            assert isinstance(fact, AdmissionFact)
            if fact.reason == Reason.ok:
                assert fact.ticket not in admitted, "a ticket got in twice"
                admitted.add(fact.ticket)
    if rows:
        report = verify(reader.raw)
        assert report.clean, report.findings
    reader.close()
    return lost


def test_nothing_acknowledged_is_lost_when_the_power_is_cut(tmp_path: Path) -> None:
    dice = random.Random(20261122)
    runs = [_cut_once(tmp_path / str(n), dice, "FULL") for n in range(CUTS)]
    assert sum(run.acknowledged for run in runs) > CUTS * TICKETS
    assert sum(run.lost for run in runs) == 0
    print(f"{CUTS} cuts, {sum(run.acknowledged for run in runs)} acknowledged, 0 lost")


def test_the_same_cuts_lose_something_without_full_flushes(tmp_path: Path) -> None:
    dice = random.Random(20261122)
    runs = [_cut_once(tmp_path / str(n), dice, "NORMAL") for n in range(30)]
    lost = sum(run.lost for run in runs)
    assert lost > 0, "with synchronous=NORMAL a cut must lose acknowledged answers"
    print(f"30 cuts at NORMAL: {lost} of {sum(run.acknowledged for run in runs)} lost")
