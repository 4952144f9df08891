"""One page of the journal, made into rows for the projected tables. Pure: it reads no database."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from paifang.core import limits
from paifang.core.reasons import Reason, Verdict, verdict_of
from paifang.core.selling import SaleState
from paifang.core.tickets import Passage, Status
from paifang.ledger.facts import (
    AdmissionFact,
    AnnulFact,
    BindFact,
    EraseFact,
    ExchangeFact,
    Fact,
    IssueFact,
    LoadFact,
    PassageFact,
    PublishFact,
    RecordFact,
    StatusFact,
    fact_of,
)
from paifang.ledger.sale_facts import CaptureFact, OrderEndFact, OrderFact, RefundFact
from paifang.services.desk import projection_sql as sql
from paifang.services.desk.issuing import PERSON
from paifang.services.desk.selling.numbers import order_number
from paifang.services.desk.tallies import AdmissionRow
from paifang.services.live.ports import JournalRow, LoadedTicket
from paifang.store.models.projections import NEVER_ISSUED

Values = tuple[int | str | bytes | None, ...]
Person = Mapping[str, str]

_DECISIONS: Final = {reason.value: verdict_of(reason).value for reason in Reason}
_COLUMNS: Final = (
    ("name", limits.NAME_CHARS_MAX),
    ("reference", limits.REFERENCE_CHARS_MAX),
    ("company", limits.FIELD_CHARS_MAX),
    ("email", limits.FIELD_CHARS_MAX),
    ("phone", limits.FIELD_CHARS_MAX),
)
ACTOR_CHARS_MAX: Final = 64
_BUYER: Final = tuple(column for column in _COLUMNS if column[0] in {"name", "email", "phone"})
_NOBODY: Final = ("",) * len(_COLUMNS)
_read_person = msgspec.json.Decoder(dict[str, str]).decode


class ProjectedPage:
    """Collects what a page of facts changes, by statement."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: dict[str, list[Values]] = {
            statement: []
            for statement in (
                sql.ISSUE,
                sql.PERSON,
                sql.STATUS,
                sql.EXCHANGED,
                sql.ADMISSION,
                sql.STORY,
                sql.NODE,
                sql.PASSAGE,
                sql.ANNULLED,
                sql.USES,
                sql.PUBLISHED,
                sql.ORDER,
                sql.ORDER_CHANGED,
                sql.ORDER_FORGOTTEN,
            )
        }
        self.told: set[str] = set()
        """Tickets whose person this page tells of, or takes away."""
        self.fulfil: list[str] = []
        """Orders that are paid by now, whose tickets are to be issued."""
        self.decided: list[AdmissionRow] = []
        self._uses: dict[str, int] = {}
        self._nodes: dict[tuple[int, int], str] = {}

    def take(self, row: JournalRow, person: Person | None) -> None:
        """Take in one row; `person` is what its enclosure tells, None without or after erasure."""
        fact = fact_of(row.kind, row.payload)
        self._nodes[row.segment, row.epoch] = row.node
        if isinstance(fact, IssueFact):
            self.issue(row, fact, person)
            return
        if isinstance(fact, OrderFact):
            self.order(row, fact, person)
            return
        collect = _COLLECT.get(type(fact))
        if collect is not None:
            collect(self, row, fact)

    def tickets(self) -> set[str]:
        """Return the tickets whose rows this page changes in what is counted of them."""
        counted = (sql.ISSUE, sql.PERSON, sql.STATUS)
        changed = {str(row[0]) for statement in counted for row in self.rows[statement]}
        return changed | {ticket for ticket, uses in self._uses.items() if uses}

    def reported(self) -> set[str]:
        """Return the request ids of decisions of which this page tells what became of them."""
        return {str(row[0]) for name in (sql.PASSAGE, sql.ANNULLED) for row in self.rows[name]}

    def statements(self) -> list[tuple[str, list[Values]]]:
        """Return the statements with their rows, in the order to be carried out."""
        for ticket, uses in sorted(self._uses.items()):
            if uses:
                self._add(sql.USES, ticket, uses=uses)
        self._uses.clear()
        self.rows[sql.NODE] += [(*place, node) for place, node in sorted(self._nodes.items())]
        self._nodes.clear()
        return [(statement, rows) for statement, rows in self.rows.items() if rows]

    def _add(
        self,
        statement: str,
        ticket: str,
        *,
        status: int = NEVER_ISSUED,
        status_at_ms: int = 0,
        uses: int = 0,
        exchanged: bool = False,
        told_at_ms: int = 0,
        person: tuple[str, ...] = _NOBODY,
    ) -> None:
        """Add a row of a statement about one ticket, which may not have been issued yet."""
        self.rows[statement].append(
            (ticket, status, status_at_ms, uses, exchanged, told_at_ms, *person)
        )

    def _tell(self, ticket: str, told_at_ms: int, person: tuple[str, ...]) -> None:
        """Add who stands behind a ticket, or nobody."""
        self.told.add(ticket)
        self._add(sql.PERSON, ticket, told_at_ms=told_at_ms, person=person)

    def _story(
        self,
        row: JournalRow,
        ticket: str,
        kind: str,
        *,
        actor: str = "",
        terminal: str = "",
        detail: str = "",
        request: str = "",
        reason_text: str = "",
    ) -> None:
        """Add a fact to the story of a ticket."""
        self.rows[sql.STORY].append(
            (
                *(ticket, row.at_ms, row.segment, row.epoch, row.seq, kind),
                *(actor[:ACTOR_CHARS_MAX], terminal, detail, request, reason_text),
            )
        )

    def issue(self, row: JournalRow, fact: IssueFact, person: Person | None) -> None:
        """Take in a new ticket, or an amendment of its person."""
        kind = "amend" if fact.amended else row.kind
        self._story(row, fact.ticket, kind, actor=fact.actor, detail=Status(fact.status).name)
        told = tuple(person.get(name, "")[:size] for name, size in _COLUMNS) if person else _NOBODY
        # An amendment tells of the person only; what it says of the status is not news.
        if fact.amended:
            if person:
                self._tell(fact.ticket, row.at_ms, told)
            return
        if person:
            self.told.add(fact.ticket)
        self.rows[sql.ISSUE].append(
            (
                fact.ticket,
                fact.event,
                fact.product,
                fact.session,
                fact.status,
                fact.people,
                row.at_ms,
                fact.valid_from_ms,
                fact.valid_until_ms,
                False,
                row.at_ms if person else 0,
                *told,
            )
        )

    def loaded(self, row: JournalRow, tickets: Sequence[LoadedTicket]) -> None:
        """Take in tickets that a lessee was given, whose issue stands in another journal."""
        fact = fact_of(row.kind, row.payload)
        assert isinstance(fact, LoadFact), "tickets come with a row that tells of it"
        for ticket, status, exchanged, uses in tickets[: fact.tickets]:
            name = ticket.id.hex()
            self._story(row, name, row.kind, detail=Status(status).name)
            self.told.add(name)
            person: tuple[str, ...] = (ticket.holder, "", "", "", "")
            self.rows[sql.ISSUE].append(
                (
                    name,
                    ticket.event,
                    ticket.product,
                    ticket.session,
                    status,
                    ticket.people,
                    row.at_ms,
                    ticket.valid_from_ms,
                    ticket.valid_until_ms,
                    bool(exchanged),
                    row.at_ms,
                    *person,
                )
            )
            if uses:
                self._uses[name] = self._uses.get(name, 0) + uses
        for erased in tickets[fact.tickets :]:
            self._tell(erased.ticket.id.hex(), row.at_ms, _NOBODY)

    def admission(self, row: JournalRow, fact: AdmissionFact) -> None:
        """Take in a decision at a gate."""
        self._decided(row, fact, row.at_ms, _DECISIONS[fact.reason])

    def record(self, row: JournalRow, fact: RecordFact) -> None:
        """Take in people who passed before it was written down, whatever the ticket allowed."""
        decision = Verdict.admit.value if fact.people else _DECISIONS[fact.reason]
        self._decided(row, fact, fact.at_ms, decision, fact.conflict)

    def _decided(
        self, row: JournalRow, fact: AdmissionFact, at_ms: int, decision: str, conflict: str = ""
    ) -> None:
        """Add what went on at a gate at a time."""
        self.decided.append(
            AdmissionRow(
                row.request_id,
                at_ms,
                gate=fact.gate,
                zone=fact.zone,
                direction=fact.direction,
                decision=decision,
                reason=fact.reason,
                basis=fact.basis,
                product=fact.product,
                session=fact.session,
                people=fact.people,
                conflict=conflict,
            )
        )
        self.rows[sql.ADMISSION].append(
            (
                row.segment,
                row.epoch,
                row.seq,
                at_ms,
                row.request_id,
                fact.gate,
                fact.zone,
                fact.terminal,
                fact.direction,
                decision,
                fact.reason,
                fact.basis,
                fact.ticket or None,
                fact.product,
                fact.session,
                fact.people,
                fact.staff,
                fact.reason_text,
                conflict,
            )
        )
        if fact.fresh:
            self._uses[fact.ticket] = self._uses.get(fact.ticket, 0) + fact.fresh

    def passage(self, row: JournalRow, fact: PassageFact) -> None:
        """Take in what became of an admission."""
        self.rows[sql.PASSAGE].append((fact.admission, fact.passage, False, fact.off))
        self._story(
            row,
            fact.ticket,
            row.kind,
            actor=fact.actor,
            terminal=fact.terminal,
            detail=Passage(fact.passage).name,
            request=fact.admission,
        )

    def annul(self, row: JournalRow, fact: AnnulFact) -> None:
        """Take in an admission taken back."""
        self.rows[sql.ANNULLED].append((fact.admission, 0, True, fact.off))
        self._story(
            row,
            fact.ticket,
            row.kind,
            actor=fact.actor,
            terminal=fact.terminal,
            request=fact.admission,
            reason_text=fact.reason_text,
        )
        if fact.fresh:
            self._uses[fact.ticket] = self._uses.get(fact.ticket, 0) - fact.fresh

    def status(self, row: JournalRow, fact: StatusFact) -> None:
        """Take in what the issuer says of a ticket."""
        self._add(sql.STATUS, fact.ticket, status=fact.status, status_at_ms=row.at_ms)
        self._story(
            row,
            fact.ticket,
            row.kind,
            actor=fact.actor,
            detail=Status(fact.status).name,
            reason_text=fact.reason_text,
        )

    def bind(self, row: JournalRow, fact: BindFact) -> None:
        """Take in a further credential, or one that takes the place of others."""
        kind = "replace" if fact.ended else row.kind
        self._story(row, fact.ticket, kind, actor=fact.actor, detail=fact.kind)

    def exchange(self, row: JournalRow, fact: ExchangeFact) -> None:
        """Take in a voucher exchanged."""
        if fact.reason == Reason.ok.value:
            self._add(sql.EXCHANGED, fact.ticket, exchanged=True)
        if fact.ticket:
            self._story(
                row,
                fact.ticket,
                row.kind,
                actor=fact.staff or fact.actor,
                terminal=fact.terminal,
                detail=fact.reason,
            )

    def order(self, row: JournalRow, fact: OrderFact, person: Person | None) -> None:
        """Take in a new order; one that was refused is none."""
        if fact.reason != Reason.ok.value:
            return
        buyer = person or {}
        self.rows[sql.ORDER].append(
            (
                *(fact.order, order_number(fact.order), fact.event, fact.channel, fact.currency),
                *(fact.state, fact.total_minor, sum(line.quantity for line in fact.lines)),
                *(row.at_ms, fact.until_ms),
                *(buyer.get(name, "")[:size] for name, size in _BUYER),
            )
        )
        self._paid(fact.order, fact.state)

    def _paid(self, order: str, state: int) -> None:
        if state == SaleState.paid:
            self.fulfil.append(order)

    def _order_changed(
        self, order: str, state: int = -1, *, captured: int = 0, refunded: int = 0
    ) -> None:
        self.rows[sql.ORDER_CHANGED].append((order, state, captured, refunded))

    def order_ended(self, row: JournalRow, fact: OrderEndFact) -> None:
        """Take in an order that was let go."""
        del row
        self._order_changed(fact.order, SaleState.ended)
        if fact.bodies:
            self.rows[sql.ORDER_FORGOTTEN].append((fact.order,))

    def captured(self, row: JournalRow, fact: CaptureFact) -> None:
        """Take in money that came for an order."""
        del row
        state = SaleState.paid if fact.outcome == "paid" else -1
        self._order_changed(fact.order, state, captured=fact.amount_minor)
        self._paid(fact.order, state)

    def refunded(self, row: JournalRow, fact: RefundFact) -> None:
        """Take in money that went back."""
        del row
        whole = fact.surplus_minor + sum(amount for _, amount in fact.tickets)
        self._order_changed(fact.order, refunded=whole)

    def published(self, row: JournalRow, fact: PublishFact) -> None:
        """Take in a version of the rules."""
        self.rows[sql.PUBLISHED].append((fact.layer, fact.version, row.at_ms, fact.actor[:64]))

    def erase(self, row: JournalRow, fact: EraseFact) -> None:
        """Take in that a person is to be forgotten."""
        self._tell(fact.ticket, row.at_ms, _NOBODY)
        if fact.order:
            self.rows[sql.ORDER_FORGOTTEN].append((fact.order,))
        self._story(row, fact.ticket, row.kind, actor=fact.actor, reason_text=fact.reason_text)


def person_in(enclosures: list[tuple[str, bytes]]) -> Person | None:
    """Return what an enclosure tells of a person, None if there is none or it was erased."""
    for kind, body in enclosures:
        if kind == PERSON and body:
            return _read_person(body)
    return None


_COLLECT: Final[dict[type[Fact], Callable[..., None]]] = {
    BindFact: ProjectedPage.bind,
    AdmissionFact: ProjectedPage.admission,
    RecordFact: ProjectedPage.record,
    PassageFact: ProjectedPage.passage,
    AnnulFact: ProjectedPage.annul,
    StatusFact: ProjectedPage.status,
    ExchangeFact: ProjectedPage.exchange,
    PublishFact: ProjectedPage.published,
    EraseFact: ProjectedPage.erase,
    OrderEndFact: ProjectedPage.order_ended,
    CaptureFact: ProjectedPage.captured,
    RefundFact: ProjectedPage.refunded,
}
