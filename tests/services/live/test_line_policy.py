"""A line worse than somebody has set is only looked at, and used again by itself."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from paifang.core.link import BULK_BYTES, WINDOW_MS, LinkLimits, LinkState, LinkTold
from paifang.services.live.joined import LIMITS
from paifang.services.live.link import link_of
from paifang.services.live.sync_host import LineFault, Measured
from paifang.sync.envelope import take_apart, unseal
from paifang.sync.messages import Up
from tests.services.live.town import Town
from tests.sync.nodes import HOST

GOOD = Measured(200, 20, rtt_ms=15, sent=3)
SLOW = Measured(20_000, 60_000, rtt_ms=40, sent=20)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with closing(Town(tmp_path)) as made:
        made.grant()
        made.round()
        made.fetch()
        yield made


def rounds(town: Town, windows: int) -> None:
    """Let whole windows pass, with rounds in them that may fail."""
    for _ in range(2 * windows):
        try:
            town.round()
        except LineFault:
            assert town.fault is not None
        town.pair.clock.time_ms += WINDOW_MS


def last_told(town: Town) -> Up:
    return unseal(take_apart(town.told[-1]), lambda _message, _mark: True, Up)


def state(town: Town) -> LinkState:
    return town.joined.line().watch.state


def told_to_centre(town: Town) -> LinkTold:
    with closing(town.pair.centre.ledger.reader()) as reader:
        return msgspec.json.decode(reader.peers()[HOST].link, type=LinkTold)


def test_a_line_that_is_too_slow_suspends_and_what_was_admitted_meanwhile_follows(
    town: Town,
) -> None:
    town.measured = SLOW
    town.joined.keep_limits(LinkLimits(kbit=64))
    rounds(town, 3)
    assert state(town) is LinkState.poor
    assert town.pair.host.ledger.says("A") == "ok"
    assert not town.round()
    probe = last_told(town)
    assert probe.probe
    assert probe.pages == ()
    assert len(probe.pad) == BULK_BYTES
    assert town.joined.line().backlog > 0
    assert told_to_centre(town).state is LinkState.poor
    town.measured = GOOD
    # The window that is open has seen the old line.
    rounds(town, 3)
    assert state(town) is LinkState.open
    rounds(town, 1)
    assert not last_told(town).probe
    assert town.joined.line().backlog == 0
    told = told_to_centre(town)
    assert (told.state, told.figures.latency_ms, told.figures.loss_percent) == ("open", 15, 0)


def test_the_probe_that_finds_it_good_is_followed_at_once(town: Town) -> None:
    town.measured = SLOW
    town.joined.keep_limits(LinkLimits(kbit=64, bad_windows=1, good_windows=1))
    rounds(town, 1)
    assert town.host.is_suspended
    town.measured = GOOD
    assert not town.round()
    town.pair.clock.time_ms += WINDOW_MS
    assert town.round()
    assert not town.host.is_suspended


def test_a_line_without_an_answer_is_down_and_nothing_is_measured_of_faults_here(
    town: Town,
) -> None:
    town.fault = LineFault("timeout")
    rounds(town, 3)
    assert state(town) is LinkState.down
    link = link_of(town.joined)
    assert link is not None
    assert (link.state, link.loss_percent, link.latency_ms) == ("down", 100, -1)
    assert link.measured_at
    watch = town.joined.line().watch
    town.fault = LineFault("node_revoked")
    rounds(town, 1)
    assert town.joined.line().watch == watch


def test_a_person_may_tell_it_over_a_line_that_is_too_bad(town: Town) -> None:
    town.measured = SLOW
    town.joined.keep_limits(LinkLimits(kbit=64))
    rounds(town, 3)
    town.pair.host.ledger.says("A")
    assert town.host.is_suspended
    while town.host.round(town.hands, town, anyway=True):
        pass
    assert town.joined.line().backlog == 0
    assert town.host.is_suspended


def test_what_the_centre_works_is_not_held_against_the_line(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = town.centre.answer
    town.measured = Measured(BULK_BYTES, 10_000, sent=5)

    def slowly(*args: Any, **more: Any) -> Any:
        return answer(*args, **more | {"came_s": _long_ago()})

    monkeypatch.setattr(town.centre, "answer", slowly)
    town.joined.keep_limits(LinkLimits(kbit=64, bad_windows=1))
    rounds(town, 2)
    assert state(town) is LinkState.open


def _long_ago() -> float:
    return time.monotonic() - 9.9


def test_without_counts_of_packets_a_short_exchange_says_how_long_one_takes(town: Town) -> None:
    town.measured = Measured(300, 60_000)
    rounds(town, 1)
    assert town.joined.line().watch.figures.latency_ms > 10_000
    town.joined.keep_limits(LinkLimits(kbit=0, latency_ms=500))
    rounds(town, 4)
    assert state(town) is LinkState.poor
    assert last_told(town).pad == b""


def test_limits_that_cannot_be_read_are_the_usual_ones(town: Town) -> None:
    assert town.joined.limits() == LinkLimits()
    (town.joined.data / LIMITS).write_text("{")
    assert town.joined.limits() == LinkLimits()
