"""A cashier's shift: the float, cash between drawer and safe, and the blind count at the end."""

import msgspec

from paifang.core import limits, selling
from paifang.core.money import Posting
from paifang.core.selling import Shift
from paifang.ledger.commands import Command
from paifang.ledger.facts import Answer
from paifang.ledger.faults import Misuse, NotAllowed, NotPossible
from paifang.ledger.sale_commands import CloseShift, MoveCash, OpenShift
from paifang.ledger.sale_facts import CashShiftFact
from paifang.ledger.work import OWN_SEGMENT, Work


def open_shift(work: Work, command: OpenShift) -> Answer:
    """Begin a shift.

    Raises:
        Misuse: The float is no sum, or the currency none.
        NotAllowed: There is no such member of staff, or they were let go.
        NotPossible: A shift with this name exists.
    """
    _check_sum(command.float_minor)
    if len(command.currency) != limits.CURRENCY_CHARS or not command.currency.isupper():
        msg = "a currency is three capital letters (ISO 4217)"
        raise Misuse(msg)
    staff = work.rules.node.staff.get(command.staff)
    if staff is None or not staff.active:
        msg = "this member of staff is not known or was let go"
        raise NotAllowed(msg)
    if not command.shift or work.books.shifts.get(command.shift) is not None:
        msg = "a shift has a name of its own"
        raise NotPossible(msg)
    shift, postings = selling.opened(
        command.shift, command.staff, command.currency, command.float_minor, work.now_ms
    )
    fact = _fact(work, command, shift, "opened", postings)
    return _kept(
        work, command, shift, msgspec.structs.replace(fact, amount_minor=command.float_minor)
    )


def move_cash(work: Work, command: MoveCash) -> Answer:
    """Move cash between a drawer and the safe.

    Raises:
        NotFound: There is no such shift.
        Misuse: No sum.
        NotPossible: It has ended, or there is not so much in the drawer.
    """
    shift = _open(work, command.shift)
    _check_sum(abs(command.amount_minor))
    done = selling.moved(shift, command.amount_minor)
    if done is None or not command.amount_minor:
        msg = "there is not so much cash in the drawer"
        raise NotPossible(msg)
    shift, postings = done
    fact = _fact(work, command, shift, "moved", postings)
    fact = msgspec.structs.replace(
        fact, amount_minor=command.amount_minor, reason_text=command.reason_text
    )
    return _kept(work, command, shift, fact)


def close_shift(work: Work, command: CloseShift) -> Answer:
    """End a shift with what was counted.

    Raises:
        NotFound: There is no such shift.
        Misuse: What was counted is no sum.
        NotPossible: It has ended.
    """
    shift = _open(work, command.shift)
    _check_sum(command.counted_minor)
    after, postings = selling.closed(shift, command.counted_minor, work.now_ms)
    fact = _fact(work, command, after, "closed", postings)
    return _kept(
        work, command, after, msgspec.structs.replace(fact, reason_text=command.reason_text)
    )


def _open(work: Work, name: str) -> Shift:
    shift = work.books.shift(name)
    if shift.closed_ms:
        msg = "this shift has ended"
        raise NotPossible(msg)
    return shift


def _check_sum(amount_minor: int) -> None:
    if not 0 <= amount_minor <= limits.AMOUNT_MINOR_MAX:
        msg = f"a sum is 0 to {limits.AMOUNT_MINOR_MAX} minor units"
        raise Misuse(msg)


def _fact(
    work: Work, command: Command, shift: Shift, what: str, postings: list[Posting]
) -> CashShiftFact:
    return CashShiftFact(
        rules=work.versions,
        actor=command.actor,
        what=what,
        shift=shift.id,
        staff=shift.staff,
        currency=shift.currency,
        counted_minor=shift.counted_minor,
        postings=work.books.post(postings),
    )


def _kept(work: Work, command: Command, shift: Shift, fact: CashShiftFact) -> Answer:
    work.books.shifts.set(shift.id, shift)
    return work.write(OWN_SEGMENT, fact, command)
