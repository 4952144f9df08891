"""The links of many tickets as a list, for organisers who send them by means of their own."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from uuid import UUID

from paifang.core import limits
from paifang.core.rules import Rules
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.sheets import Format, Row, export
from paifang.services.desk.ticket_story import serials_of
from paifang.services.desk.tickets.bulk import chosen
from paifang.services.desk.tickets.filters import Filters
from paifang.services.desk.tickets.pages import secret_of
from paifang.store.models import ProjectedTicket


def link_list(
    filters: Filters,
    header: Sequence[str],
    *,
    base: str,
    fmt: Format,
    zone: tzinfo,
    by: Actor,
) -> Iterator[bytes]:
    """Return a file with one row per ticket that fits: whose it is, and the link to its page.

    Args:
        filters: Which tickets.
        header: The columns' names in the reader's language.
        base: What stands before the path of a page.
        fmt: As what.
        zone: The clock of the place, for moments; this list has none.
        by: Who takes it.

    Raises:
        NotPermitted: They may not.
        TooManyTickets: More fit than one list may hold.
        LedgerFault: The ledger could not be read.
    """
    by.require(Act.export_people)
    rules = context().ledger.rules()
    tickets = chosen(rules, filters, by=by)
    rows = _rows(rules, tickets, base)
    return export("ticket_links", header, rows, count=len(tickets), fmt=fmt, zone=zone, by=by)


def _rows(rules: Rules, tickets: Sequence[UUID], base: str) -> Iterator[Row]:
    for start in range(0, len(tickets), limits.IMPORT_BATCH_ROWS):
        some = tickets[start : start + limits.IMPORT_BATCH_ROWS]
        known = ProjectedTicket.objects.in_bulk(some)
        serials = serials_of(rules, known.values())
        for ticket in some:
            row = known.get(ticket)
            if row is None:
                continue
            product = rules.centre.products.get(row.product)
            secret = secret_of(rules, row)
            yield (
                row.holder,
                row.company,
                row.email,
                row.phone,
                product.name if product else "",
                serials.get(ticket, ""),
                f"{base}/t/{secret}" if secret else "",
            )
