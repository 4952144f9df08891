"""Files carried by hand: whole or refused, and never a way out of the directory."""

import io
import zipfile
from pathlib import Path

import pytest

from paifang.services.live.carried import CarriedFile, NotCarried, write_downs, write_up

LEASE = bytes(range(16))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot"
    snapshot.write_bytes(b"tickets" * 1000)
    path = tmp_path / "down.paifang"
    write_downs(path, [b"first", b"second"], [(LEASE, snapshot)])
    carried = CarriedFile(path)
    cargo = carried.cargo()
    assert cargo == (b"", (b"first", b"second"), (LEASE,))
    target = io.BytesIO()
    carried.copy_snapshot(LEASE, target, 7000)
    assert target.getvalue() == snapshot.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".part")] == []


def test_a_snapshot_longer_than_its_grant_says_is_not_copied_whole(tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot"
    snapshot.write_bytes(b"x" * 100)
    write_downs(tmp_path / "down", [b"first"], [(LEASE, snapshot)])
    target = io.BytesIO()
    CarriedFile(tmp_path / "down").copy_snapshot(LEASE, target, 10)
    assert len(target.getvalue()) == 11


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "up"
    write_up(path, bytes(range(256)) * 4)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(NotCarried):
        CarriedFile(path).cargo()


def test_a_file_that_was_altered_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "up"
    write_up(path, b"a" * 500)
    path.write_bytes(path.read_bytes().replace(b"aaaa", b"aaab", 1))
    with pytest.raises(NotCarried):
        CarriedFile(path).cargo()


def test_names_that_are_none_of_ours_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "odd"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../etc/passwd", "x")
        archive.writestr("up.pfs", "document")
    assert CarriedFile(path).cargo() == (b"document", (), ())
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../etc/passwd", "x")
    with pytest.raises(NotCarried):
        CarriedFile(path).cargo()


def test_a_document_that_would_grow_when_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("up.pfs", b"\0" * 10_000_000)
    with pytest.raises(NotCarried):
        CarriedFile(path).cargo()
