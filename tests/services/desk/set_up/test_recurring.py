"""Recurring sessions: planned by the clock on the wall, made once, right around odd hours."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from paifang.core.rules import Role
from paifang.services.desk.context import DeskContext
from paifang.services.desk.permissions import Actor, NotPermitted
from paifang.services.desk.set_up.faults import Refused
from paifang.services.desk.set_up.recurring import About, Pattern, make_sessions, plan
from paifang.store.models import AuditEntry, Session
from tests.desk_makers import make_venue

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")
EVE = Actor("eve", Role.manager)
EVERY_DAY = frozenset(range(7))


def pattern(first: date, last: date, *starts: time, minutes: int = 60) -> Pattern:
    return Pattern(first, last, EVERY_DAY, starts, minutes, "Boat", "游船")


def test_days_of_the_week_times_hours_between_two_dates() -> None:
    may = pattern(date(2027, 5, 1), date(2027, 5, 9), time(14), time(9))
    weekend = replace(may, weekdays=frozenset({5, 6}))
    found = plan(weekend, SHANGHAI, [])
    assert [slot.shown for slot in found] == [
        "05-01 09:00",
        "05-01 14:00",
        "05-02 09:00",
        "05-02 14:00",
        "05-08 09:00",
        "05-08 14:00",
        "05-09 09:00",
        "05-09 14:00",
    ]
    assert found[0].opens_at == datetime(2027, 5, 1, 1, tzinfo=UTC)
    assert {slot.about for slot in found} == {About.new}
    assert plan(replace(may, last=date(2027, 4, 1)), SHANGHAI, []) == []


def test_hours_stay_on_the_wall_when_the_clocks_change() -> None:
    found = plan(pattern(date(2027, 3, 27), date(2027, 3, 29), time(9)), BERLIN, [])
    assert [slot.opens_at.hour for slot in found] == [8, 7, 7]
    assert [(slot.closes_at - slot.opens_at).seconds for slot in found] == [3600] * 3


def test_an_hour_that_is_skipped_and_one_that_comes_twice_are_told() -> None:
    (skipped,) = plan(pattern(date(2027, 3, 28), date(2027, 3, 28), time(2, 30)), BERLIN, [])
    assert (skipped.about, skipped.shown) == (About.skipped_hour, "03-28 03:00")
    (twice,) = plan(pattern(date(2027, 10, 31), date(2027, 10, 31), time(2, 30)), BERLIN, [])
    assert (twice.about, twice.opens_at) == (
        About.repeated_hour,
        datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
    )
    nothing = pattern(date(2027, 3, 28), date(2027, 3, 28), time(2), minutes=60)
    assert [slot.about for slot in plan(nothing, BERLIN, [])] == [About.no_time]


def test_a_slot_may_run_past_midnight() -> None:
    (slot,) = plan(pattern(date(2027, 5, 1), date(2027, 5, 1), time(23), minutes=150), SHANGHAI, [])
    assert slot.closes_at == datetime(2027, 5, 1, 17, 30, tzinfo=UTC)


def test_made_twice_it_makes_nothing_twice_and_conflicts_are_named(
    sqlite_desk: DeskContext,
) -> None:
    venue = make_venue()
    wanted = pattern(date(2027, 5, 1), date(2027, 5, 2), time(9), time(11))
    assert make_sessions(venue.event, wanted, SHANGHAI, EVE) == 4
    assert make_sessions(venue.event, wanted, SHANGHAI, EVE) == 0
    names = list(Session.objects.order_by("number").values_list("name", "name_zh"))
    assert names[0] == ("Boat 05-01 09:00", "游船 05-01 09:00")
    assert len(names) == len(sqlite_desk.ledger.rules().centre.sessions) == 4
    found = plan(
        replace(wanted, starts=(time(9), time(9, 30), time(10, 30), time(12))),
        SHANGHAI,
        list(Session.objects.all()),
    )
    assert [(slot.about, slot.other) for slot in found[:4]] == [
        (About.exists, "Boat 05-01 09:00"),
        (About.overlaps, "Boat 05-01 09:00"),
        (About.overlaps, "Boat 05-01 11:00"),
        (About.new, ""),
    ]
    crowded = plan(replace(wanted, minutes=180, starts=(time(15), time(16))), SHANGHAI, [])
    assert (crowded[1].about, crowded[1].other) == (About.overlaps, "05-01 15:00")
    told = AuditEntry.objects.get(what="sessions_made")
    assert told.subject == "fair: 4, 05-01 09:00 to 05-02 11:00"


def test_too_many_are_refused_before_anything_is_made(sqlite_desk: DeskContext) -> None:
    venue = make_venue()
    years = pattern(date(2027, 1, 1), date(2036, 1, 1), time(9))
    with pytest.raises(Refused, match="too_many_sessions"):
        make_sessions(venue.event, years, SHANGHAI, EVE)
    with pytest.raises(NotPermitted):
        make_sessions(venue.event, years, SHANGHAI, Actor("bob", Role.supervisor))
    assert not Session.objects.exists()
