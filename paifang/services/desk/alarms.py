"""What needs somebody: zones that fill up, devices that fall silent, and what is in doubt."""

import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from paifang.core import limits
from paifang.core.link import LinkState
from paifang.core.rules import Zone
from paifang.services.desk.context import context
from paifang.services.desk.terminal_list import State, TerminalRow
from paifang.store.models import Peer

LINE_DOWN_S: Final = 60
"""A line that is down for less heals before anybody has read of it."""
_DAY_MS: Final = 24 * 60 * 60 * 1000


class AlarmCode(StrEnum):
    """What there is to look after, the most urgent first."""

    zone_full = "zone_full"
    zone_near = "zone_near"
    disk_low = "disk_low"
    certificate_ends = "certificate_ends"
    host_doubled = "host_doubled"
    line_down = "line_down"
    line_poor = "line_poor"
    figures_late = "figures_late"
    terminal_silent = "terminal_silent"
    records_unsent = "records_unsent"
    battery_low = "battery_low"
    clock_off = "clock_off"
    conflicts = "conflicts"
    overrides = "overrides"


class Alarm(NamedTuple):
    """One thing to look after: which zone or terminal, and how much of what, by the code.

    `amount` is percent, megabytes, days, seconds or a count; `ago_s` how long ago, -1 unknown.
    """

    code: AlarmCode
    zone: Zone | None = None
    terminal: str = ""
    amount: int = 0
    ago_s: int = -1


class _FillingZone(Protocol):
    """A zone and how full it is."""

    @property
    def zone(self) -> Zone: ...
    @property
    def percent(self) -> int | None: ...


class _Doubts(Protocol):
    """What of a day was out of the ordinary."""

    @property
    def overrides(self) -> int: ...
    @property
    def conflicts(self) -> int: ...


def alarms(
    zones: Sequence[_FillingZone], terminals: Iterable[TerminalRow], doubts: _Doubts, *, lag_ms: int
) -> list[Alarm]:
    """Return what needs somebody, the most urgent first.

    Args:
        zones: Of the site.
        terminals: That may stand at the site's gates.
        doubts: What of the day was out of the ordinary.
        lag_ms: By how much the figures are behind the gates.
    """
    found = [*_zones(zones), *_machine(), *_nodes()]
    if lag_ms > limits.FIGURES_LATE_MS:
        found.append(Alarm(AlarmCode.figures_late, amount=lag_ms // 1000))
    found += [alarm for row in terminals for alarm in _terminal(row)]
    if doubts.conflicts:
        found.append(Alarm(AlarmCode.conflicts, amount=doubts.conflicts))
    if doubts.overrides:
        found.append(Alarm(AlarmCode.overrides, amount=doubts.overrides))
    order = list(AlarmCode)
    return sorted(found, key=lambda alarm: order.index(alarm.code))


def _zones(zones: Sequence[_FillingZone]) -> Iterator[Alarm]:
    for one in zones:
        if one.percent is None:
            continue
        if one.percent >= 100:
            yield Alarm(AlarmCode.zone_full, zone=one.zone, amount=one.percent)
        elif one.percent >= one.zone.alarm_percent:
            yield Alarm(AlarmCode.zone_near, zone=one.zone, amount=one.percent)


def _terminal(row: TerminalRow) -> Iterator[Alarm]:
    if row.state is State.silent and row.seen_s >= 0:
        yield Alarm(AlarmCode.terminal_silent, terminal=row.name, ago_s=row.seen_s)
    if row.state not in {State.silent, State.working}:
        return
    if row.unsent:
        yield Alarm(AlarmCode.records_unsent, terminal=row.name, amount=row.unsent)
    if row.battery_low:
        yield Alarm(AlarmCode.battery_low, terminal=row.name, amount=row.battery or 0)
    if row.clock_off:
        yield Alarm(AlarmCode.clock_off, terminal=row.name, amount=abs(row.clock_offset_ms) // 1000)


def _nodes() -> Iterator[Alarm]:
    """Tell of a line to the centre that is down, and of two machines that speak as one host."""
    here = context()
    if here.centre is not None:
        line = here.joined.line()
        ago_s = max(0, _now_ms() - line.success_ms) // 1000
        if line.success_ms and ago_s >= LINE_DOWN_S:
            yield Alarm(AlarmCode.line_down, amount=line.backlog, ago_s=ago_s)
        elif line.watch.state is LinkState.poor:
            since_s = max(0, _now_ms() - line.watch.since_ms) // 1000
            yield Alarm(AlarmCode.line_poor, amount=line.backlog, ago_s=since_s)
        return
    settled = dict(Peer.objects.filter(revoked=False).values_list("node", "settled_ms"))
    if settled:
        states = here.ledger.peers()
        count = sum(
            states[node].doubled_ms > settled_ms
            for node, settled_ms in settled.items()
            if node in states
        )
        if count:
            yield Alarm(AlarmCode.host_doubled, amount=count)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _machine() -> Iterator[Alarm]:
    try:
        free = shutil.disk_usage(context().data).free
    except OSError:
        free = 0
    if free < limits.DISK_WARN_BYTES:
        yield Alarm(AlarmCode.disk_low, amount=free // 1_000_000)
    ends_ms = context().reach.certificate_ends_ms()
    left_days = (ends_ms - _now_ms()) // _DAY_MS
    if ends_ms and left_days < limits.CERTIFICATE_WARN_DAYS:
        yield Alarm(AlarmCode.certificate_ends, amount=max(0, left_days))
