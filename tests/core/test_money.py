"""Taxes within prices, and postings that sum to zero."""

from hypothesis import given
from hypothesis import strategies as st

from paifang.core.money import Posting, is_balanced, tax_within, taxes

AMOUNT = st.integers(0, 10**9)
RATE = st.sampled_from((0, 100, 300, 600, 700, 900, 1300, 1900, 2500))


def test_the_tax_within_a_price_is_rounded_half_up() -> None:
    assert tax_within(10600, 600) == 600
    assert tax_within(8000, 600) == 453
    assert tax_within(1, 10_000) == 1
    assert tax_within(8000, 0) == 0


@given(st.lists(st.tuples(AMOUNT, RATE), max_size=12))
def test_taxes_of_lines_add_up_to_the_tax_of_their_sum(lines: list[tuple[int, int]]) -> None:
    found = taxes(lines)
    for rate in {rate for _, rate in lines}:
        gross = sum(amount for amount, each in lines if each == rate)
        told = sum(tax for tax, (_, each) in zip(found, lines, strict=True) if each == rate)
        assert told == tax_within(gross, rate)
    assert all(0 <= tax <= amount for tax, (amount, _) in zip(found, lines, strict=True))


def test_postings_balance_in_each_currency_by_itself() -> None:
    cny, eur = Posting("safe", "CNY", 5), Posting("customers", "EUR", -5)
    assert is_balanced([])
    assert not is_balanced([cny, eur])
    assert is_balanced([cny, eur, Posting("customers", "CNY", -5), Posting("safe", "EUR", 5)])
