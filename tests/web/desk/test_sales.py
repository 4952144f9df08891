"""The box office: a cashier's shift, selling at the counter, money for an order, the list."""

import re
import secrets

import pytest
from django.test import Client

from paifang.core import limits
from paifang.core.rules import Role
from paifang.core.selling import SaleState
from paifang.services.desk.selling.numbers import shown_number
from paifang.services.desk.staff import make_staff
from paifang.store.models import AuditEntry, ProjectedOrder, ProjectedTicket
from tests.desk_makers import Venue
from tests.web.desk.import_steps import PASSWORD, signed_in
from tests.web.desk.shop_steps import (
    ADULT,
    SELL,
    SHIFT,
    buy,
    cashier,
    impatient,
    newest,
    post,
    selling,
    told,
    value_of,
    visitor,
)

__all__ = ["impatient", "selling"]

SALES = "/desk/sales/"


def order_of(count: int = 2) -> str:
    """Let a visitor order; where the desk shows it."""
    answer = buy(visitor(address=f"192.0.2.{secrets.randbelow(200)}"), count)
    assert answer.status_code == 302
    return f"{SALES}{newest().order}/"


def take(client: Client, where: str, amount: str, method: str = "cash") -> tuple[int, str]:
    answer = post(client, where, amount=amount, method=method)
    return answer.status_code, answer.text


# A shift.


def test_a_cashier_without_a_shift_is_led_to_open_one(selling: Venue) -> None:
    where, client = order_of(), signed_in("cai")
    assert "Your shift is not open yet." in told(client.get(SALES).text)
    page = client.get(where).text
    assert f'href="{SHIFT}"' in page
    assert 'name="amount"' not in page
    status, page = take(client, where, "160.00")
    assert (status, "Open your shift first" in page) == (409, True)
    assert post(client, SHIFT, do="open", currency="CNY", amount="200").status_code == 302
    assert "Your shift is open." in told(client.get(SALES).text)
    assert value_of(client.get(where).text, "amount") == "160.00"


def test_a_drawer_is_counted_blind_and_its_difference_is_told_after(selling: Venue) -> None:
    client, where = cashier(change="200"), order_of()
    take(client, where, "100", "cash")
    take(client, where, "60", "card")
    post(client, SHIFT, do="drop", amount="250")
    post(client, SHIFT, do="fetch", amount="20")
    page = client.get(SHIFT).text
    assert not re.search(r"\b70\b", told(page)), "what should be in it is told to nobody"
    answer = client.post(
        SHIFT,
        {"do": "end", "amount": "68.50", "why": "a coin rolled", "act_id": "a" * 32},
        follow=True,
    )
    assert "Difference: -CN¥1.50" in told(answer.text)
    assert "Your shift is not open yet." in told(answer.text)
    (entry,) = AuditEntry.objects.filter(what="shift_closed")
    assert (entry.who, entry.why) == ("cai", "a coin rolled")


@pytest.mark.parametrize("amount", ["", "abc", "-5", "1.005", "1e30", "NaN", "1,000.00"])
@pytest.mark.parametrize("do", ["open", "drop", "end"])
def test_a_sum_that_is_none_moves_nothing(selling: Venue, do: str, amount: str) -> None:
    client = signed_in("cai") if do == "open" else cashier(change="10")
    answer = post(client, SHIFT, do=do, currency="CNY", amount=amount)
    assert answer.status_code == 409
    assert "Write a sum such as 80 or 79.50." in answer.text
    page = client.get(SHIFT).text
    assert ("Open my shift" in told(page)) is (do == "open")


def test_a_drawer_gives_no_more_than_is_in_it(selling: Venue) -> None:
    client = cashier(change="10")
    answer = post(client, SHIFT, do="drop", amount="10.01")
    assert (answer.status_code, "It was refused." in answer.text) == (409, True)


def test_nobody_has_two_shifts_or_one_in_shells(selling: Venue) -> None:
    client = signed_in("cai")
    assert post(client, SHIFT, do="open", currency="XAU", amount="1").status_code == 409
    client = cashier()
    again = post(client, SHIFT, do="open", currency="CNY", amount="1")
    assert (again.status_code, "You have a shift open already." in again.text) == (409, True)


# Selling.


@pytest.mark.parametrize(("language", "words"), [("en", "Ticket type"), ("zh-hans", "票种")])
def test_a_cashier_sells_to_somebody_unknown(selling: Venue, language: str, words: str) -> None:
    client = cashier(language)
    assert words in told(client.get(SELL).text)
    answer = post(client, SELL, **{ADULT: 6})
    assert answer.status_code == 302, "the counter sells more than an order of the shop may have"
    where = answer.headers["Location"]
    assert take(client, where, "500", "cash")[0] == 302
    row = newest()
    assert (row.state, row.buyer, row.tickets) == (SaleState.paid, "", 6)
    page = client.get(where).text
    assert page.count('href="/desk/tickets/') >= 6
    assert ProjectedTicket.objects.count() == 6


def test_what_is_wrong_at_the_counter_is_said_and_nothing_sold(selling: Venue) -> None:
    client = cashier()
    for form, words in (
        ({}, "Choose how many tickets you want."),
        ({ADULT: 11}, "So many are not left."),
        ({ADULT: 1, "email": "mei@"}, "e-mail"),
        ({ADULT: 1, "phone": "call me"}, "phone"),
    ):
        answer = post(client, SELL, **form)
        assert (answer.status_code, words in answer.text) == (422, True), form
    assert not ProjectedOrder.objects.exists()
    assert client.get("/desk/sales/sell/nowhere/").status_code == 404


# Money for an order.


def test_an_order_is_paid_in_parts_by_cash_and_card(selling: Venue) -> None:
    client, where = cashier(), order_of()
    take(client, where, "100", "cash")
    page = client.get(where).text
    assert "CN¥60.00" in told(page)
    assert value_of(page, "amount") == "60.00"
    assert not ProjectedTicket.objects.exists()
    take(client, where, "60.00", "card")
    page = client.get(where).text
    assert "Paid. The tickets are below." in page
    assert 'name="amount"' not in page
    assert ProjectedTicket.objects.count() == 2


def test_the_same_payment_sent_twice_is_taken_once(selling: Venue) -> None:
    client, where = cashier(), order_of()
    form = {"amount": "100", "method": "cash", "act_id": "b" * 32}
    for _ in range(2):
        assert client.post(where, form).status_code == 302
    assert newest().captured_minor == 10_000


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"amount": "abc", "method": "cash"}, "Write a sum"),
        ({"amount": "-1", "method": "cash"}, "Write a sum"),
        ({"amount": "0", "method": "cash"}, "It was refused."),
        ({"amount": "1", "method": "shells"}, "Choose how it is paid."),
        ({"amount": "1"}, "Choose how it is paid."),
    ],
)
def test_money_that_is_none_is_not_taken(selling: Venue, form: dict[str, str], words: str) -> None:
    client, where = cashier(), order_of()
    answer = post(client, where, **form)
    assert (answer.status_code, words in answer.text) == (409, True)
    assert newest().captured_minor == 0


def test_more_than_is_due_is_the_buyers(selling: Venue) -> None:
    client, where = cashier(), order_of()
    take(client, where, "170", "cash")
    page = told(client.get(where).text)
    assert "CN¥10.00 is more than was due and belongs to the buyer." in page


def test_money_that_comes_too_late_is_kept_for_the_buyer_if_others_have_the_tickets(
    selling: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = cashier()
    with monkeypatch.context() as patch:
        patch.setattr(limits, "ORDER_HOLD_MS", 1)
        late, free = order_of(4), order_of(1)
    take(client, free, "80", "card")
    assert "Paid. The tickets are below." in client.get(free).text, "there was room still"
    post(client, SELL, **{ADULT: 9})
    take(client, f"{SALES}{newest().order}/", "720", "card")
    status, _ = take(client, late, "320", "card")
    assert status == 302
    page = told(client.get(late).text)
    assert "Too late: others have the tickets. Pay it back." in page
    assert "CN¥320.00 is more than was due and belongs to the buyer." in page
    row = ProjectedOrder.objects.get(buyer="王美", total_minor=32_000)
    assert row.state == SaleState.ended, "who paid is still known, to be paid back"


def test_what_was_paid_for_an_order_that_is_let_go_is_the_buyers(selling: Venue) -> None:
    client, where = cashier(), order_of(2)
    take(client, where, "100")
    assert post(client, where, do="end").status_code == 302
    assert "CN¥100.00 is more than was due" in told(client.get(where).text)


def test_an_order_is_let_go_at_the_counter(selling: Venue) -> None:
    client, where = cashier(), order_of(4)
    assert post(client, where, do="end", amount="320.00").status_code == 302
    row = newest()
    assert (row.state, row.buyer) == (SaleState.ended, "")
    page = client.get(where).text
    assert "Due" not in told(page)
    assert 'value="end"' not in page
    paid = order_of(1)
    take(client, paid, "80")
    refused = post(client, paid, do="end")
    assert (refused.status_code, "It was refused." in refused.text) == (409, True)
    assert AuditEntry.objects.filter(what="order_let_go").count() == 1


# The list, and who may see it.


def test_an_order_is_found_by_number_name_and_address(selling: Venue) -> None:
    client, where = cashier(), order_of()
    number = shown_number(newest().number)
    for text in ("", number, number[:5], number.replace(" ", ""), "王美", "mei@"):
        page = client.get(SALES, {"q": text}).text
        assert where in page, text
        assert number in told(page)
    assert "No order is called so." in client.get(SALES, {"q": "nobody"}).text
    assert client.get(SALES, {"q": "x" * 5000}).status_code == 200
    assert client.get(f"{SALES}0197a000-0000-7000-8000-000000000000/").status_code == 404


def test_finance_sees_orders_and_takes_no_money(selling: Venue) -> None:
    where = order_of()
    make_staff("fin", name="Fin Ro", role=Role.finance, password=PASSWORD)
    client = signed_in("fin")
    page = client.get(SALES).text
    assert where in page
    assert SHIFT not in page
    assert SELL not in page
    page = client.get(where).text
    assert "CN¥160.00" in told(page)
    assert 'name="amount"' not in page
    for form in ({"amount": "160", "method": "card"}, {"do": "end"}):
        assert post(client, where, **form).status_code == 403
    assert (newest().state, newest().captured_minor) == (SaleState.held, 0)


def test_a_steward_sees_no_orders(selling: Venue) -> None:
    where, client = order_of(), signed_in("ste")
    for address in (SALES, where, SELL, SHIFT):
        assert client.get(address).status_code == 403
        assert post(client, address).status_code == 403 or address == SALES
    assert f'href="{SALES}"' not in client.get("/").text


def test_a_visitor_is_sent_to_the_sign_in(selling: Venue) -> None:
    where = order_of()
    for address in (SALES, where, SELL, SHIFT):
        assert visitor().get(address).status_code == 302
