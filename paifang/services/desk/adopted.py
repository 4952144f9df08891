"""A store kept like rules that were not made of it, so that pages and terminals know the place.

A venue host's follows its centre's; that of a centre that was restored, the newer rules which its
hosts gave it back.

Sites, zones, gates, events, sessions and ticket types are made there and changed there; here they
are rows that follow. What the centre took away stays here, because tickets and figures name it.
"""

import logging
import threading
from datetime import UTC, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import Error, close_old_connections, connection, transaction

from paifang.core import rules as core
from paifang.core.rules import CentreRules
from paifang.ledger import freeze
from paifang.ledger.faults import LedgerFault
from paifang.services.desk.context import context
from paifang.store import models

log = logging.getLogger(__name__)

LOOK_S: Final = 2.0
FAILED_S: Final = 30.0


class _Done:
    """Which version this process last brought into the store."""

    version = 0


def follow() -> bool:
    """Bring the store up to rules in force that come from elsewhere; False if there are none new.

    Raises:
        LedgerFault: The ledger could not be read.
        django.db.Error: The store could not be written.
    """
    centre = context().centre
    found = context().ledger.rules().centre
    if found.version in {0, _Done.version}:
        return False
    come = centre is not None or _is_regained(found.version)
    if come:
        keep(found, centre.name if centre is not None else "")
    _Done.version = found.version
    return come


def _is_regained(version: int) -> bool:
    """Whether this centre forgot this version of its rules, and was told it again."""
    with context().ledger.reader() as reader:
        return reader.raw.meta().get(freeze.REGAINED_RULES) == str(version)


def start(stop: threading.Event) -> threading.Thread:
    """Follow in a thread of its own; it ends soon after `stop` is set."""

    def work() -> None:
        pause_s = 0.0
        while not stop.wait(pause_s):
            pause_s = LOOK_S
            try:
                close_old_connections()
                follow()
            except (LedgerFault, Error) as fault:
                log.warning("the centre's rules could not be followed: %s", type(fault).__name__)
                pause_s = FAILED_S
            except Exception:
                # A bug here must be seen, and must not end the thread without a word.
                log.exception("following the centre's rules met a bug")
                pause_s = FAILED_S
        connection.close()

    thread = threading.Thread(target=work, name="adopted", daemon=True)
    thread.start()
    return thread


@transaction.atomic
def keep(found: CentreRules, name: str) -> None:
    """Bring the store in line with the centre's rules, all or nothing.

    Args:
        found: The rules in force.
        name: What the centre is called; the organisers' own names stay with it.

    Raises:
        django.db.Error: The store could not be written.
    """
    organisers = {
        event.organiser: _organiser(event.organiser, name) for event in found.events.values()
    }
    if not organisers:
        return
    sites = {}
    for site in found.sites.values():
        organiser = organisers[_organiser_at(found, site.slug)]
        sites[site.slug] = _site(site, organiser)
    zones = {zone.slug: _zone(zone, sites[zone.site]) for zone in found.zones.values()}
    gates = {gate.slug: _gate(gate, zones[gate.zone]) for gate in found.gates.values()}
    events = {}
    for event in found.events.values():
        row = _event(event, organisers[event.organiser])
        row.sites.set(sites[slug] for slug in _sites_of(found, event.number))
        events[event.number] = row
    for session in found.sessions.values():
        _session(session, events[session.event])
    for product in found.products.values():
        _product(product, events[product.event], zones, gates)


def _organiser_at(found: CentreRules, site: str) -> str:
    """Return whose site it is: the bundle says so of events only."""
    for event in found.events.values():
        if site in _sites_of(found, event.number):
            return event.organiser
    return next(iter(found.events.values())).organiser


def _sites_of(found: CentreRules, event: int) -> set[str]:
    return {found.zones[gate.zone].site for gate in found.gates.values() if event in gate.events}


def _named(
    row: core.Site | core.Zone | core.Gate | core.Event | core.Session | core.Product,
) -> dict[str, str]:
    return {"name": row.name, "name_zh": row.name_zh}


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _organiser(organiser: str, name: str) -> models.Organiser:
    made, _ = models.Organiser.objects.get_or_create(
        pk=UUID(hex=organiser), defaults={"slug": f"centre-{organiser[-12:]}", "name": name}
    )
    return made


def _site(site: core.Site, organiser: models.Organiser) -> models.Site:
    told = {
        **_named(site),
        "time_zone": site.time_zone,
        "day_start_hour": _day_start_hour(site),
    }
    row, _ = models.Site.objects.update_or_create(
        slug=site.slug, defaults=told, create_defaults={**told, "organiser": organiser}
    )
    for period in site.periods:
        models.Period.objects.update_or_create(
            site=row,
            key=period.key,
            defaults={"starts_at": _at(period.from_ms), "ends_at": _at(period.until_ms)},
        )
    return row


def _day_start_hour(site: core.Site) -> int:
    """Return the hour a site's day begins at, as its compiled days tell."""
    if not site.day_starts_ms:
        return 0
    return _at(site.day_starts_ms[0]).astimezone(ZoneInfo(site.time_zone)).hour


def _zone(zone: core.Zone, site: models.Site) -> models.Zone:
    row, _ = models.Zone.objects.update_or_create(
        slug=zone.slug,
        defaults={
            **_named(zone),
            "site": site,
            "cap": zone.cap,
            "alarm_percent": zone.alarm_percent,
        },
    )
    return row


def _gate(gate: core.Gate, zone: models.Zone) -> models.Gate:
    row, _ = models.Gate.objects.update_or_create(
        slug=gate.slug,
        defaults={
            **_named(gate),
            "zone": zone,
            "entry": core.Direction.entry in gate.directions,
            "exit": core.Direction.exit in gate.directions,
        },
    )
    return row


def _event(event: core.Event, organiser: models.Organiser) -> models.Event:
    row, _ = models.Event.objects.update_or_create(
        pk=UUID(hex=event.id),
        defaults={
            **_named(event),
            "organiser": organiser,
            "number": event.number,
            "slug": event.slug,
            "starts_at": _at(event.starts_ms) if event.starts_ms else None,
        },
    )
    return row


def _session(session: core.Session, event: models.Event) -> None:
    models.Session.objects.update_or_create(
        pk=UUID(hex=session.id),
        defaults={
            **_named(session),
            "event": event,
            "number": session.number,
            "opens_at": _at(session.opens_ms),
            "closes_at": _at(session.closes_ms),
            "cap": session.cap,
        },
    )


def _product(
    product: core.Product,
    event: models.Event,
    zones: dict[str, models.Zone],
    gates: dict[str, models.Gate],
) -> None:
    row, _ = models.Product.objects.update_or_create(
        pk=UUID(hex=product.id),
        defaults={
            **_named(product),
            "event": event,
            "number": product.number,
            "exchange_required": product.exchange_required,
            "identity": product.identity.value,
            "supervised": product.supervised,
            "signed_codes": product.signed_codes,
            "rotating_codes": product.rotating_codes,
        },
    )
    for position, rule in enumerate(product.entitlements):
        made, _ = models.EntitlementRule.objects.update_or_create(
            product=row,
            position=position,
            defaults={
                "zone": zones[rule.zone],
                "valid_from": _at(rule.valid_from_ms) if rule.valid_from_ms else None,
                "valid_until": _at(rule.valid_until_ms) if rule.valid_until_ms else None,
                "session_bound": rule.session_bound,
                "uses_max": rule.uses_max,
                "day_uses_max": rule.day_uses_max,
                "gate_uses_max": rule.gate_uses_max,
                "days_max": rule.days_max,
                "valid_days": rule.valid_days,
                "reentry": rule.reentry.value,
                "anti_passback": rule.anti_passback,
            },
        )
        made.gates.set(gates[slug] for slug in rule.gates if slug in gates)
