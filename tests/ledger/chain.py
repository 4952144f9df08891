"""The chain recomputed from the rows alone, a second time and for tests only."""

import hashlib
import struct
from collections.abc import Iterator

from paifang.core import limits
from paifang.ledger import tables as t
from paifang.ledger.rows import Head, JournalRow
from tests.ledger.venue import Venue


def hash_after(before: bytes, row: JournalRow) -> bytes:
    """Return the hash after a row as journal.py's head describes it, written down a second time."""
    texts = (row.node.encode(), row.kind.encode(), row.request_id.encode())
    lengths = struct.pack(
        ">QQqHHHIH",
        row.epoch,
        row.seq,
        row.at_ms,
        *(len(text) for text in texts),
        len(row.payload),
        len(row.digest),
    )
    return hashlib.sha256(before + lengths + b"".join(texts) + row.payload + row.digest).digest()


def chain_faults(venue: Venue) -> list[str]:
    """Return what is wrong with the chain of every segment; nothing, one hopes."""
    return [fault for head in venue.rows(t.HEAD) for fault in _segment_faults(venue, head)]


def _segment_faults(venue: Venue, head: Head) -> Iterator[str]:
    rows = [row for row in venue.rows(t.JOURNAL) if row.segment == head.number]
    pages = [page for page in venue.rows(t.PAGE) if page.segment == head.number]
    expected = hashlib.sha256(b"paifang segment" + head.uuid.encode()).digest()
    closed = []
    for place, row in enumerate(rows, start=1):
        expected = hash_after(expected, row)
        if row.seq != place:
            yield f"row {row.seq} of segment {head.number} stands at {place}"
        if place % limits.PAGE_ROWS_MAX == 0:
            closed.append((row.epoch, row.seq, limits.PAGE_ROWS_MAX, expected))
    if [tuple(page)[2:] for page in pages] != closed:
        yield f"pages of segment {head.number}"
    if [page.page for page in pages] != list(range(1, len(pages) + 1)):
        yield f"numbers of the pages of segment {head.number}"
    if (head.seq, head.hash, head.page) != (len(rows), expected, len(pages)):
        yield f"head of segment {head.number}"
    if head.page_rows != len(rows) % limits.PAGE_ROWS_MAX:
        yield f"open page of segment {head.number}"
