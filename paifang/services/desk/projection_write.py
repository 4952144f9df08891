"""A page of the journal written into the projected tables, many rows by one statement.

The search terms of tickets and the sums are kept alike with the rows. What a ticket is found by,
and what a row adds to sums, is a function of the row, so what to take away and to add is that of
the row before and after: nothing else needs to be remembered, and nothing of a person stays.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from paifang.services.desk import projection_sql as sql
from paifang.services.desk.postgres_columns import array_of, columns_of, unnested
from paifang.services.desk.projected_page import ProjectedPage, Values
from paifang.services.desk.search_terms import terms_of
from paifang.services.desk.tallies import (
    NOTHING,
    TALLIES,
    AdmissionRow,
    Aftermath,
    Changes,
    TicketRow,
    shares_of_admission,
    shares_of_ticket,
)

Term = tuple[int, bytes, bytes]
"""Event, term and the ticket's 16 bytes, as the table has them."""

KEYS_AT_ONCE: Final = 250
_KEYS: Final = {
    sql.ADMISSION: 3,
    sql.ADD_TERM: 3,
    sql.PUBLISHED: 2,
    sql.STORY: 5,
    sql.NODE: 2,
    **{sql.add_sums(tally): len(tally.key) for tally in TALLIES},
}
"""How many columns are a row's key, the first ones, where it is more than one."""


def write_page(cursor: CursorWrapper, page: ProjectedPage) -> None:
    """Write what a page of facts changes; the caller has begun the transaction."""
    with _derived_kept(cursor, page):
        for statement, rows in page.statements():
            write_rows(cursor, statement, rows)


def write_rows(cursor: CursorWrapper, statement: str, rows: Sequence[Values]) -> None:
    """Carry out a statement of `projection_sql` for rows in their order."""
    if cursor.db.vendor != "postgresql":
        cursor.executemany(statement, rows)
        return
    for some in _groups(rows, _KEYS.get(statement, 1)):
        cursor.execute(unnested(statement), columns_of(some))


def _groups(rows: Sequence[Values], key: int) -> Iterator[list[Values]]:
    """Cut rows into groups in none of which two have the same key, their first columns.

    One statement can change a row once only.
    """
    some: list[Values] = []
    met: set[Values] = set()
    for row in rows:
        if row[:key] in met:
            yield some
            some, met = [], set()
        some.append(row)
        met.add(row[:key])
    if some:
        yield some


@contextmanager
def _derived_kept(cursor: CursorWrapper, page: ProjectedPage) -> Iterator[None]:
    """Bring search terms and sums up to date with what is written inside."""
    tickets, reported = sorted(page.tickets()), sorted(page.reported())
    decided_now = [row.request_id for row in page.decided]
    tickets_before = _ticket_rows(cursor, tickets)
    after_before = _aftermaths(cursor, sorted({*reported, *decided_now}))
    earlier = _admission_rows(cursor, reported)
    yield
    tickets_now = _ticket_rows(cursor, tickets)
    after_now = after_before | _aftermaths(cursor, reported)
    _keep_terms(cursor, _terms(tickets_before, page.told), _terms(tickets_now, page.told))
    changes = Changes()
    for ticket in tickets_before:
        changes.take_away(shares_of_ticket(ticket))
    for ticket in tickets_now:
        changes.add(shares_of_ticket(ticket))
    for row in earlier:
        changes.take_away(shares_of_admission(row, after_before.get(row.request_id, NOTHING)))
    for row in (*earlier, *page.decided):
        changes.add(shares_of_admission(row, after_now.get(row.request_id, NOTHING)))
    _keep_sums(cursor, changes)


def _keep_terms(cursor: CursorWrapper, before: set[Term], after: set[Term]) -> None:
    gone = sorted(before - after)
    if gone:
        cursor.executemany(sql.DROP_TERM, gone)
    write_rows(cursor, sql.ADD_TERM, sorted(after - before))


def _keep_sums(cursor: CursorWrapper, changes: Changes) -> None:
    for tally in TALLIES:
        changed = changes.of(tally)
        write_rows(cursor, sql.add_sums(tally), [(*key, *sums) for key, sums in changed])
        fewer = [key for key, sums in changed if min(sums) < 0]
        if fewer:
            cursor.executemany(sql.drop_empty(tally), fewer)


def _terms(tickets: list[TicketRow], told: set[str]) -> set[Term]:
    """Return the terms by which those of the tickets are found that were told of."""
    return {
        (row.event, term, bytes.fromhex(row.ticket))
        for row in tickets
        if row.ticket in told
        for term in terms_of(row.holder, row.company, row.phone)
    }


def _ticket_rows(cursor: CursorWrapper, tickets: list[str]) -> list[TicketRow]:
    """Return the rows of tickets, ids of 32 hex digits, as they stand."""
    return [
        TicketRow(ticket.hex if isinstance(ticket, UUID) else ticket, *rest)
        for ticket, *rest in _rows(cursor, sql.TICKETS, "uuid", tickets)
    ]


def _admission_rows(cursor: CursorWrapper, requests: list[str]) -> list[AdmissionRow]:
    return [AdmissionRow(*row) for row in _rows(cursor, sql.ADMISSIONS, "text", requests)]


def _aftermaths(cursor: CursorWrapper, requests: list[str]) -> dict[str, Aftermath]:
    return {
        request: Aftermath(bool(annulled), off)
        for request, annulled, off in _rows(cursor, sql.AFTERMATHS, "text", requests)
    }


def _rows(
    cursor: CursorWrapper, query: str, key_type: str, keys: list[str]
) -> Iterator[tuple[Any, ...]]:
    """Return what a query finds for keys; `key_type` is what PostgreSQL calls the key's type."""
    if not keys:
        return
    if cursor.db.vendor == "postgresql":
        cursor.execute(query.format(f"SELECT unnest(%s::{key_type}[])"), [array_of(keys)])
        yield from cursor.fetchall()
        return
    for start in range(0, len(keys), KEYS_AT_ONCE):
        some = keys[start : start + KEYS_AT_ONCE]
        cursor.execute(query.format(", ".join(["%s"] * len(some))), some)
        yield from cursor.fetchall()
