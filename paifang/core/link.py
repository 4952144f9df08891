"""Whether a line between two nodes is good enough: a judge of what was measured, with hysteresis.

What goes over the line is measured anyway: whether an exchange came back, how long a packet takes,
how many bytes went in which time. Measurements are summed in windows. So many bad windows on end
suspend the line, so many good ones on end let it go on; in between nothing changes, so a line that
wavers does not flap. The clock is handed in with each measurement.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

WINDOW_MS: Final = 5_000
"""How long measurements are summed before they are judged."""
BULK_BYTES: Final = 4_096
"""An exchange of fewer bytes says how long a packet takes, and not how many bytes get through."""
UNKNOWN: Final = -1
WINDOWS_MAX: Final = 100
LATENCY_MS_MAX: Final = 60_000
KBIT_MAX: Final = 1_000_000


class LinkState(StrEnum):
    """How a line is: used, too bad to be used, or without any answer."""

    open = "open"
    poor = "poor"
    down = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLimits:
    """From when on a line is too bad to be used. 0 of the first three: that is not looked at.

    Attributes:
        loss_percent: More of what is sent is lost.
        latency_ms: There and back takes longer.
        kbit: Fewer kbit/s get through.
        bad_windows: Windows on end after which it is suspended.
        good_windows: Windows on end after which it goes on.
    """

    loss_percent: int = 20
    latency_ms: int = 3_000
    kbit: int = 16
    bad_windows: int = 3
    good_windows: int = 2

    def wrong(self) -> str:
        """Return the name of the first member that makes no sense, "" if all do."""
        bounds = {
            "loss_percent": (0, 100),
            "latency_ms": (0, LATENCY_MS_MAX),
            "kbit": (0, KBIT_MAX),
            "bad_windows": (1, WINDOWS_MAX),
            "good_windows": (1, WINDOWS_MAX),
        }
        for name, (least, most) in bounds.items():
            if not least <= getattr(self, name) <= most:
                return name
        return ""


class Exchange(NamedTuple):
    """What one exchange was like.

    Attributes:
        at_ms: When it ended, by any clock that is always the same one.
        came: Whether an answer came.
        rtt_ms: How long a packet takes there and back, UNKNOWN if that was not seen.
        size: Bytes there and back.
        taken_ms: How long these were under way, without what the other side worked.
        sent: Packets sent, 0 where nobody counts them.
        resent: How many of them were sent again because they had been lost.
    """

    at_ms: int
    came: bool
    rtt_ms: int = UNKNOWN
    size: int = 0
    taken_ms: int = 0
    sent: int = 0
    resent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a window measured, and when it ended; UNKNOWN for what was not seen in it."""

    at_ms: int = 0
    loss_percent: int = UNKNOWN
    latency_ms: int = UNKNOWN
    kbit: int = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Sums of a window that is open; `began_ms` is when its first exchange ended."""

    began_ms: int = 0
    tries: int = 0
    lost: int = 0
    rtts: int = 0
    rtt_ms: int = 0
    bulk_bytes: int = 0
    bulk_ms: int = 0
    sent: int = 0
    resent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkWatch:
    """What is known of a line: its state since when, and what the last window measured.

    `bad` and `good` count windows on end.
    """

    state: LinkState = LinkState.open
    since_ms: int = 0
    figures: Figures = Figures()
    window: Window = Window()
    bad: int = 0
    good: int = 0

    @property
    def is_suspended(self) -> bool:
        """Whether nothing but probes may go."""
        return self.state is not LinkState.open


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTold:
    """How a node finds its line, as it tells another one; times by its own clock."""

    state: LinkState = LinkState.open
    since_ms: int = 0
    figures: Figures = Figures()


def observe(watch: LinkWatch, limits: LinkLimits, seen: Exchange) -> LinkWatch:
    """Return what is known of a line after one more exchange.

    Args:
        watch: What was known.
        limits: What is good enough.
        seen: The exchange.
    """
    window = _add(watch.window, seen)
    # A clock that was set back ends the window too: it would stay open for as long.
    if 0 <= seen.at_ms - window.began_ms < WINDOW_MS:
        return replace(watch, window=window)
    figures = _figures(window, seen.at_ms)
    found = judged(window, figures, limits)
    is_good = found is LinkState.open
    bad, good = (0, watch.good + 1) if is_good else (watch.bad + 1, 0)
    state = watch.state
    if is_good:
        if good >= limits.good_windows:
            state = found
    elif watch.is_suspended or bad >= limits.bad_windows:
        state = found
    return LinkWatch(
        state=state,
        since_ms=watch.since_ms if state is watch.state else seen.at_ms,
        figures=figures,
        # No more is counted than anybody asks for: the line is good for years.
        bad=min(bad, WINDOWS_MAX),
        good=min(good, WINDOWS_MAX),
    )


def judged(window: Window, figures: Figures, limits: LinkLimits) -> LinkState:
    """Return how a line was in one window; what was not seen is not held against it."""
    if window.lost == window.tries:
        return LinkState.down
    is_bad = (
        (limits.loss_percent and figures.loss_percent > limits.loss_percent)
        or (limits.latency_ms and figures.latency_ms > limits.latency_ms)
        or (limits.kbit and UNKNOWN != figures.kbit < limits.kbit)
    )
    return LinkState.poor if is_bad else LinkState.open


def _add(window: Window, seen: Exchange) -> Window:
    rtt_known = seen.came and seen.rtt_ms != UNKNOWN
    is_bulk = seen.came and seen.size >= BULK_BYTES
    return Window(
        began_ms=window.began_ms if window.tries else seen.at_ms,
        tries=window.tries + 1,
        lost=window.lost + (not seen.came),
        rtts=window.rtts + rtt_known,
        rtt_ms=window.rtt_ms + seen.rtt_ms * rtt_known,
        bulk_bytes=window.bulk_bytes + seen.size * is_bulk,
        bulk_ms=window.bulk_ms + max(1, seen.taken_ms) * is_bulk,
        sent=window.sent + seen.sent,
        resent=window.resent + seen.resent,
    )


def _figures(window: Window, at_ms: int) -> Figures:
    resent = window.resent / window.sent if window.sent else 0.0
    return Figures(
        at_ms=at_ms,
        loss_percent=round(100 * min(1.0, max(window.lost / window.tries, resent))),
        latency_ms=window.rtt_ms // window.rtts if window.rtts else UNKNOWN,
        # Bits a millisecond are kbit a second.
        kbit=window.bulk_bytes * 8 // window.bulk_ms if window.bulk_ms else UNKNOWN,
    )
