"""`admit`: durable admissions over HTTP against the null endpoint, a plain ORM view and the disk.

The server that decides is measured (`paifang serve --only live`): token, bundle, rules, counters,
journal and chain are on, each scan shows a fresh ticket, no answer comes before its COMMIT. Sides
take turns, medians are told; a turn's ratio is made of neighbours in time.
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.client import Clients, Seen
from bench.flush import flush_rate
from bench.load import Spec
from bench.report import Reach, emit, median, say
from bench.scale import Scale
from bench.servers import Server, orm_site, paifang
from bench.stage import CACHE, RATE_MAX, Stage, staged

ADMISSIONS: Final = "/api/v1/admissions"
NULL: Final = "/api/v1/null"
ORM: Final = "/admit"
BARE: Final = "/mark"
SIDES: Final = ("null", "admit", "orm", "bare")
WARM_S: Final = 1.0
_ONE_PROCESS_MAX: Final = 8
_AT_64: Final = (
    Reach("cpu_to_null", "<=", 4),
    Reach("cpu_to_orm", "<=", 0.1),
    Reach("rate_to_null", ">=", 0.2),
    Reach("p99_to_p50", "<=", 4),
)
_ALONE: Final = (Reach("p50_to_floor", "<=", 3),)


class Side(NamedTuple):
    """One of the things compared: where its scans go, and how its database server is charged.

    `is_final` says whether a scan uses its ticket up, `rate_max` how many a second there can be.
    """

    name: str
    server: Server
    path: str
    rate_max: float
    database_cpu_s: Callable[[], float]
    is_final: bool = True


class Point(NamedTuple):
    """One side measured once."""

    seen: Seen
    cpu_s: float
    database_cpu_s: float

    @property
    def cpu_us(self) -> float:
        """Processor time of the server's processes per request, µs."""
        return self.cpu_s / self.seen.answered * 1e6

    @property
    def database_us(self) -> float:
        """The same of the database server's own processes."""
        return self.database_cpu_s / self.seen.answered * 1e6


def run(scale: Scale) -> None:
    """Measure every engine."""
    for engine in scale.engines:
        with staged(engine, scale.tickets) as stage:
            _compare(engine, stage, scale)


def _compare(engine: str, stage: Stage, scale: Scale) -> None:
    with ExitStack() as stack:
        ours = stack.enter_context(paifang(stage, "--only", "live"))
        other = stack.enter_context(orm_site(stage, _orm_database(stage, stack)))
        charged = stage.postgres.cpu_s if stage.postgres else lambda: 0.0
        sides = (
            Side("null", ours, NULL, 40_000, lambda: 0.0, is_final=False),
            Side("admit", ours, ADMISSIONS, RATE_MAX, charged),
            Side("orm", other, ORM, RATE_MAX, charged),
            Side("bare", other, BARE, RATE_MAX, charged),
        )
        for side in sides:
            measure(stage, side, 8, min(WARM_S, scale.point_s))
        for connections in scale.connections:
            turns = []
            for _ in range(scale.rounds):
                flushes = flush_rate(CACHE)
                points = {s.name: measure(stage, s, connections, scale.point_s) for s in sides}
                turns.append((points, flushes))
            _tell(engine, stage, connections, turns)


def _orm_database(stage: Stage, stack: ExitStack) -> str:
    """Return an empty database for the comparison, removed at the end."""
    if stage.postgres is None:
        path = stage.data / "orm.db"
        stack.callback(_remove, path)
        return str(path)
    return stage.postgres.copy("template1", "orm_site")


def _remove(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def measure(stage: Stage, side: Side, connections: int, seconds: float) -> Point:
    """Load one side. Raises RuntimeError if an answer was not what it should be."""
    share = 1 if connections <= _ONE_PROCESS_MAX else 2
    plans = stage.scans(side.path, seconds, clients=share, rate=side.rate_max)
    clients = Clients(Spec(side.server.port, connections // share, seconds, plan) for plan in plans)
    cpu, database = side.server.cpu_s(), side.database_cpu_s()
    clients.go()
    seen = clients.seen()
    point = Point(seen, side.server.cpu_s() - cpu, side.database_cpu_s() - database)
    seen.require_good()
    if side.is_final:
        stage.spend(plans, seen.answered_most)
    return point


def _tell(
    engine: str, stage: Stage, connections: int, turns: list[tuple[dict[str, Point], float]]
) -> None:
    """Print one number of connections: figures of each side, and the ratios."""

    def over(figure: Callable[[dict[str, Point], float], float]) -> float:
        return median([figure(points, flushes) for points, flushes in turns])

    figures: dict[str, Any] = {
        "engine": engine,
        "connections": connections,
        "tickets": stage.tickets,
        "cpu_to_null": over(lambda p, _: p["admit"].cpu_us / p["null"].cpu_us),
        "cpu_to_orm": over(lambda p, _: p["admit"].cpu_us / p["orm"].cpu_us),
        "cpu_to_bare": over(lambda p, _: p["admit"].cpu_us / p["bare"].cpu_us),
        "rate_to_null": over(lambda p, _: p["admit"].seen.rate / p["null"].seen.rate),
        "rate_to_orm": over(lambda p, _: p["admit"].seen.rate / p["orm"].seen.rate),
        "rate_to_flush": over(lambda p, flushes: p["admit"].seen.rate / flushes),
        "p99_to_p50": over(lambda p, _: p["admit"].seen.ms(99) / p["admit"].seen.ms(50)),
        "p50_to_floor": over(
            lambda p, flushes: p["admit"].seen.ms(50) / (p["null"].seen.ms(50) + 1000 / flushes)
        ),
        "flush_per_s": over(lambda _, flushes: flushes),
    }
    for name in SIDES:
        figures[name] = _told([points[name] for points, _ in turns])
    _say(figures)
    reach = {1: _ALONE, 64: _AT_64}.get(connections, ())
    emit("admit", figures["cpu_to_null"], figures, reach)


def _told(points: list[Point]) -> dict[str, float]:
    """Return the medians of one side's own figures."""
    told = {
        "rate_per_s": median([p.seen.rate for p in points]),
        "p50_ms": median([p.seen.ms(50) for p in points]),
        "p99_ms": median([p.seen.ms(99) for p in points]),
        "p999_ms": median([p.seen.ms(99.9) for p in points]),
        "cpu_us": median([p.cpu_us for p in points]),
        "database_cpu_us": median([p.database_us for p in points]),
        "client_cpu_us": median([p.seen.client_cpu_s / p.seen.answered * 1e6 for p in points]),
    }
    return {name: float(f"{value:.4g}") for name, value in told.items()}


def _say(figures: dict[str, Any]) -> None:
    say(f"  {figures['engine']}, {figures['connections']} connections")
    for name in SIDES:
        told = figures[name]
        say(
            f"    {name:6}{told['rate_per_s']:9,.0f}/s   p50 {told['p50_ms']:7.2f}  p99 "
            f"{told['p99_ms']:7.2f}  p99.9 {told['p999_ms']:7.2f} ms   {told['cpu_us']:6.0f} µs"
            f" (+ {told['database_cpu_us']:.0f} database, {told['client_cpu_us']:.0f} client)"
        )
    say(
        f"    processor {figures['cpu_to_null']:.2f} × null, {figures['cpu_to_orm']:.3f} × ORM "
        f"({figures['cpu_to_bare']:.3f} × bare); "
        f"rate {figures['rate_to_null']:.2f} × null, {figures['rate_to_flush']:.1f} × flush"
    )
