"""A hand-written set of sixty awkward names comes through every format with one result."""

import csv
import io
import unicodedata
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paifang.services.desk.attendees import AttendeeRow, RowError, export_safe, open_list
from paifang.services.desk.attendees.cells import clean, import_plain
from tests.fixtures.awkward_names import AWKWARD_NAMES, TODAY, make_list

Format = Literal["csv", "xlsx"]
FORMATS: list[tuple[str, Format]] = [
    ("utf-8", "csv"),
    ("utf-8-sig", "csv"),
    ("utf-16", "csv"),
    ("gb18030", "csv"),
    ("utf-8", "xlsx"),
]


def read_all(path: Path) -> list[AttendeeRow | RowError]:
    with open_list(path, today=TODAY) as attendees:
        return list(attendees)


def test_there_are_sixty_different_names() -> None:
    assert len(AWKWARD_NAMES) == len({awkward.written for awkward in AWKWARD_NAMES}) == 60
    assert any(len(awkward.written) == 20 and "·" in awkward.written for awkward in AWKWARD_NAMES)
    assert any(len(awkward.written) == 40 for awkward in AWKWARD_NAMES)


@pytest.mark.parametrize(("encoding", "fmt"), FORMATS)
def test_every_awkward_name_is_kept_cleaned_or_refused_as_written_down(
    tmp_path: Path, encoding: str, fmt: Format
) -> None:
    where = make_list(tmp_path / "list", 300, encoding, fmt)
    by_line = {row.line: row for row in read_all(tmp_path / "list")}
    assert len(by_line) == 300
    for line, awkward in where.items():
        row = by_line[line]
        if isinstance(row, AttendeeRow):
            assert (row.name, "") == (awkward.kept, awkward.refused)
            assert unicodedata.is_normalized("NFC", row.name)
        else:
            assert (None, row.code) == (awkward.kept, awkward.refused)
    refused = {line for line, row in by_line.items() if isinstance(row, RowError)}
    assert refused == {line for line, awkward in where.items() if awkward.refused}


def test_a_list_of_five_thousand_reads_the_same_from_every_format(tmp_path: Path) -> None:
    results = []
    for encoding, fmt in FORMATS:
        make_list(tmp_path / "list", 5_000, encoding, fmt)
        results.append(
            [
                row if isinstance(row, AttendeeRow) else (row.line, row.code, row.field, row.params)
                for row in read_all(tmp_path / "list")
            ]
        )
    assert len(results[0]) == 5_000
    assert all(result == results[0] for result in results)


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(
    st.text(alphabet="aé\u0301\u200b\u200c\u200d\u0dcaශﷲعي\U0001f468\u2642\ufe0f \n\u202e\u3164")
)
def test_cleaning_twice_changes_nothing_more_around_joiners(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert not set(cleaned) & set("\u200b\u202e\u3164\n")


@given(st.text())
def test_nothing_exported_can_start_a_formula(text: str) -> None:
    safe = export_safe(text)
    assert not safe.lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))
    assert safe[:1] not in {"\t", "\r", "\n"}


@given(st.text(alphabet="'=+-@\t\r\n 019aＡ＝") | st.text())
def test_what_was_made_safe_for_export_is_read_back_as_it_was(text: str) -> None:
    assert import_plain(export_safe(text)) == text


@pytest.mark.parametrize(
    "cell", ["110105194912310021", "00471100931234", "013800138000", "+86 138 0013 8000"]
)
def test_numbers_a_spreadsheet_would_shorten_are_exported_as_text(cell: str) -> None:
    line = io.StringIO()
    csv.writer(line).writerow([export_safe(cell)])
    assert line.getvalue().strip() == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "张三", "R-000017", "1.5", "12345", "a=b"])
def test_ordinary_cells_are_exported_unchanged(cell: str) -> None:
    assert export_safe(cell) == cell
