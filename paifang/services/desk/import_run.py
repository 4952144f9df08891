"""Rows on their way into the ledger, some hundred at a time, with what became of each.

The command line, the page and the correction of single rows go through here alike; what else they
remember of a row is the matter of their `Keeper`.
"""

from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from paifang.core import limits
from paifang.core.tickets import Status, Ticket
from paifang.ledger.facts import Answer, IssueFact
from paifang.ledger.faults import Differs, LedgerFault, Misuse, Taken
from paifang.services.desk.attendees import AttendeeRow, RowError
from paifang.services.desk.context import context
from paifang.services.desk.import_targets import Refused, Resolver
from paifang.services.desk.issuing import Attendee, Issued, Issuer

GONE = frozenset({Status.void, Status.refunded})
REDRAWS_MAX = 5
"""How often a random code or serial is drawn anew if it is taken: never, but for a broken dice."""

Undone = Callable[[Collection[bytes]], Collection[bytes]]
"""Given tickets, returns those that were taken back with the import that made them."""


class Outcome(StrEnum):
    """What became of a row that was taken."""

    created = "created"
    unchanged = "unchanged"
    updated = "updated"


class Waiting(NamedTuple):
    """A row on its way to the ledger, with its cells for whoever keeps the rejected ones."""

    row: AttendeeRow
    cells: tuple[str, ...]
    issuer: Issuer
    attendee: Attendee
    issued: Issued

    def rejected(self, refused: Refused) -> RowError:
        """Return the row as one that was not taken."""
        return RowError(self.row.line, refused.code, refused.field, refused.params, self.cells)


class Settled(NamedTuple):
    """A row of which it is known what became of it."""

    line: int
    ticket: bytes
    outcome: Outcome


class Keeper(Protocol):
    """What is remembered of an import besides the tickets."""

    def reject(self, error: RowError) -> None:
        """Keep a row that was not taken."""

    def plan(self, waiting: Sequence[Waiting]) -> None:
        """Keep which tickets are about to be made, so that a kill in between loses none."""

    def made_before(self, tickets: Collection[bytes]) -> Collection[bytes]:
        """Return those of these tickets that an earlier run of the same import made."""

    def settle(self, settled: Sequence[Settled]) -> None:
        """Keep what became of the rows that were planned last."""


class Run:
    """One pass over rows: those waiting for the ledger, and the counts."""

    def __init__(self, keeper: Keeper, undone: Undone) -> None:
        """Take who remembers, and how to tell a ticket that was taken back."""
        self._keeper = keeper
        self._undone = undone
        self._waiting: list[Waiting] = []
        self.counts = dict.fromkeys(Outcome, 0)

    def take(self, row: AttendeeRow | RowError, cells: tuple[str, ...], resolver: Resolver) -> None:
        """Queue a row, or say why not; a full group is committed. Raises LedgerFault."""
        if isinstance(row, RowError):
            self._keeper.reject(row)
            return
        try:
            issuer, attendee = resolver.resolve(row)
        except Refused as refused:
            error = RowError(row.line, refused.code, refused.field, refused.params, cells)
            self._keeper.reject(error)
            return
        self._queue(row, cells, issuer, attendee)
        if len(self._waiting) >= limits.IMPORT_BATCH_ROWS:
            self.commit()

    def _queue(
        self, row: AttendeeRow, cells: tuple[str, ...], issuer: Issuer, attendee: Attendee
    ) -> None:
        issued = issuer.issue(attendee)
        self._waiting.append(Waiting(row, cells, issuer, attendee, issued))

    def commit(self) -> None:
        """Commit the rows that wait. Raises LedgerFault if the ledger cannot write now."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            waiting = list(map(_reissued, waiting, self._identities_left(waiting)))
        for _ in range(REDRAWS_MAX):
            if not waiting:
                return
            self._keeper.plan(waiting)
            outcomes = context().ledger.commit([one.issued.command for one in waiting])
            pairs = list(zip(waiting, outcomes, strict=True))
            self._settle([pair for pair in pairs if not _drawn_twice(*pair)])
            waiting = [
                one._replace(issued=one.issuer.issue(one.attendee))
                for one, outcome in pairs
                if _drawn_twice(one, outcome)
            ]

    def _identities_left(self, waiting: Sequence[Waiting]) -> list[Attendee]:
        """Return whom to issue to: after a ticket that was taken back, somebody new.

        A ticket that is void stays so, and its row would lead to it for ever. One that was made
        void by hand is left alone, unless the row now asks for another type or session.
        """
        attendees = [one.attendee for one in waiting]
        while True:
            hashes = [
                one.issuer.identity_of(attendee)
                for one, attendee in zip(waiting, attendees, strict=True)
            ]
            found = context().ledger.tickets_of(hashes)
            owners = context().ledger.tickets(list(set(found.values()))) if found else {}
            void = [id_ for id_, ticket in owners.items() if ticket.status in GONE]
            if not void:
                return attendees
            undone = set(self._undone(void))
            fresh = [
                _after(one, attendee, owners.get(found.get(hash_, b"")), undone)
                for one, attendee, hash_ in zip(waiting, attendees, hashes, strict=True)
            ]
            if fresh == attendees:
                return attendees
            attendees = fresh

    def _settle(self, pairs: Sequence[tuple[Waiting, Answer | LedgerFault]]) -> None:
        """Count what became of rows. Raises the first fault that is no row's own."""
        for _one, outcome in pairs:
            if isinstance(outcome, LedgerFault) and not isinstance(outcome, Misuse):
                raise outcome
        answers = [(one, told) for one, told in pairs if isinstance(told, Answer)]
        old = {_ticket_of(told) for _one, told in answers if not told.new}
        made = set(self._keeper.made_before(old)) if old else set()
        settled = [
            Settled(one.row.line, _ticket_of(told), _outcome_of(told, made))
            for one, told in answers
        ]
        for one, told in pairs:
            if isinstance(told, Misuse):
                self._keeper.reject(one.rejected(_refusal_of(told)))
        for row in settled:
            self.counts[row.outcome] += 1
        self._keeper.settle(settled)


class DryRun(Run):
    """A pass that says of each row what would become of it, and changes nothing."""

    def _queue(
        self, row: AttendeeRow, cells: tuple[str, ...], issuer: Issuer, attendee: Attendee
    ) -> None:
        issued = Issued(issuer.bare(attendee), "", "", ())
        self._waiting.append(Waiting(row, cells, issuer, attendee, issued))

    def commit(self) -> None:
        """Look up what the ledger would say of the rows that wait."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        attendees = self._identities_left(waiting)
        bare = [
            one._replace(issued=one.issued._replace(command=one.issuer.bare(attendee)))
            for one, attendee in zip(waiting, attendees, strict=True)
        ]
        hashes = {
            hash_
            for one in bare
            for hash_ in (
                one.issued.command.identity,
                *(credential.hash for credential in one.issued.command.credentials),
            )
        }
        owners = context().ledger.tickets_of(list(hashes))
        tickets = context().ledger.tickets(list(set(owners.values())))
        for one in bare:
            told = _foretold(one, owners, tickets)
            if isinstance(told, Refused):
                self._keeper.reject(one.rejected(told))
            else:
                self.counts[told] += 1


def _after(
    one: Waiting, attendee: Attendee, owner: Ticket | None, undone: Collection[bytes]
) -> Attendee:
    """Return the person of a row, as somebody new if the ticket it leads to is gone for them."""
    if owner is None or owner.status not in GONE:
        return attendee
    asks_for_another = (owner.product, owner.session) != (
        one.issued.command.product,
        one.issued.command.session,
    )
    return attendee.afresh(owner.id) if owner.id in undone or asks_for_another else attendee


def _foretold(
    one: Waiting, owners: dict[bytes, bytes], tickets: dict[bytes, Ticket]
) -> Outcome | Refused:
    """Return what the ledger would say of a row, as it stands now."""
    command = one.issued.command
    known = tickets.get(owners.get(command.identity, b""))
    if known is not None and known.content == command.content:
        return Outcome.unchanged
    for credential in command.credentials:
        owner = tickets.get(owners.get(credential.hash, b""))
        is_others = owner is not None and (known is None or owner.id != known.id)
        if owner is not None and is_others and owner.status not in GONE:
            return _refusal_of(Taken(credential.kind))
    if known is None:
        return Outcome.created
    same = (known.event, known.product, known.people, known.session) == (
        command.event,
        command.product,
        command.people,
        command.session,
    )
    return Outcome.updated if same else Refused("differs")


def _reissued(one: Waiting, attendee: Attendee) -> Waiting:
    if attendee is one.attendee:
        return one
    return one._replace(attendee=attendee, issued=one.issuer.issue(attendee))


def _drawn_twice(one: Waiting, outcome: Answer | LedgerFault) -> bool:
    """Whether a random code or serial fell on one that is taken, and must be drawn anew."""
    return isinstance(outcome, Taken) and outcome.detail in one.issued.drawn


def _ticket_of(answer: Answer) -> bytes:
    fact = answer.decoded()
    assert isinstance(fact, IssueFact), "an issue is answered with its fact"
    return bytes.fromhex(fact.ticket)


def _outcome_of(answer: Answer, made: Collection[bytes]) -> Outcome:
    fact = answer.decoded()
    assert isinstance(fact, IssueFact), "an issue is answered with its fact"
    if not answer.new:
        return Outcome.created if _ticket_of(answer) in made else Outcome.unchanged
    return Outcome.updated if fact.amended else Outcome.created


def _refusal_of(fault: Misuse) -> Refused:
    """Return what a row is told that the ledger did not take."""
    if isinstance(fault, Taken) and fault.detail == "serial":
        return Refused("serial_taken", "serial")
    if isinstance(fault, Taken) and fault.detail == "document":
        return Refused("document_taken", "document_number")
    if isinstance(fault, Taken) and fault.detail == "card":
        return Refused("card_taken", "card")
    if isinstance(fault, Differs):
        return Refused("differs")
    return Refused("not_taken", detail=fault.detail)
