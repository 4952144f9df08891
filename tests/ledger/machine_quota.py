"""The machine of quota: capacity, holds and their ends in any order (I7, and what I6 has so far).

There is no money in the ledger yet, so of I6 only the units are here: every fact moves units from
one place to another, and free + held + sold is the capacity after each.
"""

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from paifang.core.quota import HoldState
from paifang.ledger import commands as c
from paifang.ledger import facts
from paifang.ledger import faults as f
from paifang.ledger import tables as t
from paifang.ledger.batch import Outcome
from tests.ledger.machine import HOW, NOW, PICK, How, LedgerMachine, must, must_be, told

MINUTE_MS = 60_000


@dataclass
class Held:
    """A hold the model knows."""

    quota: str
    units: int
    until_ms: int
    state: HoldState = HoldState.held


class QuotaMachine(LedgerMachine):
    """Two counters in two segments, and many holds."""

    def __init__(self) -> None:
        """Start with an empty ledger."""
        super().__init__()
        self.capacity: dict[str, int] = {}
        self.holds: dict[str, Held] = {}
        self.named: list[str] = []

    @initialize()
    def furnish(self) -> None:
        """Open a segment and make both counters."""
        self.do(NOW, c.OpenSegment(request_id="segment", site="park"))
        for segment, quota in ((1, "seats"), (2, "slots")):
            self.do(
                NOW,
                c.SetQuota(request_id=f"make {quota}", quota=quota, segment=segment, capacity=4),
            )

    def check(self, command: c.Command, outcome: Outcome) -> None:
        """Compare an outcome with the model."""
        if isinstance(command, c.SetQuota):
            self._check_capacity(command, outcome)
        elif isinstance(command, c.Hold):
            self._check_hold(command, outcome)
        elif isinstance(command, c.Confirm | c.Release):
            self._check_end(command, outcome)
        else:
            told(outcome, facts.SegmentFact)

    def taken(self, quota: str) -> int:
        """Return how many units of a counter are held or sold."""
        gone = HoldState.released
        return sum(h.units for h in self.holds.values() if h.quota == quota and h.state != gone)

    # Rules.

    @rule(quota=st.sampled_from(("seats", "slots")), capacity=st.integers(0, 6), how=HOW)
    def resize(self, quota: str, capacity: int, how: How) -> None:
        """Change a capacity."""
        name = self.next_id("resize")
        command = c.SetQuota(request_id=name, quota=quota, segment=1, capacity=capacity)
        self.do(how, command)

    @rule(
        quota=st.sampled_from(("seats", "seats", "slots", "none")),
        units=st.sampled_from((1, 1, 2, 3)),
        minutes=st.sampled_from((1, 30)),
        how=HOW,
    )
    def hold(self, quota: str, units: int, minutes: int, how: How) -> None:
        """Hold units."""
        name = self.next_id("hold")
        self.named.append(name)
        for_ms = minutes * MINUTE_MS
        self.do(
            how,
            c.Hold(request_id=f"r{name}", hold=name, quota=quota, units=units, for_ms=for_ms),
        )

    @rule(pick=PICK, how=HOW)
    def hold_once_more(self, pick: int, how: How) -> None:
        """Hold under a name that was used before."""
        if self.named:
            self.do(
                how,
                c.Hold(
                    request_id=self.next_id("once"),
                    hold=self.named[pick % len(self.named)],
                    quota="seats",
                    units=1,
                    for_ms=MINUTE_MS,
                ),
            )

    @rule(pick=PICK, sells=st.booleans(), how=HOW)
    def end(self, pick: int, sells: bool, how: How) -> None:  # noqa: FBT001 - drawn
        """Confirm or release a hold, also one that ended before."""
        if self.named:
            hold, name = self.named[pick % len(self.named)], self.next_id("end")
            self.do(
                how,
                c.Confirm(request_id=name, hold=hold)
                if sells
                else c.Release(request_id=name, hold=hold),
            )

    # Checks.

    def _check_capacity(self, command: c.SetQuota, outcome: Outcome) -> None:
        if command.capacity < self.taken(command.quota):
            must_be(outcome, f.NotPossible)
            return
        told(outcome, facts.QuotaFact)
        self.capacity[command.quota] = command.capacity

    def _check_hold(self, command: c.Hold, outcome: Outcome) -> None:
        if command.quota not in self.capacity:
            must_be(outcome, f.NotFound)
            return
        if command.hold in self.holds:
            must_be(outcome, f.NotPossible)
            return
        now_ms, free = self.clock.time_ms, self.capacity[command.quota] - self.taken(command.quota)
        if command.units > free:
            for held in self.holds.values():
                expired = held.state is HoldState.held and held.until_ms <= now_ms
                if held.quota == command.quota and expired:
                    held.state = HoldState.released
            free = self.capacity[command.quota] - self.taken(command.quota)
        fact = told(outcome, facts.HoldFact)
        expected = "ok" if command.units <= free else "sold_out"
        must(fact.reason == expected, f"{fact.reason}, expected {expected}")
        if expected == "ok":
            until_ms = now_ms + command.for_ms
            self.holds[command.hold] = Held(command.quota, command.units, until_ms)

    def _check_end(self, command: c.Confirm | c.Release, outcome: Outcome) -> None:
        held = self.holds.get(command.hold)
        if held is None:
            must_be(outcome, f.NotFound)
        elif held.state is not HoldState.held:
            must_be(outcome, f.Misuse)
        else:
            fact = told(outcome, facts.HoldEndFact)
            must(fact.units == held.units, "other units ended than were held")
            sold = isinstance(command, c.Confirm)
            held.state = HoldState.confirmed if sold else HoldState.released

    @invariant()
    def units_only_move(self) -> None:
        """After every step held and sold are what the holds say, and nothing is oversold."""
        rows = {row.id: row for row in self.reader.raw.scan(t.QUOTA)}
        must(rows.keys() == self.capacity.keys(), "another counter")
        for name, row in rows.items():
            sums = dict.fromkeys(HoldState, 0)
            for held in self.holds.values():
                sums[held.state] += held.units if held.quota == name else 0
            told_row = (self.capacity[name], sums[HoldState.held], sums[HoldState.confirmed])
            must(told_row == (row.capacity, row.held, row.sold), f"{row} is not {told_row}")
            must(row.free >= 0, "oversold")

    def compare_state(self) -> None:
        """Compare counters and holds with the tables."""
        self.units_only_move()
        for hold in self.reader.raw.scan(t.HOLD):
            held = self.holds.pop(hold.id)
            must((held.units, held.state) == (hold.units, hold.state), f"{hold} is not {held}")
        must(not self.holds, "a hold is missing")
