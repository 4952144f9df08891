"""What an order is called when people talk about it, and the jobs of one that is paid."""

import hashlib
from typing import Final

FULFIL: Final = "fulfil_order"
LETTER: Final = "order_letter"
_DIGITS: Final = 10


def order_number(order: str) -> str:
    """Return the ten digits by which people name an order; no secret, and seldom two are alike.

    Args:
        order: Its id, 32 hex digits.
    """
    digest = hashlib.blake2b(bytes.fromhex(order), digest_size=8).digest()
    return f"{int.from_bytes(digest, 'big') % 10**_DIGITS:0{_DIGITS}}"


def shown_number(number: str) -> str:
    """Return an order's number in groups, as it is printed and read out."""
    return f"{number[:3]} {number[3:6]} {number[6:]}"
