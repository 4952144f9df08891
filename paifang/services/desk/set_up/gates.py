"""Gates: the ways into a zone and out of it."""

from django.db import transaction

from paifang.services.desk.compile import publish
from paifang.services.desk.permissions import Actor
from paifang.services.desk.set_up import rows, usage
from paifang.services.desk.set_up.faults import Refused
from paifang.services.desk.set_up.slugs import free_slug
from paifang.store.models import Gate


def add_gate(values: rows.Values, by: Actor) -> Gate:
    """Keep a new gate. Raises ValidationError, LedgerFault."""
    rows.require_set_up(by)
    with transaction.atomic():
        row = Gate(slug=free_slug(Gate, str(values.get("name", ""))))
        rows.added(row, values, by)
    publish(by.name)
    return row


def change_gate(row: Gate, wish: rows.Wish, by: Actor) -> Gate:
    """Change a gate. Raises ValidationError, ChangedMeanwhile, Refused, LedgerFault."""
    rows.require_set_up(by)
    usage.catch_up()
    uses = usage.uses_of_gate(row)
    with transaction.atomic():
        now = rows.opened(row, wish.version)
        if uses and wish.values.get("slug", now.slug) != now.slug:
            raise Refused("slug_in_use", *uses, name="slug")
        if "zone" in wish.values and wish.values["zone"] != now.zone and "products" in uses:
            raise Refused("gate_moves", name="zone")
        rows.changed(now, wish, by, lambda _fields: [])
    publish(by.name)
    return now


def remove_gate(row: Gate, by: Actor) -> None:
    """Take a gate away that nothing refers to. Raises Refused, LedgerFault."""
    rows.require_set_up(by)
    usage.catch_up()
    with transaction.atomic():
        rows.removed(row, usage.uses_of_gate(row), by)
    publish(by.name)
