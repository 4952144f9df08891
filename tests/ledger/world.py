"""A small venue for tests: one site with halls and a garden, an exhibition, many products.

Times are spelled `at(hour, minute, day=…)`, on the site's own clock (UTC+8).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from paifang.core.rules import (
    DAY_MS,
    CentreRules,
    EntitlementRule,
    Event,
    Gate,
    Identity,
    NodeRules,
    Product,
    Reentry,
    Role,
    Rules,
    Session,
    Site,
    Staff,
    Terminal,
    TerminalRole,
    Zone,
)

MIDNIGHT_MS = 1_780_243_200_000
"""Day 0 begins: 2026-06-01 00:00 at UTC+8."""

EXPO, SHOW = 1, 2


def at(hour: int, minute: int = 0, *, day: int = 0) -> int:
    """Return an instant on the site's clock, in UTC milliseconds."""
    return MIDNIGHT_MS + day * DAY_MS + (hour * 60 + minute) * 60_000


NOW_MS = at(10)
PARK = Site(
    "park", "Park", "公园", "Asia/Shanghai", tuple(at(0, day=day) for day in range(-30, 60))
)
ZONES = (
    Zone("hall", "park", "Hall", "展厅"),
    Zone("garden", "park", "Garden", "花园"),
    Zone("chamber", "park", "Chamber", cap=5),
)
GATES = (
    Gate("north", "hall", "North", events=(EXPO, SHOW)),
    Gate("south", "hall", "South", events=(EXPO, SHOW)),
    Gate("hedge", "garden", "Hedge", events=(EXPO,)),
    Gate("hatch", "chamber", "Hatch", events=(EXPO,)),
)
SESSIONS = (
    Session(1, "s1", EXPO, "Morning", at(9), at(12)),
    Session(2, "s2", EXPO, "Afternoon", at(13), at(17)),
    Session(3, "s3", SHOW, "Gala", at(8), at(22), cap=2),
)
STAFF = (
    Staff("li", "Li Lei", Role.steward),
    Staff("han", "Han Meimei", Role.supervisor),
    Staff("wang", "Wang", Role.manager),
    Staff("gone", "Gone", Role.supervisor, active=False),
)
TERMINALS = (
    Terminal("t1", "north-1", TerminalRole.gate, ("north", "south", "hedge", "hatch")),
    Terminal("t2", "south-1", TerminalRole.gate, ("north", "south")),
    Terminal("p1", "phone-1", TerminalRole.gate, ("north",), public_key="04aa"),
    Terminal("gone", "lost-1", TerminalRole.gate, ("north",), revoked=True),
)

HALL = EntitlementRule("hall")
SINGLE, RE_ENTRY, SEASON, COMBINED, VOUCHER, CHAMBER, GALA = range(1, 8)


def product(number: int, *entitlements: EntitlementRule, **more: Any) -> Product:
    """Return a product of the exhibition, unless `event` says otherwise."""
    return Product(
        number, f"p{number}", more.pop("event", EXPO), f"P{number}", "", entitlements, **more
    )


PRODUCTS = (
    product(SINGLE, HALL),
    product(RE_ENTRY, replace(HALL, reentry=Reentry.after_exit)),
    product(SEASON, replace(HALL, uses_max=0, day_uses_max=1, days_max=2, gate_uses_max=2)),
    product(COMBINED, HALL, EntitlementRule("garden")),
    product(VOUCHER, HALL, exchange_required=True),
    product(CHAMBER, EntitlementRule("chamber", reentry=Reentry.after_exit)),
    product(GALA, HALL, event=SHOW),
)

__all__ = ["HALL", "EntitlementRule", "Identity", "Reentry"]


def centre_rules(products: Sequence[Product] = PRODUCTS) -> CentreRules:
    """Return the centre's layer of the venue."""
    return CentreRules(
        events={
            EXPO: Event(EXPO, "e1", "expo", "Expo", "博览会"),
            SHOW: Event(SHOW, "e2", "show", "Show", "演出"),
        },
        products={each.number: each for each in products},
        sessions={each.number: each for each in SESSIONS},
        sites={"park": PARK},
        zones={each.slug: each for each in ZONES},
        gates={each.slug: each for each in GATES},
    )


def node_rules(terminals: Sequence[Terminal] = TERMINALS) -> NodeRules:
    """Return the node's layer of the venue."""
    return NodeRules(
        node="main",
        terminals={each.id: each for each in terminals},
        staff={each.username: each for each in STAFF},
    )


def rules(*products: Product) -> Rules:
    """Return both layers, of the usual products or of these."""
    return Rules(centre_rules(products or PRODUCTS), node_rules())


def body_of(layer: CentreRules | NodeRules) -> bytes:
    """Return a layer as it is published."""
    return msgspec.json.encode(layer)


class SettableClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        """Start at a time, UTC milliseconds."""
        self.time_ms = now_ms
        self.steps = 0

    def now_ms(self) -> int:
        """Return the time it was set to."""
        return self.time_ms

    def forward(self, *, minutes: int = 0, ms: int = 0) -> None:
        """Let time pass."""
        self.time_ms += minutes * 60_000 + ms
