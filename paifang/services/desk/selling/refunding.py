"""Paying back at the counter: first the tickets end, then the money moves.

A ticket somebody has entered by is not paid back; that is decided with its end, so that no gate
gets in between. Asked again under the same id, what was done is not done again.
"""

from collections.abc import Sequence
from uuid import UUID

from paifang.core.selling import CASH
from paifang.core.tickets import Status
from paifang.ledger import tables as t
from paifang.ledger.books import order_of
from paifang.ledger.commands import Command, SetStatus
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault, NotPossible
from paifang.ledger.sale_commands import Refund, RefundPart
from paifang.ledger.sale_facts import RefundFact
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.projector import wait_until
from paifang.services.desk.selling.counter import METHODS, CounterError, open_shift_of
from paifang.services.desk.tickets.acts import SEEN_WITHIN_S, reason_of, request_of


def pay_back(
    act_id: str, order: bytes, tickets: Sequence[UUID], method: str, why: str, *, by: Actor
) -> RefundFact:
    """Pay tickets of an order back at what they cost, and whatever came beyond what was due.

    Args:
        act_id: Names the act.
        order: The order.
        tickets: Which of its tickets; none for the surplus alone.
        method: How it is paid: cash out of one's own drawer, or by card.
        why: The reason in words.
        by: Who pays back.

    Raises:
        NotPermitted: They may not.
        ReasonMissing: No reason was given.
        CounterError: no_shift, method_unknown, ticket_used, or nothing_to_refund.
        LedgerFault: The ledger could not be reached, or refuses it.
    """
    by.require(Act.refund_orders)
    why = reason_of(why)
    if method not in METHODS:
        raise CounterError("method_unknown")
    shift = open_shift_of(by.name)
    if method == CASH and shift is None:
        raise CounterError("no_shift")
    _end(act_id, tickets, why, by)
    parts, surplus_minor, currency = _owed(order, tickets)
    if not parts and not surplus_minor:
        raise CounterError("nothing_to_refund")
    command = Refund(
        request_id=f"refund-{act_id}",
        actor=by.name,
        order=order,
        refund=act_id,
        method=method,
        currency=currency,
        tickets=parts,
        surplus_minor=surplus_minor,
        shift=shift.id if method == CASH and shift is not None else "",
        reason_text=why,
    )
    (answer,) = context().ledger.commit([command])
    if isinstance(answer, LedgerFault):
        raise answer
    fact = answer.decoded()
    assert isinstance(fact, RefundFact), "a refund is answered with its fact"
    whole = surplus_minor + sum(part.amount_minor for part in parts)
    audit.record(
        "money_paid_back",
        who=by.name,
        subject=f"{order.hex()} {whole} {method}",
        why=why,
        where=by.where,
    )
    wait_until([answer], SEEN_WITHIN_S)
    return fact


def _end(act_id: str, tickets: Sequence[UUID], why: str, by: Actor) -> None:
    """Make tickets void that nobody has entered by. Raises CounterError, LedgerFault."""
    commands: list[Command] = [
        SetStatus(
            request_id=request_of(act_id, "refund", ticket),
            actor=by.name,
            ticket=ticket.bytes,
            status=Status.void,
            reason_text=why,
            unused=True,
        )
        for ticket in tickets
    ]
    outcomes = context().ledger.commit(commands) if commands else []
    void = {
        name
        for name, row in context().ledger.tickets([each.bytes for each in tickets]).items()
        if row.status in {Status.void, Status.refunded}
    }
    for ticket, outcome in zip(tickets, outcomes, strict=True):
        if isinstance(outcome, NotPossible) and ticket.bytes in void:
            # It was void before this act.
            continue
        if isinstance(outcome, NotPossible):
            raise CounterError("ticket_used") from outcome
        if not isinstance(outcome, Answer):
            raise outcome


def _owed(order: bytes, tickets: Sequence[UUID]) -> tuple[tuple[RefundPart, ...], int, str]:
    """Return what is to be paid for each ticket, the surplus, and the currency."""
    with context().ledger.reader() as reader:
        standing = order_of(reader.raw.rows(t.SALE, [order])[0])
        sold = reader.raw.rows(t.SOLD, [ticket.bytes for ticket in tickets])
    parts = tuple(
        RefundPart(row.ticket, standing.lines[row.line].unit_minor)
        for row in sold
        if row.sale == order and standing.lines[row.line].unit_minor
    )
    return parts, standing.surplus_minor, standing.currency
