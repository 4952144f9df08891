"""The command line as a person uses it: exit codes, words, JSON, no tracebacks."""

import fcntl
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def run(
    *words: str, data: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run one command with nothing of ours in its environment."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PAIFANG_", "LC_", "LANG"))}
    return subprocess.run(
        [sys.executable, "-m", "paifang", *words, *(("--data", str(data)) if data else ())],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**clean, "COLUMNS": "200", **environment},
        check=False,
        timeout=120,
    )


def reported(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("command-line") / "data"
    assert run("init", "--username", "manager", data=path).returncode == 0
    return path


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("no-such-command",), 2),
        (("user", "add"), 2),
        (("user", "list"), 2),
        (("serve", "--data", "x", "--bind", "nonsense"), 2),
        (("serve", "--data", "x", "--role", "gate"), 2),
        (("serve", "--data", "x", "--only", "both"), 2),
        (("demo", "--data", "x", "--event-size", "0"), 2),
        (("demo", "--data", "x", "--database", "mysql://x"), 2),
        (("verify", "--data", "/proc/nothing"), 1),
        (("init", "--data", "/proc/nothing"), 1),
        (("init", "--data", "x", "--database", "postgresql://127.0.0.1:1/none"), 1),
    ],
)
def test_a_mistake_is_answered_in_words(
    words: tuple[str, ...], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert done.returncode == code
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_words_are_in_the_language_of_the_environment() -> None:
    assert "--data" in run("user", "list", LANG="en_GB.UTF-8").stderr
    chinese = run("user", "list", LANG="zh_CN.UTF-8").stderr
    assert "--data" in chinese
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


def test_somebody_elses_directory_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").touch()
    done = run("init", data=tmp_path)
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_an_empty_place_is_set_up_by_a_link_that_is_good_until_somebody_can_sign_in(
    tmp_path: Path,
) -> None:
    said = [run("init", data=tmp_path / "data").stdout for _ in range(2)]
    links = {line for text in said for line in text.split() if "/first-run/?code=" in line}
    assert len(links) == 1
    assert "link" not in run("user", "list", data=tmp_path / "data").stdout
    run("user", "add", "li.wei", data=tmp_path / "data")
    assert "first-run" not in run("init", "--username", "x", data=tmp_path / "data").stdout


def test_setting_up_twice_makes_one_manager(data: Path) -> None:
    assert run("init", data=data).returncode == 0
    users = reported(run("user", "list", "--json", data=data))["users"]
    managers = [user["username"] for user in users if user["role"] == "manager"]
    assert managers == ["manager"]


def test_staff_are_added_and_their_secrets_shown_once(data: Path) -> None:
    done = run("user", "add", "li.wei", "--name", "李伟", "--pin", data=data)
    assert done.returncode == 0, done.stderr
    assert "li.wei" in done.stdout
    listed = reported(run("user", "list", "--json", data=data))["users"]
    (added,) = [user for user in listed if user["username"] == "li.wei"]
    assert added == {
        "username": "li.wei",
        "name": "李伟",
        "role": "steward",
        "pin": True,
        "cards": 0,
        "active": True,
    }
    again = run("user", "add", "li.wei", data=data)
    assert again.returncode == 1
    assert "li.wei" in again.stderr
    assert run("user", "password", "li.wei", data=data).returncode == 0
    assert run("user", "password", "nobody", data=data).returncode == 1


def test_a_terminal_is_added_listed_and_revoked(data: Path) -> None:
    added = reported(run("terminal", "add", "north-9", "--role", "kiosk", "--json", data=data))
    assert added["token"].startswith("pft_")
    assert run("terminal", "add", "north-9", data=data).returncode == 1
    assert run("terminal", "add", "x", "--gate", "nowhere", data=data).returncode == 1
    assert run("terminal", "revoke", "north-9", data=data).returncode == 0
    assert run("terminal", "revoke", "north-8", data=data).returncode == 1
    told = run("terminal", "list", "--json", data=data)
    assert added["token"] not in told.stdout
    assert reported(told)["terminals"] == [
        {"name": "north-9", "role": "kiosk", "gates": [], "revoked": True}
    ]


def test_a_list_for_no_event_is_refused(data: Path, tmp_path: Path) -> None:
    guests = tmp_path / "guests.csv"
    guests.write_text("name\nLi Wei\n")
    done = run("import", "attendees", str(guests), "--event", "none", data=data)
    assert done.returncode == 1
    assert "none" in done.stderr
    missing = run("import", "attendees", str(tmp_path / "no.csv"), "--event", "none", data=data)
    assert missing.returncode == 1
    assert "Traceback" not in missing.stderr


def test_a_sound_ledger_verifies_and_a_changed_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "data"
    assert run("init", "--username", "manager", data=path).returncode == 0
    told = reported(run("verify", "--json", data=path))
    assert told["clean"] is True
    assert told["rows"] > 0
    assert told["findings"] == []
    with sqlite3.connect(path / "ledger.db") as changed:
        changed.execute(
            "UPDATE journal SET payload = CAST(payload || ' ' AS BLOB) WHERE kind = 'publish'"
        )
    changed.close()
    done = run("verify", "--json", data=path)
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["found"] > 0


def test_an_act_by_hand_that_was_altered_or_taken_out_is_found(tmp_path: Path) -> None:
    path = tmp_path / "data"
    assert run("init", "--username", "manager", data=path).returncode == 0
    assert run("terminal", "add", "kiosk-1", "--role", "kiosk", data=path).returncode == 0
    assert run("verify", data=path).returncode == 0
    with sqlite3.connect(path / "store.db") as changed:
        changed.execute("UPDATE store_auditentry SET who = 'li' WHERE what = 'terminal_added'")
        changed.execute("DELETE FROM store_auditentry WHERE what = 'staff_added'")
    changed.close()
    done = run("verify", "--json", data=path)
    assert done.returncode == 1
    findings = json.loads(done.stdout.splitlines()[-1])["findings"]
    assert {finding["code"] for finding in findings} == {"audit_altered", "audit_missing"}


def test_an_empty_directory_has_nothing_to_verify(tmp_path: Path) -> None:
    done = run("verify", data=tmp_path)
    assert done.returncode == 1
    assert not list(tmp_path.iterdir())


def test_a_command_beside_a_silent_writer_says_who_it_is(data: Path) -> None:
    with (data / "writer.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate()
        lock.write("4242\n")
        lock.flush()
        done = run("terminal", "list", data=data)
    assert done.returncode == 1
    assert "4242" in done.stderr


def test_every_command_tells_of_itself() -> None:
    for words in ((), ("serve",), ("demo",), ("user", "add"), ("import", "attendees")):
        done = run(*words, "--help")
        assert done.returncode == 0
        assert "paifang" in done.stdout
