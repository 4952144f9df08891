"""The file of rows that were not taken can be corrected and imported again."""

import csv
import stat
from pathlib import Path

import pytest

from paifang.services.desk.attendees import (
    AttendeeRow,
    ErrorsFile,
    RowError,
    errors_path,
    open_list,
)
from tests.fixtures.awkward_names import TODAY, make_list


def import_list(path: Path, *, is_chinese: bool = False) -> list[AttendeeRow | RowError]:
    """Read a list and write its errors beside it, as the import command does."""
    with (
        open_list(path, today=TODAY) as attendees,
        ErrorsFile(path, attendees.columns, str, is_chinese=is_chinese) as errors,
    ):
        rows = list(attendees)
        for row in rows:
            if isinstance(row, RowError):
                errors.add(row)
    return rows


def codes(rows: list[AttendeeRow | RowError]) -> list[str]:
    return [row.code for row in rows if isinstance(row, RowError)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


def test_rows_not_taken_are_written_with_line_code_reason_and_their_cells(path: Path) -> None:
    path.write_text("姓名,手机,备注\n李四,nonsense,=1+1\n王五,13800138000,\n", encoding="utf-8")
    import_list(path, is_chinese=True)
    content = errors_path(path).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert errors_path(path).name == "list.csv.errors.csv"
    header, row = csv.reader(content.decode("utf-8-sig").splitlines())
    assert header == ["出错行号", "错误代码", "错误原因", "原始文本", "姓名", "手机", "备注"]
    reason = "手机: This is not a phone number: nonsense."
    assert row == ["2", "phone", reason, "", "李四", "nonsense", "'=1+1"]


def test_corrected_rows_are_imported_from_the_errors_file(path: Path) -> None:
    path.write_text("name,phone\n=Li,+86 abc\nWu,13800138000\n", encoding="utf-8")
    import_list(path)
    errors = errors_path(path)
    text = errors.read_text(encoding="utf-8-sig")
    errors.write_text(text.replace("'+86 abc", "'+86 138 0013 8000"), encoding="utf-8-sig")
    with open_list(errors, today=TODAY) as attendees:
        assert attendees.columns.unknown == ()
        (row,) = attendees
    assert isinstance(row, AttendeeRow)
    assert (row.name, row.phone) == ("=Li", "+86 138 0013 8000")


@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
def test_what_was_not_corrected_is_refused_again_for_the_same_reasons(path: Path, fmt: str) -> None:
    make_list(path, 120, fmt="xlsx" if fmt == "xlsx" else "csv")
    before = codes(import_list(path))
    errors = errors_path(path)
    assert codes(import_list(errors)) == before
    again = errors_path(errors)
    assert codes(import_list(again)) == before
    with again.open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file))[:5] == [
            "error line", "error code", "error reason", "error text", "reference",
        ]  # fmt: skip


def test_formulas_and_rows_that_could_not_be_split_stay_refused_until_corrected(
    path: Path,
) -> None:
    path.write_text('name,company\nLi,"Acme" Inc\nWu,a,b\n', encoding="utf-8")
    assert codes(import_list(path)) == ["quoting", "after_quoting"]
    text = errors_path(path).read_text(encoding="utf-8-sig")
    assert '"Li,""Acme"" Inc"' in text
    again = import_list(errors_path(path))
    assert codes(again) == ["cell_error", "cell_error"]
    assert len(again) == 2


def test_a_formula_cell_stays_refused_until_a_value_is_in_its_place(path: Path) -> None:
    error = RowError(2, "formula", "company", {"text": "=A1"}, ("Li", "=A1"))
    path.write_text("name,company\nLi,x\n", encoding="utf-8")
    with (
        open_list(path, today=TODAY) as attendees,
        ErrorsFile(path, attendees.columns, str) as file,
    ):
        file.add(error)
    (row,) = import_list(errors_path(path))
    assert isinstance(row, RowError)
    assert (row.code, row.field) == ("cell_error", "company")


def test_no_file_is_left_when_every_row_is_taken(path: Path) -> None:
    path.write_text("name\nLi\n", encoding="utf-8")
    errors_path(path).write_text("of an import before", encoding="utf-8")
    import_list(path)
    assert list(path.parent.iterdir()) == [path]


def break_off(path: Path) -> None:
    with (
        open_list(path, today=TODAY) as attendees,
        ErrorsFile(path, attendees.columns, str) as errors,
    ):
        errors.add(RowError(9, "serial", "serial", {"text": "1"}, ("Wu", "1")))
        raise KeyboardInterrupt


def test_an_import_that_breaks_off_leaves_the_file_of_the_one_before(path: Path) -> None:
    path.write_text("name,phone\nLi,x\n", encoding="utf-8")
    import_list(path)
    before = errors_path(path).read_bytes()
    with pytest.raises(KeyboardInterrupt):
        break_off(path)
    assert errors_path(path).read_bytes() == before
    assert sorted(path.parent.iterdir()) == [path, errors_path(path)]


def test_the_errors_may_be_read_by_those_who_may_read_the_list(path: Path) -> None:
    path.write_text("name,phone\nLi,x\n", encoding="utf-8")
    path.chmod(0o640)
    import_list(path)
    assert stat.S_IMODE(errors_path(path).stat().st_mode) == 0o640
