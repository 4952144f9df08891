"""Venue hosts that join."""

from typing import Final

import msgspec
from django.http import HttpRequest

from paifang.services.desk.nodes import join
from paifang.services.live.bodies_sync import JoinBody, JoinedAnswer
from paifang.web.desk.api.caller import api, body_of
from paifang.web.desk.visitor import address_of

_join: Final = msgspec.json.Decoder(JoinBody)


@api("POST")
def join_centre(request: HttpRequest) -> JoinedAnswer:
    """Make the machine that shows a manager's code a venue host."""
    return join(body_of(request, _join), where=address_of(request))
