"""Late records: from what was written down at a gate to the ledger's command, and its answer."""

from typing import Final

from msgspec import UNSET

from paifang.core.reasons import Reason
from paifang.core.rules import Direction, Rules
from paifang.ledger.batch import Outcome
from paifang.ledger.commands import Admit, Record
from paifang.ledger.facts import Answer, RecordFact
from paifang.ledger.faults import Unavailable
from paifang.services.live.admission import plain_text
from paifang.services.live.bodies_journal import RecordAnswer, RecordBody
from paifang.services.live.callers import Caller
from paifang.services.live.problems import Problem, problem_of
from paifang.services.live.readings import CodeReader

_OPENED: Final = frozenset({Reason.ok.value, Reason.re_entry.value})


def record_command(reader: CodeReader, rules: Rules, caller: Caller, body: RecordBody) -> Record:
    """Return the command of one record told by a terminal. Raises Problem."""
    gate = rules.centre.gates.get(body.gate)
    if gate is None:
        raise Problem("gate_unknown", "gate")
    if body.gate not in caller.terminal.gates:
        raise Problem("gate_not_allowed", "gate")
    if Direction[body.direction] not in gate.directions:
        raise Problem("direction_not_here", "direction")
    # Whoever stood there then need not be who is signed on now.
    if body.staff and body.staff not in rules.node.staff:
        raise Problem("staff_unknown", "staff")
    at_ms = int(body.at.timestamp() * 1000)
    reading = reader.read(rules, gate, body.code, body.kind, at_ms)
    return Record(
        request_id=body.request_id,
        actor=caller.staff,
        at_ms=at_ms,
        reason_text=plain_text(body.reason_text, "reason_text"),
        admit=Admit(
            request_id=body.request_id,
            terminal=caller.terminal.id,
            gate=body.gate,
            direction=body.direction,
            lookups=reading.lookups,
            ticket=reading.ticket,
            verdict=reading.verdict,
            kind=reading.kind,
            count=body.count,
            # Whoever let them in has looked at them; nobody can look again.
            face_check="staff",
            staff=body.staff or caller.staff,
        ),
    )


def record_answer(request_id: str, outcome: Outcome) -> RecordAnswer:
    """Return what a terminal is told of one record's outcome.

    Raises:
        Problem: Nothing is known to be done; the same records are to be told again.
    """
    if isinstance(outcome, Answer):
        return _told(request_id, outcome)
    if isinstance(outcome, Unavailable):
        raise problem_of(outcome)
    return RecordAnswer(request_id=request_id, result="refused", reason=outcome.code)


def refused_record(request_id: str, problem: Problem) -> RecordAnswer:
    """Return what a terminal is told of one record that could not be understood."""
    return RecordAnswer(request_id=request_id, result="refused", reason=problem.code)


def _told(request_id: str, answer: Answer) -> RecordAnswer:
    fact = answer.decoded()
    assert isinstance(fact, RecordFact), "a record is answered with its fact"
    if fact.conflict:
        return RecordAnswer(
            request_id=request_id,
            result="conflict",
            reason=fact.reason,
            conflict=fact.conflict,
            against=fact.against or UNSET,
        )
    accepted = fact.reason in _OPENED
    return RecordAnswer(
        request_id=request_id, result="accepted" if accepted else "unknown", reason=fact.reason
    )
