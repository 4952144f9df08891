"""Failover: a host that takes over from one that is lost takes in what the gates have kept.

A gate keeps the answer to every act until the centre has it. So what the lost host decided and had
not told is in the journals of the gates that acted on it. They are put aside as they come and, when
all have come, followed in the order in which the lost host wrote them; then this host opens.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from paifang.core import limits
from paifang.core.entering import is_beyond
from paifang.core.leases import LeaseState
from paifang.core.reasons import Basis
from paifang.core.rules import TerminalRole
from paifang.core.tickets import Use
from paifang.ledger import tables as t
from paifang.ledger.apply import lessee
from paifang.ledger.apply.lease_steps import held_tails
from paifang.ledger.apply.waiting import let_wait, settle, take_waiting, waits_for
from paifang.ledger.commands import Command
from paifang.ledger.facts import (
    AdmissionFact,
    Answer,
    RecoveredFact,
    RecoveryFact,
    fact_of,
    payload_of,
)
from paifang.ledger.faults import Gap, Misuse, NotAllowed, NotPossible
from paifang.ledger.follow import Disputed, follow
from paifang.ledger.lease_commands import OpenLease, Recover
from paifang.ledger.recovered import first_told
from paifang.ledger.rows import Act, Gathered, JournalRow, Lease
from paifang.ledger.work import OWN_SEGMENT, Work

CONFLICT_BYTES = 12


def recover(work: Work, command: Recover) -> Answer:
    """Put aside a part of a gate's journal, or, if this host is open already, follow it at once.

    Raises:
        NotFound: There is no such lease.
        NotAllowed: There is no such gate here, or it was revoked.
        NotPossible: Nobody waits for this journal, or it is complete.
        Gap: The snapshot or parts before this one are missing.
        Misuse: It cannot be read, or is too much at once.
    """
    lease = _check(work, command)
    known = {(uuid, epoch): seq for uuid, epoch, seq in lessee.counts_of(lease).known}
    fresh = [
        told
        for told in command.acts
        if told.seq > known.get((told.segment, told.epoch), 0)
        and work.row_of(told.request_id) is None
    ]
    acts = [
        Act(lease.id, told.request_id, command.terminal, *msgspec.structs.astuple(told)[1:])
        for told in fresh
    ]
    if lease.state == LeaseState.granted:
        # What the centre had told of the lessee stands already, perhaps with more to it.
        there = work.engine.get(t.ACT, [act[:2] for act in acts])
        told_before = {act.request_id for act in there if not act.terminal}
        acts = [act for act in acts if act.request_id not in told_before]
    gathered = Gathered(lease.id, command.terminal, command.tag, command.parts, command.part)
    work.gathered.set(gathered[:2], gathered)
    fact = RecoveryFact(
        rules=work.versions,
        actor=command.actor,
        lease=lease.id.hex(),
        terminal=command.terminal,
        tag=command.tag,
        part=command.part,
        parts=command.parts,
        acts=len(command.acts),
        known=len(command.acts) - len(acts),
        digest=_digest(acts),
    )
    answer = work.write(OWN_SEGMENT, fact, command)
    if lease.state == LeaseState.granted:
        work.acts += acts
        return answer
    _follow_all(work, command, lease, acts, late=True)
    if _all_told(work, lease):
        for tail in held_tails(work, lease):
            # The last journal has come, so from here on nothing is in doubt any more.
            tail.head = tail.head._replace(doubt=0)
            tail.grown = True
    return answer


def _check(work: Work, command: Recover) -> Lease:
    lease = work.lease(command.lease)
    terminal = work.rules.node.terminals.get(command.terminal)
    if terminal is None or terminal.revoked:
        msg = "this gate was revoked or is not known"
        raise NotAllowed(msg)
    if len(command.acts) > limits.RECOVER_ACTS_MAX:
        msg = f"at most {limits.RECOVER_ACTS_MAX} acts at once"
        raise Misuse(msg)
    if not lease.collect or lease.state not in {LeaseState.granted, LeaseState.ready}:
        msg = "nobody waits for the journals of gates"
        raise NotPossible(msg)
    if lease.loaded != lease.chunks:
        msg = f"only {lease.loaded} of {lease.chunks} parts of the lease have come"
        raise Gap(msg)
    before = work.gathered.get((lease.id, command.terminal))
    if before is not None and before.taken == before.parts:
        msg = "this gate's journal is complete"
        raise NotPossible(msg)
    taken = before.taken if before is not None and before.tag == command.tag else 0
    if command.part != taken + 1 or command.part > command.parts:
        msg = f"part {taken + 1} comes next"
        raise Gap(msg)
    for told in command.acts:
        if not told.request_id or len(told.payload) > limits.PAYLOAD_BYTES_MAX:
            msg = "an act has a request id, and is not too long"
            raise Misuse(msg)
        try:
            fact_of(told.kind, told.payload)
        except (KeyError, msgspec.MsgspecError) as error:
            msg = f"an act cannot be read: {error}"
            raise Misuse(msg) from error
    return lease


def _digest(acts: Sequence[Act]) -> str:
    parts = (part for act in acts for part in (act.request_id.encode(), act.payload))
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def missing_gates(work: Work, lease: Lease) -> list[str]:
    """Return the gates of this node whose journals have not come completely."""
    found = []
    for terminal in work.rules.node.terminals.values():
        if terminal.role is TerminalRole.gate and not terminal.revoked:
            told = work.gathered.get((lease.id, terminal.id))
            if told is None or told.taken != told.parts:
                found.append(terminal.id)
    return sorted(found)


def _all_told(work: Work, lease: Lease) -> bool:
    """Whether nothing is in doubt: all journals have come, those of gates written off too."""
    for terminal in work.rules.node.terminals.values():
        if terminal.role is TerminalRole.gate:
            told = work.gathered.get((lease.id, terminal.id))
            if not terminal.revoked if told is None else told.taken != told.parts:
                return False
    return True


def open_lease(work: Work, command: OpenLease) -> Answer:
    """Decide from now on, after following what the gates have kept.

    Raises:
        NotFound: There is no such lease.
        NotPossible: It is open, or has ended, or the journals of gates are missing.
        NotAllowed: Gates are written off, and nobody stands behind that.
        Gap: The snapshot is not complete.
    """
    lease = lessee.loaded_lease(work, command.lease)
    missing = missing_gates(work, lease) if lease.collect else []
    waiting = [gate for gate in missing if gate not in command.written_off]
    if waiting:
        msg = f"the journals of these gates are missing: {', '.join(waiting)}"
        raise NotPossible(msg)
    if command.written_off and not command.actor:
        msg = "somebody must stand behind writing gates off"
        raise NotAllowed(msg)
    if lease.collect:
        acts = work.engine.get(t.ACT, (lease.id,), width=1)
        # The last journal may have come in this very batch.
        acts += [act for act in work.acts if act.lease == lease.id]
        _follow_all(work, command, lease, acts, late=False)
    for gate in missing:
        # A gate that was written off is withdrawn next, and then nobody misses it any more.
        if work.gathered.get((lease.id, gate)) is None:
            work.gathered.set((lease.id, gate), Gathered(lease.id, gate, "", 1, 0))
    return lessee.open_lease(work, command, lease, doubt=bool(missing))


def _follow_all(
    work: Work,
    command: Command,
    lease: Lease,
    acts: Sequence[Act],
    *,
    late: bool,
    after_waiting: frozenset[str] = frozenset(),
) -> None:
    """Follow acts in the order in which they were written, each once.

    Those named in `after_waiting` were put aside here, so their answers are known already.
    """
    segments = {tail.head.uuid: tail.head.number for tail in held_tails(work, lease)}
    for act in sorted(acts, key=lambda act: (act.segment, act.epoch, act.seq)):
        waited = act.request_id in after_waiting
        known = work.requests.get if waited else work.row_of
        if known(act.request_id) is not None:
            continue
        number = segments.get(act.segment, OWN_SEGMENT)
        unknown = waits_for(work, first_told(fact_of(act.kind, act.payload)))
        if unknown and lease.epoch % 2 and number != OWN_SEGMENT:
            let_wait(work, unknown, act)
        else:
            _follow_one(work, command, act, number, late=late)


def follow_waiting(work: Work, command: Command, ticket: bytes) -> None:
    """Follow the acts that waited for a ticket, now that it is known here."""
    acts = take_waiting(work, ticket)
    for lease in dict.fromkeys(act.lease for act in acts):
        mine = [act for act in acts if act.lease == lease]
        names = frozenset(act.request_id for act in mine)
        _follow_all(work, command, work.lease(lease), mine, late=True, after_waiting=names)
        for act in mine:
            _settle_waited(work, act)


def _settle_waited(work: Work, act: Act) -> None:
    """Say where an act stands now that had its answer from another host while it waited."""
    request = work.requests.get(act.request_id)
    assert request is not None, "it was followed just now, or had been before"
    uuid = work.head_tail(request.segment).head.uuid
    settle(work, act, (uuid, request.epoch, request.seq))


def _follow_one(work: Work, command: Command, act: Act, number: int, *, late: bool) -> None:
    """Do what one act says and write it down under this node's epoch."""
    first = JournalRow(
        number, act.epoch, act.seq, act.at_ms, act.node, act.kind, act.request_id, act.payload, b""
    )
    told = RecoveredFact(
        rules=work.versions,
        actor=command.actor,
        lease=act.lease.hex(),
        told_by=act.terminal,
        segment=act.segment,
        epoch=act.epoch,
        seq=act.seq,
        at_ms=act.at_ms,
        node=act.node,
        kind=act.kind,
        payload=msgspec.Raw(act.payload),
        late=late,
    )
    if act.kind == "recovered":
        # The lessee itself had it from the host before; what it found then goes on to hold.
        found = fact_of(act.kind, act.payload)
        assert isinstance(found, RecoveredFact), "a row's kind is its fact's"
        told = msgspec.structs.replace(
            found, rules=work.versions, actor=command.actor, lease=act.lease.hex()
        )
    before = _entitlement(work, act)
    row = first._replace(at_ms=work.now_ms, kind="recovered", payload=payload_of(told))
    try:
        if number != OWN_SEGMENT:
            follow(work, row, told, work.rules.centre)
    except Disputed as dispute:
        told = msgspec.structs.replace(told, disputed=str(dispute))
    else:
        told = told if act.kind == "recovered" else _with_conflict(work, act, told, before)
    work.write(number, told, command, request=act.request_id)


def _entitlement(work: Work, act: Act) -> Use | None:
    """Return the entitlement that somebody entered by, as it is now."""
    fact = fact_of(act.kind, act.payload)
    if type(fact) is not AdmissionFact or not fact.fresh or not fact.ticket:
        return None
    uses = work.uses_of(bytes.fromhex(fact.ticket))
    return next((use for use in uses if use.n == fact.n), None)


def _with_conflict(work: Work, act: Act, told: RecoveredFact, before: Use | None) -> RecoveredFact:
    """Name the conflict if by this act more people went in than the ticket allows."""
    after = _entitlement(work, act)
    fact = fact_of(act.kind, act.payload)
    if before is None or after is None or not isinstance(fact, AdmissionFact):
        return told
    rule = work.rules.centre.products[fact.product].entitlements[fact.n]
    people = work.ticket(before.ticket).people
    if fact.basis == Basis.override or not is_beyond(after, rule, people, fact.gate):
        return told
    named = f"{act.request_id}\n{before.last_request}\n{work.node}".encode()
    conflict = hashlib.blake2b(named, digest_size=CONFLICT_BYTES).hexdigest()
    return msgspec.structs.replace(told, conflict=conflict, against=before.last_request)
