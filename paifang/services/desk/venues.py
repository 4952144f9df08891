"""How venue hosts, their line and their leases stand, for the pages of the desk.

At a centre: who is in touch, what waits there, and what is leased. At a venue host: the line to its
centre, and what it decides.
"""

import time
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from paifang.core import limits
from paifang.core.leases import OPEN_STATES, LeaseState, Right, WishState
from paifang.core.link import LinkLimits, LinkState, LinkTold
from paifang.core.rules import Period, Site
from paifang.core.tickets import Authority
from paifang.ledger import tables as t
from paifang.ledger.rows import Lease, PeerState, Wish
from paifang.services.desk import leases, nodes
from paifang.services.desk.alarms import LINE_DOWN_S
from paifang.services.desk.context import context
from paifang.services.desk.failover import is_collecting
from paifang.services.desk.leases import AFTER_MS, LeaseError, Wanted
from paifang.services.desk.nodes import Node
from paifang.services.desk.permissions import Actor
from paifang.services.desk.terminal_list import CLOCK_OFF_MS
from paifang.services.live.joined import AskedLease, Centre, LineState

WISHES_SHOWN: Final = 100


class HostState(StrEnum):
    """How a venue host is, at its centre."""

    working = "working"
    silent = "silent"
    waiting = "waiting"
    doubled = "doubled"
    revoked = "revoked"


class HostRow(NamedTuple):
    """A venue host: seconds and rows as last told, `heard_s` -1 for never, `oldest_s` for none.

    `link` is how it finds its line, which it measured `link_s` seconds ago.
    """

    node: str
    name: str
    state: HostState
    heard_s: int
    backlog: int
    oldest_s: int
    clock_ms: int
    version: str
    asked: AskedLease | None
    link: LinkTold | None = None
    link_s: int = -1

    @property
    def clock_off(self) -> bool:
        """Whether its clock is far off."""
        return abs(self.clock_ms) > CLOCK_OFF_MS


class Phase(StrEnum):
    """How far a lease has come, as a person needs to know it."""

    preparing = "preparing"
    fetching = "fetching"
    collecting = "collecting"
    running = "running"
    over = "over"
    returned = "returned"
    broken = "broken"
    sealed = "sealed"


class LeaseRow(NamedTuple):
    """A lease with the names of its host and its spare, its site and periods as they are now."""

    lease: Lease
    uuid: UUID
    phase: Phase
    host: str
    site: Site
    periods: tuple[Period, ...]
    spare: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it has not been given back or broken."""
        return self.lease.state in OPEN_STATES

    @property
    def is_sealed(self) -> bool:
        """Whether it is a sealed grant that nobody has used."""
        return self.lease.state == LeaseState.sealed


class Offer(NamedTuple):
    """A site that can be leased, its periods that are not over, and who holds it ("" nobody)."""

    site: Site
    periods: tuple[Period, ...]
    held_by: str


class WishRow(NamedTuple):
    """What was asked of a venue host about a ticket, and what came of it."""

    wish: Wish
    ticket: UUID
    state: WishState


class LineIs(StrEnum):
    """How the line of a host is, in the words of a person; `proving`: back, and not used yet."""

    up = "up"
    poor = "poor"
    down = "down"
    proving = "proving"


class LineRow(NamedTuple):
    """The line of this host to its centre; each age in seconds is -1 for never."""

    centre: Centre
    line: LineState
    limits: LinkLimits
    state: LineIs
    success_s: int
    oldest_s: int
    carried_s: int
    measured_s: int


def hosts(*, by: Actor) -> list[HostRow]:
    """Return all venue hosts of this centre, withdrawn ones last. Raises NotPermitted."""
    now_ms = _now_ms()
    rows = [_host_row(node, now_ms) for node in nodes.listed(by=by)]
    return sorted(rows, key=lambda row: row.state is HostState.revoked)


def _host_row(node: Node, now_ms: int) -> HostRow:
    told = node.state
    heard_s = -1 if told is None else _since(told.heard_ms, now_ms)
    if node.peer.revoked:
        state = HostState.revoked
    elif node.doubled:
        state = HostState.doubled
    elif heard_s < 0:
        state = HostState.waiting
    else:
        state = HostState.working if heard_s < LINE_DOWN_S else HostState.silent
    return HostRow(
        node.peer.node,
        node.peer.name,
        state,
        heard_s,
        0 if told is None else told.backlog,
        -1 if told is None else _since(told.oldest_ms, now_ms),
        0 if told is None else told.clock_ms,
        "" if told is None else told.version,
        None if told is None else _asked(told.asked),
        *((None, -1) if told is None else _link(told, now_ms)),
    )


def _link(told: PeerState, now_ms: int) -> tuple[LinkTold | None, int]:
    """Return how a host finds its line, and how long ago it measured that."""
    try:
        link = msgspec.json.decode(told.link, type=LinkTold) if told.link else None
    except msgspec.MsgspecError:
        link = None
    if link is None or not link.figures.at_ms:
        return link, -1
    return link, _since(link.figures.at_ms - told.clock_ms, now_ms)


def _asked(text: str) -> AskedLease | None:
    try:
        return msgspec.json.decode(text, type=AskedLease) if text else None
    except msgspec.MsgspecError:
        return None


def lease_rows(*, by: Actor) -> list[LeaseRow]:
    """Return all leases, the open ones first, each group newest first. Raises NotPermitted."""
    sites, now_ms = context().ledger.rules().centre.sites, _now_ms()
    rows = [_lease_row(one, sites, now_ms) for one in leases.listed(by=by)]
    rows.reverse()
    return sorted(rows, key=lambda row: 0 if row.is_open else 1 if row.is_sealed else 2)


def lease_row(lease: UUID, *, by: Actor) -> LeaseRow | None:
    """Return one lease, None if there is none of this id. Raises NotPermitted."""
    return next((row for row in lease_rows(by=by) if row.uuid == lease), None)


def _lease_row(one: leases.Shown, sites: dict[str, Site], now_ms: int) -> LeaseRow:
    lease = one.lease
    site = sites.get(lease.site, Site(lease.site, lease.site))
    known = {period.key: period for period in site.periods}
    keys = lease.periods.split()
    periods = tuple(known.get(key, Period(key, 0, 0)) for key in keys)
    uuid, phase = UUID(bytes=lease.id), _phase(one, now_ms)
    return LeaseRow(lease, uuid, phase, one.host, site, periods, one.spare)


def _phase(one: leases.Shown, now_ms: int) -> Phase:
    lease = one.lease
    if lease.state == LeaseState.returned:
        return Phase.returned
    if lease.state == LeaseState.broken:
        return Phase.broken
    if lease.not_after_ms <= now_ms:
        return Phase.over
    if lease.state == LeaseState.sealed:
        return Phase.sealed
    if lease.state == LeaseState.ready:
        return Phase.running
    if context().centre is not None and is_collecting(lease):
        return Phase.collecting
    # At the host nothing is prepared: what it knows of a lease, it was granted.
    return Phase.fetching if one.prepared or context().centre is not None else Phase.preparing


def offers(*, by: Actor) -> list[Offer]:
    """Return the sites a lease can be given on. Raises NotPermitted, LedgerFault."""
    held = {row.site.slug: row.host for row in lease_rows(by=by) if row.is_open}
    now_ms = _now_ms()
    found = []
    for site in context().ledger.rules().centre.sites.values():
        periods = tuple(one for one in site.periods if one.until_ms + AFTER_MS > now_ms)
        if periods:
            found.append(Offer(site, periods, held.get(site.slug, "")))
    return found


def give(wanted: Wanted, *, by: Actor, why: str) -> Lease:
    """Give a lease, or say why not by a code that pages have words for.

    Raises:
        NotPermitted: `by` may not.
        NodeError: There is no such host.
        LeaseError: host_revoked, site_held, rights_missing, spare_same, spare_rights, ends_past,
            ends_far, or as `leases.grant`.
        LedgerFault: The ledger cannot be written now.
    """
    for known in hosts(by=by):
        if known.node in {wanted.host, wanted.spare} and known.state is HostState.revoked:
            raise LeaseError("host_revoked", known.name)
    if any(row.is_open and row.site.slug == wanted.site for row in lease_rows(by=by)):
        raise LeaseError("site_held", wanted.site)
    if not wanted.rights:
        raise LeaseError("rights_missing")
    if wanted.spare == wanted.host:
        raise LeaseError("spare_same")
    if wanted.spare and set(wanted.rights) != {Right.admit}:
        raise LeaseError("spare_rights")
    if wanted.until_ms:
        _check_end(wanted.until_ms)
    return leases.grant(wanted, by=by, why=why)


def prolong(row: LeaseRow, until_ms: int, *, by: Actor, why: str) -> Lease:
    """Let a lease go on until later (UTC ms).

    Raises:
        NotPermitted: `by` may not.
        LeaseError: lease_ended, not_later, ends_past, ends_far, or as `leases.extend`.
        LedgerFault: The ledger cannot be written now.
    """
    if not row.is_open:
        raise LeaseError("lease_ended")
    _check_end(until_ms)
    if until_ms <= row.lease.not_after_ms:
        raise LeaseError("not_later")
    return leases.extend(row.lease.id, until_ms, by=by, why=why)


def _check_end(until_ms: int) -> None:
    now_ms = _now_ms()
    if until_ms <= now_ms:
        raise LeaseError("ends_past")
    if until_ms > now_ms + limits.LEASE_MS_MAX:
        raise LeaseError("ends_far")


def wish_rows(*, by: Actor) -> list[WishRow]:
    """Return what was asked of venue hosts: open wishes first, then the newest. NotPermitted."""
    rows = [
        WishRow(wish, UUID(bytes=wish.ticket), WishState(wish.state))
        for wish in reversed(leases.wishes(by=by))
    ]
    rows.sort(key=lambda row: row.state is not WishState.asked)
    return rows[:WISHES_SHOWN]


def decided_elsewhere(ticket: UUID) -> bool:
    """Whether this is a centre and a venue host decides about a ticket. Raises LedgerFault."""
    if context().centre is not None:
        return False
    with context().ledger.reader() as reader:
        found = reader.tickets([ticket.bytes]).get(ticket.bytes)
        heads = [] if found is None else reader.raw.rows(t.HEAD, [found.home])
    return any(head.authority == Authority.elsewhere for head in heads)


def line() -> LineRow | None:
    """Return how the line of this host is, None at a centre."""
    here = context()
    centre = here.centre
    if centre is None:
        return None
    state, now_ms = here.joined.line(), _now_ms()
    success_s = _since(state.success_ms, now_ms)
    return LineRow(
        centre,
        state,
        here.joined.limits(),
        _line_is(state, success_s),
        success_s,
        _since(state.oldest_ms, now_ms),
        _since(state.carried_ms, now_ms),
        _since(state.watch.figures.at_ms, now_ms),
    )


def _line_is(state: LineState, success_s: int) -> LineIs:
    if not state.up or not 0 <= success_s < LINE_DOWN_S:
        return LineIs.down
    return {
        LinkState.open: LineIs.up,
        LinkState.poor: LineIs.poor,
        LinkState.down: LineIs.proving,
    }[state.watch.state]


def site_of(periods: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return site and periods of "site/period" choices. Raises LeaseError if it is not one site."""
    parts = [choice.partition("/") for choice in periods]
    sites = {site for site, _, _ in parts}
    if not sites:
        raise LeaseError("periods_missing")
    if len(sites) > 1:
        raise LeaseError("two_sites")
    return sites.pop(), tuple(dict.fromkeys(period for _, _, period in parts))


def _since(at_ms: int, now_ms: int) -> int:
    """Return how many seconds ago something was, -1 for never."""
    return max(0, now_ms - at_ms) // 1000 if at_ms else -1


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
