"""People counted per zone, as screens show them."""

from collections.abc import Collection, Iterable

from paifang.core.rules import Rules
from paifang.ledger.faults import LedgerFault
from paifang.services.live.bodies import ZoneShown
from paifang.services.live.ports import LiveLedger, ZoneCount
from paifang.services.live.problems import problem_of


async def zone_counts(ledger: LiveLedger) -> tuple[ZoneCount, ...]:
    """Return today's counts of all zones. Raises Problem if the ledger cannot say."""
    try:
        return tuple(await ledger.occupancy())
    except LedgerFault as fault:
        raise problem_of(fault) from fault


def zones_shown(
    counts: Iterable[ZoneCount], rules: Rules, sites: Collection[str]
) -> tuple[ZoneShown, ...]:
    """Return the zones of some sites with their names, caps and alarms, in the bundle's order."""
    by_zone = {count.zone: count for count in counts}
    shown = []
    for zone in rules.centre.zones.values():
        count = by_zone.get(zone.slug)
        if zone.site not in sites or count is None:
            continue
        inside = count.inside
        shown.append(
            ZoneShown(
                zone=zone.slug,
                name=zone.name,
                name_zh=zone.name_zh,
                entries=count.entries,
                exits=count.exits,
                inside=inside,
                cap=zone.cap,
                alarm=bool(zone.cap) and inside * 100 >= zone.cap * zone.alarm_percent,
            )
        )
    return tuple(shown)
