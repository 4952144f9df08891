"""Reports of an event at a site over a span of its days, from the sums the projector keeps.

A day is the site's own: it begins at the site's hour, also across midnight and when clocks change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet, Sum

from paifang.core import limits
from paifang.core.reasons import Basis, Reason, Verdict
from paifang.core.rules import Direction, Gate, Product, Rules, Session
from paifang.core.tickets import Status
from paifang.services.desk.calendar import day_start_ms
from paifang.services.desk.origins import Origin
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.places_to_watch import Place
from paifang.store import models
from paifang.store.models.tallies import QUARTER_MS

HOURS_UP_TO_DAYS: Final = 7
"""Longer spans are told day by day."""
_GONE: Final = (Status.void.value, Status.refunded.value)
_COUNTS: Final = ("tickets", "people", "arrived_tickets", "arrived_people")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about. 0 and "" are all of them; both days belong to the span."""

    place: Place
    first: date
    last: date
    product: int = 0
    gate: str = ""
    session: int = 0


class Span(NamedTuple):
    """An hour or a day from `from_ms` (UTC): people in and out, refusals."""

    from_ms: int
    entries: int
    exits: int
    refused: int


class Count(NamedTuple):
    """Something with its people in and out and its refusals."""

    key: str
    entries: int
    exits: int
    refused: int


class Arrivals(NamedTuple):
    """Tickets of something that are not void: for how many people, and who of them has come."""

    key: str
    tickets: int
    people: int
    came_tickets: int
    came_people: int

    @property
    def missing(self) -> int:
        """How many people have not come."""
        return self.people - self.came_people


class HandMade(NamedTuple):
    """An admission by a supervisor: when, where, by whom, why."""

    at_ms: int
    gate: str
    staff: str
    reason_text: str


class Report(NamedTuple):
    """Everything that is told. Flow is of the span, arrivals are of all tickets so far."""

    asked: Asked
    zone: ZoneInfo
    by_hours: bool
    spans: tuple[Span, ...]
    gates: tuple[Count, ...]
    products: tuple[Count, ...]
    reasons: tuple[tuple[Reason, int], ...]
    entries: int
    exits: int
    refused: int
    overrides: int
    annulled: int
    conflicts: int
    by_product: tuple[Arrivals, ...]
    by_session: tuple[Arrivals, ...]
    groups: tuple[Arrivals, ...]
    companies: tuple[Arrivals, ...]
    phones: tuple[Arrivals, ...]
    hand_made: tuple[HandMade, ...] | None


class Choices(NamedTuple):
    """What a report can be narrowed to."""

    gates: tuple[Gate, ...]
    products: tuple[Product, ...]
    sessions: tuple[Session, ...]


def choices(rules: Rules, place: Place) -> Choices:
    """Return the gates, products and sessions of an event at a site."""
    centre = rules.centre
    number = place.event.number
    return Choices(
        tuple(g for g in centre.gates.values() if centre.zones[g.zone].site == place.site.slug),
        tuple(p for p in centre.products.values() if p.event == number),
        tuple(
            sorted(
                (s for s in centre.sessions.values() if s.event == number),
                key=lambda s: (s.opens_ms, s.number),
            )
        ),
    )


def site_today(place: Place, now_ms: int) -> date:
    """Return the site's day that holds an instant: before its hour it is still the day before."""
    start = place.site.day_at(now_ms)
    # Noon is on the day whose name the site's day bears, whatever the clocks do.
    noon = datetime.fromtimestamp(start / 1000, UTC) + timedelta(hours=1)
    return noon.astimezone(ZoneInfo(place.site.time_zone)).date()


def report(by: Actor, rules: Rules, asked: Asked) -> Report:
    """Return a report. Raises NotPermitted."""
    by.require(Act.see_reports)
    site = models.Site.objects.get(slug=asked.place.site.slug)
    days = [asked.first + timedelta(days=n) for n in range((asked.last - asked.first).days + 2)]
    bounds = [day_start_ms(site.zone_info, site.day_start_hour, day) for day in days]
    told = choices(rules, asked.place)
    flow = _flow(asked, told, bounds[0], bounds[-1])
    by_hours = len(days) - 1 <= HOURS_UP_TO_DAYS
    return Report(
        asked=asked,
        zone=site.zone_info,
        by_hours=by_hours,
        spans=tuple(_spans(flow, bounds, site.zone_info, by_hours=by_hours)),
        **_by_gate_and_product(flow, told),
        **_totals(flow),
        **_arrivals(asked, told),
        hand_made=_hand_made(asked, told, bounds) if by.may(Act.see_audit) else None,
    )


def _flow(
    asked: Asked, told: Choices, from_ms: int, until_ms: int
) -> "QuerySet[models.FlowTally, models.FlowTally]":
    """Return the sums of the span, narrowed as asked."""
    found = models.FlowTally.objects.filter(
        quarter__gte=from_ms // QUARTER_MS, quarter__lt=until_ms // QUARTER_MS
    )
    gates = [asked.gate] if asked.gate else [gate.slug for gate in told.gates]
    # Of a ticket nobody knows there is no product: its refusals belong to whoever stood there.
    products = [asked.product] if asked.product else [0, *(one.number for one in told.products)]
    found = found.filter(gate__in=gates, product__in=products)
    return found.filter(session=asked.session) if asked.session else found


_ENTERED: Final = Q(decision=Verdict.admit.value) & ~Q(direction=Direction.exit.value)
_LEFT: Final = Q(decision=Verdict.admit.value, direction=Direction.exit.value)
_REFUSED: Final = ~Q(decision=Verdict.admit.value)
_WAYS: Final = {
    "entered": Sum("people", filter=_ENTERED, default=0)
    - Sum("off_people", filter=_ENTERED, default=0),
    "left": Sum("people", filter=_LEFT, default=0) - Sum("off_people", filter=_LEFT, default=0),
    "turned_away": Sum("decisions", filter=_REFUSED, default=0),
}


def _totals(flow: "QuerySet[models.FlowTally, models.FlowTally]") -> dict[str, Any]:
    sums = flow.aggregate(
        **_WAYS,
        overridden=Sum("decisions", filter=Q(basis=Basis.override.value), default=0),
        undone=Sum("annulled", default=0),
        contested=Sum("conflicts", default=0),
    )
    reasons = (
        flow.filter(_REFUSED)
        .values("reason")
        .annotate(times=Sum("decisions"))
        .order_by("-times", "reason")
        .values_list("reason", "times")
    )
    return {
        "reasons": tuple((Reason(reason), int(times)) for reason, times in reasons),
        "entries": int(sums["entered"]),
        "exits": int(sums["left"]),
        "refused": int(sums["turned_away"]),
        "overrides": int(sums["overridden"]),
        "annulled": int(sums["undone"]),
        "conflicts": int(sums["contested"]),
    }


def _spans(
    flow: "QuerySet[models.FlowTally, models.FlowTally]",
    bounds: list[int],
    zone: ZoneInfo,
    *,
    by_hours: bool,
) -> Iterable[Span]:
    """Return hours or days in order, those without anybody included."""
    starts = _hours(bounds[0], bounds[-1], zone) if by_hours else bounds[:-1]
    sums = {start: [0, 0, 0] for start in starts}
    rows = (
        flow.values("quarter").annotate(**_WAYS).order_by("quarter").values_list("quarter", *_WAYS)
    )
    place = 0
    for quarter, *counts in rows:
        at_ms = int(quarter) * QUARTER_MS
        while place + 1 < len(starts) and starts[place + 1] <= at_ms:
            place += 1
        for n, count in enumerate(counts):
            sums[starts[place]][n] += int(count)
    return [Span(start, *counted) for start, counted in sums.items()]


def _hours(from_ms: int, until_ms: int, zone: ZoneInfo) -> list[int]:
    """Return when the hours of the local clock begin, UTC ms; a repeated one is there twice."""
    starts: list[int] = []
    for at_ms in range(from_ms, until_ms, QUARTER_MS):
        local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
        if local.minute == 0 or not starts:
            starts.append(at_ms)
    return starts


def _by_gate_and_product(
    flow: "QuerySet[models.FlowTally, models.FlowTally]", told: Choices
) -> dict[str, Any]:
    by_gate = {row["gate"]: row for row in flow.values("gate").annotate(**_WAYS)}
    by_product = {row["product"]: row for row in flow.values("product").annotate(**_WAYS)}
    return {
        "gates": tuple(_count(one.slug, by_gate.get(one.slug)) for one in told.gates),
        "products": tuple(
            _count(str(one.number), by_product.get(one.number)) for one in told.products
        ),
    }


def _count(key: str, row: Mapping[str, Any] | None) -> Count:
    if row is None:
        return Count(key, 0, 0, 0)
    return Count(key, int(row["entered"]), int(row["left"]), int(row["turned_away"]))


def _arrivals(asked: Asked, told: Choices) -> dict[str, Any]:
    number = asked.place.event.number
    tickets = models.TicketTally.objects.filter(event=number).exclude(status__in=_GONE)
    if asked.product:
        tickets = tickets.filter(product=asked.product)
    if asked.session:
        tickets = tickets.filter(session=asked.session)
    found = models.OriginTally.objects.filter(event=number).order_by("-people")
    return {
        "by_product": _arrived(tickets, "product", [one.number for one in told.products]),
        "by_session": _arrived(tickets, "session", [one.number for one in told.sessions]),
        "groups": _arrived(
            tickets.filter(is_group=1), "product", [one.number for one in told.products]
        ),
        "companies": _largest(found, Origin.company),
        "phones": _largest(found, Origin.phone),
    }


def _arrived(
    tickets: "QuerySet[models.TicketTally, models.TicketTally]", column: str, order: list[int]
) -> tuple[Arrivals, ...]:
    sums = tickets.values(column).annotate(**{f"all_{name}": Sum(name) for name in _COUNTS})
    rows = {row[column]: [int(row[f"all_{name}"]) for name in _COUNTS] for row in sums}
    return tuple(Arrivals(str(key), *rows[key]) for key in order if key in rows)


def _largest(
    found: "QuerySet[models.OriginTally, models.OriginTally]", kind: Origin
) -> tuple[Arrivals, ...]:
    rows = found.filter(kind=kind.value).values_list("value", *_COUNTS)[: limits.REPORT_ROWS_MAX]
    return tuple(Arrivals(*row) for row in rows)


def _hand_made(asked: Asked, told: Choices, bounds: list[int]) -> tuple[HandMade, ...]:
    gates = [asked.gate] if asked.gate else [gate.slug for gate in told.gates]
    rows = models.ProjectedAdmission.objects.filter(
        basis=Basis.override.value,
        at_ms__gte=bounds[0],
        at_ms__lt=bounds[-1],
        gate__in=gates,
    ).order_by("-at_ms")
    columns = ("at_ms", "gate", "staff", "reason_text")
    return tuple(HandMade(*row) for row in rows.values_list(*columns)[: limits.REPORT_ROWS_MAX])
