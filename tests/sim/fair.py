"""One run: a fair of some hours with everything that can go wrong, then quiet, then the checks."""

from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from paifang.core.ids import uuid7
from paifang.core.leases import OPEN_STATES, LeaseState
from paifang.core.rules import NodeRules, Terminal, TerminalRole
from paifang.ledger import freeze
from paifang.ledger.commands import Command, OpenSegment
from paifang.ledger.facts import Answer, SegmentFact
from paifang.ledger.faults import LedgerFault, NotPossible, Unavailable
from paifang.ledger.lease_commands import BreakLease, GrantLease
from paifang.sync.lane import Policy
from tests.ledger import world as venue
from tests.ledger.world import at
from tests.sim.gate import Gate
from tests.sim.nodes import Centre, Host, LedgerMachine
from tests.sim.people import Fair
from tests.sim.world import HOUR, MINUTE, SECOND, START_MS, World
from tests.sync.nodes import fair_rules

CENTRE: Final = "0190a000-0000-7000-8000-00000000000c"
HOSTS: Final = ("0190a000-0000-7000-8000-0000000000aa", "0190a000-0000-7000-8000-0000000000bb")
QUIET_MAX_MS: Final = 6 * HOUR


class Plan(NamedTuple):
    """What is drawn once for a run."""

    hours: float
    tickets: int
    gates: int
    permissive: bool
    hostile: float
    fate: str
    spare: bool
    restored: bool


def waits(outcome: object) -> bool:
    """Whether the centre was restored and says whom it waits for."""
    return isinstance(outcome, NotPossible) and "restored from a backup" in outcome.detail


def _is_genuine(_code: str) -> bool:
    """Nobody forges anything in this world."""
    return True


def plan_of(world: World) -> Plan:
    """Draw a run."""
    dice = world.dice
    fates = ("none", "host_lost", "falsely_dead", "glass_broken")
    fate = dice.choices(fates, weights=(32, 33, 17, 18), k=1)[0]
    spare = fate == "glass_broken" or dice.random() < 0.3
    return Plan(
        dice.uniform(2, 5),
        dice.randint(20, 50),
        dice.randint(4, 6),
        dice.random() < 0.3,
        dice.choice((0.2, 1.0, 1.0, 2.5)),
        fate,
        spare,
        # Two machines lost at once are promised nothing: docs/guide/en/backup.md.
        fate == "none" and dice.random() < 0.7,
    )


class Run:
    """The fair of one seed."""

    def __init__(self, seed: int) -> None:
        """Set everything up, in fair weather."""
        self.world = world = World(seed)
        self.plan = plan = plan_of(world)
        self.centre = Centre(world, CENTRE)
        self.hosts = [Host(world, name, self.centre) for name in HOSTS]
        policy = Policy()
        if plan.permissive:
            policy = Policy(
                permissive=True, provisional_max=5, cut_off_ms_max=HOUR, genuine=_is_genuine
            )
        self.gates = [
            Gate(world, f"g{n}", "north" if n % 2 else "south", policy) for n in range(plan.gates)
        ]
        self.dead_gates: list[Gate] = []
        self.wishes = 0
        self.given_up = False
        self.restored = False
        self.grants = 1
        self._open()

    @property
    def machines(self) -> list[LedgerMachine]:
        """Return centre and hosts."""
        return [self.centre, *self.hosts]

    def _open(self) -> None:
        for machine in self.machines:
            machine.start()
        self.centre.publish(fair_rules())
        terminals = {
            gate.name: Terminal(gate.name, gate.name, TerminalRole.gate, ("north", "south"))
            for gate in self.gates
        }
        node = venue.node_rules()
        peers = {host.name: host.peer() for host in self.hosts}
        self.centre.publish(replace(node, node=CENTRE, peers=peers))
        for host in self.hosts:
            host.publish(NodeRules(node=host.name, terminals=terminals, staff=node.staff))
        (opened,) = self.centre.commit([OpenSegment(site="park", period="fair")])
        assert isinstance(opened, Answer)
        segment = opened.decoded()
        assert isinstance(segment, SegmentFact)
        self.fair = Fair(self.world, self.centre, self.gates, segment.segment)
        for _ in range(self.plan.tickets):
            self._commit(self.fair.sell(self.plan.hours))
        self._grant(self.hosts[0])
        self.world.calm = True
        for gate in self.gates:
            gate.hosts = (self.hosts[0],)
            gate.start()
        self.world.run(START_MS + 2 * MINUTE)
        self.world.calm = False

    # What people at the centre do, again until it is done.

    def _commit(self, *commands: Command) -> None:
        """Commit at the centre, now or once it is up again."""

        def attempt() -> None:
            outcomes: list[object] = []
            done = self.centre.step(lambda: outcomes.extend(self.centre.commit(commands)))
            failed = any(isinstance(outcome, Unavailable) or waits(outcome) for outcome in outcomes)
            if not done or not outcomes or failed:
                self.world.after(20 * SECOND, attempt)
                return
            for outcome in outcomes:
                if isinstance(outcome, LedgerFault):
                    self.world.figures[f"refused {outcome.code}"] += 1
            self.centre.step(self.centre.prepare)

        attempt()

    def _grant_command(self, host: Host, n: int) -> GrantLease:
        spare = self.hosts[1].name if self.plan.spare and host is self.hosts[0] else ""
        lease = uuid7(at(0) + n, bytes([n]) * 10)
        return GrantLease(
            request_id=f"grant:{lease.hex()}",
            actor="wang",
            lease=lease,
            site="park",
            periods=("fair",),
            lessee=host.name,
            rights=("admit",) if spare else ("admit", "exchange"),
            not_after_ms=at(12, day=3),
            spare=spare,
        )

    def _grant(self, host: Host) -> None:
        self._commit(self._grant_command(host, 0))

    # What goes wrong.

    def hostilities(self) -> None:
        """Let everything happen that the plan has."""
        world, plan = self.world, self.plan
        span = plan.hours * HOUR
        world.drop, world.double, world.slow = 0.03 * plan.hostile, 0.03, 0.04 * plan.hostile
        for _ in range(int(6 * plan.hostile) + 2):
            world.after(world.dice.uniform(0, span), self._kill)
        for _ in range(int(3 * plan.hostile) + 1):
            world.after(world.dice.uniform(0, span), self._cut)
        world.after(world.dice.uniform(0, span), self._swizzle)
        for _ in range(int(2 * plan.hostile) + 1):
            world.after(world.dice.uniform(0, span), self._fill)
            world.after(world.dice.uniform(0, span), self._step_clock)
        for _ in range(world.dice.randint(1, 4)):
            world.after(world.dice.uniform(0, span), self._wish)
        for _ in range(world.dice.randint(2, 8)):
            world.after(world.dice.uniform(0, span), self._sell_late)
        if plan.fate != "none":
            world.after(world.dice.uniform(0.1, 0.8) * span, self._strike)
        if world.chance(0.12):
            world.after(world.dice.uniform(0, span), self._lose_gate)
        if plan.restored:
            copied = world.dice.uniform(0, 0.8) * span
            world.after(copied, self.centre.back_up)
            world.after(copied + world.spread(25 * MINUTE) + MINUTE, self._restore)

    def _kill(self) -> None:
        world = self.world
        machine = world.dice.choice([self.centre, *self.hosts, *self.hosts, *self.gates])
        if not machine.lost:
            machine.kill(
                power=world.chance(0.5),
                down_ms=world.spread(20 * SECOND),
                calls=world.dice.choice((0, world.dice.randrange(1, 30))),
            )

    def _cut(self) -> None:
        world = self.world
        gate, host = world.dice.choice(self.gates).name, world.dice.choice(self.hosts).name
        one, other = world.dice.choice(((self.centre.name, host), (gate, host)))
        world.cut_off(one, other)
        world.after(world.spread(15 * MINUTE), lambda: world.heal(one, other))

    def _swizzle(self) -> None:
        """Cut lines one by one, and mend them in another order."""
        world = self.world
        world.fired["swizzle"] += 1
        pairs = [(gate.name, host.name) for gate in self.gates for host in self.hosts]
        pairs += [(self.centre.name, host.name) for host in self.hosts]
        world.dice.shuffle(pairs)
        for n, (one, other) in enumerate(pairs):
            world.after(n * 2 * SECOND, partial(world.cut_off, one, other))
        world.dice.shuffle(pairs)
        begin = world.spread(3 * MINUTE) + 30 * SECOND
        for n, (one, other) in enumerate(pairs):
            world.after(begin + n * 3 * SECOND, partial(world.heal, one, other))

    def _fill(self) -> None:
        world = self.world
        machine = world.dice.choice([self.centre, *self.hosts, *self.gates])
        world.fired["disk_full"] += 1
        machine.disk.full = True

        def free() -> None:
            machine.disk.full = False

        world.after(world.spread(40 * SECOND), free)

    def _step_clock(self) -> None:
        world = self.world
        machine = world.dice.choice([self.centre, *self.hosts, *self.gates])
        machine.skew_ms += int(world.dice.choice((-1, 1)) * world.spread(10 * MINUTE))
        world.fired["clock_step"] += 1

    def _wish(self) -> None:
        self.wishes += 1
        self._commit(self.fair.wish(self.wishes))

    def _sell_late(self) -> None:
        left = (START_MS + self.plan.hours * HOUR - self.world.now_ms) / HOUR
        self._commit(self.fair.sell(max(left, 0.1)))

    def _lose_gate(self) -> None:
        gate = self.world.dice.choice(self.gates)
        if not gate.lost and len(self.dead_gates) < 1:
            self.world.fired["gate_lost"] += 1
            gate.lose()
            self.dead_gates.append(gate)

    # The centre is brought back from a backup.

    def _restore(self) -> None:
        """Bring the centre back; some people do not say so.

        What was at the centre and at a lost host alone is gone with both; that is not promised.
        """
        world = self.world
        if world.closed or self.centre.backup is None or self.hosts[0].lost:
            return
        world.fired["centre_restored"] += 1
        self.restored = True
        self.centre.bring_back(told=world.chance(0.7))
        world.after(10 * MINUTE, self._look_after)

    def _told_all(self, host: Host) -> bool:
        """Whether the centre has everything of a host, after a restore too."""
        if not (host.running and self.centre.running):
            return False
        ours = freeze.generation(self.centre.reader.raw.meta())
        theirs = freeze.heard(host.reader.raw.meta())
        return ours == theirs and not self.centre.frozen and host.backlog() == 0

    def _look_after(self) -> None:
        """What people do after a restore: a host that was to take over is given the fair again."""
        world, centre = self.world, self.centre
        if self.hosts[1].retires:
            return
        world.after(5 * MINUTE, self._look_after)
        if not self.given_up or not centre.running or centre.frozen:
            return
        open_ = [lease for lease in centre.leases() if lease.state in OPEN_STATES]
        if any(lease.lessee == self.hosts[1].name for lease in open_):
            return
        if not self._told_all(self.hosts[0]):
            return
        breaks = [self._break_command(lease.id) for lease in open_]
        self._commit(*breaks, self._grant_command(self.hosts[1], self.grants))
        self.grants += 1

    def _break_command(self, lease: bytes) -> BreakLease:
        return BreakLease(
            request_id=f"break:{lease.hex()}",
            actor="wang",
            second="han",
            lease=lease,
            reason_text="it does not answer",
        )

    # A host is given up.

    def _strike(self) -> None:
        """The host is lost, or only seems to be; after a while people act on it."""
        world, old = self.world, self.hosts[0]
        if self.restored and not self._told_all(old):
            world.after(2 * MINUTE, self._strike)
            return
        if self.plan.fate == "glass_broken":
            self._strike_with_the_line()
            return
        if self.plan.fate == "host_lost":
            world.fired["host_lost"] += 1
            old.lose()
        else:
            world.fired["falsely_dead"] += 1
            if world.chance(0.7):
                world.cut_off(self.centre.name, old.name)
                world.after(
                    world.spread(40 * MINUTE), lambda: world.heal(self.centre.name, old.name)
                )
        world.after(MINUTE + world.spread(5 * MINUTE), self._give_up_host)

    def _strike_with_the_line(self) -> None:
        """The centre is cut off, and the host is lost or only seems to be."""
        world, (old, new) = self.world, self.hosts
        # Now and then the old host goes on talking to the centre, and only the spare does not.
        cut = [new.name] if world.chance(0.3) else [new.name, old.name]
        for host in cut:
            world.cut_off(self.centre.name, host)
            world.after(
                10 * MINUTE + world.spread(50 * MINUTE),
                partial(world.heal, self.centre.name, host),
            )
        if world.chance(0.6):
            world.after(world.spread(5 * MINUTE), old.lose)
        world.after(6 * MINUTE + world.spread(5 * MINUTE), self._break_glass)

    def _break_glass(self) -> None:
        self.given_up = True
        self.hosts[1].breaks_glass = True
        self._move_gates()

    def _give_up_host(self) -> None:
        old, new = self.hosts[0], self.hosts[1]
        if self.restored and not old.lost and not self._told_all(old):
            # What it had told and the centre forgot would be gone with it.
            self.world.after(2 * MINUTE, self._give_up_host)
            return
        self.given_up = True
        lease = self._grant_command(old, 0).lease
        self._commit(self._break_command(lease), self._grant_command(new, 1))
        self.grants = 2
        self._move_gates()

    def _move_gates(self) -> None:
        """One gate after the other hears of the new host, and no more of the old one."""
        old, new = self.hosts
        for gate in self.gates:
            self.world.after(
                self.world.spread(4 * MINUTE),
                partial(gate.ask_of, old, new),
            )
            self.world.after(
                20 * MINUTE + self.world.spread(20 * MINUTE),
                partial(gate.ask_of, new),
            )
        self.world.after(30 * MINUTE, self._write_off)

    def _write_off(self) -> None:
        """Somebody goes and looks: gates that are gone are written off."""
        self.hosts[1].written_off = tuple(gate.name for gate in self.gates if gate.lost)

    # The end.

    def run(self) -> None:
        """Live through the fair, and bring everything to rest."""
        self.hostilities()
        self.world.run(START_MS + int(self.plan.hours * HOUR))
        self.quiet()

    def quiet(self) -> None:
        """Stop all faults, and let everything flow back."""
        world = self.world
        world.calm = world.closed = True
        world.cut.clear()
        for machine in (*self.machines, *self.gates):
            machine.disk.full = False
            machine.disk.calls_left = -1
            machine.doom = None
            world.after(SECOND, machine.start)
        holder = self.hosts[1] if self.given_up else self.hosts[0]
        for gate in self.gates:
            gate.hosts = (holder,)
        if self.given_up:
            world.after(MINUTE, self._write_off)
        self.settled = world.run(world.now_ms + QUIET_MAX_MS, self._is_quiet)
        for host in self.hosts:
            host.retires = True
        self.returned = world.run(world.now_ms + QUIET_MAX_MS, self._is_over)

    def _is_quiet(self) -> bool:
        """Whether nobody waits for anything."""
        if self.world.figures["events"] % 20:
            return False
        if not all(each.running or each.lost for each in (*self.machines, *self.gates)):
            return False
        if self.restored and not self._is_given():
            return False
        gates = all(gate.lost or not gate.lane.waits for gate in self.gates)
        return gates and self._nothing_to_tell()

    def _is_given(self) -> bool:
        """Whether nobody is waited for, and whoever took over holds the fair."""
        if self.centre.frozen:
            return False
        holders = {
            lease.lessee for lease in self.centre.leases() if lease.state == LeaseState.ready
        }
        return not self.given_up or self.hosts[1].name in holders

    def _nothing_to_tell(self) -> bool:
        alive = [host for host in self.hosts if not host.lost]
        return all(host.backlog() == 0 for host in alive)

    def _is_over(self) -> bool:
        if self.world.figures["events"] % 20:
            return False
        if not all(each.running or each.lost for each in self.machines):
            return False
        leases = [lease for host in self.hosts if not host.lost for lease in host.leases()]
        over = all(lease.state not in OPEN_STATES for lease in leases)
        told = all(
            lease.state in {LeaseState.returned, LeaseState.broken}
            for lease in self.centre.leases()
        )
        return over and told and self._nothing_to_tell()

    def close(self) -> None:
        """Let go of everything."""
        for machine in (*self.machines, *self.gates):
            machine.end()
            machine.disk.remove()
