"""Files carried by hand between nodes: the same sealed documents as over a line, in a ZIP archive.

A file from a host holds `up.pfs`; one from a centre holds `down-0001.pfs` and so on, and the
snapshots of leases that are to be taken, as `LEASE.snapshot`. Nothing is compressed again, and no
name in an archive is ever used as a path.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from paifang.core import limits
from paifang.services.live.files import sync_directory

UP: Final = "up.pfs"
_DOWN: Final = re.compile(r"down-(\d{4})\.pfs")
_SNAPSHOT: Final = re.compile(r"([0-9a-f]{32})\.snapshot")
_NAMES_MAX: Final = 10_000
_PIECE: Final = 1024 * 1024


class NotCarried(Exception):
    """A file that no node has written, or that is cut off."""


class Cargo(NamedTuple):
    """What a file holds: documents in order, and the names of leases whose snapshots are in it."""

    up: bytes
    downs: tuple[bytes, ...]
    snapshots: tuple[bytes, ...]


def write_up(path: Path, document: bytes) -> None:
    """Write what a host tells. Raises OSError."""
    with _written(path) as archive:
        archive.writestr(UP, document)


def write_downs(
    path: Path, documents: Sequence[bytes], snapshots: Sequence[tuple[bytes, Path]]
) -> None:
    """Write what a centre says, with the snapshots of leases (id, file). Raises OSError."""
    with _written(path) as archive:
        for n, document in enumerate(documents, 1):
            archive.writestr(f"down-{n:04}.pfs", document)
        for lease, file in snapshots:
            archive.write(file, f"{lease.hex()}.snapshot")


@contextmanager
def _written(path: Path) -> Iterator[zipfile.ZipFile]:
    """Write an archive that is there whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            part.chmod(0o600)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                yield archive
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_directory(path.absolute().parent)


class CarriedFile:
    """A file that was carried here, opened."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises NotCarried, OSError."""
        try:
            self._archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise NotCarried("no archive") from error

    def cargo(self) -> Cargo:
        """Return its documents, and which snapshots it has. Raises NotCarried."""
        infos = self._archive.infolist()
        if len(infos) > _NAMES_MAX:
            raise NotCarried("too many parts")
        up = b""
        downs: dict[int, bytes] = {}
        snapshots = []
        for info in infos:
            down = _DOWN.fullmatch(info.filename)
            snapshot = _SNAPSHOT.fullmatch(info.filename)
            if info.filename == UP:
                up = self._read(info)
            elif down:
                downs[int(down[1])] = self._read(info)
            elif snapshot:
                snapshots.append(bytes.fromhex(snapshot[1]))
        if not up and not downs:
            raise NotCarried("no document in it")
        return Cargo(up, tuple(downs[n] for n in sorted(downs)), tuple(snapshots))

    def _read(self, info: zipfile.ZipInfo) -> bytes:
        if (
            info.file_size > limits.SYNC_ANSWER_BYTES_MAX
            or info.compress_type != zipfile.ZIP_STORED
        ):
            raise NotCarried("a document is too large")
        try:
            return self._archive.read(info)
        except (zipfile.BadZipFile, EOFError) as error:
            raise NotCarried("cut off or altered") from error

    def copy_snapshot(self, lease: bytes, target: BinaryIO, bytes_max: int) -> None:
        """Copy a snapshot to a file, up to one byte more than it may have.

        Raises NotCarried, OSError.
        """
        try:
            with self._archive.open(f"{lease.hex()}.snapshot") as source:
                left = bytes_max + 1
                while left and (piece := source.read(min(left, _PIECE))):
                    target.write(piece)
                    left -= len(piece)
        except (KeyError, zipfile.BadZipFile, EOFError) as error:
            raise NotCarried("cut off or altered") from error

    def close(self) -> None:
        """Close it."""
        self._archive.close()
