"""A page of the journal written into the projected tables, many rows by one statement.

The search terms of tickets are kept alike with their rows. What a ticket is found by is a function
of its row, so the terms to take away and to add are those of the row before and after: nothing else
needs to be remembered, and nothing of a person stays.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from paifang.services.desk import projection_sql as sql
from paifang.services.desk.projected_page import ProjectedPage, Values
from paifang.services.desk.search_terms import terms_of

Term = tuple[int, bytes, bytes]
"""Event, term and the ticket's 16 bytes, as the table has them."""

ROWS_AT_ONCE: Final = 250
_KEYS: Final = {sql.ADMISSION: 3, sql.ADD_TERM: 3}
"""How many columns are a row's key, the first ones, where it is more than one."""
_ONE_ROW: Final = re.compile(r"VALUES (\([^)]*\))")


def write_page(cursor: CursorWrapper, page: ProjectedPage) -> None:
    """Write what a page of facts changes; the caller has begun the transaction."""
    with _terms_kept(cursor, sorted(page.told)):
        for statement, rows in page.statements():
            write_rows(cursor, statement, rows)


def write_rows(cursor: CursorWrapper, statement: str, rows: Sequence[Values]) -> None:
    """Carry out a statement of `projection_sql` for rows in their order."""
    head, one, rest = _ONE_ROW.split(statement)
    for some in _groups(rows, _KEYS.get(statement, 1)):
        many = f"{head}VALUES {', '.join([one] * len(some))}{rest}"
        cursor.execute(many, [value for row in some for value in row])


def _groups(rows: Sequence[Values], key: int) -> Iterator[list[Values]]:
    """Cut rows into groups in none of which two have the same key, their first columns.

    One statement can change a row once only.
    """
    some: list[Values] = []
    met: set[Values] = set()
    for row in rows:
        if row[:key] in met or len(some) == ROWS_AT_ONCE:
            yield some
            some, met = [], set()
        some.append(row)
        met.add(row[:key])
    if some:
        yield some


@contextmanager
def _terms_kept(cursor: CursorWrapper, tickets: list[str]) -> Iterator[None]:
    """Bring the terms of tickets, ids of 32 hex digits, up to date with what is written inside."""
    before = _terms(cursor, tickets)
    yield
    after = _terms(cursor, tickets)
    gone = sorted(before - after)
    if gone:
        cursor.executemany(sql.DROP_TERM, gone)
    fresh = sorted(after - before)
    if fresh and cursor.db.vendor == "postgresql":
        cursor.execute(
            sql.ADD_TERMS_POSTGRESQL, [list(column) for column in zip(*fresh, strict=True)]
        )
    else:
        write_rows(cursor, sql.ADD_TERM, fresh)


def _terms(cursor: CursorWrapper, tickets: list[str]) -> set[Term]:
    """Return the terms that the rows of tickets have as they stand."""
    found: set[Term] = set()
    for start in range(0, len(tickets), ROWS_AT_ONCE):
        some = tickets[start : start + ROWS_AT_ONCE]
        cursor.execute(sql.told_of(len(some)), some)
        for ticket, event, holder, company, phone in cursor.fetchall():
            key = ticket.bytes if isinstance(ticket, UUID) else bytes.fromhex(ticket)
            found.update([(event, term, key) for term in terms_of(holder, company, phone)])
    return found
