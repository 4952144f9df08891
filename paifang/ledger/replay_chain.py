"""The chain recomputed (I5, I8): rows, pages, heads, and the enclosures that ride on rows.

The form of the hash is written down here once more, apart from `journal`, so that a change of one
of the two cannot go unnoticed.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator

from paifang.core import limits
from paifang.core.leases import GENERATION_SHIFT, next_epoch
from paifang.ledger.facts import Fact, HandoverFact
from paifang.ledger.findings import Findings, place_of
from paifang.ledger.replay_uses import TicketBook
from paifang.ledger.rows import Base, EnclosureRow, Head, JournalRow, PageRow

_sha256 = hashlib.sha256
_numbers = struct.Struct(">QQqHHHIH").pack


def hash_after(before: bytes, row: JournalRow) -> bytes:
    """Return SHA-256(hash before ‖ row); text is counted in bytes of UTF-8."""
    node, kind, request = row.node.encode(), row.kind.encode(), row.request_id.encode()
    lengths = len(node), len(kind), len(request), len(row.payload), len(row.digest)
    numbers = _numbers(row.epoch, row.seq, row.at_ms, *lengths)
    return _sha256(before + numbers + node + kind + request + row.payload + row.digest).digest()


class ChainCheck:
    """One segment's chain, from its name to its head."""

    def __init__(
        self,
        head: Head,
        pages: Iterable[PageRow],
        findings: Findings,
        bases: Iterable[Base] = (),
    ) -> None:
        """Take the head as it stands, its pages in order, and where leases on it began."""
        self.head = head
        self._findings = findings
        self._bases = {base.epoch: base for base in bases}
        self._next_epoch = 0
        self._given_back = False
        self.begun: Base | None = None
        self._pages = {(page.epoch, page.seq): page for page in pages}
        self._hash = _sha256(b"paifang segment" + head.uuid.encode()).digest()
        self._epoch = self._seq = self._page = self._page_rows = self._at_ms = 0

    def take(self, row: JournalRow, fact: Fact | None = None) -> None:
        """Take the next row, and what it says if it can be read; `begun` is the base before it."""
        self._begin_at(row.epoch)
        if row.seq != self._seq + 1:
            self._findings.at("seq_gap", row, expected=self._seq + 1)
        self._check_epoch(row, fact)
        self._epoch, self._seq, self._at_ms = row.epoch, row.seq, row.at_ms
        try:
            self._hash = hash_after(self._hash, row)
        except (struct.error, TypeError, AttributeError) as error:
            # Numbers out of range, or a column whose type was changed behind the ledger's back.
            self._findings.at("row_unreadable", row, error=error)
        self._page_rows += 1
        page = self._pages.pop((row.epoch, row.seq), None)
        if page is not None:
            self._close(row, page)
        elif self._page_rows >= limits.PAGE_ROWS_MAX:
            self._findings.at("page_differs", row, field="rows")
            self._page_rows = 0

    def _begin_at(self, epoch: int) -> None:
        """Start at the newest base up to an epoch; those before it have no rows here."""
        self.begun = None
        passed = [each for each in self._bases if each <= epoch]
        newest = max(passed, default=0)
        for each in passed:
            base = self._bases.pop(each)
            if each == newest > self._epoch:
                self._start_at(base)
                self.begun = base

    def _start_at(self, base: Base) -> None:
        """Go on where a lease began: what stood before is at the centre, or lost there."""
        self._epoch, self._seq, self._hash = base.epoch, base.seq, base.hash
        self._page, self._page_rows = base.page, base.page_rows
        self._at_ms, self._next_epoch = base.last_at_ms, base.epoch

    def _check_epoch(self, row: JournalRow, fact: Fact | None) -> None:
        """An epoch is left by a handover only, for the one it names (I5)."""
        handover = fact if isinstance(fact, HandoverFact) else None
        taken_back = handover is not None and handover.epoch == row.epoch > self._epoch
        expected = self._next_epoch
        if self._given_back and row.epoch != self._epoch:
            # After a restore the centre takes one of its new generation.
            expected = next_epoch(self._epoch, row.epoch >> GENERATION_SHIFT)
        if row.epoch != expected and not taken_back:
            self._findings.at("epoch_differs", row, expected=self._next_epoch)
        self._next_epoch = row.epoch
        self._given_back = handover is not None and not handover.epoch
        if handover is not None and not taken_back:
            # Whoever gives back names no epoch: the centre takes the next one.
            self._next_epoch = handover.epoch or next_epoch(row.epoch)

    def _close(self, row: JournalRow, page: PageRow) -> None:
        """Compare a closed page."""
        self._page += 1
        expected = PageRow(
            self.head.number, self._page, row.epoch, row.seq, self._page_rows, self._hash
        )
        for field, told, found in zip(PageRow._fields, expected, page, strict=True):
            if told != found:
                self._findings.at("page_differs", row, field=field)
        self._page_rows = 0

    def finish(self) -> int:
        """Compare the head after the last row; return how many pages were closed."""
        for page in self._pages.values():
            self._findings.add("page_stray", f"page {page.segment}/{page.page}")
        # Perhaps nothing has happened under the newest lease yet.
        self._begin_at(self.head.epoch)
        # At a lessee that gave back the head stays under the lease's epoch.
        epochs = {self._next_epoch, self._epoch}
        if self._given_back:
            epochs.add(next_epoch(self._epoch, self.head.epoch >> GENERATION_SHIFT))
        expected = self.head._replace(
            epoch=self.head.epoch if self.head.epoch in epochs else self._next_epoch,
            seq=self._seq,
            hash=self._hash,
            page=self._page,
            page_rows=self._page_rows,
            last_at_ms=self._at_ms,
        )
        for field, told, found in zip(Head._fields, expected, self.head, strict=True):
            if told != found:
                self._findings.add("head_differs", f"segment {self.head.number}", field=field)
        return self._page


class EnclosureCheck:
    """The enclosures, read beside the journal in the same order."""

    def __init__(
        self, rows: Iterable[EnclosureRow], tickets: TicketBook, findings: Findings
    ) -> None:
        """Take all enclosures in the order of their key."""
        self._rows = iter(rows)
        self._tickets = tickets
        self._findings = findings
        self._next = next(self._rows, None)
        self._empty: list[tuple[bytes, str]] = []
        self.forgotten: set[bytes] = set()
        """Orders of which the journal tells that their buyers were erased."""
        self.count = self.erased = 0

    def take(self, row: JournalRow) -> None:
        """Compare what rides on the next journal row with its digest."""
        if self._next is None and not row.digest:
            return
        place = row[:3]
        for stray in self._until(place, whole=False):
            self._findings.add("enclosure_stray", _place_of(stray))
        digests = [self._checked(found) for found in self._until(place, whole=True)]
        told = _sha256(b"".join(digests)).digest() if digests else b""
        if told != row.digest:
            self._findings.add("enclosures_differ", place_of(row))

    def _until(self, place: tuple[int, int, int], *, whole: bool) -> Iterator[EnclosureRow]:
        """Yield enclosures that stand before a place, or, with `whole`, also those at it."""
        while self._next is not None:
            at = self._next[:3]
            if at > place or (at == place and not whole):
                return
            found, self._next = self._next, next(self._rows, None)
            self.count += 1
            yield found

    def _checked(self, row: EnclosureRow) -> bytes:
        """Return an enclosure's digest; a body that was erased leaves only that."""
        if row.salt or row.body:
            if _sha256(row.salt + row.body).digest() != row.digest:
                self._findings.add("enclosure_altered", _place_of(row))
        else:
            self.erased += 1
            self._empty.append((row.ticket, _place_of(row)))
        return row.digest

    def finish(self) -> None:
        """After the last row: nothing may be left over, and what is empty was erased."""
        for stray in self._until((1 << 63, 0, 0), whole=True):
            self._findings.add("enclosure_stray", _place_of(stray))
        for name, place in self._empty:
            ticket = self._tickets.find(name)
            erased = ticket is not None and self._tickets.erased[ticket]
            if not erased and name not in self.forgotten:
                self._findings.add("enclosure_lost", place)


def _place_of(row: EnclosureRow) -> str:
    return f"enclosure {row.segment}/{row.epoch}/{row.seq}/{row.n}"
