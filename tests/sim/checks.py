"""What must hold when everything has come to rest: I1 to I5, I8, I9 and I10 of the architecture.

Money (I6) and quota (I7) have no part in this world yet. Everything is compared with the truth that
only the simulator knows: which gates opened, and which decisions were shown to people.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing

from paifang.core.leases import LeaseState
from paifang.core.rules import CentreRules
from paifang.core.tickets import Use
from paifang.ledger import tables as t
from paifang.ledger.conflicts import late_conflicts
from paifang.ledger.engine import Reader
from paifang.ledger.facts import AdmissionFact, RecordFact, RecoveredFact, fact_of
from paifang.ledger.recovered import first_told, original
from paifang.ledger.rows import JournalRow
from paifang.ledger.verify import verify
from tests.ledger import world as venue
from tests.ledger.venue import key
from tests.sim.fair import CENTRE, Run
from tests.sim.gate import Opening

UNUSED = Use(b"", 0, 0)[3:]
USED = frozenset({"already_used", "already_inside"})


def violations(run: Run) -> list[str]:
    """Return what does not hold, in words, the first letter being the invariant's."""
    checks = Checks(run)
    found: list[str] = []
    if not run.settled:
        found += checks.unrest()
        return found
    for check in (
        checks.allowances,
        checks.decisions,
        checks.own_records,
        checks.conflicts,
        checks.order,
        checks.epochs,
        checks.chains,
        checks.counts,
    ):
        found += check()
    return found


class Checks:
    """The checks of one run at rest."""

    def __init__(self, run: Run) -> None:
        """Read what the centre has."""
        self.run = run
        self.raw: Reader = run.centre.reader.raw
        self.rules: CentreRules = run.centre.reader.rules().centre
        self.all_rows: list[JournalRow] = list(self.raw.scan(t.JOURNAL))
        self.turned = {
            (base.segment, base.before): base.seq
            for base in self.raw.scan(t.BASE)
            if base.epoch % 2
        }
        left = [row for row in self.all_rows if row.seq > self._counted(row)]
        self.left = {row.request_id: row for row in left if row.request_id}
        self.rows = [row for row in self.all_rows if row.seq <= self._counted(row)]
        # A host that lost its lease may refuse, in its own journal, what its spare decides.
        heads = {head.number: head for head in self.raw.scan(t.HEAD)}
        told = sorted(self.rows, key=lambda row: bool(heads[row.segment].site))
        self.answers = {row.request_id: row for row in told if row.request_id}
        self.late = {row.request_id: row for row in self.raw.scan(t.LATE) if row.request_id}
        self.openings = [each for gate in run.gates for each in gate.openings]
        self.sold = {ticket.code: ticket for ticket in run.fair.sold}
        self.lost_gates = {gate.name for gate in run.gates if gate.lost}

    def _counted(self, row: JournalRow) -> int:
        """Up to where rows of an epoch count: a spare may have gone on without the rest."""
        seq: int = self.turned.get((row.segment, row.epoch), row.seq)
        return seq

    # I9.

    def unrest(self) -> Iterator[str]:
        """I9: with the faults stopped, everything comes to rest."""
        run = self.run
        for machine in (*run.machines, *run.gates):
            if not machine.running and not machine.lost:
                yield f"I9: {machine.name} does not start"
        for gate in run.gates:
            if not gate.lost and gate.running and gate.lane.waits:
                lane = gate.lane
                kept = len(lane.kept)
                yield (
                    f"I9: {gate.name} still waits: {list(lane.intents.values())[:3]}"
                    f" {list(lane.chores.values())[:3]} kept {kept}"
                    f" {list(lane.kept.values())[:2]} fences {lane.fences} "
                )
        for host in run.hosts:
            if host.running and host.backlog():
                yield f"I9: {host.name[-2:]} still has {host.backlog()} rows to tell"

    # I1.

    def allowances(self) -> Iterator[str]:
        """I1: nobody got in by the authority's word beyond what a ticket allows."""
        for code, entitlements in self._entries(("lease",)).items():
            ticket = self.sold[code]
            for n, openings in entitlements.items():
                fresh = sum(self._fresh(each) for each in openings)
                rule = self.rules.products[ticket.product].entitlements[n]
                allowed = (rule.uses_max or rule.day_uses_max) * ticket.people
                if fresh > allowed:
                    yield f"I1: {code} let in {fresh} of {allowed}: {_told(openings)}"
        yield from self._people_inside()

    def _people_inside(self) -> Iterator[str]:
        """Whoever comes back has left, by the record: an exit may be recorded and not be used."""
        left: Counter[str] = Counter()
        for row in self.rows:
            fact = self._admission(row)
            if fact is not None and fact.direction == "exit":
                left[fact.ticket] += fact.people
        came: Counter[str] = Counter()
        for each in self.openings:
            if each.verdict.basis == "lease" and each.direction == "entry":
                came[each.code] += each.people
        for code, people in came.items():
            ticket = self.sold[code]
            out = left[key("ticket " + code).hex()]
            if ticket.product == venue.RE_ENTRY and people - out > ticket.people:
                yield f"I1: {people} came and {out} left by {code}"

    def _entries(self, bases: tuple[str, ...]) -> dict[str, dict[int, list[Opening]]]:
        found: dict[str, dict[int, list[Opening]]] = defaultdict(lambda: defaultdict(list))
        for each in self.openings:
            if each.direction == "entry" and each.verdict.basis in bases:
                fact = each.verdict.fact
                found[each.code][fact.n if fact else 0].append(each)
        return found

    def _fresh(self, opening: Opening) -> int:
        fact = opening.verdict.fact
        if fact is None:
            # Let in on the gate's own word: what it came to was decided when it was told.
            for name in (f"{opening.request_id}.late", opening.request_id):
                row = self.answers.get(name)
                told = self._admission(row) if row else None
                if told is not None and (told.people or name.endswith(".late")):
                    return told.fresh
            return opening.people
        return fact.fresh

    # I2.

    def decisions(self) -> Iterator[str]:
        """I2: every decision that was shown to somebody is in the centre's journal."""
        for gate in self.run.gates:
            if gate.lost:
                continue
            for _, code, verdict in gate.verdicts:
                row = self.answers.get(verdict.request_id)
                if row is None and self.run.restored and verdict.request_id in self.late:
                    # Of a host that was given up before the centre forgot: history, and kept.
                    continue
                if verdict.fact is None:
                    if verdict.opens and row is None:
                        yield f"I2: let in alone and never told: {code} {verdict.request_id}"
                    continue
                if row is None:
                    yield f"I2: {gate.name} was told {verdict.reason} for {code}: nowhere"
                    continue
                first = original(row)
                fact = fact_of(first.kind, first.payload)
                told = getattr(fact, "reason", "")
                if told != verdict.reason:
                    yield f"I2: {gate.name} was told {verdict.reason} for {code}, kept: {told}"

    # I3.

    def own_records(self) -> Iterator[str]:
        """I3: nobody is refused for their own recorded admission."""
        for gate in self.run.gates:
            for at_ms, code, verdict in gate.verdicts:
                if verdict.opens:
                    continue
                row = self.answers.get(verdict.request_id)
                fact = self._admission(row) if row else None
                if verdict.fact is not None and fact is not None and fact.people:
                    yield f"I3: {code} was refused ({verdict.reason}) and recorded as admitted"
                if verdict.reason in USED and not self._passed_before(code, at_ms):
                    entries = self._recorded(code)
                    if set(entries.values()) != {gate.name}:
                        continue
                    if entries.keys() <= gate.ended_opening:
                        # It wrote its own yes down, and ended before it opened. What a gate does
                        # alone counts as done, because nobody is there who could say otherwise.
                        self.run.world.figures["ended_opening"] += 1
                        continue
                    yield f"I3: {code} was refused at {gate.name} for its own entry there"

    def _recorded(self, code: str) -> dict[str, str]:
        """Return the entries that are recorded by a code, and the terminal of each."""
        facts = ((row, self._admission(row)) for row in self.rows)
        return {
            row.request_id.removesuffix(".late"): fact.terminal
            for row, fact in facts
            if fact and fact.people and fact.ticket == key("ticket " + code).hex()
        }

    def _admission(self, row: JournalRow) -> AdmissionFact | None:
        first = original(row)
        fact = fact_of(first.kind, first.payload)
        return fact if isinstance(fact, AdmissionFact) else None

    def _passed_before(self, code: str, at_ms: int) -> bool:
        return any(each.code == code and each.at_ms <= at_ms for each in self.openings)

    # I4.

    def conflicts(self) -> Iterator[str]:
        """I4: who got in beyond the allowance stands in the conflict report, once."""
        named: Counter[str] = Counter()
        tickets: Counter[str] = Counter()
        for row in self.rows:
            fact = fact_of(row.kind, row.payload)
            if isinstance(fact, RecoveredFact):
                first = original(row)
                inner = fact_of(first.kind, first.payload)
                conflict = fact.conflict or getattr(inner, "conflict", "")
                ticket = getattr(inner, "ticket", "")
            else:
                conflict = fact.conflict if isinstance(fact, RecordFact) else ""
                ticket = getattr(fact, "ticket", "")
            if conflict:
                named[conflict] += 1
                tickets[ticket] += 1
        for late in late_conflicts(self.raw, self.rules):
            named[late.late.request_id] += 1
            tickets[late.ticket] += 1
        for name, count in named.items():
            if count > 1:
                yield f"I4: conflict {name} is reported {count} times"
        self.run.world.figures["conflicts"] += len(named)
        for code, entitlements in self._entries(("lease", "provisional")).items():
            ticket = self.sold[code]
            for n, openings in entitlements.items():
                rule = self.rules.products[ticket.product].entitlements[n]
                allowed = (rule.uses_max or rule.day_uses_max) * ticket.people
                known = [each for each in openings if self._is_known(each)]
                fresh = sum(self._fresh(each) for each in known)
                if fresh > allowed:
                    self.run.world.figures["doubled"] += 1
                    if not tickets[key("ticket " + code).hex()]:
                        yield f"I4: {code} let in {fresh} of {allowed}, and nobody says so"

    def _is_known(self, opening: Opening) -> bool:
        """Whether any node that is left can know of it."""
        if opening.terminal not in self.lost_gates:
            return True
        name = opening.request_id
        if opening.verdict.fact is not None:
            return any(name in rows for rows in (self.answers, self.late, self.left))
        # Let in on the gate's own word. That the host lets nobody in under this request tells of
        # no opening: only the gate's record does, or that the host had said yes as well.
        return any(self._tells_of(each) for each in (name, f"{name}.late"))

    def _tells_of(self, name: str) -> bool:
        for rows in (self.answers, self.late, self.left):
            row = rows.get(name)
            fact = first_told(fact_of(row.kind, row.payload)) if row is not None else None
            if isinstance(fact, AdmissionFact) and fact.people:
                return True
        return False

    # I5, I8.

    def order(self) -> Iterator[str]:
        """I5: rows of a segment follow one another, each written by whoever held it then."""
        holders = {lease.epoch: lease.lessee for lease in self.raw.scan(t.LEASE)}
        heads = {head.number: head for head in self.raw.scan(t.HEAD)}
        bases = {(base.segment, base.epoch): base for base in self.raw.scan(t.BASE)}
        at: dict[int, tuple[int, int]] = {}
        for row in self.all_rows:
            epoch, seq = at.get(row.segment, (0, 0))
            base = bases.get((row.segment, row.epoch))
            if row.epoch % 2 and epoch == row.epoch - 1:
                # A spare goes on where the lease had begun.
                seq = self.turned.get((row.segment, epoch), seq)
            elif base is not None and epoch < row.epoch:
                # A lease that a restored centre was told of: what was before is lost.
                epoch, seq = base.epoch, base.seq
            if row.epoch < epoch or row.seq != seq + 1:
                yield f"I5: {row[:3]} follows {epoch}/{seq}"
            at[row.segment] = (row.epoch, row.seq)
            by_a_host = heads[row.segment].site and row.node != CENTRE
            if by_a_host and holders.get(row.epoch) != row.node:
                yield f"I5: {row[:3]} was written by {row.node[-2:]} without a lease"

    def epochs(self) -> Iterator[str]:
        """I5: no epoch is ever granted twice, whoever was restored."""
        given: dict[tuple[str, int], set[bytes]] = defaultdict(set)
        for machine in self.run.machines:
            if not machine.lost:
                for lease in machine.leases():
                    given[lease.site, lease.epoch].add(lease.id)
        for (site, epoch), leases in given.items():
            if len(leases) > 1:
                yield f"I5: epoch {epoch} of {site} was granted {len(leases)} times"

    def chains(self) -> Iterator[str]:
        """I8: every ledger that is left verifies."""
        for machine in self.run.machines:
            if machine.lost:
                continue
            report = verify(machine.reader.raw)
            for finding in report.findings[:3]:
                yield f"I8: {machine.name[-2:]} {finding.code} {finding.where} {finding.params}"

    # I10.

    def counts(self) -> Iterator[str]:
        """I10: holder and centre have the same state of every ticket and the same counts."""
        if not self.run.returned:
            yield "I9: the lease was not given back, or not heard of"
            return
        leases = {lease.id: lease for lease in self.raw.scan(t.LEASE)}
        ready = [lease for lease in leases.values() if lease.state == LeaseState.returned]
        # A sealed grant that was not needed was given back with its lease.
        ready = [each for each in ready if not each.epoch % 2 or self.turned]
        for lease in ready:
            host = next(host for host in self.run.hosts if host.name == lease.lessee)
            theirs = _state(host.reader.raw)
            known = {row[0] for row in theirs["tickets"]}
            ours = _state(self.raw)
            # What was sold last may not have come to the host in time; nobody used it.
            ours["tickets"] = [row for row in ours["tickets"] if row[0] in known]
            for name in ours:
                if ours[name] != theirs[name]:
                    differ = sorted(set(ours[name]) ^ set(theirs[name]))[:4]
                    yield f"I10: {name} differ at the centre and the host: {differ}"
        for row in self.raw.scan(t.ZONE_DAY):
            if row.entries < row.exits:
                yield f"I10: {row} has more exits than entries"


def _told(openings: list[Opening]) -> str:
    return "; ".join(
        f"{each.at_ms} {each.terminal} {each.request_id} {each.verdict.reason}" for each in openings
    )


def _state(raw: Reader) -> dict[str, list[tuple[object, ...]]]:
    uses: list[Use] = list(raw.scan(t.USE))
    return {
        "uses": [(use.ticket.hex(), use.n, *use[3:]) for use in uses if use[3:] != UNUSED],
        "zones": [tuple(row) for row in raw.scan(t.ZONE_DAY)],
        "sessions": [tuple(row) for row in raw.scan(t.SESSION_COUNT)],
        "tickets": [(row.id.hex(), row.status, row.exchanged) for row in raw.scan(t.TICKET)],
    }


__all__ = ["closing", "violations"]
