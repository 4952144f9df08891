"""The judge of the kill loops is judged: each way in which a ledger could be wrong is noticed."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from paifang.core.rules import Rules
from paifang.ledger.facts import AdmissionFact, Shown, payload_of
from paifang.ledger.rows import JournalRow
from tests.http.evidence import Ledger, Recorded, judge
from tests.http.scanners import Reply, Scan
from tests.ledger import world

NODE = "node"
AT_MS = world.NOW_MS


@dataclass
class Story:
    """Two scans of one ticket at two gates: the first one admitted, the second one refused."""

    rules: Rules = field(default_factory=world.rules)
    scans: list[Scan] = field(
        default_factory=lambda: [Scan("a", "CODE", "north", "-"), Scan("b", "CODE", "north", "-")]
    )
    replies: dict[str, Reply] = field(default_factory=dict)
    decisions: dict[str, Recorded] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Let it happen as it should."""
        gate, terminal = self.rules.centre.gates["north"], self.rules.node.terminals["t1"]
        self.record("a", 1, "ok")
        self.record("b", 2, "already_used")
        at = self.decisions["a"].at
        self.answer("a", 1, decision="admit", reason="ok")
        first = {"at": at, "gate": gate.name, "terminal": terminal.name}
        self.answer("b", 2, decision="refuse", reason="already_used", first=first)

    def record(self, request_id: str, seq: int, reason: str) -> None:
        """Put a decision into the journal."""
        fact = AdmissionFact(
            terminal="t1",
            gate="north",
            zone="hall",
            reason=reason,
            people=int(reason == "ok"),
            first=None if reason == "ok" else Shown(AT_MS, "north", "t1", ""),
        )
        row = JournalRow(2, 0, seq, AT_MS, NODE, "admission", request_id, payload_of(fact), b"")
        self.decisions[request_id] = Recorded(row, fact)

    def answer(self, request_id: str, seq: int, **told: Any) -> None:
        """Tell a gate."""
        body = {"request_id": request_id, "node": NODE, "epoch": 0, "seq": seq, **told}
        self.replies[request_id] = Reply(200, json.dumps(body).encode())

    def judged(self) -> int:
        """Return the judge's count."""
        return judge(self.scans, self.replies, Ledger(self.decisions, self.rules, {}))


def doubled(story: Story) -> None:
    story.record("b", 2, "ok")
    story.answer("b", 2, decision="admit", reason="ok")


def never_admitted(story: Story) -> None:
    story.record("a", 1, "already_used")
    story.answer("a", 1, decision="refuse", reason="already_used")


def lost(story: Story) -> None:
    del story.decisions["a"]


def nobody_was_told(story: Story) -> None:
    story.record("c", 3, "ok")


def told_something_else(story: Story) -> None:
    story.record("a", 1, "capacity_reached")


def moved_in_the_journal(story: Story) -> None:
    story.record("a", 7, "ok")


def names_another_time(story: Story) -> None:
    told = story.replies["b"].told
    told["first"]["at"] = "2026-01-01T00:00:00.000Z"
    story.replies["b"] = Reply(200, json.dumps(told).encode())


def turned_away(story: Story) -> None:
    story.replies["b"] = Reply(503, b"{}", "1")


def test_what_went_right_is_right() -> None:
    assert Story().judged() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        doubled,
        never_admitted,
        lost,
        nobody_was_told,
        told_something_else,
        moved_in_the_journal,
        names_another_time,
        turned_away,
    ],
)
def test_what_went_wrong_is_noticed(wrong: Callable[[Story], None]) -> None:
    story = Story()
    wrong(story)
    with pytest.raises(AssertionError):
        story.judged()
