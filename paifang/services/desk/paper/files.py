"""The files of prints, in DATA/files/paper/. They name people and open gates: none stays long."""

import os
import shutil
from pathlib import Path
from uuid import UUID


def path_of(data: Path, print_id: UUID, number: int) -> Path:
    """Return where a file of a print is; numbers count from 1."""
    return _folder(data, print_id) / f"{number}.pdf"


def keep(data: Path, print_id: UUID, number: int, pdf: bytes) -> None:
    """Keep a file of a print, whole or not at all, readable by this program alone."""
    path = path_of(data, print_id, number)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pdf)
    unfinished.replace(path)


def remove(data: Path, print_id: UUID) -> None:
    """Delete all files of a print; none is as good."""
    shutil.rmtree(_folder(data, print_id), ignore_errors=True)


def _folder(data: Path, print_id: UUID) -> Path:
    return data / "files" / "paper" / print_id.hex
