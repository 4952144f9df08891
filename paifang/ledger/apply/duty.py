"""Who is on duty where: paired terminals sign on by their keys, staff begin and end shifts.

All of it stands in the node's own segment, so that two processes never accept one proof twice and
see at once that a shift was ended.
"""

from typing import Final

from paifang.core.rules import Rules
from paifang.ledger.commands import SignOff, SignOn, sign_off_id, sign_on_id
from paifang.ledger.facts import Answer, SignOffFact, SignOnFact, fact_of
from paifang.ledger.faults import Misuse, NotAllowed, NotPossible
from paifang.ledger.work import OWN_SEGMENT, Work

BEGINS: Final = frozenset({"pin", "card"})
HOW: Final = BEGINS | {"key", "shift"}


def sign_on(work: Work, command: SignOn) -> Answer:
    """Record that a terminal proved its key, by the rules of this very batch.

    Raises:
        Misuse: Nobody signs on by PIN, somebody by nothing, or a shift begins under another id.
        NotAllowed: The terminal was revoked or has another key, or the staff was let go.
        NotPossible: The shift to go on with was never begun here, or has ended.
    """
    if command.how not in HOW or (command.how == "key") != (not command.staff):
        msg = "staff sign on by pin, card or shift; nobody does by key"
        raise Misuse(msg)
    if bool(command.staff) != bool(command.shift):
        msg = "whoever is on duty has a shift"
        raise Misuse(msg)
    if command.how in BEGINS and command.request_id != sign_on_id(command.shift):
        msg = "a shift is named by the sign-on that begins it"
        raise Misuse(msg)
    _check(work.rules, command.terminal, command.staff)
    if work.rules.node.terminals[command.terminal].public_key != command.public_key:
        msg = "this terminal has another key"
        raise NotAllowed(msg)
    if command.how == "shift":
        _require_open(work, command)
    fact = SignOnFact(
        rules=(work.rules.centre.version, work.rules.node.version),
        actor=command.actor,
        terminal=command.terminal,
        how=command.how,
        staff=command.staff,
        shift=command.shift,
        version=command.version,
    )
    return work.write(OWN_SEGMENT, fact, command)


def sign_off(work: Work, command: SignOff) -> Answer:
    """Record the end of a shift.

    Raises:
        Misuse: It is asked under another id than its own.
        NotAllowed: The terminal was revoked, or the staff was let go.
        NotPossible: The shift was never begun here.
    """
    if command.request_id != sign_off_id(command.shift):
        msg = "a shift ends under the id of its end"
        raise Misuse(msg)
    _check(work.rules, command.terminal, command.staff)
    _require_open(work, command)
    fact = SignOffFact(
        rules=(work.rules.centre.version, work.rules.node.version),
        actor=command.actor,
        terminal=command.terminal,
        staff=command.staff,
        shift=command.shift,
    )
    return work.write(OWN_SEGMENT, fact, command)


def _require_open(work: Work, command: SignOn | SignOff) -> None:
    """Require that this terminal and staff began a shift that has not ended. Raises NotPossible."""
    begun = work.requests.get(sign_on_id(command.shift))
    row = begun and work.journal_row(begun.segment, begun.epoch, begun.seq)
    fact = row and fact_of(row.kind, row.payload)
    if not isinstance(fact, SignOnFact) or (fact.terminal, fact.staff, fact.shift) != (
        command.terminal,
        command.staff,
        command.shift,
    ):
        msg = "there is no such shift"
        raise NotPossible(msg)
    if work.requests.get(sign_off_id(command.shift)) is not None:
        msg = "this shift was ended"
        raise NotPossible(msg)


def _check(rules: Rules, terminal_id: str, username: str) -> None:
    """Stop a terminal without a key or revoked, and staff let go."""
    terminal = rules.node.terminals.get(terminal_id)
    if terminal is None or terminal.revoked or not terminal.public_key:
        msg = "this terminal was revoked, is not paired or not known"
        raise NotAllowed(msg)
    staff = rules.node.staff.get(username)
    if username and (staff is None or not staff.active):
        msg = "this member of staff is not known or was let go"
        raise NotAllowed(msg)
