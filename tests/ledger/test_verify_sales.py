"""Orders and money that never were right: chained properly, and `verify` names it all."""

from typing import Any

import pytest

from paifang.core.money import Posting
from paifang.core.pricing import QuotedLine
from paifang.ledger import tables as t
from paifang.ledger.facts import IssueFact
from paifang.ledger.sale_facts import (
    CaptureFact,
    CashShiftFact,
    GiveBackFact,
    OrderEndFact,
    OrderFact,
    RefundFact,
)
from tests.ledger.forging import change, checked, codes, forge, found, put
from tests.ledger.shop import ADULT, MORNING, Shop, name_of
from tests.ledger.test_verify_facts import told
from tests.ledger.venue import Venue

CARD = (Posting("taken:card", "CNY", 100), Posting("customers", "CNY", -100))
LINE = QuotedLine(ADULT, 0, 1, 8000, 8000, 600, 453)


def fields(venue: Venue, code: str) -> str:
    """Return which field the first finding of a code names."""
    return found(venue, code).params["field"]


@pytest.fixture
def shop(venue: Venue) -> Shop:
    """A shop with one order that is paid, and its ticket."""
    made = Shop(venue)
    made.bought("a", (ADULT, 1))
    return made


def capture(word: str, **more: Any) -> CaptureFact:
    """Return the fact of a payment of 100 by card."""
    told_: dict[str, Any] = {
        "order": name_of(word).hex(),
        "payment": "p",
        "method": "card",
        "currency": "CNY",
        "amount_minor": 100,
        "outcome": "more",
        "postings": CARD,
    }
    return CaptureFact(**{**told_, **more})


def refund(word: str, **more: Any) -> RefundFact:
    """Return the fact of 100 paid back by card."""
    told_: dict[str, Any] = {
        "order": name_of(word).hex(),
        "refund": "r",
        "method": "card",
        "currency": "CNY",
        "surplus_minor": 100,
        "postings": tuple(each._replace(amount=-each.amount) for each in CARD),
    }
    return RefundFact(**{**told_, **more})


def test_money_for_an_order_that_does_not_exist_is_found(shop: Shop) -> None:
    assert "order_missing" in told(shop.venue, capture("none"), 1)
    assert "order_missing" in told(shop.venue, refund("none"), 1)
    assert "order_missing" in told(shop.venue, OrderEndFact(order=name_of("none").hex()), 1)


def test_money_in_a_segment_of_tickets_is_found(shop: Shop) -> None:
    assert "row_wrong_segment" in told(shop.venue, capture("a"), 2)


def test_an_order_placed_twice_or_of_other_lines_is_found(shop: Shop) -> None:
    order = OrderFact(
        order=name_of("a").hex(), event=1, channel="web", total_minor=8000, lines=(LINE,)
    )
    forge(shop.venue, order, 1)
    assert fields(shop.venue, "order_differs") == "lines"


def test_lines_that_do_not_make_the_sum_are_found(shop: Shop) -> None:
    order = OrderFact(order="ab" * 16, event=1, channel="web", total_minor=1, lines=(LINE,))
    forge(shop.venue, order, 1)
    assert {"order_differs"} == codes(shop.venue)


def test_a_paid_order_that_ends_is_found(shop: Shop) -> None:
    forge(shop.venue, OrderEndFact(order=name_of("a").hex()), 1)
    assert fields(shop.venue, "order_differs") == "state"


def test_postings_that_do_not_balance_or_fit_are_found(shop: Shop) -> None:
    assert "unbalanced" in told(shop.venue, capture("a", postings=CARD[:1]), 1)
    shorter = tuple(each._replace(amount=each.amount // 2) for each in CARD)
    assert "unbalanced" in told(shop.venue, capture("a", postings=shorter), 1)


@pytest.mark.parametrize("outcome", ["paid", "part", "late"])
def test_an_outcome_that_does_not_fit_a_paid_order_is_found(shop: Shop, outcome: str) -> None:
    forge(shop.venue, capture("a", outcome=outcome), 1)
    assert fields(shop.venue, "order_differs") == "state"


def test_more_paid_back_than_came_is_found(shop: Shop) -> None:
    big = tuple(each._replace(amount=-90 * each.amount) for each in CARD)
    forge(shop.venue, refund("a", surplus_minor=9000, postings=big), 1)
    assert "refund_exceeds" in codes(shop.venue)


def test_a_ticket_paid_back_twice_is_found(shop: Shop) -> None:
    ticket = shop.venue.rows(t.SOLD)[0].ticket.hex()
    half = refund("a", surplus_minor=0, tickets=((ticket, 100),))
    forge(shop.venue, half, 1)
    forge(shop.venue, half, 1)
    assert "refund_exceeds" in codes(shop.venue)


def test_more_paid_back_for_a_line_than_it_cost_is_found(shop: Shop) -> None:
    shop.bought("b", (ADULT, 1), (MORNING, 1))
    ticket = next(row.ticket for row in shop.venue.rows(t.SOLD) if row.line == 1).hex()
    amount = -60 * 100
    postings = tuple(each._replace(amount=amount * each.amount // 100) for each in CARD)
    dear = refund("b", surplus_minor=0, tickets=((ticket, 6000),), postings=postings)
    forge(shop.venue, dear, 1)
    assert "refund_exceeds" in codes(shop.venue)


def test_a_ticket_paid_back_by_another_order_is_found(shop: Shop) -> None:
    shop.bought("b", (ADULT, 1))
    ticket = next(row.ticket for row in shop.venue.rows(t.SOLD) if row.sale == name_of("b")).hex()
    forge(shop.venue, refund("a", surplus_minor=0, tickets=((ticket, 100),)), 1)
    assert fields(shop.venue, "order_differs") == "id"


def test_a_ticket_paid_back_that_nobody_issued_is_found(shop: Shop) -> None:
    forge(shop.venue, refund("a", surplus_minor=0, tickets=(("ab" * 16, 100),)), 1)
    assert found(shop.venue, "order_differs").where == f"ticket {'ab' * 16}"


def issue(shop: Shop, **more: Any) -> IssueFact:
    """Return the fact of the order's ticket issued once more."""
    row = shop.venue.rows(t.TICKET)[0]
    heads = {head.number: head.uuid for head in shop.venue.rows(t.HEAD)}
    told_: dict[str, Any] = {
        "ticket": row.id.hex(),
        "event": row.event,
        "product": row.product,
        "home": heads[row.home],
        "segments": (heads[row.home],),
        "order": name_of("a").hex(),
    }
    return IssueFact(**{**told_, **more})


def test_a_ticket_issued_twice_for_an_order_is_found(shop: Shop) -> None:
    forge(shop.venue, issue(shop), 2)
    assert fields(shop.venue, "order_differs") == "issued"


@pytest.mark.parametrize("line", [0, 7])
def test_more_tickets_than_a_line_is_for_are_found(shop: Shop, line: int) -> None:
    shop.venue.issue("stray")
    stray = next(row for row in shop.venue.rows(t.TICKET) if row.product != ADULT)
    more = issue(shop, ticket=stray.id.hex(), product=stray.product, line=line)
    forge(shop.venue, more, 2)
    assert fields(shop.venue, "order_differs") == "issued"


def test_tickets_of_an_order_that_is_not_paid_are_found(shop: Shop) -> None:
    shop.place("b", (ADULT, 1))
    shop.venue.issue("stray")
    stray = next(row for row in shop.venue.rows(t.TICKET) if row.product != ADULT)
    told_: dict[str, Any] = {
        "ticket": stray.id.hex(),
        "product": stray.product,
        "order": name_of("b").hex(),
    }
    forge(shop.venue, issue(shop, **told_), 2)
    assert fields(shop.venue, "order_differs") == "issued"


def test_cash_through_a_drawer_that_is_not_open_is_found(shop: Shop) -> None:
    cash = tuple(each._replace(account="cash:s") for each in CARD[:1]) + CARD[1:]
    forge(shop.venue, capture("a", method="cash", shift="s", postings=cash), 1)
    assert fields(shop.venue, "drawer_differs") == "cash_minor"


def shift(what: str, **more: Any) -> CashShiftFact:
    """Return a fact of the drawer `s`."""
    return CashShiftFact(what=what, shift="s", staff="li", currency="CNY", **more)


def test_a_drawer_opened_twice_or_closed_unopened_is_found(shop: Shop) -> None:
    forge(shop.venue, shift("closed"), 1)
    assert fields(shop.venue, "drawer_differs") == "cash_minor"
    shop.begins("s", 0)
    forge(shop.venue, shift("opened"), 1)
    assert "id" in {
        finding.params["field"]
        for finding in checked(shop.venue).findings
        if finding.code == "drawer_differs"
    }


def test_cash_moved_that_is_not_there_is_found(shop: Shop) -> None:
    shop.begins("s", 0)
    out = (Posting("cash:s", "CNY", -5), Posting("safe", "CNY", 5))
    forge(shop.venue, shift("moved", amount_minor=-5, postings=out), 1)
    assert "drawer_differs" in codes(shop.venue)


def test_a_drawer_that_only_the_journal_knows_is_found(shop: Shop) -> None:
    forge(shop.venue, shift("opened"), 1)
    assert found(shop.venue, "drawer_differs").where == "shift s"


def test_more_places_given_back_than_were_sold_are_found(shop: Shop) -> None:
    back = GiveBackFact(quota=f"product:{ADULT}", units=2, order=name_of("a").hex())
    assert "hold_not_open" in told(shop.venue, back, 1)
    gone = GiveBackFact(quota="none", units=2, order=name_of("a").hex())
    assert "quota_unknown" in told(shop.venue, gone, 1)


def test_tables_changed_behind_the_ledgers_back_are_found(shop: Shop) -> None:
    shop.begins("s")
    change(shop.venue, t.SALE, (name_of("a"),), captured_minor=1)
    assert fields(shop.venue, "order_differs") == "captured_minor"
    change(shop.venue, t.SALE, (name_of("a"),), captured_minor=8000)
    ticket = shop.venue.rows(t.SOLD)[0]
    change(shop.venue, t.SOLD, (ticket.ticket,), refunded_minor=1)
    assert fields(shop.venue, "order_differs") == "line"
    put(shop.venue, t.SOLD, ticket)
    change(shop.venue, t.SHIFT, ("s",), cash_minor=1)
    assert fields(shop.venue, "drawer_differs") == "cash_minor"
    put(shop.venue, t.SHIFT, replace_shift(shop))
    change(shop.venue, t.MONEY, ("taken:card", "CNY"), amount=1)
    assert found(shop.venue, "money_differs").params == {"expected": "8000", "found": "1"}
    stray = shop.venue.row(t.SALE, name_of("a"))._replace(id=bytes(16))
    put(shop.venue, t.SALE, stray)
    assert "order_differs" in codes(shop.venue)


def replace_shift(shop: Shop) -> object:
    """Return the drawer's row as it should be."""
    return shop.venue.row(t.SHIFT, "s")._replace(cash_minor=10_000)


def test_an_account_that_only_the_journal_knows_is_found(shop: Shop) -> None:
    forge(shop.venue, capture("a"), 1)
    assert {"money_differs", "order_differs"} == codes(shop.venue)
