"""Writing small files so that they are there whole or not at all, whatever is killed in between."""

import os
import secrets
from pathlib import Path


def keep_files_private() -> None:
    """Let what this process makes be for its owner only: ledger, store and uploads tell names."""
    os.umask(0o077)


def write_file(path: Path, body: bytes, *, mode: int = 0o600) -> None:
    """Write a file atomically and durably, replacing an older one. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def create_file(path: Path, body: bytes) -> bool:
    """Write a file (mode 0600) unless it is there; False if it was. Never leaves half of one."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    write_file(temporary, body)
    try:
        # Unlike a rename, a link fails where another process was first.
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(path.parent)
    return True


def sync_directory(path: Path) -> None:
    """Make new names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
