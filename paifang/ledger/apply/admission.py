"""Admissions: what a gate asks, decided by core and recorded, refusals as well as entries."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from paifang.core import limits
from paifang.core.admission import Ask, Decision, Known, decide, decide_override
from paifang.core.reasons import Basis, Reason
from paifang.core.rules import Rules
from paifang.core.tickets import Authority, CredentialState, Use
from paifang.ledger.apply.unseen import keep_unseen, unseen
from paifang.ledger.commands import Admit, Command, Override, Preview
from paifang.ledger.facts import AdmissionFact, Answer, Shown, payload_of
from paifang.ledger.faults import Misuse, NotAllowed, NotFound
from paifang.ledger.rows import CredentialRow
from paifang.ledger.work import OWN_SEGMENT, Work

Decide = Callable[[Ask, Known, Rules, int], Decision]


class Place(NamedTuple):
    """Where and on which day of its site a gate's question counts."""

    zone: str
    day: int


class Ground(NamedTuple):
    """On what ground a decision stands, with a supervisor's reason in words."""

    basis: Basis = Basis.lease
    reason_text: str = ""


PLAIN = Ground()


def admit(work: Work, command: Admit) -> Answer:
    """Decide and record what a gate asked."""
    place = check_gate(work, command)
    known = known_of(work, command, place)
    decision = decide(command, known, work.rules, work.now_ms)
    fact = fact_for(work, command, Judged(place, known, decision, _ground(work, decision)))
    return _record(work, command, known, decision, fact)


def _ground(work: Work, decision: Decision) -> Ground:
    """Return on what ground the authority decides: the journal of a gate may be missing."""
    if decision.use is not None and work.head_tail(decision.use.segment).head.doubt:
        return Ground(Basis.provisional)
    return PLAIN


def preview(work: Work, command: Preview) -> Answer:
    """Return what `admit` would say, changing and recording nothing."""
    ask = command.admit
    place = check_gate(work, ask)
    known = known_of(work, ask, place)
    decision = decide(ask, known, work.rules, work.now_ms)
    fact = fact_for(work, ask, Judged(place, known, decision, _ground(work, decision)))
    return Answer(
        fact=payload_of(fact),
        kind="admission",
        at_ms=work.now_ms,
        ticket=known.ticket,
        new=False,
    )


def override(work: Work, command: Override) -> Answer:
    """Admit on a supervisor's word, recorded with basis, name and reason."""
    ask = command.admit
    if not command.reason_text.strip():
        msg = "an override needs a reason in words"
        raise Misuse(msg)
    place = check_gate(work, ask)
    known = known_of(work, ask, place)
    decision = decide_override(ask, known, work.rules, work.now_ms)
    ground = Ground(Basis.override if decision.opens else Basis.lease, command.reason_text)
    fact = fact_for(work, ask, Judged(place, known, decision, ground))
    return _record(work, command, known, decision, fact)


def check_gate(work: Work, ask: Admit) -> Place:
    """Return zone and day of the gate, if this terminal may ask there. Raises Misuse.

    This is where a revoked terminal stops: the rules are those of this batch.
    """
    terminal = work.rules.node.terminals.get(ask.terminal)
    if terminal is None or terminal.revoked:
        msg = "this terminal was revoked or is not known"
        raise NotAllowed(msg)
    place = place_of(work, ask, work.now_ms)
    if ask.gate not in terminal.gates:
        msg = f"this terminal may not stand at gate {ask.gate}"
        raise NotAllowed(msg)
    return place


def place_of(work: Work, ask: Admit, at_ms: int) -> Place:
    """Return zone of a gate and day of its site at a time. Raises NotFound, Misuse."""
    gate = work.rules.centre.gates.get(ask.gate)
    if gate is None:
        msg = f"there is no gate {ask.gate}"
        raise NotFound(msg)
    if not 1 <= ask.count <= limits.GROUP_PEOPLE_MAX:
        msg = f"count must be 1 to {limits.GROUP_PEOPLE_MAX}"
        raise Misuse(msg)
    return Place(gate.zone, work.rules.site_of_gate(gate).day_at(at_ms))


def known_of(work: Work, ask: Admit, place: Place) -> Known:
    """Return what is known of the ticket that was shown."""
    ticket_id, state, kind = ask.ticket, int(CredentialState.live), ask.kind
    row = find_credential(work, ask.lookups)
    if row is not None:
        # A code that names its ticket itself may have been replaced since, like any other.
        ticket_id, state, kind = ticket_id or row.ticket, row.state, row.kind
    if not ticket_id:
        return _nothing(work, ask)
    uses: Sequence[Use] = work.uses_of(ticket_id)
    ticket = work.tickets.get(ticket_id)
    if ticket is None and ask.signed is not None:
        ticket, uses = unseen(work, ticket_id, ask.signed)
    if ticket is None:
        return _nothing(work, ask)
    for use in uses:
        work.head_tail(use.segment)
    counts = work.zone_day(*place)
    return Known(
        ticket,
        uses,
        state,
        counts.entries - counts.exits,
        work.admitted_to(ticket.session),
        work.not_here,
        kind,
    )


def _nothing(work: Work, ask: Admit) -> Known:
    """Return that no ticket was found, and whether one may still come with a lease's list."""
    site = work.rules.site_of_gate(work.rules.centre.gates[ask.gate]).slug
    # Every lease of a site has its standing segment, and is ready as a whole.
    standing = work.tail_of(site, "")
    loading = standing is not None and (
        work.not_here.get(standing.head.number) == Authority.not_ready
    )
    return Known(None, loading=loading)


def find_credential(work: Work, lookups: tuple[bytes, ...]) -> CredentialRow | None:
    """Return the first live credential among the hashes, else the first ended one, else None."""
    ended = None
    for key in lookups:
        row = work.credentials.get(key)
        if row is None:
            continue
        if row.state == CredentialState.live:
            return row
        ended = ended or row
    return ended


class Judged(NamedTuple):
    """A decision with everything it was made from."""

    place: Place
    known: Known
    decision: Decision
    ground: Ground = PLAIN


def fact_for(work: Work, ask: Admit, judged: Judged) -> AdmissionFact:
    """Return the fact that a decision is recorded as."""
    place, known, decision, ground = judged
    ticket, use, opens = known.ticket, decision.use, decision.opens
    first = None
    if use is not None and use.first_at_ms and decision.reason is not Reason.ok:
        first = Shown(use.first_at_ms, use.first_gate, use.first_terminal, use.first_by)
    return AdmissionFact(
        rules=(work.rules.centre.version, work.rules.node.version),
        actor=ask.actor,
        terminal=ask.terminal,
        gate=ask.gate,
        zone=place.zone,
        reason=decision.reason.value,
        direction=ask.direction,
        basis=ground.basis.value,
        kind=known.kind if ticket else ask.kind,
        ticket=ticket.id.hex() if ticket else "",
        product=ticket.product if ticket else 0,
        n=use.n if use else 0,
        people=ask.count if opens else 0,
        fresh=decision.fresh,
        again=decision.again,
        day=place.day,
        session=ticket.session if ticket else 0,
        uses_left=decision.uses_left,
        first=first,
        staff=ask.staff,
        reason_text=ground.reason_text,
    )


def _record(
    work: Work, command: Command, known: Known, decision: Decision, fact: AdmissionFact
) -> Answer:
    """Write the decision down and, if the gate opens, what it changes."""
    ticket = known.ticket
    segment = OWN_SEGMENT
    if decision.use is not None:
        segment = decision.use.segment
    elif ticket is not None:
        segment = ticket.home
    if work.head_tail(segment).head.number in work.not_here:
        segment = OWN_SEGMENT
    if decision.opens and ticket is not None and work.tickets.get(ticket.id) is None:
        keep_unseen(work, command, ticket, known.uses)
    answer = work.write(segment, fact, command, ticket=ticket)
    if decision.opens:
        assert decision.use is not None, "a gate opens on an entitlement"
        work.set_use(decision.use)
        if fact.direction == "exit":
            work.count_zone(fact.zone, fact.day, 0, fact.people)
        else:
            work.count_zone(fact.zone, fact.day, fact.people)
            work.count_session(fact.session, fact.fresh)
    return answer
