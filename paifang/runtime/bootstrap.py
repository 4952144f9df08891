"""Who opens what: the ledger for desk and command line, Django, and the desk's context.

Django is set up here, after the settings are known; what imports its models is loaded by name
afterwards (`paifang.runtime.late`), as Django itself loads its applications.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import django
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from paifang.core import limits
from paifang.ledger.engine import EngineError
from paifang.ledger.lock import WriterLock
from paifang.runtime.data_directory import DataDirectory, open_data
from paifang.runtime.faults import StartError
from paifang.runtime.late import verb
from paifang.runtime.ledger_client import LedgerClient
from paifang.runtime.local_ledger import LocalLedger
from paifang.runtime.reach import reach_of
from paifang.runtime.settings import Settings, adopt
from paifang.runtime.words import _
from paifang.runtime.writer_lock import POLL_S, held_by
from paifang.services.desk.context import DeskContext, install

_MIGRATION_LOCK: Final = 7_243_190_002


def open_desk_ledger(
    settings: Settings, data: DataDirectory, node: str, wait_s: float = limits.WRITER_WAIT_S
) -> tuple[LocalLedger | LedgerClient, Callable[[], None]]:
    """Return the ledger for a process that is not the server, and what closes it.

    On PostgreSQL the process commits for itself. On SQLite it does so if no server is up, holding
    the writer's lock; otherwise it commits through the server's socket.

    Raises:
        StartError: Another process holds the lock and answers on no socket.
    """
    target = settings.ledger_target
    if settings.database:
        return open_local(settings, data, node, lambda: None)
    lock = WriterLock(data.lock)
    deadline = time.monotonic() + wait_s
    while True:
        if lock.acquire():
            return open_local(settings, data, node, lock.release)
        client = LedgerClient(lambda: data.socket("ledger"), target, node)
        if client.answers():
            return client, client.close
        client.close()
        if time.monotonic() > deadline:
            raise StartError(held_by(lock))
        time.sleep(POLL_S)


def open_local(
    settings: Settings, data: DataDirectory, node: str, release: Callable[[], None]
) -> tuple[LocalLedger, Callable[[], None]]:
    """Return a ledger this process commits to itself, and what closes it. Raises StartError."""
    try:
        ledger = LocalLedger(settings.ledger_target, data.path, node)
    except EngineError as error:
        release()
        raise StartError(_("The ledger cannot be opened: {error}").format(error=error)) from None

    def close() -> None:
        ledger.close()
        release()

    return ledger, close


def set_up_django(settings: Settings) -> None:
    """Make Django ready with these settings; harmless when it is already."""
    adopt(settings)
    django.setup()


def bring_store_up_to_date(data: DataDirectory) -> None:
    """Run the store's new migrations, one process at a time. Raises StartError."""
    with _turn(data.path / "migrate.lock"):
        try:
            executor = MigrationExecutor(connection)
            if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return
            _one_at_a_time()
            call_command("migrate", interactive=False, verbosity=0)
        except django.db.Error as error:
            raise StartError(
                _("The store cannot be opened: {error}").format(error=str(error).strip())
            ) from None


def _one_at_a_time() -> None:
    """On PostgreSQL let one machine migrate, for as long as this connection lives."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def desk_context(settings: Settings) -> Iterator[DeskContext]:
    """Open everything a command line run works with, and close it again.

    Raises:
        DataDirectoryError: The data directory cannot be used.
        StartError: The ledger or the store cannot be opened.
    """
    data = open_data(settings.data)
    secrets = data.secrets()
    set_up_django(settings)
    bring_store_up_to_date(data)
    ledger, close = open_desk_ledger(settings, data, secrets.node)
    reach = reach_of(settings, data)
    context = DeskContext(ledger=ledger, keys=data.keys(), data=data.path, reach=reach)
    install(context)
    try:
        verb("paifang.services.desk.adopted", "follow")()
        yield context
        verb("paifang.services.desk.sealing", "seal_now")()
        if isinstance(ledger, LocalLedger):
            # No server is up to carry what was just committed into the store.
            verb("paifang.services.desk.projector", "project_all")()
    finally:
        install(None)
        connections.close_all()
        close()
