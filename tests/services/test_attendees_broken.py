"""However a file is broken, reading it ends in rows and reasons, or in one that names the fault."""

import io
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paifang.services.desk.attendees import (
    AttendeeRow,
    ErrorsFile,
    FileError,
    identity,
    open_list,
)
from tests.fixtures.awkward_names import TODAY, make_list


class Edit(NamedTuple):
    """Bytes put in place of others: where, in thousandths of the content, how many, and which."""

    at: int
    removed: int
    added: bytes


ADDITIONS = st.sampled_from([b"", b'"', b'""', b"\n", b"\r", b"\0", b",", b"\xff", b"<", b"1e999"])
EDITS = st.lists(
    st.builds(Edit, st.integers(0, 1000), st.integers(0, 40), ADDITIONS | st.binary(max_size=8)),
    min_size=1,
    max_size=12,
)


def edited(content: bytes, edits: list[Edit]) -> bytes:
    for edit in edits:
        at = len(content) * edit.at // 1000
        content = content[:at] + edit.added + content[at + edit.removed :]
    return content


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    path = tmp_path_factory.mktemp("lists") / "list"
    contents = {}
    for encoding in ("utf-8", "gb18030", "utf-16"):
        make_list(path, 60, encoding)
        contents[encoding] = path.read_bytes()
    make_list(path, 60, fmt="xlsx")
    contents["xlsx"] = path.read_bytes()
    return contents


def read_to_the_end(content: bytes) -> None:
    """Read a list and write its errors; the only exception that may come is swallowed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        path.write_bytes(content)
        try:
            with (
                open_list(path, today=TODAY) as attendees,
                ErrorsFile(path, attendees.columns, str) as errors,
            ):
                for row in attendees:
                    if isinstance(row, AttendeeRow):
                        assert identity(row)[1]
                    else:
                        errors.add(row)
                assert attendees.rejected == errors.count
        except FileError as fault:
            fault.words(str)


@given(encoding=st.sampled_from(["utf-8", "gb18030", "utf-16"]), edits=EDITS)
def test_a_broken_csv_is_read_or_refused(
    lists: dict[str, bytes], encoding: str, edits: list[Edit]
) -> None:
    read_to_the_end(edited(lists[encoding], edits))


@given(part=st.integers(0, 20), edits=EDITS)
def test_a_workbook_with_a_broken_part_is_read_or_refused(
    lists: dict[str, bytes], part: int, edits: list[Edit]
) -> None:
    broken = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(lists["xlsx"])) as package,
        zipfile.ZipFile(broken, "w") as copy,
    ):
        names = package.namelist()
        for name in names:
            content = package.read(name)
            is_meant = name == names[part % len(names)]
            copy.writestr(name, edited(content, edits) if is_meant else content)
    read_to_the_end(broken.getvalue())


@given(edits=EDITS)
def test_a_broken_zip_is_read_or_refused(lists: dict[str, bytes], edits: list[Edit]) -> None:
    read_to_the_end(edited(lists["xlsx"], edits))
