"""Searching all tickets of the desk, not only those a gate may know."""

from collections.abc import Sequence

from paifang.core.codes import recognise
from paifang.core.rules import Rules
from paifang.services.desk.context import context
from paifang.services.desk.search import by_words, rows_of
from paifang.store.models import ProjectedTicket


def find(rules: Rules, asked: str, events: Sequence[int]) -> tuple[list[ProjectedTicket], bool]:
    """Return the tickets of some events for a question, the best first, and whether there is more.

    A code, serial or document in full finds what it opens; anything else the names, companies and
    phone numbers that fit.

    Raises:
        QueryShortError: Too short, and no code either.
        LedgerFault: The ledger could not be read.
    """
    exact = _by_code(rules, asked, events)
    if exact:
        return exact, False
    found, more = by_words(asked, events)
    return [one.ticket for one in found], more


def _by_code(rules: Rules, asked: str, events: Sequence[int]) -> list[ProjectedTicket]:
    readings = recognise(asked)
    keys = context().keys
    lookups = [
        keys.lookup(rules.centre.events[event], reading.kind.value, reading.value)
        for reading in readings
        if reading.body is None
        for event in events
        if event in rules.centre.events
    ]
    opened = context().ledger.tickets_of(lookups) if lookups else {}
    tickets = [opened[one] for one in lookups if one in opened]
    return rows_of(list(dict.fromkeys(tickets)), frozenset(events)) if tickets else []
