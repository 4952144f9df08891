"""Money: integer minor units of a currency, taxes within prices, and postings that sum to zero.

Prices are what the buyer pays, tax included, as they must be told to consumers. A posting's amount
is positive on the side of what is owned (cash, the bank), negative on that of what is owed.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

BASIS_POINTS: Final = 10_000
"""A tax rate of 6 % is 600."""


class Posting(NamedTuple):
    """One line of a double entry, in minor units of a currency (ISO 4217)."""

    account: str
    currency: str
    amount: int


def tax_within(gross_minor: int, rate_bp: int) -> int:
    """Return the tax that is part of a sum, half a minor unit rounded up.

    Args:
        gross_minor: The sum with its tax, minor units, not negative.
        rate_bp: The rate in basis points.
    """
    parts = BASIS_POINTS + rate_bp
    return (2 * gross_minor * rate_bp + parts) // (2 * parts)


def taxes(lines: Sequence[tuple[int, int]]) -> list[int]:
    """Return the tax of each line of (gross, rate) so that lines of a rate add up to its tax.

    The tax of a rate is that within the sum of its lines, rounded once; each line gets what the sum
    grows by with it. So a receipt's lines, its total and the books agree to the minor unit.
    """
    told: dict[int, int] = {}
    found = []
    for gross, rate in lines:
        before = told.get(rate, 0)
        told[rate] = before + gross
        found.append(tax_within(before + gross, rate) - tax_within(before, rate))
    return found


def is_balanced(postings: Iterable[Posting]) -> bool:
    """Whether postings sum to zero in every currency (I6)."""
    sums: dict[str, int] = {}
    for posting in postings:
        sums[posting.currency] = sums.get(posting.currency, 0) + posting.amount
    return not any(sums.values())
