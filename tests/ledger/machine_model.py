"""A simple model of tickets at gates, for the state machines: lists of what happened, and sums.

Nothing is counted up here as the ledger does it. Whatever has to be known is added up anew from the
list of happenings, which is slow and hard to get wrong.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from paifang.core.rules import EntitlementRule, Reentry, Rules
from paifang.core.tickets import Passage, Status
from paifang.ledger import commands as c
from paifang.ledger import faults as f
from tests.ledger.world import PARK

QUARTER_MS = 15 * 60_000
WEEK_MS = 7 * 24 * 60 * 60_000
NEVER = {Status.void, Status.refunded, Status.blocked}
LEADS_TO = {
    Status.valid: {Status.blocked, Status.void, Status.refunded, Status.unpaid},
    Status.unpaid: {Status.valid, Status.blocked, Status.void},
    Status.blocked: {Status.valid, Status.void, Status.refunded},
    Status.void: {Status.refunded},
    Status.refunded: set(),
}


class Refused(Exception):
    """The model expects this fault."""

    def __init__(self, fault: type[f.LedgerFault]) -> None:
        """Keep the fault's class."""
        self.fault = fault


@dataclass
class Happening:
    """People who went in or out, or (`undo`) were un-counted.

    `before`: told afterwards of a day before the one that is followed; it uses up, no more. Of a
    day that was over when it was told nobody is counted in the zone.
    """

    what: str
    zone: str
    day: int
    gate: str
    people: int
    at_ms: int
    fresh: int = 0
    again: int = 0
    returned: bool = False
    counted: bool = True


@dataclass
class Entry:
    """An admission that opened, for what may be reported of it."""

    ticket: bytes
    n: int
    happening: Happening
    terminal: str
    direction: str
    reported: int = 0
    annulled: bool = False
    off: bool = False


@dataclass
class Card:
    """A ticket."""

    product: int
    people: int
    session: int
    uses: list[list[Happening]]
    status: Status = Status.valid
    exchanged: bool = False


class Opening(NamedTuple):
    """What the model expects of a scan; `n` is -1 where any entitlement will do."""

    opens: bool
    n: int = -1
    fresh: int = 0
    again: int = 0


class People(NamedTuple):
    """The people of one entitlement who are followed: where, and how many."""

    zone: str
    day: int
    inside: int
    outside: int


def followed(happenings: list[Happening]) -> People:
    """Return who of an entitlement is inside, and who has left and may come back."""
    here = ("", 0)
    inside = outside = 0
    for each in happenings:
        if each.what == "in":
            if here != (each.zone, each.day):
                here, inside, outside = (each.zone, each.day), 0, 0
            inside += each.people
            outside -= each.again
        elif each.what == "out":
            inside -= each.people
            outside += each.people
        elif each.what == "undo":
            inside -= each.people
            outside += each.again
    return People(*here, inside, outside)


def used(happenings: list[Happening], *, day: int | None = None, gate: str | None = None) -> int:
    """Return how many uses were not given back: in all, on a day, at a gate."""
    return sum(
        each.fresh
        for each in happenings
        if each.what in {"in", "before"}
        and not each.returned
        and (day is None or (each.what == "in" and day == each.day))
        and gate in {None, each.gate}
    )


@dataclass
class Model:
    """What should be true."""

    rules: Rules
    cards: dict[bytes, Card] = field(default_factory=dict)
    credentials: dict[bytes, tuple[bytes, str]] = field(default_factory=dict)
    kinds: dict[bytes, str] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)

    # Sums.

    def inside(self, zone: str, day: int) -> int:
        """Return how many people are inside a zone: entries minus exits."""
        signs = {"in": 1, "out": -1, "undo": -1, "before": 0}
        return sum(
            signs[each.what] * each.people
            for card in self.cards.values()
            for happenings in card.uses
            for each in happenings
            if each.counted and (each.zone, each.day) == (zone, day)
        )

    def admitted(self, session: int) -> int:
        """Return how many people were admitted to a session."""
        return sum(
            used(happenings)
            for card in self.cards.values()
            if session and card.session == session
            for happenings in card.uses
        )

    # Scans.

    def may_ask(self, terminal_id: str, gate: str) -> None:
        """Raise Refused unless this terminal may ask at this gate."""
        terminal = self.rules.node.terminals.get(terminal_id)
        if terminal is None or terminal.revoked or gate not in terminal.gates:
            raise Refused(f.NotAllowed)

    def scan(self, ask: c.Admit, now_ms: int) -> Opening:
        """Return what a scan should give."""
        self.may_ask(ask.terminal, ask.gate)
        found = self._card(ask)
        if found is None:
            return Opening(opens=False)
        card, state = found
        if ask.direction == "exit":
            return self._exit(card, ask, PARK.day_at(now_ms))
        voucher = self.rules.centre.products[card.product].exchange_required
        if state != "live" or card.status != Status.valid or (voucher and not card.exchanged):
            return Opening(opens=False)
        return self._entry(card, ask, now_ms)

    def override(self, ask: c.Admit, now_ms: int) -> Opening:
        """Return what a supervisor's word should give."""
        plain = self.scan(ask, now_ms)
        found = self._card(ask)
        if plain.opens or found is None or ask.direction == "exit":
            return plain
        card, state = found
        voucher = self.rules.centre.products[card.product].exchange_required
        if state != "live" or card.status in NEVER or (voucher and not card.exchanged):
            return plain
        normal = self._entry(card, ask, now_ms)
        if normal.opens:
            return normal
        room = self._has_room(card, ask, ask.count, PARK.day_at(now_ms))
        return Opening(room, -1, ask.count if room else 0)

    def late(self, command: c.Record, now_ms: int) -> Opening | None:
        """Return what should have been said of a passage; None if a later day is followed now."""
        ask, at_ms = command.admit, command.at_ms
        self.may_ask(ask.terminal, ask.gate)
        if at_ms > now_ms + 2_000:
            raise Refused(f.InFuture)
        if now_ms - at_ms > WEEK_MS:
            raise Refused(f.TooLate)
        found = self._card(ask)
        if found is not None:
            day = PARK.day_at(at_ms)
            if any(followed(happenings).day > day for happenings in found[0].uses):
                return None
        return self.scan(ask, at_ms)

    def passed(self, command: c.Record, n: int, opening: Opening, now_ms: int) -> None:
        """Note that people had passed, whatever the ticket allowed."""
        ask, at_ms = command.admit, command.at_ms
        happening = self.went(ask, n, opening, at_ms).happening
        happening.counted = happening.day == PARK.day_at(now_ms)
        ticket, _ = self.credentials[ask.lookups[0]]
        happenings = self.cards[ticket].uses[n]
        if followed(happenings[:-1]).day > happening.day:
            happening.what = "before"

    def _card(self, ask: c.Admit) -> tuple[Card, str] | None:
        ticket, state = self.credentials.get(ask.lookups[0], (b"", ""))
        return (self.cards[ticket], state) if ticket else None

    def _exit(self, card: Card, ask: c.Admit, day: int) -> Opening:
        zone = self.rules.centre.gates[ask.gate].zone
        for n, happenings in enumerate(card.uses):
            people = followed(happenings)
            if (people.zone, people.day) == (zone, day) and people.inside >= ask.count:
                return Opening(opens=True, n=n)
        return Opening(opens=False)

    def _entry(self, card: Card, ask: c.Admit, now_ms: int) -> Opening:
        rules = self.rules.centre.products[card.product].entitlements
        for n, rule in enumerate(rules):
            opening = self._by_rule(card, n, rule, ask, now_ms)
            if opening.opens:
                return opening
        return Opening(opens=False)

    def _by_rule(
        self, card: Card, n: int, rule: EntitlementRule, ask: c.Admit, now_ms: int
    ) -> Opening:
        zone, day = self.rules.centre.gates[ask.gate].zone, PARK.day_at(now_ms)
        happenings, people, count = card.uses[n], card.people, ask.count
        if rule.zone != zone or (rule.gates and ask.gate not in rule.gates):
            return Opening(opens=False)
        session = self.rules.centre.sessions.get(card.session)
        if rule.session_bound and not (session and session.opens_ms <= now_ms < session.closes_ms):
            return Opening(opens=False)
        entries = [each for each in happenings if each.what == "in" and not each.returned]
        uses = [each for each in happenings if each.what in {"in", "before"} and not each.returned]
        first = next((each.day for each in uses if each.fresh), day)
        if rule.valid_days and (day - first) // 86_400_000 >= rule.valid_days:
            return Opening(opens=False)
        now = followed(happenings)
        here = now if (now.zone, now.day) == (zone, day) else People(zone, day, 0, 0)
        again = min(count, here.outside) if rule.reentry is Reentry.after_exit else 0
        fresh = count - again
        if rule.anti_passback and here.inside + count > people:
            return Opening(opens=False)
        days = len({each.day for each in entries if each.fresh})
        today = used(happenings, day=day)
        beyond = (
            (rule.uses_max and used(happenings) + fresh > rule.uses_max * people)
            or (rule.day_uses_max and today + fresh > rule.day_uses_max * people)
            or (
                rule.gate_uses_max
                and used(happenings, gate=ask.gate) + fresh > rule.gate_uses_max * people
            )
            or (rule.days_max and not today and days >= rule.days_max)
        )
        if (fresh and beyond) or not self._has_room(card, ask, fresh, day):
            return Opening(opens=False)
        return Opening(opens=True, n=n, fresh=fresh, again=again)

    def _has_room(self, card: Card, ask: c.Admit, fresh: int, day: int) -> bool:
        zone = self.rules.centre.zones[self.rules.centre.gates[ask.gate].zone]
        if zone.cap and self.inside(zone.slug, day) + ask.count > zone.cap:
            return False
        session = self.rules.centre.sessions.get(card.session)
        cap = session.cap if session else 0
        return not cap or self.admitted(card.session) + fresh <= cap

    def went(self, ask: c.Admit, n: int, opening: Opening, now_ms: int) -> Entry:
        """Note that people went through a gate."""
        zone, day = self.rules.centre.gates[ask.gate].zone, PARK.day_at(now_ms)
        ticket, _ = self.credentials[ask.lookups[0]]
        what = "out" if ask.direction == "exit" else "in"
        happening = Happening(
            what, zone, day, ask.gate, ask.count, now_ms, opening.fresh, opening.again
        )
        self.cards[ticket].uses[n].append(happening)
        return Entry(ticket, n, happening, ask.terminal, ask.direction)

    # What became of it.

    def report(self, command: c.ConfirmPassage) -> int:
        """Note what a gate reported; return how many people are taken off the count."""
        self._known_terminal(command.terminal)
        entry = self.entries.get(command.admission)
        if entry is None:
            raise Refused(f.Misuse)
        if entry.terminal != command.terminal:
            raise Refused(f.NotAllowed)
        if entry.annulled or entry.reported:
            raise Refused(f.NotPossible)
        nobody = command.passage is not Passage.passed and entry.direction == "entry"
        off = self._take_off(entry, must=False) if nobody else 0
        entry.reported, entry.off = command.passage, nobody
        return off

    def annul(self, command: c.Annul, now_ms: int) -> int:
        """Note that an admission was taken back; return how many come off the count."""
        self._known_terminal(command.terminal)
        entry = self.entries.get(command.admission)
        if entry is None:
            raise Refused(f.Misuse)
        if entry.direction != "entry" or entry.annulled:
            raise Refused(f.Misuse)
        if entry.terminal != command.terminal and not command.supervisor:
            raise Refused(f.NotAllowed)
        if now_ms - entry.happening.at_ms > QUARTER_MS:
            raise Refused(f.TooLate)
        happenings = self.cards[entry.ticket].uses[entry.n]
        if followed(happenings).day != entry.happening.day:
            raise Refused(f.NotPossible)
        off = 0 if entry.off else self._take_off(entry, must=True)
        entry.annulled = entry.happening.returned = True
        return off

    def _known_terminal(self, terminal_id: str) -> None:
        terminal = self.rules.node.terminals.get(terminal_id)
        if terminal is None or terminal.revoked:
            raise Refused(f.NotAllowed)

    def _take_off(self, entry: Entry, *, must: bool) -> int:
        """Un-count an entry's people, if they are still followed."""
        then, happenings = entry.happening, self.cards[entry.ticket].uses[entry.n]
        people = followed(happenings)
        if (people.zone, people.day) != (then.zone, then.day):
            if must:
                raise Refused(f.NotPossible)
            return 0
        if people.inside < then.people:
            raise Refused(f.NotPossible)
        happenings.append(
            Happening(
                "undo", then.zone, then.day, then.gate, then.people, then.at_ms, again=then.again
            )
        )
        return then.people

    # Tickets.

    def issue(self, command: c.Issue) -> None:
        """Note a new ticket."""
        count = len(self.rules.centre.products[command.product].entitlements)
        card = Card(command.product, command.people, command.session, [[] for _ in range(count)])
        card.status = command.status
        self.cards[command.ticket] = card
        for credential in command.credentials:
            self.bound(command.ticket, credential)

    def bound(self, ticket: bytes, credential: c.Credential) -> None:
        """Note a live credential."""
        self.credentials[credential.hash] = (ticket, "live")
        self.kinds[credential.hash] = credential.kind

    def bind(self, command: c.Bind) -> None:
        """Note a further credential."""
        if command.replaces:
            self._end(command.ticket, command.credential.kind, "replaced")
        self.bound(command.ticket, command.credential)

    def _end(self, ticket: bytes, kind: str, state: str) -> None:
        """End a ticket's live credentials of a kind."""
        for hash_, found in self.credentials.items():
            if found == (ticket, "live") and self.kinds[hash_] == kind:
                self.credentials[hash_] = (ticket, state)

    def exchange(self, command: c.Exchange) -> bool:
        """Note an exchange; False if it is refused."""
        shown = command.lookups[0]
        ticket, state = self.credentials[shown]
        card = self.cards[ticket]
        voucher = self.rules.centre.products[card.product].exchange_required
        fit = card.status == Status.valid and state == "live"
        if not voucher or card.exchanged or not fit:
            return False
        card.exchanged = True
        self._end(ticket, "code", "exchanged")
        self.bound(ticket, command.fresh)
        return True

    def set_status(self, command: c.SetStatus) -> None:
        """Note a ticket's new status."""
        card = self.cards[command.ticket]
        if command.status not in LEADS_TO[card.status]:
            raise Refused(f.NotPossible)
        if command.unused and (card.exchanged or any(used(each) for each in card.uses)):
            raise Refused(f.InUse)
        card.status = command.status
