"""Sealed grants: a spare stands behind a lessee, for when the centre cannot be asked.

The centre makes the grant together with the lease, from the same state and under the next odd
epoch. The spare takes it in as any lease and decides nothing. As long as the line is there it is
told what the lessee writes and puts that aside, so that with the gates' journals it misses nothing.
Once two persons have broken the glass, it fences gates, collects, and opens as after any loss.
"""

from paifang.core.leases import (
    LeaseState,
    Right,
    WishState,
    next_epoch,
    partner_of,
)
from paifang.core.tickets import Authority
from paifang.ledger import tables as t
from paifang.ledger.apply.fallback import put_segment_aside
from paifang.ledger.apply.lease_steps import check_two, held_tails, lease_fact
from paifang.ledger.commands import Command
from paifang.ledger.facts import Answer, ImportedFact, SparedFact, payload_of
from paifang.ledger.faults import Gap, Misuse, NotAllowed, NotPossible
from paifang.ledger.journal import Tail
from paifang.ledger.lease_commands import BreakGlass, GrantLease, HearSpare, KeepActs
from paifang.ledger.rows import Act, Base, Lease, Spared
from paifang.ledger.work import OWN_SEGMENT, Work

# At the centre.


def check_spare(work: Work, command: GrantLease) -> None:
    """Whether a host can stand behind a lease.

    Raises:
        NotAllowed: It did not join, or was revoked.
        Misuse: It is the lessee itself, or the lease gives more rights than to admit: what is done
            by them is kept at no gate, so a spare could not learn of it.
    """
    if not command.spare:
        return
    peer = work.rules.node.peers.get(command.spare)
    if peer is None or peer.revoked:
        msg = "the spare did not join, or was revoked"
        raise NotAllowed(msg)
    if command.spare == command.lessee:
        msg = "a spare is another host than the one that holds the lease"
        raise Misuse(msg)
    if set(command.rights) != {Right.admit}:
        msg = "a spare stands behind a lease that gives the right to admit, and no other"
        raise Misuse(msg)


def seal_behind(work: Work, command: GrantLease, lease: Lease, tails: list[Tail]) -> None:
    """Make the sealed grant behind a lease, if it has a spare; its segments are put aside."""
    if not lease.spare:
        return
    sealed = lease._replace(
        id=partner_of(lease.id),
        lessee=lease.spare,
        epoch=next_epoch(lease.epoch, break_glass=True),
        state=LeaseState.sealed,
        spare="",
    )
    for tail in tails:
        put_segment_aside(work, lease, sealed.epoch, tail)
    work.leases.set(sealed.id, sealed)
    fact = lease_fact(work, command, "sealed", sealed, tails)
    work.write(OWN_SEGMENT, fact, command, answers=False)


def sealed_behind(work: Work, lease: Lease) -> Lease | None:
    """Return the sealed grant behind a lease, None if there is none that could be used."""
    found = work.leases.get(partner_of(lease.id)) if lease.spare else None
    return found if found is not None and found.state == LeaseState.sealed else None


def extend_behind(work: Work, command: Command, lease: Lease) -> None:
    """Let the sealed grant behind a lease end no earlier than the lease does."""
    sealed = sealed_behind(work, lease)
    if sealed is not None:
        longer = sealed._replace(not_after_ms=lease.not_after_ms)
        work.leases.set(sealed.id, longer)
        fact = lease_fact(work, command, "extended", longer, [])
        work.write(OWN_SEGMENT, fact, command, answers=False)


def end_behind(work: Work, command: Command, lease: Lease, what: str) -> None:
    """End the sealed grant behind a lease that ended (`what` tells how): it was not needed."""
    sealed = sealed_behind(work, lease)
    if sealed is not None:
        ended = sealed._replace(state=lease.state)
        work.leases.set(sealed.id, ended)
        fact = lease_fact(work, command, what, ended, [])
        work.write(OWN_SEGMENT, fact, command, answers=False)


def hear_spare(work: Work, command: HearSpare) -> Answer:
    """Remember up to where a spare has been told, and let answers to wishes hold that it knows."""
    for cursor in command.cursors:
        known = work.spared.get(cursor[0])
        if known is None or cursor[1:] > known[1:]:
            work.spared.set(cursor[0], Spared(*cursor))
    settled = []
    for wish_id in command.wishes:
        wish = work.wishes.get(wish_id)
        if wish is not None and wish.state == WishState.told:
            state = WishState.granted if wish.reason == "ok" else WishState.refused
            work.wishes.set(wish.id, wish._replace(state=state))
            settled.append(wish.id.hex())
    fact = SparedFact(rules=work.versions, actor=command.actor, wishes=tuple(settled))
    if settled:
        return work.write(OWN_SEGMENT, fact, command)
    return Answer(fact=payload_of(fact), kind="spared")


# At the spare.


def keep_acts(work: Work, command: KeepActs) -> Answer:
    """Put aside what the lessee has written since.

    Raises:
        NotFound: There is no such lease.
        NotPossible: It is not sealed, or knows more already.
        Gap: Rows before these are missing.
    """
    lease = work.lease(command.lease)
    if lease.state != LeaseState.sealed:
        msg = "only a sealed grant is told what its lessee does"
        raise NotPossible(msg)
    tail = work.tail_by_uuid(command.segment)
    if tail is None or tail.epoch != lease.epoch:
        msg = "this segment does not belong to the grant"
        raise NotPossible(msg)
    bases: list[Base] = work.engine.get(t.BASE, ((tail.head.number, lease.epoch),))
    known = work.spared.get(command.segment)
    begun = known is not None and known.epoch == command.epoch
    seq = known.seq if known is not None and begun else bases[0].seq
    if command.until <= seq:
        msg = "this is known already"
        raise NotPossible(msg)
    if command.since > seq:
        msg = f"row {command.epoch}/{seq + 1} comes next"
        raise Gap(msg)
    work.acts += [
        Act(
            *(lease.id, told.request_id, "", told.segment, told.epoch, told.seq),
            *(told.at_ms, told.node, told.kind, told.payload),
        )
        for told in command.acts
        if told.seq > seq
    ]
    work.spared.set(command.segment, Spared(command.segment, command.epoch, command.until))
    fact = ImportedFact(segment=command.segment, epoch=command.epoch, seq=command.until)
    return Answer(fact=payload_of(fact), kind="imported")


def break_glass(work: Work, command: BreakGlass) -> Answer:
    """Begin to use a sealed grant: from here on its gates are fenced and their journals wanted.

    Raises:
        NotFound: There is no such grant.
        NotPossible: It is in use already, or has ended, or its time is over.
        Gap: Its snapshot has not come completely.
        NotAllowed: Two different persons do not stand behind it.
        Misuse: No reason was told.
    """
    lease = work.lease(command.lease)
    if lease.state != LeaseState.sealed:
        msg = "this is no sealed grant, or it is in use, or has ended"
        raise NotPossible(msg)
    check_two("breaking the glass", command.actor, command.second, command.reason_text)
    if lease.loaded != lease.chunks:
        msg = f"only {lease.loaded} of {lease.chunks} parts have come"
        raise Gap(msg)
    if lease.not_after_ms <= work.now_ms:
        msg = "the time of this grant is over"
        raise NotPossible(msg)
    tails = held_tails(work, lease)
    for tail in tails:
        work.hand_over(tail, Authority.not_ready, lease.epoch, lease.not_after_ms)
    begun = lease._replace(state=LeaseState.granted)
    work.leases.set(lease.id, begun)
    return work.write(OWN_SEGMENT, lease_fact(work, command, "unsealed", begun, tails), command)


__all__ = [
    "break_glass",
    "check_spare",
    "end_behind",
    "extend_behind",
    "hear_spare",
    "keep_acts",
    "seal_behind",
    "sealed_behind",
]
