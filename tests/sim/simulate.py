"""Runs of many seeds: what `paifang simulate` and the tests call."""

import gc
import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.sim.checks import violations
from tests.sim.fair import Run
from tests.sim.world import FAULTS, HOUR, START_MS


class Outcome(NamedTuple):
    """What became of one seed."""

    seed: int
    violations: tuple[str, ...]
    fired: Counter[str]
    figures: Counter[str]
    virtual_hours: float
    wall_s: float
    permissive: bool
    fate: str


def run_seed(seed: int) -> Outcome:
    """Live one seed through, and check what is left."""
    started = time.process_time()
    run = Run(seed)
    try:
        run.run()
        found = tuple(violations(run))
    finally:
        run.close()
    hours = (run.world.now_ms - START_MS) / HOUR
    world = run.world
    return Outcome(
        seed,
        found,
        world.fired,
        world.figures,
        hours,
        time.process_time() - started,
        run.plan.permissive,
        run.plan.fate,
    )


class Summary(NamedTuple):
    """Many runs together."""

    seeds: int
    failed: tuple[Outcome, ...]
    fired: Counter[str]
    figures: Counter[str]
    virtual_hours: float
    wall_s: float
    permissive: int
    fates: Counter[str]

    def silent(self) -> list[str]:
        """Return faults that never fired."""
        return [fault for fault in FAULTS if not self.fired[fault]]

    def lines(self) -> Iterator[str]:
        """Yield the report."""
        seconds = max(self.wall_s, 1e-9)
        yield (
            f"{self.seeds} seeds ({self.permissive} permissive), {self.virtual_hours:.0f} virtual"
            f" hours in {self.wall_s:.1f} s of one core: {self.figures['scans'] / seconds:.0f}"
            f" scans/s, {self.virtual_hours * 3600 / seconds:.0f} virtual hours per wall hour"
        )
        yield "faults: " + ", ".join(f"{fault} {self.fired[fault]}" for fault in FAULTS)
        yield "figures: " + ", ".join(f"{name} {n}" for name, n in sorted(self.figures.items()))
        for outcome in self.failed:
            for words in outcome.violations[:6]:
                yield f"seed {outcome.seed} at {commit()}: {words}"


def commit() -> str:
    """Return the commit this runs from, with a mark if something was changed since."""
    here = Path(__file__).parent
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown commit"


def run_seeds(
    seeds: int,
    start: int = 0,
    *,
    stop_at_first: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Run seeds one after the other."""
    failed: list[Outcome] = []
    fired: Counter[str] = Counter()
    figures: Counter[str] = Counter()
    fates: Counter[str] = Counter()
    hours = wall = 0.0
    done = permissive = 0
    for seed in range(start, start + seeds):
        outcome = run_seed(seed)
        done += 1
        fired += outcome.fired
        figures += outcome.figures
        fates[outcome.fate] += 1
        hours += outcome.virtual_hours
        wall += outcome.wall_s
        permissive += outcome.permissive
        if progress is not None:
            progress(done, seeds)
        if outcome.violations:
            failed.append(outcome)
            if stop_at_first:
                break
        gc.collect()
    return Summary(done, tuple(failed), fired, figures, hours, wall, permissive, fates)


__all__ = ["Outcome", "Summary", "commit", "os", "run_seed", "run_seeds"]
