"""Taking the ledger writer's lock, with words for whoever has to wait in vain."""

import time
from typing import Final

from paifang.core import limits
from paifang.ledger.lock import WriterLock
from paifang.runtime.data_directory import DataDirectory
from paifang.runtime.faults import StartError
from paifang.runtime.words import _

POLL_S: Final = 0.1


def take_lock(data: DataDirectory, wait_s: float = limits.WRITER_WAIT_S) -> WriterLock:
    """Return the lock once it is ours. Raises StartError if another process keeps it."""
    lock = WriterLock(data.lock)
    deadline = time.monotonic() + wait_s
    while not lock.acquire():
        if time.monotonic() > deadline:
            raise StartError(held_by(lock))
        time.sleep(POLL_S)
    return lock


def held_by(lock: WriterLock) -> str:
    """Return the words for a ledger that another process is writing to."""
    return _(
        "Another process ({process}) is writing to this ledger. Wait until it has finished, or "
        "stop it."
    ).format(process=lock.holder() or "?")
