"""The statements by which facts reach the projected tables, alike on SQLite and PostgreSQL.

Each may be carried out for the facts of different segments in any order: sums are added, the newer
of two statements about a person or a status wins, and a fact about a ticket that has not arrived
yet makes its row.
"""

from typing import Final

ISSUE: Final = """
INSERT INTO store_projectedticket
  (ticket, event, product, session, status, people, created_at_ms,
   status_at_ms, uses, exchanged, told_at_ms, holder, reference, company, email, phone)
VALUES (%s, %s, %s, %s, %s, %s, %s, 0, 0, %s, 0, '', '', '', '', '')
ON CONFLICT (ticket) DO UPDATE SET
  event = excluded.event, product = excluded.product, session = excluded.session,
  people = excluded.people, created_at_ms = excluded.created_at_ms,
  status = CASE WHEN store_projectedticket.status_at_ms = 0
    THEN excluded.status ELSE store_projectedticket.status END
"""

_NEW_TICKET: Final = """
INSERT INTO store_projectedticket
  (ticket, event, product, session, status, people, created_at_ms,
   status_at_ms, uses, exchanged, told_at_ms, holder, reference, company, email, phone)
VALUES (%s, 0, 0, 0, %s, 1, 0, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (ticket) DO UPDATE SET
"""

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
   basis, ticket, product, people, staff, reason_text, conflict)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (segment, epoch, seq) DO NOTHING
"""

_AFTERMATH: Final = """
INSERT INTO store_projectedaftermath (request_id, passage, annulled) VALUES (%s, %s, %s)
ON CONFLICT (request_id) DO UPDATE SET
"""
PASSAGE: Final = _AFTERMATH + "passage = excluded.passage"
ANNULLED: Final = _AFTERMATH + "annulled = excluded.annulled"

POSITION: Final = """
INSERT INTO store_position (segment, epoch, seq, at_ms) VALUES (%s, %s, %s, %s)
ON CONFLICT (segment) DO UPDATE SET
  epoch = excluded.epoch, seq = excluded.seq, at_ms = excluded.at_ms
"""

_TOLD: Final = """
SELECT ticket, event, holder, company, phone FROM store_projectedticket
WHERE ticket IN ({}) AND (holder <> '' OR company <> '' OR phone <> '')
"""


def told_of(tickets: int) -> str:
    """Return the query for what so many tickets are found by, as it stands in their rows."""
    return _TOLD.format(", ".join(["%s"] * tickets))


ADD_TERM: Final = """
INSERT INTO store_searchterm (event, term, ticket) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
"""
ADD_TERMS_POSTGRESQL: Final = """
INSERT INTO store_searchterm (event, term, ticket)
SELECT * FROM unnest(%s::integer[], %s::bytea[], %s::bytea[]) ON CONFLICT DO NOTHING
"""
"""The same for columns of values: the driver takes long to read a statement of many parameters."""
DROP_TERM: Final = "DELETE FROM store_searchterm WHERE event = %s AND term = %s AND ticket = %s"


EMPTY: Final = (
    "DELETE FROM store_projectedadmission",
    "DELETE FROM store_projectedaftermath",
    "DELETE FROM store_projectedticket",
    "DELETE FROM store_searchterm",
    "DELETE FROM store_position",
)
