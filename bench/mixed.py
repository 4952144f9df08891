"""`mixed`: what the gate's slowest scans wait while the desk is busy, against a desk at rest.

The whole server runs. Eight gates scan by the clock at a rate a large venue has at its busiest
minute; then the same while eight clients of the desk ask for page after page without a pause.
"""

import re
import urllib.request
from typing import Any, Final

from bench.admit import ADMISSIONS
from bench.client import Clients, Seen
from bench.load import Spec
from bench.report import Reach, emit, median, say
from bench.scale import Scale
from bench.servers import Server, paifang, signed_in
from bench.stage import Stage, staged
from bench.wire import Pages

GATES: Final = 8
SCANS_PER_S: Final = 100
DESKS: Final = 8
_LISTS_MAX: Final = 3
_REPAIR: Final = "/desk/repair/"
_REACH: Final = (Reach("p99_busy_to_idle", "<=", 3),)


def run(scale: Scale) -> None:
    """Measure every engine."""
    seconds = max(0.5, scale.load_s / (2 * scale.rounds))
    for engine in scale.engines:
        with staged(engine, scale.tickets) as stage, paifang(stage) as server:
            pages = _pages(server, signed_in(server, stage))
            idle: list[Seen] = []
            busy: list[Seen] = []
            desk: list[Seen] = []
            _scan(server, stage, min(1.0, seconds), None)
            for _ in range(scale.rounds):
                idle += _scan(server, stage, seconds, None)
                gates, pages_seen = _scan(server, stage, seconds, pages)
                busy.append(gates)
                desk.append(pages_seen)
            _tell(engine, idle, busy, desk)


def _pages(server: Server, cookie: str) -> Pages:
    """Return what the desk's clients look at: the start page, and what is repaired by hand."""
    index = urllib.request.Request(server.url(_REPAIR), headers={"Cookie": cookie})
    with urllib.request.urlopen(index, timeout=10) as answer:
        lists = re.findall(rf'href="({_REPAIR}store/\w+/)"', answer.read().decode())
    return Pages(("/", _REPAIR, *sorted(set(lists))[:_LISTS_MAX]), cookie)


def _scan(server: Server, stage: Stage, seconds: float, pages: Pages | None) -> list[Seen]:
    """Scan by the clock, with or without the desk's clients; return what each kind saw."""
    plans = stage.scans(ADMISSIONS, seconds, rate=SCANS_PER_S + 1 / seconds)
    kinds = [Clients([Spec(server.port, GATES, seconds, plans[0], rate=SCANS_PER_S)])]
    if pages is not None:
        kinds.append(Clients([Spec(server.port, DESKS, seconds, pages)]))
    for kind in kinds:
        kind.go()
    seen = [kind.seen() for kind in kinds]
    for one in seen:
        one.require_good()
    stage.spend(plans, seen[0].answered_most)
    return seen


def _tell(engine: str, idle: list[Seen], busy: list[Seen], desk: list[Seen]) -> None:
    pairs = list(zip(idle, busy, strict=True))
    ratio = median([b.ms(99) / a.ms(99) for a, b in pairs])
    figures: dict[str, Any] = {
        "engine": engine,
        "p99_busy_to_idle": ratio,
        "scans_per_s": SCANS_PER_S,
        "pages_per_s": median([one.rate for one in desk]),
        "page_p50_ms": median([one.ms(50) for one in desk]),
    }
    for name, seen in (("idle", idle), ("busy", busy)):
        for percent in (50, 99, 99.9):
            label = f"p{percent}".replace(".", "")
            figures[f"{name}_{label}_ms"] = median([one.ms(percent) for one in seen])
    emit("mixed", ratio, figures, _REACH)
    say(
        f"  {engine}: p99 {figures['idle_p99_ms']:.1f} ms, with a busy desk "
        f"{figures['busy_p99_ms']:.1f} ms ({figures['pages_per_s']:.0f} pages/s)"
    )
