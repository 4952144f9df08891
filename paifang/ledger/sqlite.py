"""The ledger in one SQLite file, by apsw: WAL, synchronous=FULL, plain row statements.

Row statements in one transaction are as fast as set-based ones here and simpler. The file is opened
by no other SQLite library in any process: two libraries on one file lose its locks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from itertools import chain
from pathlib import Path
from typing import Any, Final, cast

import apsw

from paifang.core.tickets import Ticket, Use
from paifang.ledger.engine import (
    Begun,
    EngineBroken,
    EngineConflict,
    EngineFull,
    Reached,
    ShownTickets,
)
from paifang.ledger.rows import (
    CredentialRow,
    Cursor,
    EnclosureRow,
    Head,
    Hold,
    JournalRow,
    Quota,
    SegmentRow,
    ZoneDay,
)
from paifang.ledger.tables import (
    CREDENTIAL,
    ENCLOSURE,
    HEAD,
    HOLD,
    JOURNAL,
    LAST_OF_EPOCHS,
    QUOTA,
    SCHEMA_VERSION,
    TABLES,
    TICKET,
    USE,
    ZONE_DAY,
    Table,
    create_statements,
    upgrade_statements,
)

TYPE_NAMES = {"i": "INTEGER", "t": "TEXT", "b": "BLOB"}
BUSY_TIMEOUT_MS: Final = 5000
PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA cache_size=-24576",
)
"""What every writing connection runs with; tests that cut the power run with the same."""


def select_sql(table: Table, width: int) -> str:
    """Return the statement that reads rows by the first `width` key columns."""
    where = " AND ".join(f"{name}=?" for name in table.key_columns[:width])
    return f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE {where}"  # noqa: S608 - names from tables.py


def insert_sql(table: Table) -> str:
    """Return the statement that adds a row."""
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"  # noqa: S608 - names from tables.py


def upsert_sql(table: Table) -> str:
    """Return the statement that adds a row or replaces the one with its key."""
    changed = ", ".join(f"{name}=excluded.{name}" for name in table.columns[table.key :])
    key = ", ".join(table.key_columns)
    return f"{insert_sql(table)} ON CONFLICT ({key}) DO UPDATE SET {changed}"


def many_sql(statement: str, table: Table, rows: int) -> str:
    """Return an inserting statement for several rows at once."""
    marks = "(" + ", ".join("?" * len(table.columns)) + ")"
    return statement.replace(f"VALUES {marks}", "VALUES " + ", ".join([marks] * rows))


def select_many_sql(table: Table, keys: int) -> str:
    """Return the statement that reads rows by several values of the first key column."""
    marks = ", ".join("?" * keys)
    columns, key = ", ".join(table.columns), table.columns[0]
    return f"SELECT {columns} FROM {table.name} WHERE {key} IN ({marks})"  # noqa: S608 - names from tables.py


def shown_sql(keys: int) -> str:
    """Return the statement that follows credentials to their tickets and entitlements."""
    columns = [
        f"{alias}.{name}"
        for alias, table in (("c", CREDENTIAL), ("t", TICKET), ("u", USE))
        for name in table.columns
    ]
    return (
        f"SELECT {', '.join(columns)} FROM credential c"  # noqa: S608 - names from tables.py
        " JOIN ticket t ON t.id=c.ticket LEFT JOIN use u ON u.ticket=c.ticket"
        f" WHERE c.hash IN ({', '.join('?' * keys)}) ORDER BY c.ticket, u.n"
    )


TOGETHER = (64, 16, 4)
"""How many rows one statement reads or writes.

Each step of a statement gives up the interpreter's lock and has to win it back from the thread that
serves requests, so a row by itself costs more than its share of a statement for many.
"""
SELECTS = {(t.name, w): select_sql(t, w) for t in TABLES for w in range(1, t.key + 1)}
INSERTS = {t.name: insert_sql(t) for t in TABLES}
UPSERTS = {t.name: upsert_sql(t) for t in TABLES}
SHOWN_MANY = {n: shown_sql(n) for n in (*TOGETHER, 1)}
_TICKET_AT = len(CREDENTIAL.columns)
_USE_AT = _TICKET_AT + len(TICKET.columns)
SELECTS_MANY = {(t.name, n): select_many_sql(t, n) for t in TABLES for n in TOGETHER}
INSERTS_MANY = {(t.name, n): many_sql(INSERTS[t.name], t, n) for t in TABLES for n in TOGETHER}
UPSERTS_MANY = {(t.name, n): many_sql(UPSERTS[t.name], t, n) for t in TABLES for n in TOGETHER}


def _columns(table: Table) -> str:
    return ", ".join(table.columns)


_CONFLICTS = (apsw.BusyError, apsw.LockedError)
_BREAKAGES = (
    apsw.IOError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.CantOpenError,
    # A file system that went read-only after an error, or a file moved away under us.
    apsw.ReadOnlyError,
)


class _EngineErrors:
    """Turns SQLite's errors into the engine's three. A class, because a generator costs thrice."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing is kept, so one object serves all threads."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object
    ) -> None:
        """Raise what an error of SQLite means to the ledger; others pass."""
        if error is None:
            return
        if isinstance(error, apsw.FullError):
            raise EngineFull(str(error)) from error
        if isinstance(error, _CONFLICTS):
            raise EngineConflict(str(error)) from error
        if isinstance(error, _BREAKAGES):
            raise EngineBroken(str(error)) from error


_ERRORS = _EngineErrors()


def engine_errors() -> _EngineErrors:
    """Return the context in which SQLite's errors become the engine's."""
    return _ERRORS


class SqliteEngine:
    """The writing connection. `vfs` names another file system layer, for power cuts in tests."""

    concurrent = False

    def __init__(self, path: Path, *, vfs: str | None = None) -> None:
        """Open the file, making the tables if it is new. Raises EngineError."""
        self._path = path
        self._vfs = vfs
        self._open(apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)

    def _open(self, flags: int) -> None:
        with engine_errors():
            self.connection = apsw.Connection(str(self._path), flags=flags, vfs=self._vfs)
            self._cursor = self.connection.cursor()
            for pragma in PRAGMAS:
                self._cursor.execute(pragma).fetchall()
            version = self.connection.pragma("user_version")
            if version == 0:
                self._create()
            elif version != SCHEMA_VERSION:
                self._upgrade(version)

    def _create(self) -> None:
        self._cursor.execute("BEGIN IMMEDIATE")
        for statement in create_statements(TYPE_NAMES, " WITHOUT ROWID"):
            self._cursor.execute(statement)
        self._cursor.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        self._cursor.execute("COMMIT")

    def _upgrade(self, version: int) -> None:
        """Bring an older ledger up to date, all or nothing. Raises EngineBroken for a newer one."""
        statements = upgrade_statements(version, TYPE_NAMES, " WITHOUT ROWID")
        if statements is None:
            msg = f"ledger schema {version} is newer than this program knows ({SCHEMA_VERSION})"
            raise EngineBroken(msg)
        self._cursor.execute("BEGIN IMMEDIATE")
        for statement in statements:
            self._cursor.execute(statement)
        self._cursor.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        self._cursor.execute("COMMIT")

    def begin(self, hashes: Sequence[bytes] = (), tickets: Sequence[bytes] = ()) -> Begun:
        """Start a transaction that holds the write lock from its beginning."""
        with engine_errors():
            self._cursor.execute("BEGIN IMMEDIATE")
        return Begun(self.meta(), self.reach(hashes, tickets))

    def get(self, table: Table, keys: Sequence[Any], *, width: int = 0) -> list[Any]:
        """Return the rows with these keys; missing ones are left out."""
        width = width or table.key
        sql = SELECTS[table.name, width]
        execute, make = self._cursor.execute, table.row._make
        with engine_errors():
            if width > 1:
                return [make(row) for key in keys for row in execute(sql, key)]
            found: list[Any] = []
            start = 0
            for size in TOGETHER:
                while len(keys) - start >= size:
                    many = SELECTS_MANY[table.name, size]
                    found += map(make, execute(many, keys[start : start + size]))
                    start += size
            for key in keys[start:]:
                found += map(make, execute(sql, (key,)))
            return found

    def shown(self, hashes: Sequence[bytes]) -> ShownTickets:
        """Return the credentials with these hashes, their tickets and all their entitlements."""
        credentials: dict[bytes, CredentialRow] = {}
        tickets: dict[bytes, Ticket] = {}
        uses: dict[tuple[bytes, int], Use] = {}
        with engine_errors():
            for size in (*TOGETHER, 1):
                while len(hashes) >= size:
                    for row in self._cursor.execute(SHOWN_MANY[size], hashes[:size]):
                        credential = CredentialRow._make(row[:_TICKET_AT])
                        if credential.hash not in credentials:
                            credentials[credential.hash] = credential
                            ticket = Ticket._make(row[_TICKET_AT:_USE_AT])
                            tickets[ticket.id] = ticket
                        if row[_USE_AT] is not None:
                            use = Use._make(row[_USE_AT:])
                            uses[use.ticket, use.n] = use
                    hashes = hashes[size:]
        return ShownTickets(list(credentials.values()), list(tickets.values()), list(uses.values()))

    def prefetch(self, wants: Sequence[tuple[Table, Sequence[Any], int]]) -> list[list[Any]]:
        """Return `get` of several tables, in order."""
        return [self.get(table, keys, width=width) for table, keys, width in wants]

    def put(self, table: Table, rows: Sequence[Any]) -> None:
        """Write rows, replacing those with the same key."""
        self._write(UPSERTS[table.name], UPSERTS_MANY, table, rows)

    def add(self, table: Table, rows: Sequence[Any]) -> None:
        """Write rows whose keys must be new."""
        self._write(INSERTS[table.name], INSERTS_MANY, table, rows)

    def _write(
        self, one: str, many: Mapping[tuple[str, int], str], table: Table, rows: Sequence[Any]
    ) -> None:
        start = 0
        with engine_errors():
            for size in TOGETHER:
                while len(rows) - start >= size:
                    values = tuple(chain.from_iterable(rows[start : start + size]))
                    self._cursor.execute(many[table.name, size], values)
                    start += size
            if start < len(rows):
                self._cursor.executemany(one, rows[start:])

    def reach(self, hashes: Sequence[bytes], tickets: Sequence[bytes]) -> Reached:
        """Nothing has to be known beforehand: one lock covers the whole file."""
        return Reached(frozenset(tickets), frozenset(), frozenset((*hashes, *tickets)))

    def _query(self, table: Table, tail: str, values: Sequence[Any]) -> list[Any]:
        with engine_errors():
            sql = f"SELECT {_columns(table)} FROM {table.name} {tail}"  # noqa: S608 - names from tables.py
            return [table.row._make(row) for row in self._cursor.execute(sql, values)]

    def credentials_of(self, ticket: bytes, kind: str) -> list[CredentialRow]:
        """Return a ticket's credentials of a kind."""
        return self._query(CREDENTIAL, "WHERE ticket=? AND kind=? ORDER BY hash", (ticket, kind))

    def enclosures_of(self, ticket: bytes) -> list[EnclosureRow]:
        """Return all enclosures about a ticket."""
        return self._query(ENCLOSURE, "WHERE ticket=? ORDER BY segment, epoch, seq, n", (ticket,))

    def expired_holds(self, quota: str, now_ms: int, rows_max: int) -> list[Hold]:
        """Return holds of a quota whose time is over and that still count."""
        tail = "WHERE quota=? AND state=0 AND until_ms<=? ORDER BY until_ms, id LIMIT ?"
        return self._query(HOLD, tail, (quota, now_ms, rows_max))

    def find_quotas(self, segment: int) -> list[Quota]:
        """Return the quota counters of a segment."""
        return self._query(QUOTA, "WHERE segment=? ORDER BY id", (segment,))

    def find_head(self, site: str, period: str) -> Head | None:
        """Return the head of a site's segment of a period, or None."""
        found = self._query(HEAD, "WHERE site=? AND period=?", (site, period))
        return found[0] if found else None

    def find_segment(self, uuid: str) -> Head | None:
        """Return the head of a segment by its UUID, or None."""
        found = self._query(HEAD, "WHERE uuid=?", (uuid,))
        return found[0] if found else None

    def heads_count(self) -> int:
        """Return how many segments there are."""
        with engine_errors():
            (count,) = next(self._cursor.execute("SELECT count(*) FROM head"))
            return cast("int", count)

    def meta(self) -> Mapping[str, str]:
        """Return the small settings of the ledger itself."""
        with engine_errors():
            rows = self._cursor.execute("SELECT name, value FROM meta").fetchall()
            return dict(cast("list[tuple[str, str]]", rows))

    def set_meta(self, name: str, value: str) -> None:
        """Set one of them."""
        sql = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value=excluded.value"
        with engine_errors():
            self._cursor.execute(sql, (name, value))

    def together(self) -> AbstractContextManager[None]:
        """There is no way to be saved: the database is in this process."""
        return nullcontext()

    def commit(self) -> None:
        """Make the transaction durable."""
        with engine_errors():
            self._cursor.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction; a connection that cannot even do this is opened anew later."""
        with suppress(apsw.Error):
            if self.connection.in_transaction:
                self._cursor.execute("ROLLBACK")

    def scrub(self) -> bool:
        """Carry the write-ahead log into the file and cut it to nothing.

        Until then it holds pages as they were before. A reader of an older state is not waited for,
        because gates would wait with us.
        """
        with engine_errors():
            self.connection.set_busy_timeout(0)
            try:
                busy, _, _ = next(self._cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
            finally:
                self.connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            return not busy

    def reopen(self) -> None:
        """Drop the connection: after a failed flush nothing it holds in memory can be trusted."""
        self.close()
        # A file that is gone is a fault: an empty ledger in its place would know no ticket.
        self._open(apsw.SQLITE_OPEN_READWRITE)

    def close(self) -> None:
        """Close the connection."""
        with suppress(apsw.Error):
            self.connection.close()


class SqliteReader:
    """A connection that only reads, for reports, the stream and the projector."""

    def __init__(self, path: Path) -> None:
        """Open an existing ledger. Raises EngineBroken if there is none."""
        with engine_errors():
            self.connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
            for pragma in (PRAGMAS[0], "PRAGMA query_only=ON", "PRAGMA cache_size=-2048"):
                self.connection.execute(pragma).fetchall()

    def live_credentials(self, tickets: Sequence[bytes], kind: str) -> list[CredentialRow]:
        """Return the credentials of a kind that open these tickets now."""
        sql = (
            f"SELECT {_columns(CREDENTIAL)} FROM credential"  # noqa: S608 - names from tables.py
            " WHERE ticket=? AND kind=? AND state=0"
        )
        with engine_errors():
            return [
                CredentialRow(*row)
                for ticket in tickets
                for row in self.connection.execute(sql, (ticket, kind))
            ]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read one and the same state of everything until the end of the block."""
        with engine_errors():
            self.connection.execute("BEGIN")
            try:
                yield
            finally:
                self.connection.execute("ROLLBACK")

    def rows(self, table: Table, keys: Sequence[Any], *, width: int = 0) -> list[Any]:
        """Return rows by key."""
        width = width or table.key
        sql = SELECTS[table.name, width]
        with engine_errors():
            return [
                table.row._make(row)
                for key in keys
                for row in self.connection.execute(sql, (key,) if width == 1 else key)
            ]

    def scan(self, table: Table) -> Iterable[Any]:
        """Return every row of a table in key order, one by one."""
        order = ", ".join(table.key_columns)
        sql = f"SELECT {_columns(table)} FROM {table.name} ORDER BY {order}"  # noqa: S608 - names from tables.py
        with engine_errors():
            yield from map(table.row._make, self.connection.execute(sql))

    def meta(self) -> Mapping[str, str]:
        """Return the small settings of the ledger itself."""
        with engine_errors():
            rows = self.connection.execute("SELECT name, value FROM meta").fetchall()
            return dict(cast("list[tuple[str, str]]", rows))

    def journal_after(self, cursors: Mapping[int, Cursor], rows_max: int) -> list[JournalRow]:
        """Return rows behind each segment's cursor, oldest first within a segment."""
        found: list[JournalRow] = []
        sql = (
            f"SELECT {_columns(JOURNAL)} FROM journal WHERE segment=? AND (epoch, seq) > (?, ?)"  # noqa: S608 - names from tables.py
            " ORDER BY epoch, seq LIMIT ?"
        )
        with engine_errors():
            for segment, (epoch, seq) in sorted(cursors.items()):
                left = rows_max - len(found)
                if left <= 0:
                    break
                rows = self.connection.execute(sql, (segment, epoch, seq, left))
                found += map(JournalRow._make, rows)
        return found

    def last_of_epochs(self, segment: int) -> list[Cursor]:
        """Return the newest row of each epoch of a segment, the oldest epoch first."""
        with engine_errors():
            rows = self.connection.execute(LAST_OF_EPOCHS.format("?"), (segment,)).fetchall()
        return cast("list[Cursor]", rows)

    def cursors(self) -> dict[int, Cursor]:
        """Return the position of every segment's newest row."""
        with engine_errors():
            rows = self.connection.execute("SELECT number, epoch, seq FROM head").fetchall()
        heads = cast("list[tuple[int, int, int]]", rows)
        return {number: (epoch, seq) for number, epoch, seq in heads}

    def segments(self) -> list[SegmentRow]:
        """Return all segments."""
        sql = "SELECT number, uuid, site, period FROM head ORDER BY number"
        with engine_errors():
            return [SegmentRow._make(row) for row in self.connection.execute(sql)]

    def credentials(self, tickets: Sequence[bytes]) -> list[CredentialRow]:
        """Return all credentials of tickets, also those that opened them once."""
        sql = f"SELECT {_columns(CREDENTIAL)} FROM credential WHERE ticket=? ORDER BY kind, hash"  # noqa: S608 - names from tables.py
        with engine_errors():
            return [
                CredentialRow(*row)
                for ticket in tickets
                for row in self.connection.execute(sql, (ticket,))
            ]

    def zone_days(self, keys: Sequence[tuple[str, int]]) -> list[ZoneDay]:
        """Return the counts of zones on days."""
        return self.rows(ZONE_DAY, keys)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
