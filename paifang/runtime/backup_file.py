"""A backup as one file: a ZIP archive with a manifest that tells of every file in it.

It is written under another name and gets its own at the end, so that half a backup never looks like
a whole one. Names in it are checked before they are used as paths.
"""

import hashlib
import os
import secrets
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final

import msgspec

from paifang.runtime.faults import CommandError
from paifang.runtime.words import _
from paifang.services.live.files import sync_directory

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SUFFIX: Final = ".paifang-backup"
_BLOCK: Final = 1024 * 1024
_MANIFEST_BYTES_MAX: Final = 64 * 1024 * 1024
_LEVEL: Final = 1

Progress = Callable[[int, int], None]


class Entry(msgspec.Struct, frozen=True):
    """A file of a backup: its name below the data directory, its size, and SHA-256 in hex."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself.

    Attributes:
        format: How it is laid out.
        made_ms: When it was made, UTC milliseconds.
        expires_ms: By when it is to be destroyed: it holds people who may be forgotten meanwhile.
        version: The program that made it.
        node: Of which node it is.
        engine: `sqlite` or `postgresql`.
        generation: The restore generation of its ledger.
        files: Everything in it but this.
    """

    format: int
    made_ms: int
    expires_ms: int
    version: str
    node: str
    engine: str
    generation: int
    files: tuple[Entry, ...]


class BackupWriter:
    """An archive in the making."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Take the open archive."""
        self._archive = archive
        self.entries: list[Entry] = []

    def add(self, name: str, source: IO[bytes], tell: Callable[[int], None]) -> None:
        """Add a file; `tell` hears of each block's bytes. Raises OSError."""
        digest, size = hashlib.sha256(), 0
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o100600 << 16
        with self._archive.open(info, "w", force_zip64=True) as target:
            while block := source.read(_BLOCK):
                target.write(block)
                digest.update(block)
                size += len(block)
                tell(len(block))
        self.entries.append(Entry(name, size, digest.hexdigest()))

    def close(self, manifest: Manifest) -> None:
        """Write the manifest, which comes last. Raises OSError."""
        body = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        self._archive.writestr(MANIFEST, body)


@contextmanager
def writing(path: Path) -> Iterator[BackupWriter]:
    """Write a backup; it has its name once it is whole and on the disk. Raises OSError."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
                yield BackupWriter(archive)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_directory(path.parent)


@contextmanager
def reading(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """Open a backup and read its manifest. Raises CommandError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive, _manifest(archive, path)
    except FileNotFoundError:
        raise CommandError(_("There is no file {path}.").format(path=path)) from None
    except zipfile.BadZipFile:
        raise CommandError(
            _("{path} is no backup, or not whole: nothing was restored.").format(path=path)
        ) from None
    except OSError as error:
        raise CommandError(
            _("{path} cannot be read: {error}").format(path=path, error=error.strerror or error)
        ) from None


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    try:
        info = archive.getinfo(MANIFEST)
        if info.file_size > _MANIFEST_BYTES_MAX:
            raise ValueError("too large")
        manifest = msgspec.json.decode(archive.read(info), type=Manifest)
    except (KeyError, ValueError, zlib.error, EOFError, RuntimeError, msgspec.MsgspecError):
        raise CommandError(
            _("{path} is no backup, or not whole: nothing was restored.").format(path=path)
        ) from None
    if manifest.format > FORMAT:
        raise CommandError(
            _("{path} was made by a newer version, {version}. Update the program.").format(
                path=path, version=manifest.version
            )
        )
    return manifest


def check(archive: zipfile.ZipFile, manifest: Manifest, progress: Progress) -> None:
    """Compare every file with the manifest before anything is restored. Raises CommandError."""
    told = {entry.name for entry in manifest.files} | {MANIFEST}
    found = archive.namelist()
    if set(found) != told or len(found) != len(told):
        raise _altered(MANIFEST)
    total, done = sum(entry.size for entry in manifest.files), 0
    for entry in manifest.files:
        _safe(entry.name)
        digest, size = hashlib.sha256(), 0
        try:
            with archive.open(entry.name) as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
                    size += len(block)
                    progress(min(done + size, total), total)
                    if size > entry.size:
                        break
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ):
            raise _altered(entry.name) from None
        if (size, digest.hexdigest()) != (entry.size, entry.sha256):
            raise _altered(entry.name)
        done += size


def _safe(name: str) -> PurePosixPath:
    """Return a name as a path below a directory. Raises CommandError for any other."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise _altered(name)
    return path


def _altered(name: str) -> CommandError:
    return CommandError(
        _("The backup was altered or is damaged ({name}): nothing was restored.").format(name=name)
    )


def extract(archive: zipfile.ZipFile, entry: Entry, folder: Path) -> Path:
    """Write one file of a checked backup below a folder (0600), durably. Raises OSError."""
    target = folder / _safe(entry.name)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file, archive.open(entry.name) as source:
        while block := source.read(_BLOCK):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return target
