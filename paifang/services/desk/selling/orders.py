"""The page of an order, opened by a secret address: what is to be paid, and the tickets."""

import hmac
import time
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from paifang.core.rules import Event, Rules
from paifang.core.selling import Order, SaleState
from paifang.ledger import tables as t
from paifang.ledger.facts import IssueFact, fact_of
from paifang.ledger.opening import LedgerReader
from paifang.services.desk.context import context
from paifang.services.desk.selling.fulfilling import order_row, request_of
from paifang.services.desk.selling.numbers import order_number
from paifang.services.desk.tickets.pages import PageError, missed, secret_of
from paifang.services.live.keys import ticket_of_secret
from paifang.store.models import ProjectedOrder, ProjectedTicket

_ORDER: Final = "order"
"""In the place of a ticket's code in the proof of an address."""


class OrderState(StrEnum):
    """How an order stands for its buyer."""

    to_pay = "to_pay"
    expired = "expired"
    ended = "ended"
    making = "making"
    paid = "paid"


class TicketOfOrder(NamedTuple):
    """A ticket of an order: its row and the secret of its page."""

    row: ProjectedTicket
    secret: str


class OrderShown(NamedTuple):
    """What the page of an order shows. `row` is None for a moment after it was placed."""

    id: bytes
    number: str
    event: Event
    order: Order
    until_ms: int
    state: OrderState
    tickets: list[TicketOfOrder]
    row: ProjectedOrder | None


def order_secret(rules: Rules, order: bytes, event: int) -> str:
    """Return the secret of an order's page, "" if its event is gone."""
    found = rules.centre.events.get(event)
    return context().keys.page_secret(found, order, _ORDER) if found else ""


def open_order(secret: str, where: str) -> OrderShown:
    """Return what the page of a secret shows; whoever has the secret may see it.

    Args:
        secret: As it stands in the address.
        where: The visitor's address, whose misses are counted.

    Raises:
        PageError: There is no such page, or there were too many misses.
        LedgerFault: The ledger could not be read.
    """
    name, rules = ticket_of_secret(secret), context().ledger.rules()
    shown = show_order(name) if name else None
    wanted = order_secret(rules, name, shown.event.number) if shown else ""
    if shown is None or not hmac.compare_digest(wanted.encode(), secret.encode()):
        raise PageError(missed(where))
    return shown


def show_order(name: bytes) -> OrderShown | None:
    """Return an order with its tickets, None if there is none. Raises LedgerFault."""
    rules = context().ledger.rules()
    with context().ledger.reader() as reader:
        order = order_row(reader, name)
        event = rules.centre.events.get(order.event) if order else None
        if order is None or event is None:
            return None
        until_ms = reader.raw.rows(t.SALE, [name])[0].until_ms
        ids = _tickets_of(reader, name, order)
    rows = ProjectedTicket.objects.in_bulk([UUID(bytes=each) for each in ids])
    known = [rows[UUID(bytes=each)] for each in ids if UUID(bytes=each) in rows]
    tickets = [TicketOfOrder(row, secret_of(rules, row)) for row in known]
    state = _state(order, until_ms, len(tickets))
    row = ProjectedOrder.objects.filter(order=UUID(bytes=name)).first()
    return OrderShown(name, order_number(name.hex()), event, order, until_ms, state, tickets, row)


def _state(order: Order, until_ms: int, tickets: int) -> OrderState:
    if order.state == SaleState.paid:
        whole = sum(line.quantity for line in order.lines)
        return OrderState.paid if tickets == whole else OrderState.making
    if order.state == SaleState.ended:
        return OrderState.ended
    over = until_ms <= time.time_ns() // 1_000_000
    return OrderState.expired if over else OrderState.to_pay


def _tickets_of(reader: LedgerReader, name: bytes, order: Order) -> list[bytes]:
    """Return the tickets that were issued for an order, by the requests that issued them."""
    requests = [
        request_of(name, place, n)
        for place, line in enumerate(order.lines)
        for n in range(line.issued)
    ]
    places = {row.request_id: row[2:] for row in reader.raw.rows(t.REQUEST, requests)}
    found = {row[:3]: row for row in reader.raw.rows(t.JOURNAL, list(places.values()))}
    tickets = []
    for request in requests:
        row = found.get(places[request]) if request in places else None
        fact = fact_of(row.kind, row.payload) if row is not None else None
        if isinstance(fact, IssueFact):
            tickets.append(bytes.fromhex(fact.ticket))
    return tickets
