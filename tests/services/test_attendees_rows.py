"""Header words, checks of fields, repetitions, and what makes a row the same row."""

import re
from datetime import date
from pathlib import Path

import pytest

from paifang.core.codes import serial
from paifang.core.documents import DocumentKind
from paifang.services.desk.attendees import (
    FILE_FAULTS,
    ROW_FAULTS,
    AttendeeRow,
    FileError,
    RowError,
    identity,
    open_list,
)
from paifang.services.desk.attendees.columns import FIELDS, HEADER_NAMES, ID_CARD, meaning_of
from tests.fixtures.awkward_names import TODAY

ROOT = Path(__file__).resolve().parents[2]
SERIAL = serial(1)
OTHER_SERIAL = serial(2)


def read(tmp_path: Path, *lines: str) -> list[AttendeeRow | RowError]:
    path = tmp_path / "list"
    path.write_text("\n".join(lines), encoding="utf-8")
    with open_list(path, today=TODAY) as attendees:
        return list(attendees)


def read_one(tmp_path: Path, header: str, line: str) -> AttendeeRow | RowError:
    (row,) = read(tmp_path, header, line)
    return row


def kept(tmp_path: Path, header: str, line: str) -> AttendeeRow:
    row = read_one(tmp_path, header, line)
    assert isinstance(row, AttendeeRow), row
    return row


def refused(tmp_path: Path, header: str, line: str) -> tuple[str, str]:
    row = read_one(tmp_path, header, line)
    assert isinstance(row, RowError), row
    return row.code, row.field


# --- columns -----------------------------------------------------------------------------------


def test_all_columns_in_any_order_and_both_languages(tmp_path: Path) -> None:
    row = kept(
        tmp_path,
        "ZONE,场次,Serial_Number,证件号码,Document-Type,票种,手机号（必填）,E-mail *,"
        "单位,Ｎａｍｅ,预约号",
        f"东馆,上午,{SERIAL},E12345678,护照,VIP,13800138000,li@example.org,远望,李四,R-1",
    )
    assert row._replace(document=None) == AttendeeRow(
        line=2,
        reference="R-1",
        name="李四",
        company="远望",
        email="li@example.org",
        phone="13800138000",
        product="VIP",
        document=None,
        serial=SERIAL,
        session="上午",
        zone="东馆",
    )
    assert row.document is not None
    assert (row.document.kind, row.document.number) == (DocumentKind.passport, "E12345678")


def test_every_word_of_the_vocabulary_has_one_meaning() -> None:
    words = [word for meaning in HEADER_NAMES.values() for word in meaning]
    assert len(set(words)) == len(words)
    assert set(HEADER_NAMES) == {*FIELDS, ID_CARD}
    for meaning, names in HEADER_NAMES.items():
        assert {meaning_of(name.upper()) for name in names} == {meaning}
        assert meaning_of(meaning) == meaning


def test_every_word_and_every_code_is_documented() -> None:
    page = (ROOT / "docs/reference/attendees.md").read_text(encoding="utf-8")
    documented = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 4 and cells[0].startswith("`"):
            words = (*cells[1].split(", "), *cells[2].split("、"))
            documented[cells[0].strip("`")] = words
    assert documented == HEADER_NAMES
    assert {*FILE_FAULTS, *ROW_FAULTS} <= set(re.findall(r"`([a-z_]+)`", page))


def test_every_message_can_be_filled_in() -> None:
    for code, message in (FILE_FAULTS | ROW_FAULTS).items():
        names = re.findall(r"%\((\w+)\)s", message)
        assert "%" not in message % dict.fromkeys(names, "x"), code


def test_unknown_columns_are_listed_and_ignored(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text("备注,name,,T恤\nx,Li,y,XL\n", encoding="utf-8")
    with open_list(path, today=TODAY) as attendees:
        assert attendees.columns.unknown == ("备注", "T恤")
        assert [row.line for row in attendees] == [2]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("name,姓名", "duplicate_column"),
        ("name,证件号,身份证号", "duplicate_column"),
        ("company,phone", "no_name_or_reference"),
        ("foo,bar", "no_header"),
    ],
)
def test_headers_that_cannot_be_used(tmp_path: Path, header: str, code: str) -> None:
    with pytest.raises(FileError) as caught:
        read(tmp_path, header, "a,b,c")
    assert caught.value.code == code
    assert "%" not in str(caught.value)


# --- fields ------------------------------------------------------------------------------------


def test_only_a_name_or_a_reference_is_needed(tmp_path: Path) -> None:
    header = "name,reference,phone"
    assert kept(tmp_path, header, "Li,,").name == "Li"
    assert kept(tmp_path, header, ",R-1,").reference == "R-1"
    assert refused(tmp_path, header, ",,13800138000") == ("no_name_or_reference", "")


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("13800138000", "13800138000"),
        ("138 0013 8000", "138 0013 8000"),
        ("+86-138-0013-8000", "+86-138-0013-8000"),
        ("(010) 6234 5678", "(010) 6234 5678"),
        ("010—62345678转801", "010-62345678转801"),
        ("０２１－６２３４５６７８", "021-62345678"),
        ("400-820-8820", "400-820-8820"),
        ("95588", "95588"),
        ("+1 (555) 010-9999 ext. 12", "+1 (555) 010-9999 ext. 12"),
        ("0755/8888 6666", "0755/8888 6666"),
    ],
)
def test_phone_numbers_people_write(tmp_path: Path, written: str, phone: str) -> None:
    assert kept(tmp_path, "name;phone", f"Li;{written}").phone == phone


@pytest.mark.parametrize(
    "written", ["abc", "1234", "wechat:li", "1" * 25, "138@0013", "13800138000、13900139000"]
)
def test_obvious_nonsense_is_no_phone_number(tmp_path: Path, written: str) -> None:
    assert refused(tmp_path, "name,phone", f"Li,{written}") == ("phone", "phone")


def test_a_number_a_spreadsheet_has_shortened_is_refused(tmp_path: Path) -> None:
    header = "name,phone,身份证号,reference"
    assert refused(tmp_path, header, "Li,1.38E+10,,") == ("number_shortened", "phone")
    assert refused(tmp_path, header, "Li,,1.10105E+17,") == ("number_shortened", "document_number")
    assert refused(tmp_path, header, "Li,,,2E+15") == ("number_shortened", "reference")


@pytest.mark.parametrize(
    "written", ["li@example.org", "o'neil+x@a-b.example", "李@例子.中国", "ｌｉ＠example.org"]
)
def test_email_addresses(tmp_path: Path, written: str) -> None:
    assert "@" in kept(tmp_path, "name,email", f"Li,{written}").email


@pytest.mark.parametrize(
    "written",
    [
        "li",
        "li@",
        "@example.org",
        "li@example",
        "a b@example.org",
        "a@b@example.org",
        "<li@example.org>",
    ],
)
def test_obvious_nonsense_is_no_email_address(tmp_path: Path, written: str) -> None:
    assert refused(tmp_path, "name,email", f"Li,{written}") == ("email", "email")


def test_a_serial_must_pass_its_check_digit(tmp_path: Path) -> None:
    grouped = f"{SERIAL[:4]}-{SERIAL[4:8]} {SERIAL[8:]}"
    assert kept(tmp_path, "name,serial", f"Li,{grouped}").serial == SERIAL
    wrong = SERIAL[:-1] + str((int(SERIAL[-1]) + 1) % 10)
    assert refused(tmp_path, "name,serial", f"Li,{wrong}") == ("serial", "serial")
    assert refused(tmp_path, "name,serial", "Li,123") == ("serial", "serial")


@pytest.mark.parametrize(
    ("header", "line", "code"),
    [
        ("name,身份证号", "Li,110105194912310021", "document_check_digit"),
        ("name,身份证号", "Li,11010519491231002", "document_length"),
        ("name,document_type,document_number", "Li,library card,123456", "document_kind"),
        ("name,document_number", "Li,H12345678", "document_kind"),
        ("name,document_number", "Li,??", "document_kind"),
        ("name,document_type,document_number", "Li,passport,E1234!678", "document_characters"),
    ],
)
def test_documents_that_are_none(tmp_path: Path, header: str, line: str, code: str) -> None:
    assert refused(tmp_path, header, line) == (code, "document_number")


def test_the_kind_of_a_document_may_come_from_the_column_or_from_the_number(tmp_path: Path) -> None:
    number = "11010519491231002X"
    for header, line in (
        ("name,身份证号", f"Li,{number.lower()}"),
        ("name,证件号", f"Li,{number}"),
        ("name,证件类型,证件号", f"Li,身份证,{number}"),
        ("name,证件类型,身份证号", f"Li,,{number}"),
    ):
        document = kept(tmp_path, header, line).document
        assert document is not None
        assert (document.kind, document.number) == (DocumentKind.resident_id, number)
    # Templates fill in the kind for everybody.
    assert kept(tmp_path, "name,证件类型,证件号", "Li,身份证,").document is None


def test_a_birth_date_after_today_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text("name,身份证号\nLi,11010519491231002X\n", encoding="utf-8")
    with open_list(path, today=date(1940, 1, 1)) as attendees:
        (row,) = attendees
    assert isinstance(row, RowError)
    assert row.code == "document_date"


def test_texts_longer_than_their_limit_are_refused(tmp_path: Path) -> None:
    header = "name,reference,company"
    assert refused(tmp_path, header, f"Li,{'x' * 101},") == ("too_long", "reference")
    assert refused(tmp_path, header, f"Li,,{'x' * 501}") == ("too_long", "company")
    assert kept(tmp_path, header, f"Li,,{'x' * 500}").company == "x" * 500


def test_every_refusal_has_words_and_its_cells(tmp_path: Path) -> None:
    row = read_one(tmp_path, "name,phone", f"Li,{'x' * 90}")
    assert isinstance(row, RowError)
    assert row.raw == ("Li", "x" * 90)
    assert row.words(str) == f"phone: This is not a phone number: {'x' * 60}…."
    assert row.words(lambda _message: "不是电话号码：%(text)s").startswith(
        "phone: 不是电话号码：xx"
    )


# --- repetitions -------------------------------------------------------------------------------


def test_rows_repeated_word_for_word_are_counted_and_others_refused(tmp_path: Path) -> None:
    path = tmp_path / "list"
    lines = (
        "reference,name,phone,serial",
        "R-1,Li,,",
        f"R-2,Wu,,{SERIAL}",
        "R-1,Li,,",
        "R-1,Li Si,,",
        f"R-3,He,,{SERIAL}",
        f",Wu,,{SERIAL}",
        ",Xu,13800138000,",
        ",ＸＵ,138 0013 8000,",
        ",Xu,13800138000,",
        f"R-2,Wu,,{OTHER_SERIAL}",
        f"R-4,Su,,{OTHER_SERIAL}",
    )
    path.write_text("\n".join(lines), encoding="utf-8")
    with open_list(path, today=TODAY) as attendees:
        rows = list(attendees)
        assert (attendees.rows, attendees.rejected, attendees.duplicates) == (11, 5, 2)
    errors = [
        (row.line, row.code, row.field, row.params["first"])
        for row in rows
        if isinstance(row, RowError)
    ]
    assert errors == [
        (5, "duplicate_reference", "reference", "2"),
        (6, "duplicate_serial", "serial", "3"),
        (7, "duplicate_serial", "serial", "3"),
        (9, "duplicate_person", "name", "8"),
        (11, "duplicate_reference", "reference", "3"),
    ]


def test_a_refused_row_does_not_stand_in_the_way_of_its_correction(tmp_path: Path) -> None:
    rows = read(tmp_path, "reference,name,phone", "R-1,Li,nonsense", "R-1,Li,13800138000")
    assert [isinstance(row, AttendeeRow) for row in rows] == [False, True]


def test_many_rows_are_told_apart(tmp_path: Path) -> None:
    lines = [f"R-{number},Guest" for number in range(5_000)]
    rows = read(tmp_path, "reference,name", *lines, *lines[::7], "R-77,Somebody else")
    assert sum(isinstance(row, RowError) for row in rows) == 1
    assert len(rows) == 5_000 + 715 + 1


def test_identity_is_reference_else_serial_else_person(tmp_path: Path) -> None:
    header = "reference;name;company;phone;serial"
    assert identity(kept(tmp_path, header, f"R-1;Li;;;{SERIAL}")) == ("reference", "R-1")
    assert identity(kept(tmp_path, header, f";Li;;;{SERIAL}")) == ("serial", SERIAL)
    first = identity(kept(tmp_path, header, ";Li  Si;ＡＣＭＥ ltd;+86 138-0013-8000;"))
    again = identity(kept(tmp_path, header, ";LI SI;Acme　Ltd;+8613800138000;"))
    assert first == again == ("person", "li si\x1facme ltd\x1f8613800138000")
    apart = {identity(kept(tmp_path, header, line)) for line in (";a;b;;", ";a b;;;", ";;a;;x")[:2]}
    assert len(apart) == 2
