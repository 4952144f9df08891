"""A node that was restored from a backup: said to its ledger, and hosts that will not report.

While hosts are waited for, this centre gives no lease and decides nothing that could be leased. A
host that reports is crossed off by itself; one that never will, by somebody who says why.
"""

import time
from typing import NamedTuple

from paifang.core.leases import OPEN_STATES, LeaseState, generation_at
from paifang.ledger import freeze
from paifang.ledger.facts import Answer, RestoreFact
from paifang.ledger.faults import LedgerFault, NotFound
from paifang.ledger.restore_commands import Restore, WriteOffNode
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.nodes import NodeError, peer_of
from paifang.services.desk.permissions import Act, Actor
from paifang.store.models import Peer


class Awaited(NamedTuple):
    """A host that has not reported since the restore."""

    node: str
    name: str


class Restored(NamedTuple):
    """How a ledger stands after it was brought back.

    `generation` is its restore generation, 0 if it never was; `lost` are the ids of leases that
    this node held itself and has no more.
    """

    generation: int
    awaited: tuple[Awaited, ...]
    lost: tuple[bytes, ...] = ()


def state(*, by: Actor) -> Restored:
    """Return who is waited for. Raises NotPermitted, LedgerFault."""
    by.require(Act.see_leases)
    return _state()


def _state(lost: tuple[bytes, ...] = ()) -> Restored:
    with context().ledger.reader() as reader:
        settings = reader.raw.meta()
        peers = reader.rules().node.peers
    awaited = tuple(
        Awaited(node, peers[node].name if node in peers else node)
        for node in freeze.awaited(settings)
    )
    return Restored(freeze.generation(settings), awaited, lost)


def restored(*, by: Actor, floor: int = 0, why: str = "") -> Restored:
    """Say that this node was brought back from a backup.

    Args:
        by: Who did it.
        floor: A restore generation that was taken before, so that it is not taken again.
        why: What it was brought back from, for the audit.

    Raises:
        NotPermitted: `by` may not.
        LedgerFault: The ledger cannot be written now.
    """
    by.require(Act.manage_nodes)
    leases = context().ledger.leases()
    node = context().keys.node
    mine = {lease.id for lease in leases if lease.lessee == node and lease.state in OPEN_STATES}
    now_ms = time.time_ns() // 1_000_000
    _done(
        Restore(
            actor=by.name,
            floor=max(floor, generation_at(now_ms)),
            leases=tuple(lease.id for lease in leases),
            joined=context().centre is not None,
            reason_text=why,
        )
    )
    audit.record("restored", who=by.name, why=why, where=by.where)
    after = context().ledger.leases()
    lost = [each.id for each in after if each.id in mine and each.state == LeaseState.broken]
    return _state(tuple(lost))


def write_off(name: str, *, by: Actor, why: str) -> Restored:
    """Say that a host will not report after a restore; return who is still waited for.

    Raises:
        NotPermitted: `by` may not.
        NodeError: node_unknown, or not_awaited: nobody waits for it.
        Misuse: No reason was told.
        LedgerFault: The ledger cannot be written now.
    """
    by.require(Act.manage_nodes)
    peer: Peer = peer_of(name)
    try:
        _done(WriteOffNode(actor=by.name, node=peer.node, reason_text=why))
    except NotFound:
        raise NodeError("not_awaited", peer.name) from None
    audit.record("node_written_off", who=by.name, subject=peer.name, why=why, where=by.where)
    return _state()


def _done(command: Restore | WriteOffNode) -> RestoreFact:
    (answer,) = context().ledger.commit([command])
    if isinstance(answer, LedgerFault):
        raise answer
    assert isinstance(answer, Answer), "a command is answered, or met a fault"
    fact = answer.decoded()
    assert isinstance(fact, RestoreFact), "answered with what was written"
    return fact
