"""A host and its centre over a line of this process: what each does, and what it does not heed."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from paifang.core import limits
from paifang.core.leases import LeaseState
from paifang.ledger.opening import LedgerReader
from paifang.services.live.joined import Centre
from paifang.services.live.link import link_of
from paifang.services.live.sync_host import HostSide, LineFault
from paifang.sync.envelope import seal, take_apart, unseal
from paifang.sync.lessee import Commit
from paifang.sync.messages import Down
from tests.services.live.town import PIECE, Town, keys_of
from tests.sync.nodes import HOST, LEASE, Node

HOUR_MS = 60 * 60 * 1000


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with closing(Town(tmp_path)) as made:
        yield made


def test_a_lease_is_granted_fetched_opened_and_followed(town: Town) -> None:
    town.grant()
    town.round()
    assert town.state() == LeaseState.granted
    assert town.pair.host.ledger.says("A") == "not_ready"
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

    def repeated(
        reader: LedgerReader, commit: Commit, data: bytes, *, node: str, came_s: float = 0.0
    ) -> bytes:
        answer = kept(reader, commit, data, node=node, came_s=came_s)
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
