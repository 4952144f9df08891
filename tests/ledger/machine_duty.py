"""The machine of sign-ons: proofs, shifts and withdrawn terminals, in any order (I8)."""

from dataclasses import replace
from typing import Final

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from paifang.core.rules import NodeRules
from paifang.ledger import commands as c
from paifang.ledger import faults as f
from paifang.ledger.batch import Outcome
from paifang.ledger.facts import PublishFact, SignOffFact, SignOnFact
from tests.ledger import world
from tests.ledger.machine import HOW, NOW, PICK, How, LedgerMachine, must, must_be, told

KEYS: Final = ("04aa", "04bb")
KEY = st.sampled_from((KEYS[0], KEYS[0], KEYS[1]))
STAFF = st.sampled_from(("li", "han"))
THEIRS = st.sampled_from((True, True, True, False))
"""Whether somebody means a shift of their own."""
BEGINS = st.sampled_from(("pin", "card"))


def node(key: str, *, revoked: bool) -> NodeRules:
    """Return the node's layer with the phone's key, and the phone revoked or not."""
    terminals = [
        replace(each, public_key=key, revoked=revoked) if each.id == "p1" else each
        for each in world.TERMINALS
    ]
    return world.node_rules(terminals)


class DutyMachine(LedgerMachine):
    """One phone, two members of staff, and everything that becomes of their shifts."""

    def __init__(self) -> None:
        """Start with an empty ledger."""
        super().__init__()
        self.node = NodeRules()
        self.asked: list[c.SignOn] = []
        self.open: dict[str, str] = {}
        self.ended: set[str] = set()

    @initialize()
    def furnish(self) -> None:
        """Publish the rules."""
        self.do(NOW, self._publishing(node(KEYS[0], revoked=False)))

    def check(self, command: c.Command, outcome: Outcome) -> None:
        """Compare an outcome with the model."""
        getattr(self, "_check_" + type(command).__name__.lower())(command, outcome)

    # Rules.

    @rule(key=KEY, how=HOW)
    def prove(self, key: str, how: How) -> None:
        """Sign on by the key alone."""
        name = c.sign_on_id(self.next_id("n"))
        self.do(how, c.SignOn(request_id=name, terminal="p1", public_key=key, how="key"))

    @rule(key=KEY, staff=STAFF, way=BEGINS, how=HOW)
    def begin(self, key: str, staff: str, way: str, how: How) -> None:
        """Begin a shift."""
        shift = self.next_id("n")
        command = c.SignOn(
            request_id=c.sign_on_id(shift),
            terminal="p1",
            public_key=key,
            how=way,
            staff=staff,
            shift=shift,
        )
        self.asked.append(command)
        self.do(how, command)

    @rule(pick=PICK, theirs=THEIRS, how=HOW)
    def go_on(self, pick: int, *, theirs: bool, how: How) -> None:
        """Go on with a shift, of oneself or of another, begun or refused."""
        if self.asked:
            begun = self._one_of_the_last(pick)
            more = {
                "request_id": c.sign_on_id(self.next_id("n")),
                "how": "shift",
                "staff": begun.staff if theirs else "wang",
                "public_key": self.node.terminals["p1"].public_key,
            }
            self.do(how, msgspec.structs.replace(begun, **more))

    @rule(pick=PICK, theirs=THEIRS, how=HOW)
    def end(self, pick: int, *, theirs: bool, how: How) -> None:
        """End a shift, of oneself or of another, begun or refused."""
        if self.asked:
            begun = self._one_of_the_last(pick)
            staff = begun.staff if theirs else "wang"
            name = c.sign_off_id(begun.shift)
            self.do(how, c.SignOff(request_id=name, terminal="p1", staff=staff, shift=begun.shift))

    def _one_of_the_last(self, pick: int) -> c.SignOn:
        return self.asked[-1 - pick % min(len(self.asked), 3)]

    @rule(key=KEY, revoked=st.sampled_from((False, False, True)), how=HOW)
    def publish(self, key: str, *, revoked: bool, how: How) -> None:
        """Withdraw the phone, bring it back, or pair another device."""
        self.do(how, self._publishing(node(key, revoked=revoked)))

    def _publishing(self, body: NodeRules) -> c.Publish:
        name, base = self.next_id("publish"), self.node.version
        return c.Publish(request_id=name, layer="node", base=base, body=world.body_of(body))

    # Checks.

    def _check_publish(self, command: c.Publish, outcome: Outcome) -> None:
        if command.base != self.node.version:
            must_be(outcome, f.NotPossible)
            return
        fact = told(outcome, PublishFact)
        layer = msgspec.json.decode(command.body, type=NodeRules)
        self.node = replace(layer, version=fact.version)

    def _check_signon(self, command: c.SignOn, outcome: Outcome) -> None:
        terminal = self.node.terminals["p1"]
        if terminal.revoked or terminal.public_key != command.public_key:
            must_be(outcome, f.NotAllowed)
        elif command.how == "shift" and not self._is_open(command):
            must_be(outcome, f.NotPossible)
        else:
            fact = told(outcome, SignOnFact)
            must((fact.staff, fact.shift) == (command.staff, command.shift), "another shift")
            if command.how in {"pin", "card"}:
                self.open[command.shift] = command.staff

    def _check_signoff(self, command: c.SignOff, outcome: Outcome) -> None:
        if self.node.terminals["p1"].revoked:
            must_be(outcome, f.NotAllowed)
        elif not self._is_open(command):
            must_be(outcome, f.NotPossible)
        else:
            told(outcome, SignOffFact)
            self.ended.add(command.shift)

    def _is_open(self, command: c.SignOn | c.SignOff) -> bool:
        theirs = self.open.get(command.shift) == command.staff
        return theirs and command.shift not in self.ended
