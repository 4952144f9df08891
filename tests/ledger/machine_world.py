"""What the machine of gates plays with: products of every kind, limits that change, terminals."""

from dataclasses import replace

from hypothesis import strategies as st

from paifang.core.rules import (
    CentreRules,
    EntitlementRule,
    NodeRules,
    Product,
    Reentry,
    Session,
    Zone,
)
from tests.ledger import world
from tests.ledger.world import HALL, at

AFTER_EXIT = Reentry.after_exit
GARDEN = EntitlementRule("garden")
SESSION_TICKET = 7
SEGMENT = st.integers(0, 2)
TICKET = st.tuples(
    st.integers(1, 9), st.sampled_from((1, 1, 2, 3)), st.tuples(SEGMENT, SEGMENT, SEGMENT)
)
"""Product, people, and the segments of home and entitlements."""
PLACE = st.sampled_from(("its own", "its own", "its own", "north", "south", "hedge"))
VISIT = st.tuples(
    st.integers(0, 7),
    PLACE,
    st.sampled_from(("t1", "t1", "t1", "t2")),
    st.sampled_from((1, 1, 1, 2, 3)),
)
"""Which ticket, gate and terminal, how many people."""
STEPS = st.lists(
    st.sampled_from(
        ("in", "in", "in", "out", "out", "annul", "not_shown", "passed", "preview", "override")
    ),
    min_size=1,
    max_size=6,
)
"""What becomes of a ticket, step by step."""
ELSEWHERE = {"north": "hedge", "south": "hedge", "hedge": "north"}
LIMITS = st.tuples(st.sampled_from((1, 2)), st.sampled_from((0, 2, 4)), st.sampled_from((0, 2)))
"""Uses of a single ticket, cap of the hall, cap of the session."""


def products(single_uses: int) -> tuple[Product, ...]:
    """Return every kind of product; how often a single ticket enters can be changed."""
    return (
        world.product(1, replace(HALL, uses_max=single_uses)),
        world.product(2, replace(HALL, reentry=AFTER_EXIT)),
        world.product(3, replace(HALL, uses_max=3, gate_uses_max=1, anti_passback=True)),
        world.product(4, HALL, replace(GARDEN, reentry=AFTER_EXIT)),
        world.product(5, HALL, exchange_required=True),
        world.product(6, replace(HALL, uses_max=0, day_uses_max=1, days_max=2, reentry=AFTER_EXIT)),
        world.product(7, replace(HALL, session_bound=True), replace(GARDEN, gates=("hedge",))),
        world.product(8, replace(GARDEN, uses_max=0, day_uses_max=2, valid_days=2)),
        world.product(9, HALL, HALL),
    )


def centre(single_uses: int = 1, hall_cap: int = 0, session_cap: int = 0) -> CentreRules:
    """Return the centre's layer with these limits."""
    rules = world.centre_rules(products(single_uses))
    zones = {**rules.zones, "hall": Zone("hall", "park", "Hall", cap=hall_cap)}
    session = Session(1, "s1", world.EXPO, "Day", at(9), at(22), cap=session_cap)
    return replace(rules, zones=zones, sessions={1: session})


def node(*revoked: str) -> NodeRules:
    """Return the node's layer with these terminals revoked."""
    terminals = [each for each in world.TERMINALS if each.id != "gone"]
    return world.node_rules([replace(t, revoked=t.id in revoked) for t in terminals])
