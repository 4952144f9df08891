"""Leases replayed: who held a segment when, and what the tables must say of leases and wishes.

At the centre it follows what was granted and what came back; at a lessee what it took, and with
which tickets it began.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Final

from paifang.core.ids import ID_BYTES
from paifang.core.leases import LeaseState, WishState
from paifang.ledger.apply.lessee import counts_of
from paifang.ledger.beneath import loose_ends
from paifang.ledger.facts import (
    DisputeFact,
    Fact,
    HandoverFact,
    LeaseFact,
    LoadFact,
    PeerFact,
    RecoveryFact,
    RestoreFact,
    SparedFact,
    WishAnswerFact,
    WishFact,
)
from paifang.ledger.findings import Findings
from paifang.ledger.freeze import Settings
from paifang.ledger.records import TicketRecord
from paifang.ledger.replay import GateReplay
from paifang.ledger.replay_uses import TicketBook
from paifang.ledger.rows import Base, Head, JournalRow, Lease, Loaded, Wish

STATES: Final = {
    "granted": LeaseState.granted,
    "taken": LeaseState.granted,
    "ready": LeaseState.ready,
    "returned": LeaseState.returned,
    "broken": LeaseState.broken,
    "regained": LeaseState.granted,
    "lost": LeaseState.broken,
    "sealed": LeaseState.sealed,
    "kept": LeaseState.sealed,
    "unsealed": LeaseState.granted,
}
"""Which state each step of a lease leads to; the others change its end only."""


class LeaseReplay:
    """Leases, holders and wishes, fact by fact."""

    def __init__(self, findings: Findings, tickets: TicketBook) -> None:
        """Start with no lease; `tickets` is told which a lessee was given."""
        self._tickets = tickets
        self._findings = findings
        self.node = ""
        self._leases: dict[str, tuple[int, int]] = {}
        self._wishes: dict[str, tuple[int, str]] = {}
        self._spared: set[str] = set()
        self._with_spare: set[int] = set()
        self._bases: dict[int, int] = {}
        self._beneath: dict[tuple[int, int], int] = {}
        self._taken_back: dict[tuple[int, int], Lease] = {}
        self._told: dict[str, list[bytes]] = {}
        self._turned: dict[tuple[int, int], int] = {}
        self._spares: dict[tuple[int, int], str] = {}
        self._holder = ""
        self._loaded: dict[int, bytes] = {}
        self.handlers: dict[type[Fact], Callable[[JournalRow, Any], None]] = {
            LeaseFact: self._lease,
            LoadFact: self._load,
            HandoverFact: self._handover,
            WishFact: self._wish,
            WishAnswerFact: self._wish_answer,
            SparedFact: self._spared_fact,
            DisputeFact: self._dispute,
            RecoveryFact: _told_only,
            PeerFact: _told_only,
            RestoreFact: _told_only,
        }

    def start(
        self,
        heads: Iterable[Head],
        bases: Iterable[Base],
        loaded: Iterable[Loaded],
        leases: Iterable[Lease],
        settings: Settings,
    ) -> None:
        """Take the segments as they stand, where leases on them began, and what was given."""
        self._beneath = {(n, epoch): end.first for n, epoch, end in loose_ends(settings)}
        self._loaded = {row.seq: row.tickets for row in loaded}
        sites = {head.number: head.site for head in heads}
        own = next((head for head in heads if head.number == 1), None)
        self.node = own.uuid if own is not None else ""
        by_epoch = {(lease.site, lease.epoch): lease for lease in leases}
        for lease in leases:
            if lease.spare and not self.is_own(lease.lessee):
                self._with_spare.add(lease.epoch)
        for base in bases:
            held = by_epoch.get((sites.get(base.segment, ""), base.epoch))
            if held is None or self.is_own(held.lessee):
                if sites.get(base.segment, ""):
                    self._bases[base.segment] = max(self._bases.get(base.segment, 0), base.epoch)
            elif base.epoch % 2:
                # At the centre: a spare broke the glass, and went on where the lease had begun.
                self._turned[base.segment, base.before] = base.seq
                self._spares[base.segment, base.epoch] = held.lessee
            else:
                self._taken_back[base.segment, base.epoch] = held
        self._tickets.mark_told(
            ids[start : start + ID_BYTES]
            for ids in self._loaded.values()
            for start in range(0, len(ids), ID_BYTES)
        )

    def begin(
        self, gates: GateReplay, records: dict[bytes, TicketRecord], leases: Iterable[Lease]
    ) -> None:
        """Begin with what a lessee was given, or with what a restored centre was told."""
        taken = [lease for lease in leases if lease.document]
        if any(self.is_own(lease.lessee) for lease in taken):
            gates.begin(records, *base_counts(taken))
        else:
            gates.begin_centre(records, *counts_taken_back(taken))

    def put_back(self, gates: GateReplay, base: Base | None) -> None:
        """Go on from where a lease began that was forgotten and told of by its lessee."""
        lease = self._taken_back.get((base.segment, base.epoch)) if base is not None else None
        if base is not None and lease is not None:
            self._holder = lease.lessee
            told = self._told.get(lease.id.hex(), [])
            gates.put_back(base.segment, told, counts_of(lease).zone_days)

    def is_own(self, node: str) -> bool:
        """Whether a row was written by this node."""
        return node.replace("-", "") == self.node

    def start_segment(self, head: Head) -> None:
        """Begin with a segment's first row."""
        own_of_another = not head.site and head.number != 1
        self._holder = head.period if own_of_another else ""

    def counts(self, row: JournalRow) -> bool:
        """Whether a row still tells of the state that is here.

        It does not if a later lease began anew, or a spare or a restored host went on without it.
        """
        turned = self._turned.get((row.segment, row.epoch))
        first = self._beneath.get((row.segment, row.epoch), turned)
        if first is not None and row.seq > first:
            return False
        return row.epoch >= self._bases.get(row.segment, 0)

    def check_writer(self, row: JournalRow) -> None:
        """A row is written by whoever holds its segment (I5)."""
        holder = self._spares.get((row.segment, row.epoch), self._holder)
        right = row.node == holder if holder else self.is_own(row.node)
        if not right:
            self._findings.at("row_wrong_node", row, node=row.node)

    def _handover(self, row: JournalRow, fact: HandoverFact) -> None:
        if not fact.lease:
            # After a restore the same node goes on, under a new epoch.
            return
        given_away = fact.epoch > row.epoch and not self.is_own(fact.to)
        self._holder = fact.to if given_away else ""

    def forget_holder(self, row: JournalRow, fact: Fact | None) -> None:
        """A lease that was broken is taken back by the row itself."""
        if isinstance(fact, HandoverFact) and fact.lease and fact.epoch == row.epoch:
            self._holder = ""

    def _lease(self, row: JournalRow, fact: LeaseFact) -> None:
        state, until = self._leases.get(fact.lease, (-1, 0))
        if self.is_own(row.node):
            until = fact.not_after_ms
        elif fact.what not in ("ready", "returned"):
            return
        told = STATES.get(fact.what)
        if told is not None and (told > state or self.is_own(row.node)):
            state = told
        self._leases[fact.lease] = (state, until)

    def _load(self, row: JournalRow, fact: LoadFact) -> None:
        """Compare which tickets came with a row, and let them count as given."""
        if not self.is_own(row.node):
            return
        ids = self._loaded.pop(row.seq, b"")
        told = len(ids) // ID_BYTES, hashlib.sha256(ids).hexdigest()
        if told != (fact.tickets + fact.erased, fact.digest):
            self._findings.at("loaded_differs", row)
        fresh = fact.tickets - fact.known
        for n in range(fact.tickets):
            ticket = ids[n * ID_BYTES : (n + 1) * ID_BYTES]
            if n < fresh:
                self._tickets.take_loaded(ticket)
            if fact.regained:
                self._told.setdefault(fact.lease, []).append(ticket)

    def _wish(self, row: JournalRow, fact: WishFact) -> None:
        if self.is_own(row.node):
            self._wishes.setdefault(fact.wish, (WishState.asked, ""))

    def _wish_answer(self, row: JournalRow, fact: WishAnswerFact) -> None:
        self._tickets.tell_status(fact.ticket, fact.status)
        if not self.is_own(row.node):
            state = WishState.granted if fact.reason == "ok" else WishState.refused
            if row.epoch in self._with_spare:
                state = WishState.told
            self._wishes[fact.wish] = (state, fact.reason)

    def _spared_fact(self, row: JournalRow, fact: SparedFact) -> None:
        if self.is_own(row.node):
            self._spared.update(fact.wishes)

    def _dispute(self, row: JournalRow, fact: DisputeFact) -> None:
        if self.is_own(row.node):
            self._findings.at("row_disputed", row, why=fact.why)

    def compare(self, leases: Iterable[Lease], wishes: Iterable[Wish]) -> None:
        """Compare the tables with what was replayed."""
        for seq in self._loaded:
            self._findings.add("loaded_stray", f"journal 1/0/{seq}")
        for lease in leases:
            name = lease.id.hex()
            state, until = self._leases.pop(name, (-1, 0))
            for field, told, found in (
                ("state", state, lease.state),
                ("not_after_ms", until, lease.not_after_ms),
            ):
                if told != found:
                    self._findings.add("lease_differs", f"lease {name}", field=field)
        for name in self._leases:
            self._findings.add("lease_differs", f"lease {name}", field="id")
        for wish in wishes:
            name = wish.id.hex()
            state, reason = self._wishes.pop(name, (-1, ""))
            if state == WishState.told and name in self._spared:
                state = WishState.granted if reason == "ok" else WishState.refused
            if (state, reason) != (wish.state, wish.reason):
                self._findings.add("wish_differs", f"wish {name}")
        for name in self._wishes:
            self._findings.add("wish_differs", f"wish {name}")


def base_counts(
    leases: Iterable[Lease],
) -> tuple[dict[tuple[str, int], list[int]], dict[int, int]]:
    """Return the counts that a lessee began with, by its newest leases."""
    zones: dict[tuple[str, int], list[int]] = {}
    sessions: dict[int, int] = {}
    for lease in sorted(leases, key=lambda each: each.granted_ms):
        counts = counts_of(lease)
        zones |= {(zone, day): [entries, exits] for zone, day, entries, exits in counts.zone_days}
        sessions |= dict(counts.sessions)
    return zones, sessions


def counts_taken_back(
    leases: Iterable[Lease],
) -> tuple[dict[tuple[str, int], list[int]], dict[int, int]]:
    """Return by how much counts of zones and sessions changed with leases that were taken back."""
    zones: dict[tuple[str, int], list[int]] = {}
    sessions: dict[int, int] = {}
    for lease in leases:
        counts = counts_of(lease)
        for zone, day, entries, exits in counts.zone_days:
            known = zones.setdefault((zone, day), [0, 0])
            known[0] += entries
            known[1] += exits
        for session, admitted in counts.sessions:
            sessions[session] = sessions.get(session, 0) + admitted
    return zones, sessions


def _told_only(row: JournalRow, fact: Fact) -> None:
    """It is told of; nothing that stands in a table follows from it."""
