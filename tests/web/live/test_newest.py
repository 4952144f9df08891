"""Rules of another process: a request they decide is not refused by ours."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from paifang.core.rules import Rules
from paifang.ledger.faults import StorageFault
from paifang.web.live.newest import APART_S
from tests.web.live.venue import NODE, Answered, Venue, scan_of

CODE = "7K3M9QX2TB4HVN8C"


class Elsewhere:
    """Rules that stand in the ledger and that this process has not met in a batch."""

    def __init__(self, venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the venue's process know only what was in force before `publish`."""
        self.venue = venue
        self.looks = 0
        self.known = venue.ledger.rules
        self.newest: Rules | Exception = self.known
        kind = type(venue.ledger)
        monkeypatch.setattr(kind, "rules", property(lambda _: self.known))
        monkeypatch.setattr(kind, "renew_rules", self._renew)

    async def _renew(self, _ledger: Any = None) -> None:
        self.looks += 1
        if isinstance(self.newest, Exception):
            raise self.newest
        self.known = self.newest

    def publish(self, **changed: Any) -> None:
        """Bring node rules into force, unseen by the process."""
        node = replace(self.known.node, version=self.known.node.version + 1, **changed)
        self.newest = replace(self.known, node=node)


@pytest.fixture
def elsewhere(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    return Elsewhere(venue, monkeypatch)


def at_south(venue: Venue, request_id: str = "r1") -> Answered:
    return venue.post("admissions", {**scan_of(CODE, request_id), "gate": "south"})


def test_a_gate_given_a_moment_ago_is_no_fault_of_the_caller(elsewhere: Elsewhere) -> None:
    venue, terminal = elsewhere.venue, NODE.terminals["north-1"]
    assert at_south(venue).json["code"] == "gate_not_allowed"
    moved = {**NODE.terminals, "north-1": replace(terminal, gates=("north", "south"))}
    elsewhere.publish(terminals=moved)
    assert at_south(venue).json.get("code") != "gate_not_allowed"


def test_a_token_made_a_moment_ago_is_known(elsewhere: Elsewhere) -> None:
    venue, terminals = elsewhere.venue, dict(NODE.terminals)
    north = terminals.pop("north-1")
    elsewhere.publish(terminals=terminals)
    elsewhere.known = elsewhere.newest  # type: ignore[assignment] # rules, no fault
    assert venue.post("admissions", scan_of(CODE, "r1")).json["code"] == "token_unknown"
    elsewhere.publish(terminals={**terminals, "north-1": north})
    assert venue.post("admissions", scan_of(CODE, "r2")).status == 200


def test_what_newer_rules_refuse_too_is_refused(elsewhere: Elsewhere) -> None:
    elsewhere.publish()
    assert at_south(elsewhere.venue).json["code"] == "gate_not_allowed"
    assert elsewhere.looks == 1


def test_a_ledger_that_cannot_be_read_leaves_the_refusal_as_it_was(elsewhere: Elsewhere) -> None:
    elsewhere.newest = StorageFault("gone")
    assert at_south(elsewhere.venue).json["code"] == "gate_not_allowed"


def test_a_flood_of_wrong_tokens_is_looked_up_a_few_times_only(elsewhere: Elsewhere) -> None:
    venue = elsewhere.venue

    async def flood() -> list[Answered]:
        headers = {"authorization": "Bearer pft_WRONG", "content-type": "application/json"}
        asked = [venue.ask("POST", "/api/v1/admissions", b"{}", headers) for _ in range(300)]
        return list(await asyncio.gather(*asked))

    answers = venue.run(flood())
    assert {answer.status for answer in answers} == {401}
    assert elsewhere.looks <= 2
    assert APART_S >= 0.1


def test_a_problem_the_rules_have_no_part_in_is_not_looked_up(elsewhere: Elsewhere) -> None:
    elsewhere.venue.post("admissions", {"code": CODE})
    assert elsewhere.looks == 0
