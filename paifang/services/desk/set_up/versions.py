"""The versions of the rules bundle, made visible: what changed, by whom, and where it is known.

The writer reads the version in force with every batch, so a version holds at all gates of this host
from the instant it is published. What can lag are terminals: one that has not been seen since has
not been told anything.
"""

from dataclasses import fields
from typing import Any, Final, NamedTuple

from django.db.models import OuterRef, Subquery

from paifang.core.rules import CentreRules, Gate, NodeRules
from paifang.ledger.bundle import decode_layer
from paifang.services.desk.compile import Layer
from paifang.services.desk.context import context
from paifang.store import models
from paifang.store.models import ProjectedAdmission, ProjectedRules, Terminal

PAGE_VERSIONS: Final = 20
_FIRST_WITHIN_MS: Final = 24 * 60 * 60 * 1000
_KINDS: Final = {
    Layer.centre: ("events", "sites", "zones", "gates", "products", "sessions"),
    Layer.node: ("terminals", "staff", "peers"),
}
SECRET: Final = frozenset({"tokens", "public_key", "pin_salt", "pin_hash", "cards", "exchange_key"})
"""Of these it is said that they changed, never what they are."""


class Change(NamedTuple):
    """One thing that is new, gone or other: `before` and `after` are its values in the rules."""

    kind: str
    before: Any
    after: Any

    @property
    def fields(self) -> list[str]:
        """The names of the fields that differ, none for what is new or gone."""
        if self.before is None or self.after is None:
            return []
        return [
            field.name
            for field in fields(self.after)
            if getattr(self.before, field.name) != getattr(self.after, field.name)
        ]


class Version(NamedTuple):
    """One version of a layer; `rules` are those it brought into force."""

    layer: Layer
    number: int
    at_ms: int
    who: str
    changes: list[Change]
    rules: CentreRules | NodeRules


class Reached(NamedTuple):
    """Where a version has been met: a gate's first decision under it, UTC ms, 0 for none yet."""

    gate: Gate
    first_ms: int
    seen: list[str]
    not_yet: list[str]


def newest(layer: Layer) -> int:
    """Return the number of the version in force, 0 before the first."""
    rules = context().ledger.rules()
    return rules.centre.version if layer is Layer.centre else rules.node.version


def versions(layer: Layer, last: int, count: int = PAGE_VERSIONS) -> list[Version]:
    """Return versions up to `last`, newest first, each with what it changed.

    Raises:
        LedgerFault: The ledger could not be read.
    """
    wanted = [number for number in range(last, max(0, last - count - 1), -1) if number > 0]
    bodies = {row.version: row for row in context().ledger.bundles(layer.value, wanted)}
    who = dict(
        ProjectedRules.objects.filter(layer=layer.value, version__in=wanted).values_list(
            "version", "actor"
        )
    )
    decoded = {number: decode_layer(layer.value, row.body) for number, row in bodies.items()}
    empty = CentreRules() if layer is Layer.centre else NodeRules()
    return [
        Version(
            layer,
            number,
            bodies[number].at_ms,
            who.get(number, ""),
            changes(layer, decoded.get(number - 1, empty), decoded[number]),
            decoded[number],
        )
        for number in wanted[:count]
        if number in decoded
    ]


def changes(
    layer: Layer, before: CentreRules | NodeRules, after: CentreRules | NodeRules
) -> list[Change]:
    """Return what differs between two versions of a layer, by kind and key."""
    found: list[Change] = []
    for kind in _KINDS[layer]:
        old, new = getattr(before, kind), getattr(after, kind)
        differ = (key for key in sorted({*old, *new}, key=str) if old.get(key) != new.get(key))
        found += [Change(kind, old.get(key), new.get(key)) for key in differ]
    return found


def reached(version: Version, next_ms: int) -> list[Reached]:
    """Return gate by gate where a version has been met.

    Args:
        version: Of either layer.
        next_ms: When the next version came, UTC milliseconds, 0 if this one is in force.
    """
    until = min(next_ms or version.at_ms + _FIRST_WITHIN_MS, version.at_ms + _FIRST_WITHIN_MS)
    # Decided here, by the version in force; what a terminal decided by itself tells nothing.
    decided = ProjectedAdmission.objects.filter(
        gate=OuterRef("slug"), at_ms__gte=version.at_ms, at_ms__lt=until, basis="lease"
    )
    firsts = dict(
        models.Gate.objects.annotate(first=Subquery(decided.order_by("at_ms").values("at_ms")[:1]))
        .filter(first__isnull=False)
        .values_list("slug", "first")
    )
    terminals = list(
        Terminal.objects.filter(revoked=False)
        .select_related("status")
        .prefetch_related("gates")
        .order_by("name")
    )
    rows = []
    for slug, gate in sorted(context().ledger.rules().centre.gates.items()):
        here = [one for one in terminals if any(at.slug == slug for at in one.gates.all())]
        seen = [one.name for one in here if _seen_ms(one) >= version.at_ms]
        rows.append(
            Reached(gate, firsts.get(slug, 0), seen, [o.name for o in here if o.name not in seen])
        )
    return rows


def _seen_ms(terminal: Terminal) -> int:
    status = getattr(terminal, "status", None)
    return 0 if status is None else int(status.seen_at_ms)
