"""Pairing a device, and what terminals tell of themselves."""

from typing import Final

import msgspec
from django.http import HttpRequest

from paifang.services.desk.pairing import pair, rules
from paifang.services.desk.terminal_status import keep_status
from paifang.services.live.bodies_terminals import (
    PairBody,
    PairedAnswer,
    StatusAnswer,
    StatusBody,
)
from paifang.services.live.callers import STATUS
from paifang.services.live.proof import public_key_of
from paifang.services.live.terminal_shown import terminal_shown
from paifang.web.desk.api.caller import api, body_of, caller_of, now_ms, rules_in_force
from paifang.web.desk.visitor import address_of

_pair: Final = msgspec.json.Decoder(PairBody)
_status: Final = msgspec.json.Decoder(StatusBody)


@api("POST")
def pair_terminal(request: HttpRequest) -> PairedAnswer:
    """Make the device that shows a manager's code a terminal."""
    body = body_of(request, _pair)
    key = public_key_of(body.key)
    terminal = pair(body.code, key, version=body.version, where=address_of(request))
    in_force = rules()
    return PairedAnswer(
        terminal=terminal_shown(in_force, terminal), node=in_force.node.node, now_ms=now_ms()
    )


@api("POST")
def terminal_status(request: HttpRequest) -> StatusAnswer:
    """Keep what a terminal tells of itself, and tell it what it is now."""
    caller = caller_of(request, STATUS)
    body = body_of(request, _status)
    told_ms = now_ms()
    keep_status(caller, body, told_ms)
    return StatusAnswer(now_ms=told_ms, terminal=terminal_shown(rules_in_force(), caller.terminal))
