"""The tickets of an order that is paid: issued once each, whoever asks and however often."""

from uuid import UUID

import msgspec

from paifang.core.rules import Rules
from paifang.core.selling import Order, SaleState
from paifang.ledger import tables as t
from paifang.ledger.books import order_of
from paifang.ledger.commands import Issue
from paifang.ledger.opening import LedgerReader
from paifang.services.desk.context import context
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.jobs import JobFault, RunningJob, ask_for
from paifang.services.desk.permissions import Actor
from paifang.services.desk.selling.numbers import LETTER, order_number
from paifang.services.desk.tickets.acts import Issuers
from paifang.services.desk.tickets.issuing_many import issue_all
from paifang.store.models import Product, ProjectedOrder

SHOP = Actor("shop")


def run(job: RunningJob) -> None:
    """Issue the tickets of the order a job names.

    Raises:
        JobFault: There is no such order here.
        LedgerFault: The ledger could not be reached or cannot write.
    """
    order = bytes.fromhex(job.payload["order"])
    with context().ledger.reader() as reader:
        if order_row(reader, order) is None:
            # Another node's: its own desk issues.
            raise JobFault("order_unknown")
    fulfil(order)


def order_row(reader: LedgerReader, order: bytes) -> Order | None:
    """Return an order as it stands in the ledger, None if it is not known here."""
    rows = reader.raw.rows(t.SALE, [order])
    return order_of(rows[0]) if rows else None


def fulfil(order: bytes) -> list[bytes]:
    """Issue what is missing of a paid order's tickets; all of them in the order of its lines.

    Raises:
        LedgerFault: The ledger could not be reached or cannot write; ask again.
    """
    with context().ledger.reader() as reader:
        standing = order_row(reader, order)
    if standing is None or standing.state != SaleState.paid:
        return []
    rules = context().ledger.rules()
    buyer = ProjectedOrder.objects.filter(order=UUID(bytes=order)).first()
    numbers = [line.product for line in standing.lines]
    people = dict(Product.objects.filter(number__in=numbers).values_list("number", "people"))
    tickets: list[bytes] = []
    for place, line in enumerate(standing.lines):
        holder = Attendee(
            name=buyer.buyer if buyer else "",
            email=buyer.email if buyer else "",
            phone=buyer.phone if buyer else "",
            reference=order_number(order.hex()),
            session=line.session,
            people=people.get(line.product, 1),
            recognised=False,
        )
        tickets += _issue_line(rules, order, place, holder, (line.product, line.quantity))
    if buyer is not None and buyer.email:
        ask_for(LETTER, order.hex(), {"order": order.hex()}, by=SHOP)
    return tickets


def _issue_line(
    rules: Rules, order: bytes, place: int, holder: Attendee, line: tuple[int, int]
) -> list[bytes]:
    product, quantity = line
    issuer = Issuers(rules, SHOP).of_product(product)

    def drawn(n: int) -> Issue:
        return msgspec.structs.replace(
            issuer.issue(holder).command,
            request_id=request_of(order, place, n),
            order=order,
            line=place,
        )

    return issue_all(drawn, quantity)


def request_of(order: bytes, line: int, n: int) -> str:
    """Return the request id under which the n-th ticket of a line is issued."""
    return f"order-{order.hex()}-{line}-{n}"
