"""The sums beside the projected tables: always those of the rows, whatever happens to them."""

import random
from collections import Counter

import pytest
from django.core.management import call_command
from django.db.models import Sum
from msgspec import structs

from paifang.core import limits
from paifang.core.tickets import Status
from paifang.ledger.commands import Annul, Erase, SetStatus
from paifang.services.desk import projector
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.tallies import FLOW
from paifang.store.models import (
    FlowTally,
    GateMinuteTally,
    IssueTally,
    MinuteTally,
    OriginTally,
    ProjectedAdmission,
    ProjectedAftermath,
    TicketTally,
)
from tests.desk_makers import Venue, commit, issue, make_venue, shown

GUESTS = [
    Attendee(name="Ann", reference="A", company="茶庄", phone="021-55551234"),
    Attendee(name="Bo", reference="B", company="茶庄", phone="+852 2345 6789"),
    Attendee(name="Cy", reference="C", company="Alone Ltd"),
]


def passed(**wanted: object) -> int:
    found = FlowTally.objects.filter(decision="admit", **wanted)
    sums = found.aggregate(people=Sum("people", default=0), off=Sum("off_people", default=0))
    return int(sums["people"] - sums["off"])


def flow_of_rows() -> Counter[tuple[object, ...]]:
    """The sums counted again from every row."""
    after = {row.request_id: row for row in ProjectedAftermath.objects.all()}
    flow: Counter[tuple[object, ...]] = Counter()
    for row in ProjectedAdmission.objects.all():
        told = after.get(row.request_id)
        key = (
            *(row.at_ms // 900_000, row.gate, row.product, row.session),
            *(row.direction, row.decision, row.reason, row.basis),
        )
        flow[(*key, "decisions")] += 1
        flow[(*key, "people")] += row.people if row.decision == "admit" else 0
        flow[(*key, "off_people")] += told.off if told else 0
        flow[(*key, "annulled")] += int(told.annulled) if told else 0
        flow[(*key, "conflicts")] += int(bool(row.conflict))
    return +flow


def flow_of_sums() -> Counter[tuple[object, ...]]:
    flow: Counter[tuple[object, ...]] = Counter()
    for row in FlowTally.objects.values_list(*FLOW.key, *FLOW.sums):
        key, sums = row[: len(FLOW.key)], row[len(FLOW.key) :]
        for name, count in zip(FLOW.sums, sums, strict=True):
            flow[(*key, name)] += count
    return +flow


def minutes_of_rows() -> Counter[tuple[object, ...]]:
    """What gates did minute by minute, counted again from every row."""
    minutes: Counter[tuple[object, ...]] = Counter()
    for row in ProjectedAdmission.objects.all():
        key = (row.at_ms // 60_000, row.gate)
        if row.decision == "admit":
            minutes[(*key, "exits" if row.direction == "exit" else "entries")] += row.people
        else:
            minutes[(*key, "refusals")] += 1
    return +minutes


def minutes_of_sums() -> Counter[tuple[object, ...]]:
    minutes: Counter[tuple[object, ...]] = Counter()
    for row in GateMinuteTally.objects.all():
        for name in ("entries", "exits", "refusals"):
            minutes[row.minute, row.gate, name] += getattr(row, name)
    return +minutes


def test_what_gates_did_is_counted_anew_where_an_older_version_had_no_sums_of_it(
    desk: DeskContext,
) -> None:
    venue = make_venue()
    ann, bo, _ = issue(desk, venue, GUESTS)
    commit(desk, shown(desk, venue, ann.code, "in-1"), shown(desk, venue, bo.code, "in-2"))
    commit(desk, shown(desk, venue, ann.code, "in-3"), shown(desk, venue, bo.code, "o", "exit"))
    projector.project_all()
    before = minutes_of_sums()
    assert sum(before.values()) == 4
    call_command("migrate", "store", "0015", verbosity=0)
    call_command("migrate", "store", verbosity=0)
    assert minutes_of_sums() == before


def test_the_sums_are_those_of_the_rows_and_of_the_ledger(
    desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day of chance, taken in by pages of chance: sums, rows and the count inside agree."""
    draw = random.Random(4)
    venue = make_venue()
    codes = [
        one.code
        for one in issue(desk, venue, [Attendee(name=f"N{n}", reference=f"{n}") for n in range(25)])
    ]
    terminal = venue.terminal.pk.hex
    for n in range(120):
        way = draw.choice(("entry", "entry", "exit"))
        commit(desk, shown(desk, venue, draw.choice([*codes, "0" * 16]), f"r{n}", way))
        if draw.random() < 0.3:
            undo = Annul(
                request_id=f"u{n}", admission=f"r{draw.randrange(n + 1)}", terminal=terminal
            )
            desk.ledger.commit([undo])
        if draw.random() < 0.2:
            monkeypatch.setattr(limits, "PROJECT_ROWS_MAX", draw.choice((1, 7, 50)))
            projector.project_page()
    projector.project_all()
    assert flow_of_sums() == flow_of_rows()
    assert minutes_of_sums() == minutes_of_rows()
    (zone,) = desk.ledger.occupancy()
    assert (passed(direction="entry"), passed(direction="exit")) == (zone.entries, zone.exits)
    minutes = MinuteTally.objects.aggregate(entries=Sum("entries"), exits=Sum("exits"))
    assert minutes == {"entries": zone.entries, "exits": zone.exits}
    assert FlowTally.objects.aggregate(undone=Sum("annulled"))["undone"] > 0


def tickets(venue: Venue, status: Status) -> dict[str, int] | None:
    found = TicketTally.objects.filter(product=venue.product.number, status=status)
    names = ("tickets", "people", "arrived_tickets", "arrived_people")
    return dict(found.values(*names)[:1].get()) if found else None


def test_tickets_are_counted_as_they_stand_and_an_erased_company_goes(desk: DeskContext) -> None:
    venue = make_venue()
    ann, bo, cy = issue(desk, venue, GUESTS)
    commit(desk, shown(desk, venue, ann.code, "in-1"))
    projector.project_all()
    assert tickets(venue, Status.valid) == {
        "tickets": 3,
        "people": 3,
        "arrived_tickets": 1,
        "arrived_people": 1,
    }
    origins = {(row.kind, row.value): row for row in OriginTally.objects.all()}
    assert set(origins) == {
        ("company", "茶庄"),
        ("company", "Alone Ltd"),
        ("phone", "+86 21"),
        ("phone", "+852"),
    }
    assert (origins["company", "茶庄"].tickets, origins["company", "茶庄"].arrived_people) == (2, 1)
    commit(desk, SetStatus(ticket=bo.command.ticket, status=Status.void, reason_text="by wish"))
    commit(desk, Erase(ticket=cy.command.ticket))
    projector.project_all()
    assert {(row.kind, row.value) for row in OriginTally.objects.all()} == {
        ("company", "茶庄"),
        ("phone", "+86 21"),
    }
    void, valid = tickets(venue, Status.void), tickets(venue, Status.valid)
    assert (void and void["tickets"], valid and valid["tickets"]) == (1, 2)
    assert IssueTally.objects.aggregate(tickets=Sum("tickets")) == {"tickets": 3}


def test_groups_are_counted_apart_with_how_many_of_them_came(desk: DeskContext) -> None:
    venue = make_venue()
    (group,) = issue(desk, venue, [Attendee(name="Class 3", reference="G", people=12)])
    few = shown(desk, venue, group.code, "in-1")
    commit(desk, structs.replace(few, count=5))
    projector.project_all()
    row = TicketTally.objects.get()
    assert (row.is_group, row.tickets, row.people) == (1, 1, 12)
    assert (row.arrived_tickets, row.arrived_people) == (1, 5)
