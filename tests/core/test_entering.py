"""What an entry changes, also one that is told of after a later one."""

from paifang.core.entering import Passed, entered, entered_before, here, went_out
from paifang.core.rules import EntitlementRule
from paifang.core.tickets import Use

RULE = EntitlementRule("hall", gate_uses_max=3)
PASSED = Passed("r", "t1", "li", "north", "hall", 100, 150)
FRESH = Use(b"t", 0, 1)


def test_an_entry_before_the_day_that_is_followed_counts_its_use_alone() -> None:
    today = entered(here(FRESH, "hall", 200), RULE, PASSED._replace(day=200, at_ms=250), 1, 0)
    told = entered_before(today, RULE, PASSED, 2)
    assert (told.uses, told.day_uses, told.inside, told.gate_uses) == (3, 1, 1, "north=3")
    assert told.first_at_ms == 250


def test_the_first_use_of_all_is_shown_though_it_is_told_late() -> None:
    empty = FRESH._replace(day=200)
    told = entered_before(empty, EntitlementRule("hall"), PASSED, 1)
    assert (told.first_at_ms, told.first_gate, told.first_terminal, told.first_by) == (
        150,
        "north",
        "t1",
        "li",
    )
    assert told.gate_uses == ""


def test_who_went_out_may_be_counted_in_again() -> None:
    inside = entered(here(FRESH, "hall", 100), RULE, PASSED, 3, 0)
    outside = went_out(inside, 2)
    assert (outside.inside, outside.outside) == (1, 2)
    back = entered(outside, RULE, PASSED, 0, 2)
    assert (back.inside, back.outside, back.uses) == (3, 0, 3)


def test_in_another_zone_or_on_another_day_nobody_is_followed() -> None:
    inside = entered(here(FRESH, "hall", 100), RULE, PASSED, 1, 0)
    assert here(inside, "hall", 100) == inside
    assert here(inside, "garden", 100).inside == 0
    assert here(inside, "hall", 300)._replace(uses=0)[3:9] == (0, 1, 300, 0, 0, 0)


def test_who_comes_back_by_an_exit_nobody_knows_of_leaves_no_debt_behind() -> None:
    inside = entered(here(FRESH, "hall", 100), RULE, PASSED, 1, 0)
    back = entered(inside, RULE, PASSED, 0, 1)
    assert (back.uses, back.inside, back.outside) == (1, 2, 0)
