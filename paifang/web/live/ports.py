"""What the runtime hands the live process in, and how ASGI's parts are called here."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from paifang.services.live.callers import Caller
from paifang.services.live.keys import Keys
from paifang.services.live.lanes import LaneDown, LaneUp
from paifang.services.live.link import LinkNews
from paifang.services.live.ports import LiveLedger
from paifang.services.live.sync_centre import Part

T = TypeVar("T")
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class RunBlocking(Protocol):
    """Runs slow work (hashing a PIN) off the event loop; `asyncio.to_thread` is one."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Return what `work` returns."""


class Check(NamedTuple):
    """One thing that must be well before this process may serve, in a word and a sentence."""

    name: str
    ok: bool
    detail: str = ""


class Readiness(NamedTuple):
    """Whether this process may be sent requests, and what was looked at."""

    checks: tuple[Check, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether all is well."""
        return all(check.ok for check in self.checks)


class SyncPort(Protocol):
    """A centre's side towards venue hosts. Each method raises Problem."""

    def require(self, header: str, path: str, about: str) -> str:
        """Return the name of the node that signed a request's header; cheap."""

    async def answer(self, node: str, data: bytes) -> bytes:
        """Return what a node is answered to a sealed document, sealed."""

    async def part(self, node: str, lease: str, range_: str) -> Part:
        """Return which part of which file holds a lease's snapshot for its lessee."""


class LanePort(Protocol):
    """What answers lane agents."""

    async def answer(self, up: LaneUp, caller: Caller) -> LaneDown:
        """Return what a gate is answered. Raises Problem."""


class WriterFigures(NamedTuple):
    """The writer's plain counters since start, read at scrape."""

    queue_depth: int = 0
    batches: int = 0
    commands: int = 0
    commit_seconds: float = 0.0
    last_commit_ms: float = 0.0


def _no_link() -> LinkNews | None:
    return None


@dataclass(frozen=True, slots=True)
class LivePorts:
    """Everything the live application needs from outside.

    Attributes:
        ledger: Where decisions are made and kept.
        keys: The node's secrets.
        forward: An ASGI callable for every path that is not the live process's own.
        readiness: Says whether requests may come; cheap, called at each probe.
        run_blocking: Runs a function in a thread.
        now_ms: The clock, UTC milliseconds.
        writer: The writer's figures for /metrics.
        link: How the line to the centre is; None at a node that joined nobody.
        sync: Answers venue hosts; None where nobody may join.
        lanes: Answers lane agents; None where there are none.
        bench: Whether the null endpoint exists (benchmarks only).
    """

    ledger: LiveLedger
    keys: Keys
    forward: ASGIApp
    readiness: Callable[[], Readiness]
    run_blocking: RunBlocking
    now_ms: Callable[[], int]
    writer: Callable[[], WriterFigures] = field(default=WriterFigures)
    link: Callable[[], LinkNews | None] = field(default=_no_link)
    sync: SyncPort | None = None
    lanes: LanePort | None = None
    bench: bool = False
