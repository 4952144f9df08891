"""An event made once more: so many days later, without its tickets."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from paifang.core import limits
from paifang.services.desk import audit
from paifang.services.desk.compile import publish
from paifang.services.desk.permissions import Actor
from paifang.services.desk.set_up import rows
from paifang.services.desk.set_up.local_clock import instant_of
from paifang.services.desk.set_up.slugs import free_slug
from paifang.store.models import EntitlementRule, Event, Product, Session


def clone_event(source: Event, *, name: str, name_zh: str, days: int, by: Actor) -> Event:
    """Make an event like another, so many days later by the clock on the wall.

    Products keep what they give, at shifted days; sessions keep their hours. No ticket comes along.

    Raises:
        ValidationError: The name is not acceptable.
        LedgerFault: It was made, but the gates could not be told yet.
    """
    rows.require_set_up(by)
    site = source.sites.order_by("name").first()
    zone = site.zone_info if site else ZoneInfo("UTC")
    with transaction.atomic():
        event = Event(
            organiser=source.organiser,
            number=rows.next_number(Event),
            slug=free_slug(Event, name),
            name=name,
            name_zh=name_zh,
            starts_at=shifted(source.starts_at, days, zone),
            ends_at=shifted(source.ends_at, days, zone),
        )
        event.full_clean()
        event.save(force_insert=True)
        event.sites.set(source.sites.all())
        products = _clone_products(source, event, days)
        sessions = _clone_sessions(source, event, days, zone)
        told = f"{event.slug}: of {source.slug}, {days} days later, {products} products, "
        audit.record(
            "event_cloned", who=by.name, subject=f"{told}{sessions} sessions", where=by.where
        )
    publish(by.name)
    return event


def shifted(moment: datetime | None, days: int, zone: ZoneInfo) -> datetime | None:
    """Return the same time of the clock on the wall so many days later; None stays open."""
    if moment is None:
        return None
    local = moment.astimezone(zone).replace(tzinfo=None)
    return instant_of(zone, local + timedelta(days=days))[0]


def _clone_products(source: Event, event: Event, days: int) -> int:
    """Make the products once more; return how many."""
    found = list(
        source.products.prefetch_related("entitlements__gates", "entitlements__zone__site")
    )
    for product in found:
        rules = list(product.entitlements.all())
        new = _copied(product, event=event, number=rows.next_number(Product))
        new.save(force_insert=True)
        for rule in rules:
            gates = list(rule.gates.all())
            zone = rule.zone.site.zone_info
            copy = EntitlementRule(
                product=new,
                **{
                    field.attname: getattr(rule, field.attname)
                    for field in EntitlementRule._meta.concrete_fields
                    if field.name not in {"id", "product", "valid_from", "valid_until"}
                },
                valid_from=shifted(rule.valid_from, days, zone),
                valid_until=shifted(rule.valid_until, days, zone),
            )
            copy.save(force_insert=True)
            copy.gates.set(gates)
    return len(found)


def _copied(product: Product, *, event: Event, number: int) -> Product:
    """Return a product like another, of another event, not kept yet."""
    return Product(
        event=event,
        number=number,
        **{
            field.attname: getattr(product, field.attname)
            for field in Product._meta.concrete_fields
            if field.name not in {"id", "event", "number", "version"}
        },
    )


def _clone_sessions(source: Event, event: Event, days: int, zone: ZoneInfo) -> int:
    """Make the sessions once more; a name that ends in their time gets the new one."""
    found = list(source.sessions.all())
    if not found:
        return 0
    first = rows.next_number(Session, len(found))
    copies = []
    for n, session in enumerate(found):
        opens = shifted(session.opens_at, days, zone)
        closes = shifted(session.closes_at, days, zone)
        assert opens is not None, "a session has its times"
        assert closes is not None, "a session has its times"
        old, new = (f"{at.astimezone(zone):%m-%d %H:%M}" for at in (session.opens_at, opens))
        copies.append(
            Session(
                event=event,
                number=first + n,
                name=session.name.replace(old, new)[: limits.NAME_CHARS_MAX],
                name_zh=session.name_zh.replace(old, new)[: limits.NAME_CHARS_MAX],
                opens_at=opens,
                closes_at=max(closes, opens + timedelta(minutes=1)),
                cap=session.cap,
            )
        )
    Session.objects.bulk_create(copies)
    return len(copies)
