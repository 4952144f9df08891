"""Orders held, paid, fulfilled and paid back; the books agree with each step."""

from contextlib import closing
from dataclasses import replace

import pytest

from paifang.core import limits
from paifang.core.pricing import Price
from paifang.core.selling import SaleState
from paifang.core.tickets import Authority, Status
from paifang.ledger import tables as t
from paifang.ledger.commands import Enclosure, Erase, Hold, SetQuota, SetStatus
from paifang.ledger.facts import EraseFact, HoldFact
from paifang.ledger.faults import IdConflict, Misuse, NotAllowed, NotFound, NotPossible
from paifang.ledger.sale_commands import OrderLine
from paifang.ledger.verify import verify
from tests.ledger import world
from tests.ledger.forging import codes, put
from tests.ledger.shop import ADULT, CHILD, FREE, MORNING, SEAT, SLOT, SOLD, Shop, name_of, placing
from tests.ledger.venue import Venue

GALA = 3
"""A session of two places in all."""


@pytest.fixture
def shop(venue: Venue) -> Shop:
    return Shop(venue)


def is_clean(shop: Shop) -> bool:
    with closing(shop.venue.reader()) as reader:
        report = verify(reader.raw)
    assert report.findings == ()
    return report.clean


# Placing.


def test_an_order_holds_what_it_wants_until_it_is_paid_or_let_go(shop: Shop) -> None:
    fact = shop.place("a", (ADULT, 3), (MORNING, 2))
    assert (fact.reason, fact.total_minor) == ("ok", 34_000)
    assert shop.counter(f"product:{ADULT}") == (5, 3, 0)
    assert shop.counter(f"session:{SLOT}") == (4, 2, 0)
    shop.place("b", (ADULT, 1))
    shop.end("b")
    assert shop.counter(f"product:{ADULT}") == (5, 3, 0)
    assert shop.pay("a", 34_000).outcome == "paid"
    assert shop.counter(f"product:{ADULT}") == (5, 0, 3)
    assert shop.counter(f"session:{SLOT}") == (4, 0, 2)
    assert is_clean(shop)


def test_an_order_holds_everything_or_nothing(shop: Shop) -> None:
    shop.venue.do(Hold(hold="others", quota=f"session:{SLOT}", units=5, for_ms=1000))
    assert shop.place("a", (ADULT, 2), (MORNING, 2)).reason == "sold_out"
    assert shop.counter(f"product:{ADULT}") == (8, 0, 0)
    with pytest.raises(NotFound):
        shop.end("a")
    shop.venue.clock.forward(ms=1000)
    # The others' time is over, so there is room.
    assert shop.place("b", (ADULT, 2), (MORNING, 2)).reason == "ok"
    assert is_clean(shop)


def test_nobody_pays_another_price_than_the_one_in_force(shop: Shop) -> None:
    fact = shop.place("a", (ADULT, 1), total_minor=1)
    assert (fact.reason, fact.total_minor) == ("price_changed", 8000)
    assert shop.place("b", (ADULT, 1), currency="EUR").reason == "price_changed"
    dearer = [replace(each, prices=(Price(9000, "CNY", 600),)) for each in SOLD]
    shop.venue.publish(world.centre_rules(dearer))
    assert shop.place("c", (ADULT, 1)).reason == "price_changed"
    assert shop.counter(f"product:{ADULT}") == (8, 0, 0)
    assert is_clean(shop)


def test_what_is_not_on_sale_is_refused_with_its_reason(shop: Shop) -> None:
    assert shop.place("a", (world.SINGLE, 1)).reason == "not_on_sale"
    assert shop.place("b", (MORNING, 5)).reason == "too_many"
    lines = (OrderLine(MORNING, 0, 1),)
    assert shop.place("c", lines=lines, total_minor=5000).reason == "session_needed"
    assert is_clean(shop)


def test_a_session_with_a_cap_is_sold_by_its_counter_only(shop: Shop) -> None:
    seat = {"lines": (OrderLine(SEAT, GALA, 1),), "event": world.SHOW, "total_minor": 9000}
    assert shop.place("a", **seat).reason == "not_on_sale"
    shop.venue.do(SetQuota(quota=f"session:{GALA}", segment=1, capacity=1))
    assert shop.place("b", **seat).reason == "ok"
    assert shop.place("c", **seat).reason == "sold_out"
    assert is_clean(shop)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": ()},
        {"lines": tuple(OrderLine(ADULT, n, 1) for n in range(limits.ORDER_LINES_MAX + 1))},
        {"lines": (OrderLine(ADULT, 0, 0),)},
        {"lines": (OrderLine(ADULT, 0, limits.HOLD_UNITS_MAX + 1),)},
        {"lines": (OrderLine(ADULT, 0, 1), OrderLine(ADULT, 0, 1))},
        {"for_ms": 0},
        {"for_ms": limits.HOLD_MS_MAX + 1},
    ],
)
def test_an_order_beyond_all_bounds_is_a_misuse(shop: Shop, wrong: dict[str, object]) -> None:
    with pytest.raises(Misuse):
        shop.venue.do(placing("a", (ADULT, 1), **wrong))


def test_an_order_has_a_name_of_its_own(shop: Shop) -> None:
    shop.place("a", (ADULT, 1))
    with pytest.raises(NotPossible):
        shop.place("a", (ADULT, 1), request_id="another")


def test_a_venue_host_decides_about_what_it_holds(shop: Shop) -> None:
    shop.venue.lend(1, Authority.elsewhere)
    with pytest.raises(NotPossible):
        shop.place("a", (ADULT, 1))


def test_what_costs_nothing_is_paid_at_once(shop: Shop) -> None:
    (ticket,) = shop.bought("a", (FREE, 1))
    assert shop.order("a").state == SaleState.paid
    assert shop.books() == {}
    assert shop.venue.says("a 0 0") == "ok"
    assert shop.venue.row(t.SOLD, ticket).sale == name_of("a")
    assert is_clean(shop)


def test_who_buys_rides_on_the_order(shop: Shop) -> None:
    buyer = Enclosure("buyer", bytes(32), b"{}")
    shop.venue.do(placing("a", (ADULT, 1), enclosures=(buyer,)))
    (kept,) = shop.venue.rows(t.ENCLOSURE)
    assert (kept.ticket, kept.kind) == (name_of("a"), "buyer")
    assert is_clean(shop)


def test_an_order_asked_for_again_is_the_same_whatever_the_salt(shop: Shop) -> None:
    first, again = (
        placing("a", (ADULT, 1), enclosures=(Enclosure("buyer", bytes([salt] * 32), b"{}"),))
        for salt in (1, 2)
    )
    placed, told = shop.venue.do(first), shop.venue.do(again)
    assert (placed.fact, placed.seq, told.new) == (told.fact, told.seq, False)
    assert len(shop.venue.rows(t.ENCLOSURE)) == 1
    with pytest.raises(IdConflict):
        shop.venue.do(placing("a", (ADULT, 2)))


def test_what_another_node_decides_about_changes_nothing_here(shop: Shop) -> None:
    shop.begins("s")
    (ticket,) = shop.bought("a", (ADULT, 1))
    shop.void(ticket)
    shop.place("b", (ADULT, 1))
    books = shop.books()
    shop.venue.lend(2, Authority.elsewhere)
    with pytest.raises(NotPossible):
        shop.refund("a", (ticket, 8000), method="cash", shift="s")
    shop.venue.lend(1, Authority.elsewhere)
    with pytest.raises(NotPossible):
        shop.pay("b", 8000, "cash", shift="s")
    with pytest.raises(NotPossible):
        shop.end("b")
    shop.venue.lend(1, Authority.here)
    shop.venue.lend(2, Authority.here)
    assert shop.books() == books
    assert shop.venue.row(t.SHIFT, "s").cash_minor == 10_000
    assert is_clean(shop)


# Paying.


def test_the_books_owe_tickets_and_tax_for_what_was_paid(shop: Shop) -> None:
    shop.bought("a", (ADULT, 2), (CHILD, 1))
    tax = 906 + 143
    assert shop.books() == {"taken:card": 18_525, "deferred:1": tax - 18_525, "tax:600": -tax}
    assert is_clean(shop)


def test_an_order_may_be_paid_in_parts(shop: Shop) -> None:
    shop.begins("s")
    shop.place("a", (ADULT, 2))
    assert shop.pay("a", 6000, "cash", shift="s").outcome == "part"
    assert shop.books()["customers"] == -6000
    assert shop.order("a").due_minor == 10_000
    assert shop.pay("a", 10_000).outcome == "paid"
    assert "customers" not in shop.books()
    assert shop.venue.row(t.SHIFT, "s").cash_minor == 16_000
    assert is_clean(shop)


def test_money_that_comes_too_late_holds_again_what_is_free(shop: Shop) -> None:
    shop.place("late", (ADULT, 8))
    shop.venue.clock.forward(ms=600_000)
    shop.place("next", (ADULT, 1))
    shop.end("next")
    fact = shop.pay("late", 64_000)
    assert (fact.outcome, len(fact.reserved)) == ("paid", 1)
    assert shop.counter(f"product:{ADULT}") == (0, 0, 8)
    assert is_clean(shop)


def test_an_expired_order_is_let_go_although_others_have_its_places(shop: Shop) -> None:
    shop.place("late", (ADULT, 8))
    shop.venue.clock.forward(ms=600_000)
    shop.place("next", (ADULT, 1))
    shop.end("late")
    assert shop.counter(f"product:{ADULT}") == (7, 1, 0)
    assert is_clean(shop)


def test_money_for_an_expired_order_that_nobody_swept_buys_it(shop: Shop) -> None:
    shop.place("late", (ADULT, 8))
    shop.venue.clock.forward(ms=600_000)
    assert shop.pay("late", 64_000).reserved == ()
    assert is_clean(shop)


def test_money_for_what_others_have_by_now_is_the_buyers(shop: Shop) -> None:
    shop.place("late", (ADULT, 8))
    shop.end("late")
    shop.bought("next", (ADULT, 1))
    assert shop.pay("late", 60_000).outcome == "late"
    assert shop.pay("late", 4_000).outcome == "late"
    assert shop.order("late").surplus_minor == 64_000
    assert shop.books()["customers"] == -64_000
    shop.refund("late", surplus_minor=64_000)
    assert "customers" not in shop.books()
    with pytest.raises(NotPossible):
        shop.refund("late", surplus_minor=1)
    # What was paid back counts no more: the order is not complete by as much again.
    assert shop.pay("late", 100, payment="again").outcome == "late"
    assert is_clean(shop)


def test_money_beyond_what_was_due_is_paid_back(shop: Shop) -> None:
    shop.bought("a", (ADULT, 1))
    assert shop.pay("a", 500).outcome == "more"
    assert shop.order("a").surplus_minor == 500
    assert shop.refund("a", surplus_minor=500).surplus_minor == 500
    assert shop.order("a").surplus_minor == 0
    assert is_clean(shop)


def test_money_held_for_an_unpaid_order_is_not_surplus(shop: Shop) -> None:
    shop.place("a", (ADULT, 1))
    shop.pay("a", 500)
    with pytest.raises(NotPossible):
        shop.refund("a", surplus_minor=500)
    shop.end("a")
    shop.refund("a", surplus_minor=500)
    assert shop.books() == {}
    assert is_clean(shop)


def test_a_payment_told_twice_counts_once(shop: Shop) -> None:
    shop.place("a", (ADULT, 1))
    shop.pay("a", 8000)
    shop.pay("a", 8000)
    assert shop.books()["taken:card"] == 8000


def test_what_is_no_payment_of_this_order_is_refused(shop: Shop) -> None:
    shop.begins("s")
    shop.place("a", (ADULT, 1))
    for amount in (0, -5, limits.AMOUNT_MINOR_MAX + 1):
        with pytest.raises(Misuse):
            shop.pay("a", amount)
    with pytest.raises(NotPossible):
        shop.pay("a", 100, currency="EUR")
    with pytest.raises(NotFound):
        shop.pay("b", 100)
    for method, shift in (("cash", ""), ("card", "s")):
        with pytest.raises(Misuse):
            shop.pay("a", 100, method, shift=shift)
    with pytest.raises(NotFound):
        shop.pay("a", 100, "cash", shift="none")
    shop.end("a")
    with pytest.raises(NotPossible):
        shop.end("a")


# Tickets.


def test_no_more_tickets_are_issued_than_were_paid_for(shop: Shop) -> None:
    shop.place("a", (ADULT, 1), (MORNING, 1))
    with pytest.raises(NotPossible):
        shop.issue("a", 0, 0, ADULT)
    shop.pay("a", 13_000)
    shop.issue("a", 0, 0, ADULT)
    with pytest.raises(NotPossible):
        shop.issue("a", 0, 1, ADULT)
    for line, product in ((1, ADULT), (2, ADULT)):
        with pytest.raises(Misuse):
            shop.issue("a", line, 5, product)
    with pytest.raises(NotFound):
        shop.issue("none", 0, 0, ADULT)
    assert shop.venue.says("a 0 0") == "ok"
    assert is_clean(shop)


# Paying back.


def test_a_refund_gives_back_the_tax_the_place_and_ends_the_ticket(shop: Shop) -> None:
    first, second = shop.bought("a", (ADULT, 2))
    shop.void(first)
    shop.refund("a", (first, 8000))
    assert shop.venue.row(t.TICKET, first).status == Status.refunded
    assert shop.counter(f"product:{ADULT}") == (7, 0, 1)
    shop.void(second)
    shop.refund("a", (second, 7000))
    # A thousand is kept as a fee, with its share of the tax.
    assert shop.books() == {"taken:card": 1000, "deferred:1": -943, "tax:600": -57}
    assert shop.order("a").refunded_minor == 15_000
    assert is_clean(shop)


def test_an_order_paid_back_in_full_leaves_nothing_in_the_books(shop: Shop) -> None:
    tickets = shop.bought("a", (ADULT, 3), (CHILD, 3), (MORNING, 1))
    for ticket, product in zip(tickets, (*[ADULT] * 3, *[CHILD] * 3, MORNING), strict=True):
        shop.void(ticket)
        shop.refund("a", (ticket, {ADULT: 8000, CHILD: 2525, MORNING: 5000}[product]))
    assert shop.books() == {}
    assert shop.counter(f"session:{SLOT}") == (6, 0, 0)
    assert is_clean(shop)


def test_a_ticket_is_void_before_it_is_paid_back_and_paid_back_once(shop: Shop) -> None:
    first, second = shop.bought("a", (ADULT, 2))
    (other,) = shop.bought("b", (ADULT, 1))
    with pytest.raises(NotPossible):
        shop.refund("a", (first, 8000))
    for ticket in (first, second, other):
        shop.void(ticket)
    with pytest.raises(NotPossible):
        shop.refund("a", (other, 8000))
    with pytest.raises(NotPossible):
        shop.refund("a", (first, 16_001))
    with pytest.raises(Misuse):
        shop.refund("a", (first, 4000), (first, 4000))
    for amounts in ((0, 0), (8000, -1)):
        with pytest.raises(Misuse):
            shop.refund("a", (first, amounts[0]), surplus_minor=amounts[1])
    shop.refund("a", (first, 8000))
    with pytest.raises(NotPossible):
        shop.refund("a", (first, 1))
    assert is_clean(shop)


def test_a_ticket_marked_as_paid_back_by_hand_is_not_paid_again(shop: Shop) -> None:
    (ticket,) = shop.bought("a", (ADULT, 1))
    shop.venue.do(SetStatus(ticket=ticket, status=Status.refunded))
    with pytest.raises(NotPossible):
        shop.refund("a", (ticket, 8000))


def test_cash_is_paid_back_from_a_drawer_that_has_it(shop: Shop) -> None:
    (ticket,) = shop.bought("a", (ADULT, 1))
    shop.void(ticket)
    shop.begins("s", 5000)
    with pytest.raises(NotPossible):
        shop.refund("a", (ticket, 8000), method="cash", shift="s")
    shop.refund("a", (ticket, 5000), method="cash", shift="s")
    assert shop.venue.row(t.SHIFT, "s").cash_minor == 0
    assert is_clean(shop)


def test_a_hold_by_itself_is_no_order(shop: Shop) -> None:
    command = Hold(hold="h", quota=f"product:{ADULT}", units=1, for_ms=1000)
    assert shop.venue.fact(command, HoldFact).reason == "ok"
    assert shop.venue.rows(t.SALE) == []


# Drawers.


def test_a_shift_ends_with_a_blind_count_and_its_difference(shop: Shop) -> None:
    shop.begins("s")
    shop.place("a", (ADULT, 1))
    shop.pay("a", 8000, "cash", shift="s")
    shop.drops("s", 12_000)
    shop.ends("s", 5_900)
    assert shop.books() == {
        "safe": 7_900,
        "cash_difference": 100,
        "deferred:1": -7547,
        "tax:600": -453,
    }
    with pytest.raises(NotPossible):
        shop.ends("s", 0)
    with pytest.raises(NotPossible):
        shop.drops("s", 1)
    shop.place("b", (ADULT, 1))
    with pytest.raises(NotPossible):
        shop.pay("b", 8000, "cash", shift="s")
    assert is_clean(shop)


def test_a_shift_is_of_somebody_and_in_a_currency(shop: Shop) -> None:
    for staff in ("gone", "nobody"):
        with pytest.raises(NotAllowed):
            shop.begins("s", staff=staff)
    for currency in ("cny", "YUAN", ""):
        with pytest.raises(Misuse):
            shop.begins("s", currency=currency)


def test_a_drawer_holds_what_is_put_into_it(shop: Shop) -> None:
    shop.begins("s", 0)
    for amount in (1, 0):
        with pytest.raises(NotPossible):
            shop.drops("s", amount)
    shop.drops("s", -700)
    assert shop.venue.row(t.SHIFT, "s").cash_minor == 700
    for wrong in ("s", ""):
        with pytest.raises(NotPossible):
            shop.begins(wrong)
    with pytest.raises(Misuse):
        shop.begins("t", -1)
    with pytest.raises(Misuse):
        shop.ends("s", -1)
    with pytest.raises(NotFound):
        shop.ends("none", 0)


# Forgetting.


def test_who_did_not_buy_is_forgotten_at_once(shop: Shop) -> None:
    buyer = Enclosure("person", bytes(32), b"{}")
    shop.venue.do(placing("a", (ADULT, 1), enclosures=(buyer,)))
    shop.end("a")
    (kept,) = shop.venue.rows(t.ENCLOSURE)
    assert (kept.salt, kept.body) == (b"", b"")
    assert is_clean(shop)


def test_whose_money_came_is_remembered_until_it_is_paid_back(shop: Shop) -> None:
    buyer = Enclosure("person", bytes(32), b"{}")
    shop.venue.do(placing("a", (ADULT, 1), enclosures=(buyer,)))
    shop.pay("a", 100)
    shop.end("a")
    (kept,) = shop.venue.rows(t.ENCLOSURE)
    assert kept.body == b"{}"


def test_erasing_a_tickets_person_erases_who_bought_it(shop: Shop) -> None:
    buyer = Enclosure("person", bytes(32), b"{}")
    shop.venue.do(placing("a", (ADULT, 1), enclosures=(buyer,)))
    shop.pay("a", 8000)
    ticket = shop.issue("a", 0, 0, ADULT)
    fact = shop.venue.fact(Erase(ticket=ticket), EraseFact)
    assert (fact.bodies, fact.order) == (1, name_of("a").hex())
    assert not any(row.body for row in shop.venue.rows(t.ENCLOSURE))
    assert is_clean(shop)


def test_a_buyer_who_vanished_without_a_word_is_found(shop: Shop) -> None:
    buyer = Enclosure("person", bytes(32), b"{}")
    shop.venue.do(placing("a", (ADULT, 1), enclosures=(buyer,)))
    place = shop.venue.rows(t.ENCLOSURE)[0]
    put(shop.venue, t.ENCLOSURE, place._replace(salt=b"", body=b""))
    assert codes(shop.venue) == {"enclosure_lost"}
