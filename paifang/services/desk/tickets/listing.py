"""The list of tickets, newest first, page by page.

A page costs the same however many tickets there are: it goes on from the id the page before ended
with, walks one index, and looks at `LIST_SCAN_MAX` rows at most. What is rare among them is looked
for further when the visitor asks for it.
"""

from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from paifang.core import limits
from paifang.core.rules import Rules
from paifang.core.tickets import Status
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.search_terms import START, fold
from paifang.services.desk.tallies import TICKETS
from paifang.services.desk.tickets.filters import Filters, Used
from paifang.services.desk.tickets.finding import find
from paifang.store.models import ProjectedTicket

_NEWEST: Final = "f" * 32
"""Behind every id there can be."""

_TABLE: Final = "store_projectedticket"
_OF_COMPANY: Final = """
SELECT ticket FROM store_searchterm
WHERE event = %s AND term = %s AND ticket < %s ORDER BY ticket DESC LIMIT %s
"""


class TicketPage(NamedTuple):
    """One page of the list.

    Attributes:
        rows: What is shown.
        after: Where the next page begins, None if this is the last one.
        looked_at: Whether the page ended because so many rows were looked at, not because it is
            full; there may be more.
    """

    rows: list[ProjectedTicket]
    after: UUID | None
    looked_at: bool = False


class Count(NamedTuple):
    """How many there are; `more` if there are more than were counted."""

    number: int
    more: bool


class _Part(NamedTuple):
    """A part of a condition in SQL with its values."""

    sql: str
    values: tuple[int | str, ...] = ()


def tickets_page(
    rules: Rules, filters: Filters, *, by: Actor, after: UUID | None = None
) -> TicketPage:
    """Return a page of the tickets that fit.

    Args:
        rules: The bundle in force.
        filters: What is asked for.
        by: Who asks.
        after: The `after` of the page before.

    Raises:
        NotPermitted: They may not find tickets.
        QueryShortError: The text searched for is too short, and no code either.
        LedgerFault: The ledger could not be read.
    """
    by.require(Act.find_tickets)
    if filters.text:
        rows, more = find(rules, filters.text, events_in(rules, filters))
        fitting = [row for row in rows if fits(filters, row)]
        more = more or len(fitting) > limits.LIST_ROWS
        return TicketPage(fitting[: limits.LIST_ROWS], None, more)
    below = after.hex if after else _NEWEST
    if filters.company:
        return _of_company(rules, filters, below)
    return _walked(filters, below)


def count_of(filters: Filters) -> Count:
    """Return how many tickets fit, text and company aside.

    The sums beside the tickets tell it, at most `LIST_COUNT_MAX` rows of them, whatever the number
    of tickets.
    """
    wanted = {
        "event": filters.event or None,
        "product": filters.product or None,
        "session": filters.session or None,
        "status": None if filters.status is None else int(filters.status),
    }
    parts = [_Part(f"{name} = %s", (value,)) for name, value in wanted.items() if value is not None]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*), SUM(tickets), SUM(arrived_tickets) FROM "  # noqa: S608 - our own words
            f"(SELECT tickets, arrived_tickets FROM {TICKETS.table} "
            f"WHERE {_all(parts)} LIMIT %s) AS looked_at",
            [*(value for part in parts for value in part.values), limits.LIST_COUNT_MAX + 1],
        )
        rows, tickets, used = (int(one or 0) for one in cursor.fetchone())
    number = tickets if filters.used is None else used
    if filters.used is Used.no:
        number = tickets - used
    return Count(number, more=rows > limits.LIST_COUNT_MAX)


def events_in(rules: Rules, filters: Filters) -> list[int]:
    """Return the events a search looks into, the newest first and bounded."""
    if filters.event:
        return [filters.event]
    return sorted(rules.centre.events, reverse=True)[: limits.SEARCH_EVENTS_MAX]


def fits(filters: Filters, row: ProjectedTicket) -> bool:
    """Whether a ticket is one of those asked for, the text aside."""
    return (
        filters.event in (0, row.event)
        and filters.product in (0, row.product)
        and filters.session in (0, row.session)
        and (filters.status is None or row.status == filters.status)
        and (filters.used is None or (row.uses > 0) == (filters.used is Used.yes))
        and (not filters.company or fold(row.company) == fold(filters.company))
    )


def _walked(filters: Filters, below: str) -> TicketPage:
    """Walk down the index that narrows most, and take what fits the rest."""
    drive, rest = _parts(filters)
    size = limits.LIST_ROWS
    inner = (
        f"SELECT * FROM {_TABLE} WHERE {drive.sql} AND ticket < %s "  # noqa: S608 - our own words
        "ORDER BY ticket DESC LIMIT %s"
    )
    scan = limits.LIST_SCAN_MAX if rest else size + 1
    rows = list(
        ProjectedTicket.objects.raw(
            f"SELECT * FROM ({inner}) AS looked_at WHERE {_all(rest)} "  # noqa: S608 - our own words
            "ORDER BY ticket DESC LIMIT %s",
            [
                *(*drive.values, below, scan),
                *(value for part in rest for value in part.values),
                size + 1,
            ],
        )
    )
    if len(rows) > size:
        return TicketPage(rows[:size], rows[size - 1].ticket)
    return TicketPage(rows, _end_of_walk(drive, below) if rest else None, looked_at=bool(rest))


def _end_of_walk(drive: _Part, below: str) -> UUID | None:
    """Return the last id a walk has looked at, None if it came to the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT ticket FROM {_TABLE} "  # noqa: S608 - our own words
            f"WHERE {drive.sql} AND ticket < %s "
            "ORDER BY ticket DESC LIMIT 1 OFFSET %s",
            [*drive.values, below, limits.LIST_SCAN_MAX - 1],
        )
        found = cursor.fetchone()
    if found is None:
        return None
    return found[0] if isinstance(found[0], UUID) else UUID(found[0])


def _parts(filters: Filters) -> tuple[_Part, list[_Part]]:
    """Return the condition whose index is walked, and the others."""
    parts = []
    # The literal bounds are those of the partial indexes; without them no engine would use one.
    if filters.session:
        parts.append(_Part("session = %s AND session > 0", (filters.session,)))
    if filters.status is not None and filters.status != Status.valid:
        parts.append(_Part("status = %s AND status > 0", (int(filters.status),)))
    if filters.product:
        parts.append(_Part("product = %s", (filters.product,)))
    if filters.event:
        parts.append(_Part("event = %s", (filters.event,)))
    drive = parts[0] if parts else _Part("1 = 1")
    rest = parts[1:]
    if filters.status == Status.valid:
        rest.append(_Part("status = 0"))
    if filters.used is not None:
        rest.append(_Part("uses > 0" if filters.used is Used.yes else "uses = 0"))
    return drive, rest


def _all(parts: list[_Part]) -> str:
    return " AND ".join(part.sql for part in parts) or "1 = 1"


def _of_company(rules: Rules, filters: Filters, below: str) -> TicketPage:
    """Return the tickets of a company, by the terms they are found by."""
    term = START + fold(filters.company)[: limits.SEARCH_TERM_CHARS_MAX].encode()
    ids: list[bytes] = []
    with connection.cursor() as cursor:
        for event in events_in(rules, filters):
            cursor.execute(
                _OF_COMPANY, [event, term, bytes.fromhex(below), limits.LIST_COMPANY_SCAN_MAX]
            )
            ids += [bytes(ticket) for (ticket,) in cursor.fetchall()]
    looked_at = sorted(ids, reverse=True)[: limits.LIST_COMPANY_SCAN_MAX]
    size = limits.LIST_ROWS
    rows: list[ProjectedTicket] = []
    for start in range(0, len(looked_at), size + 1):
        some = [UUID(bytes=ticket) for ticket in looked_at[start : start + size + 1]]
        known = ProjectedTicket.objects.in_bulk(some)
        rows += [known[one] for one in some if one in known and fits(filters, known[one])]
        if len(rows) > size:
            return TicketPage(rows[:size], rows[size - 1].ticket)
    full = len(looked_at) == limits.LIST_COMPANY_SCAN_MAX
    return TicketPage(rows, UUID(bytes=looked_at[-1]) if full else None, looked_at=full)
