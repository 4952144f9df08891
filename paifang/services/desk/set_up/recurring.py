"""Recurring sessions made in one go: days of the week times hours, by the clock of the site.

What is planned is shown before it is made, and made again it makes nothing twice: a slot of the
same times is passed over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction

from paifang.core import limits
from paifang.services.desk import audit
from paifang.services.desk.compile import publish
from paifang.services.desk.permissions import Actor
from paifang.services.desk.selling.counters import bring_sessions
from paifang.services.desk.set_up import rows
from paifang.services.desk.set_up.faults import Refused
from paifang.services.desk.set_up.local_clock import Shown, instant_of
from paifang.store.models import Event, Session


class About(StrEnum):
    """What is to be known of a planned slot. Those that exist or never come are not made."""

    new = "new"
    exists = "exists"
    overlaps = "overlaps"
    skipped_hour = "skipped_hour"
    repeated_hour = "repeated_hour"
    no_time = "no_time"


NOT_MADE = frozenset({About.exists, About.no_time})


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which slots: on these days of the week (Monday is 0), at these hours, so many minutes long.

    The times are those of the clock on the wall; a slot may run past midnight.
    """

    first: date
    last: date
    weekdays: frozenset[int]
    starts: tuple[time, ...]
    minutes: int
    name: str
    name_zh: str = ""
    cap: int = 0


class Planned(NamedTuple):
    """One slot of a plan, in UTC, and the name of the session it meets, "" without."""

    opens_at: datetime
    closes_at: datetime
    shown: str
    about: About
    other: str = ""


def plan(pattern: Pattern, zone: ZoneInfo, existing: Sequence[Session]) -> list[Planned]:
    """Return the slots of a pattern in order, each with what is to be known of it.

    Args:
        pattern: Which.
        zone: The time zone of the site.
        existing: The sessions the event has.

    Raises:
        Refused: `too_many_sessions` for one go.
    """
    days = (pattern.last - pattern.first).days + 1
    wanted = [
        datetime.combine(day, start)
        for day in (pattern.first + timedelta(days=n) for n in range(max(0, days)))
        if day.weekday() in pattern.weekdays
        for start in sorted(set(pattern.starts))
    ]
    if len(wanted) > limits.SESSIONS_AT_ONCE_MAX:
        raise Refused("too_many_sessions")
    times = {(one.opens_at, one.closes_at): one.name for one in existing}
    spans = sorted((one.opens_at, one.closes_at, one.name) for one in existing)
    planned: list[Planned] = []
    for shown in wanted:
        slot = _slot(shown, pattern.minutes, zone)
        if slot.about is not About.no_time:
            slot = _met(slot, times, spans, planned)
        planned.append(slot)
    return planned


def make_sessions(event: Event, pattern: Pattern, zone: ZoneInfo, by: Actor) -> int:
    """Make the slots of a pattern that are not there yet; return how many.

    Raises:
        Refused: They are too many for one go; nothing was made.
        LedgerFault: They were made, but the gates could not be told yet.
    """
    rows.require_set_up(by)
    with transaction.atomic():
        event = Event.objects.select_for_update().get(pk=event.pk)
        found = plan(pattern, zone, list(event.sessions.all()))
        slots = [slot for slot in found if slot.about not in NOT_MADE]
        if slots:
            first = rows.next_number(Session, len(slots))
            Session.objects.bulk_create(
                Session(
                    event=event,
                    number=first + n,
                    name=_named(pattern.name, slot),
                    name_zh=_named(pattern.name_zh, slot),
                    opens_at=slot.opens_at,
                    closes_at=slot.closes_at,
                    cap=pattern.cap,
                )
                for n, slot in enumerate(slots)
            )
            told = f"{event.slug}: {len(slots)}, {slots[0].shown} to {slots[-1].shown}"
            audit.record("sessions_made", who=by.name, subject=told, where=by.where)
    bring_sessions(event, by.name)
    publish(by.name)
    return len(slots)


def _slot(shown: datetime, minutes: int, zone: ZoneInfo) -> Planned:
    """Return one slot by the clock on the wall; its end is what the clock shows then."""
    opens, how = instant_of(zone, shown)
    closes, _ = instant_of(zone, shown + timedelta(minutes=minutes))
    local = opens.astimezone(zone)
    slot = Planned(opens, closes, f"{local:%m-%d %H:%M}", About.new)
    if closes <= opens:
        return slot._replace(about=About.no_time)
    if how is Shown.never:
        return slot._replace(about=About.skipped_hour)
    return slot._replace(about=About.repeated_hour) if how is Shown.twice else slot


def _met(
    slot: Planned,
    times: dict[tuple[datetime, datetime], str],
    spans: Iterable[tuple[datetime, datetime, str]],
    planned: Sequence[Planned],
) -> Planned:
    """Say whether a slot is there already, or runs into another."""
    same = times.get((slot.opens_at, slot.closes_at))
    if same is not None:
        return slot._replace(about=About.exists, other=same)
    for opens, closes, name in spans:
        if opens < slot.closes_at and slot.opens_at < closes:
            return slot._replace(about=About.overlaps, other=name)
    before = planned[-1] if planned else None
    if before and before.about is not About.no_time and slot.opens_at < before.closes_at:
        return slot._replace(about=About.overlaps, other=before.shown)
    return slot


def _named(name: str, slot: Planned) -> str:
    """Return the name of one slot: that of the pattern, and when it begins."""
    if not name:
        return ""
    room = limits.NAME_CHARS_MAX - len(slot.shown) - 1
    return f"{name[:room]} {slot.shown}"
