"""Quota: how many units of something there are, and who has them. Pure functions on one counter.

capacity = allotted (given to venues) + held (reserved for a while) + sold + free.
"""

from enum import IntEnum
from typing import NamedTuple


class Quota(NamedTuple):
    """One counter, in units. `id` is chosen by the configuration, e.g. `product:12`."""

    id: str
    segment: int
    capacity: int = 0
    allotted: int = 0
    held: int = 0
    sold: int = 0

    @property
    def free(self) -> int:
        """Units that may still be held."""
        return self.capacity - self.allotted - self.held - self.sold


class HoldState(IntEnum):
    """What became of a hold."""

    held = 0
    confirmed = 1
    released = 2


class Hold(NamedTuple):
    """Units reserved until `until_ms` (UTC). An expired hold counts until it is swept."""

    id: str
    quota: str
    units: int
    until_ms: int
    state: int = HoldState.held


def hold(quota: Quota, units: int) -> Quota | None:
    """Return the counter with units held, or None if they are not free."""
    if units > quota.free:
        return None
    return quota._replace(held=quota.held + units)


def confirm(quota: Quota, units: int) -> Quota:
    """Return the counter with held units sold."""
    assert quota.held >= units, "confirmed more than was held"
    return quota._replace(held=quota.held - units, sold=quota.sold + units)


def release(quota: Quota, units: int) -> Quota:
    """Return the counter with held units free again."""
    assert quota.held >= units, "released more than was held"
    return quota._replace(held=quota.held - units)


def give_back(quota: Quota, units: int) -> Quota:
    """Return the counter with sold units free again, after a void or a refund."""
    assert quota.sold >= units, "gave back more than was sold"
    return quota._replace(sold=quota.sold - units)


def allot(quota: Quota, units: int) -> Quota | None:
    """Return the counter with units given to a venue (or taken back: negative), None if not so."""
    allotted = quota.allotted + units
    if allotted < 0 or units > quota.free:
        return None
    return quota._replace(allotted=allotted)


def resize(quota: Quota, capacity: int) -> Quota | None:
    """Return the counter with another capacity, or None if more than that is already taken."""
    if capacity < quota.allotted + quota.held + quota.sold:
        return None
    return quota._replace(capacity=capacity)
