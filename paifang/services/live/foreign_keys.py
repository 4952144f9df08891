"""Keys of another node's events, which came sealed with a lease: kept in a file of their own.

With them this node knows the codes of the events it holds on a lease, and of no others.
"""

import logging
import threading
import time
from pathlib import Path
from typing import Final

import msgspec
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from paifang.core import limits
from paifang.services.live.files import write_file

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0
"""How often the file is looked at: another process may have taken a lease in."""


class ForeignEvent(msgspec.Struct, frozen=True, array_like=True):
    """The keys of one event in hex: look-up hashes, sealing, ticket pages, codes that change.

    `rotation` is "" in files written before codes changed: no such code is known then.
    """

    lookup: str
    seal: str
    page: str
    rotation: str = ""


class KeyRing(msgspec.Struct, frozen=True):
    """Keys as they travel and lie in the file, by event id."""

    events: dict[str, ForeignEvent] = {}


_decode: Final = msgspec.json.Decoder(KeyRing).decode


def seal_ring(ring: KeyRing, exchange_key: str) -> bytes:
    """Return keys sealed for one node alone (X25519, XSalsa20-Poly1305).

    Args:
        ring: What it is given.
        exchange_key: Its X25519 public key in hex.

    Raises:
        ValueError: That is no key.
    """
    return bytes(SealedBox(PublicKey(bytes.fromhex(exchange_key))).encrypt(_bytes(ring)))


def open_ring(sealed: bytes, own: PrivateKey) -> KeyRing:
    """Return keys that were sealed for this node. Raises ValueError if they were not."""
    try:
        return _decode(SealedBox(own).decrypt(sealed))
    except (CryptoError, msgspec.MsgspecError) as error:
        raise ValueError("these keys were not sealed for this node") from error


def _bytes(ring: KeyRing) -> bytes:
    return msgspec.json.encode(ring)


class ForeignKeys:
    """The file of foreign keys, read again when it changed; for any thread."""

    def __init__(self, path: Path | None = None) -> None:
        """Name the file; None is a node that will never have foreign keys."""
        self._path = path
        self._ring = KeyRing()
        self._stamp: tuple[int, int] | None = None
        self._look_at = 0.0
        self._lock = threading.Lock()
        self.generation = 0
        """Grows whenever other keys are known than before."""

    def ring(self) -> KeyRing:
        """Return the keys as the file had them a second ago at most."""
        if self._path is not None and time.monotonic() >= self._look_at:
            self.look()
        return self._ring

    def look(self) -> None:
        """Read the file now if it changed."""
        if self._path is None:
            return
        with self._lock:
            self._look_at = time.monotonic() + LOOK_S
            try:
                found = self._path.stat()
            except FileNotFoundError:
                return
            stamp = (found.st_mtime_ns, found.st_ino)
            if stamp == self._stamp:
                return
            try:
                self._ring = _decode(self._path.read_bytes())
            except (OSError, msgspec.MsgspecError):
                log.exception("the keys of leased events cannot be read")
                return
            self._stamp = stamp
            self.generation += 1

    def add(self, ring: KeyRing) -> None:
        """Keep further keys, those of the same event replaced. Raises OSError."""
        assert self._path is not None, "a node that takes leases has a file for keys"
        self.look()
        known = self._ring
        events = {**known.events, **ring.events}
        if len(events) > limits.FOREIGN_EVENTS_MAX:
            raise ValueError("keys of too many events")
        merged = KeyRing(events)
        if merged != known:
            write_file(self._path, _bytes(merged))
            self.look()


__all__ = ["ForeignEvent", "ForeignKeys", "KeyRing", "open_ring", "seal_ring"]
