"""What imports refuse at once, keep for nobody, and show to nobody."""

import io
import zipfile
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import now

from paifang.core import limits
from paifang.services.desk.attendees import preview_list
from paifang.services.desk.context import DeskContext
from paifang.services.desk.imports.files import drop_old
from paifang.services.desk.imports.forgetting import Person, forget_person_in_imports
from paifang.store.models import (
    Import,
    ImportRow,
    ImportStage,
)
from tests.desk_makers import Venue
from tests.web.desk.import_steps import (
    act,
    check,
    csv_of,
    files,
    holders,
    import_all,
    newest,
    send,
    signed_in,
    work,
)

MARKUP = "<script>alert('{{7*7}} %(name)s %s')</script>"


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
