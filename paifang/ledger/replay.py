"""The journal replayed: what tickets, gates and zones must look like if every fact happened once.

An independent second opinion: it shares the form of the facts with the rest of the ledger, and
nothing of what writes them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from paifang.core import limits
from paifang.core.rules import CentreRules, Gate, NodeRules, Site
from paifang.core.tickets import CredentialState, Passage, Status
from paifang.ledger.balance import Balance, Key
from paifang.ledger.facts import (
    AdmissionFact,
    AnnulFact,
    BindFact,
    EraseFact,
    ExchangeFact,
    Fact,
    IssueFact,
    PassageFact,
    RecordFact,
    StatusFact,
)
from paifang.ledger.findings import Findings
from paifang.ledger.records import TicketRecord
from paifang.ledger.replay_uses import (
    UNISSUED,
    Gatekeeping,
    Made,
    TicketBook,
    UseBook,
    counts_fit,
)
from paifang.ledger.rows import Head, JournalRow, SessionCount, ZoneDay

OPENED: Final = frozenset({"ok", "re_entry"})
BECOMES: Final = {
    (Status.valid, Status.unpaid),
    (Status.valid, Status.blocked),
    (Status.valid, Status.void),
    (Status.valid, Status.refunded),
    (Status.unpaid, Status.valid),
    (Status.unpaid, Status.blocked),
    (Status.unpaid, Status.void),
    (Status.blocked, Status.valid),
    (Status.blocked, Status.void),
    (Status.blocked, Status.refunded),
    (Status.void, Status.refunded),
}
"""Which status may follow which."""

GONE: Final = frozenset({Status.void, Status.refunded})
"""What a ticket must be before its document may open another."""

PLACES_MAX: Final = 10_000
MADE_OF_ISSUE: Final = (
    "event",
    "product",
    "people",
    "session",
    "valid_from_ms",
    "valid_until_ms",
)

Item = tuple[Key, tuple[object, ...]]
CentreAt = Callable[[int], CentreRules]
NodeAt = Callable[[str, int], NodeRules]
Admissions = dict[str, tuple[JournalRow, AdmissionFact]]


class Place(NamedTuple):
    """A gate as a version of the rules had it, and whether the terminal might stand there."""

    gate: Gate
    site: Site
    allowed: bool


class GateReplay:
    """Everything that goes on at gates and with tickets, fact by fact."""

    def __init__(self, findings: Findings, centre_at: CentreAt, node_at: NodeAt) -> None:
        """Take where findings go, and how a version of the rules is read (KeyError: none)."""
        self.findings = findings
        self._centre_at = centre_at
        self._node_at = node_at
        self.tickets = TicketBook(findings)
        self.uses = UseBook(self.tickets, findings)
        self.heads: dict[str, Head] = {}
        self.zones: dict[tuple[str, int], list[int]] = {}
        self.sessions: dict[int, int] = {}
        self.aftermaths = Balance()
        self.recovered = False
        self._base_inside: dict[tuple[str, int], int] = {}
        self._inside: dict[tuple[str, int], int] = {}
        self._marks = bytearray()
        self._places: dict[tuple[str, int, int, str, str], Place] = {}
        self.handlers: dict[type[Fact], Callable[[JournalRow, Any], None]] = {
            AdmissionFact: self._admission,
            RecordFact: self._record,
            IssueFact: self._issue,
            BindFact: self._bind,
            ExchangeFact: self._exchange,
            StatusFact: self._status,
            EraseFact: self._erase,
        }

    def begin(
        self,
        records: dict[bytes, TicketRecord],
        zones: dict[tuple[str, int], list[int]],
        sessions: dict[int, int],
    ) -> None:
        """Begin as a lessee did: with tickets that were used before, and people inside."""
        self.begin_centre(records, zones, sessions)
        self._base_inside = {key: counts[0] - counts[1] for key, counts in zones.items()}
        for ticket, record in records.items():
            place = self.tickets.find(ticket)
            if place is not None:
                self.uses.begin(place, record)

    def begin_centre(
        self,
        records: dict[bytes, TicketRecord],
        zones: dict[tuple[str, int], list[int]],
        sessions: dict[int, int],
    ) -> None:
        """Begin as a centre does that took leases back: counts are by how much they differed."""
        self.zones, self.sessions = zones, sessions
        self.tickets.begin(records)

    def put_back(
        self, segment: int, tickets: Iterable[bytes], zones: Iterable[tuple[str, int, int, int]]
    ) -> None:
        """Go on from where a lease on a segment that was taken back began."""
        for ticket in tickets:
            place = self.tickets.find(ticket)
            if place is None:
                continue
            if self.tickets.made[place].home == segment:
                self.tickets.put_back(place)
            self.uses.put_back(place, segment)
        for zone, day, entries, exits in zones:
            inside = self._inside.get((zone, day), 0)
            self._inside[zone, day] = max(inside, inside + entries - exits)

    def is_loaded(self, ticket: str | bytes) -> bool:
        """Whether a ticket came from the centre, and no row here tells that it was issued."""
        if not ticket:
            return False
        place = self.tickets.find(bytes.fromhex(ticket) if isinstance(ticket, str) else ticket)
        return place is not None and bool(self.tickets.told[place])

    def start_segment(self, rows: int) -> None:
        """Begin with the first row of a segment that has so many."""
        self._inside = dict(self._base_inside)
        self._marks = bytearray(rows + 1)

    # Tickets.

    def _ticket(self, row: JournalRow, ticket: str) -> int | None:
        place = self.tickets.find(bytes.fromhex(ticket))
        if place is None:
            self.findings.at("ticket_missing", row)
        return place

    def _issue(self, row: JournalRow, fact: IssueFact) -> None:
        place = self._ticket(row, fact.ticket)
        if place is None:
            return
        made = self.tickets.made[place]
        home = self.heads[fact.home].number
        if row.segment not in {home, 1}:
            self.findings.at("row_wrong_segment", row)
        for field in MADE_OF_ISSUE:
            if getattr(made, field) != getattr(fact, field):
                self.findings.at("ticket_differs", row, field=field)
        if made.home != home:
            self.findings.at("ticket_differs", row, field="home")
        if self.uses.segments_of(place) != [self.heads[uuid].number for uuid in fact.segments]:
            self.findings.at("ticket_differs", row, field="segments")
        self._freed(row, fact)
        if fact.amended:
            return
        if self.tickets.status[place] != UNISSUED:
            self.findings.at("issued_twice", row)
        self.tickets.status[place] = Status(fact.status)

    def _freed(self, row: JournalRow, fact: IssueFact) -> None:
        """Check that what a ticket took over belonged to one that was void."""
        for _, ticket in fact.freed:
            place = self._ticket(row, ticket)
            # Only within one segment is it certain what was known of the ticket just then.
            if place is not None and self.tickets.made[place].home == row.segment:
                status = self.tickets.status[place]
                if status not in GONE:
                    self.findings.at("credential_not_free", row, status=status)

    def _bind(self, row: JournalRow, fact: BindFact) -> None:
        self._ticket(row, fact.ticket)

    def _exchange(self, row: JournalRow, fact: ExchangeFact) -> None:
        if fact.reason != "ok":
            return
        place = self._ticket(row, fact.ticket)
        if place is None:
            return
        if self.tickets.exchanged[place]:
            self.findings.at("exchanged_twice", row)
        self.tickets.exchanged[place] = 1

    def _status(self, row: JournalRow, fact: StatusFact) -> None:
        place = self._ticket(row, fact.ticket)
        if place is None:
            return
        before, after = Status(fact.before), Status(fact.status)
        if (before, after) not in BECOMES or before != self.tickets.status[place]:
            self.findings.at("status_impossible", row, before=before.name, status=after.name)
        self.tickets.status[place] = after

    def _erase(self, row: JournalRow, fact: EraseFact) -> None:
        place = self._ticket(row, fact.ticket)
        if place is not None:
            self.tickets.erased[place] = 1

    # Gates.

    def _place(self, row: JournalRow, fact: AdmissionFact) -> Place:
        """Return gate and site by the versions of the rules a fact names. Raises KeyError."""
        key = (row.node, *fact.rules, fact.terminal, fact.gate)
        found = self._places.get(key)
        if found is None:
            centre = self._centre_at(fact.rules[0])
            node = self._node_at(row.node, fact.rules[1])
            gate, terminal = centre.gates[fact.gate], node.terminals.get(fact.terminal)
            allowed = terminal is not None and not terminal.revoked and fact.gate in terminal.gates
            found = Place(gate, centre.sites[centre.zones[gate.zone].site], allowed)
            if len(self._places) >= PLACES_MAX:
                self._places.clear()
            self._places[key] = found
        return found

    def _admission(self, row: JournalRow, fact: AdmissionFact) -> None:
        gate, site, allowed = self._place(row, fact)
        if not allowed:
            self.findings.at("terminal_not_allowed", row, terminal=fact.terminal, gate=fact.gate)
        if (gate.zone, site.day_at(row.at_ms)) != (fact.zone, fact.day):
            self.findings.at("place_differs", row)
        if fact.reason not in OPENED:
            if fact.people or fact.fresh or fact.again:
                self.findings.at("people_differ", row)
            return
        found = self._entitlement(row, fact.ticket, fact.n)
        if found is None:
            return
        if not counts_fit(fact):
            self.findings.at("people_differ", row)
        elif fact.direction == "exit":
            if not self.uses.leave(found[1], fact):
                self.findings.at("left_without_entry", row)
            self._count(row, fact.zone, fact.day, (0, fact.people))
        else:
            self._entry(row, fact, found, site)

    def _record(self, row: JournalRow, fact: RecordFact) -> None:
        """Count people who passed before the row was written."""
        gate, site, allowed = self._place(row, fact)
        if not (allowed if fact.terminal else fact.actor):
            self.findings.at("terminal_not_allowed", row, terminal=fact.terminal, gate=fact.gate)
        in_time = -limits.CLOCK_STEP_MS_MAX <= row.at_ms - fact.at_ms <= limits.RECORD_WITHIN_MS
        if (gate.zone, site.day_at(fact.at_ms)) != (fact.zone, fact.day) or not in_time:
            self.findings.at("place_differs", row)
        if fact.basis != "provisional" or (fact.conflict and fact.reason in OPENED):
            self.findings.at("conflict_differs", row)
        if not fact.people:
            if fact.fresh or fact.again or fact.reason in OPENED:
                self.findings.at("people_differ", row)
            return
        if not fact.conflict and fact.reason not in OPENED:
            self.findings.at("conflict_differs", row)
        found = self._entitlement(row, fact.ticket, fact.n)
        if found is None:
            return
        today = fact.day == site.day_at(row.at_ms)
        if not counts_fit(fact) or fact.people != fact.count:
            self.findings.at("people_differ", row)
        elif fact.direction == "exit":
            if not self.uses.leave(found[1], fact):
                self.findings.at("left_without_entry", row)
            self._count(row, fact.zone, fact.day, (0, fact.people if today else 0))
        else:
            self._entry(row, fact, found, site, today=today)

    def _entitlement(self, row: JournalRow, ticket: str, n: int) -> tuple[int, int] | None:
        """Return ticket and entitlement a row is about, if they stand in its segment."""
        place = self._ticket(row, ticket)
        if place is None:
            return None
        use = self.uses.find(place, n)
        if use is None or self.uses.segment[use] != row.segment:
            self.findings.at("use_missing", row)
            return None
        return place, use

    def _entry(
        self,
        row: JournalRow,
        fact: AdmissionFact,
        found: tuple[int, int],
        site: Site,
        *,
        today: bool = True,
    ) -> None:
        """Count an entry, and check that the ticket allowed it."""
        place, use = found
        made, centre = self.tickets.made[place], self._centre_at(fact.rules[0])
        product = centre.products[made.product]
        at_ms, contested = row.at_ms, self.recovered
        checked = fact.basis == "lease" and not self.recovered
        if isinstance(fact, RecordFact):
            at_ms, contested, checked = fact.at_ms, bool(fact.conflict), not fact.conflict
        by = Gatekeeping(product.entitlements[fact.n], site, centre.sessions, at_ms)
        broken = self.uses.enter(use, made, fact, by, checked=checked)
        if made.home == row.segment and not contested:
            # Only within one segment is it certain what was known of the ticket just then.
            broken = broken or self._broken_state(place, fact, exchange=product.exchange_required)
        if (fact.product, fact.session) != (made.product, made.session):
            broken = broken or "product"
        if broken:
            self.findings.at("beyond_allowance", row, rule=broken)
        self._count(row, fact.zone, fact.day, (fact.people if today else 0, 0))
        self._count_session(made, fact.fresh)

    def _broken_state(self, place: int, fact: AdmissionFact, *, exchange: bool) -> str:
        """Return what about a ticket's state forbade an entry; a supervisor may forgive payment."""
        status = self.tickets.status[place]
        forgiven = fact.basis == "override" and status == Status.unpaid
        if status != Status.valid and not forgiven:
            return "status"
        return "exchange_required" if exchange and not self.tickets.exchanged[place] else ""

    def _count(self, row: JournalRow, zone: str, day: int, people: tuple[int, int]) -> None:
        """Count a zone's entries and exits; within a segment nobody leaves who did not enter."""
        counts = self.zones.setdefault((zone, day), [0, 0])
        counts[0] += people[0]
        counts[1] += people[1]
        inside = self._inside.get((zone, day), 0) + people[0] - people[1]
        self._inside[zone, day] = inside
        if inside < 0:
            self.findings.at("zone_negative", row)

    def _count_session(self, made: Made, people: int) -> None:
        if made.session:
            self.sessions[made.session] = self.sessions.get(made.session, 0) + people

    # What became of it.

    def aftermath(
        self, row: JournalRow, fact: PassageFact | AnnulFact, admissions: Admissions
    ) -> None:
        """Take in a passage or an annulment, given the admissions it may be about."""
        found = admissions.get(fact.admission)
        known = found is not None and found[0][:1] == row[:1] and found[0][:3] < row[:3]
        if found is None or not known or found[1].reason not in OPENED:
            self.findings.at("admission_missing", row)
            return
        entitlement = self._entitlement(row, fact.ticket, found[1].n)
        if entitlement is None:
            return
        if (fact.zone, fact.day) != (found[1].zone, found[1].day):
            self.findings.at("place_differs", row)
        if isinstance(fact, PassageFact):
            self._passage(row, fact, found, entitlement[1])
        else:
            self._annul(row, fact, found, entitlement)

    def _passage(
        self,
        row: JournalRow,
        fact: PassageFact,
        found: tuple[JournalRow, AdmissionFact],
        use: int,
    ) -> None:
        """Take in what a gate reported; whoever did not pass is taken off the count."""
        before, admitted = self._marks[found[0].seq], found[1]
        if before:
            self.findings.at("reported_twice", row)
        nobody = fact.passage != Passage.passed and admitted.direction == "entry"
        if nobody and self.uses.is_followed(use, admitted.zone, admitted.day):
            if fact.off != admitted.people or not self.uses.take_off(use, admitted):
                self.findings.at("people_differ", row)
        elif fact.off:
            self.findings.at("people_differ", row)
        self._count(row, fact.zone, fact.day, (-fact.off, 0))
        self._mark(fact.admission, found[0].seq, Passage(fact.passage) | nobody << 3)

    def _annul(
        self,
        row: JournalRow,
        fact: AnnulFact,
        found: tuple[JournalRow, AdmissionFact],
        entitlement: tuple[int, int],
    ) -> None:
        """Give back what an entry used, once."""
        before, admitted = self._marks[found[0].seq], found[1]
        if before & 4:
            self.findings.at("annulled_twice", row)
        taken_off = before & 8
        expected = 0 if taken_off else admitted.people
        if fact.off != expected or fact.fresh != admitted.fresh or fact.n != admitted.n:
            self.findings.at("people_differ", row)
        in_time = row.at_ms - found[0].at_ms <= limits.ANNUL_WITHIN_MS
        still = taken_off or self.uses.take_off(entitlement[1], admitted)
        given = still and self.uses.give_back(entitlement[1], admitted, fact)
        if admitted.direction != "entry" or not in_time or not given:
            self.findings.at("not_annullable", row)
        self._count(row, fact.zone, fact.day, (-fact.off, 0))
        self._count_session(self.tickets.made[entitlement[0]], -fact.fresh)
        self._mark(fact.admission, found[0].seq, before | 4)

    def _mark(self, admission: str, seq: int, after: int) -> None:
        """Remember what was reported of an admission, for its row in the table as well."""
        before = self._marks[seq]
        if before:
            self.aftermaths.right(admission, _reported(before))
        self.aftermaths.left(admission, _reported(after))
        self._marks[seq] = after

    def compare_counts(
        self, zone_days: Iterator[ZoneDay], session_counts: Iterator[SessionCount]
    ) -> None:
        """Compare zones and sessions with their counters."""
        for zone, day, entries, exits in zone_days:
            told = tuple(self.zones.pop((zone, day), (0, 0)))
            if told != (entries, exits):
                self._differs("zone", f"{zone} {day}", told, (entries, exits))
        for (zone, day), missing in self.zones.items():
            if missing != [0, 0]:
                self._differs("zone", f"{zone} {day}", tuple(missing), (0, 0))
        for session, admitted in session_counts:
            expected = self.sessions.pop(session, 0)
            if admitted != expected:
                self._differs("session", f"{session}", expected, admitted)
        for session, expected in self.sessions.items():
            if expected:
                self._differs("session", f"{session}", expected, 0)

    def _differs(self, what: str, where: str, expected: object, found: object) -> None:
        self.findings.add(f"{what}_differs", f"{what} {where}", expected=expected, found=found)


def _reported(mark: int) -> tuple[int, int, int]:
    """Return a mark as the table has it: passage, annulled, taken off."""
    return mark & 3, mark >> 2 & 1, mark >> 3 & 1


def credentials_of(fact: Fact) -> Iterator[Item]:
    """Yield what a fact tells of credentials: hash and ticket when bound, and state when ended."""
    if isinstance(fact, IssueFact):
        ticket = bytes.fromhex(fact.ticket)
        for _, hash_ in fact.credentials:
            yield bytes.fromhex(hash_), (ticket,)
        if fact.identity:
            yield bytes.fromhex(fact.identity), (ticket,)
        yield from _ended(fact.ended, CredentialState.replaced)
    elif isinstance(fact, BindFact):
        yield bytes.fromhex(fact.hash), (bytes.fromhex(fact.ticket),)
        yield from _ended(fact.ended, CredentialState.replaced)
    elif isinstance(fact, ExchangeFact) and fact.hash:
        yield bytes.fromhex(fact.hash), (bytes.fromhex(fact.ticket),)
        yield from _ended(fact.ended, CredentialState.exchanged)


def _ended(hashes: tuple[str, ...], state: CredentialState) -> Iterator[Item]:
    for hash_ in hashes:
        yield bytes.fromhex(hash_), (int(state),)
