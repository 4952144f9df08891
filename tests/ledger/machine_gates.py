"""The machine of tickets and gates: whatever people do with them, in any order (I1-I3, I8, I10)."""

from dataclasses import replace

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from paifang.core.rules import CentreRules, NodeRules, Rules
from paifang.core.tickets import Passage, Status
from paifang.ledger import commands as c
from paifang.ledger import facts
from paifang.ledger import faults as f
from paifang.ledger import tables as t
from paifang.ledger.batch import Outcome
from paifang.ledger.facts import Answer, PublishFact
from tests.ledger import world
from tests.ledger.machine import (
    HOW,
    LATER,
    NOW,
    PICK,
    How,
    LedgerMachine,
    expected_fault,
    must,
    must_be,
    told,
)
from tests.ledger.machine_model import Model, Opening, followed, used
from tests.ledger.machine_world import (
    ELSEWHERE,
    LIMITS,
    SESSION_TICKET,
    STEPS,
    TICKET,
    VISIT,
    centre,
    node,
)
from tests.ledger.venue import key

OPENED = {"ok", "re_entry"}
VERBS = ("again", "amend", "bind", "replace", "erase", "exchange", "status", "take back")


class GateMachine(LedgerMachine):
    """Tickets of all kinds at three gates, and everything that may become of them."""

    def __init__(self) -> None:
        """Start with an empty ledger."""
        super().__init__()
        self.model = Model(Rules())
        self.segments = [1]
        self.codes: list[bytes] = []
        self.issued: list[c.Issue] = []
        self.owners: dict[bytes, int] = {}

    @initialize(tickets=st.lists(TICKET, min_size=3, max_size=5), limits=LIMITS)
    def furnish(
        self,
        tickets: list[tuple[int, int, tuple[int, int, int]]],
        limits: tuple[int, int, int],
    ) -> None:
        """Publish rules, open two segments, and issue some tickets to play with."""
        for layer, body in (("centre", centre(*limits)), ("node", node())):
            self.do(NOW, self._publishing(layer, body))
        for period in ("", "2026"):
            self.do(NOW, c.OpenSegment(request_id=self.next_id("seg"), site="park", period=period))
        for product, people, where in tickets:
            self.do(LATER, self._issuing(product, people, where))
        self.do(NOW)

    def check(self, command: c.Command, outcome: Outcome) -> None:
        """Compare an outcome with the model."""
        getattr(self, "_check_" + type(command).__name__.lower())(command, outcome)

    def _pick(self, pick: int) -> bytes:
        return self.codes[pick % len(self.codes)]

    # Rules.

    @rule(ticket=TICKET, status=st.sampled_from((Status.valid, Status.unpaid)), how=HOW)
    def issue(
        self, ticket: tuple[int, int, tuple[int, int, int]], status: Status, how: How
    ) -> None:
        """Issue a ticket."""
        self.do(how, self._issuing(*ticket, status))

    def _issuing(
        self,
        product: int,
        people: int,
        where: tuple[int, int, int],
        status: Status = Status.valid,
    ) -> c.Issue:
        name = self.next_id("t")
        count = len(self.model.rules.centre.products[product].entitlements)
        home, *segments = (self.segments[each % len(self.segments)] for each in where)
        command = c.Issue(
            request_id=f"issue:{name}",
            ticket=key(name),
            event=world.EXPO,
            product=product,
            home=home,
            segments=tuple(segments[:count]),
            credentials=(c.Credential("code", key(f"code {name}"), b"sealed"),),
            identity=key(f"row {name}"),
            content=b"first",
            status=status,
            people=people,
            session=1 if product == SESSION_TICKET else 0,
            holder="Li Lei",
            enclosures=(c.Enclosure("person", bytes(32), name.encode()),),
        )
        self.issued.append(command)
        self.codes.append(command.credentials[0].hash)
        self.owners[command.credentials[0].hash] = product
        return command

    @rule(
        verb=st.sampled_from(VERBS),
        pick=PICK,
        status=st.sampled_from((Status.valid, *Status)),
        how=HOW,
    )
    def serve(self, verb: str, pick: int, status: Status, how: How) -> None:
        """Do what a service desk does with a ticket."""
        first = self.issued[pick % len(self.issued)]
        name, ticket = self.next_id(verb), first.ticket
        fresh = c.Credential("card" if pick % 2 else "code", key(name))
        command: c.Command
        if verb in {"again", "amend"}:
            content = b"first" if verb == "again" else b"second"
            more = {"request_id": name, "content": content, "holder": "Han"}
            command = msgspec.structs.replace(first, ticket=key(f"ticket {name}"), **more)
        elif verb in {"bind", "replace"}:
            command = c.Bind(
                request_id=name, ticket=ticket, credential=fresh, replaces=verb == "replace"
            )
        elif verb == "erase":
            command = c.Erase(request_id=name, ticket=ticket)
        elif verb == "exchange":
            fresh = c.Credential("code", key(name))
            command = c.Exchange(request_id=name, lookups=(self._pick(pick),), fresh=fresh)
        else:
            unused = verb == "take back"
            status = Status.void if unused else status
            command = c.SetStatus(request_id=name, ticket=ticket, status=status, unused=unused)
        if verb in {"bind", "replace", "exchange"}:
            shown = self._pick(pick)
            self.owners[fresh.hash] = self.owners[shown] if verb == "exchange" else first.product
            self.codes.append(fresh.hash)
        self.do(how, command)

    @rule(visits=st.lists(VISIT, min_size=1, max_size=3), steps=STEPS, how=HOW)
    def visit(self, visits: list[tuple[int, str, str, int]], steps: list[str], how: How) -> None:
        """Let tickets come and go, with what terminal and supervisor make of it."""
        self._let_visit(visits, steps)
        self.do(how)

    @rule(visits=st.lists(VISIT, min_size=1, max_size=3), steps=STEPS, how=HOW)
    def visit_one_by_one(
        self, visits: list[tuple[int, str, str, int]], steps: list[str], how: How
    ) -> None:
        """The same, each step in a batch of its own."""
        kept, self.waiting = self.waiting, []
        self._let_visit(visits, steps)
        steps_taken, self.waiting = self.waiting, kept
        for command in steps_taken:
            self.do(how, command)

    def _let_visit(self, visits: list[tuple[int, str, str, int]], steps: list[str]) -> None:
        for pick, place, terminal, count in visits:
            shown = self._pick(pick)
            gate = self._own_gate(shown) if place == "its own" else place
            entered = next(reversed(self.model.entries), "none")
            for step in steps:
                command = self._step(step, (shown, gate, terminal, count), entered)
                if step in {"in", "override"}:
                    entered = command.request_id
                self.waiting.append(command)

    def _step(self, step: str, visit: tuple[bytes, str, str, int], entered: str) -> c.Command:
        shown, gate, terminal, count = visit
        name = self.next_id(step)
        if step == "annul":
            return c.Annul(request_id=name, admission=entered, terminal=terminal)
        if step in {"not_shown", "passed"}:
            return c.ConfirmPassage(
                request_id=name, admission=entered, terminal=terminal, passage=Passage[step]
            )
        ask = c.Admit(
            request_id=name,
            terminal=terminal,
            gate=gate,
            count=count,
            lookups=(shown,),
            direction="exit" if step == "out" else "entry",
        )
        if step == "preview":
            return c.Preview(admit=ask)
        if step == "override":
            # Often where the ticket is not for.
            elsewhere = ELSEWHERE[gate] if int(name.removeprefix(step)) % 2 else gate
            ask = msgspec.structs.replace(ask, gate=elsewhere)
            return c.Override(request_id=name, admit=ask, reason_text="a regular guest")
        return ask

    @rule(
        visit=VISIT,
        way=st.sampled_from(("entry", "entry", "exit")),
        minutes=st.sampled_from((0, 0, 1, 30, 24 * 60, 2 * 24 * 60, -10, 8 * 24 * 60)),
        how=HOW,
    )
    def tell_afterwards(
        self, visit: tuple[int, str, str, int], way: str, minutes: int, how: How
    ) -> None:
        """Tell of people who passed so many minutes ago, when nobody could be asked."""
        pick, place, terminal, count = visit
        shown = self._pick(pick)
        ask = c.Admit(
            request_id=self.next_id("late"),
            terminal=terminal,
            gate=self._own_gate(shown) if place == "its own" else place,
            count=count,
            lookups=(shown,),
            direction=way,
        )
        at_ms = self.clock.time_ms - minutes * 60_000
        self.do(how, c.Record(request_id=ask.request_id, admit=ask, at_ms=at_ms))

    def _own_gate(self, shown: bytes) -> str:
        """Return a gate of the zone a ticket is for."""
        rules = self.model.rules.centre.products[self.owners[shown]].entitlements
        return "north" if rules[0].zone == "hall" else "hedge"

    @precondition(lambda self: self.model.entries)
    @rule(
        pick=PICK,
        terminal=st.sampled_from(("t1", "t1", "t2")),
        verb=st.sampled_from(("annul", "annul as supervisor", "passed", "not_shown", "no_passage")),
        how=HOW,
    )
    def follow_up(self, pick: int, terminal: str, verb: str, how: How) -> None:
        """Report what became of an admission, or take it back."""
        known = list(self.model.entries)[-6:]
        name, admission = self.next_id("follow"), known[pick % len(known)]
        command: c.Command
        if verb.startswith("annul"):
            supervisor = verb != "annul"
            command = c.Annul(
                request_id=name, admission=admission, terminal=terminal, supervisor=supervisor
            )
        else:
            command = c.ConfirmPassage(
                request_id=name, admission=admission, terminal=terminal, passage=Passage[verb]
            )
        self.do(how, command)

    @rule(limits=LIMITS, revoked=st.sampled_from(((), (), ("t2",), ("t1",))), how=HOW)
    def publish(self, limits: tuple[int, int, int], revoked: tuple[str, ...], how: How) -> None:
        """Publish other limits, and revoke terminals or take that back."""
        self.waiting.append(self._publishing("centre", centre(*limits)))
        self.do(how, self._publishing("node", node(*revoked)))

    def _publishing(self, layer: str, body: CentreRules | NodeRules) -> c.Publish:
        base = getattr(self.model.rules, layer).version
        name = self.next_id("publish")
        return c.Publish(request_id=name, layer=layer, base=base, body=world.body_of(body))

    # Checks.

    def _check_publish(self, command: c.Publish, outcome: Outcome) -> None:
        if command.base != getattr(self.model.rules, command.layer).version:
            must_be(outcome, f.NotPossible)
            return
        fact = told(outcome, PublishFact)
        must(fact.version == command.base + 1, "a version was left out")
        rules = self.model.rules
        if command.layer == "centre":
            centre_layer = msgspec.json.decode(command.body, type=CentreRules)
            rules = replace(rules, centre=replace(centre_layer, version=fact.version))
        else:
            node_layer = msgspec.json.decode(command.body, type=NodeRules)
            rules = replace(rules, node=replace(node_layer, version=fact.version))
        self.model.rules = rules

    def _check_opensegment(self, command: c.OpenSegment, outcome: Outcome) -> None:
        fact = told(outcome, facts.SegmentFact)
        must(fact.segment not in self.segments, "a segment was opened twice")
        self.segments.append(fact.segment)

    def _check_issue(self, command: c.Issue, outcome: Outcome) -> None:
        if command.request_id.startswith(("again", "amend")):
            self._check_meet_again(command, outcome)
            return
        told(outcome, facts.IssueFact)
        self.model.issue(command)

    def _check_meet_again(self, command: c.Issue, outcome: Outcome) -> None:
        """A row met again makes no second ticket, unless the first never came into being."""
        named = next(e.ticket for e in self.issued if e.identity == command.identity)
        if named not in self.model.cards:
            # The first was refused for want of room or lost in a crash, so this one is the first.
            if isinstance(outcome, Answer):
                self.model.issue(command)
                self._renamed(named, command)
            return
        must(isinstance(outcome, Answer) or type(outcome) is f.LedgerFault, f"{outcome!r}")
        if isinstance(outcome, Answer):
            fact = told(outcome, facts.IssueFact)
            must(fact.ticket == named.hex(), "one row has two tickets")
            must(fact.amended or not outcome.new, "an unchanged row was written")

    def _renamed(self, named: bytes, command: c.Issue) -> None:
        """Let further commands name the ticket that came into being."""
        self.issued = [command if each.ticket == named else each for each in self.issued]

    def _exists(self, ticket: bytes, outcome: Outcome) -> bool:
        if ticket in self.model.cards:
            return True
        must_be(outcome, f.NotFound)
        return False

    def _check_setstatus(self, command: c.SetStatus, outcome: Outcome) -> None:
        if self._exists(command.ticket, outcome):
            fault, _ = expected_fault(lambda: self.model.set_status(command))
            if fault:
                must_be(outcome, fault)
            else:
                told(outcome, facts.StatusFact)

    def _check_bind(self, command: c.Bind, outcome: Outcome) -> None:
        if self._exists(command.ticket, outcome):
            told(outcome, facts.BindFact)
            self.model.bind(command)

    def _check_exchange(self, command: c.Exchange, outcome: Outcome) -> None:
        fact = told(outcome, facts.ExchangeFact)
        known = command.lookups[0] in self.model.credentials
        exchanged = known and self.model.exchange(command)
        must((fact.reason == "ok") == exchanged, f"exchange: {fact.reason}")

    def _check_erase(self, command: c.Erase, outcome: Outcome) -> None:
        if self._exists(command.ticket, outcome):
            told(outcome, facts.EraseFact)
            bodies = [
                row
                for row in self.reader.raw.scan(t.ENCLOSURE)
                if row.ticket == command.ticket and (row.body or row.salt)
            ]
            later = any(isinstance(each, c.Issue) for each in self.batch)
            must(later or not bodies, "an erased body is still there")

    def _check_admit(self, command: c.Admit, outcome: Outcome) -> None:
        fault, opening = expected_fault(lambda: self.model.scan(command, self.clock.time_ms))
        if fault:
            must_be(outcome, fault)
        else:
            self._went(command, opening, told(outcome, facts.AdmissionFact), outcome)

    def _check_override(self, command: c.Override, outcome: Outcome) -> None:
        ask = command.admit
        fault, opening = expected_fault(lambda: self.model.override(ask, self.clock.time_ms))
        if fault:
            must_be(outcome, fault)
        else:
            self._went(ask, opening, told(outcome, facts.AdmissionFact), outcome)

    def _check_preview(self, command: c.Preview, outcome: Outcome) -> None:
        ask = command.admit
        fault, opening = expected_fault(lambda: self.model.scan(ask, self.clock.time_ms))
        if fault:
            must_be(outcome, fault)
            return
        fact = told(outcome, facts.AdmissionFact)
        must(isinstance(outcome, Answer) and not outcome.new, "a preview was written")
        must((fact.reason in OPENED) == opening.opens, f"preview: {fact.reason}, not {opening}")

    def _went(
        self, ask: c.Admit, opening: Opening, fact: facts.AdmissionFact, outcome: Outcome
    ) -> None:
        """Compare a decision at a gate, and note it."""
        must(isinstance(outcome, Answer) and outcome.new, "a fresh scan had an old answer")
        must((fact.reason in OPENED) == opening.opens, f"{fact.reason}, expected {opening}")
        if not opening.opens:
            must(fact.people == 0, "people went through a closed gate")
            return
        must(fact.people == ask.count, "not all went through")
        must(opening.n in {-1, fact.n}, f"entitlement {fact.n}, expected {opening}")
        counted = (fact.fresh, fact.again)
        must(counted == (opening.fresh, opening.again), f"{counted}, expected {opening}")
        entry = self.model.went(ask, fact.n, opening, self.clock.time_ms)
        self.model.entries[ask.request_id] = entry

    def _check_record(self, command: c.Record, outcome: Outcome) -> None:
        now_ms, ask = self.clock.time_ms, command.admit
        fault, opening = expected_fault(lambda: self.model.late(command, now_ms))
        if fault:
            must_be(outcome, fault)
            return
        fact = told(outcome, facts.RecordFact)
        must(isinstance(outcome, Answer) and outcome.new, "a fresh record had an old answer")
        opens = fact.reason in OPENED
        known = ask.lookups[0] in self.model.credentials
        must(bool(fact.conflict) == (known and not opens), f"conflict: {fact}")
        if opening is not None:
            must(opens == opening.opens, f"late: {fact.reason}, expected {opening}")
            if opens:
                must(opening.n in {-1, fact.n}, f"entitlement {fact.n}, expected {opening}")
                counted = (fact.fresh, fact.again)
                must(counted == (opening.fresh, opening.again), f"{counted}, expected {opening}")
        going_in = ask.direction == "entry"
        must(fact.people == (ask.count if known and (going_in or opens) else 0), f"people: {fact}")
        must(opens or not known or not going_in or fact.fresh == ask.count, f"fresh: {fact}")
        if fact.people:
            seen = Opening(opens, fact.n, fact.fresh, fact.again)
            self.model.passed(command, fact.n, seen, now_ms)

    def _check_confirmpassage(self, command: c.ConfirmPassage, outcome: Outcome) -> None:
        fault, off = expected_fault(lambda: self.model.report(command))
        if fault:
            must_be(outcome, fault)
        else:
            must(told(outcome, facts.PassageFact).off == off, "un-counted otherwise")

    def _check_annul(self, command: c.Annul, outcome: Outcome) -> None:
        fault, off = expected_fault(lambda: self.model.annul(command, self.clock.time_ms))
        if fault:
            must_be(outcome, fault)
        else:
            must(told(outcome, facts.AnnulFact).off == off, "un-counted otherwise")

    @invariant()
    def people_inside_are_entries_minus_exits(self) -> None:
        """After every step the zones count whom the model has inside."""
        for zone, day, entries, exits in self.reader.raw.scan(t.ZONE_DAY):
            must(entries - exits == self.model.inside(zone, day), f"inside {zone}")
            must(entries >= exits, "fewer than nobody inside")

    def compare_state(self) -> None:
        """Compare uses, people inside, tickets and credentials with the tables."""
        raw, model = self.reader.raw, self.model
        for use in raw.scan(t.USE):
            happenings = model.cards[use.ticket].uses[use.n]
            people = followed(happenings)
            told_use = (used(happenings), people.inside, people.outside)
            must(told_use == (use.uses, use.inside, use.outside), f"{use} is not {told_use}")
        self.people_inside_are_entries_minus_exits()
        for ticket in raw.scan(t.TICKET):
            card = model.cards.pop(ticket.id)
            must((card.status, card.exchanged) == (ticket.status, ticket.exchanged), "status")
        must(not model.cards, "a ticket is missing")
        states = {"live": 0, "exchanged": 1, "replaced": 2}
        for row in raw.scan(t.CREDENTIAL):
            if row.kind != "identity":
                ticket, state = model.credentials.pop(row.hash)
                must((row.ticket, row.state) == (ticket, states[state]), "a credential")
        must(not model.credentials, "a credential is missing")
