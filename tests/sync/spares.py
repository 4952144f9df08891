"""A centre, a host with a lease, the spare behind it, and gates: real ledgers, no line."""

from pathlib import Path

import msgspec

from paifang.core.leases import LeaseState, partner_of
from paifang.ledger import tables as t
from paifang.ledger.commands import Command
from paifang.ledger.lease_commands import BreakGlass, GrantLease
from paifang.ledger.opening import Target
from paifang.ledger.rows import Lease
from paifang.sync import lessee, spares
from paifang.sync.envelope import seal, take_apart, unseal
from paifang.sync.messages import Grant
from tests.ledger.world import SettableClock
from tests.sync.failover import FIRST, SPARE, Failover
from tests.sync.nodes import CENTRE, Node

SEALED = partner_of(FIRST)


class Guarded(Failover):
    """As `Failover`, with a spare behind the lease from the beginning."""

    def __init__(
        self, centre_at: Target, spare_at: Target, directory: Path, clock: SettableClock
    ) -> None:
        """Open everything; host and spare have their grants."""
        super().__init__(centre_at, spare_at, directory, clock)
        self.talk(self.new, 2)

    def granted(self, lease: bytes, host: str) -> GrantLease:
        """Return the lease to be given, with a spare."""
        spare = SPARE if host != SPARE else ""
        rights = ("admit",) if spare else ("admit", "exchange")
        return replace_command(super().granted(lease, host), spare=spare, rights=rights)

    def grant(self, lease: bytes, host: str, *before: Command) -> None:
        """Give the lease and the sealed grant behind it."""
        super().grant(lease, host, *before)
        document, snapshot = self.files[lease]
        sealed = self.lease(self.centre, partner_of(lease))
        if sealed is None:
            return
        grant = unseal(take_apart(document), self.centre.checks, Grant)
        behind = spares.behind(grant, sealed.lessee, sealed.epoch, b"")
        self.files[sealed.id] = (seal(behind, CENTRE, self.centre.sign), snapshot)

    def lease(self, node: Node, lease: bytes) -> Lease | None:
        """Return a lease as a node has it."""
        reader = node.ledger.reader()
        found = next((each for each in lessee.leases_of(reader.raw) if each.id == lease), None)
        reader.close()
        return found

    def state(self, node: Node, lease: bytes = SEALED) -> LeaseState:
        """Return how far a lease is at a node."""
        found = self.lease(node, lease)
        assert found is not None
        return LeaseState(found.state)

    def break_glass(self, **changes: object) -> None:
        """Let two persons at the spare begin to use the sealed grant."""
        self.new.ledger.do(breaks(**changes))

    def relay(self) -> None:
        """Let what the host wrote come to the spare, and the host hear of it."""
        for node in (self.old, self.new, self.new, self.old):
            self.talk(node)

    def differences(self) -> list[str]:
        """Return the tables in which centre and spare do not say the same."""
        found = []
        for name, table, cut in (
            ("tickets", t.TICKET, lambda row: (row[0], row[4:])),
            ("uses", t.USE, lambda row: (row[:2], row[3:])),
            ("zones", t.ZONE_DAY, lambda row: any(row[2:]) and row),
            ("sessions", t.SESSION_COUNT, tuple),
            ("aftermaths", t.AFTERMATH, lambda row: any(row[1:]) and row),
        ):
            ours, theirs = (
                [made for row in node.ledger.rows(table) if (made := cut(row))]
                for node in (self.centre, self.new)
            )
            if ours != theirs:
                found.append(f"{name}: {sorted(set(map(str, ours)) ^ set(map(str, theirs)))}")
        return found


def replace_command(command: GrantLease, **changes: object) -> GrantLease:
    """Return a command with other members."""
    return msgspec.structs.replace(command, **changes)


def breaks(**changes: object) -> BreakGlass:
    """Return the command by which the glass is broken."""
    made = BreakGlass(
        request_id="glass", actor="wang", second="han", lease=SEALED, reason_text="it burnt"
    )
    return msgspec.structs.replace(made, **changes)


__all__ = ["SEALED", "Guarded", "breaks"]
