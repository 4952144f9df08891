"""Products: kinds of tickets, and what each gives."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from paifang.core import limits
from paifang.core.rules import CentreRules, Reentry
from paifang.services.desk.compile import centre_rules, publish
from paifang.services.desk.permissions import Actor
from paifang.services.desk.selling.counters import bring_sessions
from paifang.services.desk.set_up import rows, usage
from paifang.services.desk.set_up.faults import Refused
from paifang.store.models import EntitlementRule, Event, Gate, Product, Zone
from paifang.store.models.base import NUMBER_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Gives:
    """One entitlement as it is wanted; `id` names the one that is there already."""

    id: UUID | None = None
    zone: Zone | None = None
    gates: tuple[Gate, ...] = field(default=())
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    session_bound: bool = False
    uses_max: int = 1
    day_uses_max: int = 0
    gate_uses_max: int = 0
    days_max: int = 0
    valid_days: int = 0
    reentry: str = Reentry.none.value
    anti_passback: bool = False


class WrongAt(Exception):
    """An entitlement that is not acceptable: its place in the list, and what is wrong by field."""

    def __init__(self, place: int, error: ValidationError) -> None:
        """Keep both."""
        super().__init__(f"{place}")
        self.place = place
        self.error = error


_PLAIN = tuple(sorted(set(Gives.__dataclass_fields__) - {"id", "gates"}))


def add_product(event: Event, values: rows.Values, gives: Sequence[Gives], by: Actor) -> Product:
    """Keep a new product. Raises ValidationError, WrongAt, Refused, LedgerFault."""
    rows.require_set_up(by)
    with transaction.atomic():
        row = Product(event=event, number=rows.next_number(Product))
        rows.added(row, values, by)
        _put(row, gives, tickets=0)
    publish(by.name)
    return row


def change_product(row: Product, wish: rows.Wish, gives: Sequence[Gives], by: Actor) -> Product:
    """Change a product and what it gives; once tickets were issued only knowingly.

    Raises ValidationError, WrongAt, ChangedMeanwhile, Refused, AskFirst, LedgerFault.
    """
    rows.require_set_up(by)
    usage.catch_up()
    tickets, gates = usage.tickets_of_product(row), usage.gates_of_product(row)
    with transaction.atomic():
        now = rows.opened(row, wish.version)
        rows.changed(
            now,
            wish,
            by,
            lambda told: [] if told <= rows.NAMES else usage.ticket_note(tickets, gates),
        )
        said = _put(now, gives, tickets)
        if said:
            rows.ask_first(usage.ticket_note(tickets, gates), wish.why)
            rows.kept(now, by, "; ".join(said), wish.why)
    bring_sessions(now.event, by.name)
    publish(by.name)
    return now


def remove_product(row: Product, by: Actor) -> None:
    """Take a product away that nobody has a ticket of. Raises Refused, LedgerFault."""
    rows.require_set_up(by)
    usage.catch_up()
    with transaction.atomic():
        rows.removed(row, ["tickets"] if usage.tickets_of_product(row) else [], by)
    publish(by.name)


def would_be(
    row: Product, values: rows.Values, gives: Sequence[Gives], now: datetime
) -> tuple[CentreRules, int]:
    """Return the centre's rules as they would be compiled if a form were kept, and the number.

    The store itself is asked: the form is kept, compiled and taken back in one transaction, so
    what is shown is what will be. Nothing is written down of it.

    Raises:
        ValidationError: The product is not acceptable, by field.
        WrongAt: One of its entitlements is not.
        Refused: There are too many of them.
    """
    with transaction.atomic():
        try:
            if not row.number:
                row.number = NUMBER_MAX
            for name, value in values.items():
                setattr(row, name, value)
            row.full_clean()
            row.save()
            _put(row, gives, tickets=0)
            return centre_rules(now), row.number
        finally:
            transaction.set_rollback(True)


def _put(product: Product, gives: Sequence[Gives], tickets: int) -> list[str]:
    """Make the entitlements those that are wanted; return what changed, for the audit."""
    if len(gives) > limits.ENTITLEMENTS_MAX:
        raise Refused("too_many")
    there = {rule.pk: rule for rule in product.entitlements.prefetch_related("gates")}
    sites = {site.pk for site in product.event.sites.all()}
    position = max((rule.position for rule in there.values()), default=-1) + 1
    said = []
    for place, wanted in enumerate(gives):
        rule = there.pop(wanted.id, None) if wanted.id else None
        if rule is None:
            rule = EntitlementRule(product=product, position=position)
            position += 1
        elif tickets and wanted.zone and wanted.zone.site_id != rule.zone.site_id:
            raise Refused("entitlement_moves", name="zone")
        try:
            said += _keep(rule, wanted, sites)
        except ValidationError as error:
            raise WrongAt(place, error) from error
    if there and tickets:
        raise Refused("entitlement_has_tickets")
    for rule in there.values():
        said.append(f"#{rule.position} removed")
        rule.delete()
    return said


def _keep(rule: EntitlementRule, wanted: Gives, sites: set[UUID]) -> list[str]:
    """Make one entitlement what is wanted. Raises ValidationError by field."""
    zone = wanted.zone
    if zone is None or zone.site_id not in sites:
        raise ValidationError({"zone": ValidationError("zone", code="zone_elsewhere")})
    if any(gate.zone_id != zone.pk for gate in wanted.gates):
        raise ValidationError({"gates": ValidationError("gates", code="gate_elsewhere")})
    new = rule._state.adding
    # Read before anything is set, to name what changed.
    before = {} if new else {name: getattr(rule, name) for name in _PLAIN}
    gates_before = set() if new else {gate.slug for gate in rule.gates.all()}
    for name in _PLAIN:
        setattr(rule, name, getattr(wanted, name))
    rule.full_clean()
    changes = [
        f"{name} {before[name]} -> {getattr(rule, name)}"
        for name in _PLAIN
        if not new and before[name] != getattr(rule, name)
    ]
    gates = {gate.slug for gate in wanted.gates}
    if not new and gates != gates_before:
        changes.append(f"gates [{' '.join(sorted(gates_before))}] -> [{' '.join(sorted(gates))}]")
    if not new and not changes:
        return []
    rule.save()
    rule.gates.set(wanted.gates)
    return [f"#{rule.position} {'added' if new else ', '.join(changes)}"]


def given_by(product: Product) -> list[Gives]:
    """Return what a product gives now, in order."""
    return [
        Gives(
            id=rule.pk,
            gates=tuple(sorted(rule.gates.all(), key=lambda gate: gate.name)),
            **{name: getattr(rule, name) for name in _PLAIN},
        )
        for rule in product.entitlements.select_related("zone__site").prefetch_related("gates")
    ]
