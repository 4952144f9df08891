"""Rows of one table within a batch: read once, changed in memory, written if changed."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from paifang.ledger import tables as t
from paifang.ledger.engine import Engine

Key = TypeVar("Key", str, bytes, int, tuple[str, int], tuple[str, str], tuple[bytes, str])
Row = TypeVar("Row")


class Cache(Generic[Key, Row]):
    """Rows of one table within a batch: read once, changed in memory, written if changed."""

    __slots__ = ("changed", "engine", "known", "table")

    def __init__(self, engine: Engine, table: t.Table) -> None:
        self.engine = engine
        self.table = table
        self.known: dict[Key, Row | None] = {}
        self.changed: set[Key] = set()

    def learn(self, keys: Sequence[Key], rows: list[Any]) -> None:
        """Take in rows read for keys; keys without a row are known to be missing."""
        known = self.known
        for key in keys:
            known[key] = None
        if self.table.key == 1:
            for row in rows:
                known[row[0]] = row
        else:
            for row in rows:
                known[row[: self.table.key]] = row

    def get(self, key: Key) -> Row | None:
        """Return a row, reading it if this batch has not yet."""
        try:
            return self.known[key]
        except KeyError:
            self.learn((key,), self.engine.get(self.table, (key,)))
            return self.known[key]

    def set(self, key: Key, row: Row) -> None:
        """Change a row."""
        self.known[key] = row
        self.changed.add(key)

    def flush(self) -> None:
        """Write what changed."""
        if self.changed:
            self.engine.put(self.table, [self.known[key] for key in sorted(self.changed)])
