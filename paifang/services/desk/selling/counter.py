"""The box office: a cashier's shift, and taking money for an order.

What a drawer should hold is told to nobody who has not counted it yet.
"""

from typing import Final
from uuid import UUID

from paifang.core import limits
from paifang.core.selling import CASH, SaleState, Shift
from paifang.ledger import tables as t
from paifang.ledger.commands import Command
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault
from paifang.ledger.sale_commands import Capture, CloseShift, MoveCash, OpenShift
from paifang.ledger.sale_facts import CaptureFact, CashShiftFact
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.projector import wait_until
from paifang.services.desk.selling.fulfilling import fulfil, order_row
from paifang.services.desk.selling.ordering import let_go
from paifang.services.desk.tickets.acts import SEEN_WITHIN_S
from paifang.store.models import ProjectedOrder

CARD: Final = "card"
METHODS: Final = (CASH, CARD)
"""What is taken at a counter: cash, and cards by a terminal of their own that the cashier reads."""


class CounterError(Exception):
    """Something is not possible at the counter; `code` is stable."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


def open_shift_of(username: str) -> Shift | None:
    """Return the shift somebody has open, None for none. Raises LedgerFault."""
    with context().ledger.reader() as reader:
        mine = [
            shift
            for shift in reader.raw.scan(t.SHIFT)
            if shift.staff == username and not shift.closed_ms
        ]
    return mine[-1] if mine else None


def begin(act_id: str, currency: str, float_minor: int, *, by: Actor) -> None:
    """Open a shift with change in the drawer.

    Raises:
        NotPermitted: They may not sell.
        CounterError: shift_open (they have one already).
        LedgerFault: The ledger could not be reached, or refuses it.
    """
    by.require(Act.sell_tickets)
    if open_shift_of(by.name) is not None:
        raise CounterError("shift_open")
    command = OpenShift(
        request_id=f"shift-{act_id}",
        actor=by.name,
        shift=act_id,
        staff=by.name,
        currency=currency,
        float_minor=float_minor,
    )
    _done(command)
    audit.record("shift_opened", who=by.name, subject=act_id, where=by.where)


def move(act_id: str, amount_minor: int, why: str, *, by: Actor) -> None:
    """Bring cash to the safe (negative), or fetch change from it.

    Raises:
        NotPermitted, CounterError: no_shift; LedgerFault.
    """
    shift = _my_shift(by)
    command = MoveCash(
        request_id=f"cash-{act_id}",
        actor=by.name,
        shift=shift.id,
        amount_minor=amount_minor,
        reason_text=why[: limits.REASON_TEXT_CHARS_MAX],
    )
    _done(command)
    audit.record(
        "cash_moved", who=by.name, subject=f"{shift.id} {amount_minor}", why=why, where=by.where
    )


def end(act_id: str, counted_minor: int, why: str, *, by: Actor) -> int:
    """End a shift with what was counted; return by how much it differs, in minor units.

    Raises:
        NotPermitted, CounterError: no_shift; LedgerFault.
    """
    shift = _my_shift(by)
    command = CloseShift(
        request_id=f"count-{act_id}",
        actor=by.name,
        shift=shift.id,
        counted_minor=counted_minor,
        reason_text=why[: limits.REASON_TEXT_CHARS_MAX],
    )
    fact = _done(command).decoded()
    assert isinstance(fact, CashShiftFact), "a shift is answered with its fact"
    told = [each.amount for each in fact.postings if each.account == "cash_difference"]
    difference = -sum(told)
    audit.record(
        "shift_closed", who=by.name, subject=f"{shift.id} {difference}", why=why, where=by.where
    )
    return difference


def take(act_id: str, order: bytes, method: str, amount_minor: int, *, by: Actor) -> CaptureFact:
    """Take money for an order at the counter; with the last of it the tickets are issued.

    Raises:
        NotPermitted: They may not sell.
        CounterError: no_shift, or method_unknown.
        LedgerFault: The ledger could not be reached, or refuses it.
    """
    shift = _my_shift(by)
    if method not in METHODS:
        raise CounterError("method_unknown")
    row = ProjectedOrder.objects.filter(order=UUID(bytes=order)).first()
    command = Capture(
        request_id=f"take-{act_id}",
        actor=by.name,
        order=order,
        payment=act_id,
        method=method,
        currency=row.currency if row else shift.currency,
        amount_minor=amount_minor,
        shift=shift.id if method == CASH else "",
    )
    answer = _done(command)
    fact = answer.decoded()
    assert isinstance(fact, CaptureFact), "money is answered with its fact"
    audit.record(
        "money_taken",
        who=by.name,
        subject=f"{order.hex()} {amount_minor} {method}",
        where=by.where,
    )
    wait_until([answer], SEEN_WITHIN_S)
    if fact.outcome == "paid":
        fulfil(order)
    if fact.outcome == "late":
        _end(order, by)
    return fact


def _end(order: bytes, by: Actor) -> None:
    """Let an order go for which money came too late; from then on the money is the buyer's."""
    with context().ledger.reader() as reader:
        standing = order_row(reader, order)
    if standing is not None and standing.state == SaleState.held:
        let_go(order, why="too late", by=by)


def _my_shift(by: Actor) -> Shift:
    by.require(Act.sell_tickets)
    shift = open_shift_of(by.name)
    if shift is None:
        raise CounterError("no_shift")
    return shift


def _done(command: Command) -> Answer:
    (answer,) = context().ledger.commit([command])
    if isinstance(answer, LedgerFault):
        raise answer
    return answer
