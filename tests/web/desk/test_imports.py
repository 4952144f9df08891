"""The pages of imports: what a list becomes, what is refused at once, and what can be undone."""

import io
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import now

from paifang.core import limits
from paifang.core.rules import Role
from paifang.core.tickets import Status
from paifang.runtime.job_handlers import HANDLERS
from paifang.services.desk.attendees import preview_list
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.imports.files import drop_old
from paifang.services.desk.imports.forgetting import Person, forget_person_in_imports
from paifang.services.desk.job_runner import run_next
from paifang.services.desk.projector import project_all
from paifang.services.desk.staff import make_staff
from paifang.store.models import (
    AuditEntry,
    Import,
    ImportMapping,
    ImportRow,
    ImportStage,
    ImportTicket,
    Job,
    ProjectedTicket,
    User,
)
from tests.desk_makers import Venue, commit, make_venue, shown
from tests.fixtures.awkward_names import AWKWARD_NAMES, make_list

PASSWORD = "tea-leaf-42"
MARKUP = "<script>alert('{{7*7}} %(name)s %s')</script>"


@pytest.fixture
def venue(desk: DeskContext) -> Venue:
    """Both engines: what an import remembers must be the same on each."""
    return prepared()


@pytest.fixture
def fair(sqlite_desk: DeskContext) -> Venue:
    return prepared()


def prepared() -> Venue:
    made = make_venue()
    make_staff("eve", name="Eve Fox", role=Role.manager, password=PASSWORD)
    make_staff("cai", name="Cai Wu", role=Role.cashier, password=PASSWORD)
    publish()
    return made


def signed_in(username: str = "eve", language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.force_login(User.objects.get(username=username))
    return client


def csv_of(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\n".join(lines).encode(encoding)


def send(client: Client, body: bytes, name: str = "guests.csv") -> tuple[int, str]:
    """Upload a list; status and page, followed to where it leads."""
    file = SimpleUploadedFile(name, body)
    answer = client.post("/desk/import/", {"event": "fair", "list": file}, follow=True)
    return answer.status_code, answer.text


def newest() -> Import:
    return Import.objects.order_by("-id")[0]


def act(client: Client, name: str, **form: object) -> tuple[int, str]:
    answer = client.post(f"/desk/import/{newest().pk}/{name}/", form, follow=True)
    return answer.status_code, answer.text


def work() -> None:
    """Run all jobs there are."""
    while run_next(HANDLERS):
        pass


def check(client: Client, columns: Sequence[str] | None = None, product: str = "") -> Import:
    told = newest().meanings if columns is None else list(columns)
    assert act(client, "check", column=told, header="1", product=product)[0] == 200
    work()
    return newest()


def import_all(client: Client, body: bytes) -> Import:
    """Upload, check with the columns as recognised, import."""
    assert send(client, body)[0] == 200
    check(client)
    act(client, "run")
    work()
    return newest()


def counts(one: Import) -> tuple[int, int, int, int, int]:
    return one.rows, one.created, one.unchanged, one.updated, one.rejected


def holders() -> list[str]:
    project_all()
    return sorted(
        ProjectedTicket.objects.filter(status=Status.valid).values_list("holder", flat=True)
    )


def files(desk: DeskContext) -> list[Path]:
    folder = desk.data / "files" / "imports"
    return list(folder.iterdir()) if folder.is_dir() else []


def test_a_list_is_looked_at_checked_and_imported_step_by_step(
    venue: Venue, desk: DeskContext
) -> None:
    client = signed_in()
    status, page = send(
        client, csv_of("编号,姓名,手机", "1,王芳,13800138000", "2,李四,12", "3,Ann,")
    )
    assert status == 200
    assert "王芳" in page
    assert newest().meanings == ["reference", "name", "phone"]
    assert [path.stat().st_mode & 0o777 for path in files(desk)] == [0o600]
    one = check(client)
    assert one.stage == ImportStage.checked
    assert counts(one) == (3, 2, 0, 0, 1)
    assert holders() == [], "a look ahead changes nothing"
    assert "12" in client.get(f"/desk/import/{one.pk}/").text
    act(client, "run")
    work()
    one = newest()
    assert one.stage == ImportStage.done
    assert counts(one) == (3, 2, 0, 0, 1)
    assert holders() == ["Ann", "王芳"]
    assert files(desk) == [], "the file is not kept longer than it is needed"
    told = set(AuditEntry.objects.filter(who="eve").values_list("what", flat=True))
    assert {"upload_list", "import_check", "import_run"} <= told


def test_the_look_ahead_says_what_will_be_unchanged_changed_and_refused(fair: Venue) -> None:
    client = signed_in()
    import_all(client, csv_of("reference,name,document", "1,Ann", "2,Bob", "3,Cid"))
    again = csv_of("reference,name,company", "1,Ann,", "2,Bob,Acme", "4,Dan,", "4,Eve,")
    send(client, again)
    ahead = counts(check(client))
    act(client, "run")
    work()
    assert ahead == counts(newest()) == (4, 1, 1, 1, 1)


def test_columns_can_be_chosen_left_out_and_are_remembered(fair: Venue) -> None:
    client = signed_in()
    body = csv_of("who,firm,note", "Ann,Acme,secret note", "Bob,Acme,x")
    _, page = send(client, body)
    assert newest().meanings == ["", "", ""]
    status, page = act(client, "check", column=["", "company", ""], header="1")
    assert status == 422
    assert "neither a name nor a reference" in page
    status, page = act(client, "check", column=["name", "name", ""], header="1")
    assert status == 422
    one = check(client, ["name", "company", ""])
    assert counts(one) == (2, 2, 0, 0, 0)
    act(client, "run")
    work()
    project_all()
    assert set(ProjectedTicket.objects.values_list("holder", "company")) == {
        ("Ann", "Acme"),
        ("Bob", "Acme"),
    }
    send(client, csv_of("who,firm,note", "Cid,Acme,"))
    assert newest().meanings == ["name", "company", ""]
    assert ImportMapping.objects.count() == 1


def test_a_list_without_a_header_loses_no_row(fair: Venue) -> None:
    client = signed_in()
    _, page = send(client, csv_of("王芳,13800138000", "李四,13800138001"))
    assert "王芳" in page
    act(client, "check", column=["name", "phone"])
    work()
    act(client, "run")
    work()
    assert counts(newest()) == (2, 2, 0, 0, 0)
    assert holders() == ["李四", "王芳"]


def test_defaults_stand_for_what_the_rows_do_not_say(fair: Venue) -> None:
    other = type(fair.product).objects.create(event=fair.event, number=2, name="VIP")
    type(fair.product.entitlements.get()).objects.create(product=other, position=0, zone=fair.zone)
    publish()
    client = signed_in()
    send(client, csv_of("reference,name,product", "1,Ann,", "2,Bob,Adult"))
    assert counts(check(client)) == (2, 1, 0, 0, 1), "Ann's row names no ticket type"
    one = check(client, product="2")
    assert counts(one) == (2, 2, 0, 0, 0)
    act(client, "run")
    work()
    project_all()
    assert set(ProjectedTicket.objects.values_list("holder", "product")) == {("Ann", 2), ("Bob", 1)}


REFUSED = [
    ("list.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old XLS format"),
    ("list.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old XLS format"),
    ("list.xlsx", b"%PDF-1.7 x", "neither a CSV list nor an XLSX workbook"),
    ("list.csv", b"\x89PNG\r\n\x1a\n", "neither a CSV list nor an XLSX workbook"),
    ("list.xlsx", b"PK\x03\x04 not a zip", "not an XLSX workbook"),
    ("list.csv", b"", "empty"),
    (
        "list.csv",
        b"name,phone\n" + "王芳,1\n".encode() + "李四,2\n".encode("gb18030"),
        "Line 3",
    ),
    ("list.csv", b"name,Password\nAnn,tea-leaf\n", "looks like passwords"),
    ("list.csv", "姓名,登录密码\n王芳,abc\n".encode(), "looks like passwords"),
    ("list.csv", (",".join(f"c{n}" for n in range(65)) + "\n1\n").encode(), "more than 64"),
]


def test_what_cannot_be_imported_is_refused_at_once_in_plain_words(
    fair: Venue, sqlite_desk: DeskContext
) -> None:
    client = signed_in()
    for name, body, words in REFUSED:
        status, page = send(client, body, name)
        assert status == 422, name
        assert words in page
    assert not Import.objects.exists()
    assert files(sqlite_desk) == [], "nothing of it is kept"


def test_a_workbook_that_unpacks_beyond_all_bounds_is_refused(
    fair: Venue, sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", "<workbook/>" + " " * 3_000_000)
    monkeypatch.setattr("paifang.services.desk.attendees.workbook.IMPORT_FILE_BYTES_MAX", 1_000_000)
    status, _page = send(signed_in(), bomb.getvalue(), "list.xlsx")
    assert status == 422
    assert files(sqlite_desk) == []


def test_a_file_over_the_limit_is_refused_while_it_comes_in(
    fair: Venue, sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "IMPORT_UPLOAD_BYTES_MAX", 100_000)
    status, page = send(signed_in(), b"name\n" + b"Ann\n" * 50_000)
    assert status == 422
    assert "at most 100000" in page
    assert files(sqlite_desk) == []


def test_more_rows_than_the_limit_are_refused_before_anything_is_read_in(
    fair: Venue, sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = preview_list.__kwdefaults__ or {}
    assert defaults["rows_max"] == limits.IMPORT_ROWS_MAX
    monkeypatch.setitem(defaults, "rows_max", 1_000)
    status, page = send(signed_in(), b"name\n" + b"A\n" * 1_001)
    assert status == 422
    assert "has 1001 rows; at most 1000 are read" in page
    assert files(sqlite_desk) == []


def test_an_upload_without_file_or_event_says_so(fair: Venue) -> None:
    client = signed_in()
    answer = client.post("/desk/import/", {"event": "fair"})
    assert (answer.status_code, "Choose a file" in answer.text) == (422, True)
    file = SimpleUploadedFile("a.csv", b"name\nAnn\n")
    answer = client.post("/desk/import/", {"event": "nowhere", "list": file})
    assert (answer.status_code, "Choose the event" in answer.text) == (422, True)


def test_markup_in_every_field_stays_text(fair: Venue) -> None:
    client = signed_in()
    header = "reference,name,company,email,phone,product,serial,session,zone"
    row = ",".join(f'"{MARKUP}"' for _ in range(9))
    for language in ("en", "zh-hans"):
        client = signed_in(language=language)
        _, page = send(client, csv_of(header, row, f'1,"{MARKUP}",,,,,,,'), f"{MARKUP}.csv")
        assert "<script>alert" not in page
        check(client)
        act(client, "run")
        work()
        page = client.get(f"/desk/import/{newest().pk}/").text
        assert "<script>alert" not in page
        assert "<script>alert" not in client.get("/desk/import/").text
    assert holders() == [MARKUP]
    errors = client.get(f"/desk/import/{newest().pk}/errors/?format=csv")
    assert "attachment" in errors["Content-Disposition"]
    assert "\n" not in errors["Content-Disposition"]


def test_a_rejected_row_is_corrected_in_place_and_tried_again(fair: Venue) -> None:
    client = signed_in()
    one = import_all(
        client, csv_of("reference,name,phone", "1,Ann,12", "2,Bob,13800138000", "3,Cid,x", "2,Dan,")
    )
    assert counts(one) == (4, 1, 0, 0, 3)
    page = client.get(f"/desk/import/{one.pk}/").text
    assert 'value="12"' in page
    # Ann's phone is put right, Cid's is wrong in another way, Dan still has Bob's reference.
    status, page = act(
        client, "correct", **{"cell-2-2": "13800138002", "cell-4-2": "<b>", "cell-5-1": "Dan"}
    )
    assert status == 200
    assert "1 row was taken" in page
    assert "2 rows are still not right" in page
    assert counts(newest()) == (4, 2, 0, 0, 2)
    kept = {row.line: (row.code, row.cells[2]) for row in ImportRow.objects.all()}
    assert kept == {4: ("phone", "<b>"), 5: ("duplicate_reference", "")}
    assert holders() == ["Ann", "Bob"], "nobody got the ticket of another"
    act(client, "correct", line="4", **{"cell-4-2": "", "cell-5-0": "4"})
    assert counts(newest()) == (4, 3, 0, 0, 1), "one row alone"
    act(client, "drop", line="5")
    assert not ImportRow.objects.exists()
    assert holders() == ["Ann", "Bob", "Cid"]


def test_rejected_rows_are_a_file_that_can_be_imported_again(fair: Venue) -> None:
    client = signed_in()
    one = import_all(client, csv_of("reference,name,phone", "1,=1+1,12", "2,Bob,", "3,李四,y"))
    answer = client.get(f"/desk/import/{one.pk}/errors/?format=csv")
    assert 'filename="guests.csv.errors.csv"' in answer["Content-Disposition"]
    body = answer.getvalue()
    assert b",'=1+1," in body
    corrected = body.decode("utf-8-sig").replace(",12\r", ",\r").replace(",y\r", ",\r")
    again = import_all(client, corrected.encode())
    assert counts(again) == (2, 2, 0, 0, 0)
    assert holders() == ["=1+1", "Bob", "李四"]
    exported = AuditEntry.objects.filter(what="export").values_list("subject", flat=True)
    assert list(exported) == ["import_errors 2 csv"]


def test_an_import_is_taken_back_and_the_list_can_be_imported_anew(
    venue: Venue, desk: DeskContext
) -> None:
    client = signed_in()
    old = import_all(client, csv_of("reference,name", "0,Old"))
    body = csv_of("reference,name,company", "0,Old,Acme", "1,Ann,", "2,Bob,")
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


def enter(desk: DeskContext, venue: Venue, holder: str) -> None:
    """Let somebody in by their code."""
    ticket = ProjectedTicket.objects.get(holder=holder).ticket
    event = desk.ledger.rules().centre.events[venue.event.number]
    sealed = desk.ledger.sealed([ticket.bytes], "code")[ticket.bytes]
    code = desk.keys.unseal(event, sealed)
    (answer,) = commit(desk, shown(desk, venue, code, f"in-{holder}"))
    assert answer.decoded().reason == "ok"  # type: ignore[attr-defined]


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


def test_the_awkward_names_come_through_the_page_as_through_the_command_line(
    fair: Venue, tmp_path: Path
) -> None:
    make_list(tmp_path / "list.csv", len(AWKWARD_NAMES), encoding="gb18030")
    client = signed_in()
    send(client, (tmp_path / "list.csv").read_bytes())
    one = newest()
    assert one.encoding == "GB18030"
    told = ["" if meaning == "product" else meaning for meaning in one.meanings]
    check(client, told)
    act(client, "run")
    work()
    kept = [name.kept for name in AWKWARD_NAMES if name.kept is not None]
    assert counts(newest())[1] == len(kept)
    assert holders() == sorted(kept)
    rejected = {row.code for row in ImportRow.objects.all()}
    assert rejected == {name.refused for name in AWKWARD_NAMES if name.kept is None}


def test_a_list_is_thrown_away_with_its_file(fair: Venue, sqlite_desk: DeskContext) -> None:
    client = signed_in()
    send(client, csv_of("name", "Ann"))
    act(client, "discard")
    assert newest().stage == ImportStage.discarded
    assert files(sqlite_desk) == []
    _, page = act(client, "run")
    assert "Somebody else" in page


def test_somebody_erased_is_gone_from_rejected_rows_and_waiting_lists(
    fair: Venue, sqlite_desk: DeskContext
) -> None:
    client = signed_in()
    import_all(client, csv_of("reference,name,phone", "1,王芳,12", "2,李四,x"))
    send(client, csv_of("name,phone", "Ｗａｎｇ Fang,138 0013 8000"))
    send(client, csv_of("name,phone", "李四,13900139000"))
    told = forget_person_in_imports(
        fair.event.number, Person(name="王芳", phone="+86-13800138000", email="")
    )
    assert told == (1, 0, 0)
    told = forget_person_in_imports(fair.event.number, Person(phone="13800138000"))
    assert told == (0, 1, 0)
    assert [row.cells[1] for row in ImportRow.objects.all()] == ["李四"]
    assert len(files(sqlite_desk)) == 1
    assert forget_person_in_imports(fair.event.number, Person()) == (0, 0, 0)


def test_only_who_may_import_opens_these_pages(fair: Venue) -> None:
    send(signed_in(), csv_of("name", "Ann"))
    one = newest()
    cashier = signed_in("cai")
    assert cashier.get("/desk/import/").status_code == 403
    assert cashier.get(f"/desk/import/{one.pk}/").status_code == 403
    for name in ("check", "run", "undo", "correct", "discard"):
        assert cashier.post(f"/desk/import/{one.pk}/{name}/").status_code == 403
    assert cashier.get(f"/desk/import/{one.pk}/errors/?format=csv").status_code == 403
    assert Client().get("/desk/import/").status_code == 302
    assert signed_in().post(f"/desk/import/{one.pk}/dance/").status_code == 404
    assert signed_in().get(f"/desk/import/{UUID(int=7)}/").status_code == 404


def test_the_lists_of_before_can_be_had_as_a_file(fair: Venue) -> None:
    client = signed_in()
    import_all(client, csv_of("name", "Ann"))
    body = client.get("/desk/import/?format=csv").getvalue().decode("utf-8-sig")
    assert "guests.csv,fair,Imported,1,1,0,0,0,eve," in body
    assert client.get("/desk/import/?format=xlsx").getvalue().startswith(b"PK")
    assert client.get("/desk/import/?format=pdf").status_code == 200


def test_what_nobody_goes_on_with_is_deleted_after_some_days(
    fair: Venue, sqlite_desk: DeskContext
) -> None:
    client = signed_in()
    import_all(client, csv_of("reference,name,phone", "1,Ann,x"))
    send(client, csv_of("name", "Bob"))
    drop_old()
    assert (len(files(sqlite_desk)), ImportRow.objects.count()) == (1, 1)
    long_ago = now() - timedelta(days=limits.IMPORT_KEEP_DAYS, hours=1)
    Import.objects.update(changed_at=long_ago)
    drop_old()
    assert (len(files(sqlite_desk)), ImportRow.objects.count()) == (0, 0)
    assert newest().stage == ImportStage.discarded
