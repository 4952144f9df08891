"""What is done with a ticket at the desk: block, unblock, void, a new code, another holder.

Each act is a command to the ledger under a request id made of the act's own id and the ticket, so
that a form sent twice, or a bulk act that goes on after a stop, does nothing twice. The reason
stands in the journal for good, and the act in the audit.
"""

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Final
from uuid import UUID

from paifang.core import limits
from paifang.core.rules import Rules
from paifang.core.tickets import Status
from paifang.ledger.commands import Command, SetStatus
from paifang.ledger.facts import Answer
from paifang.ledger.faults import IdConflict, LedgerFault, Misuse
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.issuing import Attendee, Issuer
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.projector import wait_until
from paifang.services.desk.segments import SegmentBook
from paifang.store.models import ProjectedTicket

SEEN_WITHIN_S: Final = 2.0
"""How long a page waits until it can show what it has just done."""


class TicketAct(StrEnum):
    """What can be done with one ticket or with many."""

    block = "block"
    unblock = "unblock"
    void = "void"
    reissue = "reissue"


class Outcome(StrEnum):
    """What came of an act on one ticket."""

    done = "done"
    unchanged = "unchanged"
    failed = "failed"


NEEDS: Final = {
    TicketAct.block: Act.block_tickets,
    TicketAct.unblock: Act.block_tickets,
    TicketAct.void: Act.void_tickets,
    TicketAct.reissue: Act.reissue_tickets,
}
_BECOMES: Final = {
    TicketAct.block: Status.blocked,
    TicketAct.unblock: Status.valid,
    TicketAct.void: Status.void,
}
_FROM: Final = {
    # Paid for is another word than unblocked, so an unpaid ticket is not unblocked.
    TicketAct.block: frozenset({Status.valid, Status.unpaid}),
    TicketAct.unblock: frozenset({Status.blocked}),
    TicketAct.void: frozenset({Status.valid, Status.unpaid, Status.blocked}),
    TicketAct.reissue: frozenset({Status.valid, Status.unpaid, Status.blocked}),
}


class ReasonMissing(Exception):
    """An act needs its reason in words."""


def can(what: TicketAct, row: ProjectedTicket) -> bool:
    """Whether an act would change a ticket as it stands."""
    return row.status in _FROM[what]


def act_on(
    tickets: Sequence[UUID], what: TicketAct, *, act_id: str, why: str, by: Actor
) -> list[Outcome]:
    """Do something with tickets, at most `IMPORT_BATCH_ROWS` at a time; the outcome of each.

    Args:
        tickets: Which.
        what: What is done with them.
        act_id: Names the act; given again, what was done is not done again.
        why: The reason in words.
        by: Who acts.

    Raises:
        NotPermitted: They may not.
        ReasonMissing: No reason was given.
        LedgerFault: The ledger could not be reached or cannot write; ask again with the same id.
    """
    by.require(NEEDS[what])
    why = reason_of(why)
    assert len(tickets) <= limits.IMPORT_BATCH_ROWS, "more are done in batches"
    rows = ProjectedTicket.objects.in_bulk(tickets)
    chosen = [one for one in tickets if one in rows and can(what, rows[one])]
    book = Issuers(context().ledger.rules(), by)
    commands = {
        one: _command(book, rows[one], what, request_of(act_id, what, one), why) for one in chosen
    }
    settled = commit_all(list(commands.values())) if commands else []
    outcomes = dict(zip(commands, settled, strict=True))
    return [
        outcomes.get(one, Outcome.unchanged if one in rows else Outcome.failed) for one in tickets
    ]


def act_on_one(ticket: UUID, what: TicketAct, *, act_id: str, why: str, by: Actor) -> Outcome:
    """Do something with one ticket and write it down. Raises as `act_on`."""
    (outcome,) = act_on([ticket], what, act_id=act_id, why=why, by=by)
    if outcome is Outcome.done:
        audit.record(
            f"ticket_{what}", who=by.name, subject=ticket.hex, why=reason_of(why), where=by.where
        )
    return outcome


def change_holder(ticket: UUID, holder: Attendee, *, act_id: str, why: str, by: Actor) -> Outcome:
    """Make a ticket another person's; the former holder's code and documents end.

    Raises:
        NotPermitted: They may not.
        ReasonMissing: No reason was given.
        Taken: The new holder's document opens another ticket.
        LedgerFault: The ledger could not be reached or cannot write; ask again with the same id.
    """
    by.require(Act.reissue_tickets)
    why = reason_of(why)
    row = ProjectedTicket.objects.filter(ticket=ticket).first()
    if row is None or not can(TicketAct.reissue, row):
        return Outcome.unchanged
    issuer = Issuers(context().ledger.rules(), by).of(row)
    amend = issuer.amend(row.ticket.bytes, holder, request_of(act_id, "holder", ticket))
    # First the new holder: were the first of two to fail, nobody would be left without a code.
    fresh = issuer.fresh_code(row.ticket.bytes, request_of(act_id, "holder-code", ticket))
    for command in (amend, fresh):
        (answer,) = context().ledger.commit([command])
        if isinstance(answer, LedgerFault) and not isinstance(answer, IdConflict):
            raise answer
        if isinstance(answer, Answer):
            wait_until([answer], SEEN_WITHIN_S)
    audit.record("ticket_holder_changed", who=by.name, subject=ticket.hex, why=why, where=by.where)
    return Outcome.done


def commit_all(commands: Sequence[Command]) -> list[Outcome]:
    """Commit acts and wait until they can be seen; the outcome of each.

    Raises:
        LedgerFault: The ledger cannot write now; what was not done is done when asked again.
    """
    answers = context().ledger.commit(commands)
    outcomes = [_outcome(answer) for answer in answers]
    wait_until([one for one in answers if isinstance(one, Answer)], SEEN_WITHIN_S)
    return outcomes


def request_of(act_id: str, what: str, thing: UUID | int) -> str:
    """Return the request id of one step of an act."""
    named = thing.hex if isinstance(thing, UUID) else str(thing)
    told = f"{act_id}|{what}|{named}".encode()
    return f"desk-{hashlib.blake2b(told, digest_size=20).hexdigest()}"


def reason_of(why: str) -> str:
    """Return a reason as it is kept. Raises ReasonMissing."""
    text = " ".join(why.split())[: limits.REASON_TEXT_CHARS_MAX]
    if not text:
        raise ReasonMissing
    return text


class Issuers:
    """The makers of commands for whatever tickets come up, one per product."""

    def __init__(self, rules: Rules, by: Actor) -> None:
        """Take the bundle in force and who acts. Raises LedgerFault."""
        self._rules = rules
        self.actor = by.name
        self._book = SegmentBook(context().ledger, rules.centre, by.name)
        self._made: dict[int, Issuer] = {}

    def of(self, row: ProjectedTicket) -> Issuer:
        """Return the one for a ticket."""
        return self.of_product(row.product)

    def of_product(self, number: int) -> Issuer:
        """Return the one for a product."""
        issuer = self._made.get(number)
        if issuer is None:
            product = self._rules.centre.products[number]
            issuer = self._made[number] = Issuer(
                self._rules.centre.events[product.event],
                product,
                keys=context().keys,
                book=self._book,
                actor=self.actor,
            )
        return issuer


def _command(
    book: Issuers, row: ProjectedTicket, what: TicketAct, request_id: str, why: str
) -> Command:
    if what is TicketAct.reissue:
        return book.of(row).fresh_code(row.ticket.bytes, request_id)
    return SetStatus(
        request_id=request_id,
        actor=book.actor,
        ticket=row.ticket.bytes,
        status=_BECOMES[what],
        reason_text=why,
    )


def _outcome(answer: Answer | LedgerFault) -> Outcome:
    if isinstance(answer, Answer | IdConflict):
        # A new code is drawn each time it is asked for; another one under the same id was given.
        return Outcome.done
    if isinstance(answer, Misuse):
        return Outcome.failed
    raise answer
