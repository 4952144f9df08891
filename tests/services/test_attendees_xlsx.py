"""Workbooks as spreadsheet programs write them, and as nobody should."""

import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from paifang.services.desk.attendees import AttendeeRow, FileError, RowError, open_list
from tests.fixtures.awkward_names import TODAY

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
MORNING = datetime(2026, 10, 1, 9, 30)  # noqa: DTZ001 - workbooks know no zones
PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PARTS = {
    "_rels/.rels": f"""<Relationships {PACKAGE}>
        <Relationship Id="rId1" Type="{TYPES}/officeDocument" Target="/xl/workbook.xml"/>
        </Relationships>""",
    "xl/workbook.xml": f"""<workbook {MAIN} xmlns:r="{TYPES}">
        <sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships {PACKAGE}>
        <Relationship Id="rId1" Type="{TYPES}/worksheet" Target="worksheets/sheet1.xml"/>
        <Relationship Id="rId2" Type="{TYPES}/sharedStrings" Target="sharedStrings.xml"/>
        <Relationship Id="rId3" Type="{TYPES}/styles" Target="styles.xml"/>
        </Relationships>""",
    "xl/sharedStrings.xml": f"<sst {MAIN}><si><t>name</t></si><si><t>Li</t></si></sst>",
    "xl/styles.xml": f"<styleSheet {MAIN}/>",
}
NAME = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'


def sheet_xml(rows: str) -> str:
    return f"<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>"


def by_hand(path: Path, rows: str, **parts: str) -> Path:
    """Write a workbook part by part; parts are named by the last part of their path."""
    contents = PARTS | {"xl/worksheets/sheet1.xml": sheet_xml(rows)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in contents.items():
            package.writestr(name, parts.get(name.rpartition("/")[2].removesuffix(".xml"), content))
    return path


def by_program(path: Path, fill: Callable[[Worksheet, xlsxwriter.Workbook], None]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        fill(book.add_worksheet(), book)
    return path


def read(path: Path) -> list[AttendeeRow | RowError]:
    with open_list(path, today=TODAY) as attendees:
        assert (attendees.kind, attendees.encoding) == ("xlsx", "UTF-8")
        return list(attendees)


def fault(path: Path) -> FileError:
    with pytest.raises(FileError) as caught:
        read(path)
    return caught.value


def outline(rows: list[AttendeeRow | RowError]) -> list[tuple[int, str]]:
    return [
        (row.line, row.name if isinstance(row, AttendeeRow) else f"!{row.code}") for row in rows
    ]


# --- cells -------------------------------------------------------------------------------------


def test_numbers_and_dates_are_read_as_they_are_shown(tmp_path: Path) -> None:
    def fill(sheet: Worksheet, book: xlsxwriter.Workbook) -> None:
        sheet.write_row(0, 0, ["姓名", "手机", "票号", "场次", "区域", "编号"])
        sheet.write(1, 0, 4711)
        sheet.write(1, 1, 13800138000)
        sheet.write(1, 2, 471100931231, book.add_format({"num_format": "0" * 14}))
        day = book.add_format({"num_format": 'yyyy"年"m"月"d"日"'})
        sheet.write_datetime(1, 3, date(2026, 10, 1), day)
        sheet.write(1, 4, 2.5)
        sheet.write_boolean(1, 5, boolean=True)
        sheet.write(2, 0, "Li")
        minute = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write_datetime(2, 3, MORNING, minute)
        sheet.write_number(3, 3, 0.75, book.add_format({"num_format": 20}))
        sheet.write(3, 0, "Wu")
        sheet.write_number(4, 3, 45000, book.add_format({"num_format": 31}))
        sheet.write(4, 0, "He")
        sheet.write_number(5, 3, 12, book.add_format({"num_format": '0" days"'}))
        sheet.write(5, 0, "Xu")

    rows = read(by_program(tmp_path / "list", fill))
    assert isinstance(rows[0], RowError)
    assert rows[0].raw == ("4711", "13800138000", "00471100931231", "2026-10-01", "2.5", "TRUE")
    sessions = [row.session for row in rows[1:] if isinstance(row, AttendeeRow)]
    assert sessions == ["2026-10-01 09:30", "18:00", "2023-03-15", "12"]


def test_a_formula_is_refused_whatever_its_stored_result(tmp_path: Path) -> None:
    def fill(sheet: Worksheet, _book: xlsxwriter.Workbook) -> None:
        sheet.write_row(0, 0, ["name", "phone", "age"])
        sheet.write_formula(1, 0, '="Li"&" Si"', None, "Li Si")
        sheet.write_row(2, 0, ["Wu", None, 20])
        sheet.write_formula(2, 2, "=YEAR(TODAY())-2000", None, 26)
        sheet.write_array_formula(3, 0, 3, 0, "{=A2}", None, "Li")
        sheet.write_string(4, 0, "=1+1")

    rows = read(by_program(tmp_path / "list", fill))
    # A formula in a column that is not read harms nobody.
    assert outline(rows) == [(2, "!formula"), (3, "Wu"), (4, "!formula"), (5, "=1+1")]
    assert isinstance(rows[0], RowError)
    assert (rows[0].field, rows[0].params) == ("name", {"text": '="Li"&" Si"'})


def test_numbers_that_lost_digits_and_error_values_are_refused(tmp_path: Path) -> None:
    def fill(sheet: Worksheet, _book: xlsxwriter.Workbook) -> None:
        sheet.write_row(0, 0, ["name", "身份证号"])
        sheet.write_row(1, 0, ["Li", 110105194912310021])
        sheet.write_row(2, 0, ["#N/A", "11010519491231002X"])

    rows = read(by_program(tmp_path / "list", fill))
    assert outline(rows) == [(2, "!number_shortened"), (3, "!cell_error")]
    cell = '<row r="2"><c r="A2" t="e"><v>#NAME?</v></c></row>'
    assert outline(read(by_hand(tmp_path / "hand", NAME + cell))) == [(2, "!cell_error")]


def test_the_first_sheet_counts_and_styled_blank_rows_do_not(tmp_path: Path) -> None:
    def fill(sheet: Worksheet, book: xlsxwriter.Workbook) -> None:
        sheet.write(2, 1, "Name *")
        sheet.write(4, 1, "Li")
        for row in range(5, 2_000):
            sheet.write_blank(row, 1, None, book.add_format({"bold": True}))
        book.add_worksheet().write(0, 0, "nonsense")

    path = by_program(tmp_path / "list", fill)
    assert outline(read(path)) == [(5, "Li")]
    with open_list(path, today=TODAY, rows_max=1) as attendees:
        assert outline(list(attendees)) == [(5, "Li")]
        assert attendees.position == attendees.total
    with pytest.raises(FileError, match="1 rows"), open_list(path, today=TODAY, rows_max=0):
        pytest.fail("the list was opened")


def test_another_programs_workbook_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["name", "phone", "session"])
    book.active.append(["李四", 13800138000, MORNING])
    book.save(tmp_path / "list")
    (row,) = read(tmp_path / "list")
    assert isinstance(row, AttendeeRow)
    assert row[2:3] + row[5:6] + row[9:10] == ("李四", "13800138000", "2026-10-01 09:30")


def test_texts_in_pieces_and_readings_beside_them(tmp_path: Path) -> None:
    strings = (
        f'<sst {MAIN}><si><t>name</t></si><si><r><t>山</t></r><r><rPr/><t xml:space="preserve">田 '
        "</t></r><rPh sb='0' eb='1'><t>やま</t></rPh><phoneticPr/></si></sst>"
    )
    rows = (
        '<row r="2"><c r="A2" t="s"><v>1</v></c></row>'
        '<row><c t="inlineStr"><is><t>Li_x000D_&#10;Si_x005F_x0041_</t></is></c></row>'
        '<row r="9"><c r="A9" t="str"><v>Wu</v></c><c r="C9"/></row>'
    )
    found = read(by_hand(tmp_path / "list", NAME + rows, sharedStrings=strings))
    assert outline(found) == [(2, "山田"), (3, "Li Si_x0041_"), (9, "Wu")]


def test_dates_of_workbooks_that_count_from_1904(tmp_path: Path) -> None:
    book = PARTS["xl/workbook.xml"].replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    styles = f'<styleSheet {MAIN}><cellXfs><xf/><xf numFmtId="14"/></cellXfs></styleSheet>'
    rows = (
        '<row r="1"><c t="s"><v>0</v></c><c t="inlineStr"><is><t>session</t></is></c></row>'
        '<row r="2"><c t="s"><v>1</v></c><c s="1"><v>44469</v></c></row>'
        '<row r="3"><c t="s"><v>1</v></c><c s="1"><v>-5</v></c></row>'
        '<row r="4"><c t="s"><v>1</v></c><c s="1"><v>1e300</v></c></row>'
        '<row r="5"><c t="s"><v>1</v></c><c t="d"><v>2026-10-01T09:30</v></c></row>'
    )
    found = read(by_hand(tmp_path / "list", rows, workbook=book, styles=styles))
    assert [row.session if isinstance(row, AttendeeRow) else row.code for row in found] == [
        "2025-10-01",
        "unreadable",
        "unreadable",
        "duplicate_person",
    ]


# --- files that are none -----------------------------------------------------------------------


def test_old_protected_and_other_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "list"
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1_000)
    path.write_bytes(ole)
    assert fault(path).code == "old_workbook"
    path.write_bytes(ole + "EncryptedPackage".encode("utf-16-le"))
    assert fault(path).code == "password_protected"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert fault(path).code == "not_a_workbook"
    path.write_bytes(b"PK\x03\x04" + bytes(1_000))
    assert fault(path).code == "not_a_workbook"
    no_sheet = PARTS["xl/workbook.xml"].replace("r:id", "r:nothing")
    assert fault(by_hand(path, NAME, workbook=no_sheet)).code == "not_a_workbook"


def test_a_zip_entry_with_a_password_is_named(tmp_path: Path) -> None:
    content = bytearray(by_hand(tmp_path / "list", NAME).read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(signature, at + 1)
    (tmp_path / "list").write_bytes(content)
    assert fault(tmp_path / "list").code == "password_protected"


@pytest.mark.parametrize(
    "rows",
    [
        NAME + '<row r="2"><c r="A2" t="s"><v>7</v></c></row>',
        NAME + '<row r="2"><c r="A2" t="s"><v>x</v></c></row>',
        NAME + '<row r="2"><c r="A2"><v>1</v></c>',
        NAME + '<row r="1"/>',
        NAME + '<row r="1048577"/>',
        NAME + '<row r="9999999999999"/>',
        NAME + '<row r="x"/>',
        NAME + '<row r="2"><c r="B2"/><c r="A2"/></row>',
        NAME + f'<row r="2"><c r="{"A" * 2_000_000}"/></row>',
    ],
)
def test_a_damaged_sheet_is_refused(tmp_path: Path, rows: str) -> None:
    assert fault(by_hand(tmp_path / "list", rows)).code == "damaged_workbook"


def test_damage_anywhere_is_found_before_a_row_is_given_out(tmp_path: Path) -> None:
    rows = NAME + "".join(
        f'<row r="{row}"><c t="inlineStr"><is><t>Li {row * 7919}</t></is></c></row>'
        for row in range(2, 20_000)
    )
    path = by_hand(tmp_path / "list", rows)
    content = bytearray(path.read_bytes())
    begin = content.find(b"xl/worksheets/sheet1.xml")
    content[begin + 40_000] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(FileError) as caught, open_list(path, today=TODAY):
        pytest.fail("the list was opened")
    assert caught.value.code == "damaged_workbook"
    path.write_bytes(content[:30_000])
    assert fault(path).code == "not_a_workbook"


def test_entities_and_missing_parts_are_refused(tmp_path: Path) -> None:
    laughs = f'<!DOCTYPE sst [<!ENTITY a "aaaa">]><sst {MAIN}><si><t>&a;</t></si></sst>'
    path = by_hand(tmp_path / "list", NAME, sharedStrings=laughs)
    assert fault(path).code == "damaged_workbook"
    elsewhere = PARTS["xl/_rels/workbook.xml.rels"].replace("sheet1.xml", "../../../etc/passwd")
    path = zip_with(tmp_path / "list", "xl/_rels/workbook.xml.rels", elsewhere)
    assert fault(path).code == "damaged_workbook"


def test_the_encoding_a_part_declares_is_not_looked_up(tmp_path: Path) -> None:
    for encoding in ("no-such", "UTF-16", "GB18030"):
        strings = f'<?xml version="1.0" encoding="{encoding}"?>{PARTS["xl/sharedStrings.xml"]}'
        rows = f'{NAME}<row r="2"><c r="A2" t="s"><v>1</v></c></row>'
        assert outline(read(by_hand(tmp_path / "list", rows, sharedStrings=strings))) == [(2, "Li")]


def zip_with(path: Path, name: str, content: str) -> Path:
    with zipfile.ZipFile(path, "w") as package:
        for part, ordinary in (PARTS | {"xl/worksheets/sheet1.xml": sheet_xml(NAME)}).items():
            package.writestr(part, content if part == name else ordinary)
    return path


def test_a_zip_bomb_is_refused_by_the_size_it_would_have(tmp_path: Path) -> None:
    styles = f"<styleSheet {MAIN}>{' ' * 17 * 1024 * 1024}</styleSheet>"
    path = by_hand(tmp_path / "list", NAME, styles=styles)
    assert path.stat().st_size < 100_000
    error = fault(path)
    assert (error.code, error.params["limit"]) == ("too_large_unpacked", str(16 * 1024 * 1024))


def test_a_hundred_thousand_columns_and_a_giant_text_are_refused(tmp_path: Path) -> None:
    cells = "".join("<c><v>1</v></c>" for _ in range(100_000))
    header = f'<row r="1"><c t="s"><v>0</v></c>{cells}</row>'
    assert fault(by_hand(tmp_path / "list", header)).code == "too_many_columns"
    rows = read(by_hand(tmp_path / "list", f'{NAME}<row r="2">{cells}</row>'))
    assert outline(rows) == [(2, "!too_many_cells")]
    text = f'<c t="inlineStr"><is><t>{"x" * 10_000_000}</t></is></c>'
    rows = read(by_hand(tmp_path / "list", f'{NAME}<row r="2">{text}</row>'))
    assert outline(rows) == [(2, "!too_long")]
