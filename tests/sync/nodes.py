"""A centre and a venue host, each with a ledger of its own, talking by the documents of `sync`."""

import io
from collections.abc import Sequence
from dataclasses import replace

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from paifang.core.ids import uuid7
from paifang.core.rules import CentreRules, NodeRules, Peer, Period
from paifang.ledger import tables as t
from paifang.ledger.batch import Outcome
from paifang.ledger.commands import Command
from paifang.ledger.facts import Fact
from paifang.ledger.lease_commands import GrantLease
from paifang.ledger.opening import Target
from paifang.ledger.rows import Lease
from paifang.ledger.verify import verify
from paifang.sync import centre, lessee
from paifang.sync.envelope import seal, take_apart, unseal
from paifang.sync.messages import Down, Grant, Up
from paifang.sync.restored import Own
from paifang.sync.snapshot import write_snapshot
from tests.ledger import world
from tests.ledger.engines import NODE
from tests.ledger.venue import Venue
from tests.ledger.world import SettableClock, at

CENTRE = NODE
"""The name the databases of the tests are made with."""
HOST = "0190a000-0000-7000-8000-0000000000aa"
FAIR = Period("fair", at(0), at(0, day=3))
LEASE = uuid7(at(0), bytes(10))


def fair_rules() -> CentreRules:
    """Return the centre's layer, whose park has one period."""
    park = replace(world.PARK, periods=(FAIR,))
    return replace(world.centre_rules(), sites={"park": park})


class Node:
    """A node: its ledger, its key, and how often it started."""

    def __init__(self, name: str, target: Target, clock: SettableClock) -> None:
        """Open it."""
        self.name = name
        self.key = SigningKey.generate()
        self.ledger = Venue(target, clock, name)
        self.nonce = 0

    @property
    def check_key(self) -> VerifyKey:
        """Return the key its documents are checked by."""
        return self.key.verify_key

    def peer(self, name: str) -> Peer:
        """Return this node as others know it."""
        return Peer(self.name, name, bytes(self.check_key).hex())

    def sign(self, message: bytes) -> bytes:
        """Sign as this node."""
        return self.key.sign(message).signature

    def checks(self, message: bytes, signature: bytes) -> bool:
        """Whether this node signed."""
        try:
            self.check_key.verify(message, signature)
        except BadSignatureError:
            return False
        return True


class Pair:
    """A centre that sells for the park, and a host that joined it."""

    def __init__(self, centre_at: Target, host_at: Target, clock: SettableClock) -> None:
        """Open both."""
        self.clock = clock
        self.centre = Node(CENTRE, centre_at, clock)
        self.host = Node(HOST, host_at, clock)
        self.grants: dict[bytes, bytes] = {}
        self.snapshots: dict[bytes, bytes] = {}
        self.fetches = True
        self.last: Down
        sold = self.centre.ledger
        sold.publish(fair_rules())
        node = world.node_rules()
        sold.publish(replace(node, peers={HOST: self.host.peer("Host")}))
        self.period = sold.segment("fair")
        sold.home = self.period
        host_node = NodeRules(node=HOST, terminals=node.terminals, staff=node.staff)
        self.host.ledger.publish(host_node)

    def grant(
        self,
        lease: bytes = LEASE,
        until_ms: int = at(12, day=3),
        rights: tuple[str, ...] = ("admit", "exchange", "sell"),
    ) -> None:
        """Let the centre lease the fair to the host, and write its snapshot."""
        ledger = self.centre.ledger
        ledger.do(
            GrantLease(
                request_id=f"grant:{lease.hex()}",
                actor="wang",
                lease=lease,
                site="park",
                periods=("fair",),
                lessee=HOST,
                rights=rights,
                not_after_ms=until_ms,
            )
        )
        reader = ledger.reader()
        found = next(each for each in lessee.leases_of(reader.raw) if each.id == lease)
        cursor = centre.own_cursor(reader.raw)
        sink = io.BytesIO()
        segments = frozenset(head.number for head in centre.segments_of(reader.raw, found))
        made = write_snapshot(reader.raw, segments, sink)
        prepared = centre.Prepared(made, cursor, CENTRE)
        document = centre.make_grant(reader.raw, found, prepared, reader.rules().centre, b"")
        self.snapshots[lease] = sink.getvalue()
        self.grants[lease] = seal(document, CENTRE, self.centre.sign)
        reader.close()

    def open_grant(self, data: bytes) -> Grant:
        """Open a grant at the host, which knows the centre's key."""
        return unseal(take_apart(data), self.centre.checks, Grant)

    def own(self) -> Own:
        """Return how the centre knows what it signed; versions of the rules are unsigned here."""
        return Own(self.open_grant, lambda _body, signature: not signature)

    def up(self, bytes_max: int = 1_000_000) -> bytes:
        """Return what the host tells, as it travels."""
        self.host.nonce += 1
        reader = self.host.ledger.reader()
        boot = lessee.Boot(1, self.host.nonce.to_bytes(16, "big"))
        document = lessee.tell(reader.raw, HOST, boot, bytes_max)
        reader.close()
        return seal(document, HOST, self.host.sign)

    def down(self, data: bytes) -> bytes:
        """Return what the centre answers, as it travels."""
        up = unseal(take_apart(data), self.host.checks, Up)
        reader = self.centre.ledger.reader()
        ledger = self.centre.ledger
        down = centre.answer(
            reader.raw,
            lambda commands: ledger.batch(*commands),
            up,
            centre.Here(CENTRE, self.grants.get, self.clock.now_ms(), self.own()),
        )
        reader.close()
        return seal(down, CENTRE, self.centre.sign)

    def opened(self, data: bytes) -> Down:
        """Open what the centre answered."""
        return unseal(take_apart(data), self.centre.checks, Down)

    def commit(self, commands: Sequence[Command]) -> list[Outcome]:
        """Commit at the host."""
        return self.host.ledger.batch(*commands)

    def hear(self, data: bytes) -> Down:
        """Let the host do what the centre says, and fetch what it grants."""
        down = self.opened(data)
        reader = self.host.ledger.reader()
        lessee.hear(reader.raw, self.commit, down, self.open_grant)
        for lease in self.leases("host"):
            if lease.state == 0 and self.fetches:
                for _ in lessee.load(self.commit, lease, self.snapshots[lease.id]):
                    pass
        reader.close()
        return down

    def talk(self, times: int = 1, bytes_max: int = 1_000_000) -> Down:
        """Let the host tell and hear, so many times."""
        for _ in range(times):
            self.last = self.hear(self.down(self.up(bytes_max)))
        return self.last

    def leases(self, side: str) -> list[Lease]:
        """Return the leases one side knows."""
        reader = getattr(self, side).ledger.reader()
        found = lessee.leases_of(reader.raw)
        reader.close()
        return found

    def backlog(self) -> int:
        """Return how many rows of the host the centre has not confirmed."""
        reader = self.host.ledger.reader()
        rows = lessee.backlog(reader.raw).rows
        reader.close()
        return rows

    def differences(self) -> list[str]:
        """Return the names of tables in which centre and host do not say the same."""
        found = []
        for name, table, cut in (
            ("tickets", t.TICKET, lambda row: (row[:3], row[4:])),
            ("uses", t.USE, lambda row: (row[:2], row[3:])),
            ("credentials", t.CREDENTIAL, tuple),
            ("zones", t.ZONE_DAY, tuple),
            ("sessions", t.SESSION_COUNT, tuple),
            ("aftermaths", t.AFTERMATH, tuple),
        ):
            ours, theirs = (
                [cut(row) for row in side.ledger.rows(table)] for side in (self.centre, self.host)
            )
            if ours != theirs:
                found.append(name)
        return found

    def verified(self) -> list[str]:
        """Return what is wrong with either ledger."""
        found = []
        for name in ("centre", "host"):
            reader = getattr(self, name).ledger.reader()
            report = verify(reader.raw)
            reader.close()
            found += [f"{name} {one.code} {one.where}" for one in report.findings]
        return found

    def close(self) -> None:
        """Close both."""
        self.centre.ledger.close()
        self.host.ledger.close()


__all__ = ["CENTRE", "HOST", "LEASE", "Fact", "Node", "Pair"]
