"""The flow at the gates, minute by minute, from the sums of the projected admissions."""

import threading
from collections.abc import Iterable
from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Max
from msgspec import UNSET

from paifang.core import limits
from paifang.core.reasons import Reason
from paifang.core.rules import Gate, Rules
from paifang.services.desk.context import context
from paifang.services.desk.projector import positions
from paifang.services.live.answers import rfc3339
from paifang.services.live.bodies_search import FlowAnswer, GateFlow, ReasonCount
from paifang.store.models import TerminalStatus
from paifang.store.models.tallies import MINUTE_MS, QUARTER_MS

MINUTES: Final = """
SELECT minute, gate, entries, exits, refusals FROM store_gateminutetally
WHERE minute >= %s AND minute <= %s
"""
SEEN: Final = """
SELECT slug, (SELECT at_ms FROM store_projectedadmission
  WHERE gate = store_gate.slug AND at_ms >= %s AND at_ms <= %s ORDER BY at_ms DESC LIMIT 1)
FROM store_gate
"""
REFUSED: Final = """
SELECT gate, reason, SUM(decisions) FROM store_flowtally
WHERE quarter >= %s AND decision IN ('attention', 'refuse') GROUP BY 1, 2
"""


class _Counts(NamedTuple):
    """One gate's minutes and when it was last heard of, UTC milliseconds."""

    entries: list[int]
    exits: list[int]
    refusals: list[int]
    seen: list[int]


class Flow:
    """Counts the flow, and remembers it for a moment: fifty monitors ask for the same."""

    def __init__(self) -> None:
        """Start with nothing remembered."""
        self._lock = threading.Lock()
        self._known: dict[tuple[int, frozenset[str]], tuple[int, FlowAnswer]] = {}

    def told(self, rules: Rules, sites: frozenset[str], minutes: int, now_ms: int) -> FlowAnswer:
        """Return the flow at the gates of sites over some minutes, at most a second old.

        Raises:
            LedgerFault: The ledger could not say how new the figures are.
        """
        key = (minutes, sites)
        with self._lock:
            made_ms, known = self._known.get(key, (0, None))
            if known is not None and 0 <= now_ms - made_ms <= limits.FLOW_AGE_MS_MAX:
                return known
            told = _count(rules, sites, minutes, now_ms)
            self._known = {
                one: kept
                for one, kept in self._known.items()
                if 0 <= now_ms - kept[0] <= limits.FLOW_AGE_MS_MAX
            }
            self._known[key] = (now_ms, told)
            return told


FLOW: Final = Flow()
"""The one of this process, for whoever asks."""


def _count(rules: Rules, sites: frozenset[str], minutes: int, now_ms: int) -> FlowAnswer:
    from_ms = now_ms - now_ms % MINUTE_MS - (minutes - 1) * MINUTE_MS
    # Asked first: what is projected while the figures are counted only makes them newer.
    as_of_ms = projected_until(now_ms)
    gates = [gate for gate in rules.centre.gates.values() if rules.site_of_gate(gate).slug in sites]
    counts = {
        gate.slug: _Counts([0] * minutes, [0] * minutes, [0] * minutes, [0]) for gate in gates
    }
    _take_minutes(counts, from_ms, now_ms)
    for slug, seen_ms in _seen_terminals(counts):
        counts[slug].seen[0] = max(counts[slug].seen[0], seen_ms)
    return FlowAnswer(
        as_of=rfc3339(as_of_ms),
        from_=rfc3339(from_ms),
        minutes=minutes,
        gates=tuple(_gate(gate, counts[gate.slug], now_ms) for gate in gates),
        reasons=tuple(_reasons(rules, gates, now_ms)),
    )


def projected_until(now_ms: int) -> int:
    """Return up to when everything in the journal is in the store, UTC milliseconds.

    It is now if nothing waits, else the time of the oldest row that waits. Raises LedgerFault.
    """
    newest = context().ledger.cursors()
    reached = positions()
    waiting = [now_ms]
    for segment, cursor in newest.items():
        at = reached.get(segment, (0, 0))
        if cursor > at:
            rows = context().ledger.journal_after({**newest, segment: at}, 1)
            waiting += [row.at_ms for row in rows]
    return min(waiting)


def _take_minutes(counts: dict[str, _Counts], from_ms: int, now_ms: int) -> None:
    first = from_ms // MINUTE_MS
    with connection.cursor() as cursor:
        cursor.execute(MINUTES, [first, now_ms // MINUTE_MS])
        for minute, gate, entries, exits, refusals in cursor.fetchall():
            if gate in counts:
                found, place = counts[gate], minute - first
                found.entries[place] += entries
                found.exits[place] += exits
                found.refusals[place] += refusals
        cursor.execute(SEEN, [from_ms, now_ms])
        for gate, at_ms in cursor.fetchall():
            if at_ms is not None and gate in counts:
                counts[gate].seen[0] = at_ms


def _seen_terminals(counts: dict[str, _Counts]) -> Iterable[tuple[str, int]]:
    """Return for gates when a terminal that may stand there was last heard of."""
    seen = (
        TerminalStatus.objects.filter(terminal__revoked=False, terminal__gates__slug__in=counts)
        .values_list("terminal__gates__slug")
        .annotate(Max("seen_at_ms"))
    )
    return [(slug, at_ms) for slug, at_ms in seen if slug in counts]


def _gate(gate: Gate, counts: _Counts, now_ms: int) -> GateFlow:
    seen_ms = counts.seen[0]
    return GateFlow(
        gate=gate.slug,
        name=gate.name,
        name_zh=gate.name_zh,
        zone=gate.zone,
        silent=now_ms - seen_ms > limits.GATE_SILENT_MS,
        entries=tuple(counts.entries),
        exits=tuple(counts.exits),
        refusals=tuple(counts.refusals),
        seen_at=rfc3339(seen_ms) if seen_ms else UNSET,
    )


def _reasons(rules: Rules, gates: list[Gate], now_ms: int) -> Iterable[ReasonCount]:
    """Return today's refusals by reason, most frequent first; each site has its own day."""
    days = {gate.slug: rules.site_of_gate(gate).day_at(now_ms) for gate in gates}
    counts: dict[str, int] = {}
    for day in sorted(set(days.values())):
        with connection.cursor() as cursor:
            cursor.execute(REFUSED, [day // QUARTER_MS])
            for gate, reason, count in cursor.fetchall():
                if days.get(gate) == day:
                    counts[reason] = counts.get(reason, 0) + int(count)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [ReasonCount(reason=Reason(reason), count=count) for reason, count in ordered]
