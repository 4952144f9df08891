"""The data directory: what is in it, that it is ours, and that it can be written.

`layout` holds the layout's number, so that no program writes to a directory it does not understand.
"""

import json
import os
import secrets
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from paifang.runtime.words import _
from paifang.services.live.files import create_file, write_file
from paifang.services.live.foreign_keys import ForeignKeys
from paifang.services.live.joined import EVENT_KEYS
from paifang.services.live.keys import Keys, Secrets

LAYOUT: Final = 1
UNIX_PATH_BYTES_MAX: Final = 107
"""A Unix socket's address holds 108 bytes, the last one a zero (unix(7))."""


class DataDirectoryError(Exception):
    """The directory cannot be used; the message says why, in the person's language."""


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """A checked data directory. Make one by `open_data`."""

    path: Path

    @property
    def demo(self) -> Path:
        """The demonstration's pages, log-ins and tokens."""
        return self.path / "demo.json"

    @property
    def lock(self) -> Path:
        """The ledger writer's lock."""
        return self.path / "writer.lock"

    @property
    def tls(self) -> Path:
        """The directory of the venue's own certificates."""
        return self.path / "tls"

    def secrets(self) -> Secrets:
        """Return the node's secrets, made at the first call. Raises DataDirectoryError."""
        path = self.path / "keys.json"
        try:
            if not path.exists():
                # Of two processes that start at once the first one's secrets stay.
                create_file(path, msgspec.json.encode(_new_secrets()))
            return msgspec.json.decode(path.read_bytes(), type=Secrets)
        except OSError as error:
            raise DataDirectoryError(
                _said(_("{path} cannot be read: {error}"), path, error)
            ) from None
        except msgspec.DecodeError:
            raise DataDirectoryError(
                _("{path} is damaged. Without it no code or token is known: restore it.").format(
                    path=path
                )
            ) from None

    def keys(self) -> Keys:
        """Return the node's keys, those that came with leases too. Raises DataDirectoryError."""
        return Keys(self.secrets(), ForeignKeys(self.path / EVENT_KEYS))

    def place_socket(self, name: str) -> Path:
        """Return where to bind a Unix socket (`ledger` or `desk`) and record it for others.

        It stands beside the record if the path is short enough, else in a directory of its own.
        """
        path = self.path / f"{name}.sock"
        if len(os.fsencode(path)) > UNIX_PATH_BYTES_MAX:
            path = Path(tempfile.mkdtemp(prefix="paifang-", dir=_runtime_directory())) / name
        self.remove_socket(name)
        path.unlink(missing_ok=True)
        write_file(self.path / f"{name}.socket", f"{path}\n".encode())
        return path

    def socket(self, name: str) -> Path | None:
        """Return where a Unix socket was last bound, None if none is recorded."""
        try:
            return Path((self.path / f"{name}.socket").read_text().strip())
        except FileNotFoundError:
            return None

    def remove_socket(self, name: str) -> None:
        """Remove a socket and its record; harmless if there are none."""
        path = self.socket(name)
        (self.path / f"{name}.socket").unlink(missing_ok=True)
        if path is None:
            return
        path.unlink(missing_ok=True)
        if path.parent != self.path and path.parent.name.startswith("paifang-"):
            # Left behind by a process that was killed, or ours; nothing else is in it.
            _remove_empty(path.parent)


def _remove_empty(path: Path) -> None:
    """Remove an empty directory; one that is gone or in use is left alone."""
    try:
        path.rmdir()
    except OSError:
        return


def open_data(path: Path, *, create: bool = True) -> DataDirectory:
    """Return a data directory, making an empty one ours.

    Args:
        path: The directory.
        create: Whether to make it if it is missing or empty.

    Raises:
        DataDirectoryError: It is missing, somebody else's, of another layout, or not writable.
    """
    data = DataDirectory(path)
    layout = path / "layout"
    try:
        if create:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.is_dir():
            raise DataDirectoryError(_("There is no directory {path}.").format(path=path))
        if not layout.exists():
            _claim(path, create=create)
        _check_layout(layout)
        if not os.access(path, os.W_OK | os.X_OK):
            raise DataDirectoryError(_("{path} cannot be written.").format(path=path))
    except OSError as error:
        raise DataDirectoryError(_said(_("{path} cannot be used: {error}"), path, error)) from None
    return data


def _claim(path: Path, *, create: bool) -> None:
    """Make an empty directory ours; a file system's own lost+found is no content."""
    if any(entry.name != "lost+found" for entry in path.iterdir()):
        raise DataDirectoryError(
            _("{path} holds files of something else. Name an empty directory.").format(path=path)
        )
    if not create:
        raise DataDirectoryError(
            _("{path} is empty. Run “paifang init” or “paifang demo” first.").format(path=path)
        )
    create_file(path / "layout", f"{LAYOUT}\n".encode())


def _check_layout(layout: Path) -> None:
    text = layout.read_text().strip()
    if text != str(LAYOUT):
        raise DataDirectoryError(
            _(
                "{path} has layout “{found}”; this program knows {known}. Update the program."
            ).format(path=layout.parent, found=text[:20], known=LAYOUT)
        )


def _new_secrets() -> Secrets:
    return Secrets(
        master=secrets.token_hex(32), signing_seed=secrets.token_hex(32), node=str(uuid.uuid4())
    )


def _runtime_directory() -> str | None:
    """Return the person's directory for sockets if the system keeps one, else None."""
    path = Path(f"/run/user/{os.getuid()}")
    return str(path) if os.access(path, os.W_OK) else None


def _said(words: str, path: Path, error: OSError) -> str:
    return words.format(path=path, error=error.strerror or type(error).__name__)


def read_demo(data: DataDirectory) -> dict[str, object]:
    """Return demo.json as it was written. Raises DataDirectoryError if there is none."""
    try:
        found: dict[str, object] = json.loads(data.demo.read_bytes())
    except FileNotFoundError:
        raise DataDirectoryError(
            _("There is no demonstration in {path}.").format(path=data.path)
        ) from None
    return found
