"""Quota that never was right: chained and remembered properly, and `verify` names it all."""

import pytest

from paifang.ledger.commands import Hold, OpenSegment, SetQuota
from paifang.ledger.facts import AllotFact, HoldEndFact, HoldFact, QuotaFact
from tests.ledger.forging import codes, forge, found
from tests.ledger.test_verify_facts import told
from tests.ledger.venue import Venue


def test_a_quota_or_hold_that_does_not_exist_is_found(venue: Venue) -> None:
    hold = HoldFact(hold="h", quota="none", units=1, until_ms=1)
    assert told(venue, hold) == {"quota_unknown"}
    end = HoldEndFact(hold="h", quota="none", units=1, end="released")
    assert told(venue, end) == {"quota_unknown", "hold_not_open"}


def test_units_given_from_a_quota_that_does_not_exist_are_found(venue: Venue) -> None:
    assert told(venue, AllotFact(quota="none", to="other", units=1)) == {"quota_unknown"}


@pytest.fixture
def seats(venue: Venue) -> Venue:
    """A venue with a quota of two units, one of them held."""
    venue.do(SetQuota(request_id="q", quota="seats", segment=venue.home, capacity=2))
    venue.do(Hold(request_id="h", hold="h", quota="seats", units=1, for_ms=60_000))
    return venue


def test_a_quota_in_another_segment_is_found(seats: Venue) -> None:
    seats.do(OpenSegment(request_id="s", site="park", period="2027"))
    assert "row_wrong_segment" in told(seats, QuotaFact(quota="seats", capacity=9), 3)


def test_more_held_than_there_is_is_found(seats: Venue) -> None:
    forge(seats, HoldFact(hold="more", quota="seats", units=2, until_ms=1))
    assert found(seats, "oversold").params == {"taken": "3", "capacity": "2"}


def test_more_taken_back_than_was_given_is_found(seats: Venue) -> None:
    assert "oversold" in told(seats, AllotFact(quota="seats", to="other", units=-1))


def test_a_capacity_below_what_is_taken_is_found(seats: Venue) -> None:
    assert "oversold" in told(seats, QuotaFact(quota="seats", capacity=0))


def test_a_hold_made_twice_is_found(seats: Venue) -> None:
    again = HoldFact(hold="h", quota="seats", units=1, until_ms=1)
    assert "hold_not_open" in told(seats, again)


def test_a_hold_that_ended_twice_is_found(seats: Venue) -> None:
    end = HoldEndFact(hold="h", quota="seats", units=1, end="confirmed")
    forge(seats, end)
    assert codes(seats) == {"quota_differs", "hold_differs"}
    assert "hold_not_open" in told(seats, end)


def test_other_units_ended_than_were_held_are_found(seats: Venue) -> None:
    end = HoldEndFact(hold="h", quota="seats", units=2, end="released")
    assert "hold_not_open" in told(seats, end)


def test_a_hold_swept_too_early_is_found(seats: Venue) -> None:
    end = HoldEndFact(hold="h", quota="seats", units=1, end="expired")
    assert "hold_too_early" in told(seats, end)
