"""`paifang restore`: a backup brought back into an empty place, and said so to its ledger."""

import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg

from paifang.runtime.backing_up import DUMP, program, run_program
from paifang.runtime.backup_file import Manifest, check, extract, reading
from paifang.runtime.faults import CommandError
from paifang.runtime.late import desk_context, verb
from paifang.runtime.settings import Settings
from paifang.runtime.words import _
from paifang.services.live.files import sync_directory, write_file

VERBS: Final = "paifang.runtime.desk_verbs.restoring"
LAYOUT: Final = "layout"
BOOTS: Final = "boots"
BOOTS_MORE: Final = 1_000
"""How many starts a restored host counts as: more than there can have been since the backup."""
_MARK: Final = ".restored"
_TABLES: Final = (
    b"SELECT count(*) FROM information_schema.tables"
    b" WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
)

Progress = Callable[[int, int], None]


class BroughtBack(NamedTuple):
    """A backup that was restored: what it said of itself, and how its ledger stands now."""

    manifest: Manifest
    state: dict[str, Any]


def bring_back(
    settings: Settings, backup: Path, progress: Progress, *, expired: bool = False
) -> BroughtBack:
    """Restore a backup into an empty place, and begin a new restore generation.

    Args:
        settings: Where to: a data directory that is missing or empty, and an empty database if
            the backup is of one on PostgreSQL.
        backup: The file.
        progress: Told how many bytes of how many were compared.
        expired: Whether one that should be destroyed by now is taken all the same.

    Raises:
        CommandError: The backup is not whole, or the place not empty; nothing was touched then.
    """
    with reading(backup) as (archive, manifest):
        _check_fits(settings, manifest, expired=expired)
        check(archive, manifest, progress)
        _check_empty(settings)
        _write(settings, archive, manifest)
    mark = backup.with_name(f"{backup.name}{_MARK}")
    with desk_context(settings):
        why = f"{backup.name}, {_moment(manifest.made_ms)}"
        state: dict[str, Any] = verb(VERBS, "restored")(_marked(mark) + 1, why)
    with suppress(OSError):
        # Beside the backup, which does not know how often it was brought back; it may be read-only.
        write_file(mark, f"{state['generation']}\n".encode())
    return BroughtBack(manifest, state)


def _moment(at_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at_ms / 1000))


def _marked(mark: Path) -> int:
    try:
        return int(mark.read_text())
    except (OSError, ValueError):
        return 0


def _check_fits(settings: Settings, manifest: Manifest, *, expired: bool) -> None:
    if manifest.expires_ms <= time.time_ns() // 1_000_000 and not expired:
        raise CommandError(
            _(
                "This backup was to be destroyed by {moment}: it may hold people who asked to be "
                "forgotten since. Use --expired to restore it all the same."
            ).format(moment=_moment(manifest.expires_ms))
        )
    if (manifest.engine == "postgresql") != bool(settings.database):
        raise CommandError(
            _("The backup is of a database on PostgreSQL: name an empty one by --database.")
            if manifest.engine == "postgresql"
            else _("The backup is of SQLite: restore it without --database.")
        )


def _check_empty(settings: Settings) -> None:
    path = settings.data
    if path.exists() and (not path.is_dir() or _content(path)):
        raise CommandError(
            _("{path} is not empty. A backup is restored into an empty place only.").format(
                path=path
            )
        )
    if settings.database:
        program("pg_restore")
        try:
            with psycopg.connect(settings.database) as connection:
                row = connection.execute(_TABLES).fetchone()
        except psycopg.Error as error:
            raise CommandError(
                _("The database cannot be opened: {error}").format(error=str(error).strip())
            ) from None
        if row is None or row[0]:
            raise CommandError(
                _("The database is not empty. A backup is restored into an empty place only.")
            )


def _content(path: Path) -> list[Path]:
    return [entry for entry in path.iterdir() if entry.name != "lost+found"]


def _write(settings: Settings, archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Write everything; the layout, by which a data directory is known, comes last."""
    path, made = settings.data, []
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        entries = sorted(manifest.files, key=lambda entry: entry.name == LAYOUT)
        for entry in entries:
            if entry.name == LAYOUT and settings.database:
                _fill_database(settings, path / DUMP)
            made.append(extract(archive, entry, path))
        _count_starts(path)
        sync_directory(path)
    except (OSError, CommandError, KeyboardInterrupt) as error:
        for file in made:
            file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CommandError(
                _("{path} cannot be used: {error}").format(
                    path=path, error=error.strerror or type(error).__name__
                )
            ) from None
        raise


def _fill_database(settings: Settings, dump: Path) -> None:
    run_program(
        [
            program("pg_restore"),
            "--no-owner",
            "--exit-on-error",
            "--single-transaction",
            f"--dbname={settings.database}",
            str(dump),
        ]
    )
    dump.unlink()


def _count_starts(path: Path) -> None:
    """Let a restored host's starts go on above those it has forgotten."""
    boots = path / BOOTS
    if boots.exists():
        with suppress(ValueError):
            write_file(boots, f"{int(boots.read_text()) + BOOTS_MORE}\n".encode())
