"""What a database must do for the ledger, whichever it is, and the three ways it can fail.

An engine reads and writes rows inside one transaction and knows nothing of tickets: what a batch
means is decided above it, once for both.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from paifang.core.tickets import Ticket, Use
from paifang.ledger.rows import (
    CredentialRow,
    Cursor,
    EnclosureRow,
    Head,
    JournalRow,
    SegmentRow,
    ZoneDay,
)
from paifang.ledger.tables import Table


class EngineError(Exception):
    """The database could not do it; the transaction is gone."""


class EngineFull(EngineError):
    """No room on the disk. Nothing was committed."""


class EngineConflict(EngineError):
    """Another process got in between (serialisation, deadlock, lock). Try the batch again."""


class EngineBroken(EngineError):
    """The disk or the connection failed; whether a COMMIT went through is unknown."""


class Reached(NamedTuple):
    """Where credentials and tickets lead: tickets, segments, which of the keys lead anywhere."""

    tickets: frozenset[bytes]
    segments: frozenset[int]
    found: frozenset[bytes]


class Begun(NamedTuple):
    """What the first look of a transaction saw: the ledger's settings, and where keys lead."""

    meta: Mapping[str, str]
    led: Reached


class ShownTickets(NamedTuple):
    """Credentials with their tickets and all of those tickets' entitlements."""

    credentials: list[CredentialRow]
    tickets: list[Ticket]
    uses: list[Use]


class Engine(Protocol):
    """One connection that writes. All calls come from one thread."""

    concurrent: bool
    """Whether other processes write to the same ledger, so that heads must be locked first."""

    def begin(self, hashes: Sequence[bytes] = (), tickets: Sequence[bytes] = ()) -> Begun:
        """Start a transaction; return the settings, and `reach` of these keys if concurrent."""

    def get(self, table: Table, keys: Sequence[Any], *, width: int = 0) -> list[Any]:
        """Return the rows with these keys; missing ones are left out.

        A key is a tuple of the first `width` key columns (0: all of them), a bare value if it is
        one column. Rows of heads and counters are locked against other processes, in key order.
        """

    def prefetch(self, wants: Sequence[tuple[Table, Sequence[Any], int]]) -> list[list[Any]]:
        """Return `get` of several tables at once, in order."""

    def put(self, table: Table, rows: Sequence[Any]) -> None:
        """Write rows, replacing those with the same key."""

    def add(self, table: Table, rows: Sequence[Any]) -> None:
        """Write rows whose keys must be new."""

    def shown(self, hashes: Sequence[bytes]) -> ShownTickets:
        """Return what these credentials lead to, unlocked; missing ones are left out."""

    def reach(self, hashes: Sequence[bytes], tickets: Sequence[bytes]) -> Reached:
        """Return tickets and segments these credentials and tickets lead to, without locking."""

    def credentials_of(self, ticket: bytes, kind: str) -> list[Any]:
        """Return a ticket's credentials of a kind."""

    def enclosures_of(self, ticket: bytes) -> list[EnclosureRow]:
        """Return all enclosures about a ticket."""

    def expired_holds(self, quota: str, now_ms: int, rows_max: int) -> list[Any]:
        """Return holds of a quota whose time is over and that still count."""

    def find_quotas(self, segment: int) -> list[Any]:
        """Return the quota counters of a segment."""

    def find_head(self, site: str, period: str) -> Head | None:
        """Return the head of a site's segment of a period, locked, or None."""

    def find_segment(self, uuid: str) -> Head | None:
        """Return the head of a segment by its UUID, locked, or None."""

    def heads_count(self) -> int:
        """Return how many segments there are."""

    def meta(self) -> Mapping[str, str]:
        """Return the small settings of the ledger itself, bundle versions among them."""

    def set_meta(self, name: str, value: str) -> None:
        """Set one of them."""

    def together(self) -> AbstractContextManager[None]:
        """Carry out the writes of a block, its COMMIT among them, on one way there and back.

        Behind one that fails nothing is done. It is raised by a later one or at the block's end.
        """

    def commit(self) -> None:
        """Make the transaction durable; when this, or `together` around it, has ended, it is."""

    def rollback(self) -> None:
        """Undo the transaction; never fails."""

    def scrub(self) -> bool:
        """Let no file keep what was erased. Never waits; False if somebody still reads the past.

        Outside a transaction. Raises EngineError.
        """

    def reopen(self) -> None:
        """Drop the connection and make a new one after a failure. Raises EngineError."""

    def close(self) -> None:
        """Close the connection."""


class Reader(Protocol):
    """One connection that only reads, used by one thread at a time."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Read one and the same state of everything until the end of the block."""

    def rows(self, table: Table, keys: Sequence[Any], *, width: int = 0) -> list[Any]:
        """Return rows by key, like `Engine.get`, unlocked."""

    def scan(self, table: Table) -> Iterable[Any]:
        """Return every row of a table in key order, one by one."""

    def meta(self) -> Mapping[str, str]:
        """Return the small settings of the ledger itself."""

    def journal_after(self, cursors: Mapping[int, Cursor], rows_max: int) -> list[JournalRow]:
        """Return rows behind each segment's cursor, oldest first within a segment."""

    def last_of_epochs(self, segment: int) -> list[Cursor]:
        """Return the newest row of each epoch of a segment, the oldest epoch first."""

    def cursors(self) -> dict[int, Cursor]:
        """Return the position of every segment's newest row."""

    def segments(self) -> list[SegmentRow]:
        """Return all segments."""

    def live_credentials(self, tickets: Sequence[bytes], kind: str) -> list[CredentialRow]:
        """Return the credentials of a kind that open these tickets now."""

    def credentials(self, tickets: Sequence[bytes]) -> list[CredentialRow]:
        """Return all credentials of tickets, also those that opened them once."""

    def zone_days(self, keys: Sequence[tuple[str, int]]) -> list[ZoneDay]:
        """Return the counts of zones on days."""

    def close(self) -> None:
        """Close the connection."""
