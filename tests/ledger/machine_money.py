"""The machine of money: orders, payments, refunds and drawers in any order (I6 and I7).

The model knows orders, tickets and drawers in plain numbers. After every step the accounts sum to
zero, no order has got back more than came, and every drawer holds what went in less what went out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from paifang.core.money import tax_within
from paifang.core.tickets import Status
from paifang.ledger import commands as c
from paifang.ledger import facts
from paifang.ledger import faults as f
from paifang.ledger import sale_commands as sc
from paifang.ledger import sale_facts as sf
from paifang.ledger import tables as t
from paifang.ledger.batch import Outcome
from tests.ledger import world
from tests.ledger.machine import HOW, LATER, NOW, PICK, How, LedgerMachine, must, must_be, told
from tests.ledger.shop import ADULT, CHILD, COSTS, FREE, SOLD, TEN_MINUTES_MS, name_of, placing
from tests.ledger.venue import key

PLACES = 4
HELD, PAID, ENDED = range(3)


@dataclass
class Ordered:
    """An order the model knows: its lines, and per ticket which line it is of."""

    lines: tuple[tuple[int, int], ...]
    until_ms: int
    state: int = HELD
    captured: int = 0
    surplus: int = 0
    issued: dict[bytes, int] = field(default_factory=dict)
    refunded: dict[bytes, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(COSTS[product] * quantity for product, quantity in self.lines)

    @property
    def adults(self) -> int:
        return sum(quantity for product, quantity in self.lines if product == ADULT)

    def paid_back(self, line: int) -> int:
        return sum(
            amount for ticket, amount in self.refunded.items() if self.issued[ticket] == line
        )


@dataclass
class Drawer:
    """A drawer the model knows."""

    cash: int
    counted: int | None = None


class MoneyMachine(LedgerMachine):
    """A shop with four places for adults, as many children as come, and two drawers."""

    def __init__(self) -> None:
        """Start with an empty ledger."""
        super().__init__()
        self.orders: dict[bytes, Ordered] = {}
        self.swept: set[bytes] = set()
        self.void: set[bytes] = set()
        self.drawers: dict[str, Drawer] = {}
        self.words: list[str] = []

    @initialize()
    def furnish(self) -> None:
        """Put the products on sale."""
        for name, layer in (
            ("centre", world.centre_rules(SOLD)),
            ("node", world.node_rules()),
        ):
            body = world.body_of(layer)
            self.do(NOW, c.Publish(request_id=name, layer=name, base=0, body=body))
        self.do(NOW, c.OpenSegment(request_id="segment", site="park"))
        counter = c.SetQuota(
            request_id="places", quota=f"product:{ADULT}", segment=1, capacity=PLACES
        )
        self.do(NOW, counter, self._opening("s1"))

    def check(self, command: c.Command, outcome: Outcome) -> None:
        """Compare an outcome with the model."""
        checks: dict[type[c.Command], Callable[[Any, Outcome], None]] = {
            sc.PlaceOrder: self._check_place,
            sc.EndOrder: self._check_end,
            sc.Capture: self._check_capture,
            sc.Refund: self._check_refund,
            sc.OpenShift: self._check_open,
            sc.MoveCash: self._check_move,
            sc.CloseShift: self._check_close,
            c.Issue: self._check_issue,
            c.SetStatus: self._check_void,
        }
        found = checks.get(type(command))
        if found is not None:
            found(command, outcome)

    # Rules.

    def _name(self, pick: int) -> str:
        """Return the word of an order there is, seldom of one that is not."""
        there = [word for word in self.words if name_of(word) in self.orders]
        return "none" if not there or pick % 8 == 7 else there[pick // 8 % len(there)]

    @rule(adults=st.integers(0, 2), children=st.integers(0, 2), free=st.booleans(), how=HOW)
    def order(self, adults: int, children: int, how: How, *, free: bool) -> None:
        """Place an order."""
        told_lines = ((ADULT, adults), (CHILD, children), (FREE, int(free)))
        lines = tuple(line for line in told_lines if line[1])
        if lines:
            self._place(how, *lines)

    def _place(self, how: How, *lines: tuple[int, int]) -> None:
        self.words.append(self.next_id("o"))
        self.do(how, placing(self.words[-1], *lines))

    @rule(adults=st.integers(1, 3), how=HOW)
    def keep(self, adults: int, how: How) -> None:
        """Place an order for adults, who come later or never."""
        self._place(how, (ADULT, adults))

    @rule(pick=PICK, others=st.integers(0, 3), how=HOW)
    def come_late(self, pick: int, others: int, how: How) -> None:
        """Pay all for an order whose time is over; others may have come in between."""
        open_orders = [name for name, told in self.orders.items() if told.state != PAID]
        if not open_orders:
            return
        order = open_orders[pick % len(open_orders)]
        self.clock.forward(minutes=11)
        if others:
            self._place(LATER, (ADULT, others))
        model = self.orders[order]
        due = model.total - model.captured + model.surplus
        self.do(how, self._paying(order, max(1, due), ""))

    @rule(adults=st.integers(0, 2), children=st.integers(0, 1), cash=st.booleans(), how=HOW)
    def buy(self, adults: int, children: int, how: How, *, cash: bool) -> None:
        """Place an order, pay it and issue its tickets, all in one batch."""
        lines = tuple(line for line in ((ADULT, adults), (CHILD, children)) if line[1])
        if not lines:
            return
        word = self.next_id("o")
        self.words.append(word)
        order, total = name_of(word), sum(COSTS[product] * many for product, many in lines)
        self.do(LATER, placing(word, *lines), self._paying(order, total, "s1" if cash else ""))
        for line, (product, quantity) in enumerate(lines):
            for _ in range(quantity):
                self.do(LATER, self._issuing(order, line, product))
        self.do(how)

    @rule(pick=PICK, how=HOW)
    def end(self, pick: int, how: How) -> None:
        """Let an order go."""
        name = self.next_id("end")
        self.do(how, sc.EndOrder(request_id=name, order=name_of(self._name(pick))))

    @rule(
        pick=PICK,
        part=st.sampled_from((2, 2, 2, 1, 3)),
        cash=st.sampled_from(("", "", "s1", "s2")),
        how=HOW,
    )
    def pay(self, pick: int, part: int, cash: str, how: How) -> None:
        """Let money come: as much as is due, or half of it, or more."""
        order = name_of(self._name(pick))
        model = self.orders.get(order)
        due = model.total - model.captured + model.surplus if model else 100
        self.do(how, self._paying(order, max(1, due * part // 2), cash))

    def _paying(self, order: bytes, amount: int, shift: str) -> sc.Capture:
        payment = self.next_id("pay")
        return sc.Capture(
            request_id=payment,
            order=order,
            payment=payment,
            method="cash" if shift else "card",
            currency="CNY",
            amount_minor=amount,
            shift=shift,
        )

    @rule(pick=PICK, line=st.integers(0, 2), how=HOW)
    def issue(self, pick: int, line: int, how: How) -> None:
        """Issue a ticket of an order."""
        order = name_of(self._name(pick))
        model = self.orders.get(order)
        product = model.lines[line][0] if model and line < len(model.lines) else ADULT
        self.do(how, self._issuing(order, line, product))

    def _issuing(self, order: bytes, line: int, product: int) -> c.Issue:
        code = self.next_id("code")
        return c.Issue(
            request_id=f"issue {code}",
            ticket=key("ticket " + code),
            event=world.EXPO,
            product=product,
            home=2,
            segments=(2,),
            order=order,
            line=line,
        )

    def _picked(self, pick: int) -> tuple[bytes, bytes] | None:
        """Return an order and one of its tickets, if there is any."""
        tickets = [(order, ticket) for order, told in self.orders.items() for ticket in told.issued]
        return tickets[pick % len(tickets)] if tickets else None

    @rule(pick=PICK, how=HOW)
    def make_void(self, pick: int, how: How) -> None:
        """Make a ticket void."""
        picked = self._picked(pick)
        if picked:
            self.do(how, self._voiding(picked[1]))

    def _voiding(self, ticket: bytes) -> c.SetStatus:
        return c.SetStatus(request_id=self.next_id("void"), ticket=ticket, status=Status.void)

    @rule(
        pick=PICK,
        share=st.sampled_from((2, 2, 1, 3, 8)),
        cash=st.sampled_from(("", "", "s1")),
        voids=st.sampled_from((True, True, False)),
        how=HOW,
    )
    def pay_back(self, pick: int, share: int, cash: str, how: How, *, voids: bool) -> None:
        """Pay back for a ticket: what it cost, or half of it, or more."""
        picked = self._picked(pick)
        if picked:
            order, ticket = picked
            model = self.orders[order]
            cost = COSTS[model.lines[model.issued[ticket]][0]]
            part = sc.RefundPart(ticket, max(1, cost * share // 2))
            if voids:
                self.do(LATER, self._voiding(ticket))
            self._pay_back(how, order, cash, (part,), 0)

    @rule(pick=PICK, less=st.sampled_from((0, 0, 1, -1)), how=HOW)
    def pay_surplus_back(self, pick: int, less: int, how: How) -> None:
        """Pay back what came beyond what was due."""
        order = name_of(self._name(pick))
        model = self.orders.get(order)
        surplus = self._surplus(model) if model else 5
        self._pay_back(how, order, "", (), max(1, surplus - less))

    def _pay_back(
        self, how: How, order: bytes, cash: str, parts: tuple[sc.RefundPart, ...], surplus: int
    ) -> None:
        name = self.next_id("refund")
        command = sc.Refund(
            request_id=name,
            order=order,
            refund=name,
            method="cash" if cash else "card",
            currency="CNY",
            tickets=parts,
            surplus_minor=surplus,
            shift=cash,
        )
        self.do(how, command)

    @rule(shift=st.sampled_from(("s1", "s2")), how=HOW)
    def begin(self, shift: str, how: How) -> None:
        """Open a drawer."""
        self.do(how, self._opening(shift))

    def _opening(self, shift: str) -> sc.OpenShift:
        name = self.next_id("open")
        return sc.OpenShift(
            request_id=name, shift=shift, staff="li", currency="CNY", float_minor=5000
        )

    @rule(shift=st.sampled_from(("s1", "s2", "none")), amount=st.integers(-9000, 3000), how=HOW)
    def move(self, shift: str, amount: int, how: How) -> None:
        """Move cash between a drawer and the safe."""
        name = self.next_id("move")
        self.do(how, sc.MoveCash(request_id=name, shift=shift, amount_minor=amount))

    @rule(shift=st.sampled_from(("s1", "s2")), counted=st.integers(0, 20_000), how=HOW)
    def close_drawer(self, shift: str, counted: int, how: How) -> None:
        """Count a drawer and end its shift."""
        name = self.next_id("close")
        self.do(how, sc.CloseShift(request_id=name, shift=shift, counted_minor=counted))

    # The model's answers.

    def _taken(self) -> int:
        """Return how many places for adults are held or sold."""
        taken = 0
        for name, order in self.orders.items():
            counts = order.state == PAID or (order.state == HELD and name not in self.swept)
            back = sum(
                1 for ticket in order.refunded if order.lines[order.issued[ticket]][0] == ADULT
            )
            taken += order.adults - back if counts else 0
        return taken

    def _fits(self, adults: int) -> bool:
        """Whether places are free, those of expired orders swept if it needs be."""
        if self._taken() + adults > PLACES:
            self.swept |= {
                name
                for name, order in self.orders.items()
                if order.state == HELD and order.adults and order.until_ms <= self.clock.time_ms
            }
        return self._taken() + adults <= PLACES

    def _surplus(self, order: Ordered) -> int:
        if order.state == HELD:
            return 0
        return order.captured - order.surplus - (order.total if order.state == PAID else 0)

    def _check_place(self, command: sc.PlaceOrder, outcome: Outcome) -> None:
        lines = tuple((line.product, line.quantity) for line in command.lines)
        order = Ordered(lines, self.clock.time_ms + TEN_MINUTES_MS)
        fits = not order.adults or self._fits(order.adults)
        fact = told(outcome, sf.OrderFact)
        must(fact.reason == ("ok" if fits else "sold_out"), f"{fact.reason}, and {fits}")
        if fits:
            order.state = HELD if order.total else PAID
            self.orders[command.order] = order

    def _check_end(self, command: sc.EndOrder, outcome: Outcome) -> None:
        order = self.orders.get(command.order)
        if order is None:
            must_be(outcome, f.NotFound)
        elif order.state != HELD:
            must_be(outcome, f.NotPossible)
        else:
            told(outcome, sf.OrderEndFact)
            order.state = ENDED

    def _drawer(self, name: str, amount: int) -> type[f.LedgerFault] | None:
        """Return why a drawer does not take or give so much, None if it does."""
        if not name:
            return None
        drawer = self.drawers.get(name)
        if drawer is None:
            return f.NotFound
        closed = drawer.counted is not None
        return f.NotPossible if closed or drawer.cash + amount < 0 else None

    def _check_capture(self, command: sc.Capture, outcome: Outcome) -> None:
        order = self.orders.get(command.order)
        fault = f.NotFound if order is None else self._drawer(command.shift, command.amount_minor)
        if fault is not None or order is None:
            must_be(outcome, fault or f.NotFound)
            return
        fact = told(outcome, sf.CaptureFact)
        order.captured += command.amount_minor
        if command.shift:
            self.drawers[command.shift].cash += command.amount_minor
        expected = self._becomes(command.order, order)
        must(fact.outcome == expected, f"{fact.outcome}, expected {expected}")
        if expected == "paid":
            order.state = PAID

    def _becomes(self, name: bytes, order: Ordered) -> str:
        if order.state == PAID:
            return "more"
        if order.captured - order.surplus < order.total:
            return "part" if order.state == HELD else "late"
        gone = name in self.swept or order.state == ENDED
        return "paid" if not gone or not order.adults or self._fits(order.adults) else "late"

    def _check_issue(self, command: c.Issue, outcome: Outcome) -> None:
        order = self.orders.get(command.order)
        if order is None:
            must_be(outcome, f.NotFound)
        elif order.state != PAID:
            must_be(outcome, f.NotPossible)
        elif command.line >= len(order.lines):
            must_be(outcome, f.Misuse)
        elif list(order.issued.values()).count(command.line) == order.lines[command.line][1]:
            must_be(outcome, f.NotPossible)
        else:
            told(outcome, facts.IssueFact)
            order.issued[command.ticket] = command.line

    def _check_void(self, command: c.SetStatus, outcome: Outcome) -> None:
        if command.ticket in self.void:
            must_be(outcome, f.NotPossible)
        else:
            told(outcome, facts.StatusFact)
            self.void.add(command.ticket)

    def _check_refund(self, command: sc.Refund, outcome: Outcome) -> None:
        order = self.orders.get(command.order)
        if order is None:
            must_be(outcome, f.NotFound)
            return
        amount = command.surplus_minor + sum(part.amount_minor for part in command.tickets)
        allowed = command.surplus_minor <= self._surplus(order)
        for part in command.tickets:
            line = order.issued[part.ticket]
            product, quantity = order.lines[line]
            within = order.paid_back(line) + part.amount_minor <= COSTS[product] * quantity
            fresh = part.ticket in self.void and part.ticket not in order.refunded
            allowed = allowed and within and fresh
        fault = self._drawer(command.shift, -amount)
        if not allowed or fault is not None:
            must_be(outcome, f.NotPossible if not allowed else fault or f.NotPossible)
            return
        told(outcome, sf.RefundFact)
        order.surplus += command.surplus_minor
        for part in command.tickets:
            order.refunded[part.ticket] = part.amount_minor
        if command.shift:
            self.drawers[command.shift].cash -= amount

    def _check_open(self, command: sc.OpenShift, outcome: Outcome) -> None:
        if command.shift in self.drawers:
            must_be(outcome, f.NotPossible)
        else:
            told(outcome, sf.CashShiftFact)
            self.drawers[command.shift] = Drawer(command.float_minor)

    def _check_move(self, command: sc.MoveCash, outcome: Outcome) -> None:
        fault = self._drawer(command.shift, command.amount_minor)
        if fault is None and not command.amount_minor:
            fault = f.NotPossible
        if fault is not None:
            must_be(outcome, fault)
            return
        told(outcome, sf.CashShiftFact)
        self.drawers[command.shift].cash += command.amount_minor

    def _check_close(self, command: sc.CloseShift, outcome: Outcome) -> None:
        fault = self._drawer(command.shift, 0)
        if fault is not None:
            must_be(outcome, fault)
            return
        told(outcome, sf.CashShiftFact)
        self.drawers[command.shift].counted = command.counted_minor

    # What holds after every step.

    @invariant()
    def every_sum_is_balanced(self) -> None:
        """The accounts sum to zero, and each says what orders and drawers say."""
        books = {row.account: row.amount for row in self.reader.raw.scan(t.MONEY)}
        must(not sum(books.values()), f"the books sum to {sum(books.values())}")
        customers = sum(self._owed(order) for order in self.orders.values())
        must(books.get("customers", 0) == -customers, f"{books} owe customers {customers}")
        for name, drawer in self.drawers.items():
            cash = 0 if drawer.counted is not None else drawer.cash
            must(books.get(f"cash:{name}", 0) == cash, f"{books}: drawer {name} has {cash}")
        paid = [order for order in self.orders.values() if order.state == PAID]
        owed = sum(order.total - sum(order.refunded.values()) for order in paid)
        must(books.get("deferred:1", 0) + books.get("tax:600", 0) == -owed, f"{books} owe {owed}")
        if not any(order.refunded for order in paid):
            tax = sum(self._tax(order) for order in paid)
            must(books.get("tax:600", 0) == -tax, f"{books}: tax {tax}")

    def _owed(self, order: Ordered) -> int:
        """Return what is the buyer's in money."""
        rest = order.captured - order.surplus
        return rest - order.total if order.state == PAID else rest

    def _tax(self, order: Ordered) -> int:
        return tax_within(order.total, 600)

    @invariant()
    def places_are_not_oversold(self) -> None:
        """Held and sold places are those of the orders there are."""
        for quota in self.reader.raw.scan(t.QUOTA):
            must(quota.free >= 0 and quota.held >= 0, f"{quota}")
            taken = quota.held + quota.sold
            must(taken == self._taken(), f"{taken} taken, {self._taken()} by the orders")

    def compare_state(self) -> None:
        """Compare orders and drawers with their tables."""
        rows = {row.id: row for row in self.reader.raw.scan(t.SALE)}
        must(rows.keys() == self.orders.keys(), "other orders")
        for name, order in self.orders.items():
            row = rows[name]
            back = order.surplus + sum(order.refunded.values())
            expected = (order.state, order.total, order.captured, back)
            found = (row.state, row.total_minor, row.captured_minor, row.refunded_minor)
            must(expected == found, f"{found} is not {expected}")
            must(back <= order.captured, "more was paid back than came")
        shifts = {shift.id: shift for shift in self.reader.raw.scan(t.SHIFT)}
        must(shifts.keys() == self.drawers.keys(), "other drawers")
        for sid, drawer in self.drawers.items():
            shift = shifts[sid]
            must(shift.cash_minor == drawer.cash, f"{shift} is not {drawer}")
            must(bool(shift.closed_ms) == (drawer.counted is not None), f"{shift}: {drawer}")
