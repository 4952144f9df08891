"""Backups: one moment of a node that goes on, whole or not there; and where they are refused."""

import json
import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import msgspec
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paifang.ledger.copying import copy_ledger
from paifang.ledger.opening import open_reader
from paifang.runtime import backing_up, backup_file, bringing_back
from paifang.runtime.backup_file import Entry, check, reading, writing
from paifang.runtime.data_directory import open_data
from paifang.runtime.faults import CommandError
from paifang.runtime.settings import Settings
from tests.ledger.conftest import server  # noqa: F401 - a fixture
from tests.ledger.engines import server_program, url_of
from tests.ledger.venue import Venue
from tests.runtime.test_command_line import reported, run

NODE = "0192f0c1-2b3a-7c4d-8e5f-0123456789ab"


def unheard(_done: int, _total: int) -> None:
    return


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with a ledger, a store of one table, and files of all kinds."""
    path = tmp_path / "data"
    directory = open_data(path)
    node = directory.secrets().node
    with closing(Venue(path / "ledger.db", node=node)) as ledger:
        ledger.furnish()
        for n in range(50):
            ledger.issue(f"T{n}")
    with closing(sqlite3.connect(path / "store.db")) as store:
        store.execute("PRAGMA journal_mode=WAL").fetchall()
        store.execute("CREATE TABLE row (n INTEGER)")
        store.execute("INSERT INTO row VALUES (1)")
        store.commit()
    (path / "uploads").mkdir()
    (path / "uploads" / "plan.png").write_bytes(b"picture")
    for name in ("writer.lock", "reserve", "line.json", "ledger.db-wal", ".sync.part"):
        (path / name).write_bytes(b"of this machine only")
    (path / "older.paifang-backup").write_bytes(b"a backup of before")
    return path


def back_up(data: Path, target: Path, days: int = 30) -> backing_up.Made:
    return backing_up.back_up(Settings(data=data), target, days, unheard)


def test_it_holds_what_a_node_needs_and_nothing_of_the_moment(data: Path, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    made = backing_up.back_up(
        Settings(data=data), tmp_path, 7, lambda done, total: heard.append((done, total))
    )
    assert made.path.suffix == backup_file.SUFFIX
    assert made.path.stat().st_mode & 0o777 == 0o600
    names = {entry.name for entry in made.manifest.files}
    assert names == {"store.db", "ledger.db", "layout", "keys.json", "uploads/plan.png"}
    assert made.manifest.expires_ms - made.manifest.made_ms == 7 * 24 * 3_600_000
    assert heard[-1][0] == heard[-1][1]
    last = json.loads((data / backing_up.LAST).read_bytes())
    assert last["expires_ms"] == made.manifest.expires_ms
    with reading(made.path) as (archive, manifest):
        check(archive, manifest, unheard)
        target = tmp_path / "out"
        for entry in manifest.files:
            backup_file.extract(archive, entry, target)
    assert (target / "uploads" / "plan.png").read_bytes() == b"picture"
    with closing(open_reader(target / "ledger.db")) as reader:
        assert sum(1 for _ in reader.raw.journal_after({1: (0, 0), 2: (0, 0)}, 999)) > 50


def test_a_ledger_is_copied_as_of_one_moment_while_it_is_written_to(
    data: Path, tmp_path: Path
) -> None:
    stop = threading.Event()

    def sell() -> None:
        node = open_data(data).secrets().node
        with closing(Venue(data / "ledger.db", node=node)) as ledger:
            ledger.batch()
            ledger.home = 2
            n = 0
            while not stop.is_set():
                ledger.issue(f"more {n}")
                n += 1

    seller = threading.Thread(target=sell)
    seller.start()
    try:
        for n in range(3):
            copy = tmp_path / f"copy-{n}.db"
            copy_ledger(data / "ledger.db", copy, unheard)
            with closing(open_reader(copy)) as reader:
                tickets = apsw_count(copy, "ticket")
                issued = apsw_count(copy, "journal WHERE kind='issue'")
                assert tickets == issued
                assert reader.raw.meta()
    finally:
        stop.set()
        seller.join()


def apsw_count(path: Path, what: str) -> object:
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        return connection.execute(f"SELECT count(*) FROM {what}").fetchall()[0][0]


def test_what_is_interrupted_leaves_nothing(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()

    def breaks(done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backing_up.back_up(Settings(data=data), target, 30, breaks)
    assert list(target.iterdir()) == []
    assert not (data / backing_up.LAST).exists()


def test_where_it_cannot_go_is_said(data: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there already"):
        back_up(data, data / "layout")
    with pytest.raises(CommandError, match="no directory"):
        back_up(data, tmp_path / "none" / "x")
    (data / "ledger.db").unlink()
    with pytest.raises(CommandError, match="no ledger"):
        back_up(data, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_database_that_cannot_be_read_is_no_backup(data: Path, tmp_path: Path) -> None:
    (data / "ledger.db").write_bytes(b"no database at all" * 500)
    with pytest.raises(CommandError, match="could not be made"):
        back_up(data, tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up", "", "a\\b", "nul\0"])
def test_no_name_leads_out_of_the_directory(tmp_path: Path, name: str) -> None:
    with writing(tmp_path / "b") as archive:
        archive.entries.append(Entry(name, 0, ""))
        archive.close(manifest_of(archive.entries))
    with pytest.raises(CommandError), reading(tmp_path / "b") as (found, manifest):
        check(found, manifest, unheard)


def manifest_of(entries: list[Entry], **more: object) -> backup_file.Manifest:
    told: dict[str, object] = {
        "format": 1,
        "made_ms": 1,
        "expires_ms": time.time_ns(),
        "version": "9",
        "node": NODE,
        "engine": "sqlite",
        "generation": 0,
        "files": tuple(entries),
        **more,
    }
    return msgspec.convert(told, backup_file.Manifest)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_are_a_backup_that_was_not_made(body: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "backup"
        path.write_bytes(body)
        with pytest.raises(CommandError), reading(path):
            pytest.fail("it was opened")


def test_one_bit_turned_is_noticed(data: Path, tmp_path: Path) -> None:
    made = back_up(data, tmp_path / "good")
    good = made.path.read_bytes()
    turned = tmp_path / "turned"
    for at in range(0, len(good), max(1, len(good) // 60)):
        turned.write_bytes(good[:at] + bytes([good[at] ^ 16]) + good[at + 1 :])
        try:
            with reading(turned) as (archive, manifest):
                check(archive, manifest, unheard)
                same = manifest == made.manifest
        except CommandError:
            continue
        # A bit that nothing of the content depends on, such as a date of an entry.
        assert same


def test_one_of_a_newer_program_or_past_its_day_is_refused(data: Path, tmp_path: Path) -> None:
    with writing(tmp_path / "newer") as archive:
        archive.close(manifest_of([], format=2))
    with pytest.raises(CommandError, match="newer version, 9"), reading(tmp_path / "newer"):
        pass
    with writing(tmp_path / "old") as archive:
        archive.close(manifest_of([], expires_ms=1))
    to = Settings(data=tmp_path / "new")
    with pytest.raises(CommandError, match="to be destroyed by 1970-01-01"):
        bringing_back.bring_back(to, tmp_path / "old", unheard)
    made = back_up(data, tmp_path / "sqlite")
    elsewhere = Settings(data=tmp_path / "new", database="postgresql://127.0.0.1:1/none")
    with pytest.raises(CommandError, match="without --database"):
        bringing_back.bring_back(elsewhere, made.path, unheard)
    assert not (tmp_path / "new").exists()


def test_a_disk_that_fills_up_leaves_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = back_up(data, tmp_path / "good")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bringing_back, "_count_starts", full)
    with pytest.raises(CommandError, match="No space left"):
        bringing_back.bring_back(Settings(data=tmp_path / "new"), made.path, unheard)
    assert [path for path in (tmp_path / "new").rglob("*") if path.is_file()] == []


# On the command line.


def test_backup_and_restore_by_command(tmp_path: Path) -> None:
    data, new = tmp_path / "data", tmp_path / "new"
    assert run("init", "--username", "manager", data=data).returncode == 0
    made = reported(run("backup", str(tmp_path), "--json", data=data))
    told = reported(run("restore", made["path"], "--json", data=new))
    assert (told["clean"], told["awaited"], told["lost"]) == (True, [], [])
    assert told["generation"] > 1
    assert reported(run("verify", "--json", data=new))["clean"]
    again = reported(run("restore", made["path"], "--json", data=tmp_path / "third"))
    # The backup does not know that it was brought back before; what lies beside it does.
    assert again["generation"] > told["generation"]
    off = run("node", "write-off", "nobody", "--reason", "x", data=new)
    assert (off.returncode, "no venue host" in off.stderr) == (1, True)


def test_postgresql_goes_by_its_own_programs(
    server: str,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    data, new = tmp_path / "data", tmp_path / "new"
    programs = {"PATH": f"{server_program('pg_dump').parent}:{os.environ['PATH']}"}
    if shutil.which("pg_dump") is None:
        nothing = {"PATH": "/nowhere"}
        done = run("backup", str(tmp_path), "--database", server, data=made_of(data), **nothing)
        assert (done.returncode, "pg_dump is not installed" in done.stderr) == (1, True)
    with fresh_database(server, "one") as one, fresh_database(server, "other") as other:
        init = ("init", "--username", "manager", "--database", one)
        assert run(*init, data=data).returncode == 0
        made = reported(
            run("backup", str(tmp_path), "--json", "--database", one, data=data, **programs)
        )
        full = run("restore", made["path"], "--database", one, data=new, **programs)
        assert (full.returncode, "not empty" in full.stderr) == (1, True)
        without = run("restore", made["path"], data=new, **programs)
        assert (without.returncode, "PostgreSQL" in without.stderr) == (1, True)
        told = reported(
            run("restore", made["path"], "--json", "--database", other, data=new, **programs)
        )
        assert told["clean"]
        listed = run("user", "list", "--json", "--database", other, data=new)
        assert "manager" in listed.stdout


def made_of(data: Path) -> Path:
    open_data(data).secrets()
    return data


@contextmanager
def fresh_database(url: str, name: str) -> Iterator[str]:
    """Yield a database with nothing in it."""
    made = f"backup_{name}_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {made}".encode())
        yield url_of(url, made)
        connection.execute(f"DROP DATABASE {made} WITH (FORCE)".encode())
