"""Events, or a scenic area's standing offer."""

from collections.abc import Iterable

from django.db import transaction

from paifang.services.desk.compile import publish
from paifang.services.desk.permissions import Actor
from paifang.services.desk.set_up import rows, usage
from paifang.services.desk.set_up.faults import Refused
from paifang.services.desk.set_up.slugs import free_slug
from paifang.store.models import EntitlementRule, Event, Site


def add_event(values: rows.Values, by: Actor) -> Event:
    """Keep a new event. Raises ValidationError, LedgerFault."""
    rows.require_set_up(by)
    with transaction.atomic():
        slug = free_slug(Event, str(values.get("name", "")))
        rows.added(Event(number=rows.next_number(Event), slug=slug), values, by)
    publish(by.name)
    return Event.objects.get(slug=slug)


def change_event(row: Event, wish: rows.Wish, by: Actor) -> Event:
    """Change an event. Raises ValidationError, ChangedMeanwhile, Refused, AskFirst, LedgerFault."""
    rows.require_set_up(by)
    usage.catch_up()
    tickets = usage.tickets_of_event(row)
    with transaction.atomic():
        now = rows.opened(row, wish.version)
        if tickets and wish.values.get("slug", now.slug) != now.slug:
            raise Refused("slug_in_use", "tickets", name="slug")
        if "sites" in wish.values:
            _refuse_lost_sites(now, wish.values["sites"])
        gates = usage.gates_of_event(now)
        rows.changed(
            now,
            wish,
            by,
            lambda fields: [] if fields <= rows.NAMES else usage.ticket_note(tickets, gates),
        )
    publish(by.name)
    return now


def remove_event(row: Event, by: Actor) -> None:
    """Take an event away that has nothing yet. Raises Refused, LedgerFault."""
    rows.require_set_up(by)
    usage.catch_up()
    with transaction.atomic():
        rows.removed(row, usage.uses_of_event(row), by)
    publish(by.name)


def _refuse_lost_sites(event: Event, sites: Iterable[Site]) -> None:
    """A site whose zones a product of the event opens stays. Raises Refused."""
    kept = {site.pk for site in sites}
    opened = EntitlementRule.objects.filter(product__event=event).values_list(
        "zone__site", flat=True
    )
    if set(opened) - kept:
        raise Refused("site_in_use", "products", name="sites")
