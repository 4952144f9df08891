"""A centre, a host that will be given up, a spare, gates: real ledgers and stores, no line."""

import io
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from paifang.core.ids import uuid7
from paifang.core.leases import LeaseState
from paifang.core.rules import NodeRules, Terminal, TerminalRole
from paifang.ledger.commands import Command
from paifang.ledger.facts import KINDS, Answer, payload_of
from paifang.ledger.lease_commands import BreakLease, GrantLease, OpenLease, WireAnswer
from paifang.ledger.opening import Target
from paifang.sync import centre, gates, lessee
from paifang.sync.envelope import seal, take_apart, unseal
from paifang.sync.lane import Lane, Policy, Verdict
from paifang.sync.lane_messages import LaneAsk, LaneDown, LaneUp
from paifang.sync.lane_store import SqliteLaneStore
from paifang.sync.messages import Down, Grant, Up
from paifang.sync.restored import Own
from paifang.sync.snapshot import write_snapshot
from tests.ledger import world
from tests.ledger.venue import key
from tests.ledger.world import SettableClock, at
from tests.sync.nodes import CENTRE, HOST, Node, fair_rules

SPARE = "0190a000-0000-7000-8000-0000000000bb"
FIRST, SECOND = (uuid7(at(0) + n, bytes([n]) * 10) for n in range(2))
GATES = tuple(Terminal(name, name, TerminalRole.gate, ("north", "south")) for name in ("g1", "g2"))


class Failover:
    """All of them, with the fair leased to the host that will be given up."""

    def __init__(
        self, centre_at: Target, spare_at: Target, directory: Path, clock: SettableClock
    ) -> None:
        """Open everything; two tickets, A (once) and B (comes back), are sold."""
        self.directory = directory
        self.clock = clock
        self.centre = Node(CENTRE, centre_at, clock)
        self.old = Node(HOST, directory / "old.db", clock)
        self.new = Node(SPARE, spare_at, clock)
        self.files: dict[bytes, tuple[bytes, bytes]] = {}
        self.nonces = itertools.count(1)
        self.tokens = itertools.count(1)
        sold = self.centre.ledger
        sold.publish(fair_rules())
        peers = {HOST: self.old.peer("Old"), SPARE: self.new.peer("New")}
        sold.publish(replace(world.node_rules(), peers=peers))
        sold.home = sold.segment("fair")
        for node in (self.old, self.new):
            terminals = {each.id: each for each in GATES}
            rules = NodeRules(node=node.name, terminals=terminals, staff=world.node_rules().staff)
            node.ledger.publish(rules)
        sold.issue("A")
        sold.issue("B", world.RE_ENTRY)
        self.grant(FIRST, HOST)
        self.talk(self.old, 2)

    # The centre and its hosts.

    def grant(self, lease: bytes, host: str, *before: Command) -> None:
        """Lease the fair to a host, and write what it needs."""
        outcomes = self.centre.ledger.batch(
            *before,
            self.granted(lease, host),
        )
        assert all(isinstance(outcome, Answer) for outcome in outcomes), outcomes
        reader = self.centre.ledger.reader()
        raw = reader.raw
        found = next(each for each in lessee.leases_of(raw) if each.id == lease)
        cursor, sink = centre.own_cursor(raw), io.BytesIO()
        numbers = frozenset(head.number for head in centre.segments_of(raw, found))
        made = write_snapshot(raw, numbers, sink)
        prepared = centre.Prepared(made, cursor, CENTRE)
        document = centre.make_grant(raw, found, prepared, reader.rules().centre, b"")
        self.files[lease] = (seal(document, CENTRE, self.centre.sign), sink.getvalue())
        reader.close()

    def granted(self, lease: bytes, host: str) -> GrantLease:
        """Return the lease to be given."""
        return GrantLease(
            request_id=f"grant:{lease.hex()}",
            actor="wang",
            lease=lease,
            site="park",
            periods=("fair",),
            lessee=host,
            rights=("admit", "exchange"),
            not_after_ms=at(12, day=3),
        )

    def give_up_old(self) -> None:
        """Break the first lease and give the fair to the spare."""
        breaks = BreakLease(
            request_id="break",
            actor="wang",
            second="han",
            lease=FIRST,
            reason_text="it does not answer",
        )
        self.grant(SECOND, SPARE, breaks)
        self.talk(self.new)

    def talk(self, node: Node, times: int = 1, *, hears: bool = True, fetches: bool = True) -> Down:
        """Let a host tell the centre and hear it, and load what it was granted.

        Args:
            node: The host.
            times: How often.
            hears: False loses the answer on its way.
            fetches: False leaves what was granted where it is.

        Returns:
            What the centre answered last.
        """
        downs: list[Down] = []
        for _ in range(times):
            reader = node.ledger.reader()
            boot = lessee.Boot(1, next(self.nonces).to_bytes(16, "big"))
            up = lessee.tell(reader.raw, node.name, boot, 1_000_000)
            told = unseal(take_apart(seal(up, node.name, node.sign)), node.checks, Up)
            theirs = self.centre.ledger.reader()
            down = centre.answer(
                theirs.raw,
                commits(self.centre),
                told,
                centre.Here(
                    CENTRE,
                    lambda lease: self.files[lease][0],
                    self.clock.now_ms(),
                    Own(self._open_grant, lambda _body, signature: not signature),
                ),
            )
            theirs.close()
            downs.append(down)
            if hears:
                lessee.hear(reader.raw, commits(node), down, self._open_grant)
            for lease in lessee.leases_of(reader.raw) if fetches else ():
                if lease.state in {LeaseState.granted, LeaseState.sealed} and lease.chunks:
                    list(lessee.load(commits(node), lease, self.files[lease.id][1]))
            reader.close()
        return downs[-1]

    def _open_grant(self, data: bytes) -> Grant:
        return unseal(take_apart(data), self.centre.checks, Grant)

    # Gates.

    def lane(self, name: str, policy: Policy = Policy()) -> Lane:  # noqa: B008 - a value
        """Start a gate on its store."""
        store = SqliteLaneStore(self.directory / f"{name}.db")
        return Lane(name, store, policy, lambda: f"{next(self.tokens)}")

    def ask(self, lane: Lane, node: Node, times: int = 1) -> list[Verdict]:
        """Let a gate tell a host, and hear it."""
        shown: list[Verdict] = []
        for _ in range(times):
            shown += lane.hear(self.answer(node, lane.up()), self.clock.now_ms())
        return shown

    def answer(self, node: Node, up: LaneUp) -> LaneDown:
        """Return what a node answers a gate."""
        reader = node.ledger.reader()
        host = gates.Host(node.name, is_centre=node is self.centre)
        down = gates.answer_gate(reader.raw, commits(node), up, make(up.terminal), host)
        reader.close()
        return down

    def scan(self, lane: Lane, code: str, node: Node, direction: str = "entry") -> str:
        """Show a code at a gate; return the reason."""
        request_id = lane.scan("north", code, self.clock.now_ms(), direction)
        found = [each for each in self.ask(lane, node) if each.request_id == request_id]
        if not found:
            return "nobody answered"
        if found[0].opens:
            lane.passed(request_id)
        return found[0].reason

    def close(self) -> None:
        """Close all ledgers."""
        for node in (self.centre, self.old, self.new):
            node.ledger.close()


def commits(node: Node) -> Callable[..., list[Any]]:
    """Return how a node commits."""
    return lambda commands: node.ledger.batch(*commands)


def make(terminal: str) -> Callable[[LaneAsk], Command | str]:
    """Return how a host reads what a gate asks."""
    return lambda ask: gates.command_of(ask, terminal, gates.Shown(lookups=(key(ask.code),)))


def opens(written_off: tuple[str, ...] = (), actor: str = "wang") -> OpenLease:
    """Return the command by which the spare opens."""
    return OpenLease(lease=SECOND, written_off=written_off, actor=actor)


def act(request_id: str, fact: Any, **more: Any) -> WireAnswer:
    """Return an act as a gate keeps it."""
    kind = more.pop("kind", None) or KINDS[type(fact)]
    payload = more.pop("payload", None) or payload_of(fact)
    place: dict[str, Any] = {
        "segment": "0" * 32,
        "epoch": 2,
        "seq": 1_000,
        "at_ms": at(10),
        "node": HOST,
    } | more
    return WireAnswer(request_id, **place, kind=kind, payload=payload)
