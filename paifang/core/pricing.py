"""What tickets cost: the prices of products, and the quote of what somebody wants to buy.

The first price of a product that fits is the one that holds, in the order in which the organiser
put them: early bird, groups, high season, and last the plain one. The same function answers the
shop, the counter and the ledger, so nobody pays another price than the one that is in force.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from paifang.core.money import taxes


class Channel(StrEnum):
    """Where somebody buys."""

    web = "web"
    counter = "counter"


class NotSold(StrEnum):
    """Why something is not sold as it is wanted."""

    not_on_sale = "not_on_sale"
    session_needed = "session_needed"
    session_over = "session_over"
    too_many = "too_many"
    one_currency = "one_currency"
    nothing = "nothing"


@dataclass(frozen=True, slots=True)
class Price:
    """What one ticket costs, in minor units with its tax, and when, where and for how many.

    Instants are UTC ms, 0 for open; `visit` is when the ticket's session begins. No channel named
    means every one.
    """

    amount_minor: int
    currency: str
    tax_bp: int = 0
    channels: tuple[Channel, ...] = ()
    sold_from_ms: int = 0
    sold_until_ms: int = 0
    visit_from_ms: int = 0
    visit_until_ms: int = 0
    quantity_min: int = 1


class Offered(NamedTuple):
    """A product as far as its sale is concerned. `order_max` bounds an order in the shop."""

    prices: Sequence[Price]
    session_bound: bool
    order_max: int


class Slot(NamedTuple):
    """A session as far as sale is concerned: entry between two instants, UTC ms."""

    opens_ms: int
    closes_ms: int


class Shop(NamedTuple):
    """What one event offers, to whoever buys it somewhere at some time (UTC ms)."""

    offers: Mapping[int, Offered]
    slots: Mapping[int, Slot]
    channel: Channel
    now_ms: int


class Wanted(NamedTuple):
    """So many tickets of a product, for a session (0 for none), by their numbers."""

    product: int
    session: int
    quantity: int


class QuotedLine(NamedTuple):
    """What one line costs: each ticket, all of them, and the tax that is part of that."""

    product: int
    session: int
    quantity: int
    unit_minor: int
    amount_minor: int
    tax_bp: int
    tax_minor: int


class Quote(NamedTuple):
    """What an order costs."""

    currency: str
    lines: tuple[QuotedLine, ...]

    @property
    def total_minor(self) -> int:
        """The sum of the lines, tax included."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        """The tax that is part of the sum."""
        return sum(line.tax_minor for line in self.lines)


def price_of(
    prices: Iterable[Price], channel: Channel, now_ms: int, visit_ms: int, quantity: int
) -> Price | None:
    """Return the first price that fits, None if nothing is for sale like this.

    Args:
        prices: Of one product, in the organiser's order.
        channel: Where it is bought.
        now_ms: When it is bought.
        visit_ms: When the session begins; for a ticket without one 0, which fits any visit.
        quantity: How many of the product are bought together.
    """
    for price in prices:
        if (
            (not price.channels or channel in price.channels)
            and quantity >= price.quantity_min
            and _within(now_ms, price.sold_from_ms, price.sold_until_ms)
            and (not visit_ms or _within(visit_ms, price.visit_from_ms, price.visit_until_ms))
        ):
            return price
    return None


def _within(now_ms: int, from_ms: int, until_ms: int) -> bool:
    return from_ms <= now_ms and (not until_ms or now_ms < until_ms)


def quote(shop: Shop, wanted: Sequence[Wanted]) -> Quote | NotSold:
    """Return what somebody pays for what they want, or why it is not sold like this.

    Args:
        shop: What is offered to them.
        wanted: Each product and session once.
    """
    if not wanted or min(line.quantity for line in wanted) < 1:
        return NotSold.nothing
    together: dict[int, int] = {}
    for line in wanted:
        together[line.product] = together.get(line.product, 0) + line.quantity
    prices: list[Price] = []
    for line in wanted:
        found = _price_for(shop, line, together[line.product])
        if isinstance(found, NotSold):
            return found
        prices.append(found)
    currencies = {price.currency for price in prices}
    if len(currencies) > 1:
        return NotSold.one_currency
    sums = [line.quantity * price.amount_minor for line, price in zip(wanted, prices, strict=True)]
    within = taxes([(gross, price.tax_bp) for gross, price in zip(sums, prices, strict=True)])
    lines = zip(wanted, prices, sums, within, strict=True)
    return Quote(
        currencies.pop(),
        tuple(
            QuotedLine(*line, price.amount_minor, gross, price.tax_bp, tax)
            for line, price, gross, tax in lines
        ),
    )


def _price_for(shop: Shop, line: Wanted, together: int) -> Price | NotSold:
    offer, slot = shop.offers.get(line.product), shop.slots.get(line.session)
    if offer is None:
        return NotSold.not_on_sale
    if offer.session_bound != bool(line.session) or (line.session and slot is None):
        return NotSold.session_needed
    if slot is not None and slot.closes_ms <= shop.now_ms:
        return NotSold.session_over
    if shop.channel is Channel.web and together > offer.order_max:
        return NotSold.too_many
    visit_ms = slot.opens_ms if slot is not None else 0
    price = price_of(offer.prices, shop.channel, shop.now_ms, visit_ms, together)
    return price if price is not None else NotSold.not_on_sale
