"""The ledger a benchmark begins with: a million tickets, issued once, copied for every run.

Everything goes through the program's own services: the demonstration's rules and terminals, tickets
issued like any others, the store projected from the journal. That takes minutes, so the result is
kept under .build/bench, under a name that changes with the sources that shape it.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.postgres import Postgres, postgres_server
from bench.report import say
from bench.wire import CODE_CHARS, Scans

ROOT: Final = Path(__file__).resolve().parent.parent
CACHE: Final = ROOT / ".build/bench"
_SHAPING: Final = (
    *("paifang/core/rules.py", "paifang/core/codes", "paifang/ledger/tables.py"),
    *("paifang/ledger/facts.py", "paifang/ledger/journal.py", "paifang/services/live/keys.py"),
    *("paifang/services/desk/issuing.py", "paifang/services/desk/projection_sql.py"),
    *("paifang/services/desk/demo", "paifang/store/migrations", "bench/staging.py"),
)
RATE_MAX: Final = 12_000
"""Fresh scans a second that no server of two cores exceeds. A client without codes ends early."""


@dataclass(slots=True)
class Stage:
    """A data directory of its own for one run.

    Attributes:
        data: The data directory.
        database: Its `postgresql://…` URL, "" for SQLite.
        codes: A file of all tickets' codes, 16 characters each.
        tickets: How many there are.
        postgres: The server behind `database`.
    """

    data: Path
    database: str
    codes: Path
    tickets: int
    postgres: Postgres | None = None
    _spent: dict[str, int] = field(default_factory=dict)

    @property
    def told(self) -> dict[str, Any]:
        """What demo.json says."""
        told: dict[str, Any] = json.loads((self.data / "demo.json").read_text(encoding="utf-8"))
        return told

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a server of this stage."""
        return {"PAIFANG_DATA": str(self.data), "PAIFANG_DATABASE": self.database}

    def scans(
        self, path: str, seconds: float, *, clients: int = 1, rate: float = RATE_MAX
    ) -> list[Scans]:
        """Return a plan of scans with unused tickets for each of some clients.

        Args:
            path: Where they are posted; each path has its own view of what is used up.
            seconds: How long they must last.
            clients: How many share them.
            rate: How many a second there can be in all; so many are laid out, if there are.

        Raises:
            RuntimeError: All tickets are used up.
        """
        gate = next(t for t in self.told["terminals"] if t["role"] == "gate")
        first = self._spent.get(path, 0)
        count = min(int(rate * seconds), self.tickets - first) // clients
        if count <= 0:
            raise RuntimeError("all tickets are used up; raise BENCH_TICKETS")
        run = f"{path[-4:]}-{time.time_ns():x}".replace("/", "")
        return [
            Scans(
                path=path,
                token=gate["token"],
                gate=gate["gate"],
                codes=str(self.codes),
                first=first + place,
                count=count,
                run=run,
                step=clients,
            )
            for place in range(clients)
        ]

    def spend(self, plans: list[Scans], most: int) -> None:
        """Take note that the busiest client of these plans has used `most` of its tickets."""
        first = plans[0]
        self._spent[first.path] = first.first + most * first.step


@contextmanager
def staged(engine: str, tickets: int) -> Iterator[Stage]:
    """Yield a fresh copy of the prepared ledger; `engine` is sqlite or postgres."""
    # The demonstration is on for ninety days, so what is prepared lasts for sixty.
    age = int(time.time() // 86_400) // 60
    home = CACHE / f"{engine}-{tickets}-{_sources()}-{age}"
    work = CACHE / f"run-{os.getpid()}"
    try:
        if engine == "sqlite":
            with _alone_at(home):
                _require(home, tickets, "")
                shutil.copytree(home / "data", work)
            yield Stage(work, "", home / "codes", tickets)
            return
        # Held until the run ends: its database stands in the cluster that everybody prepares in.
        with _alone_at(home), postgres_server(home / "cluster") as server:
            if not _is_prepared(home, tickets):
                # A database left by an interrupted run belongs to keys that are gone.
                server.run("DROP DATABASE IF EXISTS prepared WITH (FORCE)")
                server.run("CREATE DATABASE prepared")
            server.durable(on=False)
            _require(home, tickets, server.url_of("prepared"))
            url = server.copy("prepared", "run")
            server.durable(on=True)
            shutil.copytree(home / "data", work)
            yield Stage(work, url, home / "codes", tickets, server)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _alone_at(home: Path) -> Iterator[None]:
    """Wait until no other run prepares or uses this directory."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"lock-{home.name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_prepared(home: Path, tickets: int) -> bool:
    """Whether all codes were written, which is the last step of preparing."""
    codes = home / "codes"
    return codes.is_file() and codes.stat().st_size == tickets * CODE_CHARS


def _require(home: Path, tickets: int, database: str) -> None:
    """Prepare what is not there yet; what an interrupted run left is made anew."""
    codes = home / "codes"
    if _is_prepared(home, tickets):
        return
    say(f"preparing {tickets:,} tickets once, for {'PostgreSQL' if database else 'SQLite'} …")
    started = time.monotonic()
    kind = home.name.rsplit("-", 2)[0]
    for stale in set(CACHE.glob(f"{kind}-*")) - {home}:
        shutil.rmtree(stale, ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(home / "data", ignore_errors=True)
    subprocess.run(
        [sys.executable, "-m", "bench.staging", str(home / "data"), str(codes), str(tickets)],
        env={**os.environ, "PAIFANG_DATABASE": database},
        cwd=ROOT,
        check=True,
    )
    say(f"prepared in {time.monotonic() - started:.0f} s")


def _sources() -> str:
    """Return a digest of the sources that shape the prepared data."""
    digest = hashlib.blake2b(digest_size=6)
    for name in _SHAPING:
        path = ROOT / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()
