"""Leases at the desk: given, made ready by a job, extended, broken by two persons, asked of."""

from datetime import timedelta

import msgspec
import pytest

from paifang.core.leases import LeaseState, Right, WishKind
from paifang.core.rules import Role
from paifang.ledger import tables as t
from paifang.runtime.job_handlers import HANDLERS
from paifang.services.desk import leases, nodes
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.job_runner import run_next
from paifang.services.desk.leases import LeaseError, Wanted
from paifang.services.desk.permissions import Actor, NotPermitted
from paifang.services.live.bodies_sync import JoinBody
from paifang.services.live.foreign_keys import open_ring
from paifang.services.live.keys import Keys, Secrets
from paifang.services.live.signed_requests import verified
from paifang.store import models
from paifang.sync.envelope import take_apart, unseal
from paifang.sync.messages import Grant
from paifang.sync.snapshot import read_chunk, split_snapshot
from tests.desk_makers import BOSS, NOW, Venue, issue, make_venue

HALL = Keys(Secrets("11" * 32, "22" * 32, "0190a000-0000-4000-8000-0000000000aa"))
FAIR = Wanted("hall-3", "fair-site", ("days",))
EVE = Actor("eve", Role.manager)
LEASE = {leases.SNAPSHOT: HANDLERS[leases.SNAPSHOT]}
HOUR_MS = 60 * 60 * 1000


def let_join(keys: Keys = HALL, name: str = "hall-3") -> None:
    """Let a machine join that is nothing but its keys."""
    body = JoinBody(
        code="",
        node=keys.node,
        public_key=keys.public_key,
        exchange_key=keys.exchange_key,
        signature="0" * 128,
    )
    body = msgspec.structs.replace(body, signature=keys.sign(body.signed()).hex())
    nodes.accept(body, name, by=BOSS)


@pytest.fixture
def venue(desk: DeskContext) -> Venue:
    """A venue whose site has a period, with two tickets sold in it, and a host that joined."""
    made = make_venue()
    models.Period.objects.create(
        site=made.site,
        key="days",
        starts_at=NOW - timedelta(days=1),
        ends_at=NOW + timedelta(days=1),
    )
    rule = made.product.entitlements.get()
    rule.valid_from, rule.valid_until = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    rule.save()
    other = make_venue("other", 2)
    issue(desk, made, [Attendee(name="Wang"), Attendee(name="Li")])
    issue(desk, other, [Attendee(name="Zhao")])
    let_join()
    return made


def test_a_lease_is_made_ready_by_a_job_and_sealed_for_its_host(
    desk: DeskContext, venue: Venue
) -> None:
    lease = leases.grant(FAIR, by=BOSS, why="fair")
    assert (lease.lessee, lease.state) == (HALL.node, LeaseState.granted)
    (shown,) = leases.listed(by=BOSS)
    assert (shown.host, shown.prepared) == ("hall-3", False)
    assert run_next(LEASE)
    assert not run_next(LEASE)
    (shown,) = leases.listed(by=BOSS)
    assert shown.prepared
    data = desk.joined.grant(lease.id)
    assert data is not None
    sealed = take_apart(data)
    assert sealed.node == desk.keys.node
    grant = unseal(
        sealed, lambda message, mark: verified(desk.keys.public_key, message, mark), Grant
    )
    assert (grant.lessee, grant.tickets, grant.rights) == (HALL.node, 2, ("admit", "exchange"))
    frames = list(split_snapshot(desk.joined.snapshot(lease.id).read_bytes()))
    holders = {record.holder for frame in frames for record in read_chunk(frame).records}
    assert holders == {"Wang", "Li"}
    ring = open_ring(grant.keys, HALL.exchange)
    assert set(ring.events) == {venue.event.pk.hex}


def test_a_snapshot_that_was_never_made_is_asked_for_and_an_ended_one_deleted(
    desk: DeskContext, venue: Venue
) -> None:
    lease = leases.grant(FAIR, by=BOSS)
    models.Job.objects.all().delete()
    leases.ask_for_missing()
    assert run_next(LEASE)
    assert desk.joined.snapshot(lease.id).exists()
    leases.ask_for_missing()
    assert not run_next(LEASE)
    leases.break_(lease.id, by=BOSS, second=EVE, why="burnt")
    leases.forget_ended()
    assert not desk.joined.snapshot(lease.id).exists()
    assert desk.joined.grant(lease.id) is None


def test_a_lease_ends_later_and_never_earlier(desk: DeskContext, venue: Venue) -> None:
    lease = leases.grant(FAIR, by=BOSS)
    later = leases.extend(lease.id, lease.not_after_ms + HOUR_MS, by=BOSS)
    assert later.not_after_ms == lease.not_after_ms + HOUR_MS
    with pytest.raises(LeaseError, match="refused"):
        leases.extend(lease.id, lease.not_after_ms, by=BOSS)


def test_two_persons_stand_behind_a_broken_lease(desk: DeskContext, venue: Venue) -> None:
    lease = leases.grant(FAIR, by=BOSS)
    with pytest.raises(LeaseError, match="two persons"):
        leases.break_(lease.id, by=BOSS, second=BOSS, why="burnt")
    with pytest.raises(NotPermitted):
        leases.break_(lease.id, by=BOSS, second=Actor("li", Role.steward), why="burnt")
    with pytest.raises(LeaseError, match="reason"):
        leases.break_(lease.id, by=BOSS, second=EVE, why=" ")
    assert leases.break_(lease.id, by=BOSS, second=EVE, why="burnt").state == LeaseState.broken
    entry = models.AuditEntry.objects.get(what="lease_broken")
    assert (entry.who, entry.why) == ("boss", "burnt")
    assert "eve" in entry.subject


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (FAIR._replace(host="nobody"), "node_unknown"),
        (FAIR._replace(site="moon"), "period_unknown"),
        (FAIR._replace(periods=("night",)), "period_unknown"),
        (FAIR._replace(periods=()), "period_unknown"),
        (FAIR._replace(rights=(Right.sell,)), "refused"),
        (FAIR._replace(until_ms=1), "refused"),
    ],
)
def test_what_cannot_be_a_lease_is_none(
    desk: DeskContext, venue: Venue, wanted: Wanted, error: str
) -> None:
    with pytest.raises((LeaseError, nodes.NodeError), match=error):
        leases.grant(wanted, by=BOSS)
    assert leases.listed(by=BOSS) == []


def test_a_site_has_one_lessee_and_a_withdrawn_host_none(desk: DeskContext, venue: Venue) -> None:
    leases.grant(FAIR, by=BOSS)
    with pytest.raises(LeaseError, match="leased already"):
        leases.grant(FAIR, by=BOSS)
    nodes.revoke("hall-3", by=BOSS)
    with pytest.raises(LeaseError, match="revoked"):
        leases.grant(FAIR, by=BOSS)


def test_a_host_that_was_withdrawn_meanwhile_gets_no_snapshot(
    desk: DeskContext, venue: Venue
) -> None:
    lease = leases.grant(FAIR, by=BOSS)
    nodes.revoke("hall-3", by=BOSS)
    run_next(LEASE)
    assert models.Job.objects.get(kind=leases.SNAPSHOT).error == "host_revoked"
    assert desk.joined.grant(lease.id) is None


def test_a_host_is_asked_to_void_what_it_holds(desk: DeskContext, venue: Venue) -> None:
    ticket = next(iter(tickets_of_wang(desk)))
    with pytest.raises(LeaseError, match="decided here"):
        leases.wish(ticket, WishKind.void, by=BOSS)
    leases.grant(FAIR, by=BOSS)
    leases.wish(ticket, WishKind.void, by=BOSS, refund=True, why="ill")
    (wish,) = leases.wishes(by=BOSS)
    assert (wish.ticket, wish.kind, wish.refund) == (ticket, "void", 1)
    with pytest.raises(NotPermitted):
        leases.wish(ticket, WishKind.void, by=Actor("li", Role.cashier))


def tickets_of_wang(desk: DeskContext) -> list[bytes]:
    """Return one ticket of the fair."""
    with desk.ledger.reader() as reader:
        return [row.id for row in reader.raw.scan(t.TICKET) if row.holder == "Wang"]


def test_leases_are_a_managers(desk: DeskContext, venue: Venue) -> None:
    li = Actor("li", Role.cashier)
    with pytest.raises(NotPermitted):
        leases.grant(FAIR, by=li)
    with pytest.raises(NotPermitted):
        leases.listed(by=li)
    with pytest.raises(LeaseError, match="lease_unknown"):
        leases.extend(b"0" * 16, 1, by=BOSS)
    with pytest.raises(LeaseError, match="lease_unknown"):
        leases.give_back(b"0" * 16, by=BOSS)


def test_publishing_goes_on_while_a_site_is_leased(desk: DeskContext, venue: Venue) -> None:
    leases.grant(FAIR, by=BOSS)
    venue.gate.name = "Other door"
    venue.gate.save()
    assert publish("boss")
