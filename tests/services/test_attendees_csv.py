"""CSV lists as they really come: encodings, delimiters, broken quotation marks, absurd sizes."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from paifang.services.desk.attendees import AttendeeRow, FileError, RowError, open_list
from paifang.services.desk.attendees.raw import BLOCK_BYTES, ROW_CHARS_MAX
from tests.fixtures.awkward_names import TODAY, make_list

LIST = "姓名,公司,手机号\n张三,东湖科技,13800138000\n李四,“远望”,010-62345678\n"


def read(tmp_path: Path, content: bytes) -> list[AttendeeRow | RowError]:
    path = tmp_path / "list"
    path.write_bytes(content)
    with open_list(path, today=TODAY) as attendees:
        rows = list(attendees)
        assert attendees.rows == len(rows)
        assert attendees.position <= attendees.total
    return rows


def fault(tmp_path: Path, content: bytes) -> FileError:
    with pytest.raises(FileError) as caught:
        read(tmp_path, content)
    return caught.value


def outline(rows: Iterable[AttendeeRow | RowError]) -> list[tuple[int, str]]:
    return [
        (row.line, row.name if isinstance(row, AttendeeRow) else f"!{row.code}") for row in rows
    ]


# --- encodings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("gb18030", "GB18030"),
        ("gbk", "GB18030"),
    ],
)
def test_the_encoding_is_told_by_the_content(tmp_path: Path, codec: str, name: str) -> None:
    path = tmp_path / "list"
    path.write_bytes(LIST.encode(codec))
    with open_list(path, today=TODAY) as attendees:
        assert (attendees.kind, attendees.encoding) == ("csv", name)
        assert outline(attendees) == [(2, "张三"), (3, "李四")]


def test_one_line_of_gb18030_in_a_utf8_file_is_named(tmp_path: Path) -> None:
    content = LIST.encode() + "王五,,\n".encode("gb18030") + "赵六,,\n".encode()
    error = fault(tmp_path, content)
    assert (error.code, error.params) == ("mixed_encodings", {"line": "4", "encoding": "UTF-8"})


def test_one_line_of_utf8_in_a_gb18030_file_is_named_although_it_decodes(tmp_path: Path) -> None:
    stranger = "张三,中华科技,\n".encode()
    stranger.decode("gb18030")  # Nonsense, but no error: the codec alone would not notice.
    error = fault(tmp_path, LIST.encode("gb18030") + stranger + "赵六,,\n".encode("gb18030"))
    assert (error.code, error.params) == ("mixed_encodings", {"line": "4", "encoding": "GB18030"})


def test_mixed_encodings_are_found_far_down_the_file(tmp_path: Path) -> None:
    rows = "".join(f"张三{number},东湖科技,\n" for number in range(40_000))
    content = ("姓名,公司,手机号\n" + rows).encode("gb18030")
    assert len(content) > 2 * BLOCK_BYTES
    error = fault(tmp_path, content + "王五,中华科技,\n".encode())
    assert (error.code, error.params["line"]) == ("mixed_encodings", "40002")


def test_a_file_in_neither_encoding_is_refused(tmp_path: Path) -> None:
    error = fault(tmp_path, b"name\xff\xfe\xff,phone\nLi,\n")
    assert (error.code, error.params["line"]) == ("encoding", "1")


def test_a_bad_byte_after_a_byte_order_mark_is_named_by_its_line(tmp_path: Path) -> None:
    error = fault(tmp_path, b"\xef\xbb\xbf" + "name\r\n张\r\n".encode() + b"\xff\r\n")
    assert (error.code, error.params) == ("encoding", {"line": "3", "encoding": "UTF-8"})
    assert fault(tmp_path, "name\n张\n".encode("utf-16") + b"\0").code == "encoding"
    assert fault(tmp_path, "name\n张\n".encode("utf-32")).code == "encoding"


def test_characters_gb18030_kept_in_the_private_area_are_given_their_code_points(
    tmp_path: Path,
) -> None:
    rows = read(tmp_path, "姓名\n张".encode("gb18030") + b"\xfe\x59\xfe\x51\n")
    assert outline(rows) == [(2, "张\u9fb4\U00020087")]


def test_utf16_without_a_mark_and_binary_files_are_no_list(tmp_path: Path) -> None:
    for content in (LIST.encode("utf-16-le"), b"%PDF-1.7\n...", b"<html><table>", b"\x89PNG\r\n"):
        assert fault(tmp_path, content).code == "not_a_list"


# --- form --------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(tmp_path: Path, delimiter: str, line_end: str) -> None:
    lines = [
        ["name", '"remark, (a;\tb)"', "phone"],
        ['"Li, ""Al""' + line_end + '; Si"', "", "13800138000"],
        [],
        ["Wu", "", ""],
    ]
    content = line_end.join(map(delimiter.join, lines))
    rows = read(tmp_path, content.encode())
    assert outline(rows) == [(2, 'Li, "Al" ; Si'), (4, "Wu")]


def test_blank_rows_are_passed_over_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    rows = read(tmp_path, "参会名单2026,,\n\n姓名,电话,\n,,\n张三,\n\n李四\n".encode())
    assert outline(rows) == [(5, "张三"), (7, "李四")]


def test_a_comma_that_splits_a_cell_is_noticed(tmp_path: Path) -> None:
    rows = read(tmp_path, b"name,company\nLi,Acme, Inc.\nWu,Acme,\nHe,Acme, \n")
    assert outline(rows) == [(2, "!too_many_cells"), (3, "Wu"), (4, "He")]


def test_a_file_cut_off_within_a_quoted_cell_gives_all_rows_before(tmp_path: Path) -> None:
    rows = read(tmp_path, b'name,company\nLi,Acme\nWu,"Acme\nInc')
    assert outline(rows) == [(2, "Li"), (3, "!unclosed"), (4, "!after_quoting")]
    assert [row.text for row in rows if isinstance(row, RowError)] == ['Wu,"Acme', "Inc"]


def test_one_quotation_mark_never_closed_does_not_swallow_the_rows_after_it(
    tmp_path: Path,
) -> None:
    after = b"".join(b"Guest %d,Acme\n" % number for number in range(20_000))
    rows = read(tmp_path, b'name,company\nLi,"Acme\n' + after)
    assert len(rows) == 20_001
    assert outline(rows)[:2] == [(2, "!unclosed"), (3, "Guest 0")]
    assert sum(isinstance(row, RowError) for row in rows) == 1


def test_the_rest_of_a_broken_cell_is_never_taken_for_an_attendee(tmp_path: Path) -> None:
    content = b'name,company\nLi,"Acme" Inc\nWu,"Acme "the\nbest",x\n" one"\nHe,Acme\nXu,Acme\n'
    rows = read(tmp_path, content)
    assert [name for _line, name in outline(rows) if not name.startswith("!")] == ["He", "Xu"]
    assert {row.code for row in rows if isinstance(row, RowError)} == {"quoting", "after_quoting"}


def test_a_nul_byte_refuses_its_row_alone(tmp_path: Path) -> None:
    rows = read(tmp_path, b"name,remark\nL\0i,\nWu,\0\n\0\0,\nHe,\n")
    assert outline(rows) == [(2, "!damaged"), (3, "Wu"), (4, "!damaged"), (5, "He")]


@pytest.mark.parametrize(
    "content", [b"", b"\xef\xbb\xbf", b"\r\n\r\n", b",,,\n", "\ufeff".encode("utf-16-le")]
)
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, content: bytes) -> None:
    assert fault(tmp_path, content).code == "empty"


def test_a_missing_header_is_refused(tmp_path: Path) -> None:
    assert fault(tmp_path, "张三,13800138000\n李四,13800138001\n".encode()).code == "no_header"


# --- sizes -------------------------------------------------------------------------------------


def test_ten_megabytes_in_one_line_are_one_refused_row(tmp_path: Path) -> None:
    rows = read(tmp_path, b"name,company\nLi," + b"x" * 10_000_000 + b"\nWu,Acme\n")
    assert outline(rows) == [(2, "!row_too_long"), (3, "Wu")]
    assert fault(tmp_path, b"x" * 10_000_000).code == "no_header"


def test_ten_megabytes_in_one_quoted_cell_are_one_refused_row(tmp_path: Path) -> None:
    rows = read(tmp_path, b'name,company\nLi,"' + b"x" * 10_000_000 + b'"\nWu,Acme\n')
    assert outline(rows) == [(2, "!row_too_long"), (3, "Wu")]


def test_a_row_as_long_as_may_be_is_read_and_a_longer_one_refused(tmp_path: Path) -> None:
    long = b"x" * (ROW_CHARS_MAX - 4)
    rows = read(tmp_path, b"name,remark\nLi,%b\nLi,%bx\nWu,\n" % (long, long))
    assert outline(rows) == [(2, "Li"), (3, "!row_too_long"), (4, "Wu")]


def test_a_hundred_thousand_columns_are_refused(tmp_path: Path) -> None:
    columns = b",".join(b"c%d" % number for number in range(100_000))
    assert fault(tmp_path, b"name," + columns + b"\nLi\n").code == "too_many_columns"
    assert fault(tmp_path, b"name" + b",c" * 64 + b"\nLi\n").code == "too_many_columns"
    rows = read(tmp_path, b"name" + b",c" * 63 + b"," * 1_000 + b"\nLi\nWu" + b",c" * 1_000)
    assert outline(rows) == [(2, "Li"), (3, "!too_many_cells")]


def test_too_many_rows_are_refused_before_any_is_given_out(tmp_path: Path) -> None:
    path = tmp_path / "list"
    # Blank rows and line breaks within cells make lines, not rows.
    path.write_bytes(b'name\n\n"Li\n\n\nSi"\n,,,\nWu\nHe\n\n\n')
    with open_list(path, today=TODAY, rows_max=3) as attendees:
        assert outline(attendees) == [(3, "Li Si"), (5, "Wu"), (6, "He")]
    with (
        pytest.raises(FileError) as caught,
        open_list(path, today=TODAY, rows_max=2) as attendees,
    ):
        pytest.fail("the list was opened")
    assert (caught.value.code, caught.value.params) == (
        "too_many_rows",
        {"rows": "3", "limit": "2"},
    )


def test_a_file_of_more_bytes_than_are_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list"
    with path.open("wb") as file:
        file.write(b"name\nLi\n")
        file.truncate(1024**3 + 1)  # A hole: takes no room on the disk.
    with pytest.raises(FileError) as caught, open_list(path, today=TODAY):
        pytest.fail("the list was opened")
    assert caught.value.code == "too_large"


def test_a_list_that_grows_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"name\nLi\n")
    with open_list(path, today=TODAY) as attendees:
        with path.open("ab") as file:
            file.write(b"Wu\nHe\n")
        with pytest.raises(FileError) as caught:
            list(attendees)
    assert caught.value.code == "changed"


def test_leaving_a_list_half_read_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(LIST.encode())
    with open_list(path, today=TODAY) as attendees:
        rows = iter(attendees)
        assert next(rows).line == 2
    del rows, attendees


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
def test_a_million_rows_are_read_in_bounded_memory(tmp_path: Path, fmt: str) -> None:
    """Peak memory of a process of its own, less that of one that reads sixty rows."""
    peaks = []
    for rows in (60, 1_000_000):
        path = tmp_path / f"list{rows}"
        make_list(path, rows, fmt="xlsx" if fmt == "xlsx" else "csv")
        peaks.append(_peak_bytes(path, rows))
    assert peaks[1] - peaks[0] < 150 * 1024 * 1024


def test_more_rows_take_no_more_memory_than_the_table_of_repeats(tmp_path: Path) -> None:
    peaks = []
    for rows in (60, 50_000):
        path = tmp_path / f"list{rows}"
        make_list(path, rows)
        peaks.append(_peak_bytes(path, rows))
    assert peaks[1] - peaks[0] < 12 * 1024 * 1024


def _peak_bytes(path: Path, rows: int) -> int:
    # Not ru_maxrss: it begins with the size of the process that forked.
    program = (
        "import re, sys; from datetime import date; from pathlib import Path\n"
        "from paifang.services.desk.attendees import open_list\n"
        "with open_list(Path(sys.argv[1]), today=date(2026, 10, 1)) as attendees:\n"
        "    count = sum(1 for row in attendees)\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(count, re.search('VmHWM:\\\\s+([0-9]+)', status)[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path], check=True, capture_output=True, text=True
    )
    count, peak_kib = map(int, done.stdout.split())
    assert count == rows
    return peak_kib * 1024
