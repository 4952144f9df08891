"""Quota through commands: held, sold, let go, expired, resized; never oversold."""

from contextlib import closing

import pytest

from paifang.core import limits
from paifang.core.tickets import Authority
from paifang.ledger import tables as t
from paifang.ledger.apply import quota
from paifang.ledger.commands import Confirm, Hold, Release, SetQuota
from paifang.ledger.facts import HoldEndFact, HoldFact, QuotaFact
from paifang.ledger.faults import Misuse, NotFound, NotPossible, TooLate
from tests.ledger.venue import Venue, fact_of
from tests.ledger.world import NOW_MS

TEN_MINUTES_MS = 600_000


@pytest.fixture
def shop(venue: Venue) -> Venue:
    """A venue with ten units of quota `q`."""
    venue.do(SetQuota(quota="q", segment=venue.home, capacity=10))
    return venue


def hold(venue: Venue, name: str, units: int = 1, for_ms: int = TEN_MINUTES_MS) -> HoldFact:
    return venue.fact(Hold(hold=name, quota="q", units=units, for_ms=for_ms), HoldFact)


def counter(venue: Venue) -> tuple[int, int, int]:
    """Return free, held and sold."""
    quota = venue.row(t.QUOTA, "q")
    return quota.free, quota.held, quota.sold


def test_units_are_held_then_sold_or_let_go(shop: Venue) -> None:
    fact = hold(shop, "a", 4)
    assert (fact.reason, fact.until_ms) == ("ok", NOW_MS + TEN_MINUTES_MS)
    hold(shop, "b", 3)
    assert counter(shop) == (3, 7, 0)
    assert shop.fact(Confirm(hold="a"), HoldEndFact).end == "confirmed"
    assert shop.fact(Release(hold="b"), HoldEndFact).end == "released"
    assert counter(shop) == (6, 0, 4)


def test_a_desk_reads_what_is_left_of_counters(shop: Venue) -> None:
    hold(shop, "a", 4)
    with closing(shop.reader()) as reader:
        assert {name: quota.free for name, quota in reader.quotas(["q", "none"]).items()} == {
            "q": 6
        }
        assert reader.quotas([]) == {}


def test_what_is_not_free_is_sold_out(shop: Venue) -> None:
    hold(shop, "a", 8)
    fact = hold(shop, "b", 3)
    assert (fact.reason, fact.until_ms) == ("sold_out", 0)
    assert counter(shop) == (2, 8, 0)
    with pytest.raises(NotFound):
        shop.do(Confirm(hold="b"))


def test_buyers_of_one_batch_share_what_there_is(shop: Venue) -> None:
    commands = [Hold(hold=f"h{n}", quota="q", units=3, for_ms=1000) for n in range(5)]
    said = [fact_of(outcome, HoldFact).reason for outcome in shop.batch(*commands)]
    assert said == ["ok", "ok", "ok", "sold_out", "sold_out"]


def test_an_expired_hold_makes_room_when_somebody_wants_it(shop: Venue) -> None:
    hold(shop, "a", 10, for_ms=1000)
    assert hold(shop, "b").reason == "sold_out"
    shop.clock.forward(ms=1000)
    assert hold(shop, "c").reason == "ok"
    assert counter(shop) == (9, 1, 0)
    with pytest.raises(TooLate):
        shop.do(Confirm(hold="a"))


def test_nobody_is_told_sold_out_while_expired_holds_are_left_to_sweep(
    shop: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "SWEEP_ROWS_MAX", 3)
    for n in range(10):
        hold(shop, f"h{n}", for_ms=1000)
    shop.clock.forward(ms=1000)
    assert hold(shop, "five", 5).reason == "ok"
    # As many were swept as made room, by threes.
    assert counter(shop) == (1, 9, 0)
    assert hold(shop, "six", 6).reason == "sold_out"
    assert counter(shop) == (5, 5, 0)


def test_an_expired_hold_nobody_wanted_may_still_be_sold(shop: Venue) -> None:
    hold(shop, "a", 10, for_ms=1000)
    shop.clock.forward(minutes=60)
    assert shop.fact(Confirm(hold="a"), HoldEndFact).end == "confirmed"
    assert hold(shop, "b").reason == "sold_out"


def test_a_swept_hold_is_a_fact_of_its_own(shop: Venue) -> None:
    for name in ("a", "b"):
        hold(shop, name, 5, for_ms=1000)
    shop.clock.forward(ms=1000)
    before = len(shop.kinds())
    hold(shop, "c", 6)
    assert len(shop.kinds()) == before + 3
    assert counter(shop) == (4, 6, 0)


def test_holds_that_end_in_the_batch_that_sweeps_are_swept_once(shop: Venue) -> None:
    hold(shop, "a", 4, for_ms=1000)
    hold(shop, "b", 4, for_ms=1000)
    hold(shop, "c", 2)
    shop.clock.forward(ms=1000)
    outcomes = shop.batch(
        Release(hold="a"),
        Confirm(hold="b"),
        Hold(hold="d", quota="q", units=5, for_ms=1000),
        Hold(hold="e", quota="q", units=4, for_ms=1000),
    )
    assert [fact_of(outcome, HoldFact).reason for outcome in outcomes[2:]] == ["sold_out", "ok"]
    assert counter(shop) == (0, 6, 4)


def test_another_quotas_holds_are_left_alone(shop: Venue) -> None:
    shop.do(SetQuota(quota="other", segment=shop.home, capacity=1))
    shop.do(Hold(hold="x", quota="other", units=1, for_ms=1))
    shop.clock.forward(ms=1000)
    outcomes = shop.batch(Confirm(hold="x"), Hold(hold="y", quota="q", units=11, for_ms=1))
    assert fact_of(outcomes[0], HoldEndFact).end == "confirmed"
    assert fact_of(outcomes[1], HoldFact).reason == "sold_out"


def test_a_hold_ends_once(shop: Venue) -> None:
    hold(shop, "sold")
    hold(shop, "gone")
    shop.do(Confirm(hold="sold"))
    shop.do(Release(hold="gone"))
    with pytest.raises(NotPossible):
        shop.do(Confirm(hold="sold"))
    with pytest.raises(NotPossible):
        shop.do(Release(hold="sold"))
    with pytest.raises(NotPossible):
        shop.do(Release(hold="gone"))
    with pytest.raises(TooLate):
        shop.do(Confirm(hold="gone"))


def test_a_hold_has_a_name_of_its_own(shop: Venue) -> None:
    hold(shop, "a")
    with pytest.raises(NotPossible):
        hold(shop, "a")


@pytest.mark.parametrize("units", [0, -1, limits.HOLD_UNITS_MAX + 1])
def test_a_hold_is_for_a_bounded_number_of_units(shop: Venue, units: int) -> None:
    with pytest.raises(Misuse):
        hold(shop, "a", units)


@pytest.mark.parametrize("for_ms", [0, -1, limits.HOLD_MS_MAX + 1])
def test_a_hold_lasts_a_bounded_time(shop: Venue, for_ms: int) -> None:
    with pytest.raises(Misuse):
        hold(shop, "a", for_ms=for_ms)


def test_nothing_is_held_of_no_quota(venue: Venue) -> None:
    with pytest.raises(NotFound):
        hold(venue, "a")


def test_a_capacity_grows_and_shrinks_to_what_is_taken(shop: Venue) -> None:
    hold(shop, "a", 6)
    resized = SetQuota(quota="q", segment=shop.home, capacity=6)
    assert shop.fact(resized, QuotaFact).capacity == 6
    assert hold(shop, "b").reason == "sold_out"
    with pytest.raises(NotPossible):
        shop.do(SetQuota(quota="q", segment=shop.home, capacity=5))
    shop.do(SetQuota(quota="q", segment=shop.home, capacity=7))
    assert hold(shop, "c").reason == "ok"


@pytest.mark.parametrize("capacity", [-1, limits.QUOTA_UNITS_MAX + 1])
def test_a_capacity_has_bounds(venue: Venue, capacity: int) -> None:
    with pytest.raises(Misuse):
        venue.do(SetQuota(quota="q", segment=venue.home, capacity=capacity))


def test_a_quota_belongs_to_a_segment_that_is_there(venue: Venue) -> None:
    with pytest.raises(NotFound):
        venue.do(SetQuota(quota="q", segment=99, capacity=1))


def test_a_leased_quota_is_sold_by_whoever_holds_the_lease(shop: Venue) -> None:
    hold(shop, "a")
    shop.lend(shop.home, Authority.elsewhere)
    answer = shop.do(Hold(hold="b", quota="q", units=1, for_ms=1))
    assert (fact_of(answer, HoldFact).reason, answer.segment) == ("held_elsewhere", 1)
    for command in (
        Confirm(hold="a"),
        Release(hold="a"),
        SetQuota(quota="q", segment=shop.home, capacity=20),
    ):
        with pytest.raises(NotPossible):
            shop.do(command)
    assert counter(shop) == (9, 1, 0)
