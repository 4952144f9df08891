"""An order from its quote to its last refund, and a cashier's shift: values and pure functions.

Each function returns what becomes of an order or a shift, and the postings that say so in the
books. Accounts:

* `cash:SHIFT` a cashier's drawer; `safe` where floats come from and takings go;
  `cash_difference` what a count found too much or too little; `taken:METHOD` any other payment;
* `customers` money that has come for an order which is not complete, or more than it costs;
* `deferred:EVENT` what tickets cost, without tax, until they are used; `tax:RATE` their tax.
"""

from enum import IntEnum
from typing import Final, NamedTuple

from paifang.core.money import Posting
from paifang.core.pricing import Quote

CASH: Final = "cash"
"""The method of payment that goes through a drawer."""
CUSTOMERS: Final = "customers"
SAFE: Final = "safe"
DIFFERENCE: Final = "cash_difference"


class SaleState(IntEnum):
    """What became of an order."""

    held = 0
    paid = 1
    ended = 2


class Line(NamedTuple):
    """One line of an order: what was quoted, tickets issued of it, and what was paid back."""

    product: int
    session: int
    quantity: int
    unit_minor: int
    amount_minor: int
    tax_bp: int
    tax_minor: int
    issued: int = 0
    refunded_minor: int = 0
    refunded_tax_minor: int = 0


class Reserved(NamedTuple):
    """Units of a counter that an order holds, by the hold's name."""

    hold: str
    quota: str
    units: int


class Order(NamedTuple):
    """An order and its money, in minor units of its currency.

    `surplus_refunded_minor` is what was paid back of money that was not for the order.
    """

    event: int
    currency: str
    lines: tuple[Line, ...]
    reserved: tuple[Reserved, ...] = ()
    state: int = SaleState.held
    captured_minor: int = 0
    refunded_minor: int = 0
    surplus_refunded_minor: int = 0

    @property
    def total_minor(self) -> int:
        """What it costs."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def surplus_minor(self) -> int:
        """Money that has come and is for nothing: too much, or too late."""
        if self.state == SaleState.held:
            return 0
        due = self.total_minor if self.state == SaleState.paid else 0
        return self.captured_minor - due - self.surplus_refunded_minor

    @property
    def due_minor(self) -> int:
        """What is still to be paid."""
        return max(0, self.total_minor - self.captured_minor + self.surplus_refunded_minor)


class Shift(NamedTuple):
    """A cashier's drawer: what should be in it, and what was counted at the end."""

    id: str
    staff: str
    currency: str
    cash_minor: int
    opened_ms: int
    closed_ms: int = 0
    counted_minor: int = 0


def ordered(event: int, quote: Quote, reserved: tuple[Reserved, ...]) -> Order:
    """Return a new order of what was quoted."""
    return Order(event, quote.currency, tuple(Line(*line) for line in quote.lines), reserved)


def account_of(method: str, shift: str) -> str:
    """Return the account that a payment goes to: the drawer's, or that of its method."""
    return f"cash:{shift}" if method == CASH else f"taken:{method}"


def captured(order: Order, amount_minor: int, account: str) -> tuple[Order, list[Posting]]:
    """Return an order that got money, not yet complete whatever the sum."""
    after = order._replace(captured_minor=order.captured_minor + amount_minor)
    return after, _moved(order.currency, CUSTOMERS, account, amount_minor)


def _moved(currency: str, source: str, target: str, amount_minor: int) -> list[Posting]:
    if not amount_minor:
        return []
    return [
        Posting(target, currency, amount_minor),
        Posting(source, currency, -amount_minor),
    ]


def completed(order: Order) -> tuple[Order, list[Posting]]:
    """Return an order whose money has come: from now on it is owed as tickets, not as money."""
    sums: dict[str, int] = {}
    for line in order.lines:
        _add(sums, f"deferred:{order.event}", line.tax_minor - line.amount_minor)
        _add(sums, f"tax:{line.tax_bp}", -line.tax_minor)
    _add(sums, CUSTOMERS, order.total_minor)
    return order._replace(state=SaleState.paid), _postings(order.currency, sums)


def _add(sums: dict[str, int], account: str, amount: int) -> None:
    sums[account] = sums.get(account, 0) + amount


def _postings(currency: str, sums: dict[str, int]) -> list[Posting]:
    return [Posting(account, currency, amount) for account, amount in sums.items() if amount]


def refunded(
    order: Order, parts: dict[int, int], surplus_minor: int, account: str
) -> tuple[Order, list[Posting]] | None:
    """Return an order of which money was paid back, None if it is more than there is.

    Args:
        order: The order.
        parts: Sums by the place of their lines, minor units, positive.
        surplus_minor: What is paid back of money that was for nothing.
        account: From where it is paid.
    """
    if surplus_minor > order.surplus_minor:
        return None
    lines, whole = list(order.lines), surplus_minor
    sums = {CUSTOMERS: surplus_minor}
    for place, amount in parts.items():
        line = lines[place]
        given = line.refunded_minor + amount
        if order.state != SaleState.paid or given > line.amount_minor:
            return None
        # Shares of the line's own tax, so that a line paid back in full leaves none behind.
        tax = line.tax_minor * given // line.amount_minor - line.refunded_tax_minor
        lines[place] = line._replace(
            refunded_minor=given, refunded_tax_minor=line.refunded_tax_minor + tax
        )
        _add(sums, f"deferred:{order.event}", amount - tax)
        _add(sums, f"tax:{line.tax_bp}", tax)
        whole += amount
    _add(sums, account, -whole)
    after = order._replace(
        lines=tuple(lines),
        refunded_minor=order.refunded_minor + whole,
        surplus_refunded_minor=order.surplus_refunded_minor + surplus_minor,
    )
    return after, _postings(order.currency, sums)


def opened(
    name: str, staff: str, currency: str, float_minor: int, now_ms: int
) -> tuple[Shift, list[Posting]]:
    """Return a shift that begins with change in the drawer."""
    drawer = account_of(CASH, name)
    return Shift(name, staff, currency, float_minor, now_ms), _moved(
        currency, SAFE, drawer, float_minor
    )


def with_cash(shift: Shift, amount_minor: int) -> Shift | None:
    """Return a shift whose drawer got cash, or (negative) gave some; None if it has not so much."""
    cash = shift.cash_minor + amount_minor
    return shift._replace(cash_minor=cash) if cash >= 0 else None


def moved(shift: Shift, amount_minor: int) -> tuple[Shift, list[Posting]] | None:
    """Return a shift whose drawer got money from the safe, or (negative) gave some to it.

    None if there is not so much in it.
    """
    after = with_cash(shift, amount_minor)
    if after is None:
        return None
    return after, _moved(shift.currency, SAFE, account_of(CASH, shift.id), amount_minor)


def closed(shift: Shift, counted_minor: int, now_ms: int) -> tuple[Shift, list[Posting]]:
    """Return a shift that ended: what was counted goes to the safe, and a difference is told."""
    sums = {
        account_of(CASH, shift.id): -shift.cash_minor,
        SAFE: counted_minor,
        DIFFERENCE: shift.cash_minor - counted_minor,
    }
    after = shift._replace(closed_ms=now_ms, counted_minor=counted_minor)
    return after, _postings(shift.currency, sums)
