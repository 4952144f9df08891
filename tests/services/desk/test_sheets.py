"""Lists given out: what a spreadsheet program reads is what was meant, and never computes."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import openpyxl  # type: ignore[import-untyped]
import pytest

from paifang.core import limits
from paifang.core.rules import Role
from paifang.services.desk.attendees.cells import clean, import_plain
from paifang.services.desk.context import DeskContext
from paifang.services.desk.permissions import Act, Actor, NotPermitted
from paifang.services.desk.sheets import (
    Cell,
    Format,
    Row,
    TooManyRows,
    csv_stream,
    export,
    workbook,
)
from paifang.store.models import AuditEntry
from tests.fixtures.awkward_names import AWKWARD_NAMES

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOMENT = datetime(2026, 10, 1, 16, 5, 9, tzinfo=UTC)
NAMES = [one.kept for one in AWKWARD_NAMES if one.kept]
ACTIVE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "007", "1234567890123456"]
MANAGER = Actor("eve", Role.manager, "10.0.0.7")


def read_csv(blocks: Iterator[bytes]) -> list[list[str]]:
    body = b"".join(blocks)
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def read_workbook(body: bytes) -> list[list[Cell]]:
    sheet = openpyxl.load_workbook(io.BytesIO(body)).active
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_a_csv_never_begins_a_cell_with_what_is_computed_and_comes_back_the_same() -> None:
    texts = [*ACTIVE, *NAMES]
    rows = read_csv(csv_stream(["name"], ([text] for text in texts), UTC))
    assert rows[0] == ["name"]
    cells = [row[0] for row in rows[1:]]
    for cell in cells:
        assert cell[:1] not in set("=+-@\t\r＝＋－＠")
    assert [clean(import_plain(cell)) for cell in cells] == [clean(text) for text in texts]


def test_a_workbook_holds_text_as_text() -> None:
    # The reader of this test leaves a lone carriage return as the file has it, escaped.
    texts = [text for text in [*ACTIVE, *NAMES] if text[0] != "\r"]
    with workbook(["name"], ([text] for text in texts), UTC) as file:
        body = file.read()
    assert [row[0] for row in read_workbook(body)[1:]] == texts
    with zipfile.ZipFile(io.BytesIO(body)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_moments_are_written_in_the_clock_of_the_place_and_numbers_stay_numbers() -> None:
    row: Row = (MOMENT, date(2026, 10, 1), 7, 2.5, None, "", date(1899, 1, 1))
    header = list("abcdefg")
    assert read_csv(csv_stream(header, [row], SHANGHAI))[1] == [
        "2026-10-02 00:05:09",
        "2026-10-01",
        "7",
        "2.5",
        "",
        "",
        "1899-01-01",
    ]
    with workbook(header, [row], SHANGHAI) as file:
        cells = read_workbook(file.read())[1]
    assert cells == [
        datetime.fromisoformat("2026-10-02T00:05:09"),
        datetime.fromisoformat("2026-10-01T00:00"),
        7,
        2.5,
        None,
        None,
        "1899-01-01",
    ]


def test_the_hour_that_comes_twice_in_autumn_is_written_as_the_clock_showed_it() -> None:
    twice = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    rows = read_csv(csv_stream(["at"], ([one] for one in twice), ZoneInfo("Europe/Berlin")))
    assert rows[1:] == [["2026-10-25 02:30:00"]] * 2


def test_a_list_is_read_while_it_is_written() -> None:
    passed = 0

    def rows() -> Iterator[Row]:
        nonlocal passed
        for number in range(5_000):
            passed = number
            yield (number, "x")

    stream = csv_stream(["n", "x"], rows(), UTC)
    next(stream)
    assert passed < 1_000


def test_giving_a_list_out_is_asked_for_and_written_down(sqlite_desk: DeskContext) -> None:
    def give(by: Actor, act: Act = Act.export_people) -> list[list[str]]:
        return read_csv(
            export("tickets", ["n"], [(1,)], count=1, fmt=Format.csv, zone=UTC, by=by, act=act)
        )

    assert give(MANAGER) == [["n"], ["1"]]
    for role in Role:
        if role is not Role.manager:
            with pytest.raises(NotPermitted):
                give(Actor("x", role))
    give(Actor("max", Role.auditor), Act.see_audit)
    told = list(AuditEntry.objects.values_list("what", "who", "subject", "where"))
    assert told == [
        ("export", "eve", "tickets 1 csv", "10.0.0.7"),
        ("export", "max", "tickets 1 csv", ""),
    ]


@pytest.mark.parametrize(
    ("fmt", "rows_max"),
    [
        (Format.csv, limits.EXPORT_ROWS_MAX),
        (Format.xlsx, limits.EXPORT_WORKBOOK_ROWS_MAX),
    ],
)
def test_a_list_that_is_too_long_is_refused_before_it_is_read(
    sqlite_desk: DeskContext, fmt: Format, rows_max: int
) -> None:
    rows = iter([(1,)])
    with pytest.raises(TooManyRows) as refused:
        export("tickets", ["n"], rows, count=rows_max + 1, fmt=fmt, zone=UTC, by=MANAGER)
    assert next(rows) == (1,), "nothing was read"
    assert (refused.value.rows, refused.value.rows_max) == (rows_max + 1, rows_max)
    assert not AuditEntry.objects.exists()
