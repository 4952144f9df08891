"""A small shop for tests: a venue that sells, and short words for what is bought there."""

from dataclasses import replace
from typing import Any, Final

from paifang.core.pricing import Channel, Price
from paifang.core.tickets import Status
from paifang.ledger import tables as t
from paifang.ledger.books import order_of
from paifang.ledger.commands import SetQuota, SetStatus
from paifang.ledger.facts import Answer
from paifang.ledger.sale_commands import (
    Capture,
    CloseShift,
    EndOrder,
    MoveCash,
    OpenShift,
    OrderLine,
    PlaceOrder,
    Refund,
    RefundPart,
)
from paifang.ledger.sale_facts import CaptureFact, OrderFact, RefundFact
from tests.ledger import world
from tests.ledger.venue import Venue, key
from tests.ledger.world import EXPO, HALL

ADULT, CHILD, FREE, MORNING, FOREIGN, SEAT = range(8, 14)
SLOT: Final = 1
TEN_MINUTES_MS: Final = 600_000
SOLD: Final = (
    *world.PRODUCTS,
    world.product(ADULT, HALL, prices=(Price(8000, "CNY", 600),)),
    world.product(CHILD, HALL, prices=(Price(2525, "CNY", 600),)),
    world.product(FREE, HALL, prices=(Price(0, "CNY"),)),
    world.product(
        MORNING, replace(HALL, session_bound=True), prices=(Price(5000, "CNY", 0),), order_max=4
    ),
    world.product(FOREIGN, HALL, prices=(Price(1000, "EUR", 1900),)),
    world.product(
        SEAT, replace(HALL, session_bound=True), event=world.SHOW, prices=(Price(9000, "CNY"),)
    ),
)
COSTS: Final = {ADULT: 8000, CHILD: 2525, FREE: 0, MORNING: 5000, FOREIGN: 1000}


def name_of(word: str) -> bytes:
    """Return the 16 bytes of an order."""
    return key(f"order {word}")


def placing(word: str, *lines: tuple[int, int], **more: Any) -> PlaceOrder:
    """Return the command that orders so many of products, at what they cost."""
    told = tuple(
        OrderLine(product, SLOT if product == MORNING else 0, quantity)
        for product, quantity in lines
    )
    total = sum(COSTS.get(product, 0) * quantity for product, quantity in lines)
    return PlaceOrder(
        request_id=more.pop("request_id", f"place {word}"),
        order=name_of(word),
        event=more.pop("event", EXPO),
        channel=Channel.web,
        lines=more.pop("lines", told),
        currency=more.pop("currency", "CNY"),
        total_minor=more.pop("total_minor", total),
        for_ms=more.pop("for_ms", TEN_MINUTES_MS),
        **more,
    )


class Shop:
    """What somebody does in a venue that sells."""

    def __init__(self, venue: Venue) -> None:
        """Put its products on sale, with eight places for adults in the morning's session."""
        self.venue = venue
        venue.publish(world.centre_rules(SOLD))
        for counter, capacity in ((f"product:{ADULT}", 8), (f"session:{SLOT}", 6)):
            venue.do(SetQuota(quota=counter, segment=1, capacity=capacity))

    def place(self, word: str, *lines: tuple[int, int], **more: Any) -> OrderFact:
        """Place an order."""
        return self.venue.fact(placing(word, *lines, **more), OrderFact)

    def pay(self, word: str, amount: int, method: str = "card", **more: Any) -> CaptureFact:
        """Let money come for an order."""
        payment = more.pop("payment", f"{word}-{amount}")
        command = Capture(
            request_id=f"pay {payment}",
            order=name_of(word),
            payment=payment,
            method=method,
            currency=more.pop("currency", "CNY"),
            amount_minor=amount,
            **more,
        )
        return self.venue.fact(command, CaptureFact)

    def bought(self, word: str, *lines: tuple[int, int]) -> list[bytes]:
        """Place an order, pay it and issue its tickets."""
        placed = self.place(word, *lines)
        if placed.total_minor:
            self.pay(word, placed.total_minor)
        return [
            self.issue(word, place, n, product)
            for place, (product, quantity) in enumerate(lines)
            for n in range(quantity)
        ]

    def issue(self, word: str, line: int, n: int, product: int) -> bytes:
        """Issue a ticket of an order's line."""
        code = f"{word} {line} {n}"
        session = SLOT if product == MORNING else 0
        return self.venue.issue(code, product, order=name_of(word), line=line, session=session)

    def end(self, word: str) -> Answer:
        """Let an order go."""
        return self.venue.do(EndOrder(order=name_of(word), reason_text="changed their mind"))

    def void(self, ticket: bytes) -> None:
        """Make a ticket void."""
        self.venue.do(SetStatus(ticket=ticket, status=Status.void))

    def refund(
        self, word: str, *tickets: tuple[bytes, int], method: str = "card", **more: Any
    ) -> RefundFact:
        """Pay back for tickets, or a surplus."""
        command = Refund(
            order=name_of(word),
            refund="r",
            method=method,
            currency=more.pop("currency", "CNY"),
            tickets=tuple(RefundPart(*each) for each in tickets),
            **more,
        )
        return self.venue.fact(command, RefundFact)

    def begins(self, shift: str, float_minor: int = 10_000, **more: str) -> Answer:
        """Open a cashier's shift."""
        told = {"staff": "li", "currency": "CNY", **more}
        return self.venue.do(OpenShift(shift=shift, float_minor=float_minor, **told))

    def drops(self, shift: str, amount: int) -> Answer:
        """Bring cash to the safe, or (negative) fetch some."""
        return self.venue.do(MoveCash(shift=shift, amount_minor=-amount, reason_text="full"))

    def ends(self, shift: str, counted: int) -> Answer:
        """Close a cashier's shift."""
        return self.venue.do(CloseShift(shift=shift, counted_minor=counted))

    # Looking.

    def books(self) -> dict[str, int]:
        """Return what stands in the accounts, as far as anything does."""
        return {row.account: row.amount for row in self.venue.rows(t.MONEY) if row.amount}

    def order(self, word: str) -> Any:
        """Return an order as it stands."""
        return order_of(self.venue.row(t.SALE, name_of(word)))

    def counter(self, name: str) -> tuple[int, int, int]:
        """Return free, held and sold units."""
        quota = self.venue.row(t.QUOTA, name)
        return quota.free, quota.held, quota.sold
