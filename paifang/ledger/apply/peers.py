"""Other nodes as they show themselves, and how a second machine that speaks as one is noticed."""

from typing import Final

from paifang.core import limits
from paifang.ledger.facts import Answer, PeerFact, payload_of
from paifang.ledger.faults import NotAllowed
from paifang.ledger.lease_commands import HearPeer
from paifang.ledger.rows import PeerState
from paifang.ledger.work import OWN_SEGMENT, Work

TOLD_AGAIN_MS: Final = 60 * 60 * 1000
"""How often the journal tells of the same node; two machines that take turns speak each second."""


def hear_peer(work: Work, command: HearPeer) -> Answer:
    """Remember where a node's messages stand, and write down if another machine speaks as it.

    Raises NotAllowed for a node that did not join, or was revoked.
    """
    peer = work.rules.node.peers.get(command.node)
    if peer is None or peer.revoked:
        msg = "this node did not join, or was revoked"
        raise NotAllowed(msg)
    known = work.peers.get(command.node) or PeerState(command.node)
    doubled = is_doubled(known, command)
    now_ms = work.now_ms
    work.peers.set(
        command.node,
        PeerState(
            command.node,
            max(known.boot, command.boot),
            command.nonce,
            command.last,
            now_ms,
            command.now_ms - now_ms if command.now_ms else 0,
            command.backlog,
            command.oldest_ms,
            command.version[: limits.VERSION_CHARS_MAX],
            command.asked[: limits.FIELD_CHARS_MAX],
            now_ms if doubled else known.doubled_ms,
            command.link[: limits.FIELD_CHARS_MAX],
        ),
    )
    fact = PeerFact(
        rules=work.versions,
        actor=command.actor,
        what="doubled" if doubled else "heard",
        node=command.node,
        boot=command.boot,
        before=known.boot,
    )
    if doubled and now_ms - known.doubled_ms >= TOLD_AGAIN_MS:
        return work.write(OWN_SEGMENT, fact, command)
    return Answer(fact=payload_of(fact), kind="peer", new=False)


def is_doubled(known: PeerState, told: HearPeer) -> bool:
    """Whether a message cannot come from the machine that sent those known.

    A node names the last of its messages that was answered. That is the last one we know, or,
    where our answer was lost, the one before which that one named; the same message may come
    twice; and a node that started anew begins a new chain.
    """
    if told.boot != known.boot:
        return told.boot < known.boot
    if not known.nonce:
        # Forgotten, because this node was brought back from a copy.
        return False
    return told.nonce != known.nonce and told.last not in {known.nonce, known.last}
