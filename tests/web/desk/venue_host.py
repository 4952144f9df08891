"""A machine that joins a centre and is nothing but its keys, for tests of the desk's pages."""

import re
import time
from typing import Any, Final

import msgspec
from django.test import Client

from paifang.ledger.lease_commands import HearPeer
from paifang.services.desk import nodes
from paifang.services.desk.context import DeskContext
from paifang.services.live.bodies_sync import JoinBody
from paifang.services.live.keys import Keys, Secrets
from tests.desk_makers import BOSS, commit

NODE: Final = "0190a000-0000-4000-8000-0000000000aa"
PASSWORD: Final = "tea-leaf-42"
HALL: Final = Keys(Secrets("11" * 32, "22" * 32, NODE))


def let_join(name: str = "hall-3", keys: Keys = HALL) -> None:
    """Let it join by a request that was carried here."""
    body = JoinBody(
        code="",
        node=keys.node,
        public_key=keys.public_key,
        exchange_key=keys.exchange_key,
        signature="0" * 128,
    )
    body = msgspec.structs.replace(body, signature=keys.sign(body.signed()).hex())
    nodes.accept(body, name, by=BOSS)


def signed_in(username: str = "eve", language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language, "X-Forwarded-For": "10.0.0.9"})
    client.post("/sign-in/", {"username": username, "password": PASSWORD})
    return client


def told(page: str) -> str:
    """What a person reads on a page."""
    text = re.sub(r"<(script|svg|title).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def hear(desk: DeskContext, nonce: int, last: int = 0, **told: Any) -> None:
    """Let the centre hear of the host: its message, and the last one that was answered."""
    commit(
        desk,
        HearPeer(
            node=NODE,
            boot=1,
            nonce=bytes([nonce]) * 16,
            last=bytes([last]) * 16 * bool(last),
            **told,
        ),
    )
