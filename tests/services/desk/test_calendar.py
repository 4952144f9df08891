"""Days of a site as instants, also where clocks are changed."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from paifang.services.desk.calendar import calendar, day_start_ms

HOUR_MS = 3_600_000
BERLIN, SHANGHAI, LORD_HOWE = (
    ZoneInfo(name) for name in ("Europe/Berlin", "Asia/Shanghai", "Australia/Lord_Howe")
)


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


def test_a_day_begins_at_the_sites_hour_of_the_local_clock() -> None:
    assert day_start_ms(SHANGHAI, 4, date(2026, 5, 1)) == utc(2026, 4, 30, 20)


@pytest.mark.parametrize(("day", "hours"), [(28, 23), (29, 24)])
def test_the_day_of_the_spring_change_is_an_hour_shorter(day: int, hours: int) -> None:
    # Berlin, 29 March 2026: a day from 04:00 on the 28th holds the change at 02:00 on the 29th.
    begin, end = (day_start_ms(BERLIN, 4, date(2026, 3, d)) for d in (day, day + 1))
    assert end - begin == hours * HOUR_MS


def test_a_day_whose_hour_is_skipped_begins_right_after_the_gap() -> None:
    # 02:00 to 03:00 does not exist in Berlin on 29 March 2026.
    assert day_start_ms(BERLIN, 2, date(2026, 3, 29)) == utc(2026, 3, 29, 1)


def test_a_gap_of_half_an_hour_is_found_as_well() -> None:
    # Lord Howe puts clocks forward by 30 minutes, at 02:00 on 4 October 2026.
    assert day_start_ms(LORD_HOWE, 2, date(2026, 10, 4)) == utc(2026, 10, 3, 15, 30)


def test_a_day_whose_hour_comes_twice_begins_at_the_first() -> None:
    # 02:30 comes twice in Berlin on 25 October 2026; the first 02:00 is summer time.
    assert day_start_ms(BERLIN, 2, date(2026, 10, 25)) == utc(2026, 10, 25, 0)


@pytest.mark.parametrize("zone", [BERLIN, SHANGHAI, LORD_HOWE])
def test_a_calendar_grows_day_by_day_and_reaches_far_enough(zone: ZoneInfo) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    starts = calendar(zone, 4, now)
    steps = {after - before for before, after in pairwise(starts)}
    assert all(23 * HOUR_MS <= step <= 25 * HOUR_MS for step in steps)
    now_ms = utc(2026, 11, 22, 12)
    assert starts[0] <= now_ms - 60 * 24 * HOUR_MS
    assert starts[-1] >= now_ms + 430 * 24 * HOUR_MS


def test_a_calendar_stays_the_same_from_one_day_to_the_next() -> None:
    days = [calendar(SHANGHAI, 4, datetime(2026, 6, d, 12, tzinfo=UTC)) for d in (10, 11)]
    assert days[0] == days[1]
