"""What a venue may sell by itself: given with the lease, sold while cut off, then followed."""

from contextlib import closing
from typing import Any

import pytest

from paifang.core.leases import LeaseState
from paifang.ledger import tables as t
from paifang.ledger.commands import Allot, Confirm, Hold, Release, SetQuota
from paifang.ledger.facts import AllotFact, Fact, HoldEndFact, HoldFact
from paifang.ledger.faults import Misuse, NotFound, NotPossible
from paifang.ledger.lease_commands import BreakLease, ReturnLease
from tests.ledger.venue import Venue
from tests.ledger.world import at
from tests.sync.nodes import LEASE, Pair
from tests.sync.test_importing import told_row

TEN_MINUTES_MS = 600_000
SECOND_LEASE = b"2" * 16


@pytest.fixture
def fair(pair: Pair) -> Pair:
    """A pair whose centre sells 10 seats by itself, and lets the venue sell 3 of them."""
    ledger = pair.centre.ledger
    ledger.do(SetQuota(request_id="all", quota="seats", segment=1, capacity=10))
    allot(pair, 3)
    return pair


def allot(pair: Pair, units: int, to: str = "walk-up") -> AllotFact:
    """Let the centre give the venue units, or take them back."""
    command = Allot(quota="seats", to=to, segment=pair.period, units=units)
    return pair.centre.ledger.fact(command, AllotFact)


def hold(ledger: Venue, name: str, units: int = 1, quota: str = "walk-up") -> str:
    """Hold units; return what it was answered."""
    command = Hold(hold=name, quota=quota, units=units, for_ms=TEN_MINUTES_MS)
    return ledger.fact(command, HoldFact).reason


def sell(ledger: Venue, name: str, units: int = 1) -> str:
    """Hold units and sell them; return what the hold was answered."""
    told = hold(ledger, name, units)
    if told == "ok":
        ledger.do(Confirm(hold=name))
    return told


def counter(ledger: Venue, quota: str = "walk-up") -> tuple[int, int, int, int]:
    """Return capacity, allotted, held and sold."""
    row = ledger.row(t.QUOTA, quota)
    return row.capacity, row.allotted, row.held, row.sold


def holds(ledger: Venue) -> dict[str, int]:
    return {row.id: row.state for row in ledger.rows(t.HOLD)}


def give(pair: Pair, lease: bytes = LEASE, rights: tuple[str, ...] = ("admit", "sell")) -> None:
    """Lease the fair to the host, which fetches it."""
    pair.grant(lease, rights=rights)
    pair.talk(2)


# What the organiser gives away.


def test_what_the_venue_was_given_the_centre_does_not_sell(fair: Pair) -> None:
    ledger = fair.centre.ledger
    assert counter(ledger, "seats") == (10, 3, 0, 0)
    assert counter(ledger) == (3, 0, 0, 0)
    assert hold(ledger, "a", 8, "seats") == "sold_out"
    assert hold(ledger, "b", 7, "seats") == "ok"
    assert fair.verified() == []


def test_what_is_not_free_is_not_given_and_what_is_sold_not_taken_back(fair: Pair) -> None:
    ledger = fair.centre.ledger
    with pytest.raises(NotPossible):
        allot(fair, 8)
    sell(ledger, "sold", 2)
    with pytest.raises(NotPossible):
        allot(fair, -2)
    allot(fair, -1)
    assert (counter(ledger, "seats"), counter(ledger)) == ((10, 2, 0, 0), (2, 0, 0, 2))
    assert fair.verified() == []


def test_what_makes_no_sense_is_refused(fair: Pair) -> None:
    for fault, wrong in (
        (Misuse, Allot(quota="seats", to="walk-up", segment=1, units=0)),
        (Misuse, Allot(quota="seats", to="seats", segment=1, units=1)),
        (NotFound, Allot(quota="none", to="walk-up", segment=1, units=1)),
        (NotFound, Allot(quota="seats", to="none", segment=1, units=-1)),
        (NotPossible, Allot(quota="walk-up", to="seats", segment=1, units=-11)),
    ):
        with pytest.raises(fault):
            fair.centre.ledger.do(wrong)
    assert fair.verified() == []


# Under the lease.


def test_the_venue_sells_what_it_was_given_and_no_more_and_the_centre_hears_of_it(
    fair: Pair,
) -> None:
    give(fair)
    host, centre = fair.host.ledger, fair.centre.ledger
    assert counter(host) == (3, 0, 0, 0)
    assert hold(centre, "c") == "held_elsewhere"
    assert [sell(host, "1", 2), sell(host, "2", 2), sell(host, "3")] == ["ok", "sold_out", "ok"]
    assert hold(host, "4") == "sold_out"
    fair.talk(2)
    assert counter(centre) == counter(host) == (3, 0, 0, 3)
    assert holds(centre) == holds(host)
    assert fair.backlog() == 0
    assert fair.verified() == []


def test_holds_that_are_open_go_along_and_end_at_the_venue(fair: Pair) -> None:
    for name in ("sold", "let go", "expires", "ended before"):
        hold(fair.centre.ledger, name)
        if name == "let go":
            fair.centre.ledger.do(Release(hold="let go"))
            assert hold(fair.centre.ledger, "let go again") == "ok"
    assert hold(fair.centre.ledger, "seat", 1, "seats") == "ok"
    give(fair)
    host = fair.host.ledger
    assert set(holds(host)) == {"sold", "let go again", "expires"}
    host.do(Confirm(hold="sold"))
    host.do(Release(hold="let go again"))
    fair.clock.forward(minutes=11)
    assert hold(host, "new", 2) == "ok"
    fair.talk(2)
    assert counter(fair.centre.ledger) == counter(host) == (3, 0, 2, 1)
    assert fair.verified() == []


def test_a_venue_without_the_right_sells_nothing(fair: Pair) -> None:
    assert hold(fair.centre.ledger, "open") == "ok"
    give(fair, rights=("admit",))
    for command in (
        Hold(hold="h", quota="walk-up", units=1, for_ms=1_000),
        Confirm(hold="open"),
        Release(hold="open"),
    ):
        with pytest.raises(NotPossible):
            fair.host.ledger.do(command)
    assert fair.verified() == []


def test_under_a_lease_nobody_changes_how_much_there_is(fair: Pair) -> None:
    give(fair)
    segment = fair.host.ledger.row(t.QUOTA, "walk-up").segment
    with pytest.raises(NotPossible):
        fair.host.ledger.do(SetQuota(quota="walk-up", segment=segment, capacity=9))
    with pytest.raises(NotPossible):
        allot(fair, 1)
    with pytest.raises(NotPossible):
        allot(fair, 1, to="another")
    assert counter(fair.host.ledger) == (3, 0, 0, 0)


def test_given_back_and_leased_again_it_goes_on_from_what_is_left(fair: Pair) -> None:
    give(fair)
    host, centre = fair.host.ledger, fair.centre.ledger
    sell(host, "1")
    assert hold(host, "open") == "ok"
    host.do(ReturnLease(request_id="r", lease=LEASE))
    fair.talk(3)
    assert counter(centre) == (3, 0, 1, 1)
    centre.do(Release(hold="open"))
    assert sell(centre, "2") == "ok"
    give(fair, SECOND_LEASE)
    assert counter(host) == (3, 0, 0, 2)
    assert holds(host)["open"] == 2
    assert [sell(host, "3"), sell(host, "4")] == ["ok", "sold_out"]
    fair.talk(2)
    assert counter(centre) == (3, 0, 0, 3)
    assert fair.verified() == []


def test_a_second_lease_under_which_nothing_was_sold_is_verified_too(fair: Pair) -> None:
    give(fair)
    sell(fair.host.ledger, "1")
    fair.host.ledger.do(ReturnLease(request_id="r", lease=LEASE))
    fair.talk(3)
    give(fair, SECOND_LEASE)
    assert counter(fair.host.ledger) == (3, 0, 0, 1)
    assert fair.verified() == []


# The host is lost.


def broken(pair: Pair) -> None:
    """Let two persons at the centre take the lease back."""
    pair.centre.ledger.do(
        BreakLease(
            request_id="b", actor="wang", second="han", lease=LEASE, reason_text="it burnt down"
        )
    )


def test_what_a_lost_host_may_have_sold_is_not_sold_again(fair: Pair) -> None:
    give(fair)
    sell(fair.host.ledger, "told")
    fair.talk(2)
    assert sell(fair.host.ledger, "never told") == "ok"
    broken(fair)
    centre = fair.centre.ledger
    assert counter(centre) == (1, 0, 0, 1)
    assert hold(centre, "c") == "sold_out"
    # Somebody who has counted says how much there is after all.
    centre.do(SetQuota(quota="walk-up", segment=fair.period, capacity=2))
    assert sell(centre, "d") == "ok"
    assert fair.verified() == []


def test_a_lost_host_without_the_right_to_sell_cannot_have_sold(fair: Pair) -> None:
    give(fair, rights=("admit",))
    broken(fair)
    assert counter(fair.centre.ledger) == (3, 0, 0, 0)
    assert hold(fair.centre.ledger, "c", 3) == "ok"


def test_of_a_lost_host_that_had_nothing_left_nothing_is_set_aside(fair: Pair) -> None:
    give(fair)
    sell(fair.host.ledger, "all", 3)
    fair.talk(2)
    before = fair.centre.ledger.kinds().count("quota")
    broken(fair)
    assert fair.centre.ledger.kinds().count("quota") == before


def test_two_counters_of_one_lease_are_taken_each_with_its_holds(fair: Pair) -> None:
    centre = fair.centre.ledger
    standing = centre.segment("")
    centre.do(SetQuota(quota="day pass", segment=standing, capacity=2))
    assert [hold(centre, "a"), hold(centre, "b", 1, "day pass")] == ["ok", "ok"]
    give(fair)
    host = fair.host.ledger
    host.do(Confirm(hold="b"))
    assert (counter(host), counter(host, "day pass")) == ((3, 0, 1, 0), (2, 0, 0, 1))
    fair.talk(2)
    assert counter(centre, "day pass") == (2, 0, 0, 1)
    assert fair.verified() == []


def test_a_counter_whose_segment_is_gone_is_found(fair: Pair) -> None:
    give(fair)
    host = fair.host.ledger
    period = next(head for head in host.rows(t.HEAD) if head.period == "fair")
    host.engine.begin()
    host.engine.put(t.HEAD, (period._replace(uuid="77" * 16),))
    host.engine.commit()
    assert "host quota_differs quota walk-up" in fair.verified()


# What cannot be followed, and what the tables must not say.


@pytest.mark.parametrize(
    "fact",
    [
        HoldFact(rules=(1, 1), hold="h", quota="walk-up", units=4, until_ms=at(11)),
        HoldEndFact(rules=(1, 1), hold="none", quota="walk-up", units=1, end="released"),
    ],
)
def test_more_than_there_is_and_a_hold_nobody_made_are_disputed(fair: Pair, fact: Fact) -> None:
    give(fair)
    told_row(fair, fact)
    assert counter(fair.centre.ledger) == (3, 0, 0, 0)
    assert fair.centre.ledger.kinds().count("dispute") == 1


def test_a_refused_hold_changes_nothing_at_the_centre(fair: Pair) -> None:
    give(fair)
    refused: dict[str, Any] = {"units": 9, "until_ms": 0, "reason": "sold_out"}
    told_row(fair, HoldFact(rules=(1, 1), hold="h", quota="walk-up", **refused))
    assert counter(fair.centre.ledger) == (3, 0, 0, 0)
    assert fair.verified() == []


def test_a_counter_altered_at_the_host_is_found(fair: Pair) -> None:
    give(fair)
    host = fair.host.ledger
    with closing(host.reader()):
        host.engine.begin()
        row = host.row(t.QUOTA, "walk-up")
        host.engine.put(t.QUOTA, (row._replace(sold=2),))
        host.engine.commit()
    assert fair.verified() == ["host quota_differs quota walk-up"]
    assert LeaseState.ready in {lease.state for lease in fair.leases("host")}
