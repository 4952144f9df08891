"""Selling at the desk: priced, ordered, paid at the counter, fulfilled; nobody gets in unpaid."""

import secrets
from datetime import time

import pytest

from paifang.core import limits
from paifang.core.pricing import Channel, Quote, Wanted
from paifang.core.rules import Role
from paifang.core.selling import SaleState
from paifang.core.tickets import Status
from paifang.ledger.faults import LedgerFault
from paifang.services.desk.context import DeskContext
from paifang.services.desk.job_runner import Handler, run_next
from paifang.services.desk.jobs import ask_for
from paifang.services.desk.permissions import Actor, NotPermitted
from paifang.services.desk.projector import project_all, rebuild
from paifang.services.desk.selling import counter, fulfilling, ordering
from paifang.services.desk.selling.counter import CounterError
from paifang.services.desk.selling.listing import orders
from paifang.services.desk.selling.numbers import FULFIL, order_number
from paifang.services.desk.selling.offers import offers_of, quoted
from paifang.services.desk.selling.ordering import VISITOR, Buyer, OrderRefused, OrderWish, place
from paifang.services.desk.selling.orders import OrderState, open_order, order_secret, show_order
from paifang.services.desk.set_up.faults import ChangedMeanwhile, Refused
from paifang.services.desk.set_up.prices import Costs, ForSale, sale_of, set_sale
from paifang.services.desk.set_up.products import Gives, change_product
from paifang.services.desk.set_up.recurring import Pattern, make_sessions
from paifang.services.desk.set_up.rows import Wish
from paifang.services.desk.set_up.sessions import add_session, change_session
from paifang.services.desk.staff import make_staff
from paifang.services.desk.tickets.pages import PageError
from paifang.services.desk.tickets.story import code_of
from paifang.store.models import AuditEntry, Job, ProjectedOrder, ProjectedTicket, Session
from tests.desk_makers import BOSS, DAY, NOW, Venue, commit, make_venue, shown

CASHIER = Actor("cas", Role.cashier)
STEWARD = Actor("ste", Role.steward)
MEI = Buyer("王美", "mei@example.org", "13800000000")
EIGHTY = Costs(amount_minor=8000, currency="CNY", tax_bp=600)
NOW_MS = int(NOW.timestamp() * 1000)


@pytest.fixture
def shop(desk: DeskContext) -> tuple[DeskContext, Venue]:
    """A venue with ten tickets for sale at 80 yuan, and a cashier."""
    venue = make_venue()
    make_staff("cas", name="Cas", role=Role.cashier, password="tea-leaf-42")
    set_sale(venue.product, 1, ForSale((EIGHTY,), order_max=4, quota=10), BOSS)
    return desk, venue


def wish(desk: DeskContext, venue: Venue, quantity: int, **more: object) -> OrderWish:
    centre = desk.ledger.rules().centre
    event = centre.events[venue.event.number]
    wanted = [Wanted(venue.product.number, 0, quantity)]
    quote = quoted(centre, event, wanted, Channel.counter, NOW_MS + 60_000)
    assert isinstance(quote, Quote)
    order = more.pop("order", None) or secrets.token_bytes(16)
    assert isinstance(order, bytes)
    return OrderWish(order, event, tuple(wanted), quote, MEI, Channel.counter)


def ordered(desk: DeskContext, venue: Venue, quantity: int = 2) -> bytes:
    made = wish(desk, venue, quantity)
    place(made, by=VISITOR)
    return made.order


def state_of(order: bytes) -> OrderState:
    told = show_order(order)
    assert told is not None
    return told.state


def test_a_visitor_orders_pays_at_the_counter_and_is_admitted(
    shop: tuple[DeskContext, Venue],
) -> None:
    desk, venue = shop
    order = ordered(desk, venue)
    assert state_of(order) is OrderState.to_pay
    counter.begin("1" * 32, "CNY", 20_000, by=CASHIER)
    counter.take("2" * 32, order, "cash", 10_000, by=CASHIER)
    assert state_of(order) is OrderState.to_pay
    assert counter.take("3" * 32, order, "card", 6_000, by=CASHIER).outcome == "paid"
    told = show_order(order)
    assert told is not None
    assert (told.state, len(told.tickets)) == (OrderState.paid, 2)
    row = told.tickets[0].row
    assert (row.holder, row.email, row.reference) == (
        "王美",
        "mei@example.org",
        order_number(order.hex()),
    )
    code = code_of(desk.ledger.rules(), row)
    (answer,) = commit(desk, shown(desk, venue, code, "in"))
    assert b'"reason":"ok"' in answer.fact
    assert counter.end("4" * 32, 30_500, "", by=CASHIER) == 500
    acts = AuditEntry.objects.values_list("what", flat=True)
    assert {"shift_opened", "money_taken", "shift_closed"} <= set(acts)


def test_the_same_act_sent_twice_takes_money_once(shop: tuple[DeskContext, Venue]) -> None:
    desk, venue = shop
    order = ordered(desk, venue)
    counter.begin("1" * 32, "CNY", 0, by=CASHIER)
    for _ in range(2):
        counter.take("2" * 32, order, "cash", 16_000, by=CASHIER)
    assert ProjectedOrder.objects.get(order=order.hex()).captured_minor == 16_000
    assert ProjectedTicket.objects.count() == 2
    again = wish(desk, venue, 2, order=order)
    with pytest.raises(LedgerFault):
        place(again, by=CASHIER)


def test_what_was_paid_before_a_crash_is_fulfilled_by_a_job(
    shop: tuple[DeskContext, Venue], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, venue = shop
    order = ordered(desk, venue)
    counter.begin("1" * 32, "CNY", 0, by=CASHIER)
    monkeypatch.setattr(counter, "fulfil", lambda _order: [])
    counter.take("2" * 32, order, "card", 16_000, by=CASHIER)
    assert state_of(order) is OrderState.making
    handlers = {FULFIL: Handler(fulfilling.run)}
    assert run_next(handlers)
    project_all()
    assert state_of(order) is OrderState.paid
    assert fulfilling.fulfil(order) == fulfilling.fulfil(order)
    assert ProjectedTicket.objects.count() == 2


def test_a_job_for_an_order_of_another_node_ends(shop: tuple[DeskContext, Venue]) -> None:
    del shop
    ask_for(FULFIL, "x", {"order": "ab" * 16})
    assert run_next({FULFIL: Handler(fulfilling.run)})
    assert Job.objects.get(key="x").error == "order_unknown"
    assert fulfilling.fulfil(bytes(16)) == []


def test_what_costs_nothing_needs_no_counter(shop: tuple[DeskContext, Venue]) -> None:
    desk, venue = shop
    free = ForSale((Costs(amount_minor=0, currency="CNY"),), order_max=4, quota=0)
    venue.product.refresh_from_db()
    set_sale(venue.product, venue.product.version, free, BOSS)
    assert state_of(ordered(desk, venue, 1)) is OrderState.paid


def test_nobody_orders_more_than_there_are_or_at_another_price(
    shop: tuple[DeskContext, Venue],
) -> None:
    desk, venue = shop
    for _ in range(5):
        ordered(desk, venue)
    with pytest.raises(OrderRefused, match="sold_out"):
        ordered(desk, venue, 1)
    made = wish(desk, venue, 1)
    venue.product.refresh_from_db()
    dearer = ForSale((Costs(amount_minor=9000, currency="CNY"),), 4, quota=20)
    set_sale(venue.product, venue.product.version, dearer, BOSS)
    with pytest.raises(OrderRefused, match="price_changed"):
        place(made, by=VISITOR)


def test_too_many_orders_from_one_address_have_to_wait(shop: tuple[DeskContext, Venue]) -> None:
    desk, venue = shop
    for _ in range(limits.ORDERS_FROM_ONE_MAX):
        made = wish(desk, venue, 20)
        with pytest.raises(OrderRefused, match="sold_out"):
            place(made, by=VISITOR, where="192.0.2.7")
    with pytest.raises(OrderRefused, match="too_often") as refused:
        place(wish(desk, venue, 1), by=VISITOR, where="192.0.2.7")
    assert refused.value.wait_s > 0
    place(wish(desk, venue, 1), by=VISITOR, where="192.0.2.8")


def test_who_does_not_pay_is_let_go_and_forgotten(
    shop: tuple[DeskContext, Venue], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, venue = shop
    order = ordered(desk, venue)
    assert ProjectedOrder.objects.get(order=order.hex()).buyer == "王美"
    assert ordering.end_expired() == 0
    monkeypatch.setattr(limits, "ORDER_HOLD_MS", 1)
    other = ordered(desk, venue)
    ProjectedOrder.objects.filter(order=order.hex()).update(until_ms=1)
    assert ordering.end_expired() == 2
    project_all()
    row = ProjectedOrder.objects.get(order=order.hex())
    assert (row.state, row.buyer, row.email, row.phone) == (SaleState.ended, "", "", "")
    assert state_of(other) is OrderState.ended
    with pytest.raises(LedgerFault):
        ordering.let_go(order, why="again", by=CASHIER)


def test_an_order_is_found_by_its_number_and_its_buyer(shop: tuple[DeskContext, Venue]) -> None:
    desk, venue = shop
    order = ordered(desk, venue)
    number = order_number(order.hex())
    for text in ("", number, f"{number[:3]} {number[3:6]}", "王", "mei@"):
        assert [row.order.bytes for row in orders(text, by=CASHIER)] == [order]
    assert orders("nobody", by=CASHIER) == []
    with pytest.raises(NotPermitted):
        orders("", by=STEWARD)


def test_the_page_of_an_order_opens_by_its_own_address_only(
    shop: tuple[DeskContext, Venue],
) -> None:
    desk, venue = shop
    order, other = ordered(desk, venue), ordered(desk, venue)
    rules = desk.ledger.rules()
    secret = order_secret(rules, order, venue.event.number)
    assert open_order(secret, "192.0.2.1").id == order
    mixed = order_secret(rules, other, venue.event.number)[:22] + secret[22:]
    for wrong in ("", "short", mixed, secret[:-2] + "AA"):
        with pytest.raises(PageError):
            open_order(wrong, "192.0.2.1")
    assert order_secret(rules, order, 99) == ""


def test_orders_made_anew_from_the_journal_are_the_same(shop: tuple[DeskContext, Venue]) -> None:
    desk, venue = shop
    paid, ended = ordered(desk, venue), ordered(desk, venue)
    counter.begin("1" * 32, "CNY", 0, by=CASHIER)
    counter.take("2" * 32, paid, "card", 16_000, by=CASHIER)
    ordering.let_go(ended, why="gone", by=CASHIER)
    project_all()
    before, jobs = list(ProjectedOrder.objects.values()), Job.objects.count()
    rebuild()
    assert list(ProjectedOrder.objects.values()) == before
    assert Job.objects.count() == jobs


def test_a_drawer_is_its_cashiers_own(shop: tuple[DeskContext, Venue]) -> None:
    desk, venue = shop
    order = ordered(desk, venue)
    with pytest.raises(CounterError, match="no_shift"):
        counter.take("1" * 32, order, "cash", 100, by=CASHIER)
    with pytest.raises(NotPermitted):
        counter.begin("1" * 32, "CNY", 0, by=STEWARD)
    counter.begin("1" * 32, "CNY", 1000, by=CASHIER)
    with pytest.raises(CounterError, match="shift_open"):
        counter.begin("2" * 32, "CNY", 0, by=CASHIER)
    with pytest.raises(CounterError, match="method_unknown"):
        counter.take("3" * 32, order, "shells", 100, by=CASHIER)
    with pytest.raises(LedgerFault):
        counter.move("4" * 32, -1001, "too much", by=CASHIER)
    counter.move("5" * 32, -1000, "full", by=CASHIER)
    assert counter.end("6" * 32, 0, "", by=CASHIER) == 0
    assert counter.open_shift_of("cas") is None


# What is for sale.


def test_a_session_is_sold_up_to_its_cap(shop: tuple[DeskContext, Venue]) -> None:
    desk, venue = shop
    slot = Session.objects.create(
        event=venue.event, number=7, name="Slot", opens_at=NOW, closes_at=NOW + DAY, cap=3
    )
    venue.product.entitlements.update(session_bound=True)
    venue.product.refresh_from_db()
    set_sale(venue.product, venue.product.version, ForSale((EIGHTY,), 4, quota=0), BOSS)
    centre = desk.ledger.rules().centre
    (offer,) = offers_of(centre, centre.events[1], Channel.web, NOW_MS)
    assert (offer.left, offer.session and offer.session.number) == (3, slot.number)
    assert offers_of(centre, centre.events[1], Channel.web, NOW_MS + 3 * 86_400_000) == []


def left_of(desk: DeskContext) -> dict[str, int | None]:
    """How many are left of each session, by its name."""
    centre = desk.ledger.rules().centre
    found = offers_of(centre, centre.events[1], Channel.web, NOW_MS)
    return {offer.session.name: offer.left for offer in found if offer.session}


def test_a_session_that_is_made_or_changed_later_is_sold_up_to_its_cap_too(
    shop: tuple[DeskContext, Venue],
) -> None:
    desk, venue = shop
    set_sale(venue.product, 2, ForSale((EIGHTY,), 4, quota=0), BOSS)
    gives = Gives(zone=venue.zone, session_bound=True)
    Session.objects.create(
        event=venue.event, number=7, name="Early", opens_at=NOW, closes_at=NOW + DAY, cap=1
    )
    change_product(venue.product, Wish({}, 3), [gives], BOSS)
    assert left_of(desk) == {"Early": 1}
    values = {"name": "Late", "opens_at": NOW, "closes_at": NOW + DAY, "cap": 3}
    row = add_session({**values, "event": venue.event}, BOSS)
    assert left_of(desk) == {"Early": 1, "Late": 3}
    change_session(row, Wish({"cap": 2}, row.version), BOSS)
    assert left_of(desk) == {"Early": 1, "Late": 2}
    day = NOW.date() + DAY
    many = Pattern(day, day, frozenset(range(7)), (time(9),), 60, "Many", cap=5)
    assert make_sessions(venue.event, many, venue.site.zone_info, BOSS) == 1
    assert sorted(left_of(desk).values(), key=str) == [1, 2, 5]


def test_what_is_set_up_for_sale_is_what_is_shown(shop: tuple[DeskContext, Venue]) -> None:
    desk, venue = shop
    venue.product.refresh_from_db()
    assert sale_of(venue.product) == ForSale((EIGHTY,), order_max=4, quota=10)
    version = venue.product.version
    assert set_sale(venue.product, version, sale_of(venue.product), BOSS).version == version
    ordered(desk, venue, 4)
    set_sale(venue.product, version, ForSale((EIGHTY,), 4, quota=2), BOSS)
    # Four are held already, so it is four.
    assert sale_of(venue.product).quota == 4
    with pytest.raises(ChangedMeanwhile):
        set_sale(venue.product, version, ForSale((), 4, quota=0), BOSS)
    venue.product.refresh_from_db()
    set_sale(venue.product, venue.product.version, ForSale((), 4, quota=0), BOSS)
    centre = desk.ledger.rules().centre
    assert offers_of(centre, centre.events[1], Channel.web, NOW_MS) == []
    assert sale_of(venue.product).quota == 0


def test_what_no_product_costs_is_refused(shop: tuple[DeskContext, Venue]) -> None:
    _, venue = shop
    venue.product.refresh_from_db()
    euro = Costs(amount_minor=1, currency="EUR")
    for prices, why in (((EIGHTY, euro), "one_currency"), ((EIGHTY,) * 21, "too_many_prices")):
        with pytest.raises(Refused, match=why):
            set_sale(venue.product, venue.product.version, ForSale(prices, 4, 0), BOSS)
    with pytest.raises(NotPermitted):
        set_sale(venue.product, venue.product.version, ForSale((), 4, 0), CASHIER)


def test_a_ticket_of_an_order_is_an_ordinary_ticket(shop: tuple[DeskContext, Venue]) -> None:
    desk, venue = shop
    order = ordered(desk, venue, 1)
    counter.begin("1" * 32, "CNY", 0, by=CASHIER)
    counter.take("2" * 32, order, "cash", 8000, by=CASHIER)
    (row,) = ProjectedTicket.objects.all()
    assert row.status == Status.valid
    assert desk.ledger.tickets([row.ticket.bytes])[row.ticket.bytes].people == 1
