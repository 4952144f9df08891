"""How the line to the centre is, as screens are told."""

import msgspec

from paifang.services.live.answers import rfc3339
from paifang.services.live.joined import Joined


class LinkNews(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the line is up, when it last was, how many rows wait there and since when.

    Times are empty where there is none; `error` is a stable word.
    """

    up: bool
    success_at: str
    backlog: int
    oldest_at: str
    error: str


def link_of(joined: Joined) -> LinkNews | None:
    """Return how the line is, None for a node that joined nobody."""
    if joined.centre() is None:
        return None
    line = joined.line()
    return LinkNews(
        up=line.up,
        success_at=rfc3339(line.success_ms) if line.success_ms else "",
        backlog=line.backlog,
        oldest_at=rfc3339(line.oldest_ms) if line.oldest_ms else "",
        error=line.error,
    )
