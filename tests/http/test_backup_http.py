"""A centre that is killed and brought back from a backup, with a venue host that went on."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from paifang.runtime.data_directory import DataDirectory
from tests.http.evidence import paifang, read_ledger, require_verified, told_by
from tests.http.server import ServerTree
from tests.http.venues import PERIOD, SITE, Venues, answers, venues, wait_for

pytestmark = [pytest.mark.http, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def leased() -> Iterator[Venues]:
    """Yield a centre and a host that took the fair on a lease, and decides."""
    with venues() as made:
        made.start()
        made.join()
        made.lease()
        made.wait_open()
        yield made


def again(leased: Venues, folder: str, backup: Path) -> dict[str, object]:
    """Kill the centre, bring a backup back into a new place, and serve from there."""
    leased.centre.kill()
    data = leased.centre.data.with_name(folder)
    told = told_by(paifang("restore", backup, "--json", "--data", data))
    leased.centre = ServerTree(data, command="serve", port=leased.centre.port)
    return told


def test_a_centre_from_yesterday_and_then_a_host(leased: Venues, tmp_path: Path) -> None:
    a_centre_from_yesterday_is_told_what_it_forgot(leased)
    a_restored_host_has_lost_its_leases_and_goes_on_as_itself(leased, tmp_path)


def a_centre_from_yesterday_is_told_what_it_forgot(leased: Venues) -> None:
    """Take a backup, let the day go on, kill the centre, and bring it back elsewhere."""
    codes = leased.codes
    event = str(leased.centre.demo()["event"])
    before = leased.admit(leased.host, codes[0], "before")
    leased.wait_told()
    made = leased.at_centre("backup", str(leased.centre.data.parent))
    backup = Path(str(made["path"]))
    assert backup.stat().st_mode & 0o777 == 0o600
    assert made["expires_ms"] > made["made_ms"]
    # The day goes on: at the host, and at the centre's counter.
    acknowledged = [before]
    acknowledged += [leased.admit(leased.host, code, f"on-{code}") for code in codes[1:6]]
    leased.wait_told()
    sell(leased, event)
    told = again(leased, "restored", backup)
    assert (told["clean"], told["awaited"]) == (True, ["hall-3"])
    # Nothing is given and nothing decided before the host has reported.
    refused = paifang("lease", "grant", "hall-3", SITE, PERIOD, "--data", leased.centre.data)
    assert refused.returncode == 1
    assert "hall-3" in refused.stderr
    assert "waits for these hosts" in refused.stderr
    acknowledged += [leased.admit(leased.host, code, f"cut-{code}") for code in codes[6:9]]
    leased.centre.start()
    leased.wait_told()
    assert wait_for(lambda: leased.line_state()["backlog"] == 0)
    theirs = read_ledger(leased.centre.data / "ledger.db")
    for answer in acknowledged:
        recorded = theirs.decisions[answer["request_id"]].row
        position = (answer["node"], answer["epoch"], answer["seq"])
        assert (recorded.node, recorded.epoch, recorded.seq) == position
    assert leased.admit(leased.centre, codes[20], "c")["reason"] == "held_elsewhere"
    assert leased.admit(leased.host, codes[0], "second")["reason"] == "already_used"
    require_verified(leased.centre.data)
    require_verified(leased.host.data)
    # Sold at the centre after the backup, and told to the host: it came back from there.
    found = leased.at_centre("import", "attendees", str(list_of(leased)), "--event", event)
    assert (found["created"], found["rejected"]) == (0, 0)


def list_of(leased: Venues) -> Path:
    return leased.centre.data.parent / "late.csv"


def sell(leased: Venues, event: str) -> None:
    """Sell a ticket at the centre by a list, and let its host hear of it."""
    tickets = leased.at_host("verify")["tickets"]
    list_of(leased).write_text("reference,name,product\nlate-1,Late,Adult ticket\n")
    told = leased.at_centre("import", "attendees", str(list_of(leased)), "--event", event)
    assert told["created"] == 1
    wait_for(lambda: leased.at_host("verify")["tickets"] > tickets)


def test_a_backup_is_whole_or_it_is_not_restored(leased: Venues, tmp_path: Path) -> None:
    backup = tmp_path / "one.paifang"
    data = leased.centre.data
    assert paifang("backup", backup, "--data", data).returncode == 0
    assert paifang("backup", backup, "--data", data).returncode == 1
    assert [path.name for path in tmp_path.iterdir()] == ["one.paifang"]
    half = tmp_path / "half.paifang"
    half.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    altered = tmp_path / "altered.paifang"
    with zipfile.ZipFile(backup) as source, zipfile.ZipFile(altered, "w") as target:
        for name in source.namelist():
            body = source.read(name)
            target.writestr(name, body + b"x" if name == "keys.json" else body)
    strange = tmp_path / "strange.paifang"
    with zipfile.ZipFile(backup) as source, zipfile.ZipFile(strange, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        target.writestr("../elsewhere", b"x")
    for wrong in (half, altered, strange, tmp_path / "none"):
        done = paifang("restore", wrong, "--data", tmp_path / "new")
        assert done.returncode == 1, wrong
        assert not (tmp_path / "new").exists()
    assert not (tmp_path / "elsewhere").exists()
    used = paifang("restore", backup, "--data", data)
    assert (used.returncode, "not empty" in used.stderr) == (1, True)
    old = paifang("backup", tmp_path / "old.paifang", "--keep-days", "1", "--data", data)
    assert old.returncode == 0


def a_restored_host_has_lost_its_leases_and_goes_on_as_itself(
    leased: Venues, tmp_path: Path
) -> None:
    """Bring the host back as well: the same machine to its centre, without its leases."""
    host = leased.host
    made = leased.at_host("backup", str(tmp_path))
    leased.admit(host, leased.codes[30], "gone")
    leased.wait_told()
    host.kill()
    data = host.data.with_name("host-again")
    told = told_by(paifang("restore", str(made["path"]), "--json", "--data", data))
    assert (len(told["lost"]), told["clean"]) == (1, True)
    node = DataDirectory(host.data).keys().node
    assert DataDirectory(data).keys().node == node
    host = ServerTree(data, command="serve", options=("--role", "venue"), port=host.port)
    leased.host = host
    host.launch()
    wait_for(lambda: answers(host.url))
    wait_for(lambda: (data / "line.json").exists() and leased.line_state()["up"])
    # It may have let people in that it does not remember, so it lets nobody in.
    assert leased.admit(host, leased.codes[31], "after")["reason"] == "held_elsewhere"
    nodes = leased.at_centre("node", "list")["nodes"]
    assert [one["doubled"] for one in nodes] == [False]
    wait_for(lambda: leased.line_state()["backlog"] == 0)
    require_verified(leased.centre.data)
    require_verified(data)
