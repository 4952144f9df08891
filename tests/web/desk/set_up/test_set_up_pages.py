"""The pages of places and of what is on: added, changed, taken away, each change written down."""

import re

import pytest
from django.test import Client

from paifang.core.rules import Role
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.staff import make_staff
from paifang.store import models
from tests.desk_makers import Venue, commit, issue, make_venue, shown

PASSWORD = "tea-leaf-42"
MARKUP = "<script>alert('x')</script> & \"Söhne\""
LISTS = ["", "organisers/", "sites/", "zones/", "gates/", "events/", "sessions/", "products/"]


@pytest.fixture
def venue(sqlite_desk: DeskContext) -> Venue:
    made = make_venue()
    for name, role in (("eve", Role.manager), ("bob", Role.supervisor), ("ada", Role.auditor)):
        make_staff(name, name=name.title(), role=role, password=PASSWORD)
    publish()
    return made


def signed_in(username: str = "eve", language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language, "X-Forwarded-For": "10.0.0.9"})
    client.post("/sign-in/", {"username": username, "password": PASSWORD})
    return client


def written() -> list[tuple[str, str]]:
    entries = models.AuditEntry.objects.exclude(what__startswith="sign_in")
    return [(entry.what, entry.subject) for entry in entries]


@pytest.mark.parametrize("path", LISTS)
def test_managers_change_auditors_look_others_stay_out(venue: Venue, path: str) -> None:
    page = f"/desk/set-up/{path}"
    assert signed_in().get(page).status_code == 200
    seen = signed_in("ada").get(page)
    assert seen.status_code == 200
    assert "/new/" not in seen.text
    assert signed_in("bob").get(page).status_code == 403
    assert Client().get(page)["Location"] == "/"
    if path:
        for client in (signed_in("ada"), signed_in("bob")):
            assert client.post(f"{page}new/", {"name": "x"}).status_code == 403


@pytest.mark.parametrize("path", [*LISTS, "organisers/new/", "sites/new/", "products/new/"])
def test_the_pages_are_complete_in_chinese(venue: Venue, path: str) -> None:
    page = signed_in(language="zh-hans").get(f"/desk/set-up/{path}").text
    told = re.sub(r"<(script|svg|title|select).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    english = set(re.findall(r"[A-Za-z]{4,}", told))
    assert english <= {
        "English",
        "Excel",
        "fair",
        "Door",
        "Hall",
        "Site",
        "Host",
        "Asia",
        "Shanghai",
        "Adult",
    }


def test_an_empty_installation_says_what_is_missing_and_each_step_leads_on(
    sqlite_desk: DeskContext,
) -> None:
    make_staff("eve", name="Eve", role=Role.manager, password=PASSWORD)
    client = signed_in()
    page = client.get("/desk/set-up/").text
    assert "8 steps are missing" in page
    assert "Next: An organiser" in page
    client.post("/desk/set-up/organisers/new/", {"name": "Höhenweg Messen"})
    host = models.Organiser.objects.get()
    assert host.slug == "hohenweg-messen"
    place = {"organiser": host.pk, "time_zone": "Europe/Berlin", "day_start_hour": "4"}
    client.post("/desk/set-up/sites/new/", {"name": "会展中心", **place})
    site = models.Site.objects.get()
    assert re.fullmatch(r"site-[0-9a-f]{8}", site.slug)
    area = {"site": site.pk, "cap": "500", "alarm_percent": "80"}
    client.post("/desk/set-up/zones/new/", {"name": "Hall", **area})
    zone = models.Zone.objects.get()
    client.post("/desk/set-up/gates/new/", {"name": "North", "zone": zone.pk, "entry": "on"})
    days = {"first_day": "2027-05-01", "last_day": "2027-05-05"}
    asked = {"name": "Fair", "organiser": host.pk, "sites": [site.pk], **days}
    client.post("/desk/set-up/events/new/", asked)
    event = models.Event.objects.get()
    assert event.starts_at is not None
    assert event.starts_at.isoformat() == "2027-05-01T02:00:00+00:00"
    assert event.ends_at is not None
    assert event.ends_at.isoformat() == "2027-05-06T02:00:00+00:00"
    assert "3 steps are missing" in client.get("/desk/set-up/").text
    centre = sqlite_desk.ledger.rules().centre
    assert (centre.zones["hall"].cap, centre.gates["north"].directions) == (500, ("entry",))
    assert centre.gates["north"].events == (event.number,)
    assert ("zone_added", "hall: Hall") in written()


def test_what_is_wrong_is_said_at_the_field_and_nothing_is_lost(venue: Venue) -> None:
    client = signed_in()
    asked = {"name": "Lake", "site": venue.site.pk, "cap": "-3", "alarm_percent": "900"}
    answer = client.post("/desk/set-up/zones/new/", asked)
    assert answer.status_code == 422
    assert 'value="Lake"' in answer.text
    assert answer.text.count('class="wrong"') == 2
    assert not models.Zone.objects.filter(name="Lake").exists()
    answer = client.post("/desk/set-up/gates/new/", {"name": "G", "zone": venue.zone.pk})
    assert "Choose at least one way." in answer.text
    long = client.post("/desk/set-up/organisers/new/", {"name": "x" * 201})
    assert long.status_code == 422
    nul = client.post("/desk/set-up/organisers/new/", {"name": "x\x00y"})
    assert nul.status_code == 422


def test_markup_in_a_name_stays_text(venue: Venue) -> None:
    client = signed_in()
    client.post("/desk/set-up/organisers/new/", {"name": MARKUP, "name_zh": MARKUP})
    for language in ("en", "zh-hans"):
        page = signed_in(language=language).get("/desk/set-up/organisers/").text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def change(client: Client, row: models.Gate | models.Zone, **fields: object) -> tuple[int, str]:
    """Post a row's form with some fields changed, from the version given or the present one."""
    row.refresh_from_db()
    asked: dict[str, object] = {"name": row.name, "slug": row.slug, "version": row.version}
    if isinstance(row, models.Gate):
        asked |= {"zone": row.zone_id, "entry": "on", "exit": "on"}
    else:
        asked |= {"site": row.site_id, "cap": row.cap, "alarm_percent": row.alarm_percent}
    kind = "gates" if isinstance(row, models.Gate) else "zones"
    answer = client.post(f"/desk/set-up/{kind}/{row.pk}/", asked | fields)
    return answer.status_code, answer.content.decode()


def test_the_second_of_two_sees_the_others_change_beside_their_own(venue: Venue) -> None:
    first, second = signed_in(), signed_in()
    assert change(first, venue.gate, name="North door", name_zh="北门")[0] == 302
    status, page = change(second, venue.gate, name="Main door", version=1)
    assert status == 409
    assert "eve has changed this while you were typing" in page
    assert "Now it says: North door" in page
    assert 'value="Main door"' in page
    assert 'name="version" value="2"' in page
    venue.gate.refresh_from_db()
    assert venue.gate.name == "North door"
    assert change(second, venue.gate, name="Main door")[0] == 302
    assert [subject for what, subject in written() if what == "gate_changed"] == [
        'fair-door: name Door -> North door; name_zh "" -> 北门',
        'fair-door: name North door -> Main door; name_zh 北门 -> ""',
    ]


def test_short_names_stay_once_something_names_them(venue: Venue) -> None:
    client = signed_in()
    status, page = change(client, venue.gate, slug="main")
    assert (status, "The short name stays" in page) == (422, True)
    free = models.Gate.objects.create(zone=venue.zone, slug="side", name="Side")
    assert change(client, free, slug="Not A Slug")[0] == 422
    status, page = change(client, free, slug="fair-door")
    assert (status, "This short name is taken." in page) == (422, True)
    assert change(client, free, slug="side-door")[0] == 302
    free.refresh_from_db()
    assert free.slug == "side-door"


def test_only_what_nothing_refers_to_is_taken_away(venue: Venue) -> None:
    client = signed_in()
    free = models.Gate.objects.create(zone=venue.zone, slug="side", name="Side")
    assert client.post(f"/desk/set-up/gates/{free.pk}/remove/").status_code == 302
    assert not models.Gate.objects.filter(pk=free.pk).exists()
    for path, uses in (
        (f"gates/{venue.gate.pk}", "terminals"),
        (f"zones/{venue.zone.pk}", "gates, products"),
        (f"sites/{venue.site.pk}", "zones, events"),
        (f"events/{venue.event.pk}", "products"),
        (f"organisers/{venue.event.organiser_id}", "sites, events"),
    ):
        answer = client.post(f"/desk/set-up/{path}/remove/")
        assert (answer.status_code, uses in answer.text) == (409, True), path


def test_a_cap_below_the_people_inside_is_set_knowingly_only(
    venue: Venue, sqlite_desk: DeskContext
) -> None:
    issued = issue(sqlite_desk, venue, [Attendee(name="A"), Attendee(name="B")])
    commit(sqlite_desk, *(shown(sqlite_desk, venue, one.code, one.code) for one in issued))
    client = signed_in()
    status, page = change(client, venue.zone, cap=1)
    assert (status, "2 people are inside now, more than the 1 you allow" in page) == (409, True)
    venue.zone.refresh_from_db()
    assert venue.zone.cap == 0
    assert change(client, venue.zone, cap=1, why="the floor is wet")[0] == 302
    assert models.AuditEntry.objects.get(what="zone_changed").why == "the floor is wet"
    assert sqlite_desk.ledger.rules().centre.zones["fair-hall"].cap == 1


def test_a_session_with_tickets_is_not_taken_away_and_its_time_changes_with_a_reason(
    venue: Venue, sqlite_desk: DeskContext
) -> None:
    client = signed_in()
    asked = {
        "name": "Morning",
        "event": venue.event.pk,
        "opens_at": "2027-05-01T09:00",
        "closes_at": "2027-05-01T11:00",
        "cap": "0",
    }
    assert client.post("/desk/set-up/sessions/new/", asked).status_code == 302
    session = models.Session.objects.get()
    assert session.opens_at.isoformat() == "2027-05-01T01:00:00+00:00"
    issue(sqlite_desk, venue, [Attendee(name="A", session=session.number)])
    page = f"/desk/set-up/sessions/{session.pk}/"
    answer = client.post(f"{page}remove/")
    assert (answer.status_code, "the records name it: tickets" in answer.text) == (409, True)
    later = {**asked, "closes_at": "2027-05-01T12:00", "version": "1"}
    answer = client.post(page, later)
    assert (answer.status_code, "1 ticket has been issued already" in answer.text) == (409, True)
    assert "Gates: Door." in answer.text
    assert client.post(page, {**later, "why": "the boat is late"}).status_code == 302
    backwards = {**asked, "closes_at": "2027-05-01T08:00", "version": "2"}
    assert "It ends before it begins." in client.post(page, backwards).text
