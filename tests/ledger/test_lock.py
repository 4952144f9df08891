"""One writer of a data directory, also between processes, also when one of them is killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from paifang.ledger.lock import WriterLock

HOLD = """
import sys, pathlib
from paifang.ledger.lock import WriterLock
print(WriterLock(pathlib.Path(sys.argv[1])).acquire(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "writer.lock"


def holder_process(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_lock_is_held_by_one_at_a_time(path: Path) -> None:
    first, second = WriterLock(path), WriterLock(path)
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_the_holders_process_id_can_be_read(path: Path) -> None:
    lock = WriterLock(path)
    assert lock.holder() == ""
    lock.acquire()
    assert WriterLock(path).holder() == str(os.getpid())
    lock.release()


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    lock = WriterLock(path)
    lock.acquire()
    assert path.stat().st_mode & 0o777 == 0o600
    lock.release()


def test_letting_go_of_what_is_not_held_is_harmless(path: Path) -> None:
    lock = WriterLock(path)
    lock.release()
    assert lock.acquire()
    lock.release()
    lock.release()


def test_another_process_is_kept_out_until_it_dies(path: Path) -> None:
    with holder_process(path) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        ours = WriterLock(path)
        assert not ours.acquire()
        assert ours.holder() == str(other.pid)
        other.kill()
        other.wait()
        assert ours.acquire()
        ours.release()
