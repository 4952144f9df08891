"""What was erased from the store leaves its files too, as the ledger's writer does for its own.

SQLite keeps pages as they were before in its write-ahead log until that is carried over and cut. On
PostgreSQL old rows are the server's own matter.
"""

import time
from typing import Final

from django.db import connection

SCRUB_S: Final = 2.0
"""How long a reader of an older state is given to end; the next pass comes within the hour."""
_STEP_S: Final = 0.02


def scrub_store() -> bool:
    """Let no file of the store keep what was overwritten; outside a transaction.

    Returns:
        False if somebody read an older state all the time; what is erased then goes with the next
        pass.
    """
    if connection.vendor != "sqlite":
        return True
    until = time.monotonic() + SCRUB_S
    while not (done := _cut_log()) and time.monotonic() < until:
        time.sleep(_STEP_S)
    return done


def _cut_log() -> bool:
    """Carry the log over and cut it; False if somebody is in the way, who is not waited for.

    Waiting inside SQLite would hold up everybody who writes.
    """
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        (patience_ms,) = cursor.fetchone()
        cursor.execute("PRAGMA busy_timeout=0")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, _, _ = cursor.fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout={int(patience_ms)}")
    return not busy
