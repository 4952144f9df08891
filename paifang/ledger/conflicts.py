"""What a host that was given up told too late: history, and conflicts where it weighs.

An act that a gate had kept, or asked again of the next host, is the same request, so it is no
conflict: it counts once, as the next host wrote it. Everything else is known from the old host
alone. If with it more people went in than a ticket allows, both events are named.
"""

from collections.abc import Iterator
from typing import NamedTuple

from paifang.core.entering import is_beyond
from paifang.core.rules import CentreRules
from paifang.core.tickets import Ticket, Use
from paifang.ledger import tables as t
from paifang.ledger.engine import Reader
from paifang.ledger.facts import AdmissionFact, fact_of
from paifang.ledger.recovered import original
from paifang.ledger.rows import JournalRow, LateRow, Request


class Event(NamedTuple):
    """One of two entries: its request, when (UTC ms), where, and on what ground."""

    request_id: str
    at_ms: int
    gate: str
    terminal: str
    basis: str


class LateConflict(NamedTuple):
    """More people went in by an entitlement than it allows, if the late entry was one.

    `against` is the last entry that counts; None if it is not known any more.
    """

    ticket: str
    n: int
    late: Event
    against: Event | None


def late_conflicts(reader: Reader, centre: CentreRules) -> Iterator[LateConflict]:
    """Yield the conflicts of late history, in its order."""
    for late in reader.scan(t.LATE):
        fact = fact_of(late.kind, late.payload)
        if not isinstance(fact, AdmissionFact) or fact.direction != "entry" or not fact.fresh:
            continue
        if late.request_id and reader.rows(t.REQUEST, [late.request_id]):
            continue
        conflict = _conflict(reader, centre, late, fact)
        if conflict is not None:
            yield conflict


def _conflict(
    reader: Reader, centre: CentreRules, late: LateRow, fact: AdmissionFact
) -> LateConflict | None:
    ticket = bytes.fromhex(fact.ticket)
    tickets: list[Ticket] = reader.rows(t.TICKET, [ticket])
    uses: list[Use] = [use for use in reader.rows(t.USE, [ticket], width=1) if use.n == fact.n]
    product = centre.products.get(fact.product)
    if not tickets or not uses or product is None:
        return None
    use, rule = uses[0], product.entitlements[fact.n]
    counted = use._replace(
        uses=use.uses + fact.fresh,
        day_uses=use.day_uses + (fact.fresh if use.day == fact.day else 0),
    )
    if not is_beyond(counted, rule, tickets[0].people, fact.gate):
        return None
    against = _event_of(reader, use.last_request)
    return LateConflict(fact.ticket, fact.n, _event(late.request_id, late.at_ms, fact), against)


def _event_of(reader: Reader, request_id: str) -> Event | None:
    requests: list[Request] = reader.rows(t.REQUEST, [request_id]) if request_id else []
    for request in requests:
        rows: list[JournalRow] = reader.rows(t.JOURNAL, [request[2:]])
        first = original(rows[0])
        fact = fact_of(first.kind, first.payload)
        assert isinstance(fact, AdmissionFact), "an entitlement is used by admissions alone"
        return _event(request_id, first.at_ms, fact)
    return None


def _event(request_id: str, at_ms: int, fact: AdmissionFact) -> Event:
    return Event(request_id, at_ms, fact.gate, fact.terminal, fact.basis)
