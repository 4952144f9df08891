"""Sites: places with a time zone and days of their own."""

from django.db import transaction

from paifang.services.desk.compile import publish
from paifang.services.desk.permissions import Actor
from paifang.services.desk.set_up import rows, usage
from paifang.services.desk.set_up.faults import Note, Refused
from paifang.services.desk.set_up.slugs import free_slug
from paifang.store.models import Site

_DAYS = frozenset({"time_zone", "day_start_hour"})


def add_site(values: rows.Values, by: Actor) -> Site:
    """Keep a new site. Raises ValidationError, LedgerFault."""
    rows.require_set_up(by)
    with transaction.atomic():
        row = Site(slug=free_slug(Site, str(values.get("name", ""))))
        rows.added(row, values, by)
    publish(by.name)
    return row


def change_site(row: Site, wish: rows.Wish, by: Actor) -> Site:
    """Change a site. Raises ValidationError, ChangedMeanwhile, Refused, AskFirst, LedgerFault."""
    rows.require_set_up(by)
    usage.catch_up()
    has_tickets = "tickets" in usage.uses_of_site(row)
    with transaction.atomic():
        now = rows.opened(row, wish.version)
        if has_tickets and wish.values.get("slug", now.slug) != now.slug:
            raise Refused("slug_in_use", "tickets", name="slug")

        def notes(fields: set[str]) -> list[Note]:
            if not has_tickets or fields.isdisjoint(_DAYS):
                return []
            tickets = sum(usage.tickets_of_event(event) for event in now.events.all())
            return usage.ticket_note(tickets, ())

        rows.changed(now, wish, by, notes)
    publish(by.name)
    return now


def remove_site(row: Site, by: Actor) -> None:
    """Take a site away that nothing refers to. Raises Refused, LedgerFault."""
    rows.require_set_up(by)
    usage.catch_up()
    with transaction.atomic():
        uses = usage.uses_of_site(row)
        if not uses:
            row.periods.all().delete()
        rows.removed(row, uses, by)
    publish(by.name)
