"""A disk that fills up: selling stops first, then the reserve goes, and gates go on."""

import resource
from pathlib import Path

import pytest

from paifang.core import limits
from paifang.ledger.disk import DiskGuard, DiskState
from tests.ledger.world import NOW_MS

RESERVE, FLOOR = 1_000, 5_000


class Disk:
    """A disk whose free room a test decides; the guard's own file is really written."""

    def __init__(self, data: Path) -> None:
        self.free = 1_000_000
        self.guard = DiskGuard(data, free_bytes=self.told, reserve_bytes=RESERVE, floor_bytes=FLOOR)
        self.now_ms = 0

    def told(self, _data: Path) -> int:
        if self.free < 0:
            raise OSError("the disk does not answer")
        return self.free

    def later(self, free: int) -> DiskState:
        self.free = free
        self.now_ms += limits.DISK_CHECK_EVERY_MS + 1
        return self.guard.check(self.now_ms)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


def test_with_room_enough_a_reserve_is_kept(disk: Disk) -> None:
    assert disk.later(1_000_000) is DiskState.ok
    assert disk.guard.reserve.stat().st_size == RESERVE
    assert disk.guard.reserve.stat().st_blocks > 0, "a sparse file would reserve nothing"


def test_with_little_room_selling_stops_and_the_reserve_stays(disk: Disk) -> None:
    disk.later(1_000_000)
    assert disk.later(FLOOR - 1) is DiskState.low
    assert disk.guard.reserve.exists()
    assert disk.later(FLOOR) is DiskState.ok


def test_without_room_for_it_no_reserve_is_made(disk: Disk) -> None:
    assert disk.later(FLOOR + RESERVE - 1) is DiskState.spent
    assert not disk.guard.reserve.exists()
    assert disk.later(FLOOR + RESERVE) is DiskState.ok


def test_the_reserve_is_given_up_once_and_made_again_when_there_is_room(disk: Disk) -> None:
    disk.later(1_000_000)
    assert disk.guard.give_up_reserve()
    assert not disk.guard.give_up_reserve()
    assert disk.guard.state is DiskState.spent
    assert disk.later(RESERVE) is DiskState.spent
    assert disk.later(1_000_000) is DiskState.ok
    assert disk.guard.give_up_reserve()


def test_the_disk_is_looked_at_now_and_then_only(disk: Disk) -> None:
    disk.later(1_000_000)
    disk.free = 0
    assert disk.guard.check(disk.now_ms + 1) is DiskState.ok
    assert disk.guard.check(disk.now_ms + limits.DISK_CHECK_EVERY_MS + 1) is DiskState.low


def test_a_clock_set_back_does_not_stop_the_looking(disk: Disk) -> None:
    disk.later(1_000_000)
    disk.free = 0
    assert disk.guard.check(disk.now_ms - 3_600_000) is DiskState.low


def test_a_disk_that_does_not_answer_is_no_place_to_sell_on(disk: Disk) -> None:
    assert disk.later(-1) is DiskState.low
    assert disk.later(1_000_000) is DiskState.ok


def test_a_reserve_that_cannot_be_written_or_given_up_is_none(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.guard.reserve.mkdir()
    disk.guard.reserve.rename(tmp_path / "away")
    disk.guard.reserve = tmp_path / "missing" / "reserve"
    assert disk.later(1_000_000) is DiskState.spent
    disk.guard.reserve = tmp_path / "away"
    assert not disk.guard.give_up_reserve(), "a folder is in its place"


def test_a_reserve_that_does_not_fit_leaves_nothing_behind(disk: Disk) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (RESERVE // 2, hard))
    try:
        assert disk.later(1_000_000) is DiskState.spent
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not disk.guard.reserve.exists()


def test_a_real_disk_fills_up_and_is_given_its_reserve(small_disk: Path) -> None:
    guard = DiskGuard(small_disk, reserve_bytes=256 * 1024, floor_bytes=256 * 1024)
    assert guard.check(NOW_MS) is DiskState.ok
    (small_disk / "film").write_bytes(bytes(1600 * 1024))
    assert guard.check(NOW_MS + limits.DISK_CHECK_EVERY_MS + 1) is DiskState.low
    with pytest.raises(OSError, match="No space"):
        (small_disk / "journal").write_bytes(bytes(300 * 1024))
    assert guard.give_up_reserve()
    (small_disk / "journal").write_bytes(bytes(300 * 1024))
