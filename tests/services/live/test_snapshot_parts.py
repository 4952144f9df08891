"""Which bytes of a snapshot are sent: all of it, or from where a host stands."""

from pathlib import Path

import pytest

from paifang.services.live.problems import Problem
from paifang.services.live.sync_centre import part_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "snapshot"
    path.write_bytes(bytes(100))
    return path


@pytest.mark.parametrize(
    ("asked", "start", "size"),
    [
        ("", 0, 100),
        ("bytes=0-", 0, 100),
        ("bytes=40-", 40, 60),
        ("bytes=40-49", 40, 10),
        ("bytes=99-", 99, 1),
        ("bytes=40-4000", 40, 60),
        ("bytes=0-9,20-29", 0, 100),
        ("bytes=-5", 0, 100),
        ("lines=3-", 0, 100),
    ],
)
def test_a_range_is_what_stands_there(file: Path, asked: str, start: int, size: int) -> None:
    part = part_of(file, asked)
    assert (part.start, part.size, part.whole) == (start, size, 100)


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=9000-", "bytes=50-40"])
def test_a_range_beyond_the_end_is_a_problem(file: Path, asked: str) -> None:
    with pytest.raises(Problem) as problem:
        part_of(file, asked)
    assert problem.value.code == "range_not_there"


def test_a_file_that_is_gone_is_not_found(file: Path) -> None:
    file.unlink()
    with pytest.raises(Problem) as problem:
        part_of(file, "")
    assert problem.value.code == "not_found"
