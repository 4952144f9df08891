"""What an event has for sale at this moment: prices in force, and about how many are left.

How many are left is what the counters say now; only the ledger, when an order is placed, decides.
"""

from collections.abc import Iterable
from typing import NamedTuple

from paifang.core.pricing import Channel, NotSold, Quote, Wanted, price_of, quote
from paifang.core.rules import CentreRules, Event, Product, Session
from paifang.services.desk.context import context
from paifang.services.desk.selling.counters import NO_LIMIT, product_counter, session_counter


class Offer(NamedTuple):
    """One thing somebody can buy: a product, for a session if it is for one.

    `left` is None without a limit.
    """

    product: Product
    session: Session | None
    amount_minor: int
    currency: str
    left: int | None

    @property
    def key(self) -> str:
        """The name of its field in a form."""
        return f"n-{self.product.number}-{self.session.number if self.session else 0}"


def event_of(centre: CentreRules, slug: str) -> Event | None:
    """Return the event whose shop has this address, None for none."""
    return next((event for event in centre.events.values() if event.slug == slug), None)


def offers_of(centre: CentreRules, event: Event, channel: Channel, now_ms: int) -> list[Offer]:
    """Return what an event sells now, in the order of its products and sessions.

    Raises:
        LedgerFault: The ledger could not be read.
    """
    found: list[Offer] = []
    for product in centre.products.values():
        if product.event != event.number or not product.prices:
            continue
        sessions: list[Session | None] = [None]
        if product.session_bound:
            mine = [each for each in centre.sessions.values() if each.event == event.number]
            open_still = [each for each in mine if each.closes_ms > now_ms]
            sessions = [*sorted(open_still, key=lambda each: (each.opens_ms, each.number))]
        for session in sessions:
            visit_ms = session.opens_ms if session else 0
            price = price_of(product.prices, channel, now_ms, visit_ms, 1)
            if price is not None:
                found.append(Offer(product, session, price.amount_minor, price.currency, left=None))
    names = {name for offer in found for name in _counters(offer)}
    free = {
        name: None if quota.capacity == NO_LIMIT else quota.free
        for name, quota in context().ledger.quotas(sorted(names)).items()
    }
    return [
        offer._replace(left=_least(free.get(name) for name in _counters(offer))) for offer in found
    ]


def _counters(offer: Offer) -> tuple[str, ...]:
    names = (product_counter(offer.product.number),)
    return (*names, session_counter(offer.session.number)) if offer.session else names


def _least(counts: Iterable[int | None]) -> int | None:
    return min((count for count in counts if count is not None), default=None)


def quoted(
    centre: CentreRules, event: Event, wanted: list[Wanted], channel: Channel, now_ms: int
) -> Quote | NotSold:
    """Return what somebody pays for what they want, by the rules in force."""
    return quote(centre.shop_of(event.number, wanted, channel, now_ms), wanted)
