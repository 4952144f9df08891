"""Orders: held at the price in force, paid, fulfilled, paid back. The books are kept with each.

An order and its money stand in the node's own segment; what it holds, in the segments of the
counters. Money that has come is a fact and never refused: if it is too late, what the order held is
held again as far as there is any, and else the money is the buyer's, to be paid back.
"""

from collections.abc import Iterable

from paifang.core import limits, selling
from paifang.core.leases import Right
from paifang.core.pricing import NotSold, Quote, Wanted, quote
from paifang.core.quota import Hold, HoldState, give_back
from paifang.core.reasons import Reason
from paifang.core.selling import CASH, Order, Reserved, SaleState, Shift
from paifang.core.tickets import Status
from paifang.ledger.apply.erasing import clear_about
from paifang.ledger.apply.quota import end_hold, room_for
from paifang.ledger.books import new_row, order_of, with_order
from paifang.ledger.commands import Command, Issue
from paifang.ledger.facts import Answer, HoldFact, StatusFact
from paifang.ledger.faults import Misuse, NotPossible
from paifang.ledger.rows import SoldRow
from paifang.ledger.sale_commands import Capture, EndOrder, PlaceOrder, Refund
from paifang.ledger.sale_facts import (
    CaptureFact,
    GiveBackFact,
    OrderEndFact,
    OrderFact,
    RefundFact,
)
from paifang.ledger.work import OWN_SEGMENT, Work

PRICE_CHANGED = "price_changed"
SOLD_OUT = Reason.sold_out.value


def counters_of(product: int, session: int) -> tuple[str, ...]:
    """Return the names of the counters that a ticket may count in, as far as they exist."""
    return (f"product:{product}", *((f"session:{session}",) if session else ()))


# Placing.


def place_order(work: Work, command: PlaceOrder) -> Answer:
    """Hold everything an order wants, or nothing; what costs nothing is paid at once.

    Raises:
        Misuse: It wants too much at once, or for too long.
        NotPossible: There is an order with this name, or another node sells this.
    """
    _check_order(work, command)
    wanted = [Wanted(line.product, line.session, line.quantity) for line in command.lines]
    shop = work.rules.centre.shop_of(command.event, wanted, command.channel, work.now_ms)
    found = quote(shop, wanted)
    if isinstance(found, NotSold):
        return _refused(work, command, found.value)
    if not all(_is_counted(work, line.session) for line in wanted):
        return _refused(work, command, NotSold.not_on_sale.value)
    if (found.total_minor, found.currency) != (command.total_minor, command.currency):
        return _refused(work, command, PRICE_CHANGED, found)
    name = command.order.hex()
    until_ms = work.now_ms + command.for_ms
    reserved = _reserve(work, command, _needs(work, name, wanted), until_ms)
    if reserved is None:
        return _refused(work, command, SOLD_OUT, found)
    order = selling.ordered(command.event, found, reserved)
    if not order.total_minor:
        _sell(work, command, order)
        order, _ = selling.completed(order)
    row = new_row(command.order, order, command.channel.value, until_ms, work.now_ms)
    work.books.sales.set(command.order, row)
    fact = OrderFact(
        rules=work.versions,
        actor=command.actor,
        order=name,
        event=command.event,
        channel=command.channel.value,
        currency=found.currency,
        total_minor=found.total_minor,
        lines=found.lines,
        reserved=reserved,
        until_ms=until_ms,
        state=order.state,
    )
    return work.write(
        OWN_SEGMENT, fact, command, enclosures=command.enclosures, about=command.order
    )


def _check_order(work: Work, command: PlaceOrder) -> None:
    if not 1 <= len(command.lines) <= limits.ORDER_LINES_MAX:
        msg = f"an order has 1 to {limits.ORDER_LINES_MAX} lines"
        raise Misuse(msg)
    if any(not 1 <= line.quantity <= limits.HOLD_UNITS_MAX for line in command.lines):
        msg = f"a line is for 1 to {limits.HOLD_UNITS_MAX} tickets"
        raise Misuse(msg)
    if not 1 <= command.for_ms <= limits.HOLD_MS_MAX:
        msg = f"an order is held for at most {limits.HOLD_MS_MAX} ms"
        raise Misuse(msg)
    if len({(line.product, line.session) for line in command.lines}) < len(command.lines):
        msg = "a product and session stands in one line"
        raise Misuse(msg)
    if work.books.sales.get(command.order) is not None:
        msg = "an order with this name exists"
        raise NotPossible(msg)


def _refused(work: Work, command: PlaceOrder, reason: str, found: Quote | None = None) -> Answer:
    fact = OrderFact(
        rules=work.versions,
        actor=command.actor,
        order=command.order.hex(),
        event=command.event,
        channel=command.channel.value,
        reason=reason,
        currency=found.currency if found else "",
        total_minor=found.total_minor if found else 0,
    )
    return work.write(OWN_SEGMENT, fact, command)


def _is_counted(work: Work, session: int) -> bool:
    """Whether a session that has a cap has its counter: without one it would be sold for ever."""
    found = work.rules.centre.sessions.get(session)
    capped = found is not None and found.cap
    return not capped or work.quotas.get(counters_of(0, session)[1]) is not None


def _needs(work: Work, name: str, wanted: Iterable[Wanted]) -> list[Reserved]:
    """Return what an order has to hold of the counters there are."""
    units: dict[str, int] = {}
    for line in wanted:
        for counter in counters_of(line.product, line.session):
            if work.quotas.get(counter) is not None:
                units[counter] = units.get(counter, 0) + line.quantity
    return [Reserved(f"{name}:{counter}", counter, units[counter]) for counter in sorted(units)]


def _reserve(
    work: Work, command: Command, needs: list[Reserved], until_ms: int
) -> tuple[Reserved, ...] | None:
    """Hold all that is needed, or nothing: None if something is not free."""
    changed = []
    for _, counter, units in needs:
        quota = work.quota(counter)
        work.check_here(quota.segment)
        work.check_right(quota.segment, Right.sell)
        held = room_for(work, quota, units)
        if held is None:
            return None
        changed.append(held)
    for held, (hold, counter, units) in zip(changed, needs, strict=True):
        fact = HoldFact(
            rules=work.versions,
            actor=command.actor,
            hold=hold,
            quota=counter,
            units=units,
            until_ms=until_ms,
        )
        work.write(held.segment, fact, command, answers=False)
        work.quotas.set(held.id, held)
        work.holds.set(hold, Hold(hold, counter, units, until_ms))
    return tuple(needs)


def _sell(work: Work, command: Command, order: Order) -> None:
    """Turn what an order holds into what is sold."""
    for name, _, _ in order.reserved:
        end_hold(work, work.hold(name), HoldState.confirmed, command, answers=False)


def end_order(work: Work, command: EndOrder) -> Answer:
    """Let an order go that is not paid. Money that came for a part of it is the buyer's again.

    Raises:
        NotFound: There is no such order.
        NotPossible: It is paid, or has ended.
    """
    row = work.books.sale(command.order)
    order = order_of(row)
    if order.state != SaleState.held:
        msg = "this order is paid, or has ended"
        raise NotPossible(msg)
    _check_counters(work, order.reserved)
    for name, _, _ in order.reserved:
        hold = work.hold(name)
        if hold.state == HoldState.held:
            end_hold(work, hold, HoldState.released, command, answers=False)
    work.books.sales.set(row.id, with_order(row, order._replace(state=SaleState.ended)))
    fact = OrderEndFact(
        rules=work.versions,
        actor=command.actor,
        order=command.order.hex(),
        # Money that came must find its way back to somebody.
        bodies=0 if order.captured_minor else clear_about(work, row.id),
        reason_text=command.reason_text,
    )
    return work.write(OWN_SEGMENT, fact, command)


# Money.


def capture(work: Work, command: Capture) -> Answer:
    """Take in money for an order; with the last of it the order is paid.

    Raises:
        NotFound: There is no such order, or no such shift.
        Misuse: No sum, or one beyond all bounds.
        NotPossible: It is in another currency, or the shift has ended.
    """
    row = work.books.sale(command.order)
    order = order_of(row)
    _check_money(command, command.amount_minor, order)
    _check_counters(work, order.reserved)
    drawer = _drawer_after(work, command, command.amount_minor)
    account = selling.account_of(command.method, command.shift)
    order, postings = selling.captured(order, command.amount_minor, account)
    outcome, reserved = _outcome(work, command, order)
    if reserved:
        order = order._replace(reserved=_renewed(order.reserved, reserved))
    if outcome == "paid":
        _sell(work, command, order)
        order, more = selling.completed(order)
        postings += more
    if drawer is not None:
        work.books.shifts.set(drawer.id, drawer)
    work.books.sales.set(row.id, with_order(row, order))
    fact = CaptureFact(
        rules=work.versions,
        actor=command.actor,
        order=command.order.hex(),
        payment=command.payment,
        method=command.method,
        currency=command.currency,
        amount_minor=command.amount_minor,
        outcome=outcome,
        reserved=reserved,
        shift=command.shift,
        reference=command.reference,
        postings=work.books.post(postings),
    )
    return work.write(OWN_SEGMENT, fact, command)


def _outcome(work: Work, command: Capture, order: Order) -> tuple[str, tuple[Reserved, ...]]:
    """Return what becomes of an order that got money, and what had to be held again for it."""
    if order.state == SaleState.paid:
        return "more", ()
    if order.due_minor and order.state == SaleState.held:
        return "part", ()
    if order.due_minor:
        return "late", ()
    gone = [each for each in order.reserved if work.hold(each.hold).state == HoldState.released]
    # Held again under a name of its own: the hold that ended is history.
    needs = [Reserved(f"{each.hold}+{command.payment}", *each[1:]) for each in gone]
    again = _reserve(work, command, needs, work.now_ms + 1)
    return ("late", ()) if again is None else ("paid", again)


def _renewed(old: tuple[Reserved, ...], fresh: tuple[Reserved, ...]) -> tuple[Reserved, ...]:
    by_counter = {each.quota: each for each in fresh}
    return tuple(by_counter.get(each.quota, each) for each in old)


def _check_money(command: Capture | Refund, amount_minor: int, order: Order) -> None:
    if not 1 <= amount_minor <= limits.AMOUNT_MINOR_MAX:
        msg = f"a sum is 1 to {limits.AMOUNT_MINOR_MAX} minor units"
        raise Misuse(msg)
    if command.currency != order.currency:
        msg = f"this order is in {order.currency}"
        raise NotPossible(msg)
    if (command.method == CASH) != bool(command.shift):
        msg = "cash goes through the drawer of a shift, and nothing else does"
        raise Misuse(msg)


def _drawer_after(work: Work, command: Capture | Refund, amount_minor: int) -> Shift | None:
    """Return a drawer that got cash or (negative) gave some, None if none has a part in it.

    Raises:
        NotFound: There is no such shift.
        NotPossible: It has ended, is of another currency, or has not so much in it.
    """
    if command.method != CASH:
        return None
    shift = work.books.shift(command.shift)
    if shift.closed_ms or shift.currency != command.currency:
        msg = "this shift has ended, or its drawer is of another currency"
        raise NotPossible(msg)
    after = selling.with_cash(shift, amount_minor)
    if after is None:
        msg = "there is not so much cash in the drawer"
        raise NotPossible(msg)
    return after


def _check_counters(work: Work, reserved: Iterable[Reserved]) -> None:
    """Raise NotPossible, before anything is changed, if another node decides about a counter."""
    for _, counter, _ in reserved:
        work.check_here(work.quota(counter).segment)


def refund(work: Work, command: Refund) -> Answer:
    """Pay money back: for tickets that are void already, or what came beyond what was due.

    Raises:
        NotFound: There is no such order or shift.
        Misuse: No sum, or a ticket twice.
        NotPossible: More than was paid for, or a ticket is not of this order or not void.
    """
    row = work.books.sale(command.order)
    order = order_of(row)
    amount = command.surplus_minor + sum(part.amount_minor for part in command.tickets)
    if command.surplus_minor < 0 or any(part.amount_minor < 1 for part in command.tickets):
        msg = "what is paid back is more than nothing"
        raise Misuse(msg)
    if len({part.ticket for part in command.tickets}) < len(command.tickets):
        msg = "each ticket is paid back once"
        raise Misuse(msg)
    _check_money(command, amount, order)
    sold = [_void_ticket(work, command, part.ticket) for part in command.tickets]
    parts: dict[int, int] = {}
    for line, part in zip(sold, command.tickets, strict=True):
        parts[line.line] = parts.get(line.line, 0) + part.amount_minor
    account = selling.account_of(command.method, command.shift)
    done = selling.refunded(order, parts, command.surplus_minor, account)
    if done is None:
        msg = "this is more than was paid for it"
        raise NotPossible(msg)
    _check_counters(work, order.reserved)
    drawer = _drawer_after(work, command, -amount)
    if drawer is not None:
        work.books.shifts.set(drawer.id, drawer)
    order, postings = done
    for line, part in zip(sold, command.tickets, strict=True):
        _end_ticket(work, command, line, part.amount_minor)
    _give_back(work, command, order, sold)
    work.books.sales.set(row.id, with_order(row, order))
    fact = RefundFact(
        rules=work.versions,
        actor=command.actor,
        order=command.order.hex(),
        refund=command.refund,
        method=command.method,
        currency=command.currency,
        tickets=tuple((part.ticket.hex(), part.amount_minor) for part in command.tickets),
        surplus_minor=command.surplus_minor,
        shift=command.shift,
        reason_text=command.reason_text,
        postings=work.books.post(postings),
    )
    return work.write(OWN_SEGMENT, fact, command)


def _void_ticket(work: Work, command: Refund, ticket: bytes) -> SoldRow:
    """Return by what a ticket was sold, if it may be paid back. Raises NotPossible."""
    sold = work.books.sold.get(ticket)
    if sold is None or sold.sale != command.order:
        msg = "this ticket is not of this order"
        raise NotPossible(msg)
    work.meet(ticket)
    work.check_here(work.ticket(ticket).home)
    if work.ticket(ticket).status != Status.void:
        msg = "a ticket is void before it is paid back, and paid back once"
        raise NotPossible(msg)
    return sold


def _end_ticket(work: Work, command: Refund, sold: SoldRow, amount_minor: int) -> None:
    """Let a void ticket say that it was paid back."""
    ticket = work.ticket(sold.ticket)
    work.books.sold.set(sold.ticket, sold._replace(refunded_minor=amount_minor))
    work.set_ticket(ticket._replace(status=Status.refunded))
    fact = StatusFact(
        rules=work.versions,
        actor=command.actor,
        ticket=ticket.id.hex(),
        status=Status.refunded,
        before=Status.void,
        reason_text=command.reason_text,
    )
    work.write(ticket.home, fact, command, answers=False)


def _give_back(work: Work, command: Refund, order: Order, sold: list[SoldRow]) -> None:
    """Free what tickets that were paid back took of the counters."""
    mine = {each.quota for each in order.reserved}
    units: dict[str, int] = {}
    for each in sold:
        line = order.lines[each.line]
        for counter in counters_of(line.product, line.session):
            if counter in mine:
                units[counter] = units.get(counter, 0) + 1
    for counter in sorted(units):
        quota = work.quota(counter)
        work.quotas.set(counter, give_back(quota, units[counter]))
        fact = GiveBackFact(
            rules=work.versions,
            actor=command.actor,
            quota=counter,
            units=units[counter],
            order=command.order.hex(),
        )
        work.write(quota.segment, fact, command, answers=False)


# Fulfilling.


def fulfil(work: Work, command: Issue) -> None:
    """Count a ticket against the line of the paid order it is issued for.

    Raises:
        NotFound: There is no such order.
        NotPossible: The order is not paid, or all tickets of the line are there.
        Misuse: The line is for something else.
    """
    row = work.books.sale(command.order)
    order = order_of(row)
    if order.state != SaleState.paid:
        msg = "this order is not paid"
        raise NotPossible(msg)
    line = order.lines[command.line] if command.line < len(order.lines) else None
    if line is None or (line.product, line.session) != (command.product, command.session):
        msg = "the order has no such line"
        raise Misuse(msg)
    if line.issued == line.quantity:
        msg = "all tickets of this line were issued"
        raise NotPossible(msg)
    lines = list(order.lines)
    lines[command.line] = line._replace(issued=line.issued + 1)
    work.books.sales.set(row.id, with_order(row, order._replace(lines=tuple(lines))))
    work.books.sold.set(command.ticket, SoldRow(command.ticket, command.order, command.line))
