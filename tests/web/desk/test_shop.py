"""The shop of an event and the page of an order, as a visitor without scripts meets them."""

import re

import pytest

from paifang.core import limits
from paifang.core.pricing import Channel
from paifang.core.selling import SaleState
from paifang.services.desk.context import DeskContext
from paifang.services.desk.projector import project_all
from paifang.services.desk.selling import ordering
from paifang.services.desk.selling.numbers import shown_number
from paifang.services.desk.set_up.prices import Costs, ForSale, set_sale
from paifang.store.models import ProjectedOrder, ProjectedTicket
from tests.desk_makers import BOSS, Venue
from tests.web.desk.shop_steps import (
    ADULT,
    SHOP,
    buy,
    cashier,
    impatient,
    newest,
    post,
    selling,
    told,
    value_of,
    visitor,
    wish,
)
from tests.web.desk.test_ticket_page import code_on

__all__ = ["impatient", "selling"]


def priced(venue: Venue, amount_minor: int) -> None:
    venue.product.refresh_from_db()
    sale = ForSale((Costs(amount_minor=amount_minor, currency="CNY"),), 4, quota=10)
    set_sale(venue.product, venue.product.version, sale, BOSS)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Buy tickets", "Adult", "CN¥80.00", "CN¥160.00", "To be paid")),
        ("zh-CN", ("购票", "展会", "¥80.00", "¥160.00", "待付款")),
    ],
)
def test_a_visitor_sees_the_total_orders_and_comes_to_the_order(
    selling: Venue, language: str, words: tuple[str, ...]
) -> None:
    client, form = visitor(language), wish(2)
    looked = client.post(SHOP, form)
    assert not ProjectedOrder.objects.exists(), "nothing is ordered before the total was seen"
    answer = client.post(SHOP, form | {"total": value_of(looked.text, "total")})
    assert answer.status_code == 302
    page = client.get(answer.headers["Location"])
    row = newest()
    assert (row.buyer, row.email, row.tickets, row.total_minor) == (
        "王美",
        "mei@example.org",
        2,
        16_000,
    )
    said = told(client.get(SHOP).text) + told(looked.text) + told(page.text)
    assert [word for word in words if word not in said] == []
    if language == "zh-CN":
        latin = set(re.findall(r"[A-Za-z]{4,}", said))
        assert latin <= {"English", "Adult", "Mei", "example"}, said


def test_the_language_that_was_chosen_goes_on_to_the_order(selling: Venue) -> None:
    client, form = visitor("en"), wish(1)
    total = value_of(client.post(f"{SHOP}?lang=zh-hans", form).text, "total")
    answer = client.post(f"{SHOP}?lang=zh-hans", form | {"total": total}, follow=True)
    assert '<html lang="zh-hans">' in answer.text
    assert "待付款" in told(answer.text)


def test_a_form_that_is_sent_twice_orders_once(selling: Venue) -> None:
    client, form = visitor(), wish(2, total="16000")
    first, second = client.post(SHOP, form), client.post(SHOP, form)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.headers["Location"] == second.headers["Location"]
    assert ProjectedOrder.objects.count() == 1
    # Somebody went back and chose otherwise: that is another order.
    third = client.post(SHOP, form | {ADULT: 1, "total": "8000"})
    other = client.post(SHOP, form | {"email": "mei.w@example.org"})
    places = {answer.headers["Location"] for answer in (first, third, other)}
    assert len(places) == ProjectedOrder.objects.count() == 3


@pytest.mark.parametrize("act_id", ["", "z" * 32, "x", "é" * 32, "0" * 33])
def test_a_forms_own_number_may_be_any_nonsense(selling: Venue, act_id: str) -> None:
    answer = visitor().post(SHOP, wish(1, total="8000", act_id=act_id))
    assert answer.status_code == 302
    assert ProjectedOrder.objects.count() == 1


@pytest.mark.parametrize("total", ["1", "0", "-16000", "16000.0", "x", "１６０００"])
def test_a_total_that_was_altered_is_not_ordered_at(selling: Venue, total: str) -> None:
    page = visitor().post(SHOP, wish(2, total=total))
    assert page.status_code == 422
    assert "The price has changed." in page.text
    assert value_of(page.text, "total") == "16000"
    assert not ProjectedOrder.objects.exists()


def test_a_price_that_changed_since_is_shown_before_it_is_ordered_at(selling: Venue) -> None:
    client, form = visitor(), wish(2)
    seen = value_of(client.post(SHOP, form).text, "total")
    priced(selling, 9000)
    page = client.post(SHOP, form | {"total": seen})
    assert (page.status_code, "CN¥180.00" in page.text) == (422, True)
    assert client.post(SHOP, form | {"total": "18000"}).status_code == 302


@pytest.mark.parametrize(
    "count", ["", "0", "-1", "abc", "1.5", "1e3", "99999", "\u0662", "0x2", " "]
)
def test_a_number_that_is_none_orders_nothing(selling: Venue, count: str) -> None:
    page = visitor().post(SHOP, wish(count, total="8000"))
    assert page.status_code == 422
    assert "Choose how many tickets you want." in page.text
    assert value_of(page.text, "name") == "王美", "what was typed stays"
    assert not ProjectedOrder.objects.exists()


def test_more_than_one_order_may_have_is_refused(selling: Venue) -> None:
    page = visitor().post(SHOP, wish(5, total="40000"))
    assert page.status_code == 422
    assert "more tickets than one order may have" in page.text


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "O'Neil & “Sons”",
        "𠮷田 👩‍👩‍👧",
        "阿卜杜热西提·买买提",
        "{{ settings }}{% now %}",
        "\u202eevil",
    ],
)
def test_any_name_is_a_name_and_never_markup(selling: Venue, name: str) -> None:
    client = visitor()
    assert buy(client, 1, name=name).status_code == 302
    assert newest().buyer == name.replace("\u202e", "")
    desk = cashier().get(f"/desk/sales/{newest().order}/").text
    assert "<script>alert" not in desk
    assert newest().buyer in told(desk)


def test_a_name_with_control_characters_is_kept_without_them(selling: Venue) -> None:
    assert buy(visitor(), 1, name="Ann\x00\x1b[31m\r\nLee").status_code in (302, 422)
    for row in ProjectedOrder.objects.all():
        assert row.buyer.isprintable()


@pytest.mark.parametrize(
    ("more", "field", "words"),
    [
        ({"name": " "}, "name", "Write your name."),
        ({"email": "", "phone": ""}, "email", "Write an e-mail address or a phone number."),
        ({"email": "mei@"}, "email", "e-mail"),
        ({"email": "", "phone": "call me"}, "phone", "phone"),
        ({"name": "x" * (limits.NAME_CHARS_MAX + 1)}, "name", "more than 200 characters"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    selling: Venue, more: dict[str, str], field: str, words: str
) -> None:
    page = visitor().post(SHOP, wish(1, total="8000", **more))
    assert page.status_code == 422
    wrong = re.search(rf'id="{field}-wrong".*?</p>', page.text, re.DOTALL)
    assert wrong, field
    assert words in told(wrong[0])
    assert value_of(page.text, ADULT) == "1"
    assert not ProjectedOrder.objects.exists()


def test_who_orders_too_often_waits_and_others_do_not(
    selling: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ORDERS_FROM_ONE_MAX", 2)
    client = visitor()
    assert [buy(client, 1).status_code for _ in range(3)] == [302, 302, 429]
    refused = buy(client, 1)
    assert int(refused.headers["Retry-After"]) > 0
    assert "Wait some minutes" in refused.text
    assert ProjectedOrder.objects.count() == 2
    assert buy(visitor(address="192.0.2.8"), 1).status_code == 302


def test_what_is_sold_out_is_said_and_not_sold(selling: Venue) -> None:
    for number in range(2):
        buy(visitor(address=f"192.0.2.{number}"), 4)
    page = visitor().get(SHOP)
    assert "2 left" in told(page.text)
    late = buy(visitor(), 3)
    assert (late.status_code, "So many are not left." in late.text) == (409, True)
    assert buy(visitor(), 2).status_code == 302
    page = visitor().get(SHOP)
    assert "Sold out" in page.text
    assert f'name="{ADULT}"' not in page.text


def test_what_costs_nothing_is_there_at_once(selling: Venue) -> None:
    priced(selling, 0)
    client = visitor()
    page = client.get(buy(client, 2).headers["Location"]).text
    assert "Paid" in told(page)
    links = re.findall(r'href="(/t/[^"?]+)', page)
    assert len(links) == len(set(links)) == 2
    assert client.get(links[0]).status_code == 200


def test_only_an_event_that_sells_has_something_in_its_shop(selling: Venue) -> None:
    assert visitor().get("/e/nowhere/").status_code == 404
    selling.product.refresh_from_db()
    set_sale(selling.product, selling.product.version, ForSale((), 4, 0), BOSS)
    page = visitor().get(SHOP)
    assert (page.status_code, "Nothing is for sale" in page.text) == (200, True)
    refused = visitor().post(SHOP, wish(1, total="8000"))
    assert refused.status_code == 422


def test_a_price_of_the_counter_is_not_the_shops(selling: Venue) -> None:
    selling.product.refresh_from_db()
    counter = Costs(amount_minor=5000, currency="CNY", channel=Channel.counter.value)
    sale = ForSale((counter,), 4, 0)
    set_sale(selling.product, selling.product.version, sale, BOSS)
    assert "Nothing is for sale" in visitor().get(SHOP).text
    assert "CN¥50.00" in told(cashier().get("/desk/sales/sell/fair/").text)


# The page of an order.


def order_page() -> str:
    answer = buy(visitor(), 1)
    assert answer.status_code == 302
    return answer.headers["Location"].partition("?")[0]


def test_an_order_is_shown_to_whoever_has_its_address(selling: Venue) -> None:
    where = order_page()
    answer = visitor(address="192.0.2.99").get(where)
    assert answer.status_code == 200
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "no-store" in answer.headers["Cache-Control"]
    for private in ("王美", "mei@example.org"):
        assert private not in answer.text
    assert visitor().post(where).status_code == 405


def test_the_picture_on_an_order_is_its_number(selling: Venue) -> None:
    page = visitor().get(order_page()).text
    number = newest().number
    assert code_on(page) == number
    assert shown_number(number) in told(page)
    assert "Zint" not in told(page), "words of a library are not the visitor's"


def test_the_shop_lets_its_own_forms_name_where_they_come_from(selling: Venue) -> None:
    # Under no-referrer a browser sends Origin: null, and the guard of forms refuses every order.
    answer = visitor().get(SHOP)
    assert answer.headers["Referrer-Policy"] != "no-referrer"
    assert 'content="no-referrer"' not in answer.text


def test_wrong_addresses_of_orders_are_limited_and_right_ones_stay_open(
    selling: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PAGE_MISSES_MAX", 3)
    where, client = order_page(), visitor()
    wrong = where[:-1] + ("A" if where[-1] != "A" else "Q")
    for other in (wrong, "/o/x", "/o/" + "é" * 43):
        missed = client.get(other)
        assert missed.status_code == 404
        assert "This link opens no order" in missed.text
        assert missed.headers["Referrer-Policy"] == "no-referrer"
    waits = client.get(wrong)
    assert (waits.status_code, "Too many tries" in waits.text) == (429, True)
    assert int(waits.headers["Retry-After"]) > 0
    assert client.get(where).status_code == 200


def test_an_order_tells_what_becomes_of_it(
    selling: Venue, sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, desk = order_page(), cashier()
    assert "Pay CN¥80.00 at the counter by" in told(visitor().get(where).text)
    post(desk, f"/desk/sales/{newest().order}/", amount="30", method="cash")
    assert "Pay CN¥50.00 at the counter by" in told(visitor().get(where).text)
    post(desk, f"/desk/sales/{newest().order}/", amount="50", method="card")
    paid = visitor().get(where).text
    assert "Your tickets" in paid
    assert paid.count('href="/t/') == 1
    monkeypatch.setattr(limits, "ORDER_HOLD_MS", 1)
    late = order_page()
    page = told(visitor().get(late).text)
    assert "The time is over" in page
    assert "The tickets are no longer kept for you." in page
    assert ordering.end_expired() == 1
    project_all()
    ended = visitor().get(late).text
    assert "Let go" in told(ended)
    assert f'href="{SHOP}?lang=en"' in ended
    assert ProjectedTicket.objects.count() == 1
    assert ProjectedOrder.objects.filter(state=SaleState.ended).count() == 1


def test_money_for_tickets_that_are_gone_is_said_to_be_the_buyers(selling: Venue) -> None:
    where, desk = order_page(), cashier()
    order = f"/desk/sales/{newest().order}/"
    post(desk, order, amount="30", method="cash")
    words = "that you have paid is yours: ask for it at the counter."
    assert words not in told(visitor().get(where).text)
    post(desk, order, do="end")
    assert f"CN¥30.00 {words}" in told(visitor().get(where).text)
