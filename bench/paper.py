"""`paper`: a thousand tickets as one PDF, against bare typst setting the same lines with no code.

Ours is all a print's job does for a file: rows of the store, codes unsealed, rules read, lines
broken, codes drawn, every text measured and fitted by typst in a process of its own, the file kept,
the tickets marked as printed. The bare side is a process that starts typst with the same fonts and
puts the same texts where they belong, at a given size: nothing is measured, no code is drawn.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.report import emit, median, say
from bench.scale import Scale
from bench.stage import ROOT, Stage, staged

TICKETS: Final = 1_000


class Drawn(NamedTuple):
    """One run: seconds on the clock and of processors."""

    elapsed_s: float
    cpu_s: float


def run(scale: Scale) -> None:
    """Measure on SQLite: the database has little part in it."""
    tickets = min(TICKETS, scale.rows)
    ours, bare = [], []
    told: dict[str, Any] = {}
    with staged("sqlite", tickets) as stage:
        lines = stage.data / "lines.json"
        for _ in range(scale.rounds):
            told = _print(stage, lines)
            ours.append(Drawn(told["elapsed_s"], told["cpu_s"]))
            bare.append(_bare(lines))
    ratio = median([one.cpu_s / other.cpu_s for one, other in zip(ours, bare, strict=True)])
    elapsed_s = median([one.elapsed_s for one in ours])
    figures: dict[str, Any] = {
        "tickets": tickets,
        "tickets_per_s": tickets / elapsed_s,
        "bare_tickets_per_s": tickets / median([one.elapsed_s for one in bare]),
        "cpu_ms": median([one.cpu_s for one in ours]) * 1_000 / tickets,
        "bare_cpu_ms": median([one.cpu_s for one in bare]) * 1_000 / tickets,
        "drawing_mb": told["drawing_mb"],
        "pdf_kb": told["pdf_kb"],
    }
    emit("paper", ratio, figures)
    say(
        f"  {figures['tickets_per_s']:,.0f} tickets/s, {ratio:.1f} × bare typst's processor time, "
        f"{figures['drawing_mb']:.0f} MB while it draws"
    )


def _print(stage: Stage, lines: Path) -> dict[str, Any]:
    done = _run(["bench.printing", str(stage.data), stage.told["event"], str(lines)], stage)
    told: dict[str, Any] = json.loads(done.splitlines()[-1])
    return told


def _bare(lines: Path) -> Drawn:
    before, started = _children_s(), time.perf_counter()
    _run(["bench.bare_typst", str(lines)])
    return Drawn(time.perf_counter() - started, _children_s() - before)


def _run(words: list[str], stage: Stage | None = None) -> str:
    environment = {**os.environ, **(stage.environment if stage else {})}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
