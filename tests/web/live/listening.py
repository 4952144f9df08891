"""A screen that listens to the stream, without sockets."""

import asyncio
import json
from typing import Any, NamedTuple

from paifang.web.live.ports import Message
from tests.web.live.venue import TOKEN_OF, Venue, http_scope

PATIENCE_S = 20


class Event(NamedTuple):
    """One server-sent event, or a comment, as it came."""

    name: str
    id: str
    data: Any


class Screen:
    """Opens the stream as a terminal and reads events one by one.

    `slow` screens take nothing off the line until they are told to.
    """

    def __init__(
        self, venue: Venue, terminal: str = "monitor-1", last_id: str = "", *, slow: bool = False
    ) -> None:
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._hung_up = asyncio.Event()
        self._reads = asyncio.Event()
        if not slow:
            self._reads.set()
        headers = {"authorization": f"Bearer {TOKEN_OF[terminal]}"}
        if last_id:
            headers["last-event-id"] = last_id
        scope = http_scope("GET", "/api/v1/stream", "", headers)
        self.task = asyncio.ensure_future(venue.app(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        await self._hung_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self._reads.wait()
        await self._sent.put(message)

    def read_on(self) -> None:
        """Take what comes from now on."""
        self._reads.set()

    async def status(self) -> int:
        """Return the status of the answer."""
        async with asyncio.timeout(PATIENCE_S):
            found: int = (await self._sent.get())["status"]
            return found

    async def event(self, name: str = "") -> Event:
        """Return the next event, or the next of a name."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self._sent.get()
                if message["type"] == "http.response.start":
                    continue
                if not message["more_body"]:
                    raise EOFError
                event = _parsed(message["body"].decode())
                if not name or event.name == name:
                    return event

    async def rest(self) -> list[Event]:
        """Return everything up to the stream's end."""
        found = []
        try:
            while True:
                found.append(await self.event())
        except EOFError:
            return found

    async def hang_up(self) -> None:
        """Leave, and wait until the other side has noticed."""
        self._hung_up.set()
        async with asyncio.timeout(PATIENCE_S):
            await self.task


def _parsed(text: str) -> Event:
    assert text.endswith("\n\n")
    fields: dict[str, str] = {}
    for line in text.strip("\n").split("\n"):
        name, _, value = line.partition(": ")
        fields[name or "comment"] = value
    data = json.loads(fields["data"]) if "data" in fields else None
    return Event(fields.get("event", "comment"), fields.get("id", ""), data)
