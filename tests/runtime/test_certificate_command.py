"""A certificate carried to a spare on the command line, and what is written down of it."""

import sqlite3
from pathlib import Path

import pytest

from tests.runtime.test_command_line import reported, run

PASSPHRASE = "eleven gates at dawn"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("certificate") / "first"
    assert run("init", data=path).returncode == 0
    return path


def audited(data: Path) -> list[tuple[str, str, str]]:
    """Return who did what to what, of the acts on certificates."""
    with sqlite3.connect(data / "store.db") as store:
        rows = store.execute(
            "SELECT who, what, subject FROM store_auditentry WHERE what LIKE 'certificate%'"
        ).fetchall()
    store.close()
    return rows


def test_a_spare_takes_over_name_and_fingerprint(first: Path, tmp_path: Path) -> None:
    assert run("certificate", "show", data=first).returncode == 1
    file, spare = tmp_path / "venue", tmp_path / "spare"
    secret = tmp_path / "passphrase"
    secret.write_text(f"{PASSPHRASE}\nnot this line\n")
    done = run("certificate", "export", str(file), data=first, PAIFANG_PASSPHRASE=PASSPHRASE)
    assert done.returncode == 0, done.stderr
    shown = reported(run("certificate", "show", "--json", data=first))
    assert shown["digits"] in done.stdout
    done = run("certificate", "import", str(file), "--passphrase-file", str(secret), data=spare)
    assert done.returncode == 0, done.stderr
    taken = reported(run("certificate", "show", "--json", data=spare))
    for name in ("name", "sha256", "sha1", "digits", "ca_until"):
        assert taken[name] == shown[name]
    assert taken["name"] in done.stdout
    assert taken["leaf_names"] == []
    again = run("certificate", "import", str(file), data=spare, PAIFANG_PASSPHRASE=PASSPHRASE)
    assert again.returncode == 0
    assert audited(first) == [("command line", "certificate_export", shown["digits"])]
    assert audited(spare) == [("command line", "certificate_import", shown["digits"])]
    assert shown["digits"] in run("certificate", "show", data=spare).stdout


@pytest.mark.parametrize(
    ("words", "passphrase", "said"),
    [
        (("export", "new"), "", "PAIFANG_PASSPHRASE"),
        (("export", "new"), "summer", "guessed"),
        (("export", "new", "--passphrase-file", "nowhere"), "", "nowhere"),
        (("import", "nowhere"), PASSPHRASE, "nowhere"),
        (("import", "keys.json"), PASSPHRASE, "no export"),
    ],
)
def test_a_mistake_is_answered_in_words_and_not_written_down(
    first: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    passphrase: str,
    said: str,
) -> None:
    monkeypatch.chdir(first)
    before = audited(first)
    done = run("certificate", *words, data=first, PAIFANG_PASSPHRASE=passphrase)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (first / "new").exists()
    assert audited(first) == before
