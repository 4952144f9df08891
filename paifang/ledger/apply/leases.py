"""Leases at the centre: given, extended, broken; and what it wishes of tickets it gave away."""

from paifang.core import limits
from paifang.core.leases import (
    OPEN_STATES,
    RIGHTS,
    LeaseState,
    Right,
    WishKind,
    next_epoch,
)
from paifang.core.tickets import Authority, Status
from paifang.ledger import freeze
from paifang.ledger.apply.configuration import open_segment
from paifang.ledger.apply.frozen import check_thawed
from paifang.ledger.apply.lease_steps import check_two, held_tails, lease_fact
from paifang.ledger.apply.quota_lease import set_aside
from paifang.ledger.apply.spares import check_spare, end_behind, extend_behind, seal_behind
from paifang.ledger.commands import OpenSegment
from paifang.ledger.facts import Answer, HandoverFact, WishFact
from paifang.ledger.faults import Misuse, NotAllowed, NotFound, NotPossible
from paifang.ledger.journal import Tail
from paifang.ledger.lease_commands import BreakLease, ExtendLease, GrantLease, MakeWish
from paifang.ledger.rows import Lease, Wish
from paifang.ledger.work import OWN_SEGMENT, Work

_KNOWN_RIGHTS = frozenset(right.value for right in RIGHTS)


def grant_lease(work: Work, command: GrantLease) -> Answer:
    """Give segments to a venue host; from the next command on nothing of them is decided here.

    Raises:
        NotFound: There is no such site or period.
        NotAllowed: The host is not known here, or its key was revoked.
        NotPossible: Another lease on this site runs, or this centre was restored and waits.
        Misuse: The time or the rights make no sense.
    """
    _check_grant(work, command)
    check_thawed(work)
    tails = [_segment(work, command, period) for period in (*command.periods, "")]
    if any(tail.head.number in work.not_here for tail in tails):
        msg = "this site is leased already; end that lease first"
        raise NotPossible(msg)
    epoch = next_epoch(max(tail.epoch for tail in tails), freeze.generation(work.settings))
    lease = Lease(
        command.lease,
        command.site,
        " ".join(command.periods),
        command.lessee,
        epoch,
        " ".join(right for right in RIGHTS if right in command.rights),
        work.now_ms,
        command.not_after_ms,
        spare=command.spare,
    )
    handover = HandoverFact(
        rules=work.versions, actor=command.actor, lease=lease.id.hex(), to=lease.lessee, epoch=epoch
    )
    for tail in tails:
        work.write(tail.head.number, handover, command, answers=False)
        work.hand_over(tail, Authority.elsewhere, epoch)
    work.leases.set(lease.id, lease)
    seal_behind(work, command, lease, tails)
    return work.write(OWN_SEGMENT, lease_fact(work, command, "granted", lease, tails), command)


def _check_grant(work: Work, command: GrantLease) -> None:
    site = work.rules.centre.sites.get(command.site)
    keys = {period.key for period in site.periods} if site else set()
    if not keys.issuperset(command.periods):
        msg = "there is no such site or period"
        raise NotFound(msg)
    if not 1 <= len(set(command.periods)) == len(command.periods) <= limits.LEASE_PERIODS_MAX:
        msg = f"a lease is on 1 to {limits.LEASE_PERIODS_MAX} different periods"
        raise Misuse(msg)
    peer = work.rules.node.peers.get(command.lessee)
    if peer is None or peer.revoked:
        msg = "this host did not join, or was revoked"
        raise NotAllowed(msg)
    if not work.now_ms < command.not_after_ms <= work.now_ms + limits.LEASE_MS_MAX:
        msg = "a lease ends later than now, and within 400 days"
        raise Misuse(msg)
    if Right.admit not in command.rights or not _KNOWN_RIGHTS.issuperset(command.rights):
        msg = "a lease gives the right to admit, and others that are known"
        raise Misuse(msg)
    check_spare(work, command)
    if work.leases.get(command.lease) is not None:
        msg = "there is a lease of this id"
        raise NotPossible(msg)


def _segment(work: Work, command: GrantLease, period: str) -> Tail:
    """Return the growing end of a segment of the site, making it if nobody has sold there yet."""
    open_segment(work, OpenSegment(site=command.site, period=period, actor=command.actor))
    tail = work.tail_of(command.site, period)
    assert tail is not None, "opened just now"
    return tail


def extend_lease(work: Work, command: ExtendLease) -> Answer:
    """Let a lease go on until later. Raises NotFound, NotPossible, Misuse."""
    lease = work.lease(command.lease)
    _check_open(lease)
    if not lease.not_after_ms < command.not_after_ms <= work.now_ms + limits.LEASE_MS_MAX:
        msg = "a lease is extended to a later time, within 400 days"
        raise Misuse(msg)
    extended = lease._replace(not_after_ms=command.not_after_ms)
    work.leases.set(lease.id, extended)
    extend_behind(work, command, extended)
    return work.write(OWN_SEGMENT, lease_fact(work, command, "extended", extended, []), command)


def break_lease(work: Work, command: BreakLease) -> Answer:
    """Take a lease back without its lessee: under a new epoch this node decides again.

    Raises:
        NotFound: There is no such lease.
        NotPossible: It has ended, or this centre was restored and waits.
        NotAllowed: Two different persons do not stand behind it.
        Misuse: No reason was told.
    """
    lease = work.lease(command.lease)
    _check_open(lease)
    check_two("breaking a lease", command.actor, command.second, command.reason_text)
    check_thawed(work)
    tails = held_tails(work, lease)
    epoch = next_epoch(
        max((tail.epoch for tail in tails), default=lease.epoch),
        freeze.generation(work.settings),
    )
    fact = HandoverFact(
        rules=work.versions, actor=command.actor, lease=lease.id.hex(), to=work.node, epoch=epoch
    )
    for tail in tails:
        # Under the new epoch already: the old one's next number may be taken at the lessee.
        work.hand_over(tail, Authority.here, epoch)
        work.write(tail.head.number, fact, command, answers=False)
    set_aside(work, command, lease, tails)
    broken = lease._replace(state=LeaseState.broken)
    work.leases.set(lease.id, broken)
    end_behind(work, command, broken, "broken")
    return work.write(OWN_SEGMENT, lease_fact(work, command, "broken", broken, tails), command)


def _check_open(lease: Lease) -> None:
    if lease.state not in OPEN_STATES:
        msg = "this lease has ended"
        raise NotPossible(msg)


_WISHES = {
    WishKind.void: Status.void,
    WishKind.block: Status.blocked,
    WishKind.unblock: Status.valid,
}


def wished_status(kind: str) -> Status:
    """Return the status a wish asks for. Raises Misuse for an unknown kind."""
    try:
        return _WISHES[WishKind(kind)]
    except ValueError:
        msg = f"a wish is one of {', '.join(WishKind)}"
        raise Misuse(msg) from None


def make_wish(work: Work, command: MakeWish) -> Answer:
    """Write down what a lessee is asked to do with a ticket.

    Raises:
        NotFound: There is no such ticket.
        NotPossible: It is decided here, so no wish is needed.
        Misuse: There is no such wish.
    """
    wished_status(command.kind)
    ticket = work.ticket(command.ticket)
    work.head_tail(ticket.home)
    if ticket.home not in work.not_here:
        msg = "this ticket is decided here; do it instead of wishing it"
        raise NotPossible(msg)
    if work.wishes.get(command.wish) is not None:
        msg = "there is a wish of this id"
        raise NotPossible(msg)
    fact = WishFact(
        rules=work.versions,
        actor=command.actor,
        wish=command.wish.hex(),
        ticket=command.ticket.hex(),
        kind=command.kind,
        refund=command.refund,
        reason_text=command.reason_text,
    )
    wish = Wish(command.wish, command.ticket, command.kind, int(command.refund), work.now_ms)
    work.wishes.set(wish.id, wish)
    return work.write(OWN_SEGMENT, fact, command, ticket=ticket)
