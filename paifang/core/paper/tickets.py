"""What a paper ticket says, before it is laid out."""

from collections.abc import Iterable
from typing import NamedTuple

from paifang.core.paper.writing import width_of


class Words(NamedTuple):
    """The words a ticket has of its own, in one language."""

    serial: str
    people: str
    heading: str
    how: tuple[str, ...]


class PaperTicket(NamedTuple):
    """One ticket as it is printed.

    `event`, `product`, `when` and `where` hold a text per language chosen, the leading one first;
    alike texts stand once. `code` is what the QR code says, `serial` the 14 digits.
    """

    event: tuple[str, ...]
    product: tuple[str, ...]
    holder: str
    company: str
    when: tuple[str, ...]
    where: tuple[str, ...]
    people: int
    code: str
    serial: str


def longest_named(tickets: Iterable[tuple[str, str]]) -> str:
    """Return the key of the widest name of (key, name), the one a layout is judged by."""
    return max(tickets, key=lambda one: width_of(one[1]), default=("", ""))[0]
