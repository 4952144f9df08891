"""`GET /api/v1/stream`: server-sent events (WHATWG HTML, 9.2) of what happens at the gates."""

import asyncio
from typing import Final
from urllib.parse import parse_qs

from paifang.core import limits
from paifang.services.live.answers import rfc3339
from paifang.services.live.callers import STREAM
from paifang.services.live.news import News, read_cursors, write_cursors
from paifang.services.live.ports import Cursor
from paifang.services.live.problems import Problem
from paifang.web.live.http import Call, encode_json
from paifang.web.live.hub import Listener
from paifang.web.live.state import Live

SEND_S: Final = 30
"""How long a screen may take no bytes before it is given up; it resumes when it is back."""
_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


async def stream(live: Live, call: Call) -> None:
    """Send events until the caller leaves, falls behind or loses its right. Raises Problem."""
    rules = live.ledger.rules
    sites = live.caller(call, rules, STREAM).sites(rules)
    since = _since(call)
    listener = await live.hub.join(sites, since)
    live.counters.listeners = live.hub.listeners
    gone = asyncio.create_task(_wait_until_gone(call, listener))
    try:
        await call.send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        await _tell(live, call, listener)
    except (TimeoutError, OSError):
        pass  # the line is dead
    finally:
        gone.cancel()
        live.hub.leave(listener)
        live.counters.listeners = live.hub.listeners
    await call.send({"type": "http.response.body", "body": b"", "more_body": False})


def _since(call: Call) -> dict[int, Cursor] | None:
    """Return the positions a caller wants to resume from, None for from now on."""
    text = call.headers.get(b"last-event-id", b"").decode("latin-1")
    if not text:
        query = parse_qs(call.scope.get("query_string", b"").decode("latin-1"))
        text = query.get("last_event_id", [""])[0]
    return read_cursors(text) if text else None


async def _wait_until_gone(call: Call, listener: Listener) -> None:
    while (await call.receive())["type"] != "http.disconnect":
        pass
    listener.end()


async def _tell(live: Live, call: Call, listener: Listener) -> None:
    """Greet, tell what was missed, then what happens."""
    try:
        await _greet(live, call, listener)
        while (page := await live.hub.missed(listener)) is not None:
            for news in page:
                await _send(call, _admission(listener, news))
            if listener.ended:
                return
        checked_ms = live.now_ms()
        while not listener.ended:
            item = await listener.next(limits.STREAM_HEARTBEAT_S)
            if isinstance(item, News):
                await _send(call, _admission(listener, item))
            elif item is not None:
                await _send(call, _event(item.name, item.body))
            elif not listener.ended:
                live.hub.caught_up(listener)
                await _send(call, b": still here\n" + _id(listener) + b"\n")
            if abs(live.now_ms() - checked_ms) >= limits.STREAM_HEARTBEAT_S * 1000:
                checked_ms = live.now_ms()
                live.caller(call, live.ledger.rules, STREAM)
    except Problem:
        return  # withdrawn, expired, or the ledger is ill: what to do is told when it asks again


async def _greet(live: Live, call: Call, listener: Listener) -> None:
    hello = {"node": live.ledger.rules.node.node, "at": rfc3339(live.now_ms())}
    await _send(call, _id(listener) + _event(b"hello", encode_json(hello)))
    await _send(call, _event(b"occupancy", await live.hub.occupancy(listener.sites)))
    link = live.hub.link()
    if link is not None:
        await _send(call, _event(link.name, link.body))


def _admission(listener: Listener, news: News) -> bytes:
    listener.places[news.segment] = news.cursor
    return _id(listener) + _event(b"admission", news.body)


def _id(listener: Listener) -> bytes:
    return b"id: " + write_cursors(listener.places).encode() + b"\n"


def _event(name: bytes, body: bytes) -> bytes:
    return b"event: " + name + b"\ndata: " + body + b"\n\n"


async def _send(call: Call, part: bytes) -> None:
    async with asyncio.timeout(SEND_S):
        await call.send({"type": "http.response.body", "body": part, "more_body": True})
