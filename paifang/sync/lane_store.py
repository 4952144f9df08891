"""The store of a gate in one SQLite file, flushed to the disk before anything is done."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import apsw

from paifang.ledger.sqlite import PRAGMAS
from paifang.sync.lane import StoreFault


class SqliteLaneStore:
    """What one gate keeps. `vfs` names another file system layer, for power cuts in tests."""

    def __init__(self, path: Path, *, vfs: str | None = None) -> None:
        """Open the file, making it if it is new. Raises StoreFault."""
        with _faults():
            self._connection = apsw.Connection(str(path), vfs=vfs)
            for pragma in PRAGMAS:
                self._connection.execute(pragma).fetchall()
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value BLOB NOT NULL)"
                " WITHOUT ROWID"
            )

    def load(self) -> Mapping[str, bytes]:
        """Return everything, in the order of the names."""
        with _faults():
            rows = self._connection.execute("SELECT name, value FROM kept ORDER BY name").fetchall()
        return dict(cast("list[tuple[str, bytes]]", rows))

    def save(self, changes: Mapping[str, bytes | None]) -> None:
        """Change what is kept; durable when this returns."""
        gone = [(name,) for name, value in changes.items() if value is None]
        put = [(name, value) for name, value in changes.items() if value is not None]
        with _faults():
            cursor = self._connection.cursor()
            try:
                cursor.execute("BEGIN IMMEDIATE")
                cursor.executemany("DELETE FROM kept WHERE name=?", gone)
                cursor.executemany(
                    "INSERT INTO kept VALUES (?, ?)"
                    " ON CONFLICT (name) DO UPDATE SET value=excluded.value",
                    put,
                )
                cursor.execute("COMMIT")
            except apsw.Error:
                with suppress(apsw.Error):
                    if self._connection.in_transaction:
                        cursor.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        with suppress(apsw.Error):
            self._connection.close()


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise StoreFault(str(error)) from error
