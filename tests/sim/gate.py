"""Gates: the production's lane on a simulated machine, with people in front of it."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from paifang.sync.lane import Lane, LaneStore, Policy, StoreFault, Verdict
from paifang.sync.lane_messages import LaneDown
from paifang.sync.lane_store import SqliteLaneStore
from tests.sim.disk import mount
from tests.sim.nodes import Host, Machine, pack
from tests.sim.world import SECOND, World

PATIENCE_MS = 12 * SECOND
AGAIN_MS = 2 * SECOND
IDLE_MS = 150 * SECOND


class Opening(NamedTuple):
    """A gate that opened and let people pass: the truth that no node knows."""

    at_ms: int
    code: str
    gate: str
    terminal: str
    request_id: str
    direction: str
    people: int
    verdict: Verdict


Served = Callable[[Verdict | None], None]


class Gate(Machine):
    """A gate with one terminal; people queue in front of it."""

    def __init__(self, world: World, name: str, place: str, policy: Policy) -> None:
        """Set it up."""
        super().__init__(world, name)
        self.place = place
        self.policy = policy
        self.hosts: tuple[Host, ...] = ()
        self.waiting: dict[str, tuple[str, str, int, Served]] = {}
        self.openings: list[Opening] = []
        self.verdicts: list[tuple[int, str, Verdict]] = []
        self.minted: list[str] = []
        self.asked = False
        self.ended_opening: set[str] = set()

    def boot(self) -> None:
        """Open the store."""
        try:
            self.store: LaneStore = SqliteLaneStore(self.disk.path, vfs=mount())
            self.lane = Lane(self.name, self.store, self.policy, self._token)
        except StoreFault as fault:
            raise OSError from fault
        # It had decided alone and ended, or could not be sure of its disk, before it opened.
        alone = {name for name, each in self.lane.intents.items() if each.state == "provisional"}
        self.ended_opening |= alone - {each.request_id for each in self.openings}
        for *_, served in list(self.waiting.values()):
            served(None)
        self.waiting.clear()
        start = self.starts
        self.world.after(0, lambda: self.tick(start))

    def close(self) -> None:
        """Close the store."""
        self.store.close()  # type: ignore[attr-defined]

    def _token(self) -> str:
        return f"{self.world.dice.getrandbits(60):x}"

    def step(self, do: Callable[[], object]) -> bool:
        """As for any machine; a store that fails for once is no end."""

        def guarded() -> None:
            try:
                do()
            except StoreFault:
                self.world.figures["store_faults"] += 1

        return super().step(do if do == self.boot else guarded)

    def ask_of(self, *hosts: Host) -> None:
        """From now on one of these hosts goes by the venue's name."""
        self.hosts = hosts

    # People.

    def show(self, code: str, direction: str, count: int, served: Served) -> None:
        """Somebody shows a code; `served` hears what became of it, None if nothing."""
        self.world.figures["scans"] += 1
        before = len(self.waiting)
        if (
            not self.step(lambda: self._scan(code, direction, count, served))
            or len(self.waiting) == before
        ):
            self.world.after(SECOND, lambda: served(None))

    def _scan(self, code: str, direction: str, count: int, served: Served) -> None:
        request_id = self.lane.scan(self.place, code, self.now_ms(), direction, count)
        if request_id in self.waiting:
            return
        self.waiting[request_id] = (code, direction, count, served)
        start = self.starts
        self.world.after(PATIENCE_MS, lambda: self._impatient(request_id, start))
        self.tell()

    def _impatient(self, request_id: str, start: int) -> None:
        if start == self.starts and request_id in self.waiting:
            self.step(lambda: self._give_up(request_id))

    def _give_up(self, request_id: str) -> None:
        try:
            verdict = self.lane.give_up(request_id, self.now_ms())
        except StoreFault:
            verdict = None
        if verdict is not None:
            self._show(verdict)
        elif request_id in self.waiting:
            self.waiting.pop(request_id)[3](None)

    def _show(self, verdict: Verdict) -> None:
        """Show a verdict and let people pass."""
        shown = self.waiting.pop(verdict.request_id, None)
        if shown is None:
            # Nobody stands there any more, so nobody passes.
            self.lane.not_passed(verdict.request_id)
            return
        code, direction, count, served = shown
        self.world.figures["answers"] += 1
        self.verdicts.append((self.world.now_ms, code, verdict))
        if not verdict.opens:
            served(verdict)
            return
        # Who leaves does leave; what a gate did on its own word is told as it happened.
        alone = verdict.basis == "provisional" and verdict.fact is None
        passes = alone or direction == "exit" or self.world.chance(0.95)
        start = self.starts
        if passes:
            self.openings.append(
                Opening(
                    self.world.now_ms,
                    code,
                    self.place,
                    self.name,
                    verdict.request_id,
                    direction,
                    count,
                    verdict,
                )
            )

        def after() -> None:
            self._after(verdict, start, passes=passes)
            if not passes:
                served(None)

        self.world.after(self.world.spread(2 * SECOND), after)
        if passes:
            served(verdict)

    def _after(self, verdict: Verdict, start: int, *, passes: bool) -> None:
        if start != self.starts:
            return
        if passes:
            self.step(lambda: self.lane.passed(verdict.request_id))
        else:
            annul = self.world.chance(0.6)
            self.world.figures["annulled" if annul else "not_shown"] += 1
            self.step(lambda: self.lane.not_passed(verdict.request_id, annul=annul))

    # The host.

    def tick(self, start: int) -> None:
        """Ask again while anything waits; look now and then even if not."""
        if start != self.starts or not self.running:
            return
        if self.step(self.tell):
            again = AGAIN_MS if self.lane.asks else IDLE_MS
            if self.world.calm:
                again = 10 * SECOND
            self.world.after(again, lambda: self.tick(start))

    def tell(self) -> None:
        """Send what the host is to be told."""
        # Two machines may go by the venue's name for a while; then either may answer.
        host = self.world.dice.choice(self.hosts)
        data = pack(self.lane.up())
        start = self.starts
        self.world.send(self.name, host.name, lambda: self._ask(host, data, start))

    def _ask(self, host: Host, data: bytes, start: int) -> None:
        answers: list[bytes] = []
        if host.step(lambda: answers.append(host.answer_gate(data))) and answers:
            self.world.send(host.name, self.name, lambda: self._told(answers[0], start))

    def _told(self, data: bytes, start: int) -> None:
        # A process that was started anew does not hear what its forerunner asked.
        if start == self.starts:
            self.step(lambda: self._hear(data))

    def _hear(self, data: bytes) -> None:
        down = msgspec.msgpack.decode(data, type=LaneDown)
        for verdict in self.lane.hear(down, self.now_ms()):
            if self.disk.off:
                return
            self._show(verdict)
        if down.fences and any(fence.collects for fence in down.fences):
            self.tell()
