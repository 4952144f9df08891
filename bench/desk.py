"""`desk`: what a page of tickets costs among a million of them, against a view that does nothing.

The pages are asked for in one process through the whole of Django, sign-in and middleware included;
processor time of that process and of PostgreSQL is divided by the pages. Flat means that a page
costs the same as among 10,000 tickets.
"""

import json
import os
import subprocess
import sys
from typing import Any, Final

from bench.report import Reach, emit, say
from bench.scale import Scale
from bench.stage import ROOT, staged

SMALL: Final = 10_000
_REACH: Final = (Reach("worst_to_null", "<=", 60), Reach("worst_growth", "<=", 2))


def run(scale: Scale) -> None:
    """Measure every engine, among few tickets and among many."""
    for engine in scale.engines:
        few = _measured(engine, min(SMALL, scale.tickets // 2), scale)
        many = _measured(engine, scale.tickets, scale)
        _tell(engine, (min(SMALL, scale.tickets // 2), scale.tickets), few, many)


def _measured(engine: str, tickets: int, scale: Scale) -> dict[str, float]:
    """Return the processor milliseconds of each page by its name."""
    with staged(engine, tickets) as stage:
        server = str(stage.postgres.pid) if stage.postgres else "0"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "bench.desk_pages", str(stage.data), str(stage.codes)),
                *(str(tickets), server, str(scale.rounds), str(scale.point_s)),
            ],
            env={**os.environ, **stage.environment},
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
        )
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _tell(
    engine: str, tickets: tuple[int, int], few: dict[str, float], many: dict[str, float]
) -> None:
    null = many.pop("null")
    figures: dict[str, Any] = {"engine": engine, "tickets": tickets[1], "null_ms": null}
    for name, cost in many.items():
        figures[f"{name}_ms"] = cost
        figures[f"{name}_growth"] = cost / few[name]
    figures["worst_to_null"] = max(many.values()) / null
    figures["worst_growth"] = max(cost / few[name] for name, cost in many.items())
    emit("desk", figures["worst_to_null"], figures, _REACH)
    for name, cost in many.items():
        say(
            f"  {engine}: {name} {cost:.1f} ms, {cost / null:.0f} × null, "
            f"{cost / few[name]:.2f} × the same among {tickets[0]:,} tickets"
        )
