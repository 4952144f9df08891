"""The centre's rules as configuration of a venue host, so that its desk knows what its gates know.

At a venue host events, sites, zones and gates are its centre's: they come with a lease, as the
centre's layer of the rules bundle, and are written down here each time a new version came. Nothing
is taken away: terminals may stand at a gate that the centre has given up since.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from paifang.core.rules import CentreRules, EntitlementRule, Product, Site
from paifang.store import models
from paifang.store.ids import new_uuid

_ORGANISER_SLUG_CHARS = 12


def mirror(centre: CentreRules, named: str) -> None:
    """Bring the store's configuration in line with the centre's rules, all or nothing.

    Args:
        centre: The rules in force.
        named: What the centre is called here; the organisers' own names stay with it.

    Raises:
        django.db.Error: The store could not be written.
    """
    with transaction.atomic():
        _Mirror(centre, named).run()


class _Mirror:
    """One run; rows that were written are kept by the names the rules use."""

    def __init__(self, centre: CentreRules, named: str) -> None:
        self._centre = centre
        self._named = named
        self._sites: dict[str, models.Site] = {}
        self._zones: dict[str, models.Zone] = {}
        self._gates: dict[str, models.Gate] = {}

    def run(self) -> None:
        """Write everything, what others lean on first."""
        for slug, site in self._centre.sites.items():
            self._sites[slug] = self._site(site)
        for slug, zone in self._centre.zones.items():
            self._zones[slug], _ = models.Zone.objects.update_or_create(
                slug=slug,
                defaults={
                    "site": self._sites[zone.site],
                    "name": zone.name,
                    "name_zh": zone.name_zh,
                    "cap": zone.cap,
                    "alarm_percent": zone.alarm_percent,
                },
            )
        for slug, gate in self._centre.gates.items():
            self._gates[slug], _ = models.Gate.objects.update_or_create(
                slug=slug,
                defaults={
                    "zone": self._zones[gate.zone],
                    "name": gate.name,
                    "name_zh": gate.name_zh,
                    "entry": "entry" in gate.directions,
                    "exit": "exit" in gate.directions,
                },
            )
        self._offers()

    def _organiser(self, id_: str) -> models.Organiser:
        found, _ = models.Organiser.objects.get_or_create(
            pk=UUID(hex=id_),
            defaults={"slug": f"of-{id_[-_ORGANISER_SLUG_CHARS:]}", "name": self._named},
        )
        return found

    def _organiser_at(self, site: str) -> models.Organiser:
        """Return who organises something at a site; a new name where nobody does yet."""
        zones = {zone.slug for zone in self._centre.zones.values() if zone.site == site}
        for gate in self._centre.gates.values():
            if gate.zone in zones and gate.events:
                return self._organiser(self._centre.events[gate.events[0]].organiser)
        known = models.Site.objects.filter(slug=site).select_related("organiser").first()
        if known is not None:
            return known.organiser
        return self._organiser(new_uuid().hex)

    def _site(self, site: Site) -> models.Site:
        row, _ = models.Site.objects.update_or_create(
            slug=site.slug,
            defaults={
                "organiser": self._organiser_at(site.slug),
                "name": site.name,
                "name_zh": site.name_zh,
                "time_zone": site.time_zone,
                "day_start_hour": _day_start_hour(site),
            },
        )
        for period in site.periods:
            models.Period.objects.update_or_create(
                site=row,
                key=period.key,
                defaults={"starts_at": _at(period.from_ms), "ends_at": _at(period.until_ms)},
            )
        return row

    def _offers(self) -> None:
        """Write events, their sessions, and their products with what they give."""
        events: dict[int, models.Event] = {}
        for number, event in self._centre.events.items():
            row, _ = models.Event.objects.update_or_create(
                pk=UUID(hex=event.id),
                defaults={
                    "organiser": self._organiser(event.organiser),
                    "number": number,
                    "slug": event.slug,
                    "name": event.name,
                    "name_zh": event.name_zh,
                    "starts_at": _at(event.starts_ms) if event.starts_ms else None,
                },
            )
            row.sites.set(self._sites_of(number))
            events[number] = row
        for number, session in self._centre.sessions.items():
            models.Session.objects.update_or_create(
                pk=UUID(hex=session.id),
                defaults={
                    "event": events[session.event],
                    "number": number,
                    "name": session.name,
                    "name_zh": session.name_zh,
                    "opens_at": _at(session.opens_ms),
                    "closes_at": _at(session.closes_ms),
                    "cap": session.cap,
                },
            )
        for product in self._centre.products.values():
            self._product(product, events[product.event])

    def _sites_of(self, event: int) -> Iterable[models.Site]:
        """Return the sites where an event has gates."""
        zones = {gate.zone for gate in self._centre.gates.values() if event in gate.events}
        return [self._sites[slug] for slug in {self._centre.zones[zone].site for zone in zones}]

    def _product(self, product: Product, event: models.Event) -> None:
        row, _ = models.Product.objects.update_or_create(
            pk=UUID(hex=product.id),
            defaults={
                "event": event,
                "number": product.number,
                "name": product.name,
                "name_zh": product.name_zh,
                "exchange_required": product.exchange_required,
                "identity": product.identity.value,
                "supervised": product.supervised,
                "signed_codes": product.signed_codes,
            },
        )
        for position, rule in enumerate(product.entitlements):
            self._gives(row, position, rule)

    def _gives(self, product: models.Product, position: int, rule: EntitlementRule) -> None:
        row, _ = models.EntitlementRule.objects.update_or_create(
            product=product,
            position=position,
            defaults={
                "zone": self._zones[rule.zone],
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
        row.gates.set([self._gates[slug] for slug in rule.gates])


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _day_start_hour(site: Site) -> int:
    """Return the hour a site's day begins at, as its compiled days tell."""
    if not site.day_starts_ms:
        return 0
    return _at(site.day_starts_ms[0]).astimezone(ZoneInfo(site.time_zone)).hour
