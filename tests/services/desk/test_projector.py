"""The projector: the journal in tables, once each, in any order, and again from nothing."""

import itertools
import threading
import time
from collections.abc import Callable

import pytest
from django.apps import apps
from django.db import connection

from paifang.core import limits
from paifang.core.pricing import Channel
from paifang.core.tickets import Passage, Status
from paifang.ledger.commands import (
    Annul,
    ConfirmPassage,
    Erase,
    Override,
    Record,
    SetStatus,
)
from paifang.ledger.sale_commands import OrderLine, PlaceOrder
from paifang.services.desk import projection_sql, projector
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext, install
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.jobs import ask_for
from paifang.services.desk.projected_page import ProjectedPage, person_in
from paifang.services.desk.projection_write import write_page
from paifang.services.live.ports import Cursor, JournalRow
from paifang.store.models import (
    Job,
    Price,
    ProjectedAdmission,
    ProjectedAftermath,
    ProjectedTicket,
    SearchTerm,
)
from tests.desk_makers import Venue, commit, issue, make_venue, shown
from tests.projected import EMPTIED, PROJECTED, rows_of, tables

PEOPLE = [
    Attendee(name="欧阳娜娜", reference="A-1", company="茶庄", email="a@example.org", phone="199"),
    Attendee(name="O’Brien, Séan", reference="A-2", company="Tea & Co"),
    Attendee(name="Ann", reference="A-3"),
]
LATE_MS = int(time.time() * 1000) - 60_000


def busy_day(desk: DeskContext) -> tuple[Venue, list[bytes]]:
    """One of everything: issues, entries, a refusal, an exit, annulled, blocked, erased."""
    venue = make_venue()
    issued = issue(desk, venue, PEOPLE)
    first, second, third = (one.code for one in issued)
    tickets = [one.command.ticket for one in issued]
    terminal = venue.terminal.pk.hex
    commit(desk, shown(desk, venue, first, "in-1"), shown(desk, venue, first, "again-1"))
    commit(desk, shown(desk, venue, first, "out-1", "exit"))
    commit(desk, shown(desk, venue, second, "in-2"))
    commit(desk, Annul(request_id="undo-2", admission="in-2", terminal=terminal))
    over = shown(desk, venue, first, "over-1")
    commit(desk, Override(request_id="over-1", admit=over, reason_text="known"))
    commit(desk, shown(desk, venue, third, "in-3"))
    commit(
        desk,
        ConfirmPassage(
            request_id="p-3", admission="in-3", terminal=terminal, passage=Passage.not_shown
        ),
    )
    late = shown(desk, venue, second, "late-2")
    commit(desk, Record(request_id="late-2", admit=late, at_ms=LATE_MS))
    again = shown(desk, venue, second, "late-3")
    commit(desk, Record(request_id="late-3", admit=again, at_ms=LATE_MS))
    commit(desk, SetStatus(ticket=tickets[2], status=Status.blocked, reason_text="lost"))
    commit(desk, Erase(ticket=tickets[0]))
    return venue, tickets


def test_the_tables_tell_what_happened(desk: DeskContext) -> None:
    _, tickets = busy_day(desk)
    projector.project_all()
    by_id = {row.ticket.bytes: row for row in ProjectedTicket.objects.all()}
    erased, undone, blocked = (by_id[ticket] for ticket in tickets)
    assert (erased.uses, erased.holder, erased.phone, erased.company) == (2, "", "", "")
    assert {bytes(row.ticket) for row in SearchTerm.objects.all()} == set(tickets[1:])
    assert (undone.uses, undone.holder, undone.reference) == (2, "O’Brien, Séan", "A-2")
    assert (blocked.uses, blocked.status) == (1, Status.blocked)
    reasons = dict(ProjectedAdmission.objects.values_list("request_id", "reason"))
    assert reasons == {
        "in-1": "ok",
        "again-1": "already_used",
        "out-1": "ok",
        "in-2": "ok",
        "over-1": "ok",
        "in-3": "ok",
        "late-2": "ok",
        "late-3": "already_used",
    }
    late = ProjectedAdmission.objects.get(request_id="late-2")
    assert (late.at_ms, late.basis, late.conflict) == (LATE_MS, "provisional", "")
    contested = ProjectedAdmission.objects.get(request_id="late-3")
    assert (contested.decision, contested.people, len(contested.conflict)) == ("admit", 1, 24)
    assert ProjectedAdmission.objects.get(request_id="over-1").basis == "override"
    assert ProjectedAftermath.objects.get(request_id="in-2").annulled
    assert ProjectedAftermath.objects.get(request_id="in-3").passage == Passage.not_shown


def test_a_page_read_twice_changes_nothing(desk: DeskContext) -> None:
    busy_day(desk)
    projector.project_all()
    before = tables()
    assert projector.project_page() == 0
    assert tables() == before


def test_rebuilt_from_nothing_the_tables_are_the_same_and_no_job_is_repeated(
    desk: DeskContext,
) -> None:
    venue, _ = busy_day(desk)
    ask_for("print", "sheet-1", {"event": venue.event.slug})
    Price.objects.create(product=venue.product, position=0, amount_minor=8000, currency="CNY")
    publish()
    order = PlaceOrder(
        request_id="order-1",
        order=bytes(16),
        event=venue.event.number,
        channel=Channel.counter,
        lines=(OrderLine(venue.product.number, 0, 1),),
        currency="CNY",
        total_minor=8000,
        for_ms=60_000,
    )
    commit(desk, order)
    projector.project_all()
    commit(desk, shown(desk, venue, "0000000000000000", "stranger"))
    projector.project_all()
    before, jobs = tables(), rows_of(Job)
    assert all(before.values()), "a table without rows would prove nothing"
    assert projector.rebuild() > 0
    assert tables() == before
    assert rows_of(Job) == jobs
    assert len(jobs) == 1


def test_a_rebuild_empties_every_table_of_the_journal() -> None:
    """Whatever stands beside these models is written by the projector alone."""
    homes = {model.__module__ for model in PROJECTED}
    beside = {model for model in apps.get_models() if model.__module__ in homes}
    assert beside == set(PROJECTED)
    assert len(EMPTIED) == len(PROJECTED)


def test_row_by_row_ends_where_one_page_does(
    desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy_day(desk)
    projector.project_all()
    before = tables()
    monkeypatch.setattr(limits, "PROJECT_ROWS_MAX", 1)
    projector.rebuild()
    assert tables() == before


def facts_by_segment(desk: DeskContext) -> dict[int, list[JournalRow]]:
    rows = desk.ledger.journal_after({}, 10_000)
    return {
        segment: list(found)
        for segment, found in itertools.groupby(
            sorted(rows, key=lambda row: row[:3]), key=lambda row: row.segment
        )
    }


def test_segments_may_arrive_in_any_order(desk: DeskContext) -> None:
    """The erasure stands in the node's own segment, the ticket in its site's."""
    busy_day(desk)
    projector.project_all()
    wanted = {name: rows for name, rows in tables().items() if name != "Position"}
    by_segment = facts_by_segment(desk)
    assert len(by_segment) > 1
    for order in itertools.permutations(by_segment):
        with connection.cursor() as cursor:
            for statement in projection_sql.EMPTY:
                cursor.execute(statement)
            for segment in order:
                page = ProjectedPage()
                rows = by_segment[segment]
                bodies = desk.ledger.enclosures([row[:3] for row in rows])
                for row, enclosures in zip(rows, bodies, strict=True):
                    page.take(row, person_in(enclosures))
                write_page(cursor, page)
        found = {name: rows for name, rows in tables().items() if name != "Position"}
        assert found == wanted, order


def test_an_admission_of_a_ticket_not_yet_known_is_kept(desk: DeskContext) -> None:
    venue = make_venue()
    (issued,) = issue(desk, venue, PEOPLE[:1])
    commit(desk, shown(desk, venue, issued.code, "in-1"))
    rows = [row for rows in facts_by_segment(desk).values() for row in rows]
    for kind in ("admission", "issue"):
        page = ProjectedPage()
        for row in rows:
            if row.kind == kind:
                page.take(row, {"name": "Ann"} if kind == "issue" else None)
        with connection.cursor() as cursor:
            write_page(cursor, page)
    ticket = ProjectedTicket.objects.get()
    assert (ticket.uses, ticket.status, ticket.holder) == (1, Status.valid, "Ann")


class CutOff:
    """The real ledger, whose enclosures cannot be read for a while."""

    def __init__(self, desk: DeskContext) -> None:
        self._desk = desk

    def __getattr__(self, name: str) -> object:
        return getattr(self._desk.ledger, name)

    def enclosures(self, rows: object) -> object:
        raise ConnectionError


def test_a_page_that_fails_leaves_nothing_half_done(desk: DeskContext) -> None:
    busy_day(desk)
    install(DeskContext(CutOff(desk), desk.keys, desk.data))  # type: ignore[arg-type]
    with pytest.raises(ConnectionError):
        projector.project_page()
    assert not ProjectedTicket.objects.exists()
    assert projector.positions() == {}


def until(told: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not told():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_a_page_can_wait_for_its_own_write(desk: DeskContext) -> None:
    venue = make_venue()
    (issued,) = issue(desk, venue, PEOPLE[:1])
    answers = commit(desk, shown(desk, venue, issued.code, "in-1"))
    assert not projector.wait_until(answers, 0.05)
    stop = threading.Event()
    thread = projector.start_projector(stop)
    try:
        assert projector.wait_until(answers, 20)
        assert ProjectedAdmission.objects.filter(request_id="in-1").exists()
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()


def test_two_projectors_take_turns(desk: DeskContext) -> None:
    venue = make_venue()
    issued = issue(desk, venue, [Attendee(name=f"N{n}", reference=f"R{n}") for n in range(40)])
    commit(desk, *(shown(desk, venue, one.code, f"in-{n}") for n, one in enumerate(issued)))
    stop = threading.Event()
    threads = [projector.start_projector(stop) for _ in range(2)]
    try:
        assert until(lambda: ProjectedAdmission.objects.count() == 40)
        newest: dict[int, Cursor] = {}
        for row in desk.ledger.journal_after({}, 10_000):
            newest[row.segment] = max(newest.get(row.segment, (0, 0)), (row.epoch, row.seq))
        assert until(lambda: projector.positions() == newest)
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    assert set(ProjectedTicket.objects.values_list("uses", flat=True)) == {1}
