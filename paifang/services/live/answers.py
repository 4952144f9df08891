"""From the ledger's fact to what the gate is told."""

from datetime import UTC, datetime
from typing import Final, Literal

from msgspec import UNSET

from paifang.core.reasons import Basis, Reason, Verdict, verdict_of
from paifang.core.rules import Rules
from paifang.core.tickets import Passage, Ticket
from paifang.ledger.facts import AdmissionFact, AnnulFact, Answer, PassageFact, Shown
from paifang.services.live.bodies import (
    AdmissionAnswer,
    AnnulAnswer,
    FirstEntry,
    PassageAnswer,
    TicketShown,
)

# By plain string: hashing an enumeration costs a Python call, ten times a scan.
REASONS: Final = {reason.value: reason for reason in Reason}
VERDICTS: Final[dict[str, Verdict]] = {r.value: verdict_of(r) for r in Reason}
BASES: Final = {basis.value: basis for basis in Basis}


def rfc3339(at_ms: int) -> str:
    """Write UTC milliseconds as RFC 3339 with milliseconds."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def render_admission(answer: Answer, rules: Rules, request_id: str) -> AdmissionAnswer:
    """Return what the gate is told of a decision, with names instead of numbers."""
    fact = answer.decoded()
    assert isinstance(fact, AdmissionFact), "an admission is answered with its fact"
    ticket = answer.ticket
    return AdmissionAnswer(
        decision=VERDICTS[fact.reason],
        reason=REASONS[fact.reason],
        request_id=request_id,
        direction="exit" if fact.direction == "exit" else "entry",
        zone=fact.zone,
        people=fact.people,
        basis=BASES[fact.basis],
        node=rules.node.node,
        epoch=answer.epoch,
        seq=answer.seq,
        ticket=UNSET if ticket is None else _ticket_shown(ticket, fact, rules),
        first=UNSET if fact.first is None else _first_entry(fact.first, rules),
    )


def render_passage(answer: Answer, rules: Rules, request_id: str) -> PassageAnswer:
    """Return what the gate is told of a passage."""
    fact = answer.decoded()
    assert isinstance(fact, PassageFact), "a passage is answered with its fact"
    return PassageAnswer(
        admission=fact.admission,
        result=_RESULTS[fact.passage],
        request_id=request_id,
        off=fact.off,
        node=rules.node.node,
        epoch=answer.epoch,
        seq=answer.seq,
    )


def render_annul(answer: Answer, rules: Rules, request_id: str) -> AnnulAnswer:
    """Return what the gate is told of an admission taken back."""
    fact = answer.decoded()
    assert isinstance(fact, AnnulFact), "an annulment is answered with its fact"
    return AnnulAnswer(
        admission=fact.admission,
        request_id=request_id,
        uses_back=fact.fresh,
        off=fact.off,
        node=rules.node.node,
        epoch=answer.epoch,
        seq=answer.seq,
    )


_RESULTS: Final[dict[int, Literal["passed", "not_shown", "no_passage"]]] = {
    int(Passage.passed): "passed",
    int(Passage.not_shown): "not_shown",
    int(Passage.no_passage): "no_passage",
}
PASSAGES: Final = {
    "passed": Passage.passed,
    "not_shown": Passage.not_shown,
    "no_passage": Passage.no_passage,
}


def _ticket_shown(ticket: Ticket, fact: AdmissionFact, rules: Rules) -> TicketShown:
    product = rules.centre.products.get(ticket.product)
    return TicketShown(
        id=ticket.id.hex(),
        product=product.name if product else "",
        product_zh=product.name_zh if product else "",
        product_id=product.id if product else "",
        holder=ticket.holder,
        people=ticket.people,
        uses_left=fact.uses_left,
    )


def _first_entry(first: Shown, rules: Rules) -> FirstEntry:
    gate = rules.centre.gates.get(first.gate)
    terminal = rules.node.terminals.get(first.terminal)
    staff = rules.node.staff.get(first.by)
    return FirstEntry(
        at=rfc3339(first.at_ms),
        gate=gate.name if gate else first.gate,
        gate_zh=gate.name_zh if gate else "",
        terminal=terminal.name if terminal else first.terminal,
        by=staff.name if staff else first.by,
    )
