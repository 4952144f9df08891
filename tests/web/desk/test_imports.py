"""The pages of imports: columns, a look ahead, the import, rows corrected."""

from pathlib import Path

from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.projector import project_all
from paifang.store.models import (
    AuditEntry,
    ImportMapping,
    ImportRow,
    ImportStage,
    ProjectedTicket,
)
from tests.desk_makers import Venue
from tests.fixtures.awkward_names import AWKWARD_NAMES, make_list
from tests.web.desk.import_steps import (
    act,
    check,
    counts,
    csv_of,
    files,
    holders,
    import_all,
    newest,
    send,
    signed_in,
    work,
)


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


def test_the_lists_of_before_can_be_had_as_a_file(fair: Venue) -> None:
    client = signed_in()
    import_all(client, csv_of("name", "Ann"))
    body = client.get("/desk/import/?format=csv").getvalue().decode("utf-8-sig")
    assert "guests.csv,fair,Imported,1,1,0,0,0,eve," in body
    assert client.get("/desk/import/?format=xlsx").getvalue().startswith(b"PK")
    assert client.get("/desk/import/?format=pdf").status_code == 200
