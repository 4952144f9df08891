"""Late records: people who passed while no host could be asked, written down afterwards.

They are facts. What the ticket did not allow is counted all the same, and the row that tells of it
names the conflict: this record, and the admission it stands against (I4). Told under a request id,
a passage is counted once, however often it is told.
"""

import hashlib
from typing import Final

import msgspec

from paifang.core import limits
from paifang.core.admission import Decision, Known, decide_late
from paifang.core.reasons import Basis, Reason
from paifang.ledger.apply.admission import (
    Ground,
    Judged,
    Place,
    check_gate,
    fact_for,
    known_of,
    place_of,
)
from paifang.ledger.apply.unseen import keep_unseen
from paifang.ledger.commands import Record
from paifang.ledger.facts import Answer, RecordFact
from paifang.ledger.faults import InFuture, NotAllowed, TooLate
from paifang.ledger.work import OWN_SEGMENT, Work

_AGAINST_AN_ENTRY: Final = frozenset(
    {
        Reason.already_used,
        Reason.already_inside,
        Reason.limit_reached,
        Reason.recorded_not_opened,
        Reason.not_inside,
    }
)
_NO_TICKET: Final = frozenset(
    {
        Reason.unknown,
        Reason.malformed,
        Reason.forged,
        Reason.copied,
        Reason.code_too_old,
        Reason.clock_off,
    }
)
CONFLICT_BYTES: Final = 12


def record(work: Work, command: Record) -> Answer:
    """Write down a passage of before, and count it.

    Raises:
        NotAllowed: The terminal may not stand there, or nobody stands behind what the desk tells.
        NotFound: There is no such gate.
        InFuture: It has not happened yet.
        TooLate: It is too long ago, or was before the event began.
        Misuse: So many people do not pass at once.
    """
    ask = command.admit
    if ask.terminal:
        check_gate(work, ask)
    elif not command.actor:
        msg = "somebody must stand behind what no terminal tells"
        raise NotAllowed(msg)
    place = place_of(work, ask, command.at_ms)
    if command.at_ms > work.now_ms + limits.CLOCK_STEP_MS_MAX:
        msg = "this has not happened yet"
        raise InFuture(msg)
    known = known_of(work, ask, place)
    if _is_too_old(work, command, known, place):
        msg = "this is too long ago, or before the event began"
        raise TooLate(msg)
    decision = decide_late(ask, known, work.rules, command.at_ms)
    fact = _fact(work, command, Judged(place, known, decision))
    return _write(work, command, known, decision, fact)


def _is_too_old(work: Work, command: Record, known: Known, place: Place) -> bool:
    if work.now_ms - command.at_ms > limits.RECORD_WITHIN_MS:
        return True
    event = work.rules.centre.events.get(known.ticket.event) if known.ticket else None
    if event is None or not event.starts_ms:
        return False
    gate = work.rules.centre.gates[command.admit.gate]
    return place.day < work.rules.site_of_gate(gate).day_at(event.starts_ms)


def _fact(work: Work, command: Record, judged: Judged) -> RecordFact:
    """Return the fact of a passage, and of the conflict if there is one."""
    ask, known, decision = command.admit, judged.known, judged.decision
    before = {use.n: use for use in known.uses}
    # Of the entries there were, not of this one: that is what a steward would have been shown.
    shown = decision._replace(use=before[decision.use.n] if decision.use else None)
    ground = Ground(Basis.provisional)
    told = fact_for(work, ask, judged._replace(decision=shown, ground=ground))
    conflict, against = "", ""
    if not decision.opens and decision.reason not in _NO_TICKET:
        if decision.reason in _AGAINST_AN_ENTRY:
            n = decision.use.n if decision.use else 0
            against = next((use.last_request for use in known.uses if use.n == n), "")
        named = f"{command.request_id}\n{against}\n{work.node}".encode()
        conflict = hashlib.blake2b(named, digest_size=CONFLICT_BYTES).hexdigest()
    return RecordFact(
        **{
            **msgspec.structs.asdict(told),
            "actor": command.actor,
            "people": ask.count if decision.use is not None else 0,
            "reason_text": command.reason_text,
        },
        at_ms=command.at_ms,
        count=ask.count,
        conflict=conflict,
        against=against,
    )


def _write(
    work: Work, command: Record, known: Known, decision: Decision, fact: RecordFact
) -> Answer:
    """Write it down where its entitlement stands, and count it."""
    ticket, use = known.ticket, decision.use
    segment = OWN_SEGMENT
    if use is not None:
        segment = use.segment
    elif ticket is not None:
        segment = ticket.home
    if work.head_tail(segment).head.number in work.not_here:
        segment = OWN_SEGMENT
    if use is not None and ticket is not None and work.tickets.get(ticket.id) is None:
        keep_unseen(work, command, ticket, known.uses)
    answer = work.write(segment, fact, command, ticket=ticket)
    if use is None:
        return answer
    work.set_use(use)
    gate = work.rules.centre.gates[fact.gate]
    today = fact.day == work.rules.site_of_gate(gate).day_at(work.now_ms)
    going_in = fact.direction != "exit"
    if today:
        # Who was inside on a day that is over is not inside any more.
        entries, exits = (fact.people, 0) if going_in else (0, fact.people)
        work.count_zone(fact.zone, fact.day, entries, exits)
    if going_in:
        work.count_session(fact.session, fact.fresh)
    return answer
