"""What the clock on a site's wall shows, as instants: around changes of the clocks too."""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from paifang.services.desk.calendar import day_start_ms
from paifang.store.models import Site


class Shown(StrEnum):
    """How often a clock shows a time on its day."""

    once = "once"
    twice = "twice"
    never = "never"


def instant_of(zone: ZoneInfo, shown: datetime) -> tuple[datetime, Shown]:
    """Return when a clock shows a time, in UTC, and how often it does.

    A time shown twice is the first of the two; of one that is skipped, the instant at which the
    clocks are put forward over it.
    """
    first = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = shown.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first == second:
        return first, Shown.once
    if first.astimezone(zone).replace(tzinfo=None) == shown:
        return first, Shown.twice
    return _jump(zone, shown, second, first), Shown.never


def _jump(zone: ZoneInfo, shown: datetime, low: datetime, high: datetime) -> datetime:
    """Return the first minute at which a clock has jumped over what it would have shown."""
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < shown:
            low = middle
        else:
            high = middle
    return high.replace(second=0, microsecond=0)


def day_begins(site: Site, day: date) -> datetime:
    """Return when a site's day begins, in UTC."""
    return datetime.fromtimestamp(
        day_start_ms(site.zone_info, site.day_start_hour, day) / 1000, UTC
    )


def day_ends(site: Site, day: date) -> datetime:
    """Return when a site's day is over, in UTC: when the next one begins."""
    return day_begins(site, day + timedelta(days=1))


def day_of(site: Site, moment: datetime) -> date:
    """Return the site's day that holds an instant."""
    local = moment.astimezone(site.zone_info)
    if moment < day_begins(site, local.date()):
        return local.date() - timedelta(days=1)
    return local.date()


def at(site: Site, day: date, clock: time) -> datetime:
    """Return the instant of a day's time on the site's clock, in UTC."""
    return instant_of(site.zone_info, datetime.combine(day, clock))[0]
