"""The desk's surroundings for tests: a real store and a real ledger, on SQLite and on PostgreSQL.

`store` is an empty store with all its tables; `desk` a context with store, ledger and keys. Both
run a test once on each engine; `sqlite_desk` is for what does not depend on it.
"""

import itertools
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import psycopg
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "paifang.runtime.django_settings")
django.setup()

from django.conf import settings  # noqa: E402 - after setup
from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from paifang.runtime.django_settings import postgresql_store, sqlite_store  # noqa: E402
from paifang.runtime.local_ledger import LocalLedger  # noqa: E402
from paifang.services.desk.context import DeskContext, install  # noqa: E402
from paifang.services.live import pins  # noqa: E402
from paifang.services.live.keys import Keys, Secrets  # noqa: E402
from tests.ledger.engines import NODE, postgres_server, url_of  # noqa: E402

_names = itertools.count(1)


class QuickHasher(PBKDF2PasswordHasher):
    """Keeps passwords as ever, in one round: a million was a quarter of what these tests cost.

    Servers that run as processes of their own have them all.
    """

    iterations = 1


settings.PASSWORD_HASHERS = [f"{QuickHasher.__module__}.{QuickHasher.__qualname__}"]


def make_keys() -> Keys:
    return Keys(Secrets(secrets.token_hex(32), secrets.token_hex(32), NODE))


@contextmanager
def store_at(database: dict[str, Any]) -> Iterator[None]:
    """Point Django at a database for a while."""
    before = connections.databases["default"]
    _point_at(connections.configure_settings({"default": database})["default"])
    try:
        yield
    finally:
        _point_at(before)


def _point_at(database: dict[str, Any]) -> None:
    connections["default"].close()
    del connections["default"]
    connections.databases["default"] = database


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite store with all tables, to be copied."""
    folder = tmp_path_factory.mktemp("store")
    with store_at(sqlite_store(str(folder))):
        call_command("migrate", verbosity=0)
    return folder / "store.db"


@pytest.fixture(scope="session")
def migrated_server() -> Iterator[str]:
    """A PostgreSQL server with a migrated template database; its URL."""
    with postgres_server() as server:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("CREATE DATABASE store_template")
        with store_at(postgresql_store(url_of(server, "store_template"))):
            call_command("migrate", verbosity=0)
        yield server


class Place:
    """Where a test's store and ledger are."""

    def __init__(self, folder: Path, ledger: str | Path) -> None:
        self.folder = folder
        self.ledger = ledger


@contextmanager
def sqlite_place(migrated: Path, folder: Path) -> Iterator[Place]:
    shutil.copy(migrated, folder / "store.db")
    with store_at(sqlite_store(str(folder))):
        yield Place(folder, folder / "ledger.db")


@contextmanager
def postgres_place(server: str, folder: Path) -> Iterator[Place]:
    name = f"store_{next(_names)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE store_template")
        url = url_of(server, name)
        with store_at(postgresql_store(url)):
            yield Place(folder, url)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def desk_at(place: Place) -> Iterator[DeskContext]:
    # Otherwise each ledger on SQLite would first write its reserve, 16 MiB.
    (place.folder / "reserve").touch()
    ledger = LocalLedger(place.ledger, place.folder, NODE)
    context = DeskContext(ledger, make_keys(), place.folder)
    install(context)
    try:
        # PINs, too, are hashed as ever and at little cost.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pins, "_COST_N", 2)
            yield context
    finally:
        install(None)
        ledger.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty store, on each engine."""
    if request.param == "sqlite":
        with sqlite_place(request.getfixturevalue("migrated_file"), tmp_path) as place:
            yield place
    else:
        with postgres_place(request.getfixturevalue("migrated_server"), tmp_path) as place:
            yield place


@pytest.fixture
def desk(store: Place) -> Iterator[DeskContext]:
    """Store, ledger and keys, on each engine."""
    with desk_at(store) as context:
        yield context


@pytest.fixture
def sqlite_desk(migrated_file: Path, tmp_path: Path) -> Iterator[DeskContext]:
    """Store, ledger and keys on SQLite."""
    with sqlite_place(migrated_file, tmp_path) as place, desk_at(place) as context:
        yield context
