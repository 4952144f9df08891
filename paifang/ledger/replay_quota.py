"""Quota replayed from the journal: nothing oversold (I7), every hold ended at most once."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from paifang.core.quota import Hold, HoldState, Quota
from paifang.ledger.apply.lessee import counts_of
from paifang.ledger.balance import Balance
from paifang.ledger.facts import AllotFact, HoldEndFact, HoldFact, QuotaFact
from paifang.ledger.findings import Findings
from paifang.ledger.lease_commands import Counts
from paifang.ledger.rows import Head, JournalRow, Lease
from paifang.ledger.sale_facts import GiveBackFact

ENDS = {
    "confirmed": HoldState.confirmed,
    "released": HoldState.released,
    "expired": HoldState.released,
}
"""What a hold that ended so is from then on."""


class Held(NamedTuple):
    """An open hold: its quota, units, and until when (UTC ms)."""

    quota: str
    units: int
    until_ms: int


class _Begin(NamedTuple):
    """With what a lease on a segment began at a lessee."""

    segment: int
    epoch: int
    quotas: list[Quota]
    holds: tuple[tuple[str, str, int, int], ...]


def _by_segment(counts: Counts, numbers: Mapping[str, int]) -> dict[int, list[Quota]]:
    """Return the counters of a lease by this node's numbers of their segments."""
    found: dict[int, list[Quota]] = {}
    for name, uuid, *state in counts.quotas:
        if uuid in numbers:
            found.setdefault(numbers[uuid], []).append(Quota(name, numbers[uuid], *state))
    return found


class QuotaReplay:
    """All quota counters; of the holds only the open ones are kept."""

    def __init__(self, findings: Findings) -> None:
        """Take where findings go."""
        self._findings = findings
        self._quotas: dict[str, Quota] = {}
        self._open: dict[str, Held] = {}
        self._begins: list[_Begin] = []
        self.holds = Balance()

    def begin(self, leases: Iterable[Lease], heads: Iterable[Head]) -> None:
        """Take the leases a lessee began with: under each, counters start as it was given them."""
        numbers = {head.uuid: head.number for head in heads}
        self._begins = [
            _Begin(segment, lease.epoch, quotas, counts.holds)
            for lease in sorted(leases, key=lambda each: each.epoch)
            if (counts := counts_of(lease)).quotas
            for segment, quotas in _by_segment(counts, numbers).items()
        ]

    def _reach(self, segment: int, epoch: int) -> None:
        """Let the leases of a segment begin up to an epoch."""
        for begin in [each for each in self._begins if each[0] == segment and each[1] <= epoch]:
            self._begins.remove(begin)
            self._start(begin)

    def _start(self, begin: "_Begin") -> None:
        for quota in begin.quotas:
            self._quotas[quota.id] = quota
            for name in [name for name, held in self._open.items() if held.quota == quota.id]:
                self.holds.left(name, (*self._open.pop(name), int(HoldState.released)))
        names = {quota.id for quota in begin.quotas}
        for hold in begin.holds:
            if hold[1] in names:
                self._open[hold[0]] = Held(*hold[1:])

    def capacity(self, row: JournalRow, fact: QuotaFact) -> None:
        """A counter was made or resized."""
        self._reach(row.segment, row.epoch)
        quota = self._quotas.get(fact.quota, Quota(fact.quota, row.segment))
        if quota.segment != row.segment:
            self._findings.at("row_wrong_segment", row)
        self._set(row, quota._replace(capacity=fact.capacity))

    def allot(self, row: JournalRow, fact: AllotFact) -> None:
        """Units went to another counter, or came back."""
        quota = self._quota(row, fact.quota)
        if quota is not None:
            self._set(row, quota._replace(allotted=quota.allotted + fact.units))

    def give_back(self, row: JournalRow, fact: GiveBackFact) -> None:
        """Sold units are free again."""
        quota = self._quota(row, fact.quota)
        if quota is not None:
            if fact.units > quota.sold:
                self._findings.at("hold_not_open", row)
            self._set(row, quota._replace(sold=quota.sold - fact.units))

    def hold(self, row: JournalRow, fact: HoldFact) -> None:
        """Units were held, or refused."""
        if fact.reason != "ok":
            return
        quota = self._quota(row, fact.quota)
        if quota is None:
            return
        if fact.hold in self._open:
            self._findings.at("hold_not_open", row)
        self._open[fact.hold] = Held(fact.quota, fact.units, fact.until_ms)
        self._set(row, quota._replace(held=quota.held + fact.units))

    def end(self, row: JournalRow, fact: HoldEndFact) -> None:
        """A hold was confirmed, released or swept."""
        quota, state = self._quota(row, fact.quota), ENDS[fact.end]
        held = self._open.get(fact.hold)
        if quota is None or held is None or held[:2] != (fact.quota, fact.units):
            self._findings.at("hold_not_open", row)
            return
        if fact.end == "expired" and row.at_ms < held.until_ms:
            self._findings.at("hold_too_early", row)
        del self._open[fact.hold]
        self.holds.left(fact.hold, (*held, int(state)))
        sold = quota.sold + (fact.units if state is HoldState.confirmed else 0)
        self._set(row, quota._replace(held=quota.held - fact.units, sold=sold))

    def _quota(self, row: JournalRow, name: str) -> Quota | None:
        self._reach(row.segment, row.epoch)
        quota = self._quotas.get(name)
        if quota is None or quota.segment != row.segment:
            self._findings.at("quota_unknown", row)
            return None
        return quota

    def _set(self, row: JournalRow, quota: Quota) -> None:
        taken = quota.allotted + quota.held + quota.sold
        if taken > quota.capacity or quota.held < 0 or quota.allotted < 0:
            self._findings.at("oversold", row, taken=taken, capacity=quota.capacity)
        self._quotas[quota.id] = quota

    def close(self) -> None:
        """Put the holds that are still open beside the ended ones, after the last row."""
        for begin in self._begins:
            self._start(begin)
        for name, held in self._open.items():
            self.holds.left(name, (*held, int(HoldState.held)))

    def compare(self, quotas: Iterator[Quota], holds: Iterator[Hold]) -> int:
        """Compare counters and holds with their rows; return how many holds there are."""
        for quota in quotas:
            self._compare(self._quotas.pop(quota.id, None), quota)
        for missing in self._quotas.values():
            self._compare(missing, None)
        count = 0
        for hold in holds:
            count += 1
            self.holds.right(hold.id, hold[1:])
        return count

    def _compare(self, told: Quota | None, found: Quota | None) -> None:
        if told != found:
            self._findings.add(
                "quota_differs",
                f"quota {(told or found or Quota('', 0)).id}",
                expected=tuple(told or ()),
                found=tuple(found or ()),
            )
