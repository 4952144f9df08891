"""The journal's sign-ons replayed: only who might did, and no shift went on after its end."""

from collections.abc import Callable
from typing import Any

from paifang.core.rules import NodeRules
from paifang.ledger.facts import Fact, SignOffFact, SignOnFact
from paifang.ledger.findings import Findings
from paifang.ledger.rows import JournalRow

OWN_SEGMENT = 1


class DutyReplay:
    """Shifts as the journal tells of them, row by row."""

    def __init__(self, findings: Findings, node_at: Callable[[str, int], NodeRules]) -> None:
        """Take where findings go, and how a version of the rules is read (LookupError: none)."""
        self._findings = findings
        self._node_at = node_at
        self._open: dict[str, tuple[str, str]] = {}
        self.own_segments = frozenset({OWN_SEGMENT})
        """The own segments of this node and of those whose journals are here."""
        self.handlers: dict[type[Fact], Callable[[JournalRow, Any], None]] = {
            SignOnFact: self._sign_on,
            SignOffFact: self._sign_off,
        }

    def _sign_on(self, row: JournalRow, fact: SignOnFact) -> None:
        self._check(row, fact)
        if not fact.staff:
            return
        on_duty = (fact.terminal, fact.staff)
        before = on_duty if fact.how == "shift" else None
        if self._open.get(fact.shift) != before:
            self._findings.at("shift_differs", row)
        self._open[fact.shift] = on_duty

    def _sign_off(self, row: JournalRow, fact: SignOffFact) -> None:
        self._check(row, fact)
        if self._open.pop(fact.shift, None) != (fact.terminal, fact.staff):
            self._findings.at("shift_differs", row)

    def _check(self, row: JournalRow, fact: SignOnFact | SignOffFact) -> None:
        if row.segment not in self.own_segments:
            self._findings.at("row_wrong_segment", row)
        node = self._node_at(row.node, fact.rules[1])
        terminal, staff = node.terminals.get(fact.terminal), node.staff.get(fact.staff)
        paired = terminal is not None and not terminal.revoked and bool(terminal.public_key)
        if not paired or (fact.staff and (staff is None or not staff.active)):
            self._findings.at("sign_on_not_allowed", row, terminal=fact.terminal)
