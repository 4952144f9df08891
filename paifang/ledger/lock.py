"""The writer's lock: on SQLite whoever holds it is the one writer of a data directory."""

import fcntl
import os
from pathlib import Path


class WriterLock:
    """An flock on a file. The kernel lets it go when the process dies, however it dies."""

    def __init__(self, path: Path) -> None:
        """Name the lock file; it is made when the lock is taken and stays there."""
        self._path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free, and write our process id into the file for people to see."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        self._file = file
        return True

    def holder(self) -> str:
        """Return the process id the last holder wrote, or ""."""
        try:
            return self._path.read_text().strip()
        except FileNotFoundError:
            return ""

    def release(self) -> None:
        """Let the lock go; harmless if it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
