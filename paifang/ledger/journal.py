"""The chain: how a journal row is hashed to the one before, and when a page closes.

Per segment h₀ = SHA-256("paifang segment" ‖ uuid) and hₙ = SHA-256(hₙ₋₁ ‖ row n). A page closes
after `PAGE_ROWS_MAX` rows and keeps the hash after its last row, so a page's hash covers its rows
and, through the first of them, the page before. The head keeps the hash of the newest row, so the
rows of the open page are covered as well.
"""

import hashlib
import struct

from paifang.core import limits
from paifang.ledger.commands import Enclosure
from paifang.ledger.rows import Head, JournalRow, PageRow

_sha256 = hashlib.sha256
_row_head = struct.Struct(">QQqHHHIH").pack


def first_hash(uuid: str) -> bytes:
    """Return what the first row of a segment is chained to."""
    return _sha256(b"paifang segment" + uuid.encode()).digest()


def chained(previous: bytes, row: JournalRow) -> bytes:
    """Return the chain's hash after a row. Segment numbers are local and so not part of it."""
    node, kind, request = row.node.encode(), row.kind.encode(), row.request_id.encode()
    head = _row_head(
        row.epoch,
        row.seq,
        row.at_ms,
        len(node),
        len(kind),
        len(request),
        len(row.payload),
        len(row.digest),
    )
    return _sha256(
        b"".join((previous, head, node, kind, request, row.payload, row.digest))
    ).digest()


def enclosures_digest(enclosures: tuple[Enclosure, ...]) -> bytes:
    """Return what a row keeps of its enclosures: SHA-256 over their digests, b"" of none."""
    if not enclosures:
        return b""
    return _sha256(b"".join(enclosure.digest() for enclosure in enclosures)).digest()


class Tail:
    """The growing end of one segment's journal within a batch."""

    __slots__ = ("epoch", "grown", "hash", "head", "last_at_ms", "page", "page_rows", "seq")

    def __init__(self, head: Head) -> None:
        """Start from the head as it was read."""
        self.head = head
        self.epoch = head.epoch
        self.seq = head.seq
        self.hash = head.hash
        self.page = head.page
        self.page_rows = head.page_rows
        self.last_at_ms = head.last_at_ms
        self.grown = False

    def grow(self, row: JournalRow) -> PageRow | None:
        """Take a row in, and return the page it closes, if it does."""
        self.seq = row.seq
        self.hash = chained(self.hash, row)
        self.last_at_ms = row.at_ms
        self.grown = True
        self.page_rows += 1
        if self.page_rows < limits.PAGE_ROWS_MAX:
            return None
        self.page += 1
        closed = PageRow(
            self.head.number, self.page, self.epoch, self.seq, self.page_rows, self.hash
        )
        self.page_rows = 0
        return closed

    def hand_over(self, authority: int, epoch: int, until_ms: int = 0) -> None:
        """Let another node decide from here on, or this one again, under an epoch."""
        self.head = self.head._replace(authority=authority, until_ms=until_ms)
        self.epoch = epoch
        self.grown = True

    def as_head(self) -> Head:
        """Return the head to be kept."""
        return self.head._replace(
            epoch=self.epoch,
            seq=self.seq,
            hash=self.hash,
            page=self.page,
            page_rows=self.page_rows,
            last_at_ms=self.last_at_ms,
        )
