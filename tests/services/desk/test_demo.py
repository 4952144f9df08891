"""The demonstration, as others rely on it by demo.json."""

import json
import stat

import pytest

from paifang.core.rules import Role
from paifang.core.tickets import Ticket
from paifang.ledger.commands import Admit
from paifang.ledger.facts import AdmissionFact, Answer
from paifang.services.desk.context import DeskContext
from paifang.services.desk.demo import build_demo
from paifang.services.live.keys import token_sha256

TICKETS = 12


def silent(done: int, of: int) -> None:
    assert 0 < done <= of


def build(url: str = "http://127.0.0.1:8000") -> dict:
    return build_demo(base_url=url, tickets=TICKETS, progress=silent)


def reason(desk: DeskContext, told: dict, terminal: str, code: str, request_id: str, **more) -> str:
    rules = desk.ledger.rules()
    found = next(t for t in rules.node.terminals.values() if t.name == terminal)
    gate = more.pop("gate", "north")
    lookups = tuple(
        desk.keys.lookup(rules.centre.events[n], "code", code)
        for n in rules.events_at(rules.centre.gates[gate])
    )
    command = Admit(terminal=found.id, gate=gate, lookups=lookups, request_id=request_id, **more)
    (answer,) = desk.ledger.commit([command])
    assert isinstance(answer, Answer), answer
    fact = answer.decoded()
    assert isinstance(fact, AdmissionFact)
    return fact.reason


def test_every_plain_ticket_enters_once_at_any_gate_of_the_file(sqlite_desk: DeskContext) -> None:
    told = build()
    gates = [t for t in told["terminals"] if t["role"] == "gate"]
    assert len(told["tickets"]) == TICKETS
    for n, ticket in enumerate(told["tickets"]):
        terminal = gates[n % len(gates)]
        name, gate = terminal["name"], terminal["gate"]
        code = ticket["code"]
        assert reason(sqlite_desk, told, name, code, f"a{n}", gate=gate) == "ok"
        assert reason(sqlite_desk, told, name, code, f"b{n}", gate=gate) == "already_used"
    assert {t["gate"] for t in gates} == set(told["gates"])
