"""`hold`: 64 buyers on one counter, hold then confirm, against one conditional UPDATE per buyer.

Each way has its own kind of buyer: ours waits on the event loop, as a request does in the live
process, the other one in a thread with a connection. Both make two durable steps per order. Ours
writes the journal and its chain as well; the other way has only the counter and a row per hold, in
its favour.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw
import psycopg

from bench import bare
from bench.report import Reach, emit, median, say
from bench.scale import Scale
from paifang.ledger.clock import SystemClock
from paifang.ledger.commands import Confirm, Hold, SetQuota
from paifang.ledger.facts import HoldFact
from paifang.ledger.opening import Target
from paifang.ledger.writer import Writer, collect
from paifang.runtime.live_ledger import LoopLedger

BUYERS: Final = 64
UNITS_MAX: Final = 4
_HOLD_MS: Final = 600_000
_REACH: Final = (
    Reach("ratio_to_conditional_update", ">=", 20),
    Reach("oversold", "<=", 0),
    Reach("fairness", ">=", 0.95),
)
_BUSY_MS: Final = 60_000

Order = Callable[[int], bool]
"""Buys so many units in two durable steps; False if they are sold out."""


class Sold(NamedTuple):
    """What one sale came to. `orders` and `units` by buyer."""

    elapsed_s: float
    orders: list[int]
    units: list[int]

    @property
    def rate(self) -> float:
        """Orders a second."""
        return sum(self.orders) / self.elapsed_s

    @property
    def fairness(self) -> float:
        """Jain's index over the buyers' orders: 1 if all got the same number."""
        squares = sum(n * n for n in self.orders)
        return sum(self.orders) ** 2 / (len(self.orders) * squares)


def run(scale: Scale) -> None:
    """Measure every engine."""
    for engine in scale.engines:
        with bare.target(engine) as target:
            _emit(engine, target, scale)


def _emit(engine: str, target: Target, scale: Scale) -> None:
    ours: list[Sold] = []
    theirs: list[Sold] = []
    with bare.writer(target) as writer, _tables(target) as refill:
        for turn in range(scale.rounds):
            quota = f"turn-{turn}"
            fill = SetQuota(quota=quota, segment=bare.SEGMENT, capacity=scale.units)
            bare.commit(writer.port(collect), [fill])
            ours.append(asyncio.run(_sell_on_loop(writer, target, quota)))
            refill(scale.units)
            with _connections(target) as buyers:
                theirs.append(_sell(buyers))
    sold = [sum(one.units) for one in ours]
    ratio = median([a.rate / b.rate for a, b in zip(ours, theirs, strict=True)])
    figures: dict[str, Any] = {
        "engine": engine,
        "ratio_to_conditional_update": ratio,
        "orders_per_s": median([one.rate for one in ours]),
        "conditional_orders_per_s": median([one.rate for one in theirs]),
        "oversold": max(0, *(units - scale.units for units in sold)),
        "left": max(scale.units - units for units in sold),
        "fairness": min(one.fairness for one in ours),
        "conditional_fairness": min(one.fairness for one in theirs),
    }
    say(
        f"  {engine}: {figures['orders_per_s']:,.0f} orders/s, {ratio:.1f} × the other way, "
        f"fairness {figures['fairness']:.3f}"
    )
    emit("hold", ratio, figures, _REACH)


class _Wish:
    """One order a buyer wants; whoever carries it out says whether it was sold out."""

    __slots__ = ("number", "sold_out", "units")

    def __init__(self, units: int) -> None:
        self.number = 0
        self.units = units
        self.sold_out = False


def _wishes(place: int) -> Iterator[_Wish]:
    """Yield a buyer's orders, of one unit to four in turn; of fewer once there are no more."""
    wish = _Wish(place % UNITS_MAX + 1)
    while wish.units:
        wish.number += 1
        wish.sold_out = False
        yield wish
        wish.units = wish.units - 1 if wish.sold_out else wish.units % UNITS_MAX + 1


def _sell(buyers: list[Order]) -> Sold:
    """Let all buyers order in threads of their own, until everything is sold."""
    gate = threading.Barrier(len(buyers) + 1)
    orders, units = [0] * len(buyers), [0] * len(buyers)

    def buy(place: int) -> None:
        gate.wait()
        for wish in _wishes(place):
            wish.sold_out = not buyers[place](wish.units)
            if not wish.sold_out:
                orders[place] += 1
                units[place] += wish.units

    threads = [threading.Thread(target=buy, args=(place,)) for place in range(len(buyers))]
    for thread in threads:
        thread.start()
    gate.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    return Sold(time.perf_counter() - started, orders, units)


async def _sell_on_loop(writer: Writer, target: Target, quota: str) -> Sold:
    """Let all buyers order through the ledger's writer, until everything is sold."""
    ledger = LoopLedger(writer, target, SystemClock())
    orders, units = [0] * BUYERS, [0] * BUYERS

    async def buy(place: int) -> None:
        for wish in _wishes(place):
            name = f"{quota}-{place}-{wish.number}"
            hold = Hold(request_id=name, hold=name, quota=quota, units=wish.units, for_ms=_HOLD_MS)
            fact = (await ledger.commit(hold)).decoded()
            assert isinstance(fact, HoldFact), "a hold is answered with its fact"
            wish.sold_out = fact.reason != "ok"
            if not wish.sold_out:
                await ledger.commit(Confirm(request_id=f"{name}-c", hold=name))
                orders[place] += 1
                units[place] += wish.units

    started = time.perf_counter()
    await asyncio.gather(*(buy(place) for place in range(BUYERS)))
    elapsed = time.perf_counter() - started
    await ledger.close()
    return Sold(elapsed, orders, units)


# The other way: a connection per buyer and conditional statements.

_TABLES: Final = (
    "CREATE TABLE plain_quota (id INTEGER PRIMARY KEY, capacity BIGINT, held BIGINT, sold BIGINT)",
    "CREATE TABLE plain_hold (id TEXT PRIMARY KEY, units BIGINT, state INTEGER)",
    "INSERT INTO plain_quota VALUES (1, 0, 0, 0)",
)
_REFILL: Final = "UPDATE plain_quota SET capacity = {}, held = 0, sold = 0 WHERE id = 1"
_TAKE: Final = (
    "UPDATE plain_quota SET held = held + {0} WHERE id = 1 AND held + sold + {0} <= capacity"
    " RETURNING held"
)
_KEEP: Final = "INSERT INTO plain_hold VALUES ('{1}', {0}, 0)"
_SELL: Final = "UPDATE plain_quota SET held = held - {0}, sold = sold + {0} WHERE id = 1"
_END: Final = "UPDATE plain_hold SET state = 1 WHERE id = '{1}'"


class _Plain(NamedTuple):
    """One buyer's connection, whichever database: how to run a statement, how to begin."""

    run: Callable[[str], list[Any]]
    begin: str
    close: Callable[[], None]

    def transaction(self, *statements: str) -> bool:
        """Run statements in one durable transaction, unless the first changes nothing."""
        self.run(self.begin)
        first = self.run(statements[0])
        if "RETURNING" in statements[0] and not first:
            self.run("ROLLBACK")
            return False
        for statement in statements[1:]:
            self.run(statement)
        self.run("COMMIT")
        return True


def _plain(target: Target) -> _Plain:
    if isinstance(target, Path):
        file = apsw.Connection(str(target.with_name("plain.db")))
        file.set_busy_timeout(_BUSY_MS)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            file.execute(f"PRAGMA {pragma}").fetchall()
        return _Plain(lambda sql: file.execute(sql).fetchall(), "BEGIN IMMEDIATE", file.close)
    server = psycopg.connect(target, autocommit=True)

    def run(sql: str) -> list[Any]:
        cursor = server.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []

    return _Plain(run, "BEGIN", server.close)


@contextmanager
def _tables(target: Target) -> Iterator[Callable[[int], None]]:
    """Make the tables of the other way; yields what fills the counter again."""
    plain = _plain(target)
    try:
        for statement in _TABLES:
            plain.run(statement)

        def refill(units: int) -> None:
            plain.run(_REFILL.format(units))

        yield refill
    finally:
        plain.close()


@contextmanager
def _connections(target: Target) -> Iterator[list[Order]]:
    """Yield one way to order per buyer, each on a connection of its own."""
    plains = [_plain(target) for _ in range(BUYERS)]
    try:
        yield [_by_statements(plain, n) for n, plain in enumerate(plains)]
    finally:
        for plain in plains:
            plain.close()


def _by_statements(plain: _Plain, buyer: int) -> Order:
    """Return how a buyer orders by conditional statements."""
    run = time.time_ns()
    count = 0

    def order(units: int) -> bool:
        nonlocal count
        count += 1
        values = (units, f"{run:x}-{buyer}-{count}")
        if not plain.transaction(_TAKE.format(*values), _KEEP.format(*values)):
            return False
        return plain.transaction(_SELL.format(*values), _END.format(*values))

    return order
