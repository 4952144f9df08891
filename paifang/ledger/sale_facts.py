"""Facts of orders, money and cashiers' shifts. All stand in the node's own segment.

Amounts are minor units of a currency (ISO 4217); `postings` are the double entry a fact makes, and
sum to zero. Orders are 32 hex digits.
"""

from paifang.core.money import Posting
from paifang.core.pricing import QuotedLine
from paifang.core.selling import Reserved
from paifang.ledger.fact_base import Fact


class OrderFact(Fact, frozen=True, kw_only=True):
    """An order was placed, or the reason why not. What costs nothing is paid at once (`state`)."""

    order: str
    event: int
    channel: str
    reason: str = "ok"
    currency: str = ""
    total_minor: int = 0
    lines: tuple[QuotedLine, ...] = ()
    reserved: tuple[Reserved, ...] = ()
    until_ms: int = 0
    state: int = 0


class OrderEndFact(Fact, frozen=True, kw_only=True):
    """An order ended before it was paid, and what it held is free.

    `bodies` enclosures were cleared: nobody keeps who did not buy.
    """

    order: str
    bodies: int = 0
    reason_text: str = ""


class CaptureFact(Fact, frozen=True, kw_only=True):
    """Money has come for an order.

    `outcome` is part (more is due), paid (it is complete now), more (it was complete already) or
    late (it had ended, and what it held is gone). `reserved` is what had to be held again.
    """

    order: str
    payment: str
    method: str
    currency: str
    amount_minor: int
    outcome: str
    reserved: tuple[Reserved, ...] = ()
    shift: str = ""
    reference: str = ""
    postings: tuple[Posting, ...] = ()


class RefundFact(Fact, frozen=True, kw_only=True):
    """Money of an order was paid back: for `tickets` (id, amount), which were void, or surplus."""

    order: str
    refund: str
    method: str
    currency: str
    tickets: tuple[tuple[str, int], ...] = ()
    surplus_minor: int = 0
    shift: str = ""
    reason_text: str = ""
    postings: tuple[Posting, ...] = ()


class CashShiftFact(Fact, frozen=True, kw_only=True):
    """A cashier's shift was opened, its drawer given or relieved of cash (moved), or closed.

    `amount_minor` is the float, or what was moved, negative to the safe; `counted_minor` what was
    in the drawer at the end.
    """

    what: str
    shift: str
    staff: str
    currency: str
    amount_minor: int = 0
    counted_minor: int = 0
    reason_text: str = ""
    postings: tuple[Posting, ...] = ()


class GiveBackFact(Fact, frozen=True, kw_only=True):
    """Sold units of a quota are free again, since tickets of an order were paid back."""

    quota: str
    units: int
    order: str


SALE_FACTS: dict[str, type[Fact]] = {
    "order": OrderFact,
    "order_end": OrderEndFact,
    "capture": CaptureFact,
    "refund": RefundFact,
    "cash_shift": CashShiftFact,
    "give_back": GiveBackFact,
}
"""Their kinds of journal rows."""
