"""Sums of money in templates."""

from django import template

from paifang.web.desk import money as sums

register = template.Library()


@register.filter
def money(amount_minor: int, currency: str) -> str:
    """Return a sum in the visitor's language."""
    return sums.money(amount_minor, currency)
