"""Taking entries back: whatever went before, what is left is as if the entry had not been."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from paifang.core.admission import Decision
from paifang.core.rules import EntitlementRule, Reentry
from paifang.core.tickets import Passage, Use
from paifang.core.undo import (
    Admitted,
    annulled,
    can_uncount,
    can_undo,
    is_counted,
    without_passage,
)
from tests.core.guest import Guest
from tests.ledger.world import HALL, at

AFTER_EXIT = replace(HALL, reentry=Reentry.after_exit)
REMEMBERED = ("last_request", "last_passage", "zone")
FIRST = ("first_at_ms", "first_gate", "first_terminal", "first_by")

rules = st.builds(
    EntitlementRule,
    zone=st.just("hall"),
    uses_max=st.integers(0, 3),
    day_uses_max=st.integers(0, 2),
    gate_uses_max=st.integers(0, 2),
    days_max=st.integers(0, 2),
    reentry=st.sampled_from(Reentry),
    anti_passback=st.booleans(),
)
acts = st.tuples(
    st.sampled_from(["shows", "leaves", "override", "hedge", "tomorrow"]),
    st.sampled_from(["north", "south"]),
    st.integers(1, 3),
)


def admitted(guest: Guest, decision: Decision) -> Admitted:
    """Return what an entry by the guest's last scan changed."""
    use = decision.use
    assert use is not None
    assert decision.opens
    gate = {"garden": "hedge"}.get(use.zone, "north")
    return Admitted(f"r{guest.number}", gate, use.zone, use.day, decision.fresh, decision.again)


def play(guest: Guest, act: str, gate: str, count: int) -> None:
    if act == "shows":
        guest.shows(gate, count=count)
    elif act == "leaves":
        guest.leaves(gate, count=count)
    elif act == "tomorrow":
        guest.on(guest.now_ms + at(0, day=1) - at(0))
    else:
        guest.override("hedge" if act == "hedge" else gate, count=count)


def comparable(use: Use, day: int, zone: str) -> dict[str, object]:
    """Return what decides about the next entry, on a day in a zone."""
    if use.day != day:
        use = use._replace(day=day, day_uses=0, inside=0, outside=0)
    elif use.zone != zone:
        use = use._replace(inside=0, outside=0)
    left_out = (*REMEMBERED, *FIRST) if use.uses else REMEMBERED
    return {name: value for name, value in use._asdict().items() if name not in left_out}


@given(
    rule=rules,
    people=st.integers(1, 4),
    history=st.lists(acts, max_size=12),
    count=st.integers(1, 3),
)
def test_an_entry_taken_back_leaves_the_entitlement_as_it_was(
    rule: EntitlementRule, people: int, history: list[tuple[str, str, int]], count: int
) -> None:
    guest = Guest(rule, ticket={"people": people})
    for act in history:
        play(guest, *act)
    before = guest.uses[0]
    decision = guest.override("north", count=count)
    entry, use = admitted(guest, decision), guest.uses[0]
    assert can_undo(use, entry, inside=True)
    undone = annulled(use, entry, inside=True)
    assert comparable(undone, entry.day, "hall") == comparable(before, entry.day, "hall")

    not_passed = without_passage(use, entry, Passage.no_passage)
    assert (not_passed.uses, not_passed.inside) == (use.uses, use.inside - count)
    assert can_undo(not_passed, entry, inside=False)
    undone = annulled(not_passed, entry, inside=False)
    assert comparable(undone, entry.day, "hall") == comparable(before, entry.day, "hall")


@given(rule=rules, history=st.lists(acts, max_size=20))
def test_whatever_happens_no_count_falls_below_zero(
    rule: EntitlementRule, history: list[tuple[str, str, int]]
) -> None:
    guest = Guest(rule, ticket={"people": 3})
    entries: list[Admitted] = []
    for n, (act, gate, count) in enumerate(history):
        if act == "tomorrow" and entries and n % 2:
            entry = entries.pop()
            if can_undo(guest.uses[0], entry, inside=True):
                guest.uses[0] = annulled(guest.uses[0], entry, inside=True)
        elif act == "shows":
            decision = guest.shows(gate, count=count)
            if decision.opens:
                taken = admitted(guest, decision)._replace(gate=gate)
                entries.append(taken)
        else:
            play(guest, act, gate, count)
        use = guest.uses[0]
        assert min(use.uses, use.days, use.day_uses, use.inside, use.outside) >= 0


def test_an_entry_cannot_be_taken_back_once_its_people_have_left() -> None:
    guest = Guest(AFTER_EXIT)
    entry = admitted(guest, guest.shows())
    guest.leaves()
    assert not can_undo(guest.uses[0], entry, inside=True)
    assert not can_uncount(guest.uses[0], entry)


def test_an_entry_cannot_be_taken_back_once_the_ticket_entered_on_another_day() -> None:
    guest = Guest(replace(HALL, uses_max=2)).on(at(23, 59))
    entry = admitted(guest, guest.shows())
    assert can_undo(guest.uses[0], entry, inside=True)
    guest.on(at(0, day=1)).shows()
    assert not can_undo(guest.uses[0], entry, inside=True)
    assert not can_undo(guest.uses[0], entry, inside=False)


def test_a_report_about_people_no_longer_followed_leaves_the_count_alone() -> None:
    guest = Guest(HALL, ticket={"people": 2})
    entry = admitted(guest, guest.shows("north"))
    guest.override("hedge")
    use = guest.uses[0]
    assert not is_counted(use, entry)
    assert can_uncount(use, entry)
    assert not can_undo(use, entry, inside=True)
    reported = without_passage(use, entry, Passage.not_shown)
    assert (reported.inside, reported.last_passage) == (use.inside, Passage.not_shown)


def test_who_came_back_and_did_not_pass_is_outside_again() -> None:
    guest = Guest(AFTER_EXIT)
    guest.shows()
    guest.leaves()
    entry = admitted(guest, guest.shows("south"))
    guest.uses[0] = without_passage(guest.uses[0], entry, Passage.no_passage)
    assert guest.says() == "re_entry"


def test_a_report_of_an_earlier_entry_is_remembered_for_the_whole_group() -> None:
    guest = Guest(HALL, ticket={"people": 2})
    entry = admitted(guest, guest.shows())
    guest.shows()
    guest.uses[0] = without_passage(guest.uses[0], entry, Passage.no_passage)
    assert guest.says() == "recorded_not_opened"


def test_taking_an_earlier_entry_back_keeps_what_was_reported_of_the_last() -> None:
    guest = Guest(HALL, ticket={"people": 2})
    earlier = admitted(guest, guest.shows())
    last = admitted(guest, guest.shows())
    use = without_passage(guest.uses[0], last, Passage.not_shown)
    assert annulled(use, earlier, inside=True).last_passage == Passage.not_shown
