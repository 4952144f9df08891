"""A host and its centre over a line of this process: what each does, and what it does not heed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from paifang.core import limits
from paifang.core.leases import LeaseState
from paifang.ledger.batch import Outcome
from paifang.ledger.commands import Command
from paifang.ledger.opening import LedgerReader
from paifang.services.live.joined import Centre, Joined
from paifang.services.live.keys import Keys, Secrets
from paifang.services.live.link import link_of
from paifang.services.live.problems import Problem
from paifang.services.live.signed_requests import HEADER, SignedRequests
from paifang.services.live.sync_centre import CentreSide
from paifang.services.live.sync_host import DIGEST, PATH, Hands, HostSide, LineFault
from paifang.sync.envelope import seal, take_apart, unseal
from paifang.sync.lessee import Commit
from paifang.sync.messages import Down
from tests.ledger.world import SettableClock
from tests.sync.nodes import HOST, LEASE, Node, Pair

HOUR_MS = 60 * 60 * 1000
PIECE = 20


def keys_of(node: Node) -> Keys:
    return Keys(Secrets("11" * 32, bytes(node.key).hex(), node.name))


class Town:
    """A pair of nodes whose services talk over a line that can be disturbed."""

    def __init__(self, folder: Path) -> None:
        """Open both."""
        self.pair = Pair(folder / "centre.db", folder / "host.db", SettableClock())
        self.folders = {name: folder / name for name in ("at-centre", "at-host")}
        for path in self.folders.values():
            path.mkdir()
        self.at_centre = Joined(self.folders["at-centre"])
        self.joined = Joined(self.folders["at-host"])
        self.centre = CentreSide(keys_of(self.pair.centre), self.at_centre, self.now_ms)
        self.host = HostSide(keys_of(self.pair.host), self.joined, self.host_ms, "1.0")
        self.host_ahead_ms = 0
        self.joined.keep_centre(
            Centre(
                url="https://centre.example",
                node=self.pair.centre.name,
                name="Centre",
                public_key=bytes(self.pair.centre.check_key).hex(),
            )
        )
        self.joined.next_boot()
        self.reader = self.pair.host.ledger.reader()
        self.hands = Hands(self.reader, self.pair.commit)
        self.requests = SignedRequests()
        self.fault: LineFault | None = None
        self.pieces_max = 1_000
        self.starts: list[int] = []
        self.forge: Node | None = None

    def now_ms(self) -> int:
        return self.pair.clock.now_ms()

    def host_ms(self) -> int:
        return self.now_ms() + self.host_ahead_ms

    def _require(self, path: str, about: str, header: str) -> str:
        reader, now_ms = self.pair.centre.ledger.reader(), self.now_ms()
        with closing(reader):
            rules = reader.rules()
            try:
                return self.requests.require(rules, header, path, about, now_ms=now_ms).id
            except Problem as problem:
                raise LineFault(problem.code, now_ms) from problem

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Ask the centre as over HTTP."""
        assert path == PATH
        if self.fault is not None:
            raise self.fault
        node = self._require(path, headers[DIGEST], headers[HEADER])
        reader = self.pair.centre.ledger.reader()
        with closing(reader):
            try:
                answer = self.centre.answer(reader, self._commit, body, node=node)
            except Problem as problem:
                raise LineFault(problem.code) from problem
        if self.forge is not None:
            down = unseal(take_apart(answer), lambda _message, _mark: True, Down)
            return seal(down, self.forge.name, self.forge.sign)
        return answer

    def _commit(self, commands: Sequence[Command]) -> list[Outcome]:
        return self.pair.centre.ledger.batch(*commands)

    def get(self, path: str, headers: Mapping[str, str]) -> Iterator[bytes]:
        """Fetch as over HTTP, in small pieces, and break off after some."""
        range_ = headers["range"]
        node = self._require(path, range_, headers[HEADER])
        lease = path.split("/")[-2]
        reader = self.pair.centre.ledger.reader()
        with closing(reader):
            part = self.centre.part(reader, node, lease, range_)
        self.starts.append(part.start)
        data = part.path.read_bytes()[part.start :]
        for n in range(0, len(data), PIECE):
            if n // PIECE >= self.pieces_max:
                raise LineFault("unreachable")
            yield data[n : n + PIECE]

    def grant(self) -> None:
        """Sell two tickets, lease the fair, and lay the files where the centre's job does."""
        self.pair.centre.ledger.issue("A")
        self.pair.centre.ledger.issue("B")
        self.pair.grant()
        self.at_centre.snapshot(LEASE).write_bytes(self.pair.snapshots[LEASE])
        self.at_centre.grant_path(LEASE).write_bytes(self.pair.grants[LEASE])

    def round(self) -> bool:
        return self.host.round(self.hands, self)

    def fetch(self) -> bool:
        return self.host.fetch(self.hands, self)

    def state(self) -> LeaseState:
        """Return how far the lease is at the host."""
        return LeaseState(self.pair.leases("host")[0].state)

    def close(self) -> None:
        """Close both."""
        self.reader.close()
        self.pair.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with closing(Town(tmp_path)) as made:
        yield made


def test_a_lease_is_granted_fetched_opened_and_followed(town: Town) -> None:
    town.grant()
    town.round()
    assert town.state() == LeaseState.granted
    assert town.pair.host.ledger.says("A") == "unknown"
    assert not town.fetch()
    assert town.state() == LeaseState.ready
    assert town.pair.host.ledger.says("A") == "ok"
    assert list(town.joined.snapshot(LEASE).parent.iterdir()) == []
    for _ in range(3):
        town.round()
    line = town.joined.line()
    assert (line.up, line.backlog, line.error, line.success_ms) == (True, 0, "", town.now_ms())
    link = link_of(town.joined)
    assert link is not None
    assert (link.up, link.backlog) == (True, 0)
    assert link_of(town.at_centre) is None


def test_a_snapshot_goes_on_at_the_byte_it_broke_off(town: Town) -> None:
    town.grant()
    town.round()
    town.pieces_max = 2
    for _ in range(2):
        with pytest.raises(LineFault):
            town.fetch()
    assert not town.joined.line().up
    town.pieces_max = 1_000
    town.fetch()
    assert town.starts == [0, 2 * PIECE, 4 * PIECE]
    assert town.state() == LeaseState.ready


def test_a_snapshot_that_was_altered_is_thrown_away_and_fetched_anew(town: Town) -> None:
    town.grant()
    town.round()
    good = town.at_centre.snapshot(LEASE).read_bytes()
    town.at_centre.snapshot(LEASE).write_bytes(good[:-1] + bytes((good[-1] ^ 1,)))
    with pytest.raises(LineFault, match="snapshot_altered"):
        town.fetch()
    assert town.state() == LeaseState.granted
    assert not town.joined.part(LEASE).exists()
    town.at_centre.snapshot(LEASE).write_bytes(good)
    town.fetch()
    assert town.state() == LeaseState.ready


def test_what_is_left_of_something_else_is_not_gone_on_with(town: Town) -> None:
    town.grant()
    town.round()
    town.joined.part(LEASE).write_bytes(b"x" * 1_000_000)
    town.fetch()
    assert town.state() == LeaseState.ready


def test_more_is_told_at_once_while_the_line_is_quick_and_less_after_a_fault(town: Town) -> None:
    town.grant()
    town.round()
    town.fetch()
    host = town.pair.host.ledger
    for n in range(600):
        host.says(f"nobody {n}")
    first = town.host.tell_bytes
    assert first == limits.SYNC_TELL_BYTES_FIRST
    assert town.round()
    assert town.host.tell_bytes == 2 * first
    while town.round() or town.joined.line().backlog:
        pass
    assert town.joined.line().backlog == 0
    town.fault = LineFault("timeout")
    for _ in range(9):
        with pytest.raises(LineFault, match="timeout"):
            town.round()
    assert town.host.tell_bytes == limits.SYNC_TELL_BYTES_MIN
    line = town.joined.line()
    assert (line.up, line.error) == (False, "timeout")


def test_a_host_whose_clock_is_years_off_is_heard_all_the_same(town: Town) -> None:
    town.host_ahead_ms = 3 * 365 * 24 * HOUR_MS
    town.round()
    assert town.joined.line().ahead_ms == town.host_ahead_ms
    town.host_ahead_ms = -HOUR_MS
    town.round()
    assert town.joined.line().ahead_ms == -HOUR_MS
    assert town.joined.line().up


def test_an_answer_of_somebody_else_is_not_heeded(town: Town) -> None:
    town.grant()
    stranger = Node(town.pair.centre.name, town.folders["at-host"] / "x.db", town.pair.clock)
    town.forge = stranger
    with pytest.raises(LineFault, match="answer_wrong"):
        town.round()
    assert town.pair.leases("host") == []
    town.forge = Node(HOST, town.folders["at-host"] / "y.db", town.pair.clock)
    with pytest.raises(LineFault, match="answer_wrong"):
        town.round()
    assert town.pair.leases("host") == []
    stranger.ledger.close()
    town.forge.ledger.close()


def test_an_answer_to_another_question_is_not_heeded(town: Town) -> None:
    kept = town.centre.answer

    def repeated(reader: LedgerReader, commit: Commit, data: bytes, *, node: str) -> bytes:
        answer = kept(reader, commit, data, node=node)
        down = unseal(take_apart(answer), lambda _message, _mark: True, Down)
        old = Down(node=down.node, reply_to=b"earlier", at_ms=down.at_ms)
        return seal(old, town.pair.centre.name, town.pair.centre.sign)

    town.centre.answer = repeated  # type: ignore[method-assign]
    with pytest.raises(LineFault, match="answer_wrong"):
        town.round()


def test_a_node_that_joined_nobody_has_no_line(town: Town) -> None:
    host = HostSide(keys_of(town.pair.host), town.at_centre, town.now_ms)
    with pytest.raises(LineFault, match="not_joined"):
        host.round(town.hands, town)
    centre = town.joined.centre()
    assert centre is not None
    town.at_centre.keep_centre(
        Centre(url="", node=centre.node, name="c", public_key=centre.public_key)
    )
    with pytest.raises(LineFault, match="no_line"):
        host.round(town.hands, town)
