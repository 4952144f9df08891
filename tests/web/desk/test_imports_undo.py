"""Imports stopped, resumed, made twice at once, and taken back."""

from pathlib import Path

import pytest

from paifang.core import limits
from paifang.core.tickets import Status
from paifang.ledger.commands import SetStatus
from paifang.runtime.job_handlers import HANDLERS
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.imports import undoing
from paifang.services.desk.job_runner import run_next
from paifang.services.desk.jobs import RunningJob
from paifang.services.desk.projector import project_all
from paifang.store.models import (
    AuditEntry,
    Import,
    ImportRow,
    ImportStage,
    ImportTicket,
    Job,
    ProjectedTicket,
)
from tests.desk_makers import Venue, commit
from tests.web.desk.import_steps import (
    act,
    check,
    counts,
    csv_of,
    enter,
    fair,
    holders,
    import_all,
    newest,
    send,
    signed_in,
    venue,
    work,
)

__all__ = ["fair", "venue"]


def test_an_import_is_taken_back_and_the_list_can_be_imported_anew(
    venue: Venue, desk: DeskContext
) -> None:
    client = signed_in()
    old = import_all(client, csv_of("reference,name", "0,Old"))
    body = csv_of(
        "reference,name,company,身份证", "0,Old,Acme,", "1,Ann,,11010519491231002X", "2,Bob,,"
    )
    assert counts(import_all(client, body)) == (3, 2, 0, 1, 0)
    act(client, "undo")
    work()
    one = newest()
    assert (one.stage, one.taken_back, one.blocked) == (ImportStage.undone, 2, 0)
    assert holders() == ["Old"], "what the list changed stays, and what was there before"
    assert counts(import_all(client, body)) == (3, 2, 1, 0, 0), "they get tickets again"
    assert holders() == ["Ann", "Bob", "Old"]
    assert counts(import_all(client, body)) == (3, 0, 3, 0, 0), "and the next time no others"
    assert ImportTicket.objects.filter(of=old).count() == 1
    assert AuditEntry.objects.filter(what="import_undo").count() == 1


def test_a_row_whose_ticket_was_made_void_by_hand_gets_one_of_another_type_only(
    fair: Venue, sqlite_desk: DeskContext
) -> None:
    other = type(fair.product).objects.create(event=fair.event, number=2, name="VIP")
    type(fair.product.entitlements.get()).objects.create(product=other, position=0, zone=fair.zone)
    publish()
    client = signed_in()
    row = "1,Ann,11010519491231002X,{}"
    header = "reference,name,身份证,product"
    import_all(client, csv_of(header, row.format("Adult")))
    assert counts(import_all(client, csv_of(header, row.format("VIP")))) == (1, 0, 0, 0, 1)
    project_all()
    ticket = ProjectedTicket.objects.get().ticket.bytes
    commit(sqlite_desk, SetStatus(request_id="void-1", ticket=ticket, status=Status.void))
    assert counts(import_all(client, csv_of(header, row.format("Adult")))) == (1, 0, 1, 0, 0)
    assert holders() == [], "what was made void on purpose does not come back by itself"
    assert counts(import_all(client, csv_of(header, row.format("VIP")))) == (1, 1, 0, 0, 0)
    assert counts(import_all(client, csv_of(header, row.format("VIP")))) == (1, 0, 1, 0, 0)
    assert holders() == ["Ann"]


def test_a_used_ticket_stands_in_the_way_of_an_undo_and_is_named(
    venue: Venue, desk: DeskContext
) -> None:
    client = signed_in()
    one = import_all(client, csv_of("reference,name,serial", "1,Ann,", "2,Bob,", "3,Cid,"))
    project_all()
    enter(desk, venue, "Bob")
    _, page = act(client, "undo")
    work()
    page = client.get(f"/desk/import/{one.pk}/").text
    assert "1 ticket was used already" in page
    assert "Row 3: Bob" in page
    assert holders() == ["Ann", "Bob", "Cid"], "nothing was taken back"
    act(client, "undo-rest")
    work()
    one = newest()
    assert (one.stage, one.taken_back, one.blocked) == (ImportStage.undone, 2, 1)
    assert holders() == ["Bob"]


def test_a_ticket_used_while_the_undo_runs_stays_as_it_is(
    venue: Venue, desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in()
    import_all(client, csv_of("reference,name", "1,Ann", "2,Bob", "3,Cid"))
    project_all()
    look = undoing.mark_used

    def then_somebody_enters(one: Import, job: RunningJob) -> bool:
        found = look(one, job)
        enter(desk, venue, "Bob")
        return found

    monkeypatch.setattr(undoing, "mark_used", then_somebody_enters)
    act(client, "undo")
    work()
    one = newest()
    assert (one.stage, one.taken_back, one.blocked) == (ImportStage.undone, 2, 1)
    assert holders() == ["Bob"]
    page = client.get(f"/desk/import/{one.pk}/").text
    assert "1 ticket was used already" in page
    assert "They stay as they are." in page


def test_an_import_stopped_in_the_middle_goes_on_where_it_was(
    venue: Venue, desk: DeskContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in()
    monkeypatch.setattr(limits, "IMPORT_BATCH_ROWS", 10)
    rows = [f"{n},Guest {n},{'x' if n % 7 == 0 else ''}" for n in range(100)]
    send(client, csv_of("reference,name,phone", *rows))
    check(client)
    act(client, "run")
    stops = iter([False, False, False, True])
    assert run_next(HANDLERS, stopping=lambda: next(stops))
    halfway = newest()
    assert halfway.stage == ImportStage.importing
    assert 0 < halfway.created < 85
    page = client.get(f"/desk/import/{halfway.pk}/").text
    assert "of 100 rows" in page
    work()
    one = newest()
    assert counts(one) == (100, 85, 0, 0, 15)
    assert ImportTicket.objects.filter(of=one).count() == 85
    assert ImportRow.objects.filter(of=one).count() == 15


def test_rows_committed_just_before_a_kill_count_as_created_and_can_be_undone(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_args: object, **_kwargs: object) -> None:
        raise Killed

    client = signed_in()
    send(client, csv_of("reference,name", *(f"{n},Guest {n}" for n in range(30))))
    check(client)
    act(client, "run")
    with monkeypatch.context() as patch:
        # The ledger has the tickets; the store was told that they would be made, and no more.
        patch.setattr("paifang.services.desk.imports.keeping.ImportKeeper.settle", killed)
        with pytest.raises(Killed):
            run_next(HANDLERS)
    assert newest().stage == ImportStage.importing
    Job.objects.update(lease_until="2020-01-01T00:00:00Z")
    work()
    one = newest()
    assert counts(one) == (30, 30, 0, 0, 0)
    act(client, "undo")
    work()
    assert newest().taken_back == 30
    assert holders() == []


def test_a_running_import_can_be_cancelled_and_resumed(fair: Venue) -> None:
    client = signed_in()
    send(client, csv_of("reference,name", "1,Ann", "2,Bob"))
    check(client)
    act(client, "run")
    act(client, "cancel")
    one = newest()
    assert (one.stage, one.cancelled) == (ImportStage.done, True)
    work()
    assert holders() == []
    assert "Stopped" in client.get("/desk/import/").text
    act(client, "go-on")
    work()
    assert (newest().stage, newest().cancelled) == (ImportStage.done, False)
    assert holders() == ["Ann", "Bob"]


def test_two_people_who_press_the_button_at_once_import_once(fair: Venue) -> None:
    client, other = signed_in(), signed_in()
    send(client, csv_of("reference,name", "1,Ann"))
    check(client)
    act(client, "run")
    _, page = act(other, "run")
    assert "Somebody else" in page
    work()
    assert counts(newest()) == (1, 1, 0, 0, 0)


def test_two_imports_at_once_make_one_ticket_of_one_person(fair: Venue) -> None:
    client = signed_in()
    body = csv_of("reference,name", "1,Ann", "2,Bob")
    for _ in range(2):
        send(client, body)
        check(client)
    for one in Import.objects.all():
        client.post(f"/desk/import/{one.pk}/run/")
    work()
    assert sorted(counts(one) for one in Import.objects.all()) == [(2, 0, 2, 0, 0), (2, 2, 0, 0, 0)]
    assert holders() == ["Ann", "Bob"]
