"""One reader of the journal per process, whose news all open streams share.

It follows the journal rather than the commits of its own process, so that on PostgreSQL the screens
of one process show what another one decided, and a screen that was away resumes where it left off.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Protocol

from paifang.core import limits
from paifang.core.link import LinkState
from paifang.core.rules import Rules
from paifang.services.live.answers import rfc3339
from paifang.services.live.bodies import OccupancyAnswer
from paifang.services.live.link import LinkNews
from paifang.services.live.news import Journal, News, news_of, opened_segment
from paifang.services.live.ports import Cursor, ZoneCount
from paifang.services.live.problems import Problem
from paifang.services.live.zones import zones_shown
from paifang.web.live.http import encode_json

log = logging.getLogger(__name__)

POLL_S: Final = 0.3
"""How often the journal is looked at while somebody listens and nothing is heard of commits."""
GATHER_S: Final = 0.05
"""How long news gathers before it is read, so that a rush costs few reads."""


LINK_S: Final = 2.0
"""How often the state of the line to the centre is looked at while somebody listens."""


class Told(NamedTuple):
    """An event that stands nowhere in the journal: its name and its body."""

    name: bytes
    body: bytes


class Counted(Protocol):
    """Counts of all zones and when they were read."""

    @property
    def as_of_ms(self) -> int: ...
    @property
    def zones(self) -> tuple[ZoneCount, ...]: ...


class Listener:
    """One open stream: what waits to be sent, and how far it has come in the journal.

    `joined_at` is where the shared reader stood when it joined: rows up to there it reads itself,
    later ones come through the queue. `places` is what its last event id says.
    """

    def __init__(self, sites: frozenset[str], joined_at: dict[int, Cursor]) -> None:
        """Take the sites it may see and the reader's position."""
        self.sites = sites
        self.joined_at = joined_at
        self.places: dict[int, Cursor] = {}
        self.ended = False
        self._waiting: deque[News | Told] = deque()
        self._ready = asyncio.Event()

    def offer(self, item: News | Told) -> None:
        """Queue an admission's news, or another event.

        One that cannot keep up is ended: it resumes by its last event id and misses nothing.
        """
        if len(self._waiting) >= limits.STREAM_QUEUE_MAX:
            self.end()
        else:
            self._waiting.append(item)
            self._ready.set()

    def end(self) -> None:
        """Close the stream, whatever still waits."""
        self.ended = True
        self._ready.set()

    async def next(self, timeout_s: float) -> News | Told | None:
        """Return the next item, None if there was none for so long or the stream is ended."""
        if not self._waiting and not self.ended:
            self._ready.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._ready.wait()
            except TimeoutError:
                return None
        return self._waiting.popleft() if self._waiting and not self.ended else None


class Hub:
    """Reads the journal once and tells all listeners; idle while nobody listens."""

    def __init__(
        self,
        journal: Journal,
        counted: Callable[[], Awaitable[Counted]],
        recounted: Callable[[], Awaitable[Counted]],
        link: Callable[[], LinkNews | None],
    ) -> None:
        """Take the journal, the (cached) counts of zones, those after new rows, and the line."""
        self._journal = journal
        self._counted = counted
        self._recounted = recounted
        self._link = link
        self._link_at = 0.0
        self._link_told: LinkNews | None = None
        self._listeners: set[Listener] = set()
        self._at: dict[int, Cursor] = {}
        self._sites: dict[int, str] = {}
        self._task: asyncio.Task[None] | None = None
        self._joining = asyncio.Lock()
        self._wake = asyncio.Event()
        self._told: tuple[ZoneCount, ...] = ()

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return len(self._listeners)

    @property
    def reading(self) -> bool:
        """Whether the journal is being followed."""
        return self._task is not None

    @property
    def rules(self) -> Rules:
        """The newest rules known."""
        return self._journal.rules

    def notify(self) -> None:
        """Say that something was committed; on the loop's own thread, and nearly free."""
        if self._listeners:
            self._wake.set()

    async def join(self, sites: frozenset[str], since: dict[int, Cursor] | None) -> Listener:
        """Open a stream of some sites, from now on or from earlier positions.

        Raises:
            Problem: too_many_streams, or the ledger's faults.
        """
        async with self._joining:
            if len(self._listeners) >= limits.STREAM_SUBSCRIBERS_MAX:
                raise Problem("too_many_streams")
            if self._task is None:
                self._at, self._sites = await self._journal.places()
            listener = Listener(sites, dict(self._at))
            for segment in self._watched(listener):
                here = self._at[segment]
                listener.places[segment] = min(since.get(segment, (0, 0)), here) if since else here
            self._listeners.add(listener)
            # Whoever comes does not know yet how the line is.
            self._link_told = None
            if self._task is None:
                self._task = asyncio.create_task(self._run())
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a stream."""
        listener.ended = True
        self._listeners.discard(listener)

    def close(self) -> None:
        """End all streams, because the process stops."""
        for listener in self._listeners:
            listener.end()

    async def missed(self, listener: Listener) -> list[News] | None:
        """Return the next page of what a listener missed before it joined, None if that is all.

        Pages may be empty, as most rows of a journal are not news. Raises Problem.
        """
        behind = [n for n, at in listener.places.items() if at < listener.joined_at.get(n, (0, 0))]
        if not behind:
            return None
        rows = await self._journal.rows_after({**listener.joined_at, **listener.places})
        page = []
        for row in rows:
            cursor = (row.epoch, row.seq)
            if cursor > listener.joined_at.get(row.segment, (0, 0)):
                continue
            listener.places[row.segment] = cursor
            news = news_of(row, self.rules)
            if news is not None and news.site in listener.sites:
                page.append(news)
        if not any(row.segment in behind for row in rows):
            for segment in behind:  # the journal is shorter than it was: it was restored
                listener.places[segment] = listener.joined_at[segment]
        return page

    def caught_up(self, listener: Listener) -> None:
        """Move a listener that was sent everything to where the reader stands."""
        for segment in self._watched(listener):
            listener.places[segment] = self._at[segment]

    async def occupancy(self, sites: frozenset[str]) -> bytes:
        """Return an occupancy event's body for some sites. Raises Problem."""
        return self._occupancy_of(await self._counted(), sites)

    def _occupancy_of(self, counted: Counted, sites: frozenset[str]) -> bytes:
        return encode_json(
            OccupancyAnswer(
                as_of=rfc3339(counted.as_of_ms),
                age_ms=0,
                zones=zones_shown(counted.zones, self.rules, sites),
            )
        )

    def _watched(self, listener: Listener) -> list[int]:
        """Return the segments that may hold news for a listener; the node's own has no site."""
        return [n for n in self._at if not (site := self._sites.get(n)) or site in listener.sites]

    async def _run(self) -> None:
        """Read and tell until nobody listens."""
        quiet_s = 0.0
        try:
            while self._listeners:
                heard = await self._tick()
                quiet_s = 0.0 if heard else quiet_s + POLL_S
                # The counts also change with the day, without any row.
                if heard or quiet_s >= limits.STREAM_HEARTBEAT_S:
                    quiet_s = 0.0
                    await self._tell_occupancy()
                self._tell_link()
        except Problem:
            # The ledger cannot be read now: end all streams; they come back by themselves.
            log.warning("the stream cannot read the journal")
            self.close()
        finally:
            self._task = None

    async def _tick(self) -> bool:
        """Wait for news and tell it. Returns whether there was any."""
        try:
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()
            await asyncio.sleep(GATHER_S)
        except TimeoutError:
            pass
        self._wake.clear()
        heard = False
        while rows := await self._journal.rows_after(self._at):
            heard = True
            for row in rows:
                opened = opened_segment(row)
                if opened is not None:
                    self._at.setdefault(opened[0], (0, 0))
                    self._sites[opened[0]] = opened[1]
                self._at[row.segment] = (row.epoch, row.seq)
                news = news_of(row, self.rules)
                if news is not None:
                    self._offer(news)
        return heard

    def _offer(self, news: News) -> None:
        for listener in self._listeners:
            if news.site in listener.sites:
                listener.offer(news)

    def link(self) -> Told | None:
        """Return the event that says how the line to the centre is, None without a centre."""
        found = self._link()
        return Told(b"link", encode_json(found)) if found is not None else None

    def _tell_link(self) -> None:
        """Tell how the line is if that changed."""
        if time.monotonic() < self._link_at:
            return
        self._link_at = time.monotonic() + LINK_S
        found = self._link()
        if found is None or _apart_from_time(found) == _apart_from_time(self._link_told):
            return
        self._link_told = found
        for listener in self._listeners:
            listener.offer(Told(b"link", encode_json(found)))

    async def _tell_occupancy(self) -> None:
        """Tell the counts if they changed; each set of sites is written once."""
        counted = await self._recounted()
        if counted.zones == self._told:
            return
        self._told = counted.zones
        bodies: dict[frozenset[str], bytes] = {}
        for listener in self._listeners:
            if listener.sites not in bodies:
                bodies[listener.sites] = self._occupancy_of(counted, listener.sites)
            listener.offer(Told(b"occupancy", bodies[listener.sites]))


def _apart_from_time(link: LinkNews | None) -> tuple[bool, int, str, str, str] | None:
    """Return what of a line's state is worth telling anew: that it went well again is not."""
    if link is None:
        return None
    # Of a line that is good its figures are not news.
    measured = "" if link.up and link.state is LinkState.open else link.measured_at
    return (link.up, link.backlog, link.error, link.state, measured)
