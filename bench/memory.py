"""`memory`: the whole server's memory after a load, its start, and what it costs doing nothing."""

import time
from typing import Any, Final

from bench.admit import ADMISSIONS
from bench.client import run_load
from bench.load import Spec
from bench.report import Reach, emit, median, say
from bench.scale import Scale
from bench.servers import paifang
from bench.stage import staged

CONNECTIONS: Final = 64
_REACH: Final = (Reach("pss_mb", "<=", 350), Reach("ready_s", "<=", 3))
_MB: Final = 1e6
_SETTLE_S: Final = 3.0


def run(scale: Scale) -> None:
    """Measure on SQLite, where all of the server's memory is its own."""
    with staged("sqlite", scale.tickets) as stage:
        starts = []
        for _ in range(max(0, scale.rounds - 1)):
            with paifang(stage) as server:
                starts.append(server.ready_s)
        with paifang(stage) as server:
            starts.append(server.ready_s)
            time.sleep(min(_SETTLE_S, scale.idle_s))
            rested = server.pss_bytes()
            cpu = server.cpu_s()
            time.sleep(scale.idle_s)
            idle = (server.cpu_s() - cpu) / scale.idle_s
            (scans,) = stage.scans(ADMISSIONS, scale.load_s)
            seen = run_load(Spec(server.port, CONNECTIONS, scale.load_s, scans))
            seen.require_good()
            figures: dict[str, Any] = {
                "pss_mb": server.pss_bytes() / _MB,
                "pss_before_mb": rested / _MB,
                "ready_s": median(starts),
                "idle_cpu_percent": idle * 100,
                "tickets": stage.tickets,
                "load_s": scale.load_s,
                "rate_per_s": seen.rate,
            }
    emit("memory", figures["pss_mb"] / 350, figures, _REACH)
    say(
        f"  {figures['pss_mb']:.0f} MB after {scale.load_s:.0f} s, ready in "
        f"{figures['ready_s']:.2f} s, {figures['idle_cpu_percent']:.2f} % of a core at rest"
    )
