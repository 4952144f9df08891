"""Disks in memory: what was written, what was flushed, and what a kill or a power cut leaves.

One apsw VFS for the whole process serves all disks of all nodes; a file's directory names its disk.
Connections lock exclusively, so SQLite needs no shared memory and everything it does to a file goes
through here. The code that runs on it is the production's, pragmas included.
"""

import itertools
import random
from pathlib import Path
from typing import Any, Final

import apsw

from tests.ledger.power import Platter, Write

NAME: Final = "paifang-sim"
_ROOT: Final = "/paifang-sim-disks"
_numbers = itertools.count(1)
_disks: dict[str, "Disk"] = {}


class Gone(apsw.IOError):
    """The machine went away in the middle of a call."""


class MemoryFile:
    """A file as its program sees it, and as the disk has it for sure."""

    def __init__(self) -> None:
        """Make an empty one."""
        self.content = bytearray()
        self.platter = Platter(b"")


class Disk:
    """The disk of one node. It outlives the node's processes, unless it is lost."""

    def __init__(self, dice: random.Random) -> None:
        """Make an empty one."""
        self.directory = f"{_ROOT}/{next(_numbers)}"
        self.dice = dice
        self.files: dict[str, MemoryFile] = {}
        self.calls_left = -1
        self.off = False
        self.full = False
        self.torn = 0
        _disks[self.directory] = self

    @property
    def path(self) -> Path:
        """Return where its one database lies."""
        return Path(self.directory) / "node.db"

    def step(self) -> None:
        """Count a call that changes something down to the end of the machine."""
        if self.off:
            raise Gone
        if self.calls_left == 0:
            self.off = True
            raise Gone
        self.calls_left -= 1

    def restart(self, *, power: bool) -> None:
        """Come back: after a kill with all that was written, after a power cut with a part."""
        self.off, self.calls_left = False, -1
        for name in list(self.files):
            file = self.files[name]
            if power:
                file.content = bytearray(file.platter.survivors(self.dice))
                self.torn += file.platter.torn
                file.platter = Platter(bytes(file.content))

    def copy(self, connection: apsw.Connection) -> bytes:
        """Return the database as SQLite's own backup copies it."""
        other = Disk(self.dice)
        target = apsw.Connection(str(other.path), vfs=NAME)
        with target.backup("main", connection, "main") as backup:
            backup.step()
        target.close()
        copied = bytes(other.files[str(other.path)].content)
        other.remove()
        return copied

    def put_back(self, copied: bytes) -> None:
        """Hold nothing but a database as it was copied once."""
        file = MemoryFile()
        file.content, file.platter = bytearray(copied), Platter(copied)
        self.files = {str(self.path): file}

    def remove(self) -> None:
        """Forget everything."""
        self.files.clear()
        _disks.pop(self.directory, None)


class _Handle:
    """An open file, in apsw's terms."""

    def __init__(self, disk: Disk, name: str) -> None:
        self._disk = disk
        self._name = name
        self._file = disk.files.setdefault(name, MemoryFile())

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        """Read what was written."""
        if self._disk.off:
            raise Gone
        return bytes(self._file.content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        """Write, for the program's eyes; the disk may forget it."""
        self._disk.step()
        if self._disk.full:
            raise apsw.FullError("no room")
        content, end = self._file.content, offset + len(data)
        if len(content) < end:
            content.extend(bytes(end - len(content)))
        content[offset:end] = data
        self._file.platter.cached.append(Write(offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        """Shorten."""
        self._disk.step()
        del self._file.content[newsize:]
        self._file.platter.cached.append(Write(newsize, None))

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        """Flush: from here on it is durable."""
        self._disk.step()
        self._file.platter.flush()

    def xFileSize(self) -> int:  # noqa: N802 - SQLite's name
        """Return the size in bytes."""
        return len(self._file.content)

    def xLock(self, level: int) -> None:  # noqa: N802 - SQLite's name
        """Nobody else is there."""

    def xUnlock(self, level: int) -> None:  # noqa: N802 - SQLite's name
        """Nobody else is there."""

    def xCheckReservedLock(self) -> bool:  # noqa: N802 - SQLite's name
        """Nobody else is there."""
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:  # noqa: N802 - SQLite's name
        """Nothing special is understood."""
        return False

    def xSectorSize(self) -> int:  # noqa: N802 - SQLite's name
        """Return how much is written at once at least."""
        return 512

    def xDeviceCharacteristics(self) -> int:  # noqa: N802 - SQLite's name
        """Nothing is promised."""
        return 0

    def xClose(self) -> None:  # noqa: N802 - SQLite's name
        """Nothing is to be done."""


class MemoryVFS(apsw.VFS):
    """The file system layer under all simulated nodes."""

    def __init__(self) -> None:
        """Register above SQLite's default one."""
        super().__init__(NAME, "")

    def xFullPathname(self, name: str) -> str:  # noqa: N802 - SQLite's name
        """Names are whole already."""
        return name

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802 - SQLite's name
        """Open a file of a disk."""
        flags[1] = flags[0]
        filename = name.filename() if isinstance(name, apsw.URIFilename) else name
        if filename is None:
            return _Handle(Disk(random.Random(0)), "temporary")
        disk = _disks[filename.rpartition("/")[0]]
        if disk.off:
            raise Gone
        return _Handle(disk, filename)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001 - SQLite's name
        """Delete a file; taken as durable at once, which is the harsher case for a WAL."""
        disk = _disks[filename.rpartition("/")[0]]
        disk.step()
        disk.files.pop(filename, None)

    def xAccess(self, filename: str, flags: int) -> bool:  # noqa: N802 - SQLite's name
        """Whether a file is there."""
        disk = _disks[filename.rpartition("/")[0]]
        return filename in disk.files


def _exclusive(connection: apsw.Connection) -> None:
    if connection.open_vfs == NAME:
        connection.pragma("locking_mode", "EXCLUSIVE")


_vfs: list[MemoryVFS] = []


def mount() -> str:
    """Make sure the VFS is registered; return its name."""
    if not _vfs:
        _vfs.append(MemoryVFS())
        apsw.connection_hooks.append(_exclusive)
    return NAME
