"""The machine of tickets and gates: whatever people do with them, in any order (I1-I3, I8, I10)."""

from dataclasses import replace

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from paifang.core.rules import (
    CentreRules,
    EntitlementRule,
    NodeRules,
    Product,
    Reentry,
    Rules,
    Session,
    Zone,
)
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
from tests.ledger.venue import key
from tests.ledger.world import HALL, at

AFTER_EXIT = Reentry.after_exit
GARDEN = EntitlementRule("garden")
SESSION_TICKET = 7
SEGMENT = st.integers(0, 2)
TICKET = st.tuples(
    st.integers(1, 9), st.sampled_from((1, 1, 2, 3)), st.tuples(SEGMENT, SEGMENT, SEGMENT)
)
"""Product, people, and the segments of home and entitlements."""
SCAN = st.tuples(
    st.integers(0, 7),
    st.sampled_from(("north", "north", "south", "hedge")),
    st.sampled_from(("t1", "t1", "t1", "t2")),
    st.sampled_from((1, 1, 1, 2, 3)),
)
"""Which ticket, gate and terminal, how many people."""
LIMITS = st.tuples(st.sampled_from((1, 2)), st.sampled_from((0, 2, 4)), st.sampled_from((0, 2)))
"""Uses of a single ticket, cap of the hall, cap of the session."""
OPENED = {"ok", "re_entry"}


def products(single_uses: int) -> tuple[Product, ...]:
    """Return every kind of product; how often a single ticket enters can be changed."""
    return (
        world.product(1, replace(HALL, uses_max=single_uses)),
        world.product(2, replace(HALL, reentry=AFTER_EXIT)),
        world.product(3, replace(HALL, uses_max=3, gate_uses_max=1, anti_passback=True)),
        world.product(4, HALL, replace(GARDEN, reentry=AFTER_EXIT)),
        world.product(5, HALL, exchange_required=True),
        world.product(6, replace(HALL, uses_max=0, day_uses_max=1, days_max=2, reentry=AFTER_EXIT)),
        world.product(7, replace(HALL, session_bound=True), replace(GARDEN, gates=("hedge",))),
        world.product(8, replace(GARDEN, uses_max=0, day_uses_max=2, valid_days=2)),
        world.product(9, HALL, HALL),
    )


def centre(single_uses: int = 1, hall_cap: int = 0, session_cap: int = 0) -> CentreRules:
    """Return the centre's layer with these limits."""
    rules = world.centre_rules(products(single_uses))
    zones = {**rules.zones, "hall": Zone("hall", "park", "Hall", cap=hall_cap)}
    session = Session(1, "s1", world.EXPO, "Day", at(9), at(22), cap=session_cap)
    return replace(rules, zones=zones, sessions={1: session})


def node(*revoked: str) -> NodeRules:
    """Return the node's layer with these terminals revoked."""
    terminals = [each for each in world.TERMINALS if each.id != "gone"]
    return world.node_rules([replace(t, revoked=t.id in revoked) for t in terminals])


class GateMachine(LedgerMachine):
    """Tickets of all kinds at three gates, and everything that may become of them."""

    def __init__(self) -> None:
        """Start with an empty ledger."""
        super().__init__()
        self.model = Model(Rules())
        self.segments = [1]
        self.codes: list[bytes] = []
        self.issued: list[c.Issue] = []
        self.scans: list[str] = []

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

    def _admission(self, pick: int) -> str:
        """Return mostly an admission that opened, else any scan."""
        opened = list(self.model.entries)[-4:]
        known = opened if opened and pick % 8 else [*self.scans, "none"]
        return known[pick % len(known)]

    # Rules: tickets.

    @rule(
        ticket=TICKET,
        status=st.sampled_from((Status.valid, Status.unpaid)),
        how=HOW,
    )
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
        return command

    @rule(pick=PICK, content=st.sampled_from((b"first", b"second")), how=HOW)
    def meet_again(self, pick: int, content: bytes, how: How) -> None:
        """Import a row a second time, unchanged or amended."""
        if self.issued:
            first = self.issued[pick % len(self.issued)]
            more = {"request_id": self.next_id("again"), "content": content, "holder": "Han"}
            self.do(how, msgspec.structs.replace(first, ticket=key(self.next_id("u")), **more))

    @rule(pick=PICK, status=st.sampled_from((Status.valid, *Status)), how=HOW)
    def set_status(self, pick: int, status: Status, how: How) -> None:
        """Change what the issuer says."""
        if self.issued:
            ticket = self.issued[pick % len(self.issued)].ticket
            name = self.next_id("status")
            self.do(how, c.SetStatus(request_id=name, ticket=ticket, status=status))

    @rule(pick=PICK, kind=st.sampled_from(("code", "card")), replaces=st.booleans(), how=HOW)
    def bind(self, pick: int, kind: str, replaces: bool, how: How) -> None:  # noqa: FBT001 - drawn
        """Bind a further credential."""
        if self.issued:
            name = self.next_id("bind")
            fresh = c.Credential(kind, key(name))
            self.codes.append(fresh.hash)
            ticket = self.issued[pick % len(self.issued)].ticket
            self.do(
                how,
                c.Bind(request_id=name, ticket=ticket, credential=fresh, replaces=replaces),
            )

    @rule(pick=PICK, how=HOW)
    def exchange(self, pick: int, how: How) -> None:
        """Exchange a voucher."""
        name = self.next_id("exchange")
        fresh = c.Credential("code", key(name))
        command = c.Exchange(request_id=name, lookups=(self._pick(pick),), fresh=fresh)
        self.codes.append(fresh.hash)
        self.do(how, command)

    @rule(pick=PICK, how=HOW)
    def erase(self, pick: int, how: How) -> None:
        """Erase a person's data."""
        if self.issued:
            ticket = self.issued[pick % len(self.issued)].ticket
            self.do(how, c.Erase(request_id=self.next_id("erase"), ticket=ticket))

    # Rules: gates.

    @rule(
        scans=st.lists(SCAN, min_size=1, max_size=4),
        verb=st.sampled_from(("admit", "admit", "admit", "preview", "override")),
        how=HOW,
    )
    def scan(self, scans: list[tuple[int, str, str, int]], verb: str, how: How) -> None:
        """Show tickets, also one several times in a batch."""
        for pick, gate, terminal, count in scans:
            self.waiting.append(self._scanning(verb, pick, (gate, terminal), count))
        self.do(how)

    @rule(scans=st.lists(SCAN, min_size=1, max_size=3), how=HOW)
    def enter_and_leave(self, scans: list[tuple[int, str, str, int]], how: How) -> None:
        """Show tickets on the way in and, at once, on the way out."""
        for pick, gate, terminal, count in scans:
            for direction in ("entry", "exit"):
                ask = self._scanning("admit", pick, (gate, terminal), count)
                self.waiting.append(msgspec.structs.replace(ask, direction=direction))
        self.do(how)

    @precondition(lambda self: self.model.entries)
    @rule(scans=st.lists(SCAN, min_size=1, max_size=3), how=HOW)
    def leave(self, scans: list[tuple[int, str, str, int]], how: How) -> None:
        """Show tickets on the way out."""
        for pick, gate, terminal, count in scans:
            ask = self._scanning("admit", pick, (gate, terminal), count)
            self.waiting.append(msgspec.structs.replace(ask, direction="exit"))
        self.do(how)

    def _scanning(self, verb: str, pick: int, place: tuple[str, str], count: int) -> c.Command:
        name = self.next_id("scan")
        ask = c.Admit(
            request_id=name,
            terminal=place[1],
            gate=place[0],
            count=count,
            lookups=(self._pick(pick),),
        )
        if verb == "preview":
            return c.Preview(admit=ask)
        self.scans.append(name)
        if verb == "override":
            return c.Override(request_id=name, admit=ask, reason_text="a regular guest")
        return ask

    @precondition(lambda self: self.model.entries)
    @rule(
        pick=PICK,
        terminal=st.sampled_from(("t1", "t1", "t2")),
        passage=st.sampled_from((Passage.passed, Passage.not_shown, Passage.no_passage)),
        how=HOW,
    )
    def report(self, pick: int, terminal: str, passage: Passage, how: How) -> None:
        """Report what became of an admission."""
        command = c.ConfirmPassage(
            request_id=self.next_id("passage"),
            admission=self._admission(pick),
            terminal=terminal,
            passage=passage,
        )
        self.do(how, command)

    @precondition(lambda self: self.model.entries)
    @rule(
        pick=PICK, terminal=st.sampled_from(("t1", "t1", "t2")), supervisor=st.booleans(), how=HOW
    )
    def annul(self, pick: int, terminal: str, supervisor: bool, how: How) -> None:  # noqa: FBT001 - drawn
        """Take an admission back."""
        command = c.Annul(
            request_id=self.next_id("annul"),
            admission=self._admission(pick),
            terminal=terminal,
            supervisor=supervisor,
        )
        self.do(how, command)

    @rule(limits=LIMITS, how=HOW)
    def change_limits(self, limits: tuple[int, int, int], how: How) -> None:
        """Publish other limits."""
        self.do(how, self._publishing("centre", centre(*limits)))

    @rule(revoked=st.sampled_from(((), ("t2",), ("t1",))), how=HOW)
    def revoke(self, revoked: tuple[str, ...], how: How) -> None:
        """Revoke terminals, or take that back."""
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
        if command.request_id.startswith("again"):
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

    def compare_state(self) -> None:
        """Compare uses, people inside, tickets and credentials with the tables."""
        raw, model = self.reader.raw, self.model
        for use in raw.scan(t.USE):
            happenings = model.cards[use.ticket].uses[use.n]
            people = followed(happenings)
            told_use = (used(happenings), people.inside, people.outside)
            must(told_use == (use.uses, use.inside, use.outside), f"{use} is not {told_use}")
        for zone, day, entries, exits in raw.scan(t.ZONE_DAY):
            must(entries - exits == model.inside(zone, day), f"inside {zone}: {entries}-{exits}")
            must(entries >= exits, "fewer than nobody inside")
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
