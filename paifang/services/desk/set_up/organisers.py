"""Organisers: whose events and whose people they are."""

from django.db import transaction

from paifang.services.desk.compile import publish
from paifang.services.desk.permissions import Actor
from paifang.services.desk.set_up import rows
from paifang.services.desk.set_up.slugs import free_slug
from paifang.store.models import Organiser


def add_organiser(values: rows.Values, by: Actor) -> Organiser:
    """Keep a new organiser. Raises ValidationError, LedgerFault."""
    rows.require_set_up(by)
    with transaction.atomic():
        row = Organiser(slug=free_slug(Organiser, str(values.get("name", ""))))
        rows.added(row, values, by)
    publish(by.name)
    return row


def change_organiser(row: Organiser, wish: rows.Wish, by: Actor) -> Organiser:
    """Change an organiser. Raises ValidationError, ChangedMeanwhile, LedgerFault."""
    rows.require_set_up(by)
    with transaction.atomic():
        now = rows.opened(row, wish.version)
        rows.changed(now, wish, by, lambda _fields: [])
    publish(by.name)
    return now


def remove_organiser(row: Organiser, by: Actor) -> None:
    """Take an organiser away that has nothing. Raises Refused, LedgerFault."""
    rows.require_set_up(by)
    with transaction.atomic():
        uses = [name for name in ("sites", "events") if getattr(row, name).exists()]
        rows.removed(row, uses, by)
    publish(by.name)
