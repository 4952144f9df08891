"""Blocking reads of the ledger, shared by those who write to it themselves and those who ask."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

from paifang.core.quota import Quota
from paifang.core.rules import Rules
from paifang.core.tickets import Ticket
from paifang.ledger.clock import Clock, SystemClock
from paifang.ledger.engine import EngineError
from paifang.ledger.faults import StorageFault
from paifang.ledger.opening import LedgerReader, Target, open_reader
from paifang.ledger.records import LoadedTicket
from paifang.ledger.rows import (
    BundleRow,
    Cursor,
    JournalRow,
    Lease,
    PeerState,
    SegmentRow,
    ZoneCount,
)

T = TypeVar("T")


class LedgerReads:
    """The reading half of `services.live.ports.DeskLedger`, for any thread; one at a time reads."""

    def __init__(self, target: Target, clock: Clock | None = None) -> None:
        """Name the ledger; it is opened at the first read."""
        self._target = target
        self._clock = clock or SystemClock()
        self._reader: LedgerReader | None = None
        self._reading = threading.Lock()

    def _read(self, work: Callable[[LedgerReader], T]) -> T:
        with self._reading:
            try:
                if self._reader is None:
                    self._reader = open_reader(self._target)
                return work(self._reader)
            except EngineError as error:
                self._close_reader()
                raise StorageFault(str(error)) from error

    def _close_reader(self) -> None:
        if self._reader is not None:
            with suppress(EngineError):
                self._reader.close()
            self._reader = None

    def rules(self) -> Rules:
        """Return the rules bundle in force."""
        return self._read(LedgerReader.rules)

    def occupancy(self) -> list[ZoneCount]:
        """Return today's count of every zone of every site."""
        now_ms = self._clock.now_ms()
        return self._read(lambda reader: reader.occupancy(now_ms))

    def journal_after(self, cursors: Mapping[int, Cursor], rows_max: int) -> list[JournalRow]:
        """Return rows behind each segment's cursor; one not named starts at its beginning."""
        return self._read(lambda reader: reader.journal_after(cursors, rows_max))

    def bundles(self, layer: str, versions: Sequence[int]) -> list[BundleRow]:
        """Return these versions of a layer of the rules bundle, those that exist."""
        return self._read(lambda reader: reader.bundles(layer, versions))

    def enclosures(self, rows: Sequence[tuple[int, int, int]]) -> list[list[tuple[str, bytes]]]:
        """Return (kind, body) of each row's enclosures that were not erased."""
        return self._read(lambda reader: reader.enclosures(rows))

    def loaded(self, rows: Sequence[int]) -> dict[int, list[LoadedTicket]]:
        """Return the tickets a lessee took in with rows of its own journal, by their numbers."""
        return self._read(lambda reader: reader.loaded(rows))

    def segments(self) -> list[SegmentRow]:
        """Return all segments."""
        return self._read(LedgerReader.segments)

    def cursors(self) -> dict[int, Cursor]:
        """Return the position of every segment's newest row."""
        return self._read(LedgerReader.cursors)

    def tickets_of(self, lookups: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the ticket that each of these hashes opens, or opened once."""
        return self._read(lambda reader: reader.tickets_of(lookups))

    def tickets(self, ids: Sequence[bytes]) -> dict[bytes, Ticket]:
        """Return tickets by their ids; those that are not there are left out."""
        return self._read(lambda reader: reader.tickets(ids))

    def used(self, ids: Sequence[bytes]) -> frozenset[bytes]:
        """Return those of these tickets by which somebody entered, or that were exchanged."""
        return self._read(lambda reader: reader.used(ids))

    def quotas(self, names: Sequence[str]) -> dict[str, Quota]:
        """Return quota counters by their names; those that are not there are left out."""
        return self._read(lambda reader: reader.quotas(names))

    def sealed(self, tickets: Sequence[bytes], kind: str) -> dict[bytes, bytes]:
        """Return the sealed value of a credential of a kind for each ticket that has one."""
        return self._read(lambda reader: reader.sealed(tickets, kind))

    def leases(self) -> list[Lease]:
        """Return all leases this node gave or took, the oldest first."""
        return self._read(LedgerReader.leases)

    def peers(self) -> dict[str, PeerState]:
        """Return what other nodes last told of themselves, by node."""
        return self._read(LedgerReader.peers)

    @contextmanager
    def reader(self) -> Iterator[LedgerReader]:
        """Open a reading connection of its own, for what takes long. Raises StorageFault."""
        try:
            reader = open_reader(self._target)
        except EngineError as error:
            raise StorageFault(str(error)) from error
        try:
            yield reader
        except EngineError as error:
            raise StorageFault(str(error)) from error
        finally:
            with suppress(EngineError):
                reader.close()

    def close(self) -> None:
        """Close the reading connection."""
        with self._reading:
            self._close_reader()
