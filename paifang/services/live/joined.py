"""What a venue host keeps in its data directory about its centre, its line and its leases.

`centre.json` is written once, at joining. `boots` counts the starts and never goes back;
`line.json` says how the line is and may be lost with the power; `line-limits.json` how good it must
be. `leases/` holds snapshots and
grants, at the centre that made them as at the host that fetches them.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from paifang.core.link import LinkLimits, LinkWatch
from paifang.services.live.files import write_file

CENTRE: Final = "centre.json"
EVENT_KEYS: Final = "event-keys"
LIMITS: Final = "line-limits.json"


class Centre(msgspec.Struct, frozen=True, kw_only=True):
    """The centre this node joined.

    Attributes:
        url: Where it is found, without a slash at the end; "" if only files are carried.
        node: Its node name.
        name: What it is called.
        public_key: Its Ed25519 key in hex.
        certificate: PEM of the certificates its HTTPS is checked by; "" for the system's own.
        host: What this node is called there.
        joined_ms: When it joined, UTC milliseconds.
    """

    url: str
    node: str
    name: str
    public_key: str
    certificate: str = ""
    host: str = ""
    joined_ms: int = 0


class LineState(msgspec.Struct, frozen=True, kw_only=True):
    """How the line to the centre is. Times UTC milliseconds by this machine's clock, 0 for never.

    Attributes:
        up: Whether the last try went through.
        boot: The start whose messages `last` belongs to.
        last: The nonce of the last message that was answered, in hex.
        tried_ms: When it was last tried.
        success_ms: When it last went through.
        error: Why the last try did not, as a stable word.
        backlog: Journal rows the centre has not confirmed.
        oldest_ms: When the oldest of them was written.
        ahead_ms: How far this clock is ahead of the centre's.
        fetched: Bytes of a lease's snapshot that are here.
        fetching: Bytes it has in all, 0 if none is being fetched.
        asked: The lease that is asked for (JSON of `AskedLease`).
        carried_ms: When the centre wrote the newest file that was carried here, by its clock.
        refused: Codes of what the centre did not take.
        watch: What was measured of it, and whether it is good enough.
    """

    up: bool = False
    boot: int = 0
    last: str = ""
    tried_ms: int = 0
    success_ms: int = 0
    error: str = ""
    backlog: int = 0
    oldest_ms: int = 0
    ahead_ms: int = 0
    fetched: int = 0
    fetching: int = 0
    asked: str = ""
    carried_ms: int = 0
    refused: tuple[str, ...] = ()
    watch: LinkWatch = LinkWatch()


class AskedLease(msgspec.Struct, frozen=True, kw_only=True):
    """A lease a host asks for; `until_ms` is 0 where the centre shall choose the end."""

    site: str
    periods: tuple[str, ...]
    until_ms: int = 0


class Joined:
    """The files of a node about other nodes; reads them each time, because processes share them."""

    def __init__(self, data: Path) -> None:
        """Name the data directory."""
        self.data = data

    def centre(self) -> Centre | None:
        """Return the centre this node joined, None if it joined none. Raises ValueError."""
        try:
            return msgspec.json.decode((self.data / CENTRE).read_bytes(), type=Centre)
        except FileNotFoundError:
            return None

    def keep_centre(self, centre: Centre) -> None:
        """Write down the centre. Raises OSError."""
        write_file(self.data / CENTRE, msgspec.json.format(msgspec.json.encode(centre), indent=1))

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Let one process at a time speak to the centre, so that messages form one chain."""
        with (self.data / "sync.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def boot(self) -> int:
        """Return how many starts there were."""
        try:
            return int((self.data / "boots").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def next_boot(self) -> int:
        """Count one more start, durably, and return how many there were. Raises OSError."""
        with self.turn():
            boot = self.boot() + 1
            write_file(self.data / "boots", f"{boot}\n".encode())
        return boot

    def line(self) -> LineState:
        """Return how the line was last."""
        try:
            return msgspec.json.decode((self.data / "line.json").read_bytes(), type=LineState)
        except (FileNotFoundError, msgspec.MsgspecError):
            return LineState()

    def keep_line(self, line: LineState) -> None:
        """Write down how the line is: whole or not at all, but not worth a flush of the disk."""
        path = self.data / "line.json"
        part = path.with_name(f".line.{secrets.token_hex(4)}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(line))
        part.replace(path)

    def limits(self) -> LinkLimits:
        """Return how good the line must be, as somebody at this machine has set it."""
        try:
            return msgspec.json.decode((self.data / LIMITS).read_bytes(), type=LinkLimits)
        except (FileNotFoundError, msgspec.MsgspecError):
            return LinkLimits()

    def keep_limits(self, limits: LinkLimits) -> None:
        """Write down how good the line must be. Raises OSError."""
        write_file(self.data / LIMITS, msgspec.json.format(msgspec.json.encode(limits), indent=1))

    def snapshot(self, lease: bytes) -> Path:
        """Return where the snapshot of a lease lies."""
        return self._folder() / f"{lease.hex()}.snapshot"

    def part(self, lease: bytes) -> Path:
        """Return where a snapshot lies that is not complete."""
        return self._folder() / f"{lease.hex()}.snapshot.part"

    def grant_path(self, lease: bytes) -> Path:
        """Return where the signed grant of a lease lies."""
        return self._folder() / f"{lease.hex()}.grant"

    def grant(self, lease: bytes) -> bytes | None:
        """Return the signed grant of a lease, None while its snapshot is being made."""
        try:
            return self.grant_path(lease).read_bytes()
        except FileNotFoundError:
            return None

    def _folder(self) -> Path:
        folder = self.data / "leases"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder
