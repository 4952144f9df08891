"""Who may enter when, with rules that are not in force yet: asked of the real decision.

What happened before is played by the same rules: somebody who was here earlier went in by them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from paifang.core.admission import Decision, Known, decide
from paifang.core.rules import CentreRules, NodeRules, Role, Rules, Staff
from paifang.core.tickets import Ticket, Use

GATES_MAX: Final = 40
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS
_TICKET: Final = bytes(16)
_SEGMENT: Final = 1
_SUPERVISOR: Final = "supervisor"


class Before(StrEnum):
    """What happened to a ticket before it is shown."""

    fresh = "fresh"
    inside = "inside"
    left = "left"
    day_before = "day_before"


@dataclass(frozen=True, slots=True)
class Question:
    """A ticket that is shown: of which product, when (UTC ms), for which session and people.

    `settled` means that all the steward can do is done: exchanged, identity checked, a supervisor
    standing by.
    """

    centre: CentreRules
    product: int
    at_ms: int
    session: int = 0
    people: int = 1
    settled: bool = False


class Verdicts(NamedTuple):
    """What a gate says, by what happened before; None where it could not have happened."""

    gate: str
    decisions: dict[Before, Decision | None]


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a gate asks (core.admission.Ask)."""

    gate: str
    count: int
    direction: str = "entry"
    face_check: str = ""
    actor: str = ""
    request_id: str = "preview"
    terminal: str = ""
    verdict: str = "genuine"
    staff: str = ""


def who_may_enter(question: Question) -> list[Verdicts]:
    """Return what every gate of the event's sites says; at most `GATES_MAX` of them."""
    centre = question.centre
    event = centre.products[question.product].event
    gates = [gate.slug for gate in centre.gates.values() if event in gate.events]
    return [
        Verdicts(gate, {before: _decided(question, gate, before) for before in Before})
        for gate in sorted(gates)[:GATES_MAX]
    ]


def _decided(question: Question, gate: str, before: Before) -> Decision | None:
    """Return what one gate says after something happened before."""
    now = question.at_ms
    fresh = [
        Use(_TICKET, n, _SEGMENT)
        for n in range(len(question.centre.products[question.product].entitlements))
    ]
    if before is Before.fresh:
        return _ask(question, gate, fresh, now)
    instants = [now - _DAY_MS] if before is Before.day_before else [now - _HOUR_MS, now]
    for instant in instants:
        entered = _ask(question, gate, fresh, instant)
        if not entered.opens:
            continue
        uses = _after(fresh, entered)
        if before is not Before.inside:
            left = _ask(question, gate, uses, instant + _MINUTE_MS * (instant < now), "exit")
            uses = _after(uses, left)
        return _ask(question, gate, uses, now)
    return None


def _ask(
    question: Question, gate: str, uses: Sequence[Use], at_ms: int, direction: str = "entry"
) -> Decision:
    rules = Rules(question.centre, NodeRules())
    ask = _Shown(gate, question.people, direction)
    if question.settled:
        person = Staff(_SUPERVISOR, _SUPERVISOR, Role.supervisor)
        rules = Rules(question.centre, NodeRules(staff={_SUPERVISOR: person}))
        ask = _Shown(gate, question.people, direction, face_check="staff", actor=_SUPERVISOR)
    product = question.centre.products[question.product]
    ticket = Ticket(
        _TICKET,
        product.event,
        product.number,
        _SEGMENT,
        people=question.people,
        session=question.session,
        exchanged=int(question.settled),
    )
    return decide(ask, Known(ticket, uses), rules, at_ms)


def _after(uses: Sequence[Use], decision: Decision) -> list[Use]:
    """Return the uses of a ticket after a decision that opened."""
    changed = decision.use
    if changed is None or not decision.opens:
        return list(uses)
    return [changed if use.n == changed.n else use for use in uses]
