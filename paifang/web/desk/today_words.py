"""What the page of today says, in the visitor's language and the site's time."""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext

from paifang.core.reasons import N_, WORDS
from paifang.services.desk.alarms import Alarm, AlarmCode
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.places_to_watch import Place
from paifang.services.desk.today import BAR_MINUTES, GateToday, Today, ZoneToday
from paifang.web.desk.terminal_words import ago

_FULL: Final = 100
_ALARM_WORDS: Final = {
    AlarmCode.zone_full: N_("%(name)s is full (%(n)s %%)"),
    AlarmCode.zone_near: N_("%(name)s is nearly full (%(n)s %%)"),
    AlarmCode.disk_low: N_("Only %(n)s MB are free on the disk"),
    AlarmCode.certificate_ends: N_("The server's certificate ends in %(n)s days"),
    AlarmCode.host_doubled: N_("Two machines speak as one venue host: %(n)s"),
    AlarmCode.line_down: N_("The line to the centre is down; %(n)s records wait here"),
    AlarmCode.line_poor: N_("The line to the centre is too poor; %(n)s records wait here"),
    AlarmCode.figures_late: N_("These figures are %(n)s seconds behind the gates"),
    AlarmCode.terminal_silent: N_("%(name)s has fallen silent"),
    AlarmCode.records_unsent: N_("%(name)s has %(n)s records unsent"),
    AlarmCode.battery_low: N_("%(name)s: battery at %(n)s %%"),
    AlarmCode.clock_off: N_("%(name)s: its clock is %(n)s seconds off"),
    AlarmCode.conflicts: N_("Late records in conflict today: %(n)s"),
    AlarmCode.overrides: N_("Admitted by a supervisor today: %(n)s"),
}
_ABOUT_NODES: Final = {AlarmCode.host_doubled, AlarmCode.line_down, AlarmCode.line_poor}
_SIGNS: Final = {
    AlarmCode.zone_full: "cross",
    AlarmCode.terminal_silent: "broken",
    AlarmCode.conflicts: "again",
    AlarmCode.overrides: "keys",
}


class AlarmShown(NamedTuple):
    """One line of what needs somebody; `url` names the room where it is seen to, "" for none."""

    words: str
    sign: str
    ago: str
    url: str
    code: str


class ZoneShown(NamedTuple):
    """A zone with its words; `filled` is what its bar shows, 0 to 100."""

    name: str
    entries: str
    exits: str
    inside: str
    cap: str
    percent: int | None
    filled: int
    level: str
    state: str


class GateShown(NamedTuple):
    """A gate with its words."""

    name: str
    silent: bool
    minute: str
    entries: str
    exits: str
    refused: str
    state: str
    sign: str
    notes: tuple[str, ...]


class Bar(NamedTuple):
    """One bar of the chart, in units of its box, and what its row in the table says."""

    x: int
    y: int
    height: int
    at: str
    entries: int
    exits: int


CHART_HEIGHT: Final = 100
BAR_STEP: Final = 10


class Named(Protocol):
    """What has a name in both languages; the Chinese one may be empty."""

    @property
    def name(self) -> str: ...
    @property
    def name_zh(self) -> str: ...


def named(one: Named) -> str:
    """Return what has two names by that of the visitor's language."""
    chinese = (get_language() or "").startswith("zh")
    return (one.name_zh if chinese else "") or one.name


def number(value: int) -> str:
    """Return a number with its thousands parted."""
    return f"{value:,}"


def clock(at_ms: int, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """Return a time of day as the site's clocks show it."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
    return f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"


def place_shown(place: Place) -> str:
    """Return an event with its site."""
    event, site = named(place.event), named(place.site)
    return f"{event} · {site}"


def today_shown(told: Today, by: Actor) -> dict[str, Any]:
    """Return everything the page of today shows."""
    zone = ZoneInfo(told.place.site.time_zone)
    day = datetime.fromtimestamp(told.day_ms / 1000, UTC).astimezone(zone)
    inside = sum(one.inside for one in told.zones)
    caps = [one.zone.cap for one in told.zones]
    cap = sum(caps) if caps and all(caps) else 0
    bars = tuple(_bars(told, zone))
    return {
        "event": named(told.place.event),
        "site": named(told.place.site),
        "day": date_format(day, gettext("l, j F Y")),
        "as_of": clock(told.as_of_ms, zone, seconds=True),
        "as_of_ms": told.as_of_ms,
        "behind_s": max(0, told.now_ms - told.as_of_ms) // 1000,
        "inside": number(inside),
        "cap": number(cap) if cap else "",
        "percent": inside * _FULL // cap if cap else None,
        "entries": number(sum(one.entries for one in told.zones)),
        "exits": number(sum(one.exits for one in told.zones)),
        "issued": number(told.issued.tickets),
        "issued_today": number(told.issued.today),
        "void": number(told.issued.void) if told.issued.void else "",
        "minute": number(told.minutes.now),
        "peak": number(told.minutes.peak) if told.minutes.peak else "",
        "peak_at": clock(told.minutes.peak_ms, zone),
        "zones": [_zone(one) for one in told.zones],
        "gates": [_gate(one) for one in told.gates],
        "reasons": [
            (gettext(WORDS[reason].word), number(count))
            for reason, count in told.counted.reasons.most_common()
        ],
        "annulled": number(told.counted.annulled) if told.counted.annulled else "",
        "alarms": [_alarm(one, by) for one in told.alarms],
        "bars": bars,
        "bar_minutes": BAR_MINUTES,
        "chart_width": max(1, len(bars)) * BAR_STEP,
        "ticks": _ticks(bars),
    }


def _zone(one: ZoneToday) -> ZoneShown:
    percent = one.percent
    level, state = "", ""
    if percent is not None and percent >= _FULL:
        level, state = "full", gettext("Full")
    elif percent is not None and percent >= one.zone.alarm_percent:
        level, state = "near", gettext("Nearly full")
    return ZoneShown(
        named(one.zone),
        number(one.entries),
        number(one.exits),
        number(one.inside),
        number(one.zone.cap) if one.zone.cap else "",
        percent,
        min(_FULL, max(0, percent or 0)),
        level,
        state,
    )


def _gate(one: GateToday) -> GateShown:
    notes = []
    if one.quiet:
        words = ngettext("%(n)s terminal silent", "%(n)s terminals silent", one.quiet)
        notes.append(words % {"n": one.quiet})
    if one.unsent:
        words = ngettext("%(n)s record unsent", "%(n)s records unsent", one.unsent)
        notes.append(words % {"n": number(one.unsent)})
    if one.battery_low:
        words = ngettext("%(n)s battery low", "%(n)s batteries low", one.battery_low)
        notes.append(words % {"n": one.battery_low})
    return GateShown(
        named(one.gate),
        one.silent,
        number(one.entries_minute + one.exits_minute),
        number(one.entries),
        number(one.exits),
        number(one.refused),
        _gate_state(one),
        "broken" if one.silent else "tick",
        tuple(notes),
    )


def _gate_state(one: GateToday) -> str:
    if one.working:
        words = ngettext("%(n)s terminal on line", "%(n)s terminals on line", one.working)
        return words % {"n": one.working}
    return gettext("No signal") if one.silent else gettext("Scanning")


def _alarm(alarm: Alarm, by: Actor) -> AlarmShown:
    name = named(alarm.zone) if alarm.zone else alarm.terminal
    words = gettext(_ALARM_WORDS[alarm.code]) % {"name": name, "n": number(alarm.amount)}
    url = "terminals" if alarm.terminal and by.may(Act.manage_terminals) else ""
    if alarm.code in {AlarmCode.conflicts, AlarmCode.overrides} and by.may(Act.see_reports):
        url = "reports"
    if alarm.code in _ABOUT_NODES and by.may(Act.see_leases):
        url = "venues"
    return AlarmShown(
        words,
        _SIGNS.get(alarm.code, "triangle"),
        ago(alarm.ago_s) if alarm.ago_s >= 0 else "",
        url,
        alarm.code.value,
    )


def _bars(told: Today, zone: ZoneInfo) -> list[Bar]:
    top = max((entries for _, entries, _ in told.minutes.bars), default=0) or 1
    bars = []
    for place, (at_ms, entries, exits) in enumerate(told.minutes.bars):
        height = -(-entries * CHART_HEIGHT // top)
        bars.append(
            Bar(
                place * BAR_STEP + 1,
                CHART_HEIGHT - height,
                height,
                clock(at_ms, zone),
                entries,
                exits,
            )
        )
    return bars


def _ticks(bars: tuple[Bar, ...]) -> list[str]:
    """Return the times below the chart: first, last, and up to three between at equal distances."""
    if not bars:
        return []
    last = len(bars) - 1
    parts = min(4, last) or 1
    return [bars[last * part // parts].at for part in range(parts + 1)]
