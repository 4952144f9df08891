"""The tickets of a list as rows of a file, read while they are sent."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from paifang.core import limits
from paifang.core.rules import Rules
from paifang.core.tickets import Status
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.ticket_story import serials_of
from paifang.services.desk.tickets.filters import Filters, Used
from paifang.services.desk.tickets.finding import find
from paifang.services.desk.tickets.listing import events_in, fits
from paifang.store.models import ProjectedTicket


class TicketRow(NamedTuple):
    """A ticket with its serial in clear."""

    ticket: ProjectedTicket
    serial: str


class TicketRows(NamedTuple):
    """The tickets that fit, and how many they are."""

    rows: Iterator[TicketRow]
    length: int


def ticket_rows(rules: Rules, filters: Filters, *, by: Actor) -> TicketRows:
    """Return all tickets that fit, the newest first; of a search those it finds.

    Raises:
        NotPermitted: They may not take people out of the house.
        QueryShortError: The text searched for is too short, and no code either.
        LedgerFault: The ledger could not be read.
    """
    by.require(Act.export_people)
    if filters.text:
        found, _more = find(rules, filters.text, events_in(rules, filters))
        rows = [row for row in found if fits(filters, row)]
        return TicketRows(_with_serials(rules, rows), len(rows))
    tickets = ProjectedTicket.objects.filter(status__gte=Status.valid)
    for name in ("event", "product", "session"):
        if asked := getattr(filters, name):
            tickets = tickets.filter(**{name: asked})
    if filters.status is not None:
        tickets = tickets.filter(status=filters.status)
    if filters.used is not None:
        tickets = tickets.filter(uses__gt=0) if filters.used is Used.yes else tickets.filter(uses=0)
    if filters.company:
        tickets = tickets.filter(company=filters.company)
    ordered = tickets.order_by("-ticket")
    return TicketRows(
        _with_serials(rules, ordered.iterator(chunk_size=limits.PROJECT_ROWS_MAX)), tickets.count()
    )


def _with_serials(rules: Rules, tickets: Iterable[ProjectedTicket]) -> Iterator[TicketRow]:
    rest = iter(tickets)
    while some := list(islice(rest, limits.PROJECT_ROWS_MAX)):
        serials = serials_of(rules, some)
        for ticket in some:
            yield TicketRow(ticket, serials.get(ticket.ticket, ""))
