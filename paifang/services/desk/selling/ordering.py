"""Placing an order, and letting one go."""

import hashlib
import json
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Final

from django.conf import settings

from paifang.core import limits
from paifang.core.pricing import Channel, Quote, Wanted
from paifang.core.rules import Event
from paifang.core.selling import SaleState
from paifang.ledger.commands import Command, Enclosure
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault, NotPossible
from paifang.ledger.sale_commands import EndOrder, OrderLine, PlaceOrder
from paifang.ledger.sale_facts import OrderFact
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.issuing import PERSON, SALT_BYTES
from paifang.services.desk.permissions import Actor
from paifang.services.desk.projector import wait_until
from paifang.services.desk.selling.fulfilling import fulfil
from paifang.services.desk.throttle import counted
from paifang.services.desk.tickets.acts import SEEN_WITHIN_S
from paifang.store.models import ProjectedOrder

VISITOR: Final = Actor("shop")
"""Whoever buys in the shop, for the journal: nobody we know."""
ENDED_AT_ONCE: Final = 100


class OrderRefused(Exception):
    """An order was not placed.

    `code` is a word of `NotSold`, sold_out, price_changed, too_often or at_the_centre.
    """

    def __init__(self, code: str, wait_s: int = 0) -> None:
        """Keep the code, and how long to wait if it is too often."""
        super().__init__(code)
        self.code = code
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys, as they tell it."""

    name: str = ""
    email: str = ""
    phone: str = ""

    def enclosure(self) -> tuple[Enclosure, ...]:
        """Return what is kept of them until their tickets are erased, nothing if none is told."""
        told = {name: value for name, value in asdict(self).items() if value}
        if not told:
            return ()
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        return (Enclosure(PERSON, secrets.token_bytes(SALT_BYTES), body),)


@dataclass(frozen=True, slots=True)
class OrderWish:
    """What somebody wants to buy, and at what price they were shown it."""

    order: bytes
    event: Event
    wanted: tuple[Wanted, ...]
    quote: Quote
    buyer: Buyer
    channel: Channel = Channel.web


def order_named(act_id: str, wanted: tuple[Wanted, ...], buyer: Buyer) -> bytes:
    """Return the name of the order that a form asks for.

    Sent twice, a form is one order; filled in otherwise after going back, it is another one. The
    name is a keyed hash, since it outlives what is known of the buyer.
    """
    told = json.dumps([act_id, wanted, asdict(buyer)]).encode()
    key = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
    return hashlib.blake2b(told, digest_size=16, key=key, person=b"order").digest()


def place(wish: OrderWish, *, by: Actor, where: str = "") -> OrderFact:
    """Place an order: everything in it is held for half an hour, or nothing.

    Args:
        wish: What is wanted; sent twice under the same name, it is placed once.
        by: Who sells, `VISITOR` for the shop.
        where: A visitor's address, whose orders are counted.

    Raises:
        OrderRefused: Something is sold out, costs something else by now, or they order too often.
        LedgerFault: The ledger could not be reached or cannot write; ask again with the same name.
    """
    if context().centre is not None:
        # What a venue may sell by itself comes with its walk-up quota, which no order draws on yet.
        raise OrderRefused("at_the_centre")
    if where and (
        wait_s := counted("order", where, limits.ORDERS_FROM_ONE_MAX, limits.ORDERS_WINDOW_S)
    ):
        raise OrderRefused("too_often", wait_s)
    command = PlaceOrder(
        request_id=f"order-{wish.order.hex()}",
        actor=by.name,
        order=wish.order,
        event=wish.event.number,
        channel=wish.channel,
        lines=tuple(OrderLine(*line) for line in wish.wanted),
        currency=wish.quote.currency,
        total_minor=wish.quote.total_minor,
        for_ms=limits.ORDER_HOLD_MS,
        enclosures=wish.buyer.enclosure(),
    )
    (answer,) = context().ledger.commit([command])
    if isinstance(answer, LedgerFault):
        raise answer
    fact = answer.decoded()
    assert isinstance(fact, OrderFact), "an order is answered with its fact"
    if fact.reason != "ok":
        raise OrderRefused(fact.reason)
    wait_until([answer], SEEN_WITHIN_S)
    if fact.state == SaleState.paid:
        fulfil(wish.order)
    return fact


def let_go(order: bytes, *, why: str, by: Actor) -> None:
    """Let an order go that is not paid. Raises NotFound, NotPossible, LedgerFault."""
    command = EndOrder(request_id=f"end-{order.hex()}", actor=by.name, order=order, reason_text=why)
    (answer,) = context().ledger.commit([command])
    if isinstance(answer, LedgerFault):
        raise answer
    audit.record("order_let_go", who=by.name, subject=order.hex(), why=why, where=by.where)
    wait_until([answer], SEEN_WITHIN_S)


def end_expired() -> int:
    """Let orders go whose time is over and for which nothing came, some at a time; how many.

    Raises:
        LedgerFault: The ledger could not be reached or cannot write.
    """
    now_ms = time.time_ns() // 1_000_000
    found = ProjectedOrder.objects.filter(
        state=SaleState.held, captured_minor=0, until_ms__lt=now_ms
    )
    orders = [row.order.bytes for row in found.order_by("until_ms")[:ENDED_AT_ONCE]]
    commands: list[Command] = [
        EndOrder(request_id=f"end-{order.hex()}", actor="shop", order=order, reason_text="expired")
        for order in orders
    ]
    ended = 0
    for outcome in context().ledger.commit(commands) if commands else []:
        if isinstance(outcome, Answer):
            ended += 1
        elif not isinstance(outcome, NotPossible):
            raise outcome
    return ended
