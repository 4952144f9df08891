"""The statements by which facts reach the projected tables, alike on SQLite and PostgreSQL.

Each may be carried out for the facts of different segments in any order: sums are added, the newer
of two statements about a person or a status wins, and a fact about a ticket that has not arrived
yet makes its row.
"""

from typing import Final

from paifang.services.desk.tallies import TALLIES, Tally

_TICKET_COLUMNS: Final = """
INSERT INTO store_projectedticket
  (ticket, event, product, session, status, people, created_at_ms, valid_from_ms, valid_until_ms,
   status_at_ms, uses, exchanged, told_at_ms, holder, reference, company, email, phone)
"""
_TOLD_LAST: Final = ", ".join(
    f"{name} = CASE WHEN excluded.told_at_ms >= store_projectedticket.told_at_ms "
    f"THEN excluded.{name} ELSE store_projectedticket.{name} END"
    for name in ("told_at_ms", "holder", "reference", "company", "email", "phone")
)
ISSUE: Final = (
    _TICKET_COLUMNS
    + """
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 0, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (ticket) DO UPDATE SET
  event = excluded.event, product = excluded.product, session = excluded.session,
  people = excluded.people, created_at_ms = excluded.created_at_ms,
  valid_from_ms = excluded.valid_from_ms, valid_until_ms = excluded.valid_until_ms,
  status = CASE WHEN store_projectedticket.status_at_ms = 0
    THEN excluded.status ELSE store_projectedticket.status END,
"""
    + _TOLD_LAST
)
"""A ticket with its person, whose `told_at_ms` is 0 if nothing is told of one."""

_NEW_TICKET: Final = (
    _TICKET_COLUMNS
    + """
VALUES (%s, 0, 0, 0, %s, 1, 0, 0, 0, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (ticket) DO UPDATE SET
"""
)

USES: Final = _NEW_TICKET + "uses = store_projectedticket.uses + excluded.uses"
EXCHANGED: Final = _NEW_TICKET + "exchanged = excluded.exchanged"
STATUS: Final = (
    _NEW_TICKET
    + """
  status = CASE WHEN excluded.status_at_ms >= store_projectedticket.status_at_ms
    THEN excluded.status ELSE store_projectedticket.status END,
  status_at_ms = CASE WHEN excluded.status_at_ms >= store_projectedticket.status_at_ms
    THEN excluded.status_at_ms ELSE store_projectedticket.status_at_ms END
"""
)
PERSON: Final = (
    _NEW_TICKET
    + """
  told_at_ms = excluded.told_at_ms, holder = excluded.holder, reference = excluded.reference,
  company = excluded.company, email = excluded.email, phone = excluded.phone
WHERE excluded.told_at_ms >= store_projectedticket.told_at_ms
"""
)

ADMISSION: Final = """
INSERT INTO store_projectedadmission
  (segment, epoch, seq, at_ms, request_id, gate, zone, terminal, direction, decision, reason,
   basis, ticket, product, session, people, staff, reason_text, conflict)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (segment, epoch, seq) DO NOTHING
"""

STORY: Final = """
INSERT INTO store_ticketfact
  (ticket, at_ms, segment, epoch, seq, kind, actor, terminal, detail, request, reason_text)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
NODE: Final = """
INSERT INTO store_segmentnode (segment, epoch, node) VALUES (%s, %s, %s)
ON CONFLICT (segment, epoch) DO UPDATE SET node = excluded.node
"""

_AFTERMATH: Final = """
INSERT INTO store_projectedaftermath (request_id, passage, annulled, off) VALUES (%s, %s, %s, %s)
ON CONFLICT (request_id) DO UPDATE SET off = store_projectedaftermath.off + excluded.off,
"""
PASSAGE: Final = _AFTERMATH + "passage = excluded.passage"
ANNULLED: Final = _AFTERMATH + "annulled = excluded.annulled"

ORDER: Final = """
INSERT INTO store_projectedorder
  (order_id, number, event, channel, currency, state, total_minor, captured_minor, refunded_minor,
   tickets, placed_at_ms, until_ms, buyer, email, phone)
VALUES (%s, %s, %s, %s, %s, %s, %s, 0, 0, %s, %s, %s, %s, %s, %s)
ON CONFLICT (order_id) DO NOTHING
"""
ORDER_CHANGED: Final = """
INSERT INTO store_projectedorder
  (order_id, number, event, channel, currency, state, total_minor, captured_minor, refunded_minor,
   tickets, placed_at_ms, until_ms, buyer, email, phone)
VALUES (%s, '', 0, '', '', %s, 0, %s, %s, 0, 0, 0, '', '', '')
ON CONFLICT (order_id) DO UPDATE SET
  state = CASE WHEN excluded.state >= 0 THEN excluded.state ELSE store_projectedorder.state END,
  captured_minor = store_projectedorder.captured_minor + excluded.captured_minor,
  refunded_minor = store_projectedorder.refunded_minor + excluded.refunded_minor
"""
"""A state of -1 changes none. Orders stand in one segment, so they come before their changes."""
ORDER_FORGOTTEN: Final = """
INSERT INTO store_projectedorder
  (order_id, number, event, channel, currency, state, total_minor, captured_minor, refunded_minor,
   tickets, placed_at_ms, until_ms, buyer, email, phone)
VALUES (%s, '', 0, '', '', 0, 0, 0, 0, 0, 0, 0, '', '', '')
ON CONFLICT (order_id) DO UPDATE SET buyer = '', email = '', phone = ''
"""

PUBLISHED: Final = """
INSERT INTO store_projectedrules (layer, version, at_ms, actor) VALUES (%s, %s, %s, %s)
ON CONFLICT (layer, version) DO NOTHING
"""

POSITION: Final = """
INSERT INTO store_position (segment, epoch, seq, at_ms) VALUES (%s, %s, %s, %s)
ON CONFLICT (segment) DO UPDATE SET
  epoch = excluded.epoch, seq = excluded.seq, at_ms = excluded.at_ms
"""

TICKETS: Final = """
SELECT ticket, event, product, session, status, people, uses, created_at_ms, holder, company, phone
FROM store_projectedticket WHERE ticket IN ({})
"""
AFTERMATHS: Final = """
SELECT request_id, annulled, off FROM store_projectedaftermath WHERE request_id IN ({})
"""
ADMISSIONS: Final = """
SELECT request_id, at_ms, gate, zone, direction, decision, reason, basis, product, session, people,
  conflict
FROM store_projectedadmission WHERE request_id IN ({})
"""
"""With the keys that are asked for in the brackets."""


_ADD_SUMS: Final = """
INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {added}
"""
_DROP_EMPTY: Final = "DELETE FROM {table} WHERE {conditions}"
_EMPTY: Final = "DELETE FROM {table}"


def add_sums(tally: Tally) -> str:
    """Return the statement that adds to sums."""
    columns = (*tally.key, *tally.sums)
    return _ADD_SUMS.format(
        table=tally.table,
        columns=", ".join(columns),
        marks=_marks(len(columns)),
        key=", ".join(tally.key),
        added=", ".join(f"{name} = {tally.table}.{name} + excluded.{name}" for name in tally.sums),
    )


def drop_empty(tally: Tally) -> str:
    """Return the statement that removes a row of sums, by its key, if it counts nothing more."""
    conditions = [*(f"{name} = %s" for name in tally.key), *(f"{name} = 0" for name in tally.sums)]
    return _DROP_EMPTY.format(table=tally.table, conditions=" AND ".join(conditions))


def _marks(count: int) -> str:
    return ", ".join(["%s"] * count)


ADD_TERM: Final = """
INSERT INTO store_searchterm (event, term, ticket) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
"""
DROP_TERM: Final = "DELETE FROM store_searchterm WHERE event = %s AND term = %s AND ticket = %s"


EMPTY: Final = (
    *(_EMPTY.format(table=tally.table) for tally in TALLIES),
    "DELETE FROM store_projectedadmission",
    "DELETE FROM store_projectedaftermath",
    "DELETE FROM store_projectedorder",
    "DELETE FROM store_projectedticket",
    "DELETE FROM store_searchterm",
    "DELETE FROM store_ticketfact",
    "DELETE FROM store_segmentnode",
    "DELETE FROM store_projectedrules",
    "DELETE FROM store_position",
)
