"""Sums of money as people write and read them: minor units inside, the currency's form outside."""

from decimal import Decimal, InvalidOperation
from typing import Final

from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language

from paifang.core import limits

_LOCALES: Final = {"zh-hans": "zh_CN", "en": "en"}
CURRENCIES: Final = ("CNY", "EUR", "GBP", "HKD", "JPY", "KRW", "MOP", "SGD", "TWD", "USD")
"""Offered to choose from; the ledger takes any of ISO 4217."""


class SumError(ValueError):
    """This is no sum of the currency."""


def money(amount_minor: int, currency: str) -> str:
    """Return a sum in the visitor's language, such as ¥80.00."""
    locale = _LOCALES.get(get_language() or "", "en")
    return format_currency(_major(amount_minor, currency), currency, locale=locale)


def plain_sum(amount_minor: int, currency: str) -> str:
    """Return a sum as it is typed into a field: 80.00."""
    return f"{_major(amount_minor, currency):f}"


def _major(amount_minor: int, currency: str) -> Decimal:
    return Decimal(amount_minor).scaleb(-get_currency_precision(currency))


def minor_of(text: str, currency: str) -> int:
    """Return what was typed, in minor units.

    Args:
        text: A sum with a point or comma before the decimals, and no other signs.
        currency: Three letters (ISO 4217).

    Raises:
        SumError: It is no sum, negative, too large, or finer than the currency.
    """
    told = text.strip().replace(",", ".")
    try:
        amount = Decimal(told).scaleb(get_currency_precision(currency))
    except InvalidOperation as error:
        raise SumError(text) from error
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise SumError(text)
    if not 0 <= amount <= limits.AMOUNT_MINOR_MAX:
        raise SumError(text)
    return int(amount)
