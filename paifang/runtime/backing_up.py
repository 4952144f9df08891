"""`paifang backup`: everything of a node in one file, while its server runs.

The store is copied before the ledger, so that what the store knows of the journal is in the copy's
journal too; then the files, because a row never names a file that is not there yet. Both copies of
databases are made by SQLite's own backup, each by the library that alone may open its file.
"""

import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from paifang.ledger import freeze
from paifang.ledger.copying import copy_ledger
from paifang.ledger.engine import EngineError
from paifang.ledger.opening import open_reader
from paifang.runtime.backup_file import FORMAT, SUFFIX, Manifest, writing
from paifang.runtime.data_directory import DataDirectory, open_data
from paifang.runtime.faults import CommandError
from paifang.runtime.settings import Settings
from paifang.runtime.words import _
from paifang.services.live.files import write_file

KEEP_DAYS: Final = 30
LAST: Final = "last-backup.json"
DUMP: Final = "database.dump"
STORE: Final = "store.db"
LEDGER: Final = "ledger.db"
_DAY_MS: Final = 24 * 60 * 60 * 1000
_LEFT_OUT: Final = frozenset(
    {LAST, STORE, LEDGER, "reserve", "line.json", "ledger.socket", "desk.socket"}
)
"""Copied in another way, or of this machine and moment only."""
_LEFT_OUT_ENDS: Final = ("-wal", "-shm", "-journal", ".lock", ".sock", ".part", SUFFIX)
_STORE_PAGES: Final = 2_000

Progress = Callable[[int, int], None]


class Made(NamedTuple):
    """A backup that is whole: where, how large, and what it says of itself."""

    path: Path
    size: int
    manifest: Manifest


class LastBackup(msgspec.Struct, frozen=True):
    """The newest backup of a data directory: where it went, when, until when it is kept."""

    path: str
    made_ms: int
    expires_ms: int


def back_up(settings: Settings, target: Path, keep_days: int, progress: Progress) -> Made:
    """Write a backup of a data directory to a file, or to a new file in a directory.

    Args:
        settings: Which data.
        target: A file that is not there yet, or a directory.
        keep_days: After how many days it is to be destroyed.
        progress: Told how many bytes of about how many are written.

    Raises:
        CommandError: It cannot be made; nothing is left behind.
        DataDirectoryError: The data directory cannot be used.
    """
    data = open_data(settings.data, create=False)
    made_ms = time.time_ns() // 1_000_000
    path = _path(target, made_ms)
    try:
        with tempfile.TemporaryDirectory(prefix=".paifang-backup-", dir=path.parent) as folder:
            databases = _databases(settings, data, Path(folder))
            manifest = _write(path, data, databases, (made_ms, keep_days, settings), progress)
    except (OSError, sqlite3.Error, EngineError) as error:
        raise CommandError(
            _("The backup could not be made: {error}").format(
                error=getattr(error, "strerror", None) or error
            )
        ) from None
    last = LastBackup(str(path.resolve()), manifest.made_ms, manifest.expires_ms)
    write_file(data.path / LAST, msgspec.json.encode(last))
    return Made(path, path.stat().st_size, manifest)


def _path(target: Path, made_ms: int) -> Path:
    if target.is_dir():
        moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime(made_ms / 1000))
        target = target / f"paifang-{moment}{SUFFIX}"
    if target.exists():
        raise CommandError(_("{path} is there already.").format(path=target))
    if not target.parent.is_dir():
        raise CommandError(_("There is no directory {path}.").format(path=target.parent))
    return target


def _databases(settings: Settings, data: DataDirectory, folder: Path) -> dict[str, Path]:
    """Copy both databases to a folder; return the copies by their names."""
    if settings.database:
        return {DUMP: _dump(settings.database, folder / DUMP)}
    found = {}
    if (data.path / STORE).exists():
        found[STORE] = _copy_store(data.path / STORE, folder / STORE)
    if not (data.path / LEDGER).exists():
        raise CommandError(_("There is no ledger in {path}.").format(path=data.path))
    copy_ledger(data.path / LEDGER, folder / LEDGER, _unheard)
    return {**found, LEDGER: folder / LEDGER}


def _unheard(_done: int, _total: int) -> None:
    return


def _copy_store(source: Path, target: Path) -> Path:
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(target)) as copy,
    ):
        # An open read holds this moment: else each commit would start the copy anew.
        reading.isolation_level = None
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchall()
        reading.backup(copy, pages=_STORE_PAGES)
        copy.execute("PRAGMA journal_mode=DELETE").fetchall()
    return target


def program(name: str) -> str:
    """Return a program of PostgreSQL. Raises CommandError where it is missing."""
    found = shutil.which(name)
    if found is None:
        raise CommandError(
            _(
                "{name} is not installed here. Install PostgreSQL's client programs of the "
                "server's version, or back the database up at its server, and DATA beside it."
            ).format(name=name)
        )
    return found


def _dump(url: str, target: Path) -> Path:
    """Let PostgreSQL write both schemas as of one moment. Raises CommandError."""
    run_program(
        [program("pg_dump"), "--format=custom", "--no-owner", f"--file={target}", f"--dbname={url}"]
    )
    return target


def run_program(words: list[str]) -> None:
    """Run a program of PostgreSQL. Raises CommandError with what it says."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise CommandError(
            _("{program} failed: {error}").format(
                program=Path(words[0]).name, error=said[-1] if said else done.returncode
            )
        )


def _write(
    path: Path,
    data: DataDirectory,
    databases: dict[str, Path],
    said: tuple[int, int, Settings],
    progress: Progress,
) -> Manifest:
    made_ms, keep_days, settings = said
    files = {**databases, **dict(_files(data.path))}
    sizes = [file.stat().st_size for file in files.values() if file.exists()]
    total, done = sum(sizes), 0

    def tell(size: int) -> None:
        nonlocal done
        done += size
        progress(min(done, total), total)

    with writing(path) as archive:
        for name, file in files.items():
            try:
                source = file.open("rb")
            except FileNotFoundError:
                # A file that its own program has deleted meanwhile.
                continue
            with source:
                archive.add(name, source, tell)
        manifest = Manifest(
            format=FORMAT,
            made_ms=made_ms,
            expires_ms=made_ms + keep_days * _DAY_MS,
            version=version("paifang"),
            node=data.secrets().node,
            engine="postgresql" if settings.database else "sqlite",
            generation=_generation(databases.get(LEDGER), settings),
            files=tuple(archive.entries),
        )
        archive.close(manifest)
    return manifest


def _generation(copy: Path | None, settings: Settings) -> int:
    reader = open_reader(copy if copy is not None else settings.ledger_target)
    with closing(reader):
        return freeze.generation(reader.raw.meta())


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of a data directory that are not of this machine and moment only."""
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if hidden or name in _LEFT_OUT or name.endswith(_LEFT_OUT_ENDS):
            continue
        if file.is_file() and not file.is_symlink():
            yield name, file
