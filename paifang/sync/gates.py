"""The host's side of its gates: what they ask is decided, what they kept is taken in.

It keeps nothing between two messages; everything it says stands in the ledger.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from paifang.core.leases import OPEN_STATES, LeaseState
from paifang.core.tickets import Passage
from paifang.ledger import tables as t
from paifang.ledger.apply.lessee import counts_of
from paifang.ledger.commands import (
    Admit,
    Annul,
    Command,
    ConfirmPassage,
    Record,
    SignedTicket,
)
from paifang.ledger.engine import Reader
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault, Unavailable
from paifang.ledger.lease_commands import OpenLease, Recover, WireAnswer
from paifang.ledger.rows import Head, Lease
from paifang.sync import spares
from paifang.sync.lane_messages import Fence, JournalPart, LaneAnswer, LaneAsk, LaneDown, LaneUp
from paifang.sync.lessee import ACTOR, Commit, leases_of, segments_held

Make = Callable[[LaneAsk], Command | str]
"""Makes a command of what a gate asks, or returns the code of the fault why not."""


class Host(NamedTuple):
    """Who answers gates: the node's name, and whether it is a centre while it holds no lease."""

    node: str
    is_centre: bool = False


class Shown(NamedTuple):
    """How a code was read: hashes to look up, the ticket it names itself, what its check said.

    `signed` is what a genuine signed code says of its ticket.
    """

    lookups: tuple[bytes, ...] = ()
    ticket: bytes = b""
    verdict: str = "genuine"
    kind: str = "code"
    signed: SignedTicket | None = None


def command_of(ask: LaneAsk, terminal: str, shown: Shown, staff: str = "") -> Command | str:
    """Return the command of what a gate asks; the code "misuse" for what no gate can ask.

    Args:
        ask: What it asks.
        terminal: Who the gate proved to be.
        shown: Its code as it was read; of no account for passages and annulments.
        staff: Who proved to be on duty there, "" for nobody.
    """
    if ask.act == "passage":
        if ask.result not in (Passage.passed, Passage.not_shown, Passage.no_passage):
            return "misuse"
        return ConfirmPassage(
            request_id=ask.request_id,
            actor=staff,
            admission=ask.admission,
            terminal=terminal,
            passage=Passage(ask.result),
        )
    if ask.act == "annul":
        return Annul(
            request_id=ask.request_id, actor=staff, admission=ask.admission, terminal=terminal
        )
    admit = Admit(
        request_id=ask.request_id,
        actor=staff,
        terminal=terminal,
        gate=ask.gate,
        direction=ask.direction,
        lookups=shown.lookups,
        ticket=shown.ticket,
        signed=shown.signed,
        verdict="withdrawn" if ask.act == "withdraw" else shown.verdict,
        kind=shown.kind,
        count=ask.count,
        staff=staff,
    )
    if ask.act in ("admit", "withdraw"):
        return admit
    if ask.act == "record":
        return Record(request_id=ask.request_id, actor=staff, admit=admit, at_ms=ask.at_ms)
    return "misuse"


def answer_gate(reader: Reader, commit: Commit, up: LaneUp, make: Make, host: Host) -> LaneDown:
    """Do what a gate wants, and return what it is answered.

    Args:
        reader: A connection nobody else uses meanwhile.
        commit: Commits commands.
        up: What the gate told; that it is this terminal was proved.
        make: Makes commands of its asks.
        host: Who answers.
    """
    if up.part is not None:
        _take_part(reader, commit, up.terminal, up.part)
    held = [lease for lease in leases_of(reader) if lease.lessee == host.node]
    is_centre = host.is_centre and not held
    decides = is_centre or _decides(held)
    outcomes = _decide(commit, up.asks, make) if decides else _not_now(up.asks)
    heads = {head.number: head for head in reader.scan(t.HEAD)}
    leases = [lease for lease in held if lease.state in OPEN_STATES]
    return LaneDown(
        node=host.node,
        answers=tuple(
            _answer(reader, heads, request_id, outcome)
            for request_id, outcome in outcomes
            if isinstance(outcome, Answer)
        ),
        faults=tuple(
            (request_id, outcome)
            for request_id, outcome in outcomes
            if not isinstance(outcome, Answer)
        ),
        fences=tuple(_fence(reader, heads.values(), lease, up.terminal) for lease in leases),
        acks=tuple(_confirmed(reader, heads.values(), held, is_centre=is_centre)),
        settled=tuple(_settled(reader, heads, up.unsettled)),
    )


def _decides(held: Sequence[Lease]) -> bool:
    """Whether this host answers gates at all: it holds a lease, and waits for none.

    What it answered without one would stand in its own journal alone; and before the gates'
    journals have come, it does not know what became of what they tell of.
    """
    states = {lease.state for lease in held}
    return LeaseState.ready in states and LeaseState.granted not in states


def _not_now(asks: Sequence[LaneAsk]) -> list[tuple[str, Answer | str]]:
    return [(ask.request_id, Unavailable.code) for ask in asks]


def _decide(commit: Commit, asks: Sequence[LaneAsk], make: Make) -> list[tuple[str, Answer | str]]:
    """Return the answer to each ask, or a fault's code."""
    made = [(ask.request_id, make(ask)) for ask in asks]
    commands = [command for _, command in made if not isinstance(command, str)]
    outcomes = iter(commit(commands) if commands else ())
    found: list[tuple[str, Answer | str]] = []
    for request_id, command in made:
        outcome = command if isinstance(command, str) else next(outcomes)
        found.append((request_id, outcome.code if isinstance(outcome, LedgerFault) else outcome))
    return found


def _answer(reader: Reader, heads: dict[int, Head], request_id: str, answer: Answer) -> LaneAnswer:
    head = heads.get(answer.segment)
    segment = head.uuid if head is not None else ""
    if head is None:
        # It came along with a lease, and its segment is another node's own.
        segment = reader.rows(t.SETTLED, [request_id])[0].segment
    place = (segment, answer.epoch, answer.seq, answer.at_ms)
    row = WireAnswer(request_id, *place, answer.node, answer.kind, answer.fact)
    return LaneAnswer(row, head.epoch if head is not None else 0)


def _take_part(reader: Reader, commit: Commit, terminal: str, part: JournalPart) -> None:
    """Take in a part of a journal; what does not fit now is asked for again."""
    recover = Recover(
        request_id=f"recover:{part.lease.hex()}:{part.tag}:{part.part}",
        actor=ACTOR,
        lease=part.lease,
        terminal=terminal,
        tag=part.tag,
        part=part.part,
        parts=part.parts,
        acts=part.acts,
    )
    (outcome,) = commit([recover])
    if isinstance(outcome, Answer) and part.part == part.parts:
        open_if_complete(reader, commit)


def open_if_complete(reader: Reader, commit: Commit) -> None:
    """Open leases that wait for nothing any more; harmless at any time."""
    for lease in leases_of(reader):
        if not lease.state and lease.loaded == lease.chunks:
            commit([OpenLease(request_id=f"open:{lease.id.hex()}", lease=lease.id, actor=ACTOR)])


def _fence(reader: Reader, heads: Iterable[Head], lease: Lease, terminal: str) -> Fence:
    segments = tuple(head.uuid for head in segments_held(heads, lease))
    if not lease.collect or lease.loaded != lease.chunks:
        return Fence(lease.id, lease.epoch, segments)
    told = reader.rows(t.GATHERED, [(lease.id, terminal)])
    tag, parts, taken = told[0][2:] if told else ("", 1, 0)
    return Fence(lease.id, lease.epoch, segments, taken < parts, tag, taken)


def _confirmed(
    reader: Reader, heads: Iterable[Head], leases: Sequence[Lease], *, is_centre: bool
) -> Iterable[tuple[str, int, int]]:
    """Yield up to where the centre has rows, by its own word only."""
    if is_centre:
        yield from ((head.uuid, head.epoch, head.seq) for head in heads)
        return
    held_back: dict[str, tuple[int, int]] = {}
    for lease in leases:
        # One that was lost, too: its spare may not have collected every gate yet.
        if lease.state != LeaseState.returned:
            held_back |= spares.confirmed(reader, heads, lease)
    for ack in reader.scan(t.ACK):
        # Without a hash it is of history that came too late, and that nobody applied.
        if ack.hash:
            # A spare may know less than the centre does, and has to be told by gates then.
            epoch, seq = held_back.get(ack.segment, (-1, 0))
            yield ack.segment, ack.epoch, min(ack.seq, seq) if epoch == ack.epoch else ack.seq
    for lease in leases:
        if lease.state in OPEN_STATES:
            yield from counts_of(lease).known


def _settled(
    reader: Reader, heads: dict[int, Head], wanted: Sequence[str]
) -> Iterable[tuple[str, str, int, int]]:
    """Yield where requests stand by now that another host answered first."""
    for request in reader.rows(t.REQUEST, list(wanted)):
        yield request.request_id, heads[request.segment].uuid, request.epoch, request.seq
    for brought in reader.rows(t.SETTLED, list(wanted)):
        yield brought[:4]
