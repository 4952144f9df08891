"""What a host that was given up told too late: history, and conflicts where it weighs.

An act that a gate had kept, or asked again of the next host, is the same request, so it is no
conflict: it counts once, as the next host wrote it. Everything else is known from the old host
alone. If with it more people went in than a ticket allows, both events are named.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from paifang.core.entering import is_beyond
from paifang.core.rules import CentreRules
from paifang.core.tickets import Ticket, Use
from paifang.ledger import tables as t
from paifang.ledger.engine import Reader
from paifang.ledger.facts import AdmissionFact, fact_of
from paifang.ledger.recovered import original
from paifang.ledger.rows import JournalRow, LateRow, Request
from paifang.ledger.work import OWN_SEGMENT

ROWS_AT_ONCE: Final = 1_000


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
    """Yield the conflicts of late history, in its order, and of what a spare went on without."""
    for late in reader.scan(t.LATE):
        # What was told already stands in the journal, and what was asked again counts.
        if not late.request_id or not reader.rows(t.REQUEST, [late.request_id]):
            yield from _conflicts(reader, centre, late)
    for row, uuid in _left_behind(reader):
        requests: list[Request] = reader.rows(t.REQUEST, [row.request_id])
        if [request[2:] for request in requests] == [row[:3]]:
            yield from _conflicts(reader, centre, LateRow(uuid, *row[1:8], row.at_ms))


def _left_behind(reader: Reader) -> Iterator[tuple[JournalRow, str]]:
    """Yield answers of lessees whose spares broke the glass and did not hear of them."""
    mine = {head.number: head for head in reader.scan(t.HEAD)}
    own = mine[OWN_SEGMENT].uuid
    lessees = {lease.epoch: lease.lessee.replace("-", "") for lease in reader.scan(t.LEASE)}
    for base in reader.scan(t.BASE):
        if not base.epoch % 2 or lessees.get(base.epoch) == own:
            continue
        place = (base.before, base.seq)
        while rows := reader.journal_after({base.segment: place}, ROWS_AT_ONCE):
            for row in rows:
                if row.epoch == base.before and row.request_id:
                    yield row, mine[base.segment].uuid
            place = rows[-1][1:3]
            if place[0] != base.before:
                break


def _conflicts(reader: Reader, centre: CentreRules, late: LateRow) -> Iterator[LateConflict]:
    fact = fact_of(late.kind, late.payload)
    if not isinstance(fact, AdmissionFact) or fact.direction != "entry" or not fact.fresh:
        return
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
