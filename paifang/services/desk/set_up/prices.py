"""What a product costs: its prices in the order in which they are tried, and how many there are."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from paifang.services.desk.compile import publish
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Actor
from paifang.services.desk.selling.counters import bring, bring_sessions, limit_of, product_counter
from paifang.services.desk.set_up import rows
from paifang.services.desk.set_up.faults import Refused
from paifang.store.models import Price, Product

PRICES_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """One price as it is wanted; the fields are those of the table."""

    amount_minor: int
    currency: str
    tax_bp: int = 0
    channel: str = ""
    sold_from: datetime | None = None
    sold_until: datetime | None = None
    visit_from: datetime | None = None
    visit_until: datetime | None = None
    quantity_min: int = 1


@dataclass(frozen=True, slots=True)
class ForSale:
    """How a product is sold: its prices, how many in one order, and in all (0: no limit)."""

    prices: tuple[Costs, ...]
    order_max: int
    quota: int


def sale_of(product: Product) -> ForSale:
    """Return how a product is sold now. Raises LedgerFault."""
    prices = tuple(
        Costs(**{name: getattr(price, name) for name in Costs.__dataclass_fields__})
        for price in product.prices.all()
    )
    name = product_counter(product.number)
    return ForSale(prices, product.order_max, limit_of(context().ledger.quotas([name]).get(name)))


def set_sale(product: Product, version: int, wish: ForSale, by: Actor) -> Product:
    """Put a product on sale, change what it costs, or (without prices) take it off.

    Raises:
        NotPermitted: They may not set up.
        ChangedMeanwhile: Somebody else changed the product since.
        Refused: too_many_prices or one_currency.
        LedgerFault: The ledger could not be reached.
    """
    rows.require_set_up(by)
    if len(wish.prices) > PRICES_MAX:
        raise Refused("too_many_prices")
    if len({price.currency for price in wish.prices}) > 1:
        raise Refused("one_currency")
    with transaction.atomic():
        now = rows.opened(product, version)
        before = sale_of(now)
        if before != wish:
            now.order_max = wish.order_max
            _put(now, wish.prices)
            rows.kept(now, by, f"{_said(before)} -> {_said(wish)}")
    # Whoever buys between the two finds the price of before, or one more than there are.
    bring({product_counter(now.number): wish.quota}, by.name)
    bring_sessions(now.event, by.name)
    publish(by.name)
    return now


def _put(product: Product, prices: Sequence[Costs]) -> None:
    product.prices.all().delete()
    Price.objects.bulk_create(
        Price(product=product, position=position, **asdict(price))
        for position, price in enumerate(prices)
    )


def _said(sale: ForSale) -> str:
    prices = " ".join(f"{price.amount_minor}{price.currency}" for price in sale.prices)
    return f"[{prices}] {sale.order_max} an order, {sale.quota or 'no limit'} in all"
