"""What one entitlement gives: when, where, and how often. One rule of the decision per test."""

from dataclasses import replace

import pytest

from paifang.core.rules import EntitlementRule, Reentry
from paifang.core.tickets import Passage
from tests.core.guest import Guest
from tests.ledger.world import HALL, at

AFTER_EXIT = replace(HALL, reentry=Reentry.after_exit)


# When.


@pytest.mark.parametrize(
    ("now_ms", "reason"),
    [
        (at(9) - 1, "not_yet_valid"),
        (at(9), "ok"),
        (at(17) - 1, "ok"),
        (at(17), "expired"),
    ],
)
def test_a_validity_window_opens_at_its_first_and_closes_before_its_last_instant(
    now_ms: int, reason: str
) -> None:
    of_product = Guest(replace(HALL, valid_from_ms=at(9), valid_until_ms=at(17)))
    of_ticket = Guest(HALL, ticket={"valid_from_ms": at(9), "valid_until_ms": at(17)})
    assert of_product.on(now_ms).says() == reason
    assert of_ticket.on(now_ms).says() == reason


def test_of_the_products_and_the_tickets_window_the_narrower_holds() -> None:
    product_window = replace(HALL, valid_from_ms=at(9), valid_until_ms=at(17))
    ticket = {"valid_from_ms": at(8), "valid_until_ms": at(12)}
    assert Guest(product_window, ticket=ticket).on(at(8, 30)).says() == "not_yet_valid"
    assert Guest(product_window, ticket=ticket).on(at(12)).says() == "expired"


@pytest.mark.parametrize(
    ("session", "now_ms", "reason"),
    [
        (1, at(8, 59), "not_yet_valid"),
        (1, at(9), "ok"),
        (1, at(12), "expired"),
        (1, at(13), "wrong_session"),
        (2, at(10), "wrong_session"),
        (2, at(12, 30), "not_yet_valid"),
        (2, at(17), "expired"),
        (0, at(10), "wrong_session"),
        (99, at(10), "wrong_session"),
    ],
)
def test_a_ticket_of_a_session_enters_in_that_session_only(
    session: int, now_ms: int, reason: str
) -> None:
    guest = Guest(replace(HALL, session_bound=True), ticket={"session": session})
    assert guest.on(now_ms).says() == reason


def test_a_session_of_another_event_is_no_wrong_session() -> None:
    # At 12:30 only the other event's gala is on.
    guest = Guest(replace(HALL, session_bound=True), ticket={"session": 1})
    assert guest.on(at(12, 30)).says() == "expired"


def test_days_of_validity_count_from_the_first_use_by_the_sites_day() -> None:
    guest = Guest(replace(HALL, uses_max=0, valid_days=3))
    assert guest.on(at(23, 59)).says() == "ok"
    assert guest.on(at(23, 59, day=2)).says() == "ok"
    assert guest.on(at(0, day=3)).says() == "expired"


def test_a_ticket_with_days_from_the_first_use_may_start_on_any_day() -> None:
    guest = Guest(replace(HALL, uses_max=0, valid_days=1))
    assert guest.on(at(10, day=20)).says() == "ok"
    assert guest.on(at(10, day=21)).says() == "expired"


# Where.


def test_a_ticket_opens_its_own_zone_only() -> None:
    assert Guest(HALL).says("hedge") == "wrong_zone"


def test_a_ticket_bound_to_gates_opens_those_only() -> None:
    bound = replace(HALL, gates=("south",))
    assert Guest(bound).says("north") == "wrong_gate"
    assert Guest(bound).says("south") == "ok"


def test_a_ticket_without_any_entitlement_opens_nothing() -> None:
    decision = Guest().shows()
    assert (decision.reason.value, decision.use) == ("wrong_zone", None)


# How often.


def test_a_single_ticket_is_used_by_one_entry() -> None:
    guest = Guest(HALL)
    entered = guest.shows()
    assert (entered.reason.value, entered.fresh, entered.uses_left) == ("ok", 1, 0)
    again = guest.shows("south")
    assert (again.reason.value, again.uses_left) == ("already_used", 0)


def test_a_refusal_shows_when_and_where_the_ticket_was_used_first() -> None:
    guest = Guest(HALL).on(at(11))
    guest.shows(terminal="t2", staff="han")
    use = guest.on(at(12)).shows("south").use
    assert use is not None
    first = (use.first_at_ms, use.first_gate, use.first_terminal, use.first_by)
    assert first == (at(11), "north", "t2", "han")


def test_a_ticket_of_several_uses_counts_them_down() -> None:
    guest = Guest(replace(HALL, uses_max=3))
    assert [guest.shows().uses_left for _ in range(3)] == [2, 1, 0]
    assert guest.says() == "already_used"


def test_without_any_limit_no_number_of_uses_left_is_named() -> None:
    guest = Guest(replace(HALL, uses_max=0))
    assert [guest.shows().uses_left for _ in range(3)] == [None] * 3


def test_a_daily_limit_starts_anew_with_the_sites_day() -> None:
    guest = Guest(replace(HALL, uses_max=0, day_uses_max=1))
    assert guest.on(at(23, 59)).says() == "ok"
    assert guest.on(at(23, 59)).says() == "limit_reached"
    assert guest.on(at(0, day=1)).says() == "ok"


def test_the_uses_left_today_are_the_smaller_of_both_limits() -> None:
    guest = Guest(replace(HALL, uses_max=3, day_uses_max=2))
    assert [guest.shows().uses_left for _ in range(2)] == [1, 0]
    decision = guest.on(at(9, day=1)).shows()
    assert decision.uses_left == 0
    assert guest.says() == "already_used"


def test_a_refusal_on_a_new_day_tells_the_uses_left_of_that_day() -> None:
    guest = Guest(replace(HALL, uses_max=0, day_uses_max=2), supervised=True)
    guest.shows(actor="han")
    assert guest.on(at(9, day=1)).shows().uses_left == 2


def test_two_of_five_days_are_any_two_with_any_number_of_entries() -> None:
    window = {"valid_from_ms": at(0), "valid_until_ms": at(0, day=5)}
    guest = Guest(replace(HALL, uses_max=0, days_max=2), ticket=window)
    assert [guest.on(at(hour, day=1)).says() for hour in (9, 12)] == ["ok", "ok"]
    assert guest.on(at(9, day=4)).says() == "ok"
    assert guest.on(at(23, day=4)).says() == "ok"
    assert guest.on(at(9, day=5)).says() == "expired"


def test_a_third_day_is_refused_within_the_window() -> None:
    guest = Guest(replace(HALL, uses_max=0, days_max=2))
    assert [guest.on(at(9, day=day)).says() for day in (0, 3, 4)] == ["ok", "ok", "already_used"]


def test_a_daily_tickets_first_entry_shown_is_todays() -> None:
    guest = Guest(replace(HALL, uses_max=0, day_uses_max=1))
    guest.shows()
    guest.on(at(9, day=1)).shows("south")
    use = guest.shows().use
    assert use is not None
    assert (use.first_at_ms, use.first_gate) == (at(9, day=1), "south")


def test_a_limit_per_gate_counts_each_gate_by_itself() -> None:
    guest = Guest(replace(HALL, uses_max=0, gate_uses_max=1))
    assert [guest.says("north"), guest.says("north")] == ["ok", "limit_reached"]
    assert [guest.says("south"), guest.says("south")] == ["ok", "limit_reached"]


# Out and in again.


def test_re_entry_after_exit_takes_no_further_use() -> None:
    guest = Guest(AFTER_EXIT)
    assert guest.says() == "ok"
    assert guest.leaves("south") == "ok"
    back = guest.shows()
    assert (back.reason.value, back.fresh, back.again) == ("re_entry", 0, 1)


def test_without_re_entry_leaving_gives_nothing_back() -> None:
    guest = Guest(HALL)
    guest.shows()
    assert guest.leaves() == "ok"
    assert guest.says() == "already_used"


def test_who_did_not_leave_is_still_inside() -> None:
    guest = Guest(AFTER_EXIT)
    guest.shows()
    assert guest.says("south") == "already_inside"


def test_with_a_daily_limit_who_did_not_leave_is_still_inside() -> None:
    guest = Guest(replace(AFTER_EXIT, uses_max=0, day_uses_max=1))
    guest.shows()
    assert guest.says() == "already_inside"
    guest.leaves()
    assert guest.says() == "re_entry"


def test_leaving_yesterday_opens_nothing_today() -> None:
    guest = Guest(AFTER_EXIT)
    guest.shows()
    guest.leaves()
    assert guest.on(at(9, day=1)).says() == "already_used"


def test_anti_passback_wants_an_exit_before_the_next_entry() -> None:
    guest = Guest(replace(HALL, uses_max=0, anti_passback=True))
    assert [guest.says(), guest.says()] == ["ok", "already_inside"]
    assert guest.leaves() == "ok"
    assert guest.says() == "ok"


def test_anti_passback_forgets_overnight() -> None:
    guest = Guest(replace(HALL, uses_max=0, anti_passback=True))
    guest.shows()
    assert guest.on(at(9, day=1)).says() == "ok"


def test_anti_passback_lets_no_more_people_in_than_the_ticket_is_for() -> None:
    guest = Guest(replace(HALL, uses_max=0, anti_passback=True))
    assert guest.says(count=2) == "limit_reached"


# Groups: one code, n people.


def test_a_group_may_enter_in_parts_until_all_are_in() -> None:
    guest = Guest(HALL, ticket={"people": 5})
    assert [guest.shows(count=n).uses_left for n in (2, 2)] == [3, 1]
    assert guest.says(count=2) == "limit_reached"
    assert guest.says(count=1) == "ok"
    assert guest.says(count=1) == "already_used"


def test_a_group_may_leave_in_parts_and_come_back_in_parts() -> None:
    guest = Guest(AFTER_EXIT, ticket={"people": 5})
    guest.shows(count=5)
    assert [guest.leaves(count=2), guest.leaves(count=1)] == ["ok", "ok"]
    back = guest.shows(count=2)
    assert (back.reason.value, back.again) == ("re_entry", 2)
    assert guest.says(count=2) == "already_inside"
    assert guest.says(count=1) == "re_entry"


def test_part_of_a_group_may_come_back_while_others_enter_for_the_first_time() -> None:
    guest = Guest(AFTER_EXIT, ticket={"people": 4})
    guest.shows(count=2)
    guest.leaves(count=1)
    mixed = guest.shows(count=3)
    assert (mixed.reason.value, mixed.fresh, mixed.again, mixed.uses_left) == ("ok", 2, 1, 0)


def test_daily_and_gate_limits_of_a_group_hold_for_each_of_its_people() -> None:
    guest = Guest(replace(HALL, uses_max=0, day_uses_max=2, gate_uses_max=1), ticket={"people": 3})
    assert guest.says("north", count=3) == "ok"
    assert guest.says("north", count=1) == "limit_reached"
    assert guest.says("south", count=2) == "ok"
    assert guest.says("south", count=2) == "limit_reached"
    assert guest.says("south", count=1) == "ok"


def test_part_of_a_group_uses_up_a_day_once() -> None:
    guest = Guest(replace(HALL, uses_max=0, days_max=1), ticket={"people": 3})
    assert [guest.says(count=1), guest.says(count=2)] == ["ok", "ok"]
    assert guest.on(at(9, day=1)).says() == "already_used"


# What a gate reported.


@pytest.mark.parametrize("passage", [Passage.not_shown, Passage.no_passage])
@pytest.mark.parametrize(
    "rule",
    [
        HALL,
        replace(HALL, uses_max=0, day_uses_max=1),
        replace(HALL, uses_max=0, gate_uses_max=1),
    ],
)
def test_nobody_is_refused_for_an_entry_whose_gate_did_not_open(
    rule: EntitlementRule, passage: Passage
) -> None:
    guest = Guest(rule)
    guest.shows()
    guest.uses[0] = guest.uses[0]._replace(last_passage=passage, inside=0)
    assert guest.says() == "recorded_not_opened"


def test_a_day_used_up_by_an_entry_whose_gate_did_not_open_is_looked_at() -> None:
    guest = Guest(replace(HALL, uses_max=0, days_max=1))
    guest.shows()
    guest.uses[0] = guest.uses[0]._replace(last_passage=Passage.no_passage, inside=0)
    assert guest.on(at(9, day=1)).says() == "recorded_not_opened"


def test_a_reported_passage_is_a_use_like_any_other() -> None:
    guest = Guest(HALL)
    guest.shows()
    guest.uses[0] = guest.uses[0]._replace(last_passage=Passage.passed)
    assert guest.says() == "already_used"
