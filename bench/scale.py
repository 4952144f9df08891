"""How big a run is: the issue's counts unless the environment says less."""

import os
from dataclasses import dataclass
from typing import Final

ENGINES: Final = ("sqlite", "postgres")


@dataclass(frozen=True, slots=True)
class Scale:
    """The counts of one run.

    Attributes:
        tickets: In the ledger before the first scan.
        rounds: How often the sides take turns; the median is told.
        point_s: How long each side is measured per turn, seconds.
        connections: Keep-alive connections, one after the other.
        load_s: How long `memory` and each side of `mixed` are under load, seconds.
        idle_s: How long `memory` watches the idle server, seconds.
        units: Of the one counter that `hold` sells.
        rows: Of the list that `import` reads.
        admissions: That `link` makes while the line is cut.
        scans: That `terminal` shows at each speed of the browser's processor.
        engines: Which databases.
    """

    tickets: int = 1_000_000
    rounds: int = 3
    point_s: float = 2.0
    connections: tuple[int, ...] = (1, 8, 64, 256)
    load_s: float = 60.0
    idle_s: float = 20.0
    units: int = 10_000
    rows: int = 100_000
    admissions: int = 200_000
    scans: int = 100
    engines: tuple[str, ...] = ENGINES

    @classmethod
    def from_environment(cls) -> "Scale":
        """Return the counts with what BENCH_… variables lower."""
        found = os.environ.get
        plain = cls()
        return cls(
            tickets=int(found("BENCH_TICKETS", plain.tickets)),
            rounds=int(found("BENCH_ROUNDS", plain.rounds)),
            point_s=float(found("BENCH_POINT_S", plain.point_s)),
            connections=tuple(int(n) for n in found("BENCH_CONNECTIONS", "1,8,64,256").split(",")),
            load_s=float(found("BENCH_SECONDS", plain.load_s)),
            idle_s=float(found("BENCH_IDLE_S", plain.idle_s)),
            units=int(found("BENCH_UNITS", plain.units)),
            rows=int(found("BENCH_ROWS", plain.rows)),
            admissions=int(found("BENCH_ADMISSIONS", plain.admissions)),
            scans=int(found("BENCH_SCANS", plain.scans)),
            engines=tuple(found("BENCH_ENGINES", ",".join(ENGINES)).split(",")),
        )
