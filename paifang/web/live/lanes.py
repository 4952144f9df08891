"""The endpoint for lane agents: what a gate asks, tells and has kept, in one message each way."""

from typing import Final

from paifang.core import limits
from paifang.services.live.callers import LANE
from paifang.services.live.lanes import opened, packed
from paifang.services.live.problems import Problem
from paifang.web.live.http import OCTETS, Call, Header, Reply, read_octets
from paifang.web.live.state import Live

LANES: Final = "/api/v1/lane"
_HEADERS: Final[tuple[Header, ...]] = (
    (b"content-type", OCTETS),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


async def lane(live: Live, call: Call) -> Reply:
    """Decide what a gate asks, and take in what it has kept."""
    caller = live.caller(call, live.ledger.rules, LANE)
    if live.ports.lanes is None:
        raise Problem("not_found")
    up = opened(await read_octets(call, limits.LANE_BODY_BYTES_MAX), caller)
    return Reply(200, _HEADERS, packed(await live.ports.lanes.answer(up, caller)))
