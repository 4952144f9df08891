"""Finding tickets by name, company, phone tail, or a code typed in full; bounded by construction.

Names go through the index of terms: one short range per event, the best answers first. A code,
serial or document is found as a gate finds it, by its keyed hash; none stands in the store.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from paifang.core import limits
from paifang.core.rules import Rules, Terminal
from paifang.services.desk.context import context
from paifang.services.desk.search_terms import (
    fold,
    is_long_enough,
    phone_range,
    ranges_of,
)
from paifang.services.live.readings import CodeReader
from paifang.store.models import ProjectedTicket

RANGE: Final = """
SELECT term, ticket FROM store_searchterm
WHERE event = %s AND term >= %s AND term < %s ORDER BY term, ticket LIMIT %s
"""
_CANDIDATES: Final = """
SELECT ticket, event, holder, company FROM store_projectedticket WHERE ticket IN ({})
"""
_GENUINE: Final = "genuine"
_ROWS_AT_ONCE: Final = 64


class Found(NamedTuple):
    """A ticket that was found, and whether it is exactly what was asked for."""

    ticket: ProjectedTicket
    exact: bool


class QueryShortError(Exception):
    """The question is shorter than any that is worth asking."""


def events_of(rules: Rules, terminal: Terminal) -> frozenset[int]:
    """Return the numbers of the events whose tickets the gates of a terminal may know."""
    gates = rules.centre.gates
    return frozenset(
        event for slug in terminal.gates if slug in gates for event in rules.events_at(gates[slug])
    )


class Search:
    """Finds tickets with this node's keys."""

    def __init__(self, reader: CodeReader) -> None:
        """Take what reads codes."""
        self._reader = reader

    def find(
        self, rules: Rules, terminal: Terminal, asked: str, now_ms: int
    ) -> tuple[list[Found], bool]:
        """Return tickets for a question, the best first, and whether there may be more.

        Args:
            rules: The bundle in force.
            terminal: Only tickets of events known at its gates are found.
            asked: As typed, at most `SEARCH_CHARS_MAX` characters.
            now_ms: UTC milliseconds, for codes that change.

        Raises:
            QueryShortError: Too short, and no code either.
            LedgerFault: The ledger could not be read.
        """
        events = events_of(rules, terminal)
        by_code = self._by_code(rules, terminal, asked, now_ms)
        if by_code:
            rows = rows_of(by_code, events)
            return [Found(row, exact=True) for row in rows], False
        return by_words(asked, sorted(events))

    def _by_code(self, rules: Rules, terminal: Terminal, asked: str, now_ms: int) -> list[bytes]:
        """Return the ids of the tickets a code, serial or document opens, as typed."""
        lookups: dict[bytes, None] = {}
        named: dict[bytes, None] = {}
        for slug in terminal.gates:
            gate = rules.centre.gates.get(slug)
            if gate is not None:
                reading = self._reader.read(rules, gate, asked, "auto", now_ms)
                lookups.update(dict.fromkeys(reading.lookups))
                if reading.ticket and reading.verdict == _GENUINE:
                    named[reading.ticket] = None
        tickets = context().ledger.tickets_of(list(lookups)) if lookups else {}
        return list(dict.fromkeys([*named, *(tickets[one] for one in lookups if one in tickets)]))


def by_words(asked: str, events: Sequence[int]) -> tuple[list[Found], bool]:
    """Return tickets of events by name, company or phone tail, and whether there may be more.

    Raises:
        QueryShortError: Too short.
    """
    text, phone = fold(asked), phone_range(asked)
    if phone is None and not is_long_enough(text):
        raise QueryShortError
    count = limits.SEARCH_FOUND_MAX + 1
    # A short text that is exactly a name stands at the head of its range: no need to look further.
    in_order = phone is None and len(text) <= limits.SEARCH_TERM_CHARS_MAX
    most = count if in_order else limits.SEARCH_CANDIDATES_MAX
    found = _first(_matches(text, phone, events), count, most)
    shown = found[: limits.SEARCH_FOUND_MAX]
    ids = [UUID(one.ticket) for one in shown]
    rows = ProjectedTicket.objects.in_bulk(ids)
    told = [
        Found(rows[ticket], one.exact)
        for ticket, one in zip(ids, shown, strict=True)
        if ticket in rows
    ]
    return told, len(found) > limits.SEARCH_FOUND_MAX


class _Match(NamedTuple):
    """A ticket that fits, by the digits of its id, and whether it is exactly what was asked for."""

    ticket: str
    exact: bool


class _Candidate(NamedTuple):
    """What of a ticket is looked at to see if it fits: four times less than its row."""

    ticket: str
    event: int
    holder: str
    company: str


def _matches(
    text: str, phone: tuple[bytes, bytes] | None, events: Sequence[int]
) -> Iterator[_Match]:
    """Yield tickets by phone, by the whole text, and at last by all of its words in any order."""
    met: set[bytes] = set()
    if phone is not None:
        for row in _new_rows([phone], events, met):
            yield _Match(row.ticket, exact=False)
    if not is_long_enough(text):
        return
    for row in _new_rows(ranges_of(text), events, met):
        texts = fold(row.holder), fold(row.company)
        if any(text in one for one in texts):
            yield _Match(row.ticket, exact=text in texts)
    words = text.split()
    if len(words) > 1:
        for row in _new_rows(ranges_of(max(words, key=len)), events, met):
            begins = f" {fold(row.holder)} {fold(row.company)}"
            if all(f" {word}" in begins for word in words):
                yield _Match(row.ticket, exact=False)


def _new_rows(
    ranges: Iterable[tuple[bytes, bytes]], events: Sequence[int], met: set[bytes]
) -> Iterator[_Candidate]:
    """Yield tickets with terms in ranges that were not met before, the best range first."""
    for low, high in ranges:
        terms: list[tuple[bytes, bytes]] = []
        with connection.cursor() as cursor:
            for event in events:
                cursor.execute(RANGE, [event, low, high, limits.SEARCH_CANDIDATES_MAX])
                terms += [(bytes(term), bytes(ticket)) for term, ticket in cursor.fetchall()]
        fresh = [ticket for _, ticket in sorted(terms)[: limits.SEARCH_CANDIDATES_MAX]]
        fresh = [ticket for ticket in dict.fromkeys(fresh) if ticket not in met]
        met.update(fresh)
        for start in range(0, len(fresh), _ROWS_AT_ONCE):
            yield from _candidates(fresh[start : start + _ROWS_AT_ONCE], events)


def _candidates(tickets: list[bytes], events: Sequence[int]) -> list[_Candidate]:
    """Return what there is of tickets of some events, in the order of their ids given."""
    named = [ticket.hex() for ticket in tickets]
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES.format(", ".join(["%s"] * len(named))), named)
        found = [_Candidate(_hex(ticket), *rest) for ticket, *rest in cursor.fetchall()]
    known = {one.ticket: one for one in found if one.event in events}
    return [known[one] for one in named if one in known]


def _hex(ticket: UUID | str) -> str:
    return ticket.hex if isinstance(ticket, UUID) else ticket


def rows_of(tickets: list[bytes], events: frozenset[int]) -> list[ProjectedTicket]:
    """Return the rows of tickets of some events, in the order of their ids given."""
    named = [UUID(bytes=ticket) for ticket in tickets]
    rows = ProjectedTicket.objects.in_bulk(named)
    return [rows[one] for one in named if one in rows and rows[one].event in events]


def _first(found: Iterator[_Match], count: int, most: int) -> list[_Match]:
    """Return the first so many of most, those that are exactly what was asked for before others."""
    some = list(islice(found, most))
    return sorted(some, key=lambda one: not one.exact)[:count]
