"""Commands of selling: orders, the money that comes for them and goes back, cashiers' shifts.

Amounts are minor units of a currency (ISO 4217). An order is named by its 16 bytes, minted by
whoever places it.
"""

import msgspec

from paifang.core.pricing import Channel
from paifang.ledger.commands import Command, Enclosure


class OrderLine(msgspec.Struct, frozen=True, array_like=True):
    """So many tickets of a product, for a session (0 for none)."""

    product: int
    session: int
    quantity: int


class PlaceOrder(Command, frozen=True, tag="place_order", kw_only=True):
    """Hold everything that somebody wants to buy, or nothing, at the price they were told.

    The price is found anew by the rules in force; if it is not `total_minor`, nothing is held.
    `enclosures` tell who buys.
    """

    order: bytes
    event: int
    channel: Channel
    lines: tuple[OrderLine, ...]
    currency: str
    total_minor: int
    for_ms: int
    enclosures: tuple[Enclosure, ...] = ()

    def content_digest(self) -> bytes:
        """A retried order has its buyer under a fresh salt; what is bought is what counts."""
        bought = msgspec.structs.replace(self, enclosures=())
        return Command.content_digest(bought)


class EndOrder(Command, frozen=True, tag="end_order", kw_only=True):
    """Let an order go that is not paid; what it holds is free for others."""

    order: bytes
    reason_text: str = ""


class Capture(Command, frozen=True, tag="capture", kw_only=True):
    """Money has come for an order: a fact, also if it is too late or too much.

    `payment` names it, `reference` is the provider's own word for it. Cash goes into the drawer of
    an open `shift`.
    """

    order: bytes
    payment: str
    method: str
    currency: str
    amount_minor: int
    shift: str = ""
    reference: str = ""


class RefundPart(msgspec.Struct, frozen=True, array_like=True):
    """What is paid back for a ticket."""

    ticket: bytes
    amount_minor: int


class Refund(Command, frozen=True, tag="refund", kw_only=True):
    """Pay money of an order back: for tickets that are void, or what came beyond what was due."""

    order: bytes
    refund: str
    method: str
    currency: str
    tickets: tuple[RefundPart, ...] = ()
    surplus_minor: int = 0
    shift: str = ""
    reason_text: str = ""


class OpenShift(Command, frozen=True, tag="open_shift", kw_only=True):
    """A cashier begins, with change in the drawer."""

    shift: str
    staff: str
    currency: str
    float_minor: int


class MoveCash(Command, frozen=True, tag="move_cash", kw_only=True):
    """Cash goes from the safe into a drawer, or (negative) from it into the safe."""

    shift: str
    amount_minor: int
    reason_text: str = ""


class CloseShift(Command, frozen=True, tag="close_shift", kw_only=True):
    """A cashier ends, having counted the drawer without being told what should be in it."""

    shift: str
    counted_minor: int
    reason_text: str = ""


SaleCommand = PlaceOrder | EndOrder | Capture | Refund | OpenShift | MoveCash | CloseShift
