"""Which segment an entitlement belongs to: the period that holds all of it, or the standing one."""

from dataclasses import replace

import pytest

from paifang.core.rules import EntitlementRule, Period, Rules, Session
from tests.ledger import world
from tests.ledger.world import at

FAIR = Period("fair", at(0), at(0, day=3))
RULES = Rules(
    replace(
        world.centre_rules(),
        sites={"park": replace(world.PARK, periods=(FAIR,))},
        sessions={1: Session(1, "s1", world.EXPO, "Morning", at(9), at(12))},
    )
)
WITHIN = EntitlementRule("hall", valid_from_ms=at(0), valid_until_ms=at(0, day=2))


@pytest.mark.parametrize(
    ("rule", "session", "from_ms", "until_ms", "period"),
    [
        (WITHIN, 0, 0, 0, "fair"),
        (EntitlementRule("hall"), 0, 0, 0, ""),
        (EntitlementRule("hall"), 0, at(1), at(2), "fair"),
        (EntitlementRule("hall"), 0, at(1), at(0, day=9), ""),
        (EntitlementRule("hall", session_bound=True), 1, 0, 0, "fair"),
        (EntitlementRule("hall", session_bound=True), 7, 0, 0, ""),
        (EntitlementRule("hall"), 1, 0, 0, ""),
    ],
)
def test_a_ticket_belongs_to_the_period_that_holds_all_of_its_validity(
    rule: EntitlementRule, session: int, from_ms: int, until_ms: int, period: str
) -> None:
    assert RULES.place_of(rule, session, from_ms, until_ms) == ("park", period)
