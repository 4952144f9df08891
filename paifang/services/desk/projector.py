"""The projector: brings the store up to date from the journal, page by page.

The rows of a page and the position behind them are written in one transaction of the store, so a
page is taken in once however often it is read, and a killed projector goes on where it stood.
Several may run at a time; a lock makes them take turns.
"""

import logging
import threading
import time
from collections.abc import Iterable
from typing import Final

from django.db import Error, close_old_connections, connection, transaction
from django.db.backends.utils import CursorWrapper

from paifang.core import limits
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault
from paifang.services.desk import projection_sql as sql
from paifang.services.desk.context import context
from paifang.services.desk.jobs import ask_for
from paifang.services.desk.projected_page import ProjectedPage, person_in
from paifang.services.desk.projection_write import write_page, write_rows
from paifang.services.desk.selling.numbers import FULFIL
from paifang.services.live.ports import Cursor, JournalRow

log = logging.getLogger(__name__)

IDLE_S: Final = 0.5
PAUSE_SHARE: Final = 1.0
"""How long to rest after a page, in times of what the page took: the gates come first."""
FAILED_S: Final = 2.0
WAIT_STEP_S: Final = 0.02
_ADVISORY_LOCK: Final = 7_243_190_001
_TELLING: Final = frozenset({"issue", "order"})
_LOAD: Final = "load"
OWN_SEGMENT: Final = 1


def project_page() -> int:
    """Take in the next page of the journal.

    Returns:
        How many rows were new; 0 when the store is up to date.

    Raises:
        LedgerFault: The ledger could not be read.
        django.db.Error: The store could not be written.
    """
    ledger = context().ledger
    rows = ledger.journal_after(positions(), limits.PROJECT_ROWS_MAX)
    if not rows:
        return 0
    # A person rides on issues and orders; everything else in the journal is free of particulars.
    telling = [row for row in rows if row.kind in _TELLING and row.digest]
    bodies = ledger.enclosures([row[:3] for row in telling]) if telling else []
    persons = {
        row[:3]: person_in(enclosures) for row, enclosures in zip(telling, bodies, strict=True)
    }
    loads = [row.seq for row in rows if row.kind == _LOAD and row.segment == OWN_SEGMENT]
    loaded = ledger.loaded(loads) if loads else {}
    with transaction.atomic(), connection.cursor() as cursor:
        _take_turn(cursor)
        taken = _unseen(rows, positions())
        page = ProjectedPage()
        for row in taken:
            page.take(row, persons.get(row[:3]))
            if row.segment == OWN_SEGMENT and row.seq in loaded:
                page.loaded(row, loaded[row.seq])
        write_page(cursor, page)
        for order in page.fulfil:
            # In the same transaction: an order that is paid here has its tickets coming.
            ask_for(FULFIL, order, {"order": order})
        if taken:
            ends = {row.segment: (row.segment, row.epoch, row.seq, row.at_ms) for row in taken}
            write_rows(cursor, sql.POSITION, list(ends.values()))
    return len(rows)


def positions() -> dict[int, Cursor]:
    """Return how far each segment has been projected."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT segment, epoch, seq FROM store_position")
        return {segment: (epoch, seq) for segment, epoch, seq in cursor.fetchall()}


def project_all() -> int:
    """Take in pages until the store is up to date, without rest; return how many rows."""
    total = 0
    while count := project_page():
        total += count
    return total


def rebuild() -> int:
    """Empty the projected tables and fill them from the journal's beginning; return the rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        _take_turn(cursor)
        for statement in sql.EMPTY:
            cursor.execute(statement)
    return project_all()


def wait_until(answers: Iterable[Answer], timeout_s: float) -> bool:
    """Wait until what was just committed can be read in the store.

    Returns:
        False if the time was over first; the page then says that it will appear soon.
    """
    awaited: dict[int, Cursor] = {}
    for answer in answers:
        if answer.seq:
            place = (answer.epoch, answer.seq)
            awaited[answer.segment] = max(place, awaited.get(answer.segment, place))
    until = time.monotonic() + timeout_s
    while True:
        _wake.set()
        reached = positions()
        if all(reached.get(segment, (0, 0)) >= place for segment, place in awaited.items()):
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(WAIT_STEP_S)


_wake = threading.Event()


def start_projector(stop: threading.Event) -> threading.Thread:
    """Start the desk's projector in a thread of its own; it ends soon after `stop` is set."""
    thread = threading.Thread(target=_run, args=(stop,), name="projector", daemon=True)
    thread.start()
    return thread


def _run(stop: threading.Event) -> None:
    """Take in page after page, resting in between, until told to stop."""
    try:
        while not stop.is_set():
            started = time.monotonic()
            try:
                close_old_connections()
                count = project_page()
            except (LedgerFault, Error) as fault:
                # Both come back by themselves: a server that restarts, a store that is locked.
                log.warning("the projector could not go on: %s", type(fault).__name__)
                stop.wait(FAILED_S)
                continue
            except Exception:
                # A bug met by one page must be seen, and must not end the thread without a word.
                log.exception("the projector met a bug")
                stop.wait(FAILED_S)
                continue
            if count:
                stop.wait((time.monotonic() - started) * PAUSE_SHARE)
            else:
                _wake.wait(IDLE_S)
            _wake.clear()
    finally:
        connection.close()


def _take_turn(cursor: CursorWrapper) -> None:
    """Keep other projectors out until the transaction ends; SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])


def _unseen(rows: list[JournalRow], reached: dict[int, Cursor]) -> list[JournalRow]:
    """Return the rows that no other projector has taken in since they were read."""
    return [row for row in rows if (row.epoch, row.seq) > reached.get(row.segment, (0, 0))]
