"""The ledger in a schema of a PostgreSQL server (15 or newer), by psycopg: set-based statements.

Any number of processes may write. Heads of segments are locked first and in order, then counters in
order; everything else about a ticket changes only under its segment's head, so what is read after
the lock holds until the COMMIT.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from paifang.ledger.engine import (
    Begun,
    EngineBroken,
    EngineConflict,
    EngineFull,
    Reached,
    ShownTickets,
)
from paifang.ledger.postgres_pipeline import Asked, Pipeline, Statement
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
    SESSION_COUNT,
    TABLES,
    TICKET,
    USE,
    ZONE_DAY,
    Table,
    create_statements,
    upgrade_statements,
)

TYPE_NAMES = {"i": "bigint", "t": 'text COLLATE "C"', "b": "bytea"}
_CASTS = {"i": "bigint[]", "t": "text[]", "b": "bytea[]"}
# Statements are prepared with the types of their arrays, and sent them in binary form.
SCHEMA = "ledger"
_LOCKED = {HEAD.name, ZONE_DAY.name, SESSION_COUNT.name}
_CREATED_ON_DEMAND = {ZONE_DAY.name, SESSION_COUNT.name}
# Any number will do, if it is always the same: only one process makes the tables.
_SCHEMA_LOCK = 0x7061_6966
_SCAN_ROWS = 2_000


def _unnest(table: Table, width: int) -> str:
    casts = ", ".join(
        f"${place}::{_CASTS[kind]}" for place, kind in enumerate(table.types[:width], start=1)
    )
    return f"unnest({casts})"


def select_of(table: Table, width: int, *, lock: bool) -> Statement:
    """Return the statement that reads rows by sets of the first `width` key columns."""
    names_read = ", ".join(f"x.{name}" for name in table.columns)
    names = table.key_columns[:width]
    order = ", ".join(f"x.{name}" for name in table.key_columns)
    tail = " FOR UPDATE OF x" if lock else ""
    if width == 1:
        sql = f"SELECT {names_read} FROM {table.name} x WHERE x.{names[0]} = ANY($1)"  # noqa: S608 - names from tables.py
    else:
        on = " AND ".join(f"x.{name} = k.{name}" for name in names)
        sql = (
            f"SELECT {names_read} FROM {table.name} x "  # noqa: S608 - names from tables.py
            f"JOIN {_unnest(table, width)} AS k ({', '.join(names)}) ON {on}"
        )
    return Statement(f"{sql} ORDER BY {order}{tail}", table.types[:width], table.row._make)


def insert_of(table: Table) -> Statement:
    """Return the statement that adds a set of rows."""
    return Statement(
        f"INSERT INTO {table.name} ({', '.join(table.columns)}) "  # noqa: S608 - names from tables.py
        f"SELECT * FROM {_unnest(table, len(table.columns))}",
        table.types,
    )


def upsert_of(table: Table) -> Statement:
    """Return the statement that adds a set of rows or replaces those with their keys."""
    changed = ", ".join(f"{name}=excluded.{name}" for name in table.columns[table.key :])
    key = ", ".join(table.key_columns)
    return insert_of(table).ending(f" ON CONFLICT ({key}) DO UPDATE SET {changed}")


SELECTS = {
    (t.name, w): select_of(t, w, lock=t.name in _LOCKED)
    for t in TABLES
    for w in range(1, t.key + 1)
}
READS = {(t.name, w): select_of(t, w, lock=False) for t in TABLES for w in range(1, t.key + 1)}
INSERTS = {t.name: insert_of(t) for t in TABLES}
UPSERTS = {t.name: upsert_of(t) for t in TABLES}
_MISSING = {name: INSERTS[name].ending(" ON CONFLICT DO NOTHING") for name in _CREATED_ON_DEMAND}
_REACH = Statement(
    "SELECT c.hash, c.ticket, t.home, u.segment FROM credential c "
    "JOIN ticket t ON t.id = c.ticket LEFT JOIN use u ON u.ticket = c.ticket "
    "WHERE c.hash = ANY($1) "
    "UNION SELECT t.id, t.id, t.home, u.segment FROM ticket t "
    "LEFT JOIN use u ON u.ticket = t.id WHERE t.id = ANY($2)",
    "bb",
)
_META = Statement("SELECT name, value FROM meta")
_SET_META = Statement(
    "INSERT INTO meta SELECT * FROM unnest($1::text[], $2::text[]) "
    "ON CONFLICT (name) DO UPDATE SET value=excluded.value",
    "tt",
)
_BEGIN = Statement("BEGIN ISOLATION LEVEL READ COMMITTED")
_COMMIT = Statement("COMMIT")


_PLANS = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off"
"""All that the writer asks is asked by key: each statement is planned once, not for each batch."""
_NOWHERE = Reached(frozenset(), frozenset(), frozenset())


def _reached(rows: Sequence[tuple[Any, ...]]) -> Reached:
    """Return the rows of `_REACH` as what they say."""
    return Reached(
        frozenset(row[1] for row in rows),
        frozenset(segment for row in rows for segment in row[2:] if segment is not None),
        frozenset(row[0] for row in rows),
    )


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turn PostgreSQL's errors into the engine's three; a bug stays what it is."""
    try:
        yield
    except errors.DiskFull as error:
        raise EngineFull(str(error)) from error
    except (
        errors.SerializationFailure,
        errors.DeadlockDetected,
        errors.LockNotAvailable,
        errors.UniqueViolation,
        errors.InvalidSqlStatementName,
    ) as error:
        # A row that another process added between our look and our write is a conflict like any
        # other: the batch is decided again, and then sees it.
        raise EngineConflict(str(error)) from error
    except (psycopg.OperationalError, psycopg.InterfaceError, errors.InternalError) as error:
        raise EngineBroken(str(error)) from error


def connect(url: str, *, read_only: bool = False) -> psycopg.Connection[tuple[Any, ...]]:
    """Open a connection that notices a dead server, with the ledger's schema as its search path."""
    known = conninfo_to_dict(url)
    # The operator's own options first: what the ledger relies on must not be overruled.
    options = f"{known.get('options') or ''} -c search_path={SCHEMA} -c client_min_messages=warning"
    if not read_only:
        options += f" -c synchronous_commit=on {_PLANS}"
    extra = {"connect_timeout": 5, "keepalives_idle": 10, "tcp_user_timeout": 10_000}
    settings = {name: value for name, value in extra.items() if name not in known}
    connection = psycopg.connect(make_conninfo(url, options=options, **settings), autocommit=True)
    connection.read_only = read_only
    return connection


def _columns_of(keys: Sequence[Any], width: int) -> Sequence[Sequence[Any]]:
    return (keys,) if width == 1 else tuple(zip(*keys, strict=True))


class PostgresEngine:
    """The writing connection of one process."""

    concurrent = True

    def __init__(self, url: str) -> None:
        """Connect, making the tables if they are not there. Raises EngineError."""
        self._url = url
        self._open()

    def _open(self) -> None:
        with engine_errors():
            self.connection = connect(self._url)
            self._cursor = self.connection.cursor(binary=True)
            self._pipeline = Pipeline(self.connection)
            self._together: list[Asked] | None = None
            try:
                self._create()
            except BaseException:
                self.close()
                raise

    def _create(self) -> None:
        """Make schema and tables, one process at a time."""
        with self.connection.transaction():
            self._cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
            self._cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            self._cursor.execute("SELECT to_regclass('meta') IS NOT NULL")
            if self._cursor.fetchall()[0][0]:
                self._cursor.execute("SELECT value FROM meta WHERE name='schema'")
                version = int(self._cursor.fetchall()[0][0])
                if version != SCHEMA_VERSION:
                    self._upgrade(version)
                return
            for statement in create_statements(TYPE_NAMES, ""):
                self._cursor.execute(statement.encode())
            self._cursor.execute("INSERT INTO meta VALUES ('schema', %s)", (str(SCHEMA_VERSION),))

    def _upgrade(self, version: int) -> None:
        """Bring an older ledger up to date within the transaction. Raises EngineBroken."""
        statements = upgrade_statements(version, TYPE_NAMES, "")
        if statements is None:
            msg = f"ledger schema {version} is newer than this program knows ({SCHEMA_VERSION})"
            raise EngineBroken(msg)
        for statement in statements:
            self._cursor.execute(statement.encode())
        self._cursor.execute("UPDATE meta SET value=%s WHERE name='schema'", (str(SCHEMA_VERSION),))

    def begin(self, hashes: Sequence[bytes] = (), tickets: Sequence[bytes] = ()) -> Begun:
        """Start a transaction; each statement sees what was committed before it.

        The first two looks go with it on one way there and back: at a gate alone with its server
        the ways are what its person waits for.
        """
        looks = [(_REACH, (hashes, tickets))] if hashes or tickets else []
        _, meta, *led = self._ask((_BEGIN, ()), (_META, ()), *looks)
        return Begun(dict(meta), _reached(led[0]) if led else _NOWHERE)

    def _ask(self, *asked: Asked) -> list[list[Any]]:
        with engine_errors():
            return self._pipeline.ask(*asked)

    def _tell(self, statement: Statement, values: Sequence[Sequence[Any]]) -> None:
        """Write now, or at the end of a block of `together`."""
        if self._together is None:
            self._ask((statement, values))
        else:
            self._together.append((statement, values))

    def get(self, table: Table, keys: Sequence[Any], *, width: int = 0) -> list[Any]:
        """Return the rows with these keys, heads and counters locked in key order."""
        if not keys:
            return []
        width = width or table.key
        asked = SELECTS[table.name, width], _columns_of(keys, width)
        (rows,) = self._ask(asked)
        if table.name in _CREATED_ON_DEMAND and len(rows) < len(keys):
            # Counters that do not exist cannot be locked, so they are made first.
            made = [table.row(*(key if width > 1 else (key,))) for key in keys]
            missing = _MISSING[table.name], _columns_of(made, len(table.columns))
            _, rows = self._ask(missing, asked)
        return rows

    def prefetch(self, wants: Sequence[tuple[Table, Sequence[Any], int]]) -> list[list[Any]]:
        """Send all the reads at once; the server works them off in order, locks first."""
        answered = iter(
            self._ask(
                *(
                    (SELECTS[table.name, width], _columns_of(keys, width))
                    for table, keys, width in wants
                    if keys
                )
            )
        )
        found = []
        for table, keys, width in wants:
            rows = next(answered) if keys else []
            if table.name in _CREATED_ON_DEMAND and len(rows) < len(keys):
                rows = self.get(table, keys, width=width)
            found.append(rows)
        return found

    def put(self, table: Table, rows: Sequence[Any]) -> None:
        """Write rows, replacing those with the same key."""
        self._tell(UPSERTS[table.name], _columns_of(rows, len(table.columns)))

    def add(self, table: Table, rows: Sequence[Any]) -> None:
        """Write rows whose keys must be new."""
        self._tell(INSERTS[table.name], _columns_of(rows, len(table.columns)))

    def shown(self, hashes: Sequence[bytes]) -> ShownTickets:
        """Return what these credentials lead to."""
        credentials = self.get(CREDENTIAL, hashes)
        keys = list({row.ticket: None for row in credentials})
        return ShownTickets(credentials, self.get(TICKET, keys), self.get(USE, keys, width=1))

    def reach(self, hashes: Sequence[bytes], tickets: Sequence[bytes]) -> Reached:
        """Return tickets and segments these lead to, and which of them lead somewhere."""
        (rows,) = self._ask((_REACH, (hashes, tickets)))
        return _reached(rows)

    def _query(self, table: Table, tail: str, values: Sequence[Any]) -> list[Any]:
        names = ", ".join(table.columns)
        with engine_errors():
            self._cursor.execute(f"SELECT {names} FROM {table.name} {tail}".encode(), values)  # noqa: S608 - names from tables.py
            return [table.row._make(row) for row in self._cursor.fetchall()]

    def credentials_of(self, ticket: bytes, kind: str) -> list[CredentialRow]:
        """Return a ticket's credentials of a kind."""
        return self._query(CREDENTIAL, "WHERE ticket=%s AND kind=%s ORDER BY hash", (ticket, kind))

    def enclosures_of(self, ticket: bytes) -> list[EnclosureRow]:
        """Return all enclosures about a ticket."""
        return self._query(ENCLOSURE, "WHERE ticket=%s ORDER BY segment, epoch, seq, n", (ticket,))

    def expired_holds(self, quota: str, now_ms: int, rows_max: int) -> list[Hold]:
        """Return holds of a quota whose time is over and that still count."""
        tail = "WHERE quota=%s AND state=0 AND until_ms<=%s ORDER BY until_ms, id LIMIT %s"
        return self._query(HOLD, tail, (quota, now_ms, rows_max))

    def find_quotas(self, segment: int) -> list[Quota]:
        """Return the quota counters of a segment."""
        return self._query(QUOTA, "WHERE segment=%s ORDER BY id", (segment,))

    def find_head(self, site: str, period: str) -> Head | None:
        """Return the head of a site's segment of a period, locked, or None."""
        found = self._query(HEAD, "WHERE site=%s AND period=%s FOR UPDATE", (site, period))
        return found[0] if found else None

    def find_segment(self, uuid: str) -> Head | None:
        """Return the head of a segment by its UUID, locked, or None."""
        found = self._query(HEAD, "WHERE uuid=%s FOR UPDATE", (uuid,))
        return found[0] if found else None

    def heads_count(self) -> int:
        """Return how many segments there are."""
        with engine_errors():
            self._cursor.execute("SELECT count(*) FROM head")
            return int(self._cursor.fetchall()[0][0])

    def meta(self) -> Mapping[str, str]:
        """Return the small settings of the ledger itself."""
        (rows,) = self._ask((_META, ()))
        return dict(rows)

    def set_meta(self, name: str, value: str) -> None:
        """Set one of them."""
        self._tell(_SET_META, ((name,), (value,)))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send the writes of a block at its end, all at once; then all are answered.

        Those told before a block fails are sent as well: a COMMIT among them is one.
        """
        told: list[Asked] = []
        self._together = told
        try:
            yield
        finally:
            self._together = None
            self._ask(*told)

    def commit(self) -> None:
        """Make the transaction durable (synchronous_commit is on)."""
        self._tell(_COMMIT, ())

    def rollback(self) -> None:
        """Undo the transaction; a connection that cannot even do this is opened anew later."""
        with suppress(psycopg.Error):
            self._cursor.execute("ROLLBACK")

    def scrub(self) -> bool:
        """Nothing to do: what was overwritten is the server's own matter (VACUUM, its WAL)."""
        return True

    def reopen(self) -> None:
        """Drop the connection and make a new one."""
        self.close()
        self._open()

    def close(self) -> None:
        """Close the connection."""
        with suppress(psycopg.Error):
            self.connection.close()


class PostgresReader:
    """A connection that only reads."""

    def __init__(self, url: str) -> None:
        """Connect. Raises EngineBroken."""
        with engine_errors():
            self.connection = connect(url, read_only=True)
            self._pipeline = Pipeline(self.connection)

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with engine_errors(), self.connection.cursor(binary=True) as cursor:
            cursor.execute(sql.encode(), values)
            return cursor.fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read one and the same state of everything until the end of the block."""
        self._all_done("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            self._all_done("ROLLBACK")

    def _all_done(self, sql: str) -> None:
        with engine_errors(), self.connection.cursor() as cursor:
            cursor.execute(sql.encode())

    def rows(self, table: Table, keys: Sequence[Any], *, width: int = 0) -> list[Any]:
        """Return rows by key."""
        if not keys:
            return []
        width = width or table.key
        with engine_errors():
            (rows,) = self._pipeline.ask((READS[table.name, width], _columns_of(keys, width)))
        return rows

    def scan(self, table: Table) -> Iterable[Any]:
        """Return every row of a table in key order, a page at a time."""
        key = ", ".join(table.key_columns)
        marks = ", ".join("%s" for _ in table.key_columns)
        start = f"SELECT {', '.join(table.columns)} FROM {table.name}"  # noqa: S608 - names from tables.py
        end = f"ORDER BY {key} LIMIT {_SCAN_ROWS}"
        # By key and not by a cursor on the server, so that scans may be read side by side.
        rows = self._all(f"{start} {end}")
        while rows:
            yield from map(table.row._make, rows)
            after = rows[-1][: table.key]
            rows = self._all(f"{start} WHERE ({key}) > ({marks}) {end}", after)

    def meta(self) -> Mapping[str, str]:
        """Return the small settings of the ledger itself."""
        return {str(name): str(value) for name, value in self._all(_META.sql)}

    def journal_after(self, cursors: Mapping[int, Cursor], rows_max: int) -> list[JournalRow]:
        """Return rows behind each segment's cursor, oldest first within a segment."""
        found: list[JournalRow] = []
        sql = (
            f"SELECT {', '.join(JOURNAL.columns)} FROM journal "  # noqa: S608 - names from tables.py
            "WHERE segment=%s AND (epoch, seq) > (%s, %s) ORDER BY epoch, seq LIMIT %s"
        )
        for segment, (epoch, seq) in sorted(cursors.items()):
            left = rows_max - len(found)
            if left <= 0:
                break
            found += map(JournalRow._make, self._all(sql, (segment, epoch, seq, left)))
        return found

    def last_of_epochs(self, segment: int) -> list[Cursor]:
        """Return the newest row of each epoch of a segment, the oldest epoch first."""
        rows = self._all(LAST_OF_EPOCHS.format("%s"), (segment,))
        return [(epoch, seq) for epoch, seq in rows]

    def cursors(self) -> dict[int, Cursor]:
        """Return the position of every segment's newest row."""
        rows = self._all("SELECT number, epoch, seq FROM head")
        return {number: (epoch, seq) for number, epoch, seq in rows}

    def segments(self) -> list[SegmentRow]:
        """Return all segments."""
        rows = self._all("SELECT number, uuid, site, period FROM head ORDER BY number")
        return [SegmentRow._make(row) for row in rows]

    def live_credentials(self, tickets: Sequence[bytes], kind: str) -> list[CredentialRow]:
        """Return the credentials of a kind that open these tickets now."""
        sql = (
            f"SELECT {', '.join(CREDENTIAL.columns)} FROM credential "  # noqa: S608 - names from tables.py
            "WHERE ticket = ANY(%s) AND kind=%s AND state=0"
        )
        return [CredentialRow._make(row) for row in self._all(sql, (list(tickets), kind))]

    def credentials(self, tickets: Sequence[bytes]) -> list[CredentialRow]:
        """Return all credentials of tickets, also those that opened them once."""
        sql = (
            f"SELECT {', '.join(CREDENTIAL.columns)} FROM credential "  # noqa: S608 - names from tables.py
            "WHERE ticket = ANY(%s) ORDER BY ticket, kind, hash"
        )
        return [CredentialRow._make(row) for row in self._all(sql, (list(tickets),))]

    def zone_days(self, keys: Sequence[tuple[str, int]]) -> list[ZoneDay]:
        """Return the counts of zones on days."""
        return self.rows(ZONE_DAY, keys)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
