"""What a centre goes back to when a sealed grant is used.

While a lease has a spare, this centre follows its rows as ever. But a spare that takes over knows
them only as far as it was told, by the centre before the line broke and by the gates; what else the
lessee wrote never happened, as far as the gates are concerned. So whatever such a row changes first
is put aside here as the lease found it. When the spare speaks under its own grant, this centre goes
back to that and follows the spare, whose rows begin where the lease began. The lessee's rows stay
in the journal as history.

Names: `segment/UUID` a `Base`, `ticket/ID` status, exchanged, and entitlements, `aftermath/REQUEST`
and `wish/ID` a row, `zone/ZONE/DAY` and `session/NUMBER` what rows have added to a counter.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from paifang.core.leases import LeaseState, WishState, partner_of
from paifang.core.tickets import Authority, Use
from paifang.ledger import tables as t
from paifang.ledger.apply.lease_steps import held_tails, lease_fact
from paifang.ledger.commands import Command
from paifang.ledger.facts import (
    AdmissionFact,
    AnnulFact,
    Fact,
    LeaseFact,
    PassageFact,
    WishAnswerFact,
    WishFact,
)
from paifang.ledger.journal import Tail
from paifang.ledger.recovered import first_told
from paifang.ledger.rows import Aftermath, Base, Fallback, Lease, Request, Wish, ZoneDay
from paifang.ledger.work import OWN_SEGMENT, Work

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


class Counted(NamedTuple):
    """Counters as they stood before rows were followed."""

    zones: dict[tuple[str, int], ZoneDay]
    sessions: dict[int, int]


def put_segment_aside(work: Work, lease: Lease, epoch: int, tail: Tail) -> None:
    """Remember where a segment stands as a lease begins; `epoch` is that of its sealed grant."""
    base = Base(
        *(tail.head.number, epoch, tail.epoch, tail.seq, tail.hash),
        *(tail.page, tail.page_rows, tail.last_at_ms),
    )
    _keep(work, lease, f"segment/{tail.head.uuid}", tuple(base))


def _keep(work: Work, lease: Lease, name: str, value: object) -> None:
    work.fallback.set((lease.id, name), Fallback(lease.id, name, _pack(value)))


def put_aside(work: Work, lease: Lease, facts: Sequence[Fact]) -> Counted:
    """Put aside what rows of a lease are about to change, as far as none has changed it before."""
    told = [first_told(fact) for fact in facts]
    for fact in told:
        if isinstance(fact, WishAnswerFact):
            _know_wish(work, fact)
    names = dict.fromkeys(name for fact in told for name in _names(fact))
    unread = [(lease.id, name) for name in names if (lease.id, name) not in work.fallback.known]
    if unread:
        work.fallback.learn(unread, work.engine.get(t.FALLBACK, unread))
    for name in names:
        if work.fallback.get((lease.id, name)) is None:
            value = _as_it_stands(work, name)
            if value is not None:
                _keep(work, lease, name, value)
    days = {
        (fact.zone, fact.day)
        for fact in told
        if isinstance(fact, AdmissionFact | PassageFact | AnnulFact) and fact.zone
    }
    sessions = {
        fact.session
        for fact in told
        if isinstance(fact, AdmissionFact | AnnulFact) and fact.session
    }
    return Counted(
        {key: work.zone_day(*key) for key in sorted(days)},
        {session: work.admitted_to(session) for session in sorted(sessions)},
    )


def _know_wish(work: Work, fact: WishAnswerFact) -> None:
    """Write down again a wish that this centre forgot when it was brought back from a copy.

    Its answer tells of it. Should the spare take over without that answer, the wish is asked anew.
    """
    wish, ticket = bytes.fromhex(fact.wish), bytes.fromhex(fact.ticket)
    if work.tickets.get(ticket) is None or work.wishes.get(wish) is not None:
        return
    work.wishes.set(wish, Wish(wish, ticket, fact.kind, int(fact.refund), work.now_ms))
    again = WishFact(
        rules=work.versions,
        wish=fact.wish,
        ticket=fact.ticket,
        kind=fact.kind,
        refund=fact.refund,
    )
    work.write(OWN_SEGMENT, again, Command(), answers=False)


def _names(fact: Fact) -> list[str]:
    found = []
    if getattr(fact, "ticket", ""):
        found.append(f"ticket/{getattr(fact, 'ticket', '')}")
    if isinstance(fact, PassageFact | AnnulFact):
        found.append(f"aftermath/{fact.admission}")
    if isinstance(fact, WishAnswerFact):
        found.append(f"wish/{fact.wish}")
    return found


def _as_it_stands(work: Work, name: str) -> tuple[object, ...] | None:
    """Return what a name stands for as it is now, None if that is not known here."""
    kind, _, key = name.partition("/")
    if kind == "aftermath":
        return tuple(work.aftermath(key))
    if kind == "wish":
        wish = work.wishes.get(bytes.fromhex(key))
        return tuple(wish) if wish is not None else None
    uses = work.uses_of(bytes.fromhex(key))
    ticket = work.tickets.get(bytes.fromhex(key))
    if ticket is None:
        return None
    return ticket.status, ticket.exchanged, [tuple(use) for use in uses]


def before_of(record: bytes) -> tuple[int, int]:
    """Return status of a ticket and whether it was exchanged, as they were put aside."""
    status, exchanged, _ = _unpack(record)
    return status, exchanged


def count(work: Work, lease: Lease, before: Counted) -> None:
    """Add up by how much rows have moved the counters."""
    for (zone, day), row in before.zones.items():
        now = work.zone_day(zone, day)
        _add(work, lease, f"zone/{zone}/{day}", (now.entries - row.entries, now.exits - row.exits))
    for session, admitted in before.sessions.items():
        _add(work, lease, f"session/{session}", (work.admitted_to(session) - admitted, 0))


def _add(work: Work, lease: Lease, name: str, moved: tuple[int, int]) -> None:
    if any(moved):
        kept = work.fallback.get((lease.id, name))
        one, other = _unpack(kept.record) if kept is not None else (0, 0)
        _keep(work, lease, name, (one + moved[0], other + moved[1]))


def hold_answer(work: Work, lease: Lease, fact: Fact) -> None:
    """Let the answer to a wish not hold yet: the spare of the lease has not heard it."""
    told = first_told(fact)
    wish = work.wishes.get(bytes.fromhex(told.wish)) if isinstance(told, WishAnswerFact) else None
    if wish is not None and lease.spare:
        work.wishes.set(wish.id, wish._replace(state=WishState.told))


def fall_back(work: Work, command: Command, sealed: Lease, told: LeaseFact) -> None:
    """Follow a spare that has broken the glass: what its lessee wrote counts no more.

    Args:
        work: The batch.
        command: What brought the news.
        sealed: The grant that is used now.
        told: The spare's own word, with the two persons and their reason.
    """
    lease = work.lease(partner_of(sealed.id))
    tails = held_tails(work, lease)
    kept = {row.name: row.record for row in work.engine.get(t.FALLBACK, (lease.id,), width=1)}
    # What is put aside in this very batch is not written yet.
    fresh = work.fallback.known.items()
    kept |= {name: row.record for (owner, name), row in fresh if row and owner == lease.id}
    broken = lease._replace(state=LeaseState.broken)
    work.leases.set(lease.id, broken)
    for tail in tails:
        _turn_back(work, tail, Base(*_unpack(kept.pop(f"segment/{tail.head.uuid}"))))
    for name, record in sorted(kept.items()):
        _go_back(work, name, _unpack(record))
    used = sealed._replace(state=LeaseState.granted)
    work.leases.set(sealed.id, used)
    persons = {"actor": told.actor, "second": told.second, "reason_text": told.reason_text}
    for what, changed in (("broken", broken), ("unsealed", used)):
        fact = lease_fact(work, command, what, changed, held_tails(work, changed))
        fact = msgspec.structs.replace(fact, **persons)
        work.write(OWN_SEGMENT, fact, command, answers=False)


def _turn_back(work: Work, tail: Tail, base: Base) -> None:
    """Let a segment go on under the sealed grant, from where the lease began.

    Pages are counted on: those of the lessee's rows stay where they are.
    """
    base = base._replace(page=tail.page, page_rows=0)
    head = tail.head._replace(
        authority=Authority.elsewhere,
        epoch=base.epoch,
        seq=base.seq,
        hash=base.hash,
        page=base.page,
        page_rows=0,
        last_at_ms=base.last_at_ms,
    )
    fresh = Tail(head)
    fresh.grown = True
    work.tails[head.number] = fresh
    work.not_here[head.number] = Authority.elsewhere
    work.bases.append(base)
    work.turned[head.number, base.before] = base.seq


def _go_back(work: Work, name: str, value: list[object]) -> None:
    kind, _, key = name.partition("/")
    if kind == "aftermath":
        work.aftermaths.set(key, msgspec.convert(value, Aftermath))
    elif kind == "wish":
        wish = msgspec.convert(value, Wish)
        work.wishes.set(wish.id, wish)
    elif kind == "ticket":
        status, exchanged, uses = msgspec.convert(value, tuple[int, int, list[Use]])
        ticket = work.ticket(bytes.fromhex(key))
        work.meet(ticket.id)
        work.set_ticket(ticket._replace(status=status, exchanged=exchanged))
        for use in uses:
            work.set_use(use)
    else:
        one, other = msgspec.convert(value, tuple[int, int])
        if kind == "zone":
            zone, _, day = key.rpartition("/")
            work.count_zone(zone, int(day), -one, -other)
        else:
            work.count_session(int(key), -one)


def is_history(work: Work, request: Request) -> bool:
    """Whether a request was answered by a row that counts no more, because of a sealed grant."""
    place = (request.segment, request.epoch)
    if place in work.turned:
        return request.seq > work.turned[place]
    after: list[Base] = work.engine.get(t.BASE, ((request.segment, request.epoch + 1),))
    return any(base.before == request.epoch and request.seq > base.seq for base in after)
