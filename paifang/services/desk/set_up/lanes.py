"""Lanes: the single passages of a gate. They stand on the plan; the rules know gates only."""

from django.db import transaction

from paifang.services.desk.permissions import Actor
from paifang.services.desk.set_up import rows
from paifang.store.models import Lane


def add_lane(values: rows.Values, by: Actor) -> Lane:
    """Keep a new lane. Raises ValidationError."""
    rows.require_set_up(by)
    with transaction.atomic():
        return rows.added(Lane(), values, by)


def change_lane(row: Lane, wish: rows.Wish, by: Actor) -> Lane:
    """Change a lane. Raises ValidationError, ChangedMeanwhile, Refused."""
    rows.require_set_up(by)
    with transaction.atomic():
        now = rows.opened(row, wish.version)
        rows.changed(now, wish, by, lambda _fields: [])
    return now


def remove_lane(row: Lane, by: Actor) -> None:
    """Take a lane away; nothing refers to one."""
    rows.require_set_up(by)
    with transaction.atomic():
        rows.removed(row, [], by)
