"""Rows of this node as pages for another one: whole, in order, and only as many as fit."""

from collections.abc import Sequence
from typing import Final

from paifang.core import limits
from paifang.ledger import tables as t
from paifang.ledger.engine import Reader
from paifang.ledger.facts import BindFact, ExchangeFact, IssueFact, PublishFact, fact_of
from paifang.ledger.lease_commands import WireBundle, WireEnclosure, WireRow
from paifang.ledger.records import SegmentName
from paifang.ledger.rows import Head, JournalRow
from paifang.sync.columns import Rows
from paifang.sync.messages import Page
from paifang.sync.snapshot import records_by_id

NEVER_TOLD: Final = frozenset({"face", "face_template"})
"""Kinds of enclosures that leave no machine: only their digest is told, as of erased ones."""
ROW_BYTES_ABOUT: Final = 96
"""What a row beside its payload takes, about."""


def page_after(
    reader: Reader, head: Head, lease: bytes, cursor: tuple[int, int], bytes_max: int
) -> tuple[Page | None, int]:
    """Return the next page of a segment and about how many bytes it takes; None if all was told.

    Args:
        reader: A connection nobody else uses meanwhile.
        head: The segment.
        lease: Under which lease its rows were written, b"" for the node's own segment.
        cursor: (epoch, seq) behind which rows are wanted.
        bytes_max: About how much may be told; one row is told however long it is.
    """
    rows = reader.journal_after({head.number: cursor}, limits.IMPORT_ROWS_AT_ONCE_MAX)
    kept, size = _fitting(rows, bytes_max)
    if not kept:
        return None, 0
    tickets = list(dict.fromkeys(bytes.fromhex(name) for name in _led_to(kept)))
    chunk = records_by_id(reader, tickets) if tickets and lease else None
    page = Page(
        SegmentName(head.uuid, head.site, head.period),
        lease,
        Rows(WireRow(*row[1:]) for row in kept),
        chunk.segments if chunk else (),
        chunk.records if chunk else (),
        _enclosures(reader, kept),
        _bundles(reader, kept),
    )
    return page, size


def _fitting(rows: Sequence[JournalRow], bytes_max: int) -> tuple[list[JournalRow], int]:
    kept: list[JournalRow] = []
    size = 0
    for row in rows:
        size += len(row.payload) + ROW_BYTES_ABOUT
        if kept and size > bytes_max:
            return kept, size
        kept.append(row)
    return kept, size


def _led_to(rows: Sequence[JournalRow]) -> list[str]:
    """Return the tickets that rows brought into being or gave a credential."""
    found = []
    for row in rows:
        if row.kind in _MAKING:
            fact = fact_of(row.kind, row.payload)
            if isinstance(fact, IssueFact | BindFact) or (
                isinstance(fact, ExchangeFact) and fact.hash
            ):
                found.append(fact.ticket)
    return found


_MAKING: Final = frozenset({"issue", "bind", "exchange"})


def _enclosures(reader: Reader, rows: Sequence[JournalRow]) -> tuple[WireEnclosure, ...]:
    keys = [row[:3] for row in rows if row.digest]
    if not keys:
        return ()
    found = sorted(reader.rows(t.ENCLOSURE, keys, width=3))
    kept_here = (row._replace(salt=b"", body=b"") for row in found if row.kind in NEVER_TOLD)
    told = (row for row in found if row.kind not in NEVER_TOLD)
    return tuple(WireEnclosure(*row[1:]) for row in sorted((*told, *kept_here)))


def _bundles(reader: Reader, rows: Sequence[JournalRow]) -> tuple[WireBundle, ...]:
    """Return the versions of this node's own layer that rows brought into force."""
    versions = []
    for row in rows:
        if row.kind == "publish":
            fact = fact_of(row.kind, row.payload)
            if isinstance(fact, PublishFact) and fact.layer == "node":
                versions.append(("node", fact.version))
    return tuple(
        WireBundle(row.version, row.body, row.signature) for row in reader.rows(t.BUNDLE, versions)
    )
