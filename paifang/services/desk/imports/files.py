"""The uploaded lists themselves: DATA/files/imports/ID, for the owner's eyes only, not for long."""

import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.utils.timezone import now

from paifang.core import limits
from paifang.services.desk.attendees import FileError
from paifang.services.desk.context import context
from paifang.store.models import Import, ImportRow, ImportStage

_OPEN = (ImportStage.mapping, ImportStage.checked, ImportStage.done)


def path_of(import_id: UUID) -> Path:
    """Return where the file of an import lies, or lay."""
    return context().data / "files" / "imports" / import_id.hex


def keep_file(import_id: UUID, chunks: Iterable[bytes]) -> int:
    """Write an upload to its place as it comes in, never whole in memory; return its bytes.

    Raises:
        FileError: It is too large; nothing is left of it.
    """
    path = path_of(import_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    size = 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                size += len(chunk)
                check_size(size)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        drop_file(import_id)
        raise
    return size


def check_size(size: int) -> None:
    """Raise FileError if an upload of this size is too large."""
    if size > limits.IMPORT_UPLOAD_BYTES_MAX:
        raise FileError("too_large", size=size, limit=limits.IMPORT_UPLOAD_BYTES_MAX)


def drop_file(import_id: UUID) -> None:
    """Delete the file of an import; harmless if it is gone."""
    path_of(import_id).unlink(missing_ok=True)


def drop_old() -> None:
    """Delete what nobody went on with, rejected rows, and files that belong to nothing."""
    before = now() - timedelta(days=limits.IMPORT_KEEP_DAYS)
    for one in Import.objects.filter(stage__in=_OPEN, changed_at__lt=before)[:1_000]:
        drop_file(one.pk)
        ImportRow.objects.filter(of=one).delete()
        if one.stage != ImportStage.done:
            Import.objects.filter(pk=one.pk, stage=one.stage).update(stage=ImportStage.discarded)
    folder = context().data / "files" / "imports"
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.stat().st_mtime < before.timestamp() and not _is_worked_on(path.name):
            path.unlink(missing_ok=True)


def _is_worked_on(name: str) -> bool:
    try:
        import_id = UUID(hex=name)
    except ValueError:
        return False
    working = (ImportStage.checking, ImportStage.importing)
    return Import.objects.filter(pk=import_id, stage__in=working).exists()
