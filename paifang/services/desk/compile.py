"""Compiles the store into the two layers of the rules bundle and publishes what changed.

Every service function that changes configuration calls `publish` after its own transaction. Bundles
are complete: there is nothing to merge and nothing to forget.
"""

from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from paifang.core import rules
from paifang.core.pricing import Channel, Price
from paifang.core.rules import CentreRules, NodeRules
from paifang.ledger import freeze
from paifang.ledger.commands import Publish
from paifang.ledger.faults import LedgerFault, NotPossible
from paifang.services.desk.calendar import calendar
from paifang.services.desk.context import context
from paifang.store import models
from paifang.store.models.offers import as_ms

ATTEMPTS_MAX: Final = 5

# One spelling per content: keys sorted, so that anybody can compute the digest again.
_encode = msgspec.json.Encoder(order="deterministic").encode


class Layer(StrEnum):
    """The two layers of the bundle."""

    centre = "centre"
    node = "node"


def publish(actor: str = "", now: datetime | None = None) -> tuple[Layer, ...]:
    """Bring the store's configuration into force at the gates.

    Args:
        actor: Who changed it, for the journal.
        now: Around which days are compiled; the present by default.

    Returns:
        The layers that changed; nothing is written for one that did not.

    Raises:
        LedgerFault: The ledger could not be reached, or others kept publishing in between.
    """
    moment = now or datetime.now(UTC)
    # A venue host's rules of events and sites are its centre's; only its own layer is made here.
    # The hosts of a centre that was restored may know newer ones than it does, until they told.
    only_node = context().centre is not None or _is_frozen()
    layers = (Layer.node,) if only_node else tuple(Layer)
    return tuple(layer for layer in layers if _publish_layer(layer, actor, moment))


def _is_frozen() -> bool:
    with context().ledger.reader() as reader:
        return bool(freeze.awaited(reader.raw.meta()))


def _publish_layer(layer: Layer, actor: str, now: datetime) -> bool:
    ledger, keys = context().ledger, context().keys
    fault: LedgerFault | None = None
    for _ in range(ATTEMPTS_MAX):
        in_force = ledger.rules()
        if layer is Layer.centre:
            base = in_force.centre.version
            issuing = (keys.public_key,)
            compiled = replace(centre_rules(now, issuing), version=base)
            if not base and not compiled.events and not compiled.sites:
                # A venue host that has not joined yet takes its centre's first version as well.
                return False
            body = changed_body(in_force.centre, compiled)
        else:
            base = in_force.node.version
            body = changed_body(in_force.node, replace(node_rules(keys.node), version=base))
        if not body:
            return False
        command = Publish(
            layer=layer.value, base=base, body=body, signature=keys.sign(body), actor=actor
        )
        (answer,) = ledger.commit([command])
        if not isinstance(answer, LedgerFault):
            return True
        if not isinstance(answer, NotPossible):
            raise answer
        fault = answer  # somebody published in between: compile again from what stands now
    assert fault is not None, "a loop of at least one attempt"
    raise fault


def changed_body(
    in_force: CentreRules | NodeRules, compiled: CentreRules | NodeRules
) -> bytes | None:
    """Return the document of the next version, or None if it would say the same."""
    if in_force == compiled:
        return None
    following = replace(compiled, version=compiled.version + 1)
    return _encode(msgspec.to_builtins(following, str_keys=True))


def centre_rules(now: datetime, issuing_keys: tuple[str, ...] = ()) -> CentreRules:
    """Return the centre's layer as the store has it now, without a version.

    `issuing_keys` are the public keys, in hex, by which codes are signed here.
    """
    zones = {zone.pk: zone for zone in models.Zone.objects.select_related("site")}
    events = list(
        models.Event.objects.prefetch_related(
            "sites", "sessions", "products__entitlements__gates", "products__prices"
        )
    )
    return CentreRules(
        events={event.number: _event(event) for event in events},
        products={
            product.number: _product(product, event, zones)
            for event in events
            for product in event.products.all()
        },
        sessions={
            session.number: _session(session, event)
            for event in events
            for session in event.sessions.all()
        },
        sites={
            site.slug: _site(site, now) for site in models.Site.objects.prefetch_related("periods")
        },
        zones={zone.slug: _zone(zone) for zone in zones.values()},
        gates=_gates(events, zones),
        issuing_keys=issuing_keys,
    )


def node_rules(node: str) -> NodeRules:
    """Return the node's layer as the store has it now, without a version."""
    terminals = models.Terminal.objects.prefetch_related("gates", "tokens")
    users = models.User.objects.prefetch_related("cards")
    return NodeRules(
        node=node,
        terminals={terminal.pk.hex: _terminal(terminal) for terminal in terminals},
        staff={user.username: _staff(user) for user in users},
        peers={peer.node: _peer(peer) for peer in models.Peer.objects.all()},
    )


def _event(event: models.Event) -> rules.Event:
    return rules.Event(
        number=event.number,
        id=event.pk.hex,
        slug=event.slug,
        name=event.name,
        name_zh=event.name_zh,
        organiser=event.organiser_id.hex,
        starts_ms=as_ms(event.starts_at),
    )


def _product(
    product: models.Product, event: models.Event, zones: dict[UUID, models.Zone]
) -> rules.Product:
    entitlements = sorted(product.entitlements.all(), key=lambda rule: rule.position)
    return rules.Product(
        number=product.number,
        id=product.pk.hex,
        event=event.number,
        name=product.name,
        name_zh=product.name_zh,
        entitlements=tuple(_entitlement(rule, zones[rule.zone_id].slug) for rule in entitlements),
        exchange_required=product.exchange_required,
        identity=rules.Identity(product.identity),
        supervised=product.supervised,
        signed_codes=product.signed_codes,
        rotating_codes=product.rotating_codes,
        prices=tuple(_price(price) for price in product.prices.all()),
        order_max=product.order_max,
    )


def _price(price: models.Price) -> Price:
    return Price(
        amount_minor=price.amount_minor,
        currency=price.currency,
        tax_bp=price.tax_bp,
        channels=(Channel(price.channel),) if price.channel else (),
        sold_from_ms=as_ms(price.sold_from),
        sold_until_ms=as_ms(price.sold_until),
        visit_from_ms=as_ms(price.visit_from),
        visit_until_ms=as_ms(price.visit_until),
        quantity_min=price.quantity_min,
    )


def _entitlement(rule: models.EntitlementRule, zone: str) -> rules.EntitlementRule:
    return rules.EntitlementRule(
        zone=zone,
        gates=tuple(sorted(gate.slug for gate in rule.gates.all())),
        valid_from_ms=as_ms(rule.valid_from),
        valid_until_ms=as_ms(rule.valid_until),
        session_bound=rule.session_bound,
        uses_max=rule.uses_max,
        day_uses_max=rule.day_uses_max,
        gate_uses_max=rule.gate_uses_max,
        days_max=rule.days_max,
        valid_days=rule.valid_days,
        reentry=rules.Reentry(rule.reentry),
        anti_passback=rule.anti_passback,
    )


def _session(session: models.Session, event: models.Event) -> rules.Session:
    return rules.Session(
        number=session.number,
        id=session.pk.hex,
        event=event.number,
        name=session.name,
        opens_ms=as_ms(session.opens_at),
        closes_ms=as_ms(session.closes_at),
        name_zh=session.name_zh,
        cap=session.cap,
    )


def _site(site: models.Site, now: datetime) -> rules.Site:
    return rules.Site(
        slug=site.slug,
        name=site.name,
        name_zh=site.name_zh,
        time_zone=site.time_zone,
        day_starts_ms=calendar(site.zone_info, site.day_start_hour, now),
        periods=tuple(
            rules.Period(period.key, as_ms(period.starts_at), as_ms(period.ends_at))
            for period in sorted(site.periods.all(), key=lambda period: period.starts_at)
        ),
    )


def _zone(zone: models.Zone) -> rules.Zone:
    return rules.Zone(
        slug=zone.slug,
        site=zone.site.slug,
        name=zone.name,
        name_zh=zone.name_zh,
        cap=zone.cap,
        alarm_percent=zone.alarm_percent,
    )


def _gates(events: list[models.Event], zones: dict[UUID, models.Zone]) -> dict[str, rules.Gate]:
    """Return the gates; each knows the tickets of every event of its site, newest event first."""
    at_site: dict[UUID, list[int]] = {}
    for event in sorted(events, key=lambda event: -event.number):
        for site in event.sites.all():
            at_site.setdefault(site.pk, []).append(event.number)
    gates = {}
    for gate in models.Gate.objects.all():
        zone = zones[gate.zone_id]
        gates[gate.slug] = rules.Gate(
            slug=gate.slug,
            zone=zone.slug,
            name=gate.name,
            name_zh=gate.name_zh,
            directions=gate.directions,
            events=tuple(at_site.get(zone.site_id, ())),
        )
    return gates


def _terminal(terminal: models.Terminal) -> rules.Terminal:
    return rules.Terminal(
        id=terminal.pk.hex,
        name=terminal.name,
        role=rules.TerminalRole(terminal.role),
        gates=tuple(sorted(gate.slug for gate in terminal.gates.all())),
        tokens=tuple(
            rules.Token(token.sha256, as_ms(token.not_after))
            for token in sorted(terminal.tokens.all(), key=lambda token: token.pk)
        ),
        revoked=terminal.revoked,
        public_key=terminal.public_key,
    )


def _staff(user: models.User) -> rules.Staff:
    return rules.Staff(
        username=user.username,
        name=user.name,
        role=rules.Role(user.role),
        pin_salt=user.pin_salt,
        pin_hash=user.pin_hash,
        active=user.is_active,
        cards=tuple(sorted(card.number_hash for card in user.cards.all())),
    )


def _peer(peer: models.Peer) -> rules.Peer:
    return rules.Peer(
        id=peer.node,
        name=peer.name,
        public_key=peer.public_key,
        exchange_key=peer.exchange_key,
        revoked=peer.revoked,
    )
