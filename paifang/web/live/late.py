"""The endpoint for what was written down while no host could be asked."""

import asyncio
from typing import Final

import msgspec

from paifang.ledger.batch import Outcome
from paifang.ledger.commands import Record
from paifang.ledger.faults import LedgerFault
from paifang.services.live.bodies_journal import JournalAnswer, JournalBody, RecordAnswer
from paifang.services.live.callers import JOURNAL
from paifang.services.live.late import record_answer, record_command, refused_record
from paifang.services.live.problems import Problem
from paifang.web.live.http import Call, Reply, decode, json_reply, read_body
from paifang.web.live.state import Live

_journal: Final = msgspec.json.Decoder(JournalBody)


async def journal(live: Live, call: Call) -> Reply:
    """Write down passages of before; each for itself, in their order."""
    rules = live.ledger.rules
    caller = live.caller(call, rules, JOURNAL)
    body = decode(_journal, await read_body(call))
    answers: dict[int, RecordAnswer] = {}
    commands: dict[int, Record] = {}
    for place, told in enumerate(body.records):
        try:
            commands[place] = record_command(live.reader, rules, caller, told)
        except Problem as problem:
            answers[place] = refused_record(told.request_id, problem)
    # All are queued before one is awaited, so that they are committed together and in order.
    outcomes = await asyncio.gather(*(_outcome(live, one) for one in commands.values()))
    for (place, command), outcome in zip(commands.items(), outcomes, strict=True):
        answers[place] = record_answer(command.request_id, outcome)
    return json_reply(JournalAnswer(results=tuple(answer for _, answer in sorted(answers.items()))))


async def _outcome(live: Live, command: Record) -> Outcome:
    try:
        return await live.ledger.commit(command)
    except LedgerFault as fault:
        return fault
