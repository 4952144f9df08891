"""A ledger tampered with: rows changed behind its back, and facts that never were right.

Forged facts are written with a proper chain, as a writer with a bug would.
"""

from typing import Any

from paifang.core.rules import Rules
from paifang.ledger import tables as t
from paifang.ledger.commands import Command, Enclosure
from paifang.ledger.facts import AdmissionFact, AnnulFact, Fact, PassageFact
from paifang.ledger.findings import Finding, Report
from paifang.ledger.verify import verify
from paifang.ledger.work import Work
from tests.ledger.engines import NODE
from tests.ledger.venue import Venue, key
from tests.ledger.world import PARK


def checked(venue: Venue) -> Report:
    """Return what `verify` says of a venue's ledger."""
    reader = venue.reader()
    try:
        return verify(reader.raw)
    finally:
        reader.close()


def codes(venue: Venue) -> set[str]:
    """Return the codes of what `verify` finds."""
    return {finding.code for finding in checked(venue).findings}


def found(venue: Venue, code: str) -> Finding:
    """Return the first finding of a code."""
    return next(finding for finding in checked(venue).findings if finding.code == code)


def put(venue: Venue, table: t.Table, *rows: Any) -> None:
    """Write rows behind the ledger's back."""
    venue.engine.begin()
    venue.engine.put(table, rows)
    venue.engine.commit()


def change(venue: Venue, table: t.Table, keys: tuple[Any, ...], **changed: Any) -> None:
    """Change columns of a row behind the ledger's back."""
    put(venue, table, venue.row(table, *keys)._replace(**changed))


def remove(venue: Venue, table: t.Table, *keys: Any) -> None:
    """Delete a row (without keys: all rows) of an SQLite ledger."""
    connection: Any = vars(venue.engine)["connection"]
    where = " AND ".join(f"{name}=?" for name in table.key_columns[: len(keys)])
    connection.execute(f"DELETE FROM {table.name} WHERE {where or 'true'}", keys)


def forge(
    venue: Venue,
    fact: Fact,
    segment: int = 0,
    request_id: str = "",
    enclosures: tuple[Enclosure, ...] = (),
) -> None:
    """Append a fact to the journal, whatever it says, and nothing else."""
    venue.engine.begin()
    work = Work(venue.engine, Rules(), NODE, venue.clock.now_ms())
    command = Command(request_id=request_id)
    work.write(segment or venue.home, fact, command, enclosures=enclosures)
    work.flush()
    venue.engine.commit()


def versions(venue: Venue) -> tuple[int, int]:
    """Return the versions of the rules in force."""
    return venue.rules.centre.version, venue.rules.node.version


def admission(venue: Venue, code: str, **more: Any) -> AdmissionFact:
    """Return the fact of an entry of one person by the north gate; `more` changes it."""
    ticket = venue.row(t.TICKET, key("ticket " + code))
    told: dict[str, Any] = {
        "rules": versions(venue),
        "terminal": "t1",
        "gate": "north",
        "zone": "hall",
        "reason": "ok",
        "ticket": ticket.id.hex(),
        "product": ticket.product,
        "session": ticket.session,
        "people": 1,
        "fresh": 1,
        "day": PARK.day_at(venue.clock.now_ms()),
    }
    return AdmissionFact(**{**told, **more})


def passage(venue: Venue, code: str, name: str, **more: Any) -> PassageFact:
    """Return the fact of a report about an admission."""
    told: dict[str, Any] = {
        "rules": versions(venue),
        "admission": name,
        "terminal": "t1",
        "passage": 1,
        "ticket": key("ticket " + code).hex(),
        "zone": "hall",
        "day": PARK.day_at(venue.clock.now_ms()),
    }
    return PassageFact(**{**told, **more})


def annulment(venue: Venue, code: str, name: str, **more: Any) -> AnnulFact:
    """Return the fact of an admission of one person taken back."""
    told: dict[str, Any] = {
        "rules": versions(venue),
        "admission": name,
        "terminal": "t1",
        "ticket": key("ticket " + code).hex(),
        "n": 0,
        "zone": "hall",
        "day": PARK.day_at(venue.clock.now_ms()),
        "fresh": 1,
        "off": 1,
    }
    return AnnulFact(**{**told, **more})
