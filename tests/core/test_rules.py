"""Days as the site counts them, periods, and what a gate may know."""

from dataclasses import replace

import pytest

from paifang.core import limits
from paifang.core.rules import DAY_MS, CentreRules, Gate, Period, Rules, Site, Zone

HOUR_MS = 60 * 60 * 1000
# Clocks go forward on the second day, which is an hour short, and back on the fourth.
STARTS = (
    0,
    DAY_MS,
    2 * DAY_MS - HOUR_MS,
    3 * DAY_MS - HOUR_MS,
    4 * DAY_MS,
)
DST = Site("park", "Park", day_starts_ms=STARTS)


@pytest.mark.parametrize(
    ("now_ms", "day"),
    [
        (0, 0),
        (DAY_MS - 1, 0),
        (DAY_MS, 1),
        (2 * DAY_MS - HOUR_MS - 1, 1),
        (2 * DAY_MS - HOUR_MS, 2),
        (3 * DAY_MS - HOUR_MS, 3),
        (4 * DAY_MS - 1, 3),
    ],
)
def test_a_day_lasts_as_long_as_its_bounds_say(now_ms: int, day: int) -> None:
    assert DST.day_at(now_ms) == STARTS[day]


@pytest.mark.parametrize("now_ms", [-1, -DAY_MS, 4 * DAY_MS, 9 * DAY_MS + 5])
def test_outside_the_calendar_days_are_utc_days(now_ms: int) -> None:
    day = DST.day_at(now_ms)
    assert day % DAY_MS == 0
    assert 0 <= now_ms - day < DAY_MS


def test_days_between_counts_bounds_not_hours() -> None:
    assert DST.days_between(DAY_MS - 1, DAY_MS) == 1
    assert DST.days_between(DAY_MS, 2 * DAY_MS - HOUR_MS - 1) == 0
    assert DST.days_between(0, 4 * DAY_MS - 1) == 3


def test_days_between_outside_the_calendar_are_utc_days() -> None:
    assert DST.days_between(0, 9 * DAY_MS) == 9
    assert DST.days_between(-1, 0) == 1
    assert DST.days_between(5, -DAY_MS) == 0, "a clock set back makes nobody's ticket older"


def test_a_validity_belongs_to_the_period_that_holds_all_of_it() -> None:
    periods = (Period("may", 0, 10), Period("june", 10, 20))
    site = replace(DST, periods=periods)
    assert site.period_of(10, 20) == "june"
    assert site.period_of(1, 10) == "may"
    assert site.period_of(9, 11) == "", "across two periods it stands in the site's own segment"
    assert site.period_of(0, 11) == site.period_of(11, 0) == ""


def test_a_gate_stands_on_its_zones_site_and_knows_a_bounded_number_of_events() -> None:
    many = tuple(range(limits.EVENTS_PER_GATE_MAX + 5))
    gate = Gate("north", "hall", "North", events=many)
    rules = Rules(CentreRules(sites={"park": DST}, zones={"hall": Zone("hall", "park", "Hall")}))
    assert rules.site_of_gate(gate) is DST
    assert rules.events_at(gate) == many[: limits.EVENTS_PER_GATE_MAX]
