"""Issuing a number of tickets by one act: each once, drawn anew where what was drawn is taken."""

from collections.abc import Callable
from typing import Final

from paifang.core import limits
from paifang.ledger.commands import Command, Issue
from paifang.ledger.facts import Answer, IssueFact
from paifang.ledger.faults import Taken
from paifang.services.desk.context import context
from paifang.services.desk.projector import wait_until
from paifang.services.desk.tickets.acts import SEEN_WITHIN_S

REDRAWS_MAX: Final = 5
PERSONAL: Final = frozenset({"document", "card", "account"})
"""Kinds that are the holder's own: drawn anew they would be the same."""


def issue_all(drawn: Callable[[int], Issue], count: int) -> list[bytes]:
    """Issue tickets and wait, bounded, until the desk can show them; their ids in order.

    Args:
        drawn: Makes the command of a place from 0; called again if code or serial were taken. Its
            request id must be the place's own, so that what was issued is not issued twice.
        count: How many.

    Raises:
        Taken: A document, card or account opens another ticket.
        LedgerFault: The ledger could not be reached or cannot write; ask again.
    """
    tickets: list[bytes] = []
    step = limits.IMPORT_BATCH_ROWS
    for start in range(0, count, step):
        found: dict[int, Answer] = {}
        for _ in range(REDRAWS_MAX):
            waiting = list(range(start, min(start + step, count)))
            waiting = [place for place in waiting if place not in found]
            if not waiting:
                break
            commands: list[Command] = [drawn(place) for place in waiting]
            for place, outcome in zip(waiting, context().ledger.commit(commands), strict=True):
                if isinstance(outcome, Answer):
                    found[place] = outcome
                elif not isinstance(outcome, Taken) or outcome.detail in PERSONAL:
                    raise outcome
        wait_until(found.values(), SEEN_WITHIN_S)
        tickets += [_ticket_of(found[place]) for place in sorted(found)]
    return tickets


def _ticket_of(answer: Answer) -> bytes:
    fact = answer.decoded()
    assert isinstance(fact, IssueFact), "an issue is answered with its fact"
    return bytes.fromhex(fact.ticket)
