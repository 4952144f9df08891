"""Orders and money replayed from the journal: every sum balanced, no refund above its payment (I6).

A second opinion: it adds up what the facts tell, and shares nothing with what writes them. Only
this node's own books are checked; what another node sold stands in that one's.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from paifang.core.money import Posting, is_balanced
from paifang.core.pricing import QuotedLine
from paifang.core.selling import Shift
from paifang.ledger.facts import Fact, IssueFact
from paifang.ledger.findings import Findings
from paifang.ledger.rows import JournalRow, MoneyRow, SaleRow, SoldRow
from paifang.ledger.sale_facts import (
    CaptureFact,
    CashShiftFact,
    OrderEndFact,
    OrderFact,
    RefundFact,
)

OWN_SEGMENT: Final = 1
HELD, PAID, ENDED = range(3)


@dataclass(slots=True)
class _Told:
    """An order as far as the journal has told of it: its lines, and what came and went."""

    lines: tuple[QuotedLine, ...]
    state: int
    captured: int = 0
    surplus: int = 0
    refunded: int = 0

    @property
    def total(self) -> int:
        """What it costs."""
        return sum(line.amount_minor for line in self.lines)


class SalesReplay:
    """Orders, drawers and accounts, fact by fact."""

    def __init__(self, findings: Findings) -> None:
        """Take where findings go."""
        self._findings = findings
        self._orders: dict[str, _Told] = {}
        self._tickets: dict[str, tuple[str, int]] = {}
        self._refunds: dict[str, tuple[str, int]] = {}
        self._shifts: dict[str, Shift] = {}
        self._money: dict[tuple[str, str], int] = {}
        self.handlers: dict[type[Fact], Callable[[JournalRow, Any], None]] = {
            OrderFact: self._order,
            OrderEndFact: self._end,
            CaptureFact: self._capture,
            RefundFact: self._refund,
            CashShiftFact: self._shift,
        }

    def _found(self, row: JournalRow, order: str) -> _Told | None:
        if row.segment != OWN_SEGMENT:
            self._findings.at("row_wrong_segment", row)
        found = self._orders.get(order)
        if found is None:
            self._findings.at("order_missing", row)
        return found

    def _order(self, row: JournalRow, fact: OrderFact) -> None:
        if fact.reason != "ok":
            return
        order = _Told(fact.lines, HELD if fact.total_minor else PAID)
        if fact.order in self._orders or order.total != fact.total_minor:
            self._findings.at("order_differs", row, field="lines")
        self._orders[fact.order] = order

    def _end(self, row: JournalRow, fact: OrderEndFact) -> None:
        order = self._found(row, fact.order)
        if order is not None:
            if order.state != HELD:
                self._findings.at("order_differs", row, field="state")
            order.state = ENDED

    def _post(
        self, row: JournalRow, postings: Iterable[Posting], account: str, amount: int
    ) -> None:
        """Enter postings, of which those to one account have a sum."""
        told = tuple(postings)
        moved = sum(each.amount for each in told if each.account == account)
        if not is_balanced(told) or moved != amount:
            self._findings.at("unbalanced", row)
        for each in told:
            key = each[:2]
            self._money[key] = self._money.get(key, 0) + each.amount

    def _capture(self, row: JournalRow, fact: CaptureFact) -> None:
        order = self._found(row, fact.order)
        account = f"cash:{fact.shift}" if fact.shift else f"taken:{fact.method}"
        self._post(row, fact.postings, account, fact.amount_minor)
        self._drawer(row, fact.shift, fact.amount_minor)
        if order is None:
            return
        order.captured += fact.amount_minor
        complete = order.captured - order.surplus >= order.total
        fits = {
            "paid": order.state != PAID and complete,
            "more": order.state == PAID,
            "part": order.state == HELD and not complete,
            "late": order.state != PAID,
        }
        if not fits[fact.outcome]:
            self._findings.at("order_differs", row, field="state")
        if fact.outcome == "paid":
            order.state = PAID

    def issued(self, row: JournalRow, fact: IssueFact) -> None:
        """Take in by which order a ticket was sold. Its segment may come before or after ours."""
        if fact.ticket in self._tickets:
            self._findings.at("order_differs", row, field="issued")
        self._tickets[fact.ticket] = (fact.order, fact.line)

    def _refund(self, row: JournalRow, fact: RefundFact) -> None:
        order = self._found(row, fact.order)
        whole = fact.surplus_minor + sum(amount for _, amount in fact.tickets)
        account = f"cash:{fact.shift}" if fact.shift else f"taken:{fact.method}"
        self._post(row, fact.postings, account, -whole)
        self._drawer(row, fact.shift, -whole)
        for ticket, amount in fact.tickets:
            if ticket in self._refunds:
                self._findings.at("refund_exceeds", row)
            self._refunds[ticket] = (fact.order, amount)
        if order is not None:
            order.surplus += fact.surplus_minor
            order.refunded += whole
            if order.refunded > order.captured:
                self._findings.at("refund_exceeds", row)

    def _drawer(self, row: JournalRow, name: str, amount: int) -> None:
        if not name:
            return
        shift = self._shifts.get(name)
        if shift is None or shift.closed_ms or shift.cash_minor + amount < 0:
            self._findings.at("drawer_differs", row, field="cash_minor")
            return
        self._shifts[name] = shift._replace(cash_minor=shift.cash_minor + amount)

    def _shift(self, row: JournalRow, fact: CashShiftFact) -> None:
        drawer, before = f"cash:{fact.shift}", self._shifts.get(fact.shift)
        if fact.what == "opened":
            if before is not None:
                self._findings.at("drawer_differs", row, field="id")
            self._post(row, fact.postings, drawer, fact.amount_minor)
            self._shifts[fact.shift] = Shift(
                fact.shift, fact.staff, fact.currency, fact.amount_minor, row.at_ms
            )
        elif fact.what == "moved":
            self._post(row, fact.postings, drawer, fact.amount_minor)
            self._drawer(row, fact.shift, fact.amount_minor)
        else:
            cash = before.cash_minor if before is not None else 0
            self._post(row, fact.postings, drawer, -cash)
            # Only looked at, so that one that has ended, or never began, is told of.
            self._drawer(row, fact.shift, 0)
            if before is not None:
                self._shifts[fact.shift] = before._replace(
                    closed_ms=row.at_ms, counted_minor=fact.counted_minor
                )

    def compare(
        self,
        sales: Iterator[SaleRow],
        sold: Iterator[SoldRow],
        shifts: Iterator[Shift],
        money: Iterator[MoneyRow],
    ) -> None:
        """Compare what was replayed with the tables, after the last row."""
        self._compare_tickets(sold)
        for row in sales:
            self._compare_order(row)
        for name in self._orders:
            self._findings.add("order_differs", f"order {name}", field="id")
        for shift in shifts:
            if self._shifts.pop(shift.id, None) != shift:
                self._findings.add("drawer_differs", f"shift {shift.id}", field="cash_minor")
        for name in self._shifts:
            self._findings.add("drawer_differs", f"shift {name}", field="id")
        for account, currency, amount in money:
            self._compare_account((account, currency), amount)
        for key in list(self._money):
            self._compare_account(key, 0)

    def _compare_tickets(self, sold: Iterator[SoldRow]) -> None:
        """Compare what was issued for orders, and paid back, with each other and the rows."""
        issued: dict[tuple[str, int], int] = {}
        refunded: dict[tuple[str, int], int] = {}
        for ticket, line in self._tickets.items():
            issued[line] = issued.get(line, 0) + 1
            order, amount = self._refunds.get(ticket, (line[0], 0))
            refunded[line] = refunded.get(line, 0) + amount
            if order != line[0]:
                self._findings.add("order_differs", f"ticket {ticket}", field="id")
        for (name, place), count in issued.items():
            order_told = self._orders.get(name)
            lines = order_told.lines if order_told and order_told.state == PAID else ()
            if place >= len(lines) or count > lines[place].quantity:
                self._findings.add("order_differs", f"order {name}", field="issued")
            elif refunded[name, place] > lines[place].amount_minor:
                self._findings.add("refund_exceeds", f"order {name}")
        for row in sold:
            told = (*self._tickets.pop(row.ticket.hex(), ("", 0)),)
            amount = self._refunds.pop(row.ticket.hex(), ("", 0))[1]
            if (*told, amount) != (row.sale.hex(), row.line, row.refunded_minor):
                self._findings.add("order_differs", f"ticket {row.ticket.hex()}", field="line")
        for ticket in {**self._tickets, **self._refunds}:
            self._findings.add("order_differs", f"ticket {ticket}", field="line")

    def _compare_order(self, row: SaleRow) -> None:
        told = self._orders.pop(row.id.hex(), None)
        if told is None:
            self._findings.add("order_differs", f"order {row.id.hex()}", field="id")
            return
        for name, expected, found in (
            ("state", told.state, row.state),
            ("total_minor", told.total, row.total_minor),
            ("captured_minor", told.captured, row.captured_minor),
            ("refunded_minor", told.refunded, row.refunded_minor),
        ):
            if expected != found:
                self._findings.add("order_differs", f"order {row.id.hex()}", field=name)

    def _compare_account(self, account: tuple[str, str], found: int) -> None:
        expected = self._money.pop(account, 0)
        if expected != found:
            where = f"account {' '.join(account)}"
            self._findings.add("money_differs", where, expected=expected, found=found)
