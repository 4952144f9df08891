"""A host that never has a line: it joins, takes its lease and gives back its day by files alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.evidence import paifang, read_ledger, require_verified
from tests.http.venues import PERIOD, SITE, Venues, venues, wait_for

pytestmark = [pytest.mark.http, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def apart() -> Iterator[Venues]:
    """Yield a centre and a host between which only files go."""
    with venues() as made:
        made.start()
        yield made


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """Return where files are carried."""
    return tmp_path


def test_a_day_by_files_alone(apart: Venues, stick: Path) -> None:
    request, answer = str(stick / "request.json"), str(stick / "answer.json")
    apart.at_host("join", "--request", request)
    apart.at_centre("node", "accept", request, "hall-9", "--answer", answer)
    assert apart.at_host("join", "--answer", answer)["host"] == "hall-9"
    lease = apart.at_centre("lease", "grant", "hall-9", SITE, PERIOD)["lease"]
    down = str(stick / "down.paifang")
    assert apart.at_centre("lease", "export", down, "--host", "hall-9")["snapshots"] == 1

    cut = stick / "cut.paifang"
    cut.write_bytes(Path(down).read_bytes()[:-200])
    refused = paifang("lease", "import", cut, "--data", apart.host.data)
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert apart.at_host("lease", "status")["leases"] == []

    assert apart.at_host("lease", "import", down)["opened"] == 1
    wait_for(apart.host.is_ready)
    first, second = apart.codes[:2]
    assert apart.admit(apart.host, first, "s1")["decision"] == "admit"
    assert apart.admit(apart.host, first, "s2")["reason"] == "already_used"
    assert apart.admit(apart.centre, second, "s3")["reason"] == "held_elsewhere"

    # In the middle of the day a file goes up and its answer down; both may be carried twice.
    up = str(stick / "up.paifang")
    assert apart.at_host("lease", "export", up)["left"] == 0
    back = str(stick / "back.paifang")
    told = apart.at_centre("lease", "import", up, "--answer", back)
    assert told["rows"] > 0
    assert told["refused"] == []
    assert apart.at_centre("lease", "import", up)["refused"] == []
    apart.at_host("lease", "import", back)
    apart.at_host("lease", "import", down)
    # What was done by hand meanwhile is sealed into the host's own journal; nothing else waits.
    assert apart.at_host("lease", "status")["line"]["backlog"] < 10
    assert "s1" in read_ledger(apart.centre.data / "ledger.db").decisions

    assert apart.admit(apart.host, second, "s4")["decision"] == "admit"
    apart.at_host("lease", "return", lease[:12])
    apart.at_host("lease", "export", up)
    assert apart.at_centre("lease", "import", up)["refused"] == []
    (shown,) = apart.at_centre("lease", "status")["leases"]
    assert shown["state"] == "returned"
    assert apart.admit(apart.centre, second, "s5")["reason"] == "already_used"
    assert apart.admit(apart.centre, apart.codes[3], "s6")["decision"] == "admit"
    require_verified(apart.centre.data)
    require_verified(apart.host.data)
    wrong_files_are_refused_with_words(apart, stick)


def wrong_files_are_refused_with_words(apart: Venues, stick: Path) -> None:
    """Carry files the wrong way, and one of nobody."""
    wrong = paifang("lease", "import", stick / "up.paifang", "--data", apart.host.data)
    assert (wrong.returncode, "for the centre" in wrong.stderr) == (1, True)
    wrong = paifang("lease", "import", stick / "down.paifang", "--data", apart.centre.data)
    assert (wrong.returncode, "for a venue host" in wrong.stderr) == (1, True)
    nobody = stick / "nobody.paifang"
    nobody.write_bytes(b"a shopping list")
    wrong = paifang("lease", "import", nobody, "--data", apart.host.data)
    assert (wrong.returncode, "no node of ours" in wrong.stderr) == (1, True)
    line = paifang("sync", "--data", apart.host.data)
    assert line.returncode == 1
    assert "lease export" in line.stderr


def test_a_machine_with_tickets_of_its_own_does_not_join(apart: Venues, stick: Path) -> None:
    told = paifang("join", "--request", stick / "no.json", "--data", apart.centre.data)
    assert told.returncode == 1
    assert "tickets of its own" in told.stderr
    assert not (stick / "no.json").exists()
    wrong = paifang("join", "--data", apart.host.data)
    assert wrong.returncode == 2
    clear = paifang("join", "http://example.org", "ABCDE-FGHJK", "--data", apart.host.data)
    assert clear.returncode == 1
    assert "https" in clear.stderr
