"""When a line is suspended and when it goes on: never at one bad moment, and always in the end."""

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paifang.core.link import (
    UNKNOWN,
    WINDOW_MS,
    Exchange,
    LinkLimits,
    LinkState,
    LinkWatch,
    observe,
)

LIMITS = LinkLimits(loss_percent=20, latency_ms=500, kbit=64, bad_windows=3, good_windows=2)
STEP_MS = WINDOW_MS // 2
exchanges = st.builds(
    Exchange,
    at_ms=st.integers(0, 20_000),
    came=st.booleans(),
    rtt_ms=st.integers(UNKNOWN, 2_000),
    size=st.integers(0, 100_000),
    taken_ms=st.integers(0, 20_000),
    sent=st.integers(0, 100),
    resent=st.integers(0, 100),
)
limits = st.builds(
    LinkLimits,
    loss_percent=st.integers(0, 100),
    latency_ms=st.integers(0, 2_000),
    kbit=st.integers(0, 1_000),
    bad_windows=st.integers(1, 5),
    good_windows=st.integers(1, 5),
)


def after(
    watch: LinkWatch, windows: int, exchange: Exchange, given: LinkLimits = LIMITS
) -> LinkWatch:
    """Let whole windows pass in which all exchanges are like one."""
    at_ms = max(watch.window.began_ms, watch.figures.at_ms)
    for _ in range(windows):
        for _ in range(3):
            watch = observe(watch, given, exchange._replace(at_ms=at_ms))
            at_ms += STEP_MS
    return watch


GOOD = Exchange(0, came=True, rtt_ms=20, size=50_000, taken_ms=100, sent=40, resent=1)
LOST = Exchange(0, came=False)


def test_what_was_measured_is_told_with_its_time() -> None:
    watch = after(LinkWatch(), 1, GOOD)
    assert asdict(watch.figures) == {
        "at_ms": 2 * STEP_MS,
        "loss_percent": 2,
        "latency_ms": 20,
        "kbit": 4_000,
    }
    assert watch.state is LinkState.open
    assert not watch.is_suspended


@pytest.mark.parametrize(
    ("exchange", "state"),
    [
        (LOST, LinkState.down),
        (GOOD._replace(resent=9), LinkState.poor),
        (GOOD._replace(rtt_ms=501), LinkState.poor),
        (GOOD._replace(taken_ms=7_000), LinkState.poor),
    ],
)
def test_a_line_is_suspended_after_enough_bad_windows_and_goes_on_after_enough_good_ones(
    exchange: Exchange, state: LinkState
) -> None:
    watch = after(LinkWatch(), LIMITS.bad_windows - 1, exchange)
    assert watch.state is LinkState.open
    watch = after(watch, 1, exchange)
    assert watch.state is state
    assert watch.is_suspended
    since_ms = watch.since_ms
    watch = after(watch, LIMITS.good_windows - 1, GOOD)
    assert (watch.state, watch.since_ms) == (state, since_ms)
    watch = after(watch, 1, GOOD)
    assert watch.state is LinkState.open
    assert watch.since_ms > since_ms


def test_a_suspended_line_says_whether_it_is_poor_or_dead() -> None:
    watch = after(LinkWatch(), 3, LOST)
    watch = after(watch, 1, GOOD._replace(rtt_ms=900))
    assert watch.state is LinkState.poor


def test_half_of_the_exchanges_lost_is_loss() -> None:
    watch = LinkWatch()
    for n in range(30):
        one = (GOOD, LOST)[n % 2]
        watch = observe(watch, LIMITS, one._replace(at_ms=n * STEP_MS, resent=0))
    assert watch.state is LinkState.poor
    assert watch.figures.loss_percent in {33, 67}


def test_what_is_not_looked_at_or_was_not_seen_suspends_nothing() -> None:
    anything = LinkLimits(loss_percent=0, latency_ms=0, kbit=0)
    bad = Exchange(0, came=True, rtt_ms=9_000, size=50_000, taken_ms=90_000, sent=9, resent=9)
    assert after(LinkWatch(), 9, bad, anything).state is LinkState.open
    small = Exchange(0, came=True, size=300, taken_ms=9_000)
    assert after(LinkWatch(), 9, small).figures.kbit == UNKNOWN


def test_a_clock_that_was_set_back_ends_the_window() -> None:
    watch = observe(LinkWatch(), LIMITS, GOOD._replace(at_ms=10_000_000))
    watch = observe(watch, LIMITS, GOOD._replace(at_ms=0))
    assert watch.window.tries == 0
    assert watch.good == 1


@given(st.lists(exchanges, max_size=200), limits)
def test_it_never_flaps(seen: list[Exchange], given: LinkLimits) -> None:
    """Between being used and being suspended there are as many windows as were asked for."""
    watch, now_ms, closed, changed_at = LinkWatch(), 0, 0, 0
    for exchange in seen:
        before = watch
        now_ms += exchange.at_ms
        watch = observe(watch, given, exchange._replace(at_ms=now_ms))
        closed += watch.window.tries == 0
        if watch.is_suspended != before.is_suspended:
            least = given.bad_windows if watch.is_suspended else given.good_windows
            assert closed - changed_at >= least
            changed_at = closed
        assert 0 <= watch.figures.loss_percent <= 100 or watch.figures.loss_percent == UNKNOWN


@given(st.lists(exchanges, max_size=100), limits)
def test_it_always_goes_on_once_the_line_is_good(seen: list[Exchange], given: LinkLimits) -> None:
    watch, now_ms = LinkWatch(), 0
    for exchange in seen:
        now_ms += exchange.at_ms
        watch = observe(watch, given, exchange._replace(at_ms=now_ms))
    best = Exchange(0, came=True, rtt_ms=0, size=1_000_000, taken_ms=1)
    # One more window than asked for: the one that was open has seen something else.
    for _ in range(2 * (given.good_windows + 1)):
        watch = observe(watch, given, best._replace(at_ms=now_ms))
        now_ms += WINDOW_MS
    assert watch.state is LinkState.open


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, ""),
        ({"loss_percent": 101}, "loss_percent"),
        ({"latency_ms": -1}, "latency_ms"),
        ({"kbit": 10_000_000}, "kbit"),
        ({"bad_windows": 0}, "bad_windows"),
        ({"good_windows": 101}, "good_windows"),
    ],
)
def test_limits_that_make_no_sense_are_named(changed: dict[str, int], wrong: str) -> None:
    assert LinkLimits(**changed).wrong() == wrong
