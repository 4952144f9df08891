"""The pages of products: chosen by kind, adjusted, looked at, kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from paifang.core.rules import Role
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.set_up.kinds import Kind
from paifang.services.desk.staff import make_staff
from paifang.store import models
from tests.desk_makers import NOW, Venue, issue, make_venue

PASSWORD = "tea-leaf-42"
DAY = timedelta(days=1)


@pytest.fixture
def venue(sqlite_desk: DeskContext) -> Venue:
    made = make_venue()
    make_staff("eve", name="Eve", role=Role.manager, password=PASSWORD)
    publish()
    return made


def signed_in(language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.post("/sign-in/", {"username": "eve", "password": PASSWORD})
    return client


def typed(*places: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return what a browser posts for a product with these places."""
    plain = {
        "uses_max": 1,
        "day_uses_max": 0,
        "gate_uses_max": 0,
        "days_max": 0,
        "valid_days": 0,
    }
    posted: dict[str, Any] = {
        "name": "Adult",
        "people": 1,
        "identity": "none",
        "form-TOTAL_FORMS": len(places),
        "form-INITIAL_FORMS": 0,
        "do": "save",
        **fields,
    }
    for n, place in enumerate(places):
        posted |= {f"form-{n}-{name}": value for name, value in (plain | place).items()}
    return posted


def new(kind: Kind) -> str:
    return f"/desk/set-up/products/new/?kind={kind.value}"


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_kind_starts_with_something_that_can_be_kept(
    venue: Venue, kind: Kind, language: str
) -> None:
    page = signed_in(language).get(new(kind))
    assert page.status_code == 200
    assert "data-verdict" in page.text


def test_a_product_is_kept_said_in_words_and_in_force(
    venue: Venue, sqlite_desk: DeskContext
) -> None:
    client = signed_in()
    place = {
        "zone": venue.zone.pk,
        "gates": [venue.gate.pk],
        "first_day": "2027-05-01",
        "last_day": "2027-05-05",
        "uses_max": 0,
        "day_uses_max": 1,
        "days_max": 2,
        "again": "on",
    }
    answer = client.post(new(Kind.multi_day), typed(place, name="Two days", name_zh="两日票"))
    assert answer.status_code == 302
    product = models.Product.objects.get(name="Two days")
    (rule,) = sqlite_desk.ledger.rules().centre.products[product.number].entitlements
    assert (rule.days_max, rule.day_uses_max, rule.gates) == (2, 1, ("fair-door",))
    words = (
        "Valid on any 2 of the days 1–5 May 2027, once a day, re-entry after exit, through Door."
    )
    assert words in client.get("/desk/set-up/products/").text
    chinese = signed_in("zh-hans").get("/desk/set-up/products/").text
    assert "2027年5月1日至5日" in chinese
    again = client.get(f"/desk/set-up/products/{product.pk}/").text
    assert 'value="2027-05-01"' in again
    assert 'value="2027-05-05"' in again
    assert words in again


def test_the_preview_says_what_the_gates_would_and_keeps_nothing(
    venue: Venue, sqlite_desk: DeskContext
) -> None:
    client = signed_in()
    before = sqlite_desk.ledger.rules()
    at = (NOW.astimezone(venue.site.zone_info)).strftime("%Y-%m-%dT%H:%M")
    asked = typed({"zone": venue.zone.pk}, name="", at=at)
    page = client.post("/desk/set-up/products/preview/?kind=single", asked)
    assert page.status_code == 200
    assert "<html" not in page.text
    assert "Valid at any time, one entry, no re-entry" in page.text
    assert page.text.count('data-verdict="admit"') == 1
    back = asked | {"form-0-again": "on"}
    page = client.post("/desk/set-up/products/preview/", back)
    assert page.text.count('data-verdict="admit"') == 2
    assert "Welcome back" in page.text
    voucher = asked | {"exchange_required": "on"}
    assert 'data-verdict="admit"' not in client.post("/desk/set-up/products/preview/", voucher).text
    settled = client.post("/desk/set-up/products/preview/", voucher | {"settled": "on"}).text
    assert 'data-verdict="admit"' in settled
    wrong = asked | {"form-0-zone": "nonsense"}
    assert "Complete the fields" in client.post("/desk/set-up/products/preview/", wrong).text
    assert models.Product.objects.count() == 1
    assert sqlite_desk.ledger.rules() == before


def test_a_look_and_another_place_need_no_script(venue: Venue) -> None:
    client = signed_in()
    page = client.post(new(Kind.single), typed({"zone": venue.zone.pk}, do="look", name=""))
    assert (page.status_code, 'data-verdict="admit"' in page.text) == (200, True)
    page = client.post(new(Kind.single), typed({"zone": venue.zone.pk}, do="more"))
    assert (page.status_code, "Place 2" in page.text) == (200, True)
    assert models.Product.objects.count() == 1


def test_what_is_wrong_with_a_place_is_said_there(venue: Venue) -> None:
    other = make_venue("lake", 2)
    client = signed_in()
    page = f"{new(Kind.single)}&event={venue.event.pk}"
    for place, words in (
        ({"zone": venue.zone.pk, "first_day": "2027-05-02", "last_day": "2027-05-01"}, "It ends"),
        ({"zone": venue.zone.pk, "from_time": "09:00"}, "Which day is meant?"),
        ({"zone": other.zone.pk}, 'aria-invalid="true"'),
        ({"zone": venue.zone.pk, "uses_max": -1}, 'aria-invalid="true"'),
    ):
        answer = client.post(page, typed(place))
        assert (answer.status_code, words in answer.text) == (422, True), words
    none = client.post(page, typed({"zone": venue.zone.pk, "DELETE": "on"}))
    assert "A ticket opens one place at least." in none.text
    assert models.Product.objects.filter(event=venue.event).count() == 1


def test_a_change_on_sale_says_what_it_touches_and_asks_why(
    venue: Venue, sqlite_desk: DeskContext
) -> None:
    issue(sqlite_desk, venue, [Attendee(name="A"), Attendee(name="B")])
    client = signed_in()
    page = f"/desk/set-up/products/{venue.product.pk}/"
    (rule,) = venue.product.entitlements.all()
    place = {"id": rule.pk, "zone": venue.zone.pk, "uses_max": 3}
    answer = client.post(page, typed(place, version=1))
    assert answer.status_code == 409
    assert "2 tickets have been issued already" in answer.text
    assert "Gates: Door." in answer.text
    rule.refresh_from_db()
    assert rule.uses_max == 1
    renamed = typed({**place, "uses_max": 1}, name="Grown-up", version=1)
    assert client.post(page, renamed).status_code == 302
    kept = typed(place, name="Grown-up", version=2, why="a promise to early birds")
    assert client.post(page, kept).status_code == 302
    rule.refresh_from_db()
    assert rule.uses_max == 3
    told = models.AuditEntry.objects.filter(what="product_changed").last()
    assert told is not None
    assert told.subject == f"{venue.product.number}: #0 uses_max 1 -> 3"
    assert told.why == "a promise to early birds"


def test_places_that_tickets_open_stay_and_new_ones_come_behind(
    venue: Venue, sqlite_desk: DeskContext
) -> None:
    issue(sqlite_desk, venue, [Attendee(name="A")])
    client = signed_in()
    page = f"/desk/set-up/products/{venue.product.pk}/"
    (rule,) = venue.product.entitlements.all()
    old = {"id": rule.pk, "zone": venue.zone.pk}
    second = models.Zone.objects.create(site=venue.site, slug="cave", name="Cave")
    gone = typed({**old, "DELETE": "on"}, {"zone": second.pk}, version=1, why="x")
    answer = client.post(page, gone)
    assert (answer.status_code, "so it stays" in answer.text) == (409, True)
    more = typed({"zone": second.pk}, old, version=1, why="x")
    assert client.post(page, more).status_code == 302
    places = venue.product.entitlements.order_by("position")
    assert [(row.position, row.zone.slug) for row in places] == [(0, "fair-hall"), (1, "cave")]
    assert client.post(f"{page}remove/").status_code == 409
    free = models.Product.objects.create(event=venue.event, number=9, name="Free")
    assert client.post(f"/desk/set-up/products/{free.pk}/remove/").status_code == 302


def test_the_second_of_two_loses_nothing(venue: Venue) -> None:
    client = signed_in()
    page = f"/desk/set-up/products/{venue.product.pk}/"
    (rule,) = venue.product.entitlements.all()
    place = {"id": rule.pk, "zone": venue.zone.pk}
    assert client.post(page, typed(place, name="Grown-up", version=1)).status_code == 302
    answer = client.post(page, typed({**place, "uses_max": 4}, name="Senior", version=1))
    assert answer.status_code == 409
    assert "Now it says: Grown-up" in answer.text
    assert "Now it says: Valid at any time, one entry" in answer.text
    assert 'name="form-0-uses_max" value="4"' in answer.text
    assert 'value="Senior"' in answer.text
    venue.product.refresh_from_db()
    assert venue.product.name == "Grown-up"
