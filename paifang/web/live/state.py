"""What the live process keeps in memory: who may ask, counts, limits. Nothing about tickets."""

import asyncio
from typing import Final, NamedTuple

from paifang.core import limits
from paifang.core.reasons import Reason
from paifang.core.rules import Rules, Staff
from paifang.services.live.admission import supervisor_of
from paifang.services.live.callers import Caller, Callers, require
from paifang.services.live.news import Journal
from paifang.services.live.pins import PinTries, check_pin
from paifang.services.live.ports import ZoneCount
from paifang.services.live.problems import Problem
from paifang.services.live.readings import CodeReader
from paifang.services.live.zones import zone_counts
from paifang.web.live.counters import Counters
from paifang.web.live.http import Call
from paifang.web.live.hub import Hub
from paifang.web.live.newest import Newest
from paifang.web.live.ports import LivePorts

KIOSK_MISSES_MAX: Final = 10
KIOSK_MISS_MS: Final = 6_000
PIN_CHECKS_AT_ONCE_MAX: Final = 2
MISSES: Final = frozenset({Reason.unknown, Reason.forged, Reason.malformed})


class Counted(NamedTuple):
    """Counts of all zones and when they were read, UTC ms."""

    as_of_ms: int
    zones: tuple[ZoneCount, ...]


class Live:
    """The live process's own state, shared by its endpoints; one event loop."""

    def __init__(self, ports: LivePorts) -> None:
        """Take what the runtime hands in."""
        self.ports = ports
        self.ledger = ports.ledger
        self.now_ms = ports.now_ms
        self.reader = CodeReader(ports.keys)
        self.counters = Counters()
        self.misses = Misses()
        self.hub = Hub(Journal(ports.ledger), self.counted, self.recounted, ports.link)
        self.callers = Callers(ports.keys)
        self.newest = Newest(ports.ledger)
        self.tries = PinTries()
        self._pin_turns = asyncio.Semaphore(PIN_CHECKS_AT_ONCE_MAX)
        self._counted: Counted | None = None
        self._counting = asyncio.Lock()

    def caller(self, call: Call, rules: Rules, right: str) -> Caller:
        """Return who asks. Raises Problem if that is nobody, or nobody who may do this."""
        authorization = call.headers.get(b"authorization", b"")
        caller = self.callers.caller(rules, authorization, self.now_ms())
        require(caller, right)
        return caller

    async def counted(self) -> Counted:
        """Return the counts of all zones, at most `OCCUPANCY_AGE_MS_MAX` old. Raises Problem."""
        async with self._counting:
            known, now_ms = self._counted, self.now_ms()
            if known is None or not 0 <= now_ms - known.as_of_ms <= limits.OCCUPANCY_AGE_MS_MAX:
                known = await self._count()
            return known

    async def recounted(self) -> Counted:
        """Return the counts as they are after what was just committed. Raises Problem.

        Whoever has heard of an entry must not be told the figures of before it.
        """
        async with self._counting:
            return await self._count()

    async def _count(self) -> Counted:
        self._counted = Counted(self.now_ms(), await zone_counts(self.ledger))
        return self._counted

    async def supervisor(self, rules: Rules, caller: Caller, username: str, pin: str) -> Staff:
        """Return the supervisor who signs with a PIN at a terminal.

        Raises:
            Problem: too_many_tries, pin_wrong, or not_supervisor once the PIN was right.
        """
        await self.staff_by_pin(rules, caller.terminal.id, username, pin)
        return supervisor_of(rules, username)

    async def staff_by_pin(self, rules: Rules, terminal: str, username: str, pin: str) -> Staff:
        """Return the member of staff whose PIN this is, checked off the event loop.

        Raises:
            Problem: too_many_tries or pin_wrong.
        """
        self.tries.take(terminal, username, self.now_ms())
        staff = rules.node.staff.get(username)
        async with self._pin_turns:
            right = await self.ports.run_blocking(lambda: check_pin(pin, staff))
        if not right or staff is None:
            raise Problem("pin_wrong", "pin")
        self.tries.succeeded(terminal, username)
        return staff


class Misses:
    """Limits how many unknown codes an unstaffed kiosk may show; staffed gates are never limited.

    A bucket per terminal holds `KIOSK_MISSES_MAX` misses and gains one each `KIOSK_MISS_MS`.
    """

    def __init__(self) -> None:
        """Start with full buckets."""
        self._spent_until_ms: dict[str, int] = {}

    def require_room(self, terminal: str, now_ms: int) -> None:
        """Refuse a kiosk that has missed too often. Raises Problem too_many_misses."""
        over_ms = self._spent_until_ms.get(terminal, 0) - now_ms
        over_ms -= (KIOSK_MISSES_MAX - 1) * KIOSK_MISS_MS
        if over_ms > 0:
            raise Problem("too_many_misses", retry_after_s=-(-over_ms // 1000))

    def count(self, terminal: str, now_ms: int) -> None:
        """Count a miss."""
        spent_ms = max(self._spent_until_ms.get(terminal, 0), now_ms)
        self._spent_until_ms[terminal] = spent_ms + KIOSK_MISS_MS
