"""A ledger in this process, without server or store: rules for one gate, and what fills it."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from bench.postgres import postgres_server
from bench.stage import CACHE
from paifang.core.ids import ENTROPY_BYTES, uuid7
from paifang.core.rules import (
    CentreRules,
    EntitlementRule,
    Event,
    Gate,
    NodeRules,
    Peer,
    Period,
    Product,
    Site,
    Terminal,
    TerminalRole,
    Zone,
)
from paifang.ledger.clock import SystemClock
from paifang.ledger.commands import (
    Admit,
    Command,
    Credential,
    Enclosure,
    Issue,
    OpenSegment,
    Publish,
)
from paifang.ledger.facts import Answer
from paifang.ledger.opening import Target, open_engine
from paifang.ledger.writer import Port, Writer, collect, commit_through

NODE: Final = "0192f0c1-2b3a-7c4d-8e5f-0123456789ab"
HOST: Final = "0192f0c1-2b3a-7c4d-8e5f-0123456789ff"
SEGMENT: Final = 2
_ISSUED_MS, _PER_MS = 1_780_000_000_000, 10
"""When the first ticket was issued, and how many were in a millisecond, for their ids."""
_BATCH: Final = 500
_CENTRE: Final = CentreRules(
    events={1: Event(1, "e", "fair", "Fair")},
    products={1: Product(1, "p", 1, "Ticket", entitlements=(EntitlementRule("hall"),))},
    sites={"site": Site("site", "Site", periods=(Period("fair", 1, 2),))},
    zones={"hall": Zone("hall", "site", "Hall", cap=10_000_000)},
    gates={"north": Gate("north", "hall", "North", events=(1,))},
)
_NODE_RULES: Final = NodeRules(
    node=NODE,
    terminals={"t": Terminal("t", "T", TerminalRole.gate, ("north",))},
    peers={HOST: Peer(HOST, "Host", "00")},
)


@contextmanager
def target(engine: str) -> Iterator[Target]:
    """Yield where an empty ledger may be made; `engine` is sqlite or postgres."""
    work = CACHE / f"bare-{os.getpid()}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        if engine == "sqlite":
            yield work / "ledger.db"
        else:
            with postgres_server(work / "cluster") as server:
                yield server.copy("template1", "bare")
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def host(target: Target) -> Iterator[Writer]:
    """Run the writer of a venue host that knows its gate, and of tickets and rules nothing yet."""
    made = Writer(open_engine(target, HOST), node=HOST, clock=SystemClock())
    made.start()
    try:
        body = msgspec.json.encode(_NODE_RULES)
        commit(made.port(collect), [Publish(layer="node", base=0, body=body)])
        yield made
    finally:
        made.stop()


@contextmanager
def writer(target: Target) -> Iterator[Writer]:
    """Run a writer over an empty ledger, with rules and a segment of tickets."""
    made = Writer(open_engine(target, NODE), node=NODE, clock=SystemClock())
    made.start()
    try:
        encode = msgspec.json.encode
        commit(
            made.port(collect),
            [
                Publish(layer="centre", base=0, body=encode(_CENTRE)),
                Publish(layer="node", base=0, body=encode(_NODE_RULES)),
                OpenSegment(site="site"),
            ],
        )
        yield made
    finally:
        made.stop()


def commit(port: Port, commands: Sequence[Command]) -> list[Answer]:
    """Commit commands. Raises the first fault."""
    answers: list[Answer] = []
    for outcome in commit_through(port, commands):
        if not isinstance(outcome, Answer):
            raise outcome
        answers.append(outcome)
    return answers


def issue(port: Port, count: int) -> None:
    """Issue tickets by number, as an import would."""
    for start in range(0, count, _BATCH):
        commit(port, [_issue(n) for n in range(start, min(start + _BATCH, count))])


def admit(number: int) -> Admit:
    """Return the command that admits a ticket for the first time."""
    return Admit(
        request_id=f"admit-{number}", terminal="t", gate="north", lookups=(_hash("code", number),)
    )


def _issue(number: int) -> Issue:
    return Issue(
        ticket=uuid7(_ISSUED_MS + number // _PER_MS, _hash("ticket", number, ENTROPY_BYTES)),
        event=1,
        product=1,
        home=SEGMENT,
        segments=(SEGMENT,),
        credentials=(
            Credential("code", _hash("code", number), _hash("sealed code", number, 56)),
            Credential("serial", _hash("serial", number), _hash("sealed serial", number, 54)),
        ),
        identity=_hash("identity", number),
        content=_hash("content", number),
        holder="访客",
        enclosures=(Enclosure("person", bytes(32), b'{"name":"Visitor"}'),),
    )


def _hash(kind: str, number: int, size: int = 16) -> bytes:
    return hashlib.blake2b(f"{kind}/{number}".encode(), digest_size=size).digest()
