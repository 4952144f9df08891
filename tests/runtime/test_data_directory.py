import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from paifang.runtime.data_directory import DataDirectoryError, open_data
from paifang.services.live.files import create_file, write_file


def test_an_empty_directory_becomes_ours(tmp_path: Path) -> None:
    data = open_data(tmp_path / "a/b")
    assert (data.path / "layout").read_text() == "1\n"
    assert open_data(tmp_path / "a/b", create=False) == data


def test_a_new_directory_is_for_its_owner_only(tmp_path: Path) -> None:
    data = open_data(tmp_path / "new")
    assert stat.S_IMODE(data.path.stat().st_mode) == 0o700


def test_somebody_elses_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(DataDirectoryError, match="something else"):
        open_data(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_a_fresh_file_system_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    open_data(tmp_path)


def test_a_later_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "layout").write_text("2\n")
    with pytest.raises(DataDirectoryError, match="“2”"):
        open_data(tmp_path)


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir])
def test_a_directory_that_must_be_there_is_not_made(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "data")
    with pytest.raises(DataDirectoryError):
        open_data(tmp_path / "data", create=False)
    assert not (tmp_path / "data/layout").exists()


def test_a_file_in_its_place_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(DataDirectoryError, match="data"):
        open_data(tmp_path / "data")


def test_a_directory_that_cannot_be_made_is_refused_in_words() -> None:
    with pytest.raises(DataDirectoryError, match="/proc/nothing"):
        open_data(Path("/proc/nothing/here"))


def test_the_secrets_stay_the_same_and_secret(tmp_path: Path) -> None:
    data = open_data(tmp_path)
    first = data.secrets()
    assert data.secrets() == first
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert len(bytes.fromhex(first.master)) == len(bytes.fromhex(first.signing_seed)) == 32


def test_processes_that_start_at_once_agree_on_the_secrets(tmp_path: Path) -> None:
    data = open_data(tmp_path)
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda _: data.secrets(), range(64)))
    assert len(set(map(repr, found))) == 1
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_damaged_secrets_are_not_replaced(tmp_path: Path) -> None:
    data = open_data(tmp_path)
    (tmp_path / "keys.json").write_text("{")
    with pytest.raises(DataDirectoryError, match=r"keys\.json"):
        data.secrets()
    assert (tmp_path / "keys.json").read_text() == "{"


def test_a_socket_is_placed_beside_its_record(tmp_path: Path) -> None:
    data = open_data(tmp_path)
    path = data.place_socket("ledger")
    assert path.parent == tmp_path
    assert data.socket("ledger") == path
    data.remove_socket("ledger")
    assert data.socket("ledger") is None


def test_a_long_path_gets_a_short_socket_elsewhere(tmp_path: Path) -> None:
    data = open_data(tmp_path / ("x" * 60) / ("y" * 60))
    path = data.place_socket("ledger")
    assert len(os.fsencode(path)) <= 107
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert data.socket("ledger") == path
    path.touch()
    data.remove_socket("ledger")
    assert not path.parent.exists()


def test_what_a_killed_server_left_is_cleared_away(tmp_path: Path) -> None:
    data = open_data(tmp_path / ("x" * 60) / ("y" * 60))
    stale = data.place_socket("desk")
    stale.touch()
    assert data.place_socket("desk") != stale
    assert not stale.parent.exists()


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_file(tmp_path / "file", b"old")
    with pytest.raises(TypeError):
        write_file(tmp_path / "file", "not bytes")  # type: ignore[arg-type]
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    assert create_file(tmp_path / "file", b"first")
    assert not create_file(tmp_path / "file", b"second")
    assert (tmp_path / "file").read_bytes() == b"first"
