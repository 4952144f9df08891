"""How a ticket stands now, for people: one word, and from when to when it opens a gate.

The gate itself decides by the ledger; this is what desk and guest are told beforehand.
"""

from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from paifang.core.rules import EntitlementRule, Product, Rules, Session, Site
from paifang.core.tickets import Status
from paifang.store.models import ProjectedTicket

UTC_NAME = "UTC"


class Condition(StrEnum):
    """How a ticket stands; the first that holds, in this order."""

    void = "void"
    refunded = "refunded"
    blocked = "blocked"
    unpaid = "unpaid"
    used = "used"
    expired = "expired"
    not_yet = "not_yet"
    voucher = "voucher"
    valid = "valid"


class Validity(NamedTuple):
    """The span within which a ticket opens anything, UTC milliseconds; 0 = open."""

    from_ms: int
    until_ms: int


_OF_STATUS = {
    Status.void: Condition.void,
    Status.refunded: Condition.refunded,
    Status.blocked: Condition.blocked,
    Status.unpaid: Condition.unpaid,
}


def condition_of(rules: Rules, row: ProjectedTicket, now_ms: int) -> Condition:
    """Return how a ticket stands at a time."""
    # A ticket of which only later facts have come opens nothing yet.
    told = _OF_STATUS.get(Status(row.status)) if row.status >= 0 else Condition.unpaid
    if told is not None:
        return told
    product = rules.centre.products.get(row.product)
    if product is None:
        return Condition.void
    uses = uses_of(product, row)
    if uses and row.uses >= uses:
        return Condition.used
    validity = validity_of(rules, row)
    if validity.until_ms and now_ms >= validity.until_ms:
        return Condition.expired
    if product.exchange_required and not row.exchanged:
        return Condition.voucher
    return Condition.not_yet if now_ms < validity.from_ms else Condition.valid


def uses_of(product: Product, row: ProjectedTicket) -> int:
    """Return how often a ticket opens a gate in all, in people; 0 without an end."""
    each = [rule.uses_max for rule in product.entitlements]
    return sum(each) * row.people if each and all(each) else 0


def validity_of(rules: Rules, row: ProjectedTicket) -> Validity:
    """Return from when to when a ticket opens something: the span over all its entitlements."""
    product = rules.centre.products.get(row.product)
    slot = rules.centre.sessions.get(row.session)
    spans = [_span(rule, slot, row) for rule in (product.entitlements if product else ())]
    if not spans:
        return Validity(row.valid_from_ms, row.valid_until_ms)
    ends = [until_ms for _, until_ms in spans]
    return Validity(min(from_ms for from_ms, _ in spans), max(ends) if all(ends) else 0)


def _span(rule: EntitlementRule, slot: Session | None, row: ProjectedTicket) -> tuple[int, int]:
    starts = [rule.valid_from_ms, row.valid_from_ms]
    ends = [rule.valid_until_ms, row.valid_until_ms]
    if rule.session_bound and slot is not None:
        starts.append(slot.opens_ms)
        ends.append(slot.closes_ms)
    return max(starts), min((end for end in ends if end), default=0)


def site_of(rules: Rules, row: ProjectedTicket) -> Site | None:
    """Return the site a ticket is for: that of its first entitlement."""
    product = rules.centre.products.get(row.product)
    for rule in product.entitlements if product else ():
        zone = rules.centre.zones.get(rule.zone)
        if zone is not None:
            return rules.centre.sites.get(zone.site)
    return None


def zone_of(rules: Rules, row: ProjectedTicket) -> ZoneInfo:
    """Return the time zone of a ticket's site."""
    site = site_of(rules, row)
    return ZoneInfo(site.time_zone if site else UTC_NAME)
