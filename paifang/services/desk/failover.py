"""Giving a dead venue host up: its spare takes over, and opens once it has what the gates know.

At the centre two persons break the lease, and in the same act it is given to the spare. The spare
fences every gate and waits for its journal; a gate that nobody can ask may be written off, on the
word of a named person, and what is admitted from then on is provisional.
"""

from collections.abc import Collection
from typing import NamedTuple

from paifang.core.leases import LeaseState, Right
from paifang.core.rules import TerminalRole
from paifang.ledger import tables as t
from paifang.ledger.faults import LedgerFault, Misuse
from paifang.ledger.lease_commands import OpenLease
from paifang.ledger.rows import Lease
from paifang.services.desk import audit, leases, nodes
from paifang.services.desk.context import context
from paifang.services.desk.leases import LeaseError, Wanted
from paifang.services.desk.one_time_codes import time_ms
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.terminal_list import terminal_rows
from paifang.services.desk.terminals import revoke_terminal


class GateRow(NamedTuple):
    """A gate whose journal the spare wants: how many of its parts came, 0 of 0 before the first.

    `seen_s` is how long ago it was heard of here, -1 for never.
    """

    terminal: str
    name: str
    gates: tuple[str, ...]
    taken: int
    parts: int
    seen_s: int

    @property
    def has_told(self) -> bool:
        """Whether its journal is complete."""
        return 0 < self.parts == self.taken


def is_collecting(lease: Lease) -> bool:
    """Whether a lease at this host has all tickets, and waits for the journals of gates."""
    return (
        bool(lease.collect) and lease.state == LeaseState.granted and lease.loaded == lease.chunks
    )


def hand_over(lease: Lease, spare: str, *, by: Actor, second: Actor, why: str) -> Lease:
    """Break a lease, and give the same to another host: periods, rights and end stay.

    Args:
        lease: The lease of the host that is given up.
        spare: The name or node of the host that takes over.
        by: Who does it.
        second: Who else stands behind it; the caller has made sure that it is they.
        why: The reason in words.

    Raises:
        NotPermitted: One of them may not.
        NodeError: There is no such host.
        LeaseError: spare_given_up, host_revoked, ends_past; lease_broken_only if it was broken, and
            could not be given anew; or as `leases.break_`. Nothing is done before it is known that
            the spare can have it.
        LedgerFault: The ledger cannot be written now.
    """
    by.require(Act.give_leases)
    peer = nodes.peer_of(spare)
    if peer.node == lease.lessee:
        raise LeaseError("spare_given_up", peer.name)
    if peer.revoked:
        raise LeaseError("host_revoked", peer.name)
    if lease.not_after_ms <= time_ms():
        raise LeaseError("ends_past")
    rights = tuple(Right(right) for right in lease.rights.split())
    wanted = Wanted(peer.node, lease.site, lease.periods.split(), rights, lease.not_after_ms)
    leases.break_(lease.id, by=by, second=second, why=why)
    try:
        return leases.grant(wanted, by=by, why=why)
    except (LeaseError, LedgerFault) as fault:
        raise LeaseError("lease_broken_only", str(fault)) from fault


def gates_of(lease: Lease, *, by: Actor) -> list[GateRow]:
    """Return the gates of this host with what of their journals has come. Raises NotPermitted."""
    by.require(Act.see_leases)
    rules = context().ledger.rules()
    wanted = [
        terminal
        for terminal in rules.node.terminals.values()
        if terminal.role is TerminalRole.gate and not terminal.revoked
    ]
    with context().ledger.reader() as reader:
        told = {
            row.terminal: row
            for row in reader.raw.rows(t.GATHERED, [(lease.id, one.id) for one in wanted])
        }
    seen = {row.name: row.seen_s for row in terminal_rows()}
    rows = [
        GateRow(
            one.id,
            one.name,
            one.gates,
            told[one.id].taken if one.id in told else 0,
            told[one.id].parts if one.id in told else 0,
            seen.get(one.name, -1),
        )
        for one in wanted
    ]
    return sorted(rows, key=lambda row: (row.has_told, row.name))


def open_without(lease: Lease, gates: Collection[str], *, by: Actor, why: str) -> list[str]:
    """Write gates off and decide from now on without their journals; return what they are called.

    Args:
        lease: It waits for journals.
        gates: The terminals' ids, or names, of all that have not told theirs.
        by: Who stands behind it.
        why: The reason in words.

    Raises:
        NotPermitted: `by` may not.
        LeaseError: not_collecting; gates_missing with the names of those that are missing and not
            among these; gate_told with one that needs not be written off; refused.
        LedgerFault: The ledger cannot be written now. If it was opened already, the gates' keys are
            not withdrawn yet: withdraw these terminals.
    """
    by.require(Act.give_leases)
    by.require(Act.manage_terminals)
    if not is_collecting(lease):
        raise LeaseError("not_collecting")
    rows = gates_of(lease, by=by)
    chosen = [row for row in rows if row.terminal in gates or row.name in gates]
    unknown = set(gates) - {row.terminal for row in chosen} - {row.name for row in chosen}
    if unknown:
        raise LeaseError("gate_unknown", min(unknown))
    for row in chosen:
        if row.has_told:
            raise LeaseError("gate_told", row.name)
    missing = [row.name for row in rows if not row.has_told and row not in chosen]
    if missing:
        raise LeaseError("gates_missing", ", ".join(missing))
    command = OpenLease(
        request_id=f"open-without:{lease.id.hex()}",
        lease=lease.id,
        actor=by.name,
        written_off=tuple(row.terminal for row in chosen),
        reason_text=why,
    )
    (answer,) = context().ledger.commit([command])
    if isinstance(answer, LedgerFault):
        if isinstance(answer, Misuse):
            raise LeaseError("refused", answer.detail)
        raise answer
    names = [row.name for row in chosen]
    audit.record(
        "gates_written_off", who=by.name, subject=", ".join(names), why=why, where=by.where
    )
    for name in names:
        revoke_terminal(name, by=by, why=why)
    return names
