"""The simulated world: time, chance, the network and the faults; no logic of the product.

Everything that happens is an entry in one heap, ordered by time; every choice is drawn from one
seeded source. So a seed is a run, and the same seed is the same run.
"""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from typing import Final

from tests.ledger.world import at

START_MS: Final = at(9)
SECOND: Final = 1_000
MINUTE: Final = 60_000
HOUR: Final = 3_600_000

FAULTS: Final = (
    "drop",
    "duplicate",
    "delay",
    "reorder",
    "partition",
    "swizzle",
    "kill",
    "power_cut",
    "torn_write",
    "disk_full",
    "clock_step",
    "host_lost",
    "falsely_dead",
    "gate_lost",
    "centre_restored",
    "glass_broken",
)


class World:
    """Time, chance, and who can reach whom."""

    def __init__(self, seed: int) -> None:
        """Begin; nothing has happened yet."""
        self.seed = seed
        self.dice = random.Random(seed)
        self.now_ms = START_MS
        self.fired: Counter[str] = Counter()
        self.figures: Counter[str] = Counter()
        self.calm = False
        self.closed = False
        self.drop = self.double = self.slow = 0.0
        self.cut: set[frozenset[str]] = set()
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._last: dict[tuple[str, str], int] = {}

    # Time.

    def after(self, ms: float, do: Callable[[], None]) -> None:
        """Let something happen later."""
        heapq.heappush(self._heap, (self.now_ms + max(0, int(ms)), next(self._order), do))

    def run(self, until_ms: int, done: Callable[[], bool] | None = None) -> bool:
        """Let time pass until then, or until it is done; return whether it is done."""
        while self._heap and self._heap[0][0] <= until_ms:
            self.now_ms, _, do = heapq.heappop(self._heap)
            self.figures["events"] += 1
            do()
            if done is not None and done():
                return True
        self.now_ms = max(self.now_ms, until_ms)
        return done is not None and done()

    def chance(self, share: float) -> bool:
        """Whether something happens that happens so often."""
        return self.dice.random() < share

    def spread(self, mean_ms: float) -> float:
        """Return a time around a mean, as things that come at random do."""
        return self.dice.expovariate(1 / mean_ms)

    # The network.

    def send(self, sender: str, receiver: str, deliver: Callable[[], None]) -> None:
        """Carry a message, or what the weather makes of it."""
        if not self.calm and self.drop and self.chance(self.drop):
            self.fired["drop"] += 1
            return
        self._carry(sender, receiver, deliver)
        if not self.calm and self.double and self.chance(self.double):
            self.fired["duplicate"] += 1
            self._carry(sender, receiver, deliver)

    def _carry(self, sender: str, receiver: str, deliver: Callable[[], None]) -> None:
        pair = frozenset((sender, receiver))
        took = self.dice.uniform(1, 40)
        if not self.calm and self.slow and self.chance(self.slow):
            self.fired["delay"] += 1
            took += self.spread(8 * SECOND)
        arrives = self.now_ms + int(took)
        if arrives < self._last.get((sender, receiver), 0):
            self.fired["reorder"] += 1
        self._last[sender, receiver] = max(arrives, self._last.get((sender, receiver), 0))

        def arrive() -> None:
            if pair in self.cut:
                self.fired["partition"] += 1
            else:
                deliver()

        self.after(took, arrive)

    def cut_off(self, one: str, other: str) -> None:
        """Cut a line."""
        self.cut.add(frozenset((one, other)))

    def heal(self, one: str, other: str) -> None:
        """Mend a line."""
        self.cut.discard(frozenset((one, other)))
