"""The recorded time: never backwards by small steps, always following a clock that was set."""

import time

from paifang.core import limits
from paifang.ledger.clock import BACK_MS_MAX, SystemClock

MS = 1_000_000


class Two:
    """A wall clock and a steady one, in nanoseconds."""

    def __init__(self) -> None:
        self.wall_ns = 1_780_000_000_000 * MS
        self.steady_ns = 5_000 * MS
        self.clock = SystemClock(lambda: self.wall_ns, lambda: self.steady_ns)

    def after(self, steady_ms: int, stepped_ms: int = 0) -> int:
        """Let time pass, and the wall clock jump; return the time since the test began."""
        self.steady_ns += steady_ms * MS
        self.wall_ns += (steady_ms + stepped_ms) * MS
        return self.clock.now_ms() - 1_780_000_000_000


def test_time_passes_as_on_the_wall() -> None:
    two = Two()
    assert [two.after(0), two.after(7), two.after(60_000)] == [0, 7, 60_007]
    assert two.clock.steps == 0


def test_a_small_step_back_is_waited_out() -> None:
    two = Two()
    two.after(0)
    assert two.after(10, stepped_ms=-3_000) == 0
    assert two.after(1_000) == 0
    assert two.after(2_000) == 10
    assert two.clock.steps == 1


def test_the_largest_step_waited_out_is_five_minutes() -> None:
    two = Two()
    two.after(0)
    assert two.after(0, stepped_ms=-BACK_MS_MAX) == 0


def test_a_clock_that_somebody_sets_back_is_followed() -> None:
    two = Two()
    two.after(0)
    assert two.after(0, stepped_ms=-BACK_MS_MAX - 1) == -BACK_MS_MAX - 1
    assert two.after(5) == -BACK_MS_MAX + 4


def test_a_step_forward_is_followed_and_counted() -> None:
    two = Two()
    assert two.after(0, stepped_ms=3_600_000) == 3_600_000
    assert two.clock.steps == 1


def test_what_a_time_service_does_all_day_is_no_step() -> None:
    two = Two()
    for _ in range(50):
        two.after(1_000, stepped_ms=limits.CLOCK_STEP_MS_MAX)
    assert two.clock.steps == 0
    two.after(1_000, stepped_ms=limits.CLOCK_STEP_MS_MAX + 1)
    assert two.clock.steps == 1


def test_the_systems_clock_tells_the_time() -> None:
    before = time.time_ns() // MS
    now_ms = SystemClock().now_ms()
    assert before <= now_ms <= time.time_ns() // MS
