"""Paying back at the counter: the ticket ends first, then the money moves, and only once."""

import pytest

from paifang.core.rules import Role
from paifang.core.tickets import Status
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.permissions import Actor, NotPermitted
from paifang.services.desk.selling import counter
from paifang.services.desk.selling.counter import CounterError
from paifang.services.desk.selling.orders import show_order
from paifang.services.desk.selling.refunding import pay_back
from paifang.services.desk.staff import make_staff
from paifang.services.desk.tickets.acts import ReasonMissing
from paifang.services.desk.tickets.story import code_of
from paifang.store.models import AuditEntry, ProjectedOrder, ProjectedTicket
from tests.desk_makers import Venue, commit, shown
from tests.services.desk.selling.test_selling import CASHIER, ordered, shop

__all__ = ["shop"]

BOSS = Actor("boss", Role.manager)


@pytest.fixture
def bought(shop: tuple[DeskContext, Venue]) -> tuple[DeskContext, Venue, bytes]:
    """An order of two tickets paid in cash, and a manager with a drawer of their own."""
    desk, venue = shop
    make_staff("boss", name="Boss", role=Role.manager, password="tea-leaf-42")
    publish()
    order = ordered(desk, venue)
    counter.begin("a" * 32, "CNY", 0, by=CASHIER)
    counter.take("b" * 32, order, "cash", 16_000, by=CASHIER)
    counter.begin("c" * 32, "CNY", 10_000, by=BOSS)
    return desk, venue, order


def tickets_of(order: bytes) -> list[ProjectedTicket]:
    told = show_order(order)
    assert told is not None
    return [each.row for each in told.tickets]


def test_a_ticket_comes_back_and_its_price_goes_out(
    bought: tuple[DeskContext, Venue, bytes],
) -> None:
    desk, venue, order = bought
    first, second = tickets_of(order)
    for _ in range(2):
        fact = pay_back("d" * 32, order, [first.ticket], "cash", "cannot come", by=BOSS)
        assert [amount for _, amount in fact.tickets] == [8000]
    assert ProjectedTicket.objects.get(pk=first.pk).status == Status.refunded
    assert ProjectedOrder.objects.get(order=order.hex()).refunded_minor == 8000
    rules = desk.ledger.rules()
    for row, reason in ((first, b"refunded"), (second, b"ok")):
        code = code_of(rules, row)
        (answer,) = commit(desk, shown(desk, venue, code, f"in {row.pk.hex[-6:]}"))
        assert b'"reason":"%s"' % reason in answer.fact
    assert counter.end("e" * 32, 2000, "", by=BOSS) == 0
    assert AuditEntry.objects.filter(what="money_paid_back", why="cannot come").exists()


def test_who_has_entered_gets_nothing_back(bought: tuple[DeskContext, Venue, bytes]) -> None:
    desk, venue, order = bought
    first, second = tickets_of(order)
    commit(desk, shown(desk, venue, code_of(desk.ledger.rules(), first), "in"))
    with pytest.raises(CounterError, match="ticket_used"):
        pay_back("d" * 32, order, [first.ticket], "card", "cannot come", by=BOSS)
    assert ProjectedOrder.objects.get(order=order.hex()).refunded_minor == 0
    pay_back("e" * 32, order, [second.ticket], "card", "cannot come", by=BOSS)
    with pytest.raises(CounterError, match="nothing_to_refund"):
        pay_back("f" * 32, order, [], "card", "cannot come", by=BOSS)


def test_what_came_too_much_goes_back(bought: tuple[DeskContext, Venue, bytes]) -> None:
    _, _, order = bought
    counter.take("d" * 32, order, "card", 500, by=CASHIER)
    assert pay_back("e" * 32, order, [], "card", "paid twice", by=BOSS).surplus_minor == 500


def test_money_goes_back_for_a_reason_by_those_who_may(
    bought: tuple[DeskContext, Venue, bytes],
) -> None:
    _, _, order = bought
    first, _ = tickets_of(order)
    with pytest.raises(NotPermitted):
        pay_back("d" * 32, order, [first.ticket], "card", "cannot come", by=CASHIER)
    with pytest.raises(ReasonMissing):
        pay_back("d" * 32, order, [first.ticket], "card", " ", by=BOSS)
    with pytest.raises(CounterError, match="method_unknown"):
        pay_back("d" * 32, order, [first.ticket], "shells", "cannot come", by=BOSS)
    counter.end("e" * 32, 10_000, "", by=BOSS)
    with pytest.raises(CounterError, match="no_shift"):
        pay_back("d" * 32, order, [first.ticket], "cash", "cannot come", by=BOSS)
    assert tickets_of(order)[0].status == Status.valid
