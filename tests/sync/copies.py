"""A ledger copied and put back, on either engine: what a restored backup is to the ledger."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import psycopg

from paifang.core.rules import Rules
from paifang.ledger.commands import Command
from paifang.ledger.opening import is_postgres
from paifang.ledger.postgres import SCHEMA
from paifang.ledger.restore_commands import Restore
from paifang.ledger.sqlite import SqliteEngine
from paifang.ledger.tables import LEASE, TABLES
from tests.ledger.venue import Venue

Copy = tuple[dict[str, list[Any]], Mapping[str, str]]


def copied(ledger: Venue) -> Copy:
    """Return everything a ledger holds."""
    with closing(ledger.reader()) as reader:
        return {table.name: list(reader.raw.scan(table)) for table in TABLES}, reader.raw.meta()


def put_back(ledger: Venue, copy: Copy) -> None:
    """Let a ledger hold what it held once, behind its back."""
    names = [table.name for table in TABLES] + ["meta"]
    if is_postgres(ledger.target):
        with psycopg.connect(str(ledger.target), autocommit=True) as connection:
            for name in names:
                connection.execute(f"DELETE FROM {SCHEMA}.{name}".encode())
    else:
        assert isinstance(ledger.engine, SqliteEngine)
        for name in names:
            ledger.engine.connection.execute(f"DELETE FROM {name}")
    rows, meta = copy
    ledger.engine.begin()
    for table in TABLES:
        if rows[table.name]:
            ledger.engine.add(table, rows[table.name])
    for name, value in meta.items():
        ledger.engine.set_meta(name, value)
    ledger.engine.commit()
    ledger.rules = Rules()


def restore(ledger: Venue, copy: Copy, **more: Any) -> None:
    """Put a ledger back and say so, as `paifang restore` does."""
    put_back(ledger, copy)
    ledger.do(restored(ledger, **more))


def restored(ledger: Venue, **more: Any) -> Command:
    """Return the command that says so."""
    leases = tuple(lease.id for lease in ledger.rows(LEASE))
    return Restore(actor="wang", leases=leases, **more)
