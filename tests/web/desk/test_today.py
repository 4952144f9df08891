"""Today: one number everywhere, for those who may see it, and nothing of anybody's person."""

import re
import time

import pytest
from django.test import Client
from msgspec import structs

from paifang.core import limits
from paifang.core.rules import Role
from paifang.ledger.commands import Override, Record
from paifang.services.desk import projector
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee, Issued
from paifang.services.desk.permissions import ALLOWED, Act, Actor, NotPermitted
from paifang.services.desk.places_to_watch import places
from paifang.services.desk.staff import make_staff
from paifang.services.desk.terminal_list import SILENT_MS
from paifang.services.desk.today import Today, today
from paifang.store import models
from tests.desk_makers import DAY, NOW, Venue, commit, issue, make_venue, shown

PASSWORD = "tea-leaf-42"
MANAGER = Actor("eve", Role.manager)
GUESTS = [
    Attendee(name=f"Guest {n} Ouyang", reference=f"R{n}", company="Secret Tea", phone="13800001111")
    for n in range(10)
]


def signed_in(role: Role, language: str = "en") -> Client:
    make_staff(role.value, name=role.value.title(), role=role, password=PASSWORD)
    client = Client(headers={"Accept-Language": language})
    client.post("/sign-in/", {"username": role.value, "password": PASSWORD})
    return client


def now_at(desk: DeskContext) -> Today:
    rules = desk.ledger.rules()
    place = places(rules, int(time.time() * 1000))[0]
    return today(MANAGER, rules, place)


def busy(desk: DeskContext, venue: Venue, guests: list[Issued]) -> None:
    """Seven come, one of them twice, one goes, one is let in by hand, two are told of late."""
    for n, one in enumerate(guests[:6]):
        commit(desk, shown(desk, venue, one.code, f"in-{n}"))
    commit(desk, shown(desk, venue, guests[0].code, "again"))
    commit(desk, shown(desk, venue, guests[0].code, "out", "exit"))
    over = shown(desk, venue, guests[1].code, "over")
    commit(desk, Override(request_id="over", admit=over, reason_text="knows the host"))
    now_ms = int(time.time() * 1000)
    late = shown(desk, venue, guests[2].code, "late")
    commit(desk, Record(request_id="late", admit=late, at_ms=now_ms - 1_000))
    day_ms = desk.ledger.rules().centre.sites[venue.site.slug].day_at(now_ms)
    before = shown(desk, venue, guests[7].code, "yesterday")
    commit(desk, Record(request_id="yesterday", admit=before, at_ms=day_ms - 1))
    projector.project_all()


def test_the_figures_are_those_of_the_ledger_and_only_of_today(desk: DeskContext) -> None:
    venue = make_venue()
    busy(desk, venue, issue(desk, venue, GUESTS))
    told = now_at(desk)
    (count,) = desk.ledger.occupancy()
    (zone,) = told.zones
    (gate,) = told.gates
    assert (zone.entries, zone.exits, zone.inside) == (count.entries, count.exits, count.inside)
    assert (gate.entries, gate.exits, gate.refused) == (8, 1, 1)
    assert sum(bar[1] for bar in told.minutes.bars) == zone.entries == 8
    assert told.minutes.peak >= 7
    assert (told.issued.tickets, told.issued.today) == (10, 10)
    assert (told.counted.overrides, told.counted.conflicts) == (1, 1)
    assert [(reason.value, n) for reason, n in told.counted.reasons.items()] == [
        ("already_used", 1)
    ]
    assert 0 <= told.now_ms - told.as_of_ms < 1_000
    assert {alarm.code.value for alarm in told.alarms} >= {"conflicts", "overrides"}


def test_after_a_quiet_time_the_figures_are_not_called_late(sqlite_desk: DeskContext) -> None:
    venue = make_venue()
    (guest,) = issue(sqlite_desk, venue, GUESTS[:1])
    projector.project_all()
    # As if the last row had been taken in an hour ago, and then one scan came.
    models.Position.objects.update(at_ms=int(time.time() * 1000) - 3_600_000)
    commit(sqlite_desk, shown(sqlite_desk, venue, guest.code, "in"))
    told = now_at(sqlite_desk)
    assert 0 <= told.now_ms - told.as_of_ms < limits.FIGURES_LATE_MS
    assert not told.alarms


def test_a_zone_near_its_cap_and_devices_in_trouble_need_somebody(
    sqlite_desk: DeskContext,
) -> None:
    venue = make_venue()
    models.Zone.objects.update(cap=10)
    guests = issue(sqlite_desk, venue, GUESTS)
    for n, one in enumerate(guests[:9]):
        commit(sqlite_desk, shown(sqlite_desk, venue, one.code, f"in-{n}"))
    models.TerminalStatus.objects.create(
        terminal=venue.terminal,
        seen_at_ms=int(time.time() * 1000) - SILENT_MS - 5_000,
        unsent=3,
        battery=9,
        clock_offset_ms=-90_000,
    )
    codes = [alarm.code.value for alarm in now_at(sqlite_desk).alarms]
    assert codes == ["zone_near", "terminal_silent", "records_unsent", "battery_low", "clock_off"]
    commit(sqlite_desk, shown(sqlite_desk, venue, guests[9].code, "in-9"))
    assert now_at(sqlite_desk).alarms[0].code.value == "zone_full"
    page = signed_in(Role.manager).get("/desk/today/").text
    assert "Hall is full (100 %)" in page
    assert "fair-1: battery at 9 %" in page
    assert "data-silent" in page


@pytest.mark.parametrize("role", list(Role))
def test_each_role_sees_today_as_the_table_says(sqlite_desk: DeskContext, role: Role) -> None:
    make_venue()
    publish()
    expected = 200 if role in ALLOWED[Act.see_today] else 403
    client = signed_in(role)
    assert client.get("/desk/today/").status_code == expected
    assert client.get("/desk/today/figures").status_code == expected
    rules = sqlite_desk.ledger.rules()
    if expected == 200:
        assert 'aria-current="page"' in client.get("/desk/today/").text
    else:
        with pytest.raises(NotPermitted):
            today(Actor("x", role), rules, places(rules, 0)[0])


def test_a_visitor_comes_to_the_sign_in(sqlite_desk: DeskContext) -> None:
    answer = Client().get("/desk/today/figures")
    assert (answer.status_code, answer["Location"]) == (302, "/")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["Inside now", "Needs you"]), ("zh-hans", ["当前在场", "需要处理"])],
)
def test_nothing_personal_and_nothing_inline_stands_on_it(
    sqlite_desk: DeskContext, language: str, words: list[str]
) -> None:
    venue = make_venue()
    venue.gate.name = venue.gate.name_zh = "<b>Door</b>"
    venue.gate.save()
    busy(sqlite_desk, venue, issue(sqlite_desk, venue, GUESTS))
    page = signed_in(Role.regulator, language).get("/desk/today/").text
    for text in words:
        assert text in page
    for secret in ("Ouyang", "Secret Tea", "13800001111", "knows the host"):
        assert secret not in page
    assert "&lt;b&gt;Door&lt;/b&gt;" in page
    assert not re.search(r"\s(?:style|on\w+)=", page)


def test_without_an_event_it_says_so_and_an_unknown_place_is_the_first(
    sqlite_desk: DeskContext,
) -> None:
    client = signed_in(Role.manager)
    assert "There is no event yet" in client.get("/desk/today/").text
    make_venue()
    publish()
    page = client.get("/desk/today/?at=nowhere:at-all").text
    assert '<option value="fair:fair-site" selected>' in page


def test_what_is_on_now_comes_first(sqlite_desk: DeskContext) -> None:
    spans = {"over": (-9, -2), "soon": (3, 9), "on": (-1, 1)}
    for number, (slug, (start, end)) in enumerate(spans.items(), 1):
        made = make_venue(slug, number)
        made.event.starts_at, made.event.ends_at = NOW + start * DAY, NOW + end * DAY
        made.event.save()
    publish()
    found = places(sqlite_desk.ledger.rules(), int(time.time() * 1000))
    assert [place.event.slug for place in found] == ["on", "soon", "over"]


def test_a_group_counts_by_its_people(sqlite_desk: DeskContext) -> None:
    venue = make_venue()
    (group,) = issue(sqlite_desk, venue, [Attendee(name="Class", reference="G", people=30)])
    commit(sqlite_desk, structs.replace(shown(sqlite_desk, venue, group.code, "in"), count=20))
    projector.project_all()
    told = now_at(sqlite_desk)
    assert (told.zones[0].inside, told.gates[0].entries, told.minutes.peak) == (20, 20, 20)
