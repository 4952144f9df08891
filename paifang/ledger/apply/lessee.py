"""Leases at the lessee: taken in, loaded, opened, kept up to date, given back.

What comes here was signed by the centre and checked by `sync`. Between `TakeLease` and `OpenLease`
the segments are not ready: no gate opens on half a list.
"""

import msgspec

from paifang.core.leases import LIVE_STATES, OPEN_STATES, LeaseState, rights_mask
from paifang.core.tickets import Authority, Status, Ticket
from paifang.ledger.apply.lease_steps import held_tails, lease_fact
from paifang.ledger.apply.leases import wished_status
from paifang.ledger.apply.loading import explain, note_loaded, put_record, segment_numbers
from paifang.ledger.apply.quota_lease import take_quotas
from paifang.ledger.apply.ticketing import ALLOWED
from paifang.ledger.facts import (
    Answer,
    HandoverFact,
    ImportedFact,
    LoadFact,
    StatusFact,
    WishAnswerFact,
    payload_of,
)
from paifang.ledger.faults import Diverged, Gap, NotPossible
from paifang.ledger.journal import Tail
from paifang.ledger.lease_commands import (
    AnswerWish,
    Counts,
    HearAcks,
    LoadRecords,
    LoseLease,
    OpenLease,
    ProlongLease,
    ReturnLease,
    TakeLease,
    WireHead,
)
from paifang.ledger.rows import Ack, Base, BaseTicket, Head, Lease, Settled
from paifang.ledger.work import BROUGHT, OWN_SEGMENT, Work

_pack = msgspec.msgpack.Encoder().encode


def take_lease(work: Work, command: TakeLease) -> Answer:
    """Begin with a lease: its segments appear as the centre left them, and are not ready yet.

    Raises NotPossible if the lease is known, or a segment is decided here already.
    """
    if work.leases.get(command.lease) is not None:
        msg = "this lease was taken already"
        raise NotPossible(msg)
    for wire in command.heads:
        tail = work.tail_of(wire.name.site, wire.name.period)
        if tail is not None and tail.head.number not in work.not_here:
            msg = "this node decides about the site already"
            raise NotPossible(msg)
        if tail is not None and tail.head.uuid != wire.name.uuid:
            msg = "this segment goes by another name here"
            raise NotPossible(msg)
    lease = Lease(
        command.lease,
        command.site,
        " ".join(command.periods),
        command.lessee,
        command.epoch,
        " ".join(command.rights),
        command.granted_ms,
        command.not_after_ms,
        LeaseState.sealed if command.sealed else LeaseState.granted,
        command.chunks,
        0,
        command.cursor,
        command.document,
        _pack(command.counts),
        int(command.collect),
        command.spare,
    )
    tails = [_take_segment(work, command, wire) for wire in command.heads]
    for zone, day, entries, exits in command.counts.zone_days:
        known = work.zone_day(zone, day)
        work.count_zone(zone, day, entries - known.entries, exits - known.exits)
    for session, admitted in command.counts.sessions:
        work.count_session(session, admitted - work.admitted_to(session))
    take_quotas(work, command.counts, {tail.head.uuid: tail.head.number for tail in tails})
    work.leases.set(lease.id, lease)
    what = "kept" if command.sealed else "taken"
    return work.write(OWN_SEGMENT, lease_fact(work, command, what, lease, tails), command)


def _take_segment(work: Work, command: TakeLease, wire: WireHead) -> Tail:
    """Put a segment where the centre left it."""
    name = wire.name
    tail = work.tail_of(name.site, name.period)
    number = tail.head.number if tail else work.next_number()
    authority = Authority.elsewhere if command.sealed else Authority.not_ready
    head = Head(
        number,
        name.uuid,
        name.site,
        name.period,
        authority,
        command.epoch,
        wire.seq,
        wire.hash,
        wire.page,
        wire.page_rows,
        wire.last_at_ms,
        command.not_after_ms,
        rights=rights_mask(" ".join(command.rights)),
    )
    work.bases.append(
        Base(
            number,
            command.epoch,
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
    fresh = Tail(head)
    fresh.grown = True
    work.tails[number] = fresh
    work.not_here[number] = authority
    return fresh


def load_records(work: Work, command: LoadRecords) -> Answer:
    """Take in one chunk of a snapshot.

    Raises:
        NotFound: There is no such lease.
        NotPossible: It is complete, or ended, or this chunk is in already.
        Gap: Chunks before this one are missing.
    """
    lease = work.lease(command.lease)
    fetching = lease.state in {LeaseState.granted, LeaseState.sealed}
    if not fetching or command.chunk <= lease.loaded:
        msg = "this part of the lease is in already"
        raise NotPossible(msg)
    if command.chunk != lease.loaded + 1 or command.chunk > lease.chunks:
        msg = f"part {lease.loaded + 1} comes next"
        raise Gap(msg)
    numbers = segment_numbers(work, command, command.segments)
    tickets = [record.id for record in command.records]
    answer = note_loaded(
        work, command, tickets, LoadFact(lease=lease.id.hex(), chunk=command.chunk)
    )
    for record in command.records:
        put_record(work, record, numbers)
        if not record.is_pristine:
            work.base_tickets.set(record.id, BaseTicket(record.id, _pack(record)))
    for told in command.answers:
        work.settled.set(told.request_id, Settled(*msgspec.structs.astuple(told)))
        work.meta_changes[BROUGHT] = "1"
    work.leases.set(lease.id, lease._replace(loaded=command.chunk))
    return answer


def loaded_lease(work: Work, lease_id: bytes) -> Lease:
    """Return a lease that is complete and not open yet. Raises NotFound, NotPossible, Gap."""
    lease = work.lease(lease_id)
    if lease.state != LeaseState.granted:
        msg = "this lease is open, or has ended"
        raise NotPossible(msg)
    if lease.loaded != lease.chunks:
        msg = f"only {lease.loaded} of {lease.chunks} parts have come"
        raise Gap(msg)
    return lease


def open_lease(work: Work, command: OpenLease, lease: Lease, *, doubt: bool) -> Answer:
    """Decide from now on; in `doubt` if a gate's journal is missing."""
    tails = held_tails(work, lease)
    for tail in tails:
        work.hand_over(tail, Authority.here, lease.epoch, lease.not_after_ms)
        tail.head = tail.head._replace(doubt=int(doubt))
    ready = lease._replace(state=LeaseState.ready)
    work.leases.set(lease.id, ready)
    return work.write(OWN_SEGMENT, lease_fact(work, command, "ready", ready, tails), command)


def prolong_lease(work: Work, command: ProlongLease) -> Answer:
    """Go on until later, as the centre said. Raises NotFound, NotPossible."""
    lease = work.lease(command.lease)
    if lease.state not in LIVE_STATES or command.not_after_ms <= lease.not_after_ms:
        msg = "this lease has ended, or goes on for so long already"
        raise NotPossible(msg)
    longer = lease._replace(not_after_ms=command.not_after_ms)
    work.leases.set(lease.id, longer)
    tails = held_tails(work, lease)
    authority = {
        LeaseState.ready: Authority.here,
        LeaseState.sealed: Authority.elsewhere,
    }.get(LeaseState(lease.state), Authority.not_ready)
    for tail in tails:
        work.hand_over(tail, authority, lease.epoch, command.not_after_ms)
    return work.write(OWN_SEGMENT, lease_fact(work, command, "prolonged", longer, tails), command)


def answer_wish(work: Work, command: AnswerWish) -> Answer:
    """Decide what the centre wishes for a ticket: a void only while nothing of it is used.

    Raises NotFound for a ticket that is not known here yet, and NotPossible while it is not decided
    here (not yet, or not any more): the centre asks again, whoever decides by then.
    """
    ticket = work.ticket(command.ticket)
    work.check_here(ticket.home)
    wished = wished_status(command.kind)
    reason = _wish_refusal(work, ticket, wished)
    granted = reason == "ok"
    changed = ticket._replace(status=wished) if granted else ticket
    if granted:
        work.write(
            ticket.home,
            StatusFact(
                rules=work.versions,
                actor=command.actor,
                ticket=ticket.id.hex(),
                status=wished,
                before=ticket.status,
                reason_text=command.reason_text,
            ),
            command,
            answers=False,
        )
        work.set_ticket(changed)
    return work.write(
        ticket.home,
        WishAnswerFact(
            rules=work.versions,
            actor=command.actor,
            wish=command.wish.hex(),
            ticket=ticket.id.hex(),
            kind=command.kind,
            reason=reason,
            status=changed.status,
            refund=command.refund,
        ),
        command,
        ticket=changed,
    )


def _wish_refusal(work: Work, ticket: Ticket, wished: Status) -> str:
    """Return why a wish cannot be granted: a reason code, or "not_possible"; "ok" if it can."""
    if wished is Status.void:
        uses = work.uses_of(ticket.id)
        for use in uses:
            work.head_tail(use.segment)
        if any(use.segment in work.not_here for use in uses):
            return "held_elsewhere"
        if ticket.exchanged:
            return "already_exchanged"
        if any(use.uses for use in uses):
            return "already_used"
    status = Status(ticket.status)
    if wished in ALLOWED[status]:
        return "ok"
    return "not_possible" if status is Status.valid else status.name


def hear_acks(work: Work, command: HearAcks) -> Answer:
    """Remember what the centre has; a head it confirmed must be ours. Raises Diverged."""
    for uuid, epoch, seq, _ in command.acks:
        tail = work.tail_by_uuid(uuid)
        if tail is None or work.not_here.get(tail.head.number) == Authority.elsewhere:
            # Of what it lost with an older copy of itself the centre knows more, and rightly.
            continue
        if (epoch, seq) > (tail.epoch, tail.seq):
            msg = (
                "the centre knows rows of ours that are not here: this node was restored, or cloned"
            )
            raise Diverged(msg)
    work.acks += [Ack(*ack, work.now_ms) for ack in command.acks]
    uuid, epoch, seq, _ = command.acks[-1]
    return Answer(
        fact=payload_of(ImportedFact(segment=uuid, epoch=epoch, seq=seq)), kind="imported"
    )


def return_lease(work: Work, command: ReturnLease) -> Answer:
    """Give the segments back: each one's journal ends here under this lease's epoch.

    Raises NotFound, NotPossible.
    """
    lease = work.lease(command.lease)
    if lease.state not in OPEN_STATES:
        msg = "this lease has ended"
        raise NotPossible(msg)
    tails = held_tails(work, lease)
    handover = HandoverFact(rules=work.versions, actor=command.actor, lease=lease.id.hex(), to="")
    for tail in tails:
        work.write(tail.head.number, handover, command, answers=False)
        work.hand_over(tail, Authority.elsewhere, lease.epoch)
    ended = lease._replace(state=LeaseState.returned)
    work.leases.set(lease.id, ended)
    return work.write(OWN_SEGMENT, lease_fact(work, command, "returned", ended, tails), command)


def lose_lease(work: Work, command: LoseLease) -> Answer:
    """Stop: another node decides by now. Raises NotFound, NotPossible."""
    lease = work.lease(command.lease)
    if lease.state not in LIVE_STATES:
        msg = "this lease has ended"
        raise NotPossible(msg)
    tails = held_tails(work, lease)
    for tail in tails:
        work.hand_over(tail, Authority.elsewhere, lease.epoch)
    lost = lease._replace(state=LeaseState.broken)
    work.leases.set(lease.id, lost)
    return work.write(OWN_SEGMENT, lease_fact(work, command, "lost", lost, tails), command)


def counts_of(lease: Lease) -> Counts:
    """Return the counters a lease began with."""
    return msgspec.msgpack.decode(lease.counts, type=Counts) if lease.counts else Counts()
