"""Which tickets are printed, and what can be told of them before."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Length

from paifang.core import limits
from paifang.core.paper import longest_named
from paifang.core.rules import Rules
from paifang.core.tickets import Status
from paifang.services.desk.paper.fonts import Missing, PaperFonts
from paifang.store.models import PaperTicketPrinted, ProjectedTicket

_LONGEST_LOOKED_AT: Final = 50


class Chosen(NamedTuple):
    """What was asked for; 0 asks for all. Tickets that were ticked are all there is, if any were.

    `unprinted` leaves out what is on a print that was made.
    """

    event: int = 0
    product: int = 0
    session: int = 0
    unprinted: bool = False
    tickets: tuple[UUID, ...] = ()

    def as_told(self) -> dict[str, Any]:
        """Return it as it is kept and audited: ids and numbers."""
        if self.tickets:
            return {"ticked": len(self.tickets)}
        told = {"event": self.event, "product": self.product, "session": self.session}
        return {name: value for name, value in told.items() if value} | (
            {"unprinted": True} if self.unprinted else {}
        )


class Overview(NamedTuple):
    """What there is to print.

    Attributes:
        tickets: How many will be printed.
        left_out: How many of those chosen are not valid, and are not printed.
        first: The one a preview shows; None if there is none.
        longest: The one with the widest name.
        missing: Texts that no font can show in full, at most `PAPER_MISSING_SHOWN`.
        missing_count: How many there are.
    """

    tickets: int
    left_out: int
    first: ProjectedTicket | None
    longest: ProjectedTicket | None
    missing: list[tuple[str, Missing]]
    missing_count: int


def tickets_of(chosen: Chosen) -> QuerySet[ProjectedTicket]:
    """Return the valid tickets that were asked for, in no order."""
    return _asked_for(chosen).filter(status=Status.valid)


def overview(rules: Rules, chosen: Chosen, fonts: PaperFonts) -> Overview:
    """Count what was asked for, and look for names no font can show."""
    rows = tickets_of(chosen)
    count = rows.count()
    if not count or count > limits.PAPER_TICKETS_MAX:
        return Overview(count, _left_out(chosen, count), None, None, [], 0)
    first = rows.order_by("ticket").first()
    widest = rows.annotate(chars=Length("holder")).order_by("-chars", "ticket")
    names = {row.ticket.hex: row for row in widest[:_LONGEST_LOOKED_AT]}
    longest = names[longest_named((key, row.holder) for key, row in names.items())]
    missing = [*_missing_of_rules(rules, chosen, fonts), *_missing_of_people(rows, fonts)]
    return Overview(
        count,
        _left_out(chosen, count),
        first,
        longest,
        missing[: limits.PAPER_MISSING_SHOWN],
        len(missing),
    )


def _asked_for(chosen: Chosen) -> QuerySet[ProjectedTicket]:
    rows = ProjectedTicket.objects.all()
    if chosen.tickets:
        return rows.filter(ticket__in=chosen.tickets)
    fixed = {"event": chosen.event, "product": chosen.product, "session": chosen.session}
    rows = rows.filter(**{name: value for name, value in fixed.items() if value})
    if chosen.unprinted:
        printed = PaperTicketPrinted.objects.filter(ticket=OuterRef("ticket"), done=True)
        rows = rows.exclude(Exists(printed))
    return rows


def _left_out(chosen: Chosen, count: int) -> int:
    """Return how many of what was asked for is not valid: void, blocked, unpaid, unknown."""
    if chosen.tickets:
        return len(set(chosen.tickets)) - count
    return _asked_for(chosen).filter(status__gt=Status.valid).count()


def _missing_of_people(
    rows: QuerySet[ProjectedTicket], fonts: PaperFonts
) -> Iterable[tuple[str, Missing]]:
    for ticket, *texts in rows.order_by("holder").values_list("ticket", "holder", "company"):
        for text in texts:
            missing = fonts.missing_of(text)
            if missing:
                yield ticket.hex, Missing(text, missing)


def _missing_of_rules(
    rules: Rules, chosen: Chosen, fonts: PaperFonts
) -> Iterable[tuple[str, Missing]]:
    """Yield what cannot be shown of the names of event and products, which belong to no ticket."""
    centre = rules.centre
    names = [
        (one.name, one.name_zh) for one in centre.events.values() if chosen.event in {0, one.number}
    ]
    names += [
        (one.name, one.name_zh)
        for one in centre.products.values()
        if chosen.event in {0, one.event} and chosen.product in {0, one.number}
    ]
    for text in [name for both in names for name in both]:
        missing = fonts.missing_of(text)
        if missing:
            yield "", Missing(text, missing)
