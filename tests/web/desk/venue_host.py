"""A machine that joins a centre and is nothing but its keys, for tests of the desk's pages."""

from typing import Final

import msgspec

from paifang.services.desk import nodes
from paifang.services.live.bodies_sync import JoinBody
from paifang.services.live.keys import Keys, Secrets
from tests.desk_makers import BOSS

NODE: Final = "0190a000-0000-4000-8000-0000000000aa"
HALL: Final = Keys(Secrets("11" * 32, "22" * 32, NODE))


def let_join(name: str = "hall-3") -> None:
    """Let it join by a request that was carried here."""
    body = JoinBody(
        code="",
        node=HALL.node,
        public_key=HALL.public_key,
        exchange_key=HALL.exchange_key,
        signature="0" * 128,
    )
    body = msgspec.structs.replace(body, signature=HALL.sign(body.signed()).hex())
    nodes.accept(body, name, by=BOSS)
