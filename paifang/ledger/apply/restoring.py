"""A ledger that was brought back from a copy: a new generation, and the freeze.

What was decided after the copy was made is not known here: leases may have been given that this
node believes to hold itself. So it decides nothing until every other node has told what it holds,
or a named person has said that it will not; then it goes on under epochs that were never used.
"""

from paifang.core.leases import OPEN_STATES, next_epoch
from paifang.core.tickets import Authority
from paifang.ledger import freeze
from paifang.ledger.apply import lessee
from paifang.ledger.commands import Command
from paifang.ledger.facts import Answer, HandoverFact, RestoreFact, payload_of
from paifang.ledger.faults import Misuse, NotAllowed, NotFound, NotPossible
from paifang.ledger.lease_commands import LoseLease
from paifang.ledger.restore_commands import (
    HearRestored,
    Reported,
    Restore,
    WriteOffNode,
)
from paifang.ledger.rows import Ack, Lease
from paifang.ledger.work import OWN_SEGMENT, Work


def restore(work: Work, command: Restore) -> Answer:
    """Begin a new generation; freeze what is decided here, and lose what this node holds itself."""
    own = work.head_tail(OWN_SEGMENT)
    # Nobody knows where its journal parted from what others heard, if nobody told of the restore.
    position = 0 if command.noticed else own.seq
    generation = max(freeze.generation(work.settings) + 1, command.floor)
    work.set(freeze.GENERATION, str(generation))
    pairs = f"{work.settings.get(freeze.POSITIONS, '')} {generation}:{position}".strip()
    work.set(freeze.POSITIONS, pairs)
    work.set(freeze.WRITTEN_OFF, "")
    work.set(freeze.ASKS, "")
    if command.joined:
        # Its centre knows rows under these numbers already, so they go on under another epoch.
        epoch = next_epoch(own.epoch, generation)
        work.hand_over(own, Authority.here, epoch)
        branch = HandoverFact(
            rules=work.versions, actor=command.actor, lease="", to=work.node, epoch=epoch
        )
        work.write(OWN_SEGMENT, branch, command, answers=False)
    for name in command.leases:
        lease = work.lease(name)
        if lease.lessee != work.node:
            work.set(freeze.told_of(name), "")
        elif lease.state in OPEN_STATES:
            lessee.lose_lease(work, LoseLease(lease=name, actor=command.actor))
    awaited = [node for node, peer in sorted(work.rules.node.peers.items()) if not peer.revoked]
    for node in awaited:
        state = work.peers.get(node)
        if state is not None:
            # Where its messages stood is forgotten too: the next one is no other machine's.
            work.peers.set(node, state._replace(nonce=b"", last=b""))
    work.set(freeze.AWAITED, " ".join(awaited))
    for number in range(2, work.next_number()):
        tail = work.head_tail(number)
        if tail.head.site and number not in work.not_here:
            work.hand_over(tail, Authority.not_ready, tail.epoch)
    told = RestoreFact(
        rules=work.versions,
        actor=command.actor,
        what="noticed" if command.noticed else "restored",
        generation=generation,
        position=position,
        awaited=tuple(awaited),
        reason_text=command.reason_text,
    )
    answer = work.write(OWN_SEGMENT, told, command)
    if not awaited:
        _thaw(work, command)
    return answer


def reported(work: Work, command: Reported) -> Answer:
    """Wait no more for a node that has told everything. Raises NotPossible."""
    awaited = freeze.awaited(work.settings)
    if command.node not in awaited:
        msg = "nobody waits for this node"
        raise NotPossible(msg)
    return _no_more(work, command, command.node, "reported")


def write_off_node(work: Work, command: WriteOffNode) -> Answer:
    """Wait no more for a node, because somebody says that it will not report.

    Raises:
        NotFound: Nobody waits for it.
        NotAllowed: Nobody stands behind that.
        Misuse: No reason was told.
    """
    if command.node not in freeze.awaited(work.settings):
        msg = "nobody waits for this node"
        raise NotFound(msg)
    if not command.actor:
        msg = "somebody must stand behind writing a host off"
        raise NotAllowed(msg)
    if not command.reason_text.strip():
        msg = "writing a host off needs a reason in words"
        raise Misuse(msg)
    off = (*freeze.written_off(work.settings), command.node)
    work.set(freeze.WRITTEN_OFF, " ".join(off))
    return _no_more(work, command, command.node, "written_off")


def _no_more(work: Work, command: Command, node: str, what: str) -> Answer:
    left = tuple(each for each in freeze.awaited(work.settings) if each != node)
    work.set(freeze.AWAITED, " ".join(left))
    told = RestoreFact(
        rules=work.versions,
        actor=command.actor,
        what=what,
        generation=freeze.generation(work.settings),
        node=node,
        awaited=left,
        reason_text=getattr(command, "reason_text", ""),
    )
    answer = work.write(OWN_SEGMENT, told, command)
    if not left:
        _thaw(work, command)
    return answer


def _thaw(work: Work, command: Command) -> None:
    """Decide again, each segment under an epoch that nobody has seen."""
    generation = freeze.generation(work.settings)
    for number in range(2, work.next_number()):
        tail = work.head_tail(number)
        if not tail.head.site or work.not_here.get(number) != Authority.not_ready:
            continue
        epoch = next_epoch(tail.epoch, generation)
        work.hand_over(tail, Authority.here, epoch)
        begun = HandoverFact(
            rules=work.versions, actor=command.actor, lease="", to=work.node, epoch=epoch
        )
        work.write(number, begun, command, answers=False)


def hear_restored(work: Work, command: HearRestored) -> Answer:
    """Take note of the centre's generation and of what it asks.

    Everything counts as not told after a new one. Raises NotPossible for one that is over.
    """
    known = freeze.heard(work.settings)
    if command.generation < known:
        msg = "the centre has told of a newer restore already"
        raise NotPossible(msg)
    work.set(freeze.ASKS, freeze.packed(command.asks))
    told = RestoreFact(
        rules=work.versions,
        actor=command.actor,
        what="heard",
        generation=command.generation,
        position=command.position,
    )
    if command.generation == known:
        return Answer(fact=payload_of(told), kind="restore", new=False)
    work.set(freeze.HEARD, str(command.generation))
    for name in command.leases:
        lease: Lease = work.lease(name)
        work.leases.set(name, lease._replace(cursor=min(lease.cursor, command.position)))
    work.acks += [Ack(segment, 0, 0, b"") for segment in command.segments]
    return work.write(OWN_SEGMENT, told, command)


__all__ = [
    "hear_restored",
    "reported",
    "restore",
    "write_off_node",
]
