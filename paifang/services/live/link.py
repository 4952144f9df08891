"""How the line to the centre is, as screens are told."""

import msgspec

from paifang.core.link import UNKNOWN, LinkState
from paifang.services.live.answers import rfc3339
from paifang.services.live.joined import Joined


class LinkNews(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the line is up, when it last was, how many rows wait there and since when.

    Times are empty where there is none; `error` is a stable word. `state` is `open`, `poor` or
    `down`; the figures are those of `measured_at`, -1 for what was not seen.
    """

    up: bool
    success_at: str
    backlog: int
    oldest_at: str
    error: str
    state: LinkState = LinkState.open
    loss_percent: int = UNKNOWN
    latency_ms: int = UNKNOWN
    kbit: int = UNKNOWN
    measured_at: str = ""


def link_of(joined: Joined) -> LinkNews | None:
    """Return how the line is, None for a node that joined nobody."""
    if joined.centre() is None:
        return None
    line = joined.line()
    figures = line.watch.figures
    return LinkNews(
        up=line.up,
        success_at=rfc3339(line.success_ms) if line.success_ms else "",
        backlog=line.backlog,
        oldest_at=rfc3339(line.oldest_ms) if line.oldest_ms else "",
        error=line.error,
        state=line.watch.state,
        loss_percent=figures.loss_percent,
        latency_ms=figures.latency_ms,
        kbit=figures.kbit,
        measured_at=rfc3339(figures.at_ms) if figures.at_ms else "",
    )
