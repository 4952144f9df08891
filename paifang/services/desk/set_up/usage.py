"""What refers to a row of the set-up: tickets, passages, terminals, other rows.

Tickets are counted in the projection, which is brought up to date first, so that one that was just
issued counts too.
"""

from typing import Final

from paifang.services.desk.context import context
from paifang.services.desk.projector import positions, project_page
from paifang.services.desk.set_up.faults import Note, Refused
from paifang.store.models import (
    EntitlementRule,
    Event,
    Gate,
    Product,
    ProjectedAdmission,
    ProjectedTicket,
    Session,
    Site,
    Zone,
)

_PAGES_MAX: Final = 20


def catch_up() -> None:
    """Bring the projection up to what the ledger says. Raises Refused(issuing_now)."""
    for _ in range(_PAGES_MAX):
        if not project_page():
            return
    if context().ledger.journal_after(positions(), 1):
        raise Refused("issuing_now")


def tickets_of_product(product: Product) -> int:
    """Return how many tickets were issued of a product."""
    return ProjectedTicket.objects.filter(
        event=product.event.number, product=product.number
    ).count()


def tickets_of_session(session: Session) -> int:
    """Return how many tickets were issued for a time slot."""
    return ProjectedTicket.objects.filter(
        event=session.event.number, session=session.number
    ).count()


def people_of_session(session: Session) -> int:
    """Return for how many people tickets of a time slot were issued."""
    rows = ProjectedTicket.objects.filter(event=session.event.number, session=session.number)
    return sum(rows.values_list("people", flat=True))


def tickets_of_event(event: Event) -> int:
    """Return how many tickets were issued of an event."""
    return ProjectedTicket.objects.filter(event=event.number).count()


def gates_of_product(product: Product) -> tuple[str, ...]:
    """Return the slugs of the gates a product opens, by name."""
    slugs = set()
    for rule in product.entitlements.prefetch_related("gates", "zone__gates"):
        chosen = list(rule.gates.all()) or list(rule.zone.gates.all())
        slugs |= {gate.slug for gate in chosen}
    return tuple(sorted(slugs))


def gates_of_event(event: Event) -> tuple[str, ...]:
    """Return the slugs of the gates of an event's sites."""
    found = Gate.objects.filter(zone__site__in=event.sites.all()).values_list("slug", flat=True)
    return tuple(sorted(found))


def uses_of_site(site: Site) -> list[str]:
    """Return what refers to a site."""
    held = {row.site for row in context().ledger.segments()}
    return _named(zones=site.zones.exists(), events=site.events.exists(), tickets=site.slug in held)


def uses_of_zone(zone: Zone) -> list[str]:
    """Return what refers to a zone."""
    return _named(
        gates=zone.gates.exists(),
        products=EntitlementRule.objects.filter(zone=zone).exists(),
        passages=ProjectedAdmission.objects.filter(zone=zone.slug).exists(),
    )


def uses_of_gate(gate: Gate) -> list[str]:
    """Return what refers to a gate."""
    return _named(
        terminals=gate.terminals.exists(),
        products=EntitlementRule.objects.filter(gates=gate).exists(),
        passages=ProjectedAdmission.objects.filter(gate=gate.slug).exists(),
    )


def uses_of_event(event: Event) -> list[str]:
    """Return what refers to an event."""
    return _named(
        products=event.products.exists(),
        sessions=event.sessions.exists(),
        tickets=ProjectedTicket.objects.filter(event=event.number).exists(),
    )


def ticket_note(count: int, gates: tuple[str, ...]) -> list[Note]:
    """Return the note that a change touches tickets, none if there is no ticket yet."""
    return [Note("tickets_issued", {"tickets": count}, gates)] if count else []


def _named(**found: bool) -> list[str]:
    return [name for name, is_there in found.items() if is_there]
