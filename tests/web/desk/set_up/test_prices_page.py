"""The page of what a product costs: prices in their order, how many in an order and in all."""

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

from paifang.core.pricing import Channel, price_of
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.set_up.local_clock import day_begins, day_ends
from paifang.services.desk.set_up.prices import PRICES_MAX, sale_of
from paifang.store import models
from tests.desk_makers import Venue
from tests.web.desk.import_steps import prepared, signed_in
from tests.web.desk.shop_steps import told, value_of

EIGHTY = {"amount": "80"}


@pytest.fixture
def venue(sqlite_desk: DeskContext) -> Venue:
    return prepared()


def page_of(venue: Venue) -> str:
    return f"/desk/set-up/products/{venue.product.pk}/prices/"


def typed(*prices: dict[str, Any], version: int = 1, **fields: Any) -> dict[str, Any]:
    """Return what a browser posts for a product with these prices."""
    plain = {"amount": "", "tax": "0", "channel": "", "quantity_min": "1"}
    posted: dict[str, Any] = {
        "version": version,
        "currency": "CNY",
        "order_max": 10,
        "quota": 0,
        "form-TOTAL_FORMS": len(prices),
        "form-INITIAL_FORMS": 0,
        "do": "save",
        **fields,
    }
    for n, price in enumerate(prices):
        posted |= {f"form-{n}-{name}": value for name, value in (plain | price).items()}
    return posted


def kept(venue: Venue) -> list[tuple[int, str]]:
    """Return the prices that stand in the store."""
    rows = models.Price.objects.filter(product=venue.product).order_by("position")
    return [(row.amount_minor, row.currency) for row in rows]


def save(client: Client, venue: Venue, *prices: dict[str, Any], **fields: Any) -> tuple[int, str]:
    answer = client.post(page_of(venue), typed(*prices, **fields), follow=True)
    return answer.status_code, answer.text


def test_a_product_without_a_price_is_led_to_its_first(venue: Venue) -> None:
    client = signed_in()
    product = client.get(f"/desk/set-up/products/{venue.product.pk}/").text
    assert f'href="{page_of(venue)}"' in product
    page = client.get(page_of(venue)).text
    assert "It has no price yet, so it is not for sale." in told(page)
    more = client.post(page_of(venue), typed(do="more"))
    assert (more.status_code, "Price 1" in told(more.text)) == (200, True)
    assert 'name="form-0-amount"' in more.text
    assert "aria-invalid" not in more.text, "nobody is told off before they typed"
    assert save(client, venue, EIGHTY)[0] == 200
    assert kept(venue) == [(8000, "CNY")]
    assert "CN¥80.00" in told(Client().get("/e/fair/").text)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("80", "CNY", 8000),
        ("79.50", "CNY", 7950),
        ("79,5", "EUR", 7950),
        (" 0 ", "CNY", 0),
        ("8000", "JPY", 8000),
        ("0.01", "USD", 1),
    ],
)
def test_a_sum_is_kept_in_its_currencys_own_units(
    venue: Venue, amount: str, currency: str, minor: int
) -> None:
    client = signed_in()
    assert save(client, venue, {"amount": amount}, currency=currency)[0] == 200
    assert kept(venue) == [(minor, currency)]
    page = client.get(page_of(venue)).text
    again = value_of(page, "form-0-amount")
    assert save(client, venue, {"amount": again}, currency=currency, version=2)[0] == 200
    assert kept(venue) == [(minor, currency)], "what is shown is what is kept"


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("", "CNY"),
        ("abc", "CNY"),
        ("-1", "CNY"),
        ("79.505", "CNY"),
        ("80.5", "JPY"),
        ("1,000.00", "CNY"),
        ("NaN", "CNY"),
        ("Infinity", "CNY"),
        ("1e20", "CNY"),
        ("¥80", "CNY"),
    ],
)
def test_a_sum_that_is_none_is_said_at_its_field(venue: Venue, amount: str, currency: str) -> None:
    client = signed_in()
    status, page = save(client, venue, {"amount": amount}, currency=currency)
    assert status == 422
    assert re.search(r'<input[^>]*name="form-0-amount"[^>]*aria-invalid="true"', page)
    assert kept(venue) == []


@pytest.mark.parametrize(
    ("fields", "price"),
    [
        ({"currency": "XAU"}, {}),
        ({"order_max": "0"}, {}),
        ({"order_max": "x"}, {}),
        ({"quota": "-1"}, {}),
        ({"form-TOTAL_FORMS": "x"}, {}),
        ({}, {"tax": "101"}),
        ({}, {"tax": "-1"}),
        ({}, {"tax": "6.005"}),
        ({}, {"channel": "moon"}),
        ({}, {"quantity_min": "0"}),
        ({}, {"sold_from": "31 May"}),
        ({}, {"sold_from": "2027-05-02", "sold_until": "2027-05-01"}),
        ({}, {"visit_from": "2027-05-02", "visit_until": "2027-05-01"}),
    ],
)
def test_nonsense_keeps_nothing(
    venue: Venue, fields: dict[str, Any], price: dict[str, Any]
) -> None:
    status, _ = save(signed_in(), venue, EIGHTY | price, **fields)
    assert status == 422
    assert kept(venue) == []


def test_several_prices_hold_in_their_order(venue: Venue, sqlite_desk: DeskContext) -> None:
    client = signed_in()
    early = {"amount": "60", "sold_until": "2027-04-30", "tax": "6"}
    group = {"amount": "70", "quantity_min": "10", "channel": Channel.counter.value}
    season = {"amount": "90", "visit_from": "2027-05-01", "visit_until": "2027-05-05"}
    assert save(client, venue, early, group, season, EIGHTY, order_max=20)[0] == 200
    assert [amount for amount, _ in kept(venue)] == [6000, 7000, 9000, 8000]
    page = client.get(page_of(venue)).text
    assert value_of(page, "form-0-sold_until") == "2027-04-30"
    assert value_of(page, "form-0-tax") == "6"
    assert value_of(page, "form-2-visit_until") == "2027-05-05"
    prices = sqlite_desk.ledger.rules().centre.products[venue.product.number].prices
    until = int(day_ends(venue.site, date(2027, 4, 30)).timestamp() * 1000)
    visit = int(day_begins(venue.site, date(2027, 5, 5)).timestamp() * 1000)

    def costs(now_ms: int, channel: Channel, visit_ms: int = 0, quantity: int = 1) -> int:
        price = price_of(prices, channel, now_ms, visit_ms, quantity)
        assert price is not None
        return price.amount_minor

    assert costs(until - 1, Channel.web) == 6000
    assert costs(until, Channel.counter, quantity=10) == 7000
    assert costs(until, Channel.web, visit) == 9000
    assert costs(until, Channel.web, visit + 86_400_000) == 8000


def test_a_price_is_added_and_taken_away_and_what_was_typed_stays(venue: Venue) -> None:
    client = signed_in()
    save(client, venue, EIGHTY)
    more = client.post(page_of(venue), typed({"amount": "79.5x"}, version=2, quota=7, do="more"))
    assert value_of(more.text, "form-0-amount") == "79.5x"
    assert value_of(more.text, "quota") == "7"
    assert 'name="form-1-amount"' in more.text
    assert kept(venue) == [(8000, "CNY")]
    early = {"amount": "60", "sold_until": "2027-04-30"}
    assert save(client, venue, early, EIGHTY, version=2)[0] == 200
    assert [amount for amount, _ in kept(venue)] == [6000, 8000]
    assert save(client, venue, early | {"DELETE": "on"}, EIGHTY, version=3)[0] == 200
    assert kept(venue) == [(8000, "CNY")]
    assert save(client, venue, EIGHTY | {"DELETE": "on"}, version=4)[0] == 200
    assert kept(venue) == []
    assert "Nothing is for sale" in Client().get("/e/fair/").text


def test_a_price_is_taken_away_though_its_sum_is_wrong(venue: Venue) -> None:
    client = signed_in()
    status, _ = save(client, venue, EIGHTY, {"amount": "abc", "DELETE": "on"})
    assert (status, kept(venue)) == (200, [(8000, "CNY")])


def test_more_prices_than_are_tried_are_refused(venue: Venue) -> None:
    client = signed_in()
    many = [EIGHTY] * PRICES_MAX
    assert save(client, venue, *many)[0] == 200
    more = client.post(page_of(venue), typed(*many, version=2, do="more"))
    assert f'name="form-{PRICES_MAX}-amount"' not in more.text
    status, _ = save(client, venue, *many, EIGHTY, version=2)
    assert (status, len(kept(venue))) == (422, PRICES_MAX)


def test_how_many_are_for_sale_bounds_what_is_sold(venue: Venue) -> None:
    client = signed_in()
    save(client, venue, EIGHTY, quota=3, order_max=2)
    venue.product.refresh_from_db()
    assert (sale_of(venue.product).quota, sale_of(venue.product).order_max) == (3, 2)
    assert "3 left" in told(Client().get("/e/fair/").text)
    save(client, venue, EIGHTY, quota=0, order_max=2, version=2)
    assert "left" not in told(Client().get("/e/fair/").text)


def test_of_two_who_change_it_the_second_is_told(venue: Venue) -> None:
    first, second = signed_in(), signed_in()
    assert save(first, venue, EIGHTY)[0] == 200
    status, page = save(second, venue, {"amount": "90"})
    assert status == 409
    assert "Somebody has changed this product meanwhile." in page
    assert value_of(page, "form-0-amount") == "90", "what they typed is still there"
    assert kept(venue) == [(8000, "CNY")]


def test_what_a_product_costs_is_written_down(venue: Venue) -> None:
    save(signed_in(), venue, EIGHTY, quota=3)
    entry = models.AuditEntry.objects.order_by("-id")[0]
    assert entry.who == "eve"
    assert "8000CNY" in entry.subject + entry.why + str(vars(entry))


def test_it_is_said_in_chinese(venue: Venue) -> None:
    client = signed_in(language="zh-hans")
    save(client, venue, EIGHTY)
    page = told(client.get(page_of(venue)).text)
    assert "含税价" in page
    latin = set(re.findall(r"[A-Za-z]{4,}", page))
    assert latin <= {"Adult", "English", "Paifang", "Fair"}


def test_others_change_no_prices(venue: Venue) -> None:
    for client in (signed_in("cai"), Client()):
        for answer in (client.get(page_of(venue)), client.post(page_of(venue), typed(EIGHTY))):
            assert answer.status_code in (302, 403)
    assert kept(venue) == []
    publish()
    gone = signed_in().get(page_of(venue).replace(str(venue.product.pk), str(venue.event.pk)))
    assert gone.status_code == 404
