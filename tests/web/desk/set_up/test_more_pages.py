"""The pages of many at once, of the floor plan and of the rules."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from paifang.core import limits
from paifang.core.rules import Role
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.staff import make_staff
from paifang.store import models
from tests.desk_makers import Venue, make_venue

PASSWORD = "tea-leaf-42"


@pytest.fixture
def venue(sqlite_desk: DeskContext) -> Venue:
    made = make_venue()
    for name, role in (("eve", Role.manager), ("bob", Role.supervisor), ("ada", Role.auditor)):
        make_staff(name, name=name.title(), role=role, password=PASSWORD)
    publish("eve")
    return made


def signed_in(username: str = "eve", language: str = "en", *, strict: bool = False) -> Client:
    client = Client(headers={"Accept-Language": language}, enforce_csrf_checks=False)
    client.post("/sign-in/", {"username": username, "password": PASSWORD})
    client.handler.enforce_csrf_checks = strict
    return client


def picture(size: tuple[int, int] = (400, 200)) -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG")
    return SimpleUploadedFile("plan.svg", file.getvalue(), "image/svg+xml")


def pages_of(venue: Venue) -> list[str]:
    return [
        "/desk/set-up/many-sessions/",
        f"/desk/set-up/events/{venue.event.pk}/clone/",
        f"/desk/set-up/sites/{venue.site.pk}/plan/",
        "/desk/set-up/rules/",
        "/desk/set-up/rules/?layer=node",
        "/desk/set-up/rules/centre/1/",
        "/desk/set-up/lanes/",
    ]


def test_the_pages_open_for_their_roles_and_are_complete_in_chinese(venue: Venue) -> None:
    eve, bob = signed_in(language="zh-hans"), signed_in("bob")
    for path in pages_of(venue):
        page = eve.get(path)
        assert page.status_code == 200, path
        told = re.sub(
            r"<(script|svg|title|option).*?</\1>|<[^>]+>", " ", page.text, flags=re.DOTALL
        )
        english = set(re.findall(r"[A-Za-z]{4,}", told))
        assert english <= {
            *("English", "fair", "Door", "Hall", "Site", "Host", "Fair", "Adult", "JPEG", "WebP"),
            *("Asia", "Shanghai", "door"),
        }, path
        assert bob.get(path).status_code == 403, path
        assert Client().get(path).status_code == 302, path


def test_sessions_are_planned_then_made(venue: Venue) -> None:
    client = signed_in()
    asked = {
        "event": venue.event.pk,
        "name": "Boat",
        "first_day": "2027-05-01",
        "last_day": "2027-05-02",
        "weekdays": ["5", "6"],
        "starts": "9:00，11：30、14",
        "minutes": "60",
        "cap": "30",
    }
    page = client.post("/desk/set-up/many-sessions/", {**asked, "do": "look"})
    assert "6 sessions will be made." in page.text
    assert not models.Session.objects.exists()
    made = client.post("/desk/set-up/many-sessions/", {**asked, "do": "make"})
    assert made.status_code == 302
    assert models.Session.objects.count() == 6
    again = client.post("/desk/set-up/many-sessions/", {**asked, "do": "look"})
    assert "0 sessions will be made." in again.text
    assert again.text.count('data-about="exists"') == 6
    wrong = client.post("/desk/set-up/many-sessions/", {**asked, "starts": "9:00, 25:00"})
    assert (wrong.status_code, "This is no time of day: 25:00" in wrong.text) == (422, True)
    many = client.post("/desk/set-up/many-sessions/", {**asked, "last_day": "2036-05-01"})
    assert many.status_code == 422
    later = client.post("/desk/set-up/many-sessions/", {**asked, "last_day": "2027-04-01"})
    assert "The last day is before the first." in later.text


def test_an_event_is_made_once_more(venue: Venue) -> None:
    client = signed_in()
    page = f"/desk/set-up/events/{venue.event.pk}/clone/"
    assert client.post(page, {"name": "", "days": "7"}).status_code == 422
    assert client.post(page, {"name": "Autumn fair", "days": "182"}).status_code == 302
    assert models.Event.objects.get(slug="autumn-fair").products.count() == 1


def test_a_plan_is_uploaded_shown_and_its_gates_are_placed(venue: Venue) -> None:
    client = signed_in()
    page = f"/desk/set-up/sites/{venue.site.pk}/plan/"
    assert client.get(f"{page}picture.webp").status_code == 404
    assert client.post(f"{page}upload/", {"picture": picture()}).status_code == 302
    given = client.get(f"{page}picture.webp")
    assert given["Content-Type"] == "image/webp"
    assert given["X-Content-Type-Options"] == "nosniff"
    assert given["Cache-Control"] == "private, no-cache"
    assert signed_in("ada").get(f"{page}picture.webp").status_code == 200
    assert signed_in("bob").get(f"{page}picture.webp").status_code == 403
    assert Client().get(f"{page}picture.webp").status_code == 302
    gate = venue.gate.pk
    assert client.post(page, {f"{gate}-x": "250", f"{gate}-y": "500"}).status_code == 302
    assert 'transform="translate(250, 250)"' in client.get(page).text
    assert client.post(page, {f"{gate}-x": "2000", f"{gate}-y": "5"}).status_code == 422
    assert signed_in("ada").post(page, {f"{gate}-x": "1", f"{gate}-y": "1"}).status_code == 403
    venue.gate.refresh_from_db()
    assert (venue.gate.plan_x, venue.gate.plan_y) == (250, 500)
    assert client.post(f"{page}remove/").status_code == 302
    assert "There is no picture yet." in client.get(page).text


def test_what_is_no_picture_is_refused_in_words_and_a_huge_one_before_it_is_read(
    venue: Venue,
) -> None:
    client = signed_in()
    page = f"/desk/set-up/sites/{venue.site.pk}/plan/upload/"
    wrong = client.post(page, {"picture": SimpleUploadedFile("plan.png", b"<svg/>", "image/png")})
    assert (wrong.status_code, "This is no picture" in wrong.text) == (422, True)
    assert "Choose a picture first." in client.post(page).text
    huge = client.post(page, CONTENT_LENGTH=str(limits.FLOOR_PLAN_BYTES_MAX * 2))
    assert (huge.status_code, "too large for a plan" in huge.text) == (413, True)
    assert signed_in(strict=True).post(page, {"picture": picture()}).status_code == 403


def test_the_rules_say_what_changed_in_words(venue: Venue) -> None:
    client = signed_in()
    asked = {"name": "Hall", "site": venue.site.pk, "cap": "90", "alarm_percent": "90"}
    client.post(
        f"/desk/set-up/zones/{venue.zone.pk}/", {**asked, "slug": "fair-hall", "version": "1"}
    )
    page = client.get("/desk/set-up/rules/").text
    assert "name in Chinese 展馆 → –; people at most 0 → 90." in page
    assert (
        "Product Adult added. Valid at any time, one entry"
        in client.get("/desk/set-up/rules/centre/1/").text
    )
    one = client.get("/desk/set-up/rules/centre/2/").text
    assert "Zone Hall: " in one
    assert "fair-1" in one
    node = client.get("/desk/set-up/rules/node/1/").text
    assert "Terminal fair-1 added." in node
    assert client.get("/desk/set-up/rules/centre/99/").status_code == 404
