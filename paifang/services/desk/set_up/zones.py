"""Zones: areas people are counted in, with a cap and the level of the alarm."""

from django.db import transaction

from paifang.services.desk.compile import publish
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Actor
from paifang.services.desk.set_up import rows, usage
from paifang.services.desk.set_up.faults import Note, Refused
from paifang.services.desk.set_up.slugs import free_slug
from paifang.store.models import Zone


def add_zone(values: rows.Values, by: Actor) -> Zone:
    """Keep a new zone. Raises ValidationError, LedgerFault."""
    rows.require_set_up(by)
    with transaction.atomic():
        row = Zone(slug=free_slug(Zone, str(values.get("name", ""))))
        rows.added(row, values, by)
    publish(by.name)
    return row


def change_zone(row: Zone, wish: rows.Wish, by: Actor) -> Zone:
    """Change a zone; a cap below the people inside is made only knowingly.

    Raises ValidationError, ChangedMeanwhile, Refused, AskFirst, LedgerFault.
    """
    rows.require_set_up(by)
    usage.catch_up()
    uses = usage.uses_of_zone(row)
    inside = inside_of(row)
    with transaction.atomic():
        now = rows.opened(row, wish.version)
        if {"products", "passages"} & set(uses):
            for name in ("slug", "site"):
                if name in wish.values and wish.values[name] != getattr(now, name):
                    raise Refused("slug_in_use" if name == "slug" else "zone_moves", name=name)

        def notes(fields: set[str]) -> list[Note]:
            if "cap" in fields and 0 < now.cap < inside:
                return [Note("cap_below_inside", {"cap": now.cap, "inside": inside})]
            return []

        rows.changed(now, wish, by, notes)
    publish(by.name)
    return now


def remove_zone(row: Zone, by: Actor) -> None:
    """Take a zone away that nothing refers to. Raises Refused, LedgerFault."""
    rows.require_set_up(by)
    usage.catch_up()
    with transaction.atomic():
        rows.removed(row, usage.uses_of_zone(row), by)
    publish(by.name)


def inside_of(zone: Zone) -> int:
    """Return how many people are in a zone now. Raises LedgerFault."""
    return next(
        (
            count.entries - count.exits
            for count in context().ledger.occupancy()
            if count.zone == zone.slug
        ),
        0,
    )
