"""Orders, drawers and accounts within a batch: what was read of them, and what changed."""

from collections.abc import Iterable

import msgspec

from paifang.core.money import Posting, is_balanced
from paifang.core.selling import Line, Order, Reserved, Shift
from paifang.ledger import tables as t
from paifang.ledger.cache import Cache
from paifang.ledger.engine import Engine
from paifang.ledger.faults import NotFound
from paifang.ledger.rows import MoneyRow, SaleRow, SoldRow

_pack = msgspec.msgpack.Encoder().encode


class _Document(msgspec.Struct, frozen=True, array_like=True):
    lines: tuple[Line, ...]
    reserved: tuple[Reserved, ...]
    surplus_refunded_minor: int


_unpack = msgspec.msgpack.Decoder(_Document).decode


def order_of(row: SaleRow) -> Order:
    """Return the order that a row keeps."""
    document = _unpack(row.document)
    return Order(
        row.event,
        row.currency,
        document.lines,
        document.reserved,
        row.state,
        row.captured_minor,
        row.refunded_minor,
        document.surplus_refunded_minor,
    )


def with_order(row: SaleRow, order: Order) -> SaleRow:
    """Return a row that keeps what became of its order."""
    return row._replace(
        state=order.state,
        total_minor=order.total_minor,
        captured_minor=order.captured_minor,
        refunded_minor=order.refunded_minor,
        document=_pack(_Document(order.lines, order.reserved, order.surplus_refunded_minor)),
    )


def new_row(name: bytes, order: Order, channel: str, until_ms: int, placed_ms: int) -> SaleRow:
    """Return the row of a new order."""
    row = SaleRow(name, order.event, channel, order.currency, 0, 0, 0, 0, until_ms, placed_ms, b"")
    return with_order(row, order)


class Books:
    """The part of a batch that is about money."""

    def __init__(self, engine: Engine) -> None:
        """Start with nothing read."""
        self.sales: Cache[bytes, SaleRow] = Cache(engine, t.SALE)
        self.sold: Cache[bytes, SoldRow] = Cache(engine, t.SOLD)
        self.shifts: Cache[str, Shift] = Cache(engine, t.SHIFT)
        self.money: Cache[tuple[str, str], MoneyRow] = Cache(engine, t.MONEY)

    def sale(self, name: bytes) -> SaleRow:
        """Return an order's row. Raises NotFound."""
        row = self.sales.get(name)
        if row is None:
            msg = "there is no such order"
            raise NotFound(msg)
        return row

    def shift(self, name: str) -> Shift:
        """Return a cashier's shift. Raises NotFound."""
        shift = self.shifts.get(name)
        if shift is None:
            msg = "there is no such shift"
            raise NotFound(msg)
        return shift

    def post(self, postings: Iterable[Posting]) -> tuple[Posting, ...]:
        """Enter postings into the accounts, and return them for the fact that makes them."""
        told = tuple(postings)
        assert is_balanced(told), "postings sum to zero"
        for account, currency, amount in told:
            row = self.money.get((account, currency)) or MoneyRow(account, currency)
            self.money.set((account, currency), row._replace(amount=row.amount + amount))
        return told

    def flush(self) -> None:
        """Write what changed."""
        for cache in (self.sales, self.sold, self.shifts, self.money):
            cache.flush()
