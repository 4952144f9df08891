"""What services ask of the ledger, whoever stands behind it: the writer here, or a socket to it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from paifang.core.quota import Quota
from paifang.core.rules import Rules
from paifang.core.tickets import Ticket
from paifang.ledger.commands import Command
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault
from paifang.ledger.opening import LedgerReader
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

__all__ = [
    "BundleRow",
    "Cursor",
    "DeskLedger",
    "JournalRow",
    "Lease",
    "LiveLedger",
    "LoadedTicket",
    "PeerState",
    "SegmentRow",
    "ZoneCount",
]


class LiveLedger(Protocol):
    """The ledger as the live process sees it: one event loop, many commands in flight."""

    @property
    def rules(self) -> Rules:
        """The newest rules bundle this process knows; each batch checks for a newer one."""

    async def renew_rules(self) -> None:
        """Learn of rules that another process has brought into force. Raises LedgerFault."""

    async def commit(self, command: Command) -> Answer:
        """Return the answer once it is durable. Raises LedgerFault."""

    async def occupancy(self) -> Sequence[ZoneCount]:
        """Return today's count of every zone of every site."""

    async def journal_after(self, cursors: Mapping[int, Cursor], rows_max: int) -> list[JournalRow]:
        """Return rows behind each named segment's cursor, oldest first within a segment."""

    async def segments(self) -> list[SegmentRow]:
        """Return all segments."""

    async def cursors(self) -> dict[int, Cursor]:
        """Return the position of every segment's newest row."""


class DeskLedger(Protocol):
    """The ledger as desk, command line and jobs see it: blocking, a list of commands at a time."""

    def commit(self, commands: Sequence[Command]) -> list[Answer | LedgerFault]:
        """Commit all in order as durable as any; each has its own answer or fault.

        Raises LedgerFault only if the ledger could not be reached at all.
        """

    def rules(self) -> Rules:
        """Return the rules bundle in force."""

    def occupancy(self) -> list[ZoneCount]:
        """Return today's count of every zone of every site."""

    def journal_after(self, cursors: Mapping[int, Cursor], rows_max: int) -> list[JournalRow]:
        """Return rows behind each segment's cursor; one not named starts at its beginning."""

    def bundles(self, layer: str, versions: Sequence[int]) -> list[BundleRow]:
        """Return these versions of a layer of the rules bundle, those that exist."""

    def enclosures(self, rows: Sequence[tuple[int, int, int]]) -> list[list[tuple[str, bytes]]]:
        """Return (kind, body) of each row's enclosures; rows are (segment, epoch, seq).

        Erased bodies are left out.
        """

    def loaded(self, rows: Sequence[int]) -> dict[int, list[LoadedTicket]]:
        """Return the tickets a lessee took in with rows of its own journal, by their numbers."""

    def segments(self) -> list[SegmentRow]:
        """Return all segments."""

    def cursors(self) -> dict[int, Cursor]:
        """Return the position of every segment's newest row."""

    def tickets_of(self, lookups: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the ticket that each of these hashes opens, or opened once."""

    def tickets(self, ids: Sequence[bytes]) -> dict[bytes, Ticket]:
        """Return tickets by their ids; those that are not there are left out."""

    def used(self, ids: Sequence[bytes]) -> frozenset[bytes]:
        """Return those of these tickets by which somebody entered, or that were exchanged."""

    def quotas(self, names: Sequence[str]) -> dict[str, Quota]:
        """Return quota counters by their names; those that are not there are left out."""

    def sealed(self, tickets: Sequence[bytes], kind: str) -> dict[bytes, bytes]:
        """Return the sealed value of a credential of a kind for each ticket that has one."""

    def leases(self) -> list[Lease]:
        """Return all leases this node gave or took, the oldest first."""

    def peers(self) -> dict[str, PeerState]:
        """Return what other nodes last told of themselves, by node."""

    def reader(self) -> AbstractContextManager[LedgerReader]:
        """Open a reading connection of its own, for what takes long. Raises LedgerFault."""
