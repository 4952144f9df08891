"""A copy of a ledger in SQLite while it is written to, as it was at one moment."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import apsw

from paifang.ledger.sqlite import engine_errors

_PAGES: Final = 2_000

Progress = Callable[[int, int], None]


def copy_ledger(source: Path, target: Path, progress: Progress) -> None:
    """Copy a ledger's file by SQLite's own backup; its writer goes on meanwhile.

    Args:
        source: The ledger.
        target: A new file.
        progress: Told how many pages of how many are there.

    Raises:
        EngineError: It cannot be read, or the copy cannot be written.
    """
    with engine_errors():
        reading = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
        writing = apsw.Connection(
            str(target), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        )
        try:
            # An open read holds this moment: else each commit of the writer would start it anew.
            reading.execute("BEGIN").execute("SELECT count(*) FROM meta").fetchall()
            with writing.backup("main", reading, "main") as backup:
                while not backup.done:
                    backup.step(_PAGES)
                    progress(backup.page_count - backup.remaining, backup.page_count)
            writing.pragma("journal_mode", "DELETE")
        finally:
            writing.close()
            reading.close()


__all__ = ["copy_ledger"]
