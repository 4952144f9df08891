"""What becomes of an admission afterwards: the passage a gate reports, and taking it back."""

from paifang.core import limits
from paifang.core.reasons import Reason
from paifang.core.tickets import Passage, Use
from paifang.core.undo import (
    Admitted,
    annulled,
    can_uncount,
    can_undo,
    is_counted,
    without_passage,
)
from paifang.ledger.commands import Annul, ConfirmPassage
from paifang.ledger.facts import AdmissionFact, AnnulFact, Answer, PassageFact, fact_of
from paifang.ledger.faults import Misuse, NotAllowed, NotFound, NotPossible, TooLate
from paifang.ledger.rows import Aftermath, JournalRow
from paifang.ledger.work import Work


def confirm_passage(work: Work, command: ConfirmPassage) -> Answer:
    """Record what became of a permission; if nobody passed, take the people off the count."""
    _check_terminal(work, command.terminal)
    if command.passage is Passage.open:
        msg = "a passage is passed, not_shown or no_passage"
        raise Misuse(msg)
    row, fact = _admission(work, command.admission)
    if fact.terminal != command.terminal:
        msg = "only the terminal that asked can report the passage"
        raise NotAllowed(msg)
    before = work.aftermath(command.admission)
    if before.annulled:
        msg = "this admission was annulled"
        raise NotPossible(msg)
    if before.passage:
        msg = "the passage was reported already"
        raise NotPossible(msg)
    nobody = command.passage is not Passage.passed and fact.direction == "entry"
    use = _use(work, fact)
    admitted = _admitted(command.admission, fact)
    off = 0
    if nobody:
        if not can_uncount(use, admitted):
            msg = "people of this admission have left already, so they did pass"
            raise NotPossible(msg)
        off = fact.people if is_counted(use, admitted) else 0
    answer = work.write(
        row.segment,
        PassageFact(
            rules=(work.rules.centre.version, work.rules.node.version),
            actor=command.actor,
            admission=command.admission,
            terminal=command.terminal,
            passage=command.passage,
            ticket=fact.ticket,
            zone=fact.zone,
            day=fact.day,
            off=off,
        ),
        command,
    )
    if nobody:
        work.set_use(without_passage(use, admitted, command.passage))
        work.count_zone(fact.zone, fact.day, -off)
    work.aftermaths.set(
        command.admission, Aftermath(command.admission, command.passage, 0, 1 if nobody else 0)
    )
    return answer


def annul(work: Work, command: Annul) -> Answer:
    """Give an admission's use back, once, within the time, by its terminal or a supervisor."""
    _check_terminal(work, command.terminal)
    row, fact = _admission(work, command.admission)
    if fact.direction != "entry":
        msg = "only an entry can be annulled"
        raise NotPossible(msg)
    if fact.terminal != command.terminal and not command.supervisor:
        msg = "only the terminal that admitted, or a supervisor, can annul"
        raise NotAllowed(msg)
    before = work.aftermath(command.admission)
    if before.annulled:
        msg = "this admission was annulled already"
        raise NotPossible(msg)
    if work.now_ms - row.at_ms > limits.ANNUL_WITHIN_MS:
        msg = "an admission can be annulled within 15 minutes"
        raise TooLate(msg)
    use, admitted, inside = _use(work, fact), _admitted(command.admission, fact), not before.off
    if not can_undo(use, admitted, inside=inside):
        msg = "people of this admission have left or entered elsewhere since, so they did pass"
        raise NotPossible(msg)
    off = fact.people if inside else 0
    answer = work.write(
        row.segment,
        AnnulFact(
            rules=(work.rules.centre.version, work.rules.node.version),
            actor=command.actor,
            admission=command.admission,
            terminal=command.terminal,
            ticket=fact.ticket,
            n=fact.n,
            zone=fact.zone,
            day=fact.day,
            fresh=fact.fresh,
            session=fact.session,
            off=off,
            reason_text=command.reason_text,
        ),
        command,
        ticket=work.tickets.get(bytes.fromhex(fact.ticket)),
    )
    work.set_use(annulled(use, admitted, inside=inside))
    work.count_zone(fact.zone, fact.day, -off)
    work.count_session(fact.session, -fact.fresh)
    work.aftermaths.set(
        command.admission, Aftermath(command.admission, before.passage, 1, before.off)
    )
    return answer


def _check_terminal(work: Work, terminal_id: str) -> None:
    """Stop a revoked terminal."""
    terminal = work.rules.node.terminals.get(terminal_id)
    if terminal is None or terminal.revoked:
        msg = "this terminal was revoked or is not known"
        raise NotAllowed(msg)


def _admission(work: Work, request_id: str) -> tuple[JournalRow, AdmissionFact]:
    """Return the journal row and fact of an admission that opened. Raises NotFound, NotPossible."""
    row = work.row_of(request_id)
    if row is None or row.kind != "admission" or not row.segment:
        msg = "there is no such admission"
        raise NotFound(msg)
    # Locked before the entitlement is read: another process may be admitting on it.
    work.check_here(row.segment)
    from_row = fact_of_admission(row)
    if from_row.reason not in (Reason.ok, Reason.re_entry):
        msg = "this request was not admitted"
        raise NotPossible(msg)
    return row, from_row


def fact_of_admission(row: JournalRow) -> AdmissionFact:
    """Return the fact of an admission's journal row."""
    fact = fact_of(row.kind, row.payload)
    assert isinstance(fact, AdmissionFact), "an admission's row holds an admission"
    return fact


def _use(work: Work, fact: AdmissionFact) -> Use:
    return next(use for use in work.uses_of(bytes.fromhex(fact.ticket)) if use.n == fact.n)


def _admitted(request_id: str, fact: AdmissionFact) -> Admitted:
    return Admitted(request_id, fact.gate, fact.zone, fact.day, fact.fresh, fact.again)
