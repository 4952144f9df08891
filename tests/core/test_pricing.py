"""What tickets cost: the first price that fits, and a quote of a whole order."""

import pytest

from paifang.core.pricing import (
    Channel,
    NotSold,
    Offered,
    Price,
    Quote,
    Shop,
    Slot,
    Wanted,
    price_of,
    quote,
)

DAY_MS = 86_400_000
OPENS = 100 * DAY_MS
PLAIN = Price(8000, "CNY", 600)
EARLY = Price(5000, "CNY", 600, sold_until_ms=50 * DAY_MS)
GROUP = Price(6000, "CNY", 600, quantity_min=10)
COUNTER = Price(9000, "CNY", 600, channels=(Channel.counter,))
HIGH_SEASON = Price(12000, "CNY", 600, visit_from_ms=OPENS, visit_until_ms=OPENS + DAY_MS)
LATER = Price(7000, "CNY", 600, sold_from_ms=90 * DAY_MS)


def cost(
    *prices: Price, now: int = 60 * DAY_MS, visit: int = 0, many: int = 1, at: str = "web"
) -> int:
    """Return the amount of the price that holds, 0 for none."""
    found = price_of(prices, Channel(at), now, visit, many)
    return found.amount_minor if found else 0


def test_the_first_price_that_fits_holds() -> None:
    assert cost(EARLY, PLAIN, now=49 * DAY_MS) == 5000
    assert cost(EARLY, PLAIN, now=50 * DAY_MS) == 8000
    assert cost(PLAIN, EARLY, now=49 * DAY_MS) == 8000
    assert cost(LATER, now=89 * DAY_MS) == 0
    assert cost(GROUP, PLAIN, many=9) == 8000
    assert cost(GROUP, PLAIN, many=10) == 6000
    assert cost(COUNTER, PLAIN, at="web") == 8000
    assert cost(COUNTER, PLAIN, at="counter") == 9000


def test_a_price_of_some_days_holds_for_sessions_of_those_days() -> None:
    assert cost(HIGH_SEASON, PLAIN, visit=OPENS - 1) == 8000
    assert cost(HIGH_SEASON, PLAIN, visit=OPENS) == 12000
    assert cost(HIGH_SEASON, PLAIN, visit=OPENS + DAY_MS) == 8000
    assert cost(HIGH_SEASON, PLAIN) == 12000


OFFERS = {
    1: Offered((GROUP, PLAIN), session_bound=False, order_max=20),
    2: Offered((HIGH_SEASON, PLAIN), session_bound=True, order_max=4),
    3: Offered((Price(10, "EUR"),), session_bound=False, order_max=4),
    4: Offered((EARLY,), session_bound=False, order_max=4),
}
SLOTS = {7: Slot(OPENS, OPENS + DAY_MS), 8: Slot(0, 60 * DAY_MS)}


def asked(*wanted: Wanted, at: Channel = Channel.web) -> Quote | NotSold:
    """Quote what is wanted on the sixtieth day."""
    return quote(Shop(OFFERS, SLOTS, at, 60 * DAY_MS), wanted)


def test_a_quote_names_each_line_with_its_tax() -> None:
    found = asked(Wanted(1, 0, 2), Wanted(2, 7, 1))
    assert isinstance(found, Quote)
    assert [line[3:] for line in found.lines] == [(8000, 16000, 600, 906), (12000, 12000, 600, 679)]
    assert (found.currency, found.total_minor, found.tax_minor) == ("CNY", 28000, 1585)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ((), NotSold.nothing),
        ((Wanted(1, 0, 0),), NotSold.nothing),
        ((Wanted(9, 0, 1),), NotSold.not_on_sale),
        ((Wanted(4, 0, 1),), NotSold.not_on_sale),
        ((Wanted(2, 0, 1),), NotSold.session_needed),
        ((Wanted(1, 7, 1),), NotSold.session_needed),
        ((Wanted(2, 99, 1),), NotSold.session_needed),
        ((Wanted(2, 8, 1),), NotSold.session_over),
        ((Wanted(2, 7, 5),), NotSold.too_many),
        ((Wanted(1, 0, 1), Wanted(3, 0, 1)), NotSold.one_currency),
    ],
)
def test_what_is_not_sold_like_this_says_why(wanted: tuple[Wanted, ...], why: NotSold) -> None:
    assert asked(*wanted) is why


def test_the_counter_sells_more_in_one_go_than_the_shop() -> None:
    assert isinstance(asked(Wanted(2, 7, 40), at=Channel.counter), Quote)
