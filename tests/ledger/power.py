"""A disk that loses its power: an apsw VFS that remembers what was flushed and what only written.

Real files are written underneath, so the program runs as it would. Beside them the VFS keeps, for
each file, what the last xSync made durable and the writes since. When the power is cut, a random
part of those writes survives, the last ones perhaps torn at a sector, in any order: what a disk
with a volatile cache may leave behind. Database and WAL are then laid into a new directory, without
the shared memory file, and opened there by SQLite's own VFS.
"""

import random
from pathlib import Path
from typing import Any, NamedTuple

import apsw

SECTOR = 512


class PowerCut(apsw.IOError):
    """The power went away in the middle of a call; nothing after it reaches the disk."""


class Write(NamedTuple):
    """A write (or, with data None, a truncation) that no flush has made durable yet."""

    offset: int
    data: bytes | None


class Platter:
    """What one file has on the disk for sure, and what is only in the disk's cache."""

    def __init__(self, content: bytes) -> None:
        """Start from the file's content, taken as durable."""
        self.durable = bytearray(content)
        self.cached: list[Write] = []
        self.torn = 0

    def flush(self) -> None:
        """Make everything durable."""
        for write in self.cached:
            _apply(self.durable, write)
        self.cached.clear()

    def survivors(self, dice: random.Random) -> bytes:
        """Return what a cut leaves: all that was flushed and a random part of the rest."""
        image = bytearray(self.durable)
        fate = dice.random()
        for write in self.cached:
            if fate < 0.3 or (fate < 0.9 and dice.random() < 0.5):
                continue
            torn = write.data is not None and dice.random() < 0.2
            self.torn += torn
            _apply(image, _torn(write, dice) if torn else write)
        return bytes(image)


def _torn(write: Write, dice: random.Random) -> Write:
    data = write.data or b""
    return Write(write.offset, data[: dice.randrange(len(data) // SECTOR + 1) * SECTOR])


def _apply(image: bytearray, write: Write) -> None:
    if write.data is None:
        del image[write.offset :]
        return
    end = write.offset + len(write.data)
    if len(image) < end:
        image.extend(bytes(end - len(image)))
    image[write.offset : end] = write.data


class PowerVFS(apsw.VFS):
    """The VFS, registered under a name for as long as it lives."""

    def __init__(self, name: str, dice: random.Random) -> None:
        """Register under `name`, above SQLite's default VFS."""
        self.name = name
        self.dice = dice
        self.platters: dict[str, Platter] = {}
        self.calls_left = -1
        self.off = False
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> "PowerFile":  # noqa: N802 - SQLite's name
        """Open a file and, if it is the database or its WAL, watch it."""
        return PowerFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001 - SQLite's name
        """Delete a file; taken as durable at once, which is the harsher case for a WAL."""
        if self.off:
            raise PowerCut
        self.platters.pop(filename, None)
        super().xDelete(filename, syncdir)

    def step(self) -> None:
        """Count a call that reaches the disk down to the cut."""
        if self.off:
            raise PowerCut
        if self.calls_left == 0:
            self.off = True
            raise PowerCut
        self.calls_left -= 1

    def lay_out(self, directory: Path) -> None:
        """Write what survived into a directory."""
        directory.mkdir()
        for filename, platter in self.platters.items():
            (directory / Path(filename).name).write_bytes(platter.survivors(self.dice))


class PowerFile(apsw.VFSFile):
    """One file on that disk."""

    def __init__(self, vfs: PowerVFS, name: Any, flags: list[int]) -> None:
        """Open the real file underneath."""
        self.vfs = vfs
        super().__init__("", name, flags)
        filename = name.filename() if isinstance(name, apsw.URIFilename) else (name or "")
        self.platter = None
        if filename.endswith((".db", ".db-wal")):
            known = vfs.platters.get(filename)
            if known is None:
                size = super().xFileSize()
                known = vfs.platters[filename] = Platter(super().xRead(size, 0) if size else b"")
            self.platter = known

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        """Write, into the cache only."""
        self.vfs.step()
        if self.platter is not None:
            self.platter.cached.append(Write(offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        """Shorten, in the cache only."""
        self.vfs.step()
        if self.platter is not None:
            self.platter.cached.append(Write(newsize, None))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        """Flush: from here on it is durable. The real disk need not be bothered."""
        self.vfs.step()
        if self.platter is not None:
            self.platter.flush()
