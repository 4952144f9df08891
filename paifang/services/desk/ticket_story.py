"""Tickets as terminals are shown them: as little of the person as the question needs."""

from collections.abc import Container, Iterable
from typing import Any, Final, Literal
from uuid import UUID

from django.db.models import OuterRef, Subquery
from msgspec import UNSET, UnsetType
from nacl.exceptions import CryptoError

from paifang.core import limits
from paifang.core.reasons import Basis, Reason, Verdict
from paifang.core.rules import Role, Rules, Terminal
from paifang.core.tickets import Status
from paifang.services.desk.context import context
from paifang.services.desk.search import Found, events_of
from paifang.services.desk.search_terms import tail_of_phone
from paifang.services.live.answers import rfc3339
from paifang.services.live.bodies_search import (
    Decided,
    LastDecision,
    State,
    TicketFound,
    TicketStory,
)
from paifang.services.live.callers import Caller
from paifang.store.models import ProjectedAdmission, ProjectedAftermath, ProjectedTicket

SEES_SERIALS: Final = frozenset({Role.supervisor, Role.manager})
_STATES: Final[dict[int, State]] = {
    Status.valid: "valid",
    Status.unpaid: "unpaid",
    Status.blocked: "blocked",
    Status.void: "void",
    Status.refunded: "refunded",
}


def sees_serials(rules: Rules, caller: Caller) -> bool:
    """Whether somebody proved to be on duty who may see a serial in full."""
    staff = rules.node.staff.get(caller.staff)
    return staff is not None and staff.active and staff.role in SEES_SERIALS


def found_tickets(rules: Rules, found: list[Found], *, in_full: bool) -> tuple[TicketFound, ...]:
    """Return tickets as they are told, each with its newest decision."""
    serials = serials_of(rules, [one.ticket for one in found])
    last = _last_decisions([one.ticket.ticket for one in found])
    return tuple(
        TicketFound(
            **_told(rules, one.ticket, serials.get(one.ticket.ticket, ""), in_full=in_full),
            exact=one.exact,
            last=last_told(rules, last.get(one.ticket.ticket)),
        )
        for one in found
    )


def story_of(
    rules: Rules, terminal: Terminal, ticket: UUID, *, in_full: bool
) -> TicketStory | None:
    """Return a ticket's story, None if there is none that this terminal may know."""
    row = ProjectedTicket.objects.filter(ticket=ticket).first()
    if row is None or row.event not in events_of(rules, terminal):
        return None
    serial = serials_of(rules, [row]).get(ticket, "")
    decisions = list(
        ProjectedAdmission.objects.filter(ticket=ticket).order_by("-at_ms", "-id")[
            : limits.HISTORY_ROWS_MAX
        ]
    )
    annulled = set(
        ProjectedAftermath.objects.filter(
            request_id__in=[one.request_id for one in decisions], annulled=True
        ).values_list("request_id", flat=True)
    )
    return TicketStory(
        **_told(rules, row, serial, in_full=in_full),
        exact=True,
        last=last_told(rules, decisions[0] if decisions else None),
        history=tuple(_decided(rules, one, annulled) for one in decisions),
    )


def serials_of(rules: Rules, rows: Iterable[ProjectedTicket]) -> dict[UUID, str]:
    """Return the serials of tickets, unsealed. Raises LedgerFault."""
    return unsealed(rules, rows, "serial")


def unsealed(rules: Rules, rows: Iterable[ProjectedTicket], kind: str) -> dict[UUID, str]:
    """Return the live codes or serials of tickets, unsealed. Raises LedgerFault."""
    events = {row.ticket.bytes: row.event for row in rows}
    values = {}
    for ticket, sealed in context().ledger.sealed(list(events), kind).items():
        event = rules.centre.events.get(events[ticket])
        if event is not None:
            try:
                values[UUID(bytes=ticket)] = context().keys.unseal(event, sealed)
            except CryptoError:
                # Altered behind the ledger's back: shown without, `paifang verify` tells of it.
                continue
    return values


def _told(rules: Rules, row: ProjectedTicket, serial: str, *, in_full: bool) -> dict[str, Any]:
    """Return what every answer about a ticket holds."""
    product = rules.centre.products.get(row.product)
    state: State = _STATES.get(row.status, "void")
    if state == "valid" and product and product.exchange_required and not row.exchanged:
        state = "voucher"
    return {
        "id": row.ticket.hex,
        "holder": row.holder,
        "company": row.company,
        "product": product.name if product else "",
        "product_zh": product.name_zh if product else "",
        "people": row.people,
        "state": state,
        "uses": row.uses,
        "phone_tail": tail_of_phone(row.phone),
        "serial_tail": serial[-4:],
        "serial": serial if in_full and serial else UNSET,
    }


def _last_decisions(tickets: list[UUID]) -> dict[UUID, ProjectedAdmission]:
    """Return the newest decision about each ticket."""
    newest = (
        ProjectedAdmission.objects.filter(ticket=OuterRef("ticket"))
        .order_by("-at_ms", "-id")
        .values("id")[:1]
    )
    rows = ProjectedTicket.objects.filter(ticket__in=tickets).annotate(last=Subquery(newest))
    ids = [last for last in rows.values_list("last", flat=True) if last is not None]
    found = ProjectedAdmission.objects.filter(id__in=ids)
    return {one.ticket: one for one in found if one.ticket is not None}


def last_told(rules: Rules, row: ProjectedAdmission | None) -> LastDecision | UnsetType:
    """Return the newest decision as it is told."""
    if row is None:
        return UNSET
    name, name_zh = _gate(rules, row.gate)
    return LastDecision(
        at=rfc3339(row.at_ms),
        gate=name,
        gate_zh=name_zh,
        direction=_way(row),
        decision=Verdict(row.decision),
        reason=Reason(row.reason),
    )


def _decided(rules: Rules, row: ProjectedAdmission, annulled: Container[str]) -> Decided:
    name, name_zh = _gate(rules, row.gate)
    terminal = rules.node.terminals.get(row.terminal)
    staff = rules.node.staff.get(row.staff)
    return Decided(
        at=rfc3339(row.at_ms),
        gate=name,
        gate_zh=name_zh,
        terminal=terminal.name if terminal else "",
        direction=_way(row),
        decision=Verdict(row.decision),
        reason=Reason(row.reason),
        basis=Basis(row.basis),
        people=row.people,
        by=staff.name if staff else row.staff,
        reason_text=row.reason_text,
        annulled=row.request_id in annulled,
        conflict=row.conflict,
    )


def _way(row: ProjectedAdmission) -> Literal["entry", "exit"]:
    return "exit" if row.direction == "exit" else "entry"


def _gate(rules: Rules, slug: str) -> tuple[str, str]:
    gate = rules.centre.gates.get(slug)
    return (gate.name, gate.name_zh) if gate else (slug, "")
