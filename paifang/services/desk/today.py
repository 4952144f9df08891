"""Today at a glance: people, tickets, zones, gates and refusals of one event at one site.

The count inside is the ledger's own, as at the gates and on the monitors; everything else comes
from sums the projector keeps, so the page costs the same after a million tickets.
"""

import time
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from django.db import connection

from paifang.core import limits
from paifang.core.reasons import Basis, Reason, Verdict
from paifang.core.rules import Direction, Gate, Rules, Zone
from paifang.core.tickets import Status
from paifang.services.desk.alarms import Alarm, alarms
from paifang.services.desk.context import context
from paifang.services.desk.flow import FLOW, projected_until
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.places_to_watch import Place
from paifang.services.desk.terminal_list import State, TerminalRow, terminal_rows
from paifang.services.live.bodies_search import GateFlow
from paifang.services.live.ports import ZoneCount
from paifang.store.models.tallies import MINUTE_MS, QUARTER_MS

BAR_MINUTES: Final = 5
_DAY: Final = """
SELECT gate, direction, decision, reason, basis,
  SUM(decisions), SUM(people - off_people), SUM(annulled), SUM(conflicts)
FROM store_flowtally WHERE quarter >= %s AND quarter < %s GROUP BY 1, 2, 3, 4, 5
"""
_STANDING: Final = """
SELECT status, SUM(tickets) FROM store_tickettally WHERE event = %s GROUP BY status
"""
_NEW: Final = """
SELECT product, SUM(tickets) FROM store_issuetally WHERE quarter >= %s GROUP BY product
"""
_BY_MINUTE: Final = """
SELECT minute, zone, entries, exits FROM store_minutetally WHERE minute >= %s AND minute <= %s
"""


class ZoneToday(NamedTuple):
    """A zone: people counted by the ledger, against its cap (0 without one)."""

    zone: Zone
    entries: int
    exits: int

    @property
    def inside(self) -> int:
        """How many are inside."""
        return self.entries - self.exits

    @property
    def percent(self) -> int | None:
        """How full it is, None without a cap."""
        return self.inside * 100 // self.zone.cap if self.zone.cap else None


class GateToday(NamedTuple):
    """A gate. The figures of a minute are those of the last full one; `seen_s` is -1 if never."""

    gate: Gate
    entries: int = 0
    exits: int = 0
    refused: int = 0
    entries_minute: int = 0
    exits_minute: int = 0
    silent: bool = True
    working: int = 0
    quiet: int = 0
    unsent: int = 0
    battery_low: int = 0


class Issued(NamedTuple):
    """Tickets of the event: all ever issued, of which today, and how many are void now."""

    tickets: int = 0
    today: int = 0
    void: int = 0


class Minutes(NamedTuple):
    """Entries by minute: the last full minute, the busiest, and all of them in bars."""

    now: int
    peak: int
    peak_ms: int
    bars: tuple[tuple[int, int, int], ...]


class Counted(NamedTuple):
    """What is exact of a day by the sums: per gate, by reason, and what was out of the ordinary."""

    entries: Counter[str]
    exits: Counter[str]
    refused: Counter[str]
    reasons: Counter[Reason]
    overrides: int
    annulled: int
    conflicts: int


class Today(NamedTuple):
    """The page's figures. `as_of_ms` is up to when they hold everything; all times UTC ms."""

    place: Place
    now_ms: int
    as_of_ms: int
    day_ms: int
    zones: tuple[ZoneToday, ...]
    gates: tuple[GateToday, ...]
    issued: Issued
    minutes: Minutes
    counted: Counted
    alarms: tuple[Alarm, ...]


def today(by: Actor, rules: Rules, place: Place) -> Today:
    """Return today's figures of an event at a site.

    Raises:
        NotPermitted: It is not theirs to see.
        LedgerFault: The ledger could not be read.
    """
    by.require(Act.see_today)
    now_ms = time.time_ns() // 1_000_000
    # Asked first: what is projected while the figures are counted only makes them newer.
    as_of_ms = projected_until(now_ms)
    day_ms = place.site.day_at(now_ms)
    zones = _zones(rules, place, context().ledger.occupancy())
    gates = [
        gate
        for gate in rules.centre.gates.values()
        if rules.centre.zones[gate.zone].site == place.site.slug
    ]
    counted = _counted({gate.slug for gate in gates}, day_ms, now_ms)
    flows = FLOW.told(rules, frozenset({place.site.slug}), 2, now_ms).gates
    terminals = terminal_rows()
    shown = tuple(_gates(gates, counted, flows, terminals))
    here = [row for row in terminals if {one.slug for one in row.gates} & {g.slug for g in gates}]
    return Today(
        place,
        now_ms,
        as_of_ms,
        day_ms,
        zones,
        shown,
        _issued(rules, place, day_ms),
        _minutes([one.zone.slug for one in zones], day_ms, now_ms),
        counted,
        tuple(alarms(zones, here, counted, lag_ms=now_ms - as_of_ms)),
    )


def _zones(rules: Rules, place: Place, counts: Iterable[ZoneCount]) -> tuple[ZoneToday, ...]:
    zones = rules.centre.zones
    return tuple(
        ZoneToday(zones[one.zone], one.entries, one.exits)
        for one in counts
        if one.zone in zones and zones[one.zone].site == place.site.slug
    )


def _counted(gates: set[str], day_ms: int, now_ms: int) -> Counted:
    counted = Counted(Counter(), Counter(), Counter(), Counter(), 0, 0, 0)
    overrides = annulled = conflicts = 0
    with connection.cursor() as cursor:
        cursor.execute(_DAY, [day_ms // QUARTER_MS, now_ms // QUARTER_MS + 1])
        rows = cursor.fetchall()
    for gate, direction, decision, reason, basis, decisions, people, undone, contested in rows:
        if gate not in gates:
            continue
        if decision == Verdict.admit.value:
            way = counted.exits if direction == Direction.exit.value else counted.entries
            way[gate] += int(people)
            overrides += int(decisions) if basis == Basis.override.value else 0
        else:
            counted.refused[gate] += int(decisions)
            counted.reasons[Reason(reason)] += int(decisions)
        annulled += int(undone)
        conflicts += int(contested)
    return counted._replace(overrides=overrides, annulled=annulled, conflicts=conflicts)


def _gates(
    gates: list[Gate],
    counted: Counted,
    flows: Iterable[GateFlow],
    terminals: list[TerminalRow],
) -> Iterable[GateToday]:
    by_gate = {flow.gate: flow for flow in flows}
    for gate in gates:
        at = [row for row in terminals if any(one.slug == gate.slug for one in row.gates)]
        flow = by_gate.get(gate.slug)
        yield GateToday(
            gate,
            entries=counted.entries[gate.slug],
            exits=counted.exits[gate.slug],
            refused=counted.refused[gate.slug],
            entries_minute=flow.entries[0] if flow else 0,
            exits_minute=flow.exits[0] if flow else 0,
            silent=flow is None or flow.silent,
            working=sum(row.state is State.working for row in at),
            quiet=sum(row.state is State.silent for row in at),
            unsent=sum(row.unsent for row in at if row.state is not State.revoked),
            battery_low=sum(row.battery_low for row in at if row.state is not State.revoked),
        )


def _issued(rules: Rules, place: Place, day_ms: int) -> Issued:
    products = {one.number for one in rules.centre.products.values() if _is_of(one.event, place)}
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [place.event.number])
        standing = dict(cursor.fetchall())
        cursor.execute(_NEW, [day_ms // QUARTER_MS])
        new = sum(int(tickets) for product, tickets in cursor.fetchall() if product in products)
    gone = (Status.void.value, Status.refunded.value)
    void = sum(int(standing.get(status, 0)) for status in gone)
    return Issued(int(sum(standing.values())), new, void)


def _is_of(event: int, place: Place) -> bool:
    return event == place.event.number


def _minutes(zones: list[str], day_ms: int, now_ms: int) -> Minutes:
    first, last = day_ms // MINUTE_MS, now_ms // MINUTE_MS
    rows = _by_minute(set(zones), first, last)
    entries = {minute: people for minute, people, _ in rows}
    peak = max(entries, key=lambda minute: (entries[minute], -minute), default=0)
    return Minutes(
        entries.get(last - 1, 0), entries.get(peak, 0), peak * MINUTE_MS, _bars(rows, first, last)
    )


def _by_minute(zones: set[str], first: int, last: int) -> list[tuple[int, int, int]]:
    """Return (minute, entries, exits) of some zones together."""
    sums: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_BY_MINUTE, [first, last])
        for minute, zone, people_in, people_out in cursor.fetchall():
            if zone in zones:
                known = sums.setdefault(minute, [0, 0])
                known[0] += people_in
                known[1] += people_out
    return [(minute, people_in, people_out) for minute, (people_in, people_out) in sums.items()]


def _bars(
    rows: list[tuple[int, int, int]], first: int, last: int
) -> tuple[tuple[int, int, int], ...]:
    """Return (from UTC ms, entries, exits) of equal spans, from the first one with people on."""
    if not rows:
        return ()
    begin = max(first, min(*(row[0] for row in rows), last - limits.TODAY_MINUTES_MIN))
    start = begin - (begin - first) % BAR_MINUTES
    count = (last - start) // BAR_MINUTES + 1
    bars = [[0, 0] for _ in range(count)]
    for minute, people_in, people_out in rows:
        bar = bars[(minute - start) // BAR_MINUTES]
        bar[0] += people_in
        bar[1] += people_out
    return tuple(
        ((start + place * BAR_MINUTES) * MINUTE_MS, people_in, people_out)
        for place, (people_in, people_out) in enumerate(bars)
    )
