"""A host dies while the centre cannot be reached; its spare takes over by a sealed grant.

Real processes on a network of their own: a centre, a host, its spare, four lanes. The venue goes by
one address, which the spare takes over, as architecture has it.
"""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from bench.namespaces import Machine, town, why_not
from paifang.core.leases import LeaseState
from paifang.ledger import tables as t
from paifang.ledger.conflicts import late_conflicts
from paifang.ledger.facts import AdmissionFact, RecordFact, RecoveredFact, fact_of
from paifang.ledger.opening import open_reader
from paifang.ledger.recovered import original
from tests.http.evidence import paifang, require_verified, told_by
from tests.http.server import ServerTree, temporary_directory
from tests.http.venues import PERIOD, SITE, wait_for

pytestmark = [pytest.mark.http, pytest.mark.kill, pytest.mark.timeout(600)]

PORT: Final = 8000
TLS_PORT: Final = 8443
VENUE: Final = "10.77.0.100"
"""The address gates know; whichever machine decides has it."""
LANES: Final = ("lane-1", "lane-2", "lane-3", "lane-4")
TICKETS: Final = 120


class Placed(ServerTree):
    """A server in a machine of its own."""

    def __init__(self, machine: Machine, data: Path, **how: Any) -> None:
        """Name it; nothing is started yet."""
        super().__init__(data, **how)
        self.machine = machine
        self.url = f"http://{machine.address}:{PORT}"
        words = self._command
        words[words.index("--bind") + 1] = f"0.0.0.0:{PORT}"
        if "--tls-bind" in words:
            words[words.index("--tls-bind") + 1] = f"0.0.0.0:{TLS_PORT}"
        self._command = machine.command(*words)

    def answers(self, path: str) -> bool:
        """Whether something is answered with 200, asked within its machine."""
        url = f"http://127.0.0.1:{PORT}{path}"
        with suppress(OSError), self.machine.entered(), urllib.request.urlopen(url, timeout=5) as a:
            return bool(a.status == 200)
        return False

    def is_ready(self) -> bool:
        """Whether it says that it is ready."""
        return self.answers("/readyz")

    def cli(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command within its machine."""
        command = [sys.executable, "-m", "paifang", *map(str, words), "--data", str(self.data)]
        done = subprocess.run(
            self.machine.command(*command), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done

    def told(self, *words: str | Path) -> dict[str, Any]:
        """Return what a command reports."""
        return told_by(self.cli(*words, "--json"))

    def line(self) -> dict[str, Any]:
        """Return how it finds its line."""
        found: dict[str, Any] = json.loads((self.data / "line.json").read_bytes())
        return found

    def has_told(self) -> bool:
        """Whether the line is up and the centre has everything."""
        found = self.line()
        return bool(found["up"]) and found["backlog"] == 0

    def leases(self) -> dict[int, LeaseState]:
        """Return the state of each lease it knows, by epoch."""
        with closing(open_reader(self.data / "ledger.db")) as reader:
            return {row.epoch: LeaseState(row.state) for row in reader.leases()}


class Lane:
    """A lane agent in a machine of its own, and what it showed to people."""

    def __init__(self, machine: Machine, folder: Path, name: str, token: str) -> None:
        """Start it."""
        self.name = name
        self.config = folder / f"{name}.toml"
        self.config.write_text(
            f'host = "http://{VENUE}:{PORT}"\ntoken = "{token}"\ngate = "north"\n'
            f'store = "{folder / name}.db"\nterminal = "{name}"\npatience_s = 2\n',
            encoding="utf-8",
        )
        self.out = self.config.with_suffix(".out").open("ab")
        self.machine = machine
        command = [sys.executable, "-m", "paifang", "agent", "--config", str(self.config)]
        self.process = subprocess.Popen(
            machine.command(*command), stdin=subprocess.PIPE, stdout=self.out, text=True
        )

    def show(self, *codes: str) -> None:
        """Show codes, one after the other."""
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{code}\n" for code in codes))
        self.process.stdin.flush()

    def verdicts(self) -> list[dict[str, Any]]:
        """Return what it has shown."""
        lines = self.config.with_suffix(".out").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def wait(self, count: int) -> None:
        """Wait until it has shown so many verdicts."""
        wait_for(lambda: len(self.verdicts()) >= count)

    def lose(self) -> None:
        """Let it drown, with everything it had written down."""
        self.process.kill()
        self.process.wait()
        self.config.with_suffix(".db").unlink()

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()
        self.out.close()


class Fair:
    """All of them, with the fair leased to the host, and the spare behind it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        """Start everything and bring it to the evening before the fair."""
        machines = stack.enter_context(town("centre", "host", "spare", *LANES))
        self.machines = dict(zip(("centre", "host", "spare", *LANES), machines, strict=True))
        self.folder = folder
        place = self.machines
        self.centre = Placed(place["centre"], folder / "centre", tickets=TICKETS, tls=True)
        venue = {"command": "serve", "options": ("--role", "venue")}
        self.host = Placed(place["host"], folder / "host", **venue)
        self.spare = Placed(place["spare"], folder / "spare", **venue)
        for server in (self.centre, self.host, self.spare):
            stack.callback(server.kill)
        self.lanes: dict[str, Lane] = {}
        self.stack = stack
        with ThreadPoolExecutor(4) as pool:
            begun = pool.submit(self.centre.start)
            self.passwords = list(pool.map(self._init, (self.host, self.spare)))
            begun.result()
        self.codes: list[str] = [ticket["code"] for ticket in self.centre.demo()["tickets"]]
        for name, server in (("hall-3", self.host), ("hall-3-spare", self.spare)):
            server.launch()
            wait_for(partial(server.answers, "/healthz"))
            made = self.centre.told("node", "code", name)
            trusted = ("--fingerprint", made["fingerprint"])
            server.told(
                "join", f"https://{place['centre'].address}:{TLS_PORT}", made["code"], *trusted
            )

    def _init(self, server: Placed) -> str:
        done = paifang("init", "--username", "boss", "--data", server.data)
        assert done.returncode == 0, done.stderr
        row = next(line for line in done.stdout.splitlines() if "boss" in line)
        return row.split("│")[2].strip()

    def open(self) -> None:
        """Give the lease, put gates up, and let both machines know them."""
        grant = ("lease", "grant", "hall-3", SITE, PERIOD, "--spare", "hall-3-spare")
        self.epoch: int = self.centre.told(*grant)["epoch"]
        wait_for(lambda: self.host.leases() == {self.epoch: LeaseState.ready})
        wait_for(lambda: self.spare.leases() == {self.epoch + 1: LeaseState.sealed})
        tokens = {
            name: self.host.told("terminal", "add", name, "--gate", "north")["token"]
            for name in LANES
        }
        copies = self.folder / "terminals.json"
        self.host.cli("terminal", "export", copies)
        self.spare.cli("terminal", "import", copies)
        self.move_venue(self.host)
        for name in LANES:
            lane = Lane(self.machines[name], self.folder, name, tokens[name])
            self.stack.callback(lane.close)
            self.lanes[name] = lane

    def move_venue(self, server: Placed, away_from: Placed | None = None) -> None:
        """Let the venue's address be a machine's from now on."""
        if away_from is not None:
            _ip(away_from.machine, "address", "del", f"{VENUE}/24", "dev", "eth0")
        _ip(server.machine, "address", "add", f"{VENUE}/24", "dev", "eth0")
        for name in LANES:
            _ip(self.machines[name], "neigh", "flush", "all")

    def ledger(self, server: Placed) -> Any:
        """Open a server's ledger for reading."""
        return closing(open_reader(server.data / "ledger.db"))


def _ip(machine: Machine, *words: str) -> None:
    subprocess.run(["ip", "-n", machine.space, *words], check=True, capture_output=True)


@pytest.fixture
def fair() -> Iterator[Fair]:
    if why := why_not():
        pytest.skip(why)
    with temporary_directory() as folder, ExitStack() as stack:
        yield Fair(folder, stack)


def test_a_spare_takes_over_while_the_centre_cannot_be_asked(fair: Fair) -> None:
    fair.open()
    gates_open_with_the_line_and_without(fair)
    one_gate_is_lost_and_the_host_dies_under_load(fair)
    the_glass_is_broken(fair)
    what_follows_is_labelled(fair)
    it_heals(fair)
    nothing_shown_is_missing(fair)
    nobody_is_in_twice_unsaid(fair)
    for server in (fair.centre, fair.host, fair.spare):
        server.stop()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(require_verified, (s.data for s in (fair.centre, fair.host, fair.spare))))


def gates_open_with_the_line_and_without(fair: Fair) -> None:
    one, two, _, four = fair.lanes.values()
    codes = fair.codes
    one.show(codes[0], codes[1])
    one.wait(2)
    two.show(codes[0], codes[2])
    two.wait(2)
    assert [each["reason"] for each in two.verdicts()] == ["already_used", "ok"]
    wait_for(fair.host.has_told)
    fair.machines["centre"].cut()
    four.show(*codes[3:7])
    four.wait(4)
    assert {each["reason"] for each in four.verdicts()} == {"ok"}


def one_gate_is_lost_and_the_host_dies_under_load(fair: Fair) -> None:
    *lanes, four = fair.lanes.values()
    four.lose()

    def load(lane: Lane, codes: list[str]) -> None:
        for code in codes:
            lane.show(code)
            time.sleep(0.02)

    threads = [
        threading.Thread(target=load, args=(lane, fair.codes[20 + 25 * n : 45 + 25 * n]))
        for n, lane in enumerate(lanes)
    ]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(lanes[2].verdicts()) >= 5)
    fair.host.kill()
    fair.machines["host"].cut()
    for thread in threads:
        thread.join()
    fair.move_venue(fair.spare, away_from=fair.host)


def the_glass_is_broken(fair: Fair) -> None:
    glass = ("lease", "break-glass", "--second", "boss", "--reason", "burnt", "--json")
    told = told_by(paifang(*glass, "--data", fair.spare.data, typed=fair.passwords[1] + "\n"))
    assert (told["epoch"], told["state"]) == (fair.epoch + 1, "granted")

    def gathered() -> int:
        with fair.ledger(fair.spare) as reader:
            return sum(row.taken == row.parts for row in reader.raw.scan(t.GATHERED))

    wait_for(lambda: gathered() == 3)
    # Nobody waits for ever for the gate that is gone, but somebody must say so.
    assert fair.spare.leases()[fair.epoch + 1] == LeaseState.granted
    fair.spare.cli("lease", "open", "--write-off", "lane-4", "--reason", "drowned")
    assert fair.spare.leases()[fair.epoch + 1] == LeaseState.ready


def what_follows_is_labelled(fair: Fair) -> None:
    """Used before: at a gate that is there, at the one that is gone, told or not; and fresh."""
    codes = fair.codes
    shown = {
        "lane-1": (codes[0], codes[2], codes[3], codes[100]),
        "lane-2": (codes[1], codes[3], codes[101]),
        "lane-3": (codes[4], codes[100], codes[102]),
    }
    before = {name: len(fair.lanes[name].verdicts()) for name in shown}
    for name, mine in shown.items():
        fair.lanes[name].show(*mine)
    for name, mine in shown.items():
        fair.lanes[name].wait(before[name] + len(mine))
    later = {
        (name, each["code"]): each
        for name in shown
        for each in fair.lanes[name].verdicts()[before[name] :]
    }
    assert later["lane-1", codes[0]]["reason"] == "already_used"
    assert later["lane-1", codes[2]]["reason"] == "already_used"
    assert later["lane-2", codes[1]]["reason"] == "already_used"
    assert {each["basis"] for each in later.values() if each["opens"]} == {"provisional"}


def it_heals(fair: Fair) -> None:
    fair.machines["centre"].heal()
    fair.machines["host"].heal()
    fair.host.launch()
    wait_for(lambda: fair.centre.leases().get(fair.epoch) == LeaseState.broken)
    wait_for(lambda: fair.host.leases().get(fair.epoch) == LeaseState.broken)
    for server in (fair.spare, fair.host):
        wait_for(server.has_told)
    assert fair.centre.leases()[fair.epoch + 1] == LeaseState.ready


def _answers(fair: Fair) -> dict[str, Any]:
    """Return the centre's answer to each request, the newest epoch's last."""
    with fair.ledger(fair.centre) as reader:
        rows = [row for row in reader.raw.scan(t.JOURNAL) if row.request_id]
    return {row.request_id: original(row) for row in sorted(rows, key=lambda row: row[1:3])}


def nothing_shown_is_missing(fair: Fair) -> None:
    """I2 and I3: what was shown at a gate that is there is in the centre's journal, as shown."""
    answers = _answers(fair)
    for name in LANES[:3]:
        for each in fair.lanes[name].verdicts():
            row = answers.get(each["request_id"])
            if each["reason"] == "offline_not_allowed":
                continue
            assert row is not None, each
            fact = fact_of(row.kind, row.payload)
            assert isinstance(fact, AdmissionFact)
            assert (fact.reason, fact.people > 0) == (each["reason"], each["opens"]), each


def nobody_is_in_twice_unsaid(fair: Fair) -> None:
    """I1, I4 and I10: by the authority's word once; every other time is named as a conflict."""
    opened = [each for lane in fair.lanes.values() for each in lane.verdicts() if each["opens"]]
    by_lease = Counter(each["code"] for each in opened if each["basis"] == "lease")
    assert set(by_lease.values()) == {1}
    twice = {code for code, n in Counter(each["code"] for each in opened).items() if n > 1}
    assert twice, "the gate that was lost had let somebody in who came again"
    answers = _answers(fair)
    named = set()
    with fair.ledger(fair.centre) as reader:
        named |= {one.ticket for one in late_conflicts(reader.raw, reader.rules().centre)}
        for row in reader.raw.scan(t.JOURNAL):
            fact = fact_of(row.kind, row.payload)
            if isinstance(fact, RecordFact | RecoveredFact) and fact.conflict:
                first = original(row)
                named.add(getattr(fact_of(first.kind, first.payload), "ticket", ""))
        ours = sorted(tuple(row) for row in reader.raw.scan(t.ZONE_DAY) if any(row[2:]))
    for code in twice:
        requests = [each["request_id"] for each in opened if each["code"] == code]
        tickets = {
            getattr(fact_of(answers[name].kind, answers[name].payload), "ticket", "")
            for name in requests
            if name in answers
        }
        assert tickets & named, code
    with fair.ledger(fair.spare) as reader:
        assert ours == sorted(tuple(row) for row in reader.raw.scan(t.ZONE_DAY) if any(row[2:]))
