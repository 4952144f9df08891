"""What a restored centre is told by a lessee: a lease it granted and forgot, and its tickets.

The lessee holds the grant that this centre signed, and the tickets as they were given to it. So the
lease is taken back exactly as it was: its segments stand where the grant says, its tickets are as
they were then, and the rows the lessee has written since follow on that.
"""

from collections.abc import Sequence

import msgspec

from paifang.core.leases import GENERATION_SHIFT, OPEN_STATES, LeaseState
from paifang.core.tickets import Authority
from paifang.ledger import beneath, freeze
from paifang.ledger.apply.configuration import open_segment
from paifang.ledger.apply.erasing import clear_person
from paifang.ledger.apply.lease_steps import held_tails, lease_fact
from paifang.ledger.apply.loading import explain, note_loaded, put_record, segment_numbers
from paifang.ledger.beneath import LooseEnd
from paifang.ledger.commands import OpenSegment
from paifang.ledger.facts import Answer, EraseFact, LoadFact
from paifang.ledger.faults import NotAllowed, NotFound, NotPossible
from paifang.ledger.journal import Tail
from paifang.ledger.lease_commands import Counts, WireHead
from paifang.ledger.records import (
    TicketRecord,
    UseRecord,
    credentials_of_record,
    uses_of,
)
from paifang.ledger.restore_commands import DONE, LeaseTold, Regain
from paifang.ledger.rows import Base, BaseTicket, Head, Lease, Settled
from paifang.ledger.work import BROUGHT, OWN_SEGMENT, Work

_pack = msgspec.msgpack.Encoder().encode


def regain(work: Work, command: Regain) -> Answer:
    """Take in a part of what a lessee tells of a lease.

    Raises:
        NotFound: The lease is not known, and nothing was told of it.
        NotAllowed: The node is not known here, was revoked, or the lease is another node's.
        NotPossible: This part was told already, or others come first.
    """
    peer = work.rules.node.peers.get(command.node)
    if peer is None or peer.revoked:
        msg = "this node did not join, or was revoked"
        raise NotAllowed(msg)
    lease = work.leases.get(command.lease)
    if lease is None:
        if command.told is None:
            msg = "there is no such lease"
            raise NotFound(msg)
        if command.after:
            msg = "this is told from its beginning"
            raise NotPossible(msg)
        lease = _take_back(work, command, command.told)
    if lease.lessee != command.node:
        msg = "this lease is another node's"
        raise NotAllowed(msg)
    name = freeze.told_of(lease.id)
    if work.settings.get(name, DONE) != command.after:
        msg = "this part was told already, or others come first"
        raise NotPossible(msg)
    work.set(name, command.until)
    return _take_tickets(work, command, lease)


def _take_back(work: Work, command: Regain, told: LeaseTold) -> Lease:
    """Write a forgotten lease down again; one that is over by now only as history."""
    highest = told.epoch >> GENERATION_SHIFT
    if highest >= freeze.generation(work.settings):
        # Somebody restored this centre without saying so, perhaps more than once.
        work.set(freeze.GENERATION, str(highest + 1))
    known = [work.tail_of(wire.name.site, wire.name.period) for wire in told.heads]
    newer = any(tail is not None and tail.epoch > told.epoch for tail in known)
    over = newer or not _counts(told)
    lease = Lease(
        command.lease,
        told.site,
        " ".join(told.periods),
        command.node,
        told.epoch,
        " ".join(told.rights),
        told.granted_ms,
        told.not_after_ms,
        LeaseState.broken if over else LeaseState.granted,
    )
    tails: list[Tail] = []
    if over:
        for wire in told.heads:
            opened = OpenSegment(site=wire.name.site, period=wire.name.period, actor=command.actor)
            open_segment(work, opened)
    else:
        for name in command.closes:
            _close(work, command, name, told)
        tails = [_put_segment(work, command, told, wire) for wire in told.heads]
        counts = _count(work, told)
        lease = lease._replace(document=told.document, counts=_pack(counts))
    work.leases.set(lease.id, lease)
    work.set(freeze.told_of(lease.id), "")
    fact = lease_fact(work, command, "regained", lease, tails)
    work.write(OWN_SEGMENT, fact, command, answers=False)
    if over:
        ended = lease_fact(work, command, "broken", lease, [])
        work.write(OWN_SEGMENT, ended, command, answers=False)
    return lease


def _counts(told: LeaseTold) -> bool:
    """Whether a lease is more than history.

    One that its lessee had not opened is over, and so is a sealed grant: nobody has used it, and
    what it would need to be used is forgotten here. But of an odd epoch a grant that is not sealed
    any more is one whose spare has broken the glass. Gates heed nobody below it by now.
    """
    collects = told.state == LeaseState.granted and told.epoch % 2 == 1
    return collects or told.state in {LeaseState.ready, LeaseState.returned}


def _close(work: Work, command: Regain, name: bytes, told: LeaseTold) -> None:
    """End a lease that ran when the copy was made and was followed by another."""
    lease = work.leases.get(name)
    if (
        lease is not None
        and lease.state in OPEN_STATES
        and lease.site == told.site
        and lease.epoch < told.epoch
    ):
        ended = lease._replace(state=LeaseState.broken)
        work.leases.set(name, ended)
        fact = lease_fact(work, command, "broken", ended, [])
        work.write(OWN_SEGMENT, fact, command, answers=False)


def _put_segment(work: Work, command: Regain, told: LeaseTold, wire: WireHead) -> Tail:
    """Put a segment where it stood when the lease was given; rows between are lost here."""
    name = wire.name
    tail = work.tail_of(name.site, name.period)
    number = tail.head.number if tail else work.next_number()
    head = Head(
        number,
        name.uuid,
        name.site,
        name.period,
        Authority.elsewhere,
        told.epoch,
        wire.seq,
        wire.hash,
        wire.page,
        wire.page_rows,
        wire.last_at_ms,
    )
    work.bases.append(
        Base(
            number,
            told.epoch,
            wire.epoch,
            wire.seq,
            wire.hash,
            wire.page,
            wire.page_rows,
            wire.last_at_ms,
        )
    )
    if tail is None:
        explain(work, command, head)
        return work.open_tail(head)
    known = {(uuid, epoch): seq for uuid, epoch, seq in told.counts.known}
    limit = known.get((name.uuid, tail.epoch), 0)
    if limit > tail.seq:
        end = LooseEnd(
            tail.seq, limit, tail.seq, tail.hash, tail.page, tail.page_rows, tail.last_at_ms
        )
        work.set(beneath.name_of(number, tail.epoch), beneath.packed(end))
    fresh = Tail(head)
    fresh.grown = True
    work.tails[number] = fresh
    work.not_here[number] = Authority.elsewhere
    return fresh


def _count(work: Work, told: LeaseTold) -> Counts:
    """Bring the counters to what they were; return by how much they differed."""
    centre = work.rules.centre
    zones, sessions = [], []
    for zone, day, entries, exits in told.counts.zone_days:
        known = work.zone_day(zone, day)
        more = (entries - known.entries, exits - known.exits)
        if any(more):
            work.count_zone(zone, day, *more)
            zones.append((zone, day, *more))
    there = {zone.slug for zone in centre.zones.values() if zone.site == told.site}
    events = {
        product.event
        for product in centre.products.values()
        if any(rule.zone in there for rule in product.entitlements)
    }
    for session, admitted in told.counts.sessions:
        found = centre.sessions.get(session)
        more_people = admitted - work.admitted_to(session)
        if more_people and found is not None and found.event in events:
            work.count_session(session, more_people)
            sessions.append((session, more_people))
    return Counts(tuple(zones), tuple(sessions), told.counts.known)


def _take_tickets(work: Work, command: Regain, lease: Lease) -> Answer:
    """Take in tickets: those that were forgotten, and, of a lease taken back, all as they were."""
    numbers = segment_numbers(work, command, command.segments)
    held = set()
    if lease.document and lease.state in OPEN_STATES:
        held = {tail.head.number for tail in held_tails(work, lease)}
    work.meet_all([record.id for record in command.records], [])
    fresh, known = [], []
    for record in command.records:
        if work.tickets.get(record.id) is None:
            fresh.append(record)
            mine = _as_known_there(record, numbers, held)
            put_record(work, mine, numbers)
            if not mine.is_pristine:
                work.base_tickets.set(record.id, BaseTicket(record.id, _pack(mine)))
        elif held:
            known.append(record)
            _put_back(work, record, numbers, held)
    erased = [name for name in command.erased if _erase(work, command, name)]
    told = [record.id for record in (*fresh, *known)]
    for answer in command.answers:
        if work.row_of(answer.request_id) is None:
            work.settled.set(answer.request_id, Settled(*msgspec.structs.astuple(answer)))
            work.set(BROUGHT, "1")
    return note_loaded(
        work,
        command,
        [*told, *erased],
        LoadFact(lease=lease.id.hex(), regained=True, known=len(known), erased=len(erased)),
    )


def _as_known_there(record: TicketRecord, numbers: Sequence[int], held: set[int]) -> TicketRecord:
    """Return a ticket as far as the lessee is the one to know: uses in what it holds."""
    uses = tuple(
        use if numbers[use.segment] in held else UseRecord(use.segment) for use in record.uses
    )
    return msgspec.structs.replace(record, uses=uses)


def _put_back(work: Work, record: TicketRecord, numbers: Sequence[int], held: set[int]) -> None:
    """Bring a ticket that is known here to what it was when the lease was given."""
    mine = _as_known_there(record, numbers, held)
    ticket = work.ticket(record.id)
    if ticket.home in held:
        ticket = ticket._replace(
            status=record.status,
            exchanged=record.exchanged,
            holder=record.holder,
            content=record.content,
        )
        work.set_ticket(ticket)
        for row in credentials_of_record(record):
            work.set_credential(row)
    for use in uses_of(mine, numbers):
        if use.segment in held:
            work.set_use(use)
    if not mine.is_pristine:
        work.base_tickets.set(record.id, BaseTicket(record.id, _pack(mine)))


def _erase(work: Work, command: Regain, name: bytes) -> bool:
    """Forget a person again who was forgotten before; whether the ticket is known."""
    ticket = work.tickets.get(name)
    if ticket is None:
        return False
    fact = EraseFact(
        rules=work.versions,
        actor=command.actor,
        ticket=name.hex(),
        bodies=clear_person(work, ticket),
    )
    work.write(OWN_SEGMENT, fact, command, answers=False)
    return True
