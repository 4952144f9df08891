"""How results are told: one line of JSON each on stdout, words for people on stderr."""

import json
import math
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple


class Reach(NamedTuple):
    """A goal: a figure's name, how it must compare (`<=` or `>=`), and with what."""

    figure: str
    sign: str
    bound: float

    def met(self, value: float) -> bool:
        """Whether a value reaches the goal."""
        return value <= self.bound if self.sign == "<=" else value >= self.bound


def emit(bench: str, ratio: float, figures: Mapping[str, Any], reach: Iterable[Reach] = ()) -> None:
    """Print one result; `reach` names the goals, and whether each was met."""
    goals = {
        f"{goal.figure} {goal.sign} {goal.bound:g}": goal.met(figures[goal.figure])
        for goal in reach
    }
    line: dict[str, Any] = {"bench": bench, "ratio": tidy(ratio)}
    line |= {name: tidy(value) for name, value in figures.items()}
    if goals:
        line |= {"reach": goals, "met": all(goals.values())}
    print(json.dumps(line, ensure_ascii=False), flush=True)
    for goal, met in goals.items():
        say(f"  {'reached' if met else 'MISSED '}  {goal}")


def say(text: str) -> None:
    """Tell a person how far it is."""
    print(text, file=sys.stderr, flush=True)


def tidy(value: object) -> object:
    """Return a figure with four significant digits, anything else as it is."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return float(statistics.median(values))


def percentile(ascending: Sequence[float], percent: float) -> float:
    """Return a percentile of ascending values (nearest rank)."""
    place = math.ceil(percent / 100 * len(ascending)) - 1
    return ascending[min(max(place, 0), len(ascending) - 1)]
