"""The story of one ticket: what gates decided about it and what was done with it, in order."""

from typing import NamedTuple
from uuid import UUID

from nacl.exceptions import CryptoError

from paifang.core import limits
from paifang.core.codes import Kind
from paifang.core.rules import Gate, Rules
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.ticket_story import serials_of
from paifang.services.desk.tickets.condition import (
    Condition,
    Validity,
    condition_of,
    uses_of,
    validity_of,
)
from paifang.store.models import (
    PaperTicketPrinted,
    ProjectedAdmission,
    ProjectedAftermath,
    ProjectedTicket,
    SegmentNode,
    TicketFact,
)


class Chapter(NamedTuple):
    """One fact of a ticket.

    Attributes:
        kind: The journal's kind, with `amend`, `replace`, `entry`, `exit`, `printed` of its own.
        detail: The fact's own word: a status, a credential's kind, a reason, a passage.
        decision: What the gate said, "" of other facts.
        by: Who, by name as far as known.
        here: Whether this node wrote it down.
        conflict: The id of the conflict a late record made.
    """

    at_ms: int
    kind: str
    detail: str = ""
    decision: str = ""
    basis: str = ""
    people: int = 0
    gate: Gate | None = None
    gate_slug: str = ""
    terminal: str = ""
    by: str = ""
    reason_text: str = ""
    conflict: str = ""
    annulled: bool = False
    node: str = ""
    here: bool = True
    place: tuple[int, int, int] = (0, 0, 0)


class Told(NamedTuple):
    """A ticket as its page tells it. `uses_max` is 0 without an end."""

    row: ProjectedTicket
    condition: Condition
    validity: Validity
    uses_max: int
    serial: str
    chapters: list[Chapter]
    more: bool


def story_of(rules: Rules, ticket: UUID, now_ms: int, *, by: Actor) -> Told | None:
    """Return a ticket with its story, the newest first; None if there is no such ticket.

    Raises:
        NotPermitted: They may not find tickets.
        LedgerFault: The ledger could not be read.
    """
    by.require(Act.find_tickets)
    row = ProjectedTicket.objects.filter(ticket=ticket).first()
    if row is None:
        return None
    most = limits.HISTORY_ROWS_MAX + 1
    facts = list(TicketFact.objects.filter(ticket=ticket).order_by("-at_ms")[:most])
    decisions = list(
        ProjectedAdmission.objects.filter(ticket=ticket).order_by("-at_ms", "-id")[:most]
    )
    nodes = _nodes({one.segment for one in facts} | {one.segment for one in decisions})
    annulled = set(
        ProjectedAftermath.objects.filter(
            request_id__in=[one.request_id for one in decisions], annulled=True
        ).values_list("request_id", flat=True)
    )
    chapters = [_fact_told(rules, one) for one in facts]
    chapters += [
        _decision_told(rules, one, annulled=one.request_id in annulled) for one in decisions
    ]
    chapters += _prints_told(rules, ticket)
    chapters.sort(key=lambda one: (one.at_ms, one.place), reverse=True)
    own = context().keys.node
    placed = [(one, nodes.get(one.place[:2], own)) for one in chapters]
    product = rules.centre.products.get(row.product)
    return Told(
        row,
        condition_of(rules, row, now_ms),
        validity_of(rules, row),
        uses_of(product, row) if product else 0,
        serials_of(rules, [row]).get(ticket, ""),
        [one._replace(node=node, here=node == own) for one, node in placed][: most - 1],
        len(chapters) >= most,
    )


def code_of(rules: Rules, row: ProjectedTicket) -> str:
    """Return the code that opens a ticket now, unsealed; "" if it cannot be read.

    Raises:
        LedgerFault: The ledger could not be read.
    """
    event = rules.centre.events.get(row.event)
    sealed = context().ledger.sealed([row.ticket.bytes], Kind.code.value).get(row.ticket.bytes)
    if event is None or sealed is None:
        return ""
    try:
        return context().keys.unseal(event, sealed)
    except CryptoError:
        # Altered behind the ledger's back; `paifang verify` tells of it.
        return ""


def _nodes(segments: set[int]) -> dict[tuple[int, int], str]:
    rows = SegmentNode.objects.filter(segment__in=segments)
    return {(row.segment, row.epoch): row.node for row in rows}


def _staff_name(rules: Rules, username: str) -> str:
    staff = rules.node.staff.get(username)
    return staff.name if staff else username


def _terminal_name(rules: Rules, terminal: str) -> str:
    known = rules.node.terminals.get(terminal)
    return known.name if known else ""


def _prints_told(rules: Rules, ticket: UUID) -> list[Chapter]:
    """Return the paper it was printed on; a print is no fact of the journal."""
    printed = PaperTicketPrinted.objects.filter(ticket=ticket, done=True).select_related("print")
    return [
        Chapter(
            int(one.print.made_at.timestamp() * 1_000),
            "printed",
            one.print.layout,
            by=_staff_name(rules, one.print.made_by),
        )
        for one in printed.order_by("-print")[: limits.HISTORY_ROWS_MAX]
    ]


def _fact_told(rules: Rules, row: TicketFact) -> Chapter:
    return Chapter(
        row.at_ms,
        row.kind,
        row.detail,
        terminal=_terminal_name(rules, row.terminal),
        by=_staff_name(rules, row.actor),
        reason_text=row.reason_text,
        place=(row.segment, row.epoch, row.seq),
    )


def _decision_told(rules: Rules, row: ProjectedAdmission, *, annulled: bool) -> Chapter:
    return Chapter(
        row.at_ms,
        row.direction,
        row.reason,
        row.decision,
        row.basis,
        row.people,
        gate=rules.centre.gates.get(row.gate),
        gate_slug=row.gate,
        terminal=_terminal_name(rules, row.terminal),
        by=_staff_name(rules, row.staff),
        reason_text=row.reason_text,
        conflict=row.conflict,
        annulled=annulled,
        place=(row.segment, row.epoch, row.seq),
    )
