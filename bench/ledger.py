"""`ledger`: what an admission costs without HTTP, by the size of its batch.

Processor time of this process per admission (PostgreSQL's own processes not counted), tickets drawn
in a scattered order. The ratio is batch 1 to batch 64: what grouping saves.
"""

import random
import time
from typing import Any, Final

from bench import bare
from bench.report import emit, median, say
from bench.scale import Scale
from paifang.ledger.commands import Admit
from paifang.ledger.opening import Target
from paifang.ledger.writer import Port, collect

BATCHES: Final = (1, 8, 64, 256)
_ADMISSIONS: Final = {1: 500, 8: 2_000, 64: 4_096, 256: 4_096}


def run(scale: Scale) -> None:
    """Measure every engine."""
    for engine in scale.engines:
        with bare.target(engine) as target:
            emit_one(engine, target, scale)


def emit_one(engine: str, target: Target, scale: Scale) -> None:
    """Measure one engine and tell."""
    share = min(1.0, scale.tickets / 100_000)
    counts = {size: max(size, int(_ADMISSIONS[size] * share)) for size in BATCHES}
    tickets = max(int(share * 100_000), scale.rounds * sum(counts.values()))
    seen: dict[int, list[tuple[float, float]]] = {size: [] for size in BATCHES}
    with bare.writer(target) as writer:
        port = writer.port(collect)
        bare.issue(port, tickets)
        numbers = list(range(tickets))
        random.Random(7).shuffle(numbers)
        fresh = iter(numbers)
        for _ in range(scale.rounds):
            for size in BATCHES:
                commands = [bare.admit(next(fresh)) for _ in range(counts[size])]
                seen[size].append(_measure(port, commands, size))
    figures: dict[str, Any] = {"engine": engine, "tickets": tickets}
    for size in BATCHES:
        figures[f"cpu_us_{size}"] = median([cpu for cpu, _ in seen[size]]) * 1e6
        figures[f"us_{size}"] = median([wall for _, wall in seen[size]]) * 1e6
    emit("ledger", figures["cpu_us_1"] / figures["cpu_us_64"], figures)
    say(
        f"  {engine}: {figures['cpu_us_1']:.0f} µs of processor alone, "
        f"{figures['cpu_us_64']:.0f} in batches of 64"
    )


def _measure(port: Port, commands: list[Admit], size: int) -> tuple[float, float]:
    """Return processor and wall-clock seconds per admission."""
    cpu, started = time.process_time(), time.perf_counter()
    for start in range(0, len(commands), size):
        bare.commit(port, commands[start : start + size])
    cpu, wall = time.process_time() - cpu, time.perf_counter() - started
    return cpu / len(commands), wall / len(commands)
