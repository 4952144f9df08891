"""Opening a ledger, whichever engine it lives in, and reading from it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from paifang.core.ids import ID_BYTES
from paifang.core.quota import Quota
from paifang.core.rules import Rules
from paifang.core.tickets import Ticket
from paifang.ledger import tables as t
from paifang.ledger.bundle import current_rules
from paifang.ledger.engine import Engine, EngineConflict, Reader
from paifang.ledger.journal import first_hash
from paifang.ledger.postgres import PostgresEngine, PostgresReader
from paifang.ledger.records import LoadedTicket, base_records, loaded_ticket
from paifang.ledger.rows import (
    BundleRow,
    Cursor,
    Head,
    JournalRow,
    Lease,
    PeerState,
    SegmentRow,
    ZoneCount,
    ZoneDay,
)
from paifang.ledger.sqlite import SqliteEngine, SqliteReader
from paifang.ledger.work import OWN_SEGMENT

Target = str | Path
"""A file, or a `postgresql://…` URL."""


def is_postgres(target: Target) -> bool:
    """Whether a target names a PostgreSQL server."""
    return isinstance(target, str) and target.startswith(("postgresql://", "postgres://"))


def open_engine(target: Target, node: str) -> Engine:
    """Open the writing connection, making tables and the node's own segment if they are missing.

    `node` is the node's name; it names its own segment. Raises EngineError.
    """
    engine: Engine
    engine = PostgresEngine(str(target)) if is_postgres(target) else SqliteEngine(Path(target))
    make_own_segment(engine, node)
    return engine


def make_own_segment(engine: Engine, node: str) -> None:
    """Make sure the node's own segment is there; harmless when two processes do it at once."""
    engine.begin()
    if not engine.get(t.HEAD, (OWN_SEGMENT,)):
        uuid = node.replace("-", "")
        try:
            # Added, never replaced: the other process may have written behind it already.
            engine.add(t.HEAD, (Head(OWN_SEGMENT, uuid, "", "", hash=first_hash(uuid)),))
        except EngineConflict:
            engine.rollback()
            return
    engine.commit()


class LedgerReader:
    """What desk, stream and reports read of a ledger, on a connection of its own."""

    def __init__(self, reader: Reader) -> None:
        """Take an open reading connection; it is used by one thread at a time."""
        self.raw = reader
        self._rules = Rules()

    def rules(self) -> Rules:
        """Return the rules bundle in force."""

        def read(layer: str, version: int) -> BundleRow:
            found: BundleRow = self.raw.rows(t.BUNDLE, ((layer, version),))[0]
            return found

        self._rules = current_rules(self._rules, self.raw.meta(), read)
        return self._rules

    def occupancy(self, now_ms: int) -> list[ZoneCount]:
        """Return today's count of every zone of every site, zeros included."""
        centre = self.rules().centre
        keys = [
            (zone.slug, centre.sites[zone.site].day_at(now_ms)) for zone in centre.zones.values()
        ]
        found = {(row.zone, row.day): row for row in self.raw.zone_days(keys)}
        return [ZoneCount(*found.get(key, ZoneDay(*key))) for key in keys]

    def journal_after(self, cursors: Mapping[int, Cursor], rows_max: int) -> list[JournalRow]:
        """Return rows behind each segment's cursor; a segment not named starts at its beginning."""
        complete = {number: cursors.get(number, (0, 0)) for number in self.raw.cursors()}
        return self.raw.journal_after(complete, rows_max)

    def cursors(self) -> dict[int, Cursor]:
        """Return the position of every segment's newest row."""
        return self.raw.cursors()

    def segments(self) -> list[SegmentRow]:
        """Return all segments."""
        return self.raw.segments()

    def bundles(self, layer: str, versions: Sequence[int]) -> list[BundleRow]:
        """Return these versions of a layer of the rules bundle, those that exist."""
        return sorted(self.raw.rows(t.BUNDLE, [(layer, version) for version in versions]))

    def enclosures(self, rows: Sequence[tuple[int, int, int]]) -> list[list[tuple[str, bytes]]]:
        """Return (kind, body) of each row's enclosures that were not erased."""
        bodies: dict[tuple[int, int, int], list[tuple[str, bytes]]] = {key: [] for key in rows}
        for row in sorted(self.raw.rows(t.ENCLOSURE, list(bodies), width=3)):
            if row.salt:
                bodies[row[:3]].append((row.kind, row.body))
        return [bodies[key] for key in rows]

    def tickets_of(self, lookups: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the ticket that each of these hashes opens, or opened once."""
        return {row.hash: row.ticket for row in self.raw.rows(t.CREDENTIAL, list(lookups))}

    def tickets(self, ids: Sequence[bytes]) -> dict[bytes, Ticket]:
        """Return tickets by their ids; those that are not there are left out."""
        return {row.id: row for row in self.raw.rows(t.TICKET, list(ids))}

    def used(self, ids: Sequence[bytes]) -> frozenset[bytes]:
        """Return those of these tickets by which somebody entered, or that were exchanged."""
        uses = self.raw.rows(t.USE, list(ids), width=1)
        exchanged = {row.id for row in self.raw.rows(t.TICKET, list(ids)) if row.exchanged}
        return frozenset(exchanged | {row.ticket for row in uses if row.uses})

    def quotas(self, names: Sequence[str]) -> dict[str, Quota]:
        """Return quota counters by their names; those that are not there are left out."""
        return {row.id: row for row in self.raw.rows(t.QUOTA, list(names))}

    def sealed(self, tickets: Sequence[bytes], kind: str) -> dict[bytes, bytes]:
        """Return the sealed value of a credential of a kind for each ticket that has one."""
        rows = self.raw.live_credentials(tickets, kind)
        return {row.ticket: row.sealed for row in rows if row.sealed}

    def loaded(self, rows: Sequence[int]) -> dict[int, list[LoadedTicket]]:
        """Return the tickets a lessee took in with rows of its own journal, by the rows' numbers.

        Each as it was then: what happened to it since is told by other rows.
        """
        given = {
            row.seq: [row.tickets[n : n + ID_BYTES] for n in range(0, len(row.tickets), ID_BYTES)]
            for row in self.raw.rows(t.LOADED, list(rows))
        }
        ids = list({key: None for keys in given.values() for key in keys})
        tickets = self.tickets(ids)
        before = base_records(self.raw.rows(t.BASE_TICKET, ids))
        return {
            seq: [loaded_ticket(tickets[key], before.get(key)) for key in keys]
            for seq, keys in given.items()
        }

    def leases(self) -> list[Lease]:
        """Return all leases this node gave or took, the oldest first."""
        return list(self.raw.scan(t.LEASE))

    def peers(self) -> dict[str, PeerState]:
        """Return what other nodes last told of themselves, by node."""
        return {row.node: row for row in self.raw.scan(t.PEER)}

    def close(self) -> None:
        """Close the connection."""
        self.raw.close()


def open_reader(target: Target) -> LedgerReader:
    """Open a reading connection to an existing ledger. Raises EngineError."""
    reader: Reader
    reader = PostgresReader(str(target)) if is_postgres(target) else SqliteReader(Path(target))
    return LedgerReader(reader)
