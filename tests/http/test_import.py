"""`paifang import attendees` on whole servers: beside scans, with no server up, and interrupted."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixtures.awkward_names import AWKWARD_NAMES, make_list
from tests.http.attendee_lists import (
    Imported,
    errors_of,
    errors_path,
    guests,
    guests_once_shown,
    import_list,
    name_products_as_lists_do,
    options,
    tickets_in,
    write_rows,
)
from tests.http.evidence import command_line, judge, paifang, read_ledger, require_verified
from tests.http.scanners import Fleet, Outcome, Scan
from tests.http.server import ServerTree, temporary_directory

pytestmark = pytest.mark.http

ROWS = 5_000
DEMO = 200
REFUSED = sum(name.kept is None for name in AWKWARD_NAMES)
SCANS = 60_000
HEADER = ("reference", "name", "product", "serial", "session", "zone", "身份证号")


class Gates:
    """Gates that scan while something else goes on."""

    def __init__(self, server: ServerTree) -> None:
        told = server.demo()
        gates = [(one["gate"], one["token"]) for one in told["terminals"] if one["role"] == "gate"]
        codes = [ticket["code"] for ticket in told["tickets"]]
        self.scans = [
            Scan(f"scan-{n}", codes[n * 7 % len(codes)], *gates[n % len(gates)])
            for n in range(SCANS)
        ]
        self.outcome = Outcome()

    def check(self, server: ServerTree, database: str) -> None:
        """Fail unless every scan was answered, exactly."""
        assert not self.outcome.unanswered
        unsent = {scan.request_id for scan in self.outcome.unsent}
        sent = [scan for scan in self.scans if scan.request_id not in unsent]
        assert len(sent) > DEMO
        judge(sent, self.outcome.replies, read_ledger(database or server.data / "ledger.db"))


@contextmanager
def scanning(server: ServerTree) -> Iterator[Gates]:
    """Scan all the while, from two processes, some hundred times a second."""
    gates = Gates(server)
    with Fleet(connections=4, pause_s=0.01) as fleet:
        fleet.start([server.port], [gates.scans[0::2], gates.scans[1::2]])
        yield gates
        assert fleet.busy, "the scans came to an end before the rest did"
        fleet.stop()
        gates.outcome.add(fleet.collect())


@pytest.fixture(scope="module")
def fair(database: str) -> Iterator[ServerTree]:
    """Yield a running demonstration whose products are named as the lists name them."""
    with (
        temporary_directory() as path,
        ServerTree(path / "data", database=database, tickets=DEMO) as server,
    ):
        name_products_as_lists_do(server.data, database)
        yield server


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """Yield the data directory of a demonstration on SQLite, for others to copy."""
    with temporary_directory() as path:
        with ServerTree(path / "data", tickets=1) as server:
            name_products_as_lists_do(server.data)
        yield path / "data"


@pytest.fixture
def closed(prepared: Path) -> Iterator[ServerTree]:
    """Yield a demonstration on SQLite that is not running."""
    with temporary_directory() as path:
        shutil.copytree(prepared, path / "data")
        server = ServerTree(path / "data", command="serve")
        yield server
        server.kill()


def write_lists(directory: Path, rows: int) -> list[Path]:
    """Write the same people as three files: UTF-8, GB18030, and a workbook."""
    paths = [directory / name for name in ("utf8.csv", "gb18030.csv", "book.xlsx")]
    make_list(paths[0], rows)
    make_list(paths[1], rows, encoding="gb18030")
    make_list(paths[2], rows, fmt="xlsx")
    return paths


def test_5000_attendees_with_awkward_names_import_twice_alike_while_scans_go_on(
    fair: ServerTree, database: str, tmp_path: Path
) -> None:
    lists = write_lists(tmp_path, ROWS)
    where = make_list(tmp_path / "where.csv", ROWS)
    before = len(guests_once_shown(fair, DEMO, database))
    with scanning(fair) as gates:
        first = import_list(lists[0], fair.data, database=database)
        shown = guests_once_shown(fair, before + ROWS - REFUSED, database)
        again = [import_list(path, fair.data, database=database) for path in lists]
    gates.check(fair, database)
    refused = tuple((line, name.refused) for line, name in where.items() if name.kept is None)
    assert first == Imported(ROWS, ROWS - REFUSED, 0, 0, REFUSED, refused)
    assert again == [Imported(ROWS, 0, ROWS - REFUSED, 0, REFUSED, refused)] * 3
    assert guests(fair, database) == shown
    assert len(shown) == before + ROWS - REFUSED
    kept = {name.kept for name in where.values() if name.kept is not None}
    assert kept <= {guest.holder for guest in shown}
    require_verified(fair.data, database)


def test_without_a_server_the_command_writes_and_shows_by_itself(
    closed: ServerTree, tmp_path: Path
) -> None:
    lists = write_lists(tmp_path, 300)
    before = len(guests(closed))
    first = import_list(lists[0], closed.data)
    shown = guests(closed)
    assert (first.created, first.rejected) == (300 - REFUSED, REFUSED)
    assert len(shown) == before + 300 - REFUSED
    for path in lists:
        assert import_list(path, closed.data) == first._replace(created=0, unchanged=300 - REFUSED)
    assert guests(closed) == shown
    with closed:
        assert import_list(lists[0], closed.data).unchanged == 300 - REFUSED
    require_verified(closed.data)


@pytest.mark.parametrize("with_server", [True, False], ids=["server", "no_server"])
def test_an_import_ended_by_sigkill_is_finished_by_the_next(
    closed: ServerTree, tmp_path: Path, *, with_server: bool
) -> None:
    path = tmp_path / "list.csv"
    make_list(path, ROWS)
    if with_server:
        closed.start()
    before = len(guests(closed))
    killed_at = kill_in_the_middle(path, closed.data)
    assert 0 < killed_at < ROWS - REFUSED
    assert not errors_path(path).exists()
    rest = import_list(path, closed.data)
    assert rest.created + rest.unchanged == ROWS - REFUSED
    assert rest.unchanged >= killed_at
    assert rest.created > 0
    shown = guests_once_shown(closed, before + ROWS - REFUSED)
    assert len(shown) == before + ROWS - REFUSED
    assert import_list(path, closed.data) == rest._replace(created=0, unchanged=ROWS - REFUSED)
    if with_server:
        assert closed.stop() == 0
    require_verified(closed.data)


def kill_in_the_middle(path: Path, data: Path) -> int:
    """Start an import, kill it once some rows are in; return how many were there by then."""
    start = tickets_in(data)
    process = subprocess.Popen(
        command_line("import", "attendees", path, *options(data)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while (count := tickets_in(data) - start) < 400:
        assert process.poll() is None, "the import ended before it could be killed"
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return count


def test_bad_rows_go_to_the_errors_file_each_with_its_code(
    closed: ServerTree, tmp_path: Path
) -> None:
    serial = closed.demo()["tickets"][0]["serial"]
    path = write_rows(
        tmp_path / "bad.csv",
        HEADER,
        [
            ("B-1", "Good", "Visitor", "", "", "", ""),
            ("B-2", "No such product", "Moon trip", "", "", "", ""),
            ("B-3", "No such session", "Visitor", "", "Forum in 1999", "", ""),
            ("B-4", "No such zone", "Visitor", "", "", "Cellar", ""),
            ("B-5", "Serial of another", "Visitor", serial, "", "", ""),
            (
                "B-6",
                "Serial mistyped",
                "Visitor",
                f"{serial[:-1]}{9 - int(serial[-1])}",
                "",
                "",
                "",
            ),
            ("B-7", "No product", "", "", "", "", ""),
            ("B-8", "Needs a session", "Fair and forum", "", "", "", ""),
            ("B-9", "Document mistyped", "Visitor", "", "", "", "110105194912310021"),
            ("B-1", "Reference of another", "Visitor", "", "", "", ""),
            ("B-1", "Good", "Visitor", "", "", "", ""),
            ("", "", "Visitor", "", "", "", ""),
        ],
    )
    told = import_list(path, closed.data)
    assert (told.rows, told.created) == (12, 1)
    assert tuple(sorted(told.errors)) == (
        (3, "product_unknown"),
        (4, "session_unknown"),
        (5, "zone_unknown"),
        (6, "serial_taken"),
        (7, "serial"),
        (8, "product_needed"),
        (9, "session_needed"),
        (10, "document_check_digit"),
        (11, "duplicate_reference"),
        (13, "no_name_or_reference"),
    )
    assert all(row["error reason"] for row in errors_of(path))
    corrected = tmp_path / "corrected.csv"
    corrected.write_bytes(errors_path(path).read_bytes().replace(b"Moon trip", b"VIP"))
    assert import_list(corrected, closed.data).created == 1
    require_verified(closed.data)


def test_a_dry_run_says_what_would_be_and_writes_nothing(
    closed: ServerTree, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    make_list(path, 120)
    before = tickets_in(closed.data)
    dry = import_list(path, closed.data, "--dry-run")
    assert (dry.created, dry.rejected) == (120 - REFUSED, REFUSED)
    assert tickets_in(closed.data) == before
    assert import_list(path, closed.data) == dry


def test_exit_codes_tell_done_from_failed_from_wrong_usage(
    closed: ServerTree, tmp_path: Path
) -> None:
    good = write_rows(tmp_path / "good.csv", HEADER[:3], [("G-1", "Good", "Visitor")])
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    command = ("import", "attendees")
    assert paifang(*command, good, *options(closed.data)).returncode == 0
    failures = {
        "no such event": (good, "--event", "nowhere", "--data", closed.data),
        "no such product": (good, *options(closed.data, "--product", "Moon trip")),
        "no such list": (tmp_path / "missing.csv", *options(closed.data)),
        "an empty list": (empty, *options(closed.data)),
        "a directory of something else": (good, "--event", "tea-expo", "--data", tmp_path),
    }
    for name, arguments in failures.items():
        done = paifang(*command, *arguments)
        assert done.returncode == 1, f"{name}: {done}"
        assert done.stderr.strip()
        assert "Traceback" not in done.stderr
    assert paifang(*command, good, "--data", closed.data).returncode == 2
    assert paifang(*command, "--event", "tea-expo", "--data", closed.data).returncode == 2
