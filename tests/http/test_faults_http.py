"""What gates meet on a bad day: a flood, a full disk, a stop in the middle, a dead desk."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.http.attendee_lists import import_list, options, write_rows
from tests.http.evidence import command_line, judge, paifang, read_ledger, require_verified
from tests.http.scanners import Fleet, Outcome, Reply, Scan
from tests.http.server import ServerTree, is_running, temporary_directory

pytestmark = pytest.mark.http

WAIT_S = 60
DISK_MB = 200
IN_FLIGHT = 20_000


def until(condition: Callable[[], bool], words: str) -> None:
    """Wait for a condition; fails with words if it does not come true."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, words
        time.sleep(0.05)


def scans_at(server: ServerTree, count: int, name: str = "scan") -> list[Scan]:
    """Return scans of the demonstration's tickets at its gates, each ticket in its turn."""
    told = server.demo()
    gates = [(one["gate"], one["token"]) for one in told["terminals"] if one["role"] == "gate"]
    codes = [ticket["code"] for ticket in told["tickets"]]
    return [
        Scan(f"{name}-{n}", codes[n % len(codes)], *gates[n % len(gates)]) for n in range(count)
    ]


def sent_of(scans: list[Scan], outcome: Outcome) -> list[Scan]:
    """Return the scans that were sent."""
    unsent = {scan.request_id for scan in outcome.unsent}
    return [scan for scan in scans if scan.request_id not in unsent]


def settle(fleet: Fleet, server: ServerTree, scans: list[Scan], outcome: Outcome) -> int:
    """Ask again whatever has no decision, compare all with the ledger, return how often asked.

    A scan without a decision was not answered at all, or turned away with 503 and Retry-After.
    """
    decided: dict[str, Reply] = {}
    for request_id, reply in outcome.replies.items():
        if reply.status == 200:
            decided[request_id] = reply
        else:
            assert (reply.status, bool(reply.retry_after)) == (503, True), reply
    sent = sent_of(scans, outcome)
    again = [scan for scan in sent if scan.request_id not in decided]
    decided |= fleet.spread([server.port], again).replies
    judge(sent, decided, read_ledger(server.data / "ledger.db"))
    require_verified(server.data)
    return len(again)


def test_a_flood_is_answered_or_turned_away_and_nothing_in_between() -> None:
    with (
        temporary_directory() as path,
        ServerTree(path / "data", tickets=400) as server,
        Fleet(connections=2_500, pipeline=4) as fleet,
    ):
        scans = scans_at(server, IN_FLIGHT)
        outcome = fleet.spread([server.port], scans)
        assert not outcome.unsent
        assert not outcome.unanswered
        settle(fleet, server, scans, outcome)
        assert server.is_ready()


def test_a_stop_under_load_answers_everything_or_what_is_asked_again_is() -> None:
    with temporary_directory() as path, Fleet() as fleet:
        server = ServerTree(path / "data", tickets=2_000).start()
        scans = scans_at(server, 60_000)
        fleet.start([server.port], [scans[0::2], scans[1::2]])
        until(lambda: fleet.admitted >= 200, "no load")
        assert fleet.busy
        assert server.stop() == 0
        assert "the desk ended with" not in server.log
        outcome = fleet.collect()
        assert outcome.unsent
        with server:
            settle(fleet, server, scans, outcome)


def test_gates_go_on_while_the_desk_is_dead_and_comes_back() -> None:
    with (
        temporary_directory() as path,
        ServerTree(path / "data", tickets=2_000) as server,
        Fleet(connections=4, pause_s=0.005) as fleet,
    ):
        live, desk = server.pids
        scans = scans_at(server, 100_000)
        fleet.start([server.port], [scans[0::2], scans[1::2]])
        until(lambda: fleet.answered > 100, "no load")
        os.kill(desk, signal.SIGKILL)
        until(lambda: not is_running(desk), "the desk does not die")
        at_death = fleet.answered
        until(lambda: fleet.answered > at_death + 200, "the gates stand still without a desk")
        until(lambda: page_status(server) == 200, "the desk does not come back")
        assert server.pids[0] == live
        assert desk not in server.pids
        assert fleet.busy
        fleet.stop()
        outcome = fleet.collect()
        assert not outcome.unanswered
        assert {reply.status for reply in outcome.replies.values()} == {200}
        assert settle(fleet, server, scans, outcome) == 0


def page_status(server: ServerTree) -> int:
    """Return the status of the start page, which the desk answers."""
    return httpx.get(server.url + "/", follow_redirects=True, timeout=30).status_code


def test_a_server_waits_for_an_import_that_holds_the_ledger() -> None:
    with temporary_directory() as path:
        server = ServerTree(path / "data", tickets=1)
        with server:
            pass
        rows = [(f"W-{n}", f"Guest {n}", "Adult ticket") for n in range(2_000)]
        attendees = write_rows(path / "list.csv", ("reference", "name", "product"), rows)
        importing = subprocess.Popen(
            command_line("import", "attendees", attendees, *options(server.data)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        lock = server.data / "writer.lock"
        until(lambda: lock.read_text().strip() == str(importing.pid), "the import takes no lock")
        with server:
            assert importing.wait(WAIT_S) == 0
            assert import_list(attendees, server.data).unchanged == len(rows)
        require_verified(server.data)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield the root of a small file system; to mount one, one must be root."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    place = tmp_path / "disk"
    place.mkdir()
    size = f"size={DISK_MB}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def leave_free(disk: Path, megabytes: int) -> None:
    """Fill a disk until only so much is free."""
    room = shutil.disk_usage(disk).free - megabytes * 1024 * 1024
    block = bytes(1024 * 1024)
    with (disk / "filler").open("ab", buffering=0) as filler:
        try:
            while room > 0:
                room -= filler.write(block[: min(room, len(block))])
        except OSError:
            assert megabytes == 0


def test_gates_go_on_by_the_reserve_when_the_disk_is_full(small_disk: Path, tmp_path: Path) -> None:
    server = ServerTree(small_disk, tickets=400)
    attendees = write_rows(
        tmp_path / "late.csv", ("reference", "name", "product"), [("L-1", "Late", "Adult ticket")]
    )
    command = ("import", "attendees", attendees, *options(small_disk))
    with Fleet(connections=4) as fleet:
        server.start()
        try:
            scans = scans_at(server, 2_400)
            outcome = fleet.spread([server.port], scans[:400])
            leave_free(small_disk, 30)
            until(lambda: paifang(*command).returncode == 1, "imports go on although room is short")
            assert (small_disk / "reserve").exists()
            outcome.add(fleet.spread([server.port], scans[400:800]))
            leave_free(small_disk, 0)
            outcome.add(fleet.spread([server.port], scans[800:]))
            assert {reply.status for reply in outcome.replies.values()} == {200}
            assert not (small_disk / "reserve").exists()
            assert paifang(*command).returncode == 1
            server.kill()
            # It comes up as well while the disk is full, for the gates.
            server.launch()
            until(lambda: page_status_or_none(server) == 200, "no start on a full disk")
            assert not server.is_ready()
            repeated = fleet.spread([server.port], scans)
            assert repeated.replies == outcome.replies
            (small_disk / "filler").unlink()
            until(server.is_ready, "not ready although there is room again")
            assert paifang(*command).returncode == 0
            assert settle(fleet, server, scans, outcome) == 0
        finally:
            server.kill()


def page_status_or_none(server: ServerTree) -> int | None:
    """Return the status of the start page, None while nobody listens."""
    try:
        return page_status(server)
    except httpx.HTTPError:
        return None
