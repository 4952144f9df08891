"""Late records: from what was written down at a gate to the ledger's command, and its answer."""

import asyncio
from typing import Final, NamedTuple

from msgspec import UNSET

from paifang.core.reasons import Reason
from paifang.core.rules import Rules
from paifang.ledger.batch import Outcome
from paifang.ledger.commands import Admit, Record
from paifang.ledger.facts import Answer, RecordFact
from paifang.ledger.faults import LedgerFault, Unavailable
from paifang.services.live.admission import gate_of, is_request_id, plain_text
from paifang.services.live.bodies_journal import (
    JournalAnswer,
    JournalBody,
    RecordAnswer,
    RecordBody,
)
from paifang.services.live.callers import Caller
from paifang.services.live.ports import LiveLedger
from paifang.services.live.problems import Problem, problem_of
from paifang.services.live.readings import CodeReader

_OPENED: Final = frozenset({Reason.ok.value, Reason.re_entry.value})


class Teller(NamedTuple):
    """Who tells of passages, by which rules, and what reads their codes."""

    rules: Rules
    caller: Caller
    reader: CodeReader


async def tell(ledger: LiveLedger, teller: Teller, body: JournalBody) -> JournalAnswer:
    """Write down passages of before, each for itself, in their order.

    Raises:
        Problem: The request as a whole cannot be understood, or nothing is known to be done.
    """
    for place, told in enumerate(body.records):
        if not is_request_id(told.request_id):
            raise Problem("member_wrong", f"records[{place}].request_id", expected="a request id")
        plain_text(told.reason_text, f"records[{place}].reason_text")
    answers: dict[int, RecordAnswer] = {}
    commands: dict[int, Record] = {}
    for place, told in enumerate(body.records):
        try:
            commands[place] = record_command(teller, told)
        except Problem as problem:
            answers[place] = RecordAnswer(
                request_id=told.request_id, result="refused", reason=problem.code
            )
    # All are queued before one is awaited, so that they are committed together and in order.
    outcomes = await asyncio.gather(*(_outcome(ledger, one) for one in commands.values()))
    for (place, command), outcome in zip(commands.items(), outcomes, strict=True):
        answers[place] = record_answer(command.request_id, outcome)
    return JournalAnswer(results=tuple(answer for _, answer in sorted(answers.items())))


async def _outcome(ledger: LiveLedger, command: Record) -> Outcome:
    try:
        return await ledger.commit(command)
    except LedgerFault as fault:
        return fault


def record_command(teller: Teller, body: RecordBody) -> Record:
    """Return the command of one record told by a terminal. Raises Problem."""
    rules, caller, reader = teller
    gate = gate_of(rules, caller, body)
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
            signed=reading.signed,
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
