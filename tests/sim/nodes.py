"""Centre and hosts: the production's ledger and sync on simulated machines.

A machine runs a process on its disk. The process ends when the machine is killed, loses its power
or meets the end in the middle of a write; nothing in memory outlives it.
"""

import hashlib
import io
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from paifang.core.leases import LeaseState, generation_at, partner_of
from paifang.core.rules import CentreRules, NodeRules, Peer
from paifang.ledger import freeze
from paifang.ledger import tables as t
from paifang.ledger.batch import Outcome
from paifang.ledger.clock import SystemClock
from paifang.ledger.commands import Command, Publish
from paifang.ledger.engine import EngineError
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault, NotPossible
from paifang.ledger.lease_commands import BreakGlass, OpenLease, ReturnLease
from paifang.ledger.opening import LedgerReader, make_own_segment
from paifang.ledger.restore_commands import Restore
from paifang.ledger.rows import Lease
from paifang.ledger.sqlite import SqliteEngine, SqliteReader
from paifang.ledger.writer import Writer
from paifang.sync import centre, gates, lessee, spares
from paifang.sync.envelope import seal, take_apart, unseal
from paifang.sync.lane_messages import LaneAsk, LaneDown, LaneUp
from paifang.sync.messages import Down, Grant, Up
from paifang.sync.restored import Own
from paifang.sync.snapshot import write_snapshot
from tests.ledger.venue import key
from tests.ledger.world import body_of
from tests.sim.disk import Disk, mount
from tests.sim.world import MINUTE, SECOND, World

logging.getLogger("paifang.ledger.writer").setLevel(logging.CRITICAL)
logging.getLogger("paifang.sync.lane").setLevel(logging.CRITICAL)

UP_BYTES: Final = 60_000
pack = msgspec.msgpack.Encoder().encode


def sign(node: str) -> Callable[[bytes], bytes]:
    """Return how a node signs here: keyed, fast, 64 bytes."""
    return lambda message: hashlib.blake2b(message, key=node.encode()[:64]).digest()


def checks(node: str) -> Callable[[bytes, bytes], bool]:
    """Return how a node's signature is checked."""
    return lambda message, signature: sign(node)(message) == signature


class Machine:
    """A machine with a disk, on which a process runs, or not."""

    def __init__(self, world: World, name: str) -> None:
        """Set it up; it is not running yet."""
        self.world = world
        self.name = name
        self.disk = Disk(world.dice)
        self.running = False
        self.lost = False
        self.starts = 0
        self.skew_ms = 0
        self.doom: tuple[bool, float] | None = None

    def now_ms(self) -> int:
        """Return the time as this machine's clock has it."""
        return self.world.now_ms + self.skew_ms

    def start(self) -> None:
        """Start the process; a start that fails is tried again later."""
        if self.running or self.lost:
            return
        self.starts += 1
        self.running = True
        if not self.step(self.boot):
            self.world.after(5 * SECOND, self.start)

    def boot(self) -> None:
        """Open what is on the disk."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what is open, as the end of a process does."""
        raise NotImplementedError

    def step(self, do: Callable[[], object]) -> bool:
        """Let the process do something; whether it lived through it."""
        if not self.running:
            return False
        try:
            do()
        except (EngineError, LedgerFault, OSError):
            # A process that meets a broken disk while it starts ends; afterwards it lives on.
            if not self.disk.off and do != self.boot:
                return True
            self._fall()
            return False
        if self.disk.off:
            self._fall()
            return False
        return True

    def _fall(self) -> None:
        """End in the middle of something; what was to come back does."""
        self.end()
        if self.doom is not None:
            (power, down_ms), self.doom = self.doom, None
            self.come_back(power=power, down_ms=down_ms)
        elif not self.lost:
            # It ended by itself, while it started.
            self.disk.restart(power=False)

    def end(self) -> None:
        """The process is gone, as by kill -9."""
        if self.running:
            self.running = False
            self.disk.off = True
            with suppress(Exception):
                self.close()

    def kill(self, *, power: bool, down_ms: float, calls: int) -> None:
        """End it at so many writes from now; it comes back after a while."""
        if not self.running or self.doom is not None:
            return
        if calls:
            self.disk.calls_left, self.doom = calls, (power, down_ms)
        else:
            self.end()
            self.come_back(power=power, down_ms=down_ms)

    def come_back(self, *, power: bool, down_ms: float) -> None:
        """Start again after a while, with what the disk has kept."""
        torn = self.disk.torn
        self.disk.restart(power=power)
        self.world.fired["power_cut" if power else "kill"] += 1
        self.world.fired["torn_write"] += self.disk.torn - torn
        self.world.after(down_ms, self.start)

    def lose(self) -> None:
        """The machine is gone for ever, and its disk."""
        self.end()
        self.lost, self.doom = True, None
        self.disk.remove()


class LedgerMachine(Machine):
    """A machine with a ledger."""

    def boot(self) -> None:
        """Open the ledger, as a server does."""
        self.engine = SqliteEngine(self.disk.path, vfs=mount())
        make_own_segment(self.engine, self.name)
        clock = SystemClock(
            lambda: self.now_ms() * 1_000_000, lambda: self.world.now_ms * 1_000_000
        )
        self.writer = Writer(self.engine, node=self.name, clock=clock)
        self.commit([])
        raw = SqliteReader.__new__(SqliteReader)
        # The disk of a simulated machine has room for one connection only.
        raw.connection = self.engine.connection
        self.reader = LedgerReader(raw)

    def close(self) -> None:
        """Close the ledger."""
        self.engine.close()

    def commit(self, commands: Sequence[Command]) -> list[Outcome]:
        """Commit as the writer's thread does."""
        outcomes = self.writer.commit(commands)
        self.reader_follows()
        if self.disk.off:
            # Whoever was to be answered hears nothing: the process is gone.
            raise EngineError("gone")
        return outcomes

    def reader_follows(self) -> None:
        """Read by the writer's connection, which it may have opened anew."""
        if hasattr(self, "reader"):
            self.reader.raw.connection = self.engine.connection  # type: ignore[attr-defined]

    def publish(self, layer: CentreRules | NodeRules) -> None:
        """Bring a layer of the rules into force."""
        name = "centre" if isinstance(layer, CentreRules) else "node"
        base = getattr(self.writer.rules, name).version
        self.commit([Publish(layer=name, base=base, body=body_of(layer))])

    def leases(self) -> list[Lease]:
        """Return the leases it knows."""
        return lessee.leases_of(self.reader.raw)

    def peer(self) -> Peer:
        """Return it as others know it."""
        return Peer(self.name, self.name, self.name.encode().hex())


class Centre(LedgerMachine):
    """The centre. Grants and snapshots lie as files beside its ledger."""

    def __init__(self, world: World, name: str) -> None:
        """Set it up."""
        super().__init__(world, name)
        self.documents: dict[bytes, bytes] = {}
        self.snapshots: dict[bytes, bytes] = {}
        self.backup: tuple[bytes, dict[bytes, bytes], dict[bytes, bytes]] | None = None
        self.told = False

    def boot(self) -> None:
        """Start, and make what a grant that was cut short still lacks."""
        super().boot()
        if self.told:
            self._say_restored()
        self.prepare()

    def prepare(self) -> None:
        """Write the snapshot and the document of each lease that has none."""
        for lease in self.leases():
            known = lease.id in self.documents or lease.document
            if known or lease.state != LeaseState.granted:
                continue
            raw = self.reader.raw
            cursor = centre.own_cursor(raw)
            segments = frozenset(head.number for head in centre.segments_of(raw, lease))
            sink = io.BytesIO()
            made = write_snapshot(raw, segments, sink)
            rules = self.reader.rules().centre
            prepared = centre.Prepared(made, cursor, self.name)
            document = centre.make_grant(raw, lease, prepared, rules, b"")
            self.snapshots[lease.id] = sink.getvalue()
            self.documents[lease.id] = seal(document, self.name, sign(self.name))
        for sealed in self.leases():
            first = partner_of(sealed.id)
            if sealed.state != LeaseState.sealed or sealed.id in self.documents:
                continue
            if first in self.documents:
                grant = unseal(take_apart(self.documents[first]), checks(self.name), Grant)
                document = spares.behind(grant, sealed.lessee, sealed.epoch, b"")
                self.snapshots[sealed.id] = self.snapshots[first]
                self.documents[sealed.id] = seal(document, self.name, sign(self.name))

    def back_up(self) -> None:
        """Copy ledger and files, if it runs."""
        if self.running and not self.disk.off:
            self.backup = (
                self.disk.copy(self.engine.connection),
                dict(self.documents),
                dict(self.snapshots),
            )

    def bring_back(self, *, told: bool) -> None:
        """Be as it was when it was copied; `told`: and say so to the ledger."""
        assert self.backup is not None
        self.end()
        self.doom = None
        self.disk.restart(power=False)
        copied, self.documents, self.snapshots = self.backup
        self.documents, self.snapshots = dict(self.documents), dict(self.snapshots)
        self.disk.put_back(copied)
        self.told = told
        self.start()

    def _say_restored(self) -> None:
        """Say to the ledger that it was brought back, as `paifang restore` does."""
        leases = tuple(lease.id for lease in self.leases())
        floor = generation_at(self.now_ms())
        self.commit([Restore(actor="wang", floor=floor, leases=leases)])
        self.told = False

    @property
    def frozen(self) -> tuple[str, ...]:
        """The hosts it waits for."""
        return freeze.awaited(self.reader.raw.meta())

    def _open_own(self, data: bytes) -> Grant:
        return unseal(take_apart(data), checks(self.name), Grant)

    def answer(self, data: bytes) -> bytes:
        """Answer what a host tells."""
        sealed = take_apart(data)
        up = unseal(sealed, checks(sealed.node), Up)
        own = Own(self._open_own, lambda _body, signature: not signature)
        here = centre.Here(self.name, self.documents.get, self.now_ms(), own)
        down = centre.answer(self.reader.raw, self.commit, up, here)
        return seal(down, self.name, sign(self.name))


class Host(LedgerMachine):
    """A venue host: it answers its gates, and tells the centre when the line is there."""

    def __init__(self, world: World, name: str, at: Centre) -> None:
        """Set it up."""
        super().__init__(world, name)
        self.centre = at
        self.nonce = 0
        self.heard_ms = 0
        self.every_ms = 45 * SECOND
        self.written_off: tuple[str, ...] = ()
        self.retires = False
        self.breaks_glass = False

    def boot(self) -> None:
        """Open the ledger and go on with whatever was begun."""
        super().boot()
        start = self.starts
        self.world.after(0, lambda: self.tick(start))

    def tick(self, start: int) -> None:
        """Tell the centre, now and then, for as long as this process lives."""
        if start != self.starts or not self.running:
            return
        if self.step(self.tell):
            # A line that was quiet for long is tried less often.
            self.world.after(self.every_ms, lambda: self.tick(start))

    def tell(self) -> None:
        """Send what the centre lacks, and do what a person has decided."""
        self.decide()
        self.nonce += 1
        boot = lessee.Boot(self.starts, self.nonce.to_bytes(16, "big"))
        up = lessee.tell(self.reader.raw, self.name, boot, UP_BYTES)
        data = seal(up, self.name, sign(self.name))
        start = self.starts
        self.world.send(self.name, self.centre.name, lambda: self._ask(data, start))

    def _ask(self, data: bytes, start: int) -> None:
        answers: list[bytes] = []
        if self.centre.step(lambda: answers.append(self.centre.answer(data))) and answers:
            self.world.send(self.centre.name, self.name, lambda: self._told(answers[0], start))

    def _told(self, data: bytes, start: int) -> None:
        if start == self.starts:
            self.step(lambda: self.hear(data))

    def hear(self, data: bytes) -> None:
        """Do what the centre says, and fetch what it grants."""
        down = unseal(take_apart(data), checks(self.centre.name), Down)
        lessee.hear(self.reader.raw, self.commit, down, self._open_grant)
        self.heard_ms = self.world.now_ms
        for lease in self.leases():
            snapshot = self.centre.snapshots.get(lease.id)
            fetches = lease.state in {LeaseState.granted, LeaseState.sealed}
            if fetches and snapshot is not None:
                for _ in lessee.load(self.commit, lease, snapshot):
                    pass

    def _open_grant(self, data: bytes) -> Grant:
        return unseal(take_apart(data), checks(self.centre.name), Grant)

    def decide(self) -> None:
        """Do what the venue's people have decided, once it is possible."""
        for lease in self.leases():
            name = lease.id.hex()
            if lease.state == LeaseState.sealed and self.breaks_glass:
                glass = BreakGlass(
                    request_id=f"glass:{name}",
                    actor="wang",
                    second="han",
                    lease=lease.id,
                    reason_text="it does not answer, nor does the centre",
                )
                if all(isinstance(each, Answer) for each in self.commit([glass])):
                    self.world.fired["glass_broken"] += 1
            if lease.state == LeaseState.granted and self.written_off:
                self.commit(
                    [
                        OpenLease(
                            request_id=f"open:{name}:{len(self.written_off)}",
                            actor="wang",
                            lease=lease.id,
                            written_off=self.written_off,
                        )
                    ]
                )
            if lease.state == LeaseState.ready and self.retires:
                returns = ReturnLease(request_id=f"return:{name}", actor="wang", lease=lease.id)
                self.commit([returns])

    def answer_gate(self, data: bytes) -> bytes:
        """Answer a gate."""
        up = msgspec.msgpack.decode(data, type=LaneUp)
        down = gates.answer_gate(
            self.reader.raw,
            self.commit,
            up,
            lambda ask: read(ask, up.terminal),
            gates.Host(self.name),
        )
        assert isinstance(down, LaneDown)
        return pack(down)

    def backlog(self) -> int:
        """Return how many rows the centre has not confirmed."""
        return lessee.backlog(self.reader.raw).rows


def read(ask: LaneAsk, terminal: str) -> Command | str:
    """Read a code as the host does; in this world a code's hash is all there is to it."""
    return gates.command_of(ask, terminal, gates.Shown(lookups=(key(ask.code),)))


__all__ = ["MINUTE", "Centre", "Host", "LedgerMachine", "Machine", "NotPossible", "t"]
