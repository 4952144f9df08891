"""The days of a site as UTC instants, so that the gates need no time zone.

A day begins when the local clock shows the site's hour. Where clocks are put forward over that
hour, it begins right after the gap; where they are put back, at the first of the two.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAYS_BACK: Final = 60
DAYS_AHEAD: Final = 430


def calendar(zone: ZoneInfo, hour: int, now: datetime) -> tuple[int, ...]:
    """Return when days begin, ascending, UTC milliseconds, around `now`.

    From the month that holds the day 60 days back to the end of the one that holds the day 430
    ahead: whole months, so that the calendar, and with it the bundle, changes once a month.
    """
    today = now.astimezone(zone).date()
    first = (today - timedelta(days=DAYS_BACK)).replace(day=1)
    last = _next_month(today + timedelta(days=DAYS_AHEAD))
    days = (last - first).days
    return tuple(day_start_ms(zone, hour, first + timedelta(days=n)) for n in range(days + 1))


def day_start_ms(zone: ZoneInfo, hour: int, day: date) -> int:
    """Return the instant at which a day begins, in UTC milliseconds."""
    return int(_day_start(zone, hour, day).timestamp() * 1000)


def _day_start(zone: ZoneInfo, hour: int, day: date) -> datetime:
    local = datetime.combine(day, time(hour), tzinfo=zone)
    start = local.astimezone(UTC)
    if start.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return start
    # The hour does not exist on this day: look for the minute at which the clock jumped over it.
    low, high = start - timedelta(hours=3), start + timedelta(hours=3)
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < local.replace(tzinfo=None):
            low = middle
        else:
            high = middle
    return high.replace(second=0, microsecond=0)


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
