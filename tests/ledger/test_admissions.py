"""What gates ask, on both engines: what is decided, counted and recorded, and who may ask."""

import pytest

from paifang.core.tickets import Authority
from paifang.ledger import tables as t
from paifang.ledger.commands import Override, Preview
from paifang.ledger.facts import AdmissionFact, Shown
from paifang.ledger.faults import Misuse, NotAllowed, NotFound
from tests.ledger import world
from tests.ledger.venue import Venue, fact_of, key, reasons
from tests.ledger.world import NOW_MS, at


def test_a_ticket_is_admitted_once_and_then_used(venue: Venue) -> None:
    venue.issue("A")
    assert venue.says("A") == "ok"
    assert venue.says("A", "south") == "already_used"
    assert venue.inside() == 1


def test_two_scans_of_one_ticket_in_one_batch_see_each_other(venue: Venue) -> None:
    venue.issue("A")
    outcomes = venue.batch(venue.admit_command("A"), venue.admit_command("A", "south"))
    assert reasons(outcomes) == ["ok", "already_used"]


def test_a_ticket_issued_in_a_batch_is_admitted_in_the_same_batch(venue: Venue) -> None:
    _, admitted = venue.batch(venue.issue_command("A"), venue.admit_command("A"))
    assert fact_of(admitted, AdmissionFact).reason == "ok"
    assert venue.says("A") == "already_used"


def test_a_refusal_names_the_first_entry(venue: Venue) -> None:
    venue.issue("A")
    venue.admit("A", "north", terminal="t2", staff="li")
    venue.clock.forward(minutes=5)
    refused = venue.admit("A", "south")
    assert refused.first == Shown(NOW_MS, "north", "t2", "li")
    assert venue.admit("A", "south").uses_left == 0


def test_the_fact_of_an_admission_says_all_there_is_to_say(venue: Venue) -> None:
    ticket = venue.issue("A", world.GALA, session=3)
    fact = venue.admit("A", staff="li", actor="gate", kind="auto")
    assert fact == AdmissionFact(
        rules=(1, 1),
        actor="gate",
        terminal="t1",
        gate="north",
        zone="hall",
        reason="ok",
        kind="code",
        ticket=ticket.hex(),
        product=world.GALA,
        people=1,
        fresh=1,
        day=at(0),
        session=3,
        uses_left=0,
        staff="li",
    )


def test_an_answer_says_where_it_stands_and_shows_the_ticket(venue: Venue) -> None:
    venue.issue("A", holder="Wu")
    answer = venue.do(venue.admit_command("A"))
    assert (answer.segment, answer.epoch, answer.seq) == (venue.home, 0, 2)
    assert answer.at_ms == NOW_MS
    assert answer.ticket is not None
    assert answer.ticket.holder == "Wu"


def test_people_inside_are_entries_without_exits(venue: Venue) -> None:
    venue.issue("A", world.RE_ENTRY, people=5)
    assert venue.says("A", count=4) == "ok"
    assert venue.leaves("A", count=3) == "ok"
    assert venue.says("A", count=1) == "re_entry"
    assert venue.inside() == 2
    assert venue.row(t.ZONE_DAY, "hall", at(0))[2:] == (5, 3)


def test_a_refused_exit_counts_nobody(venue: Venue) -> None:
    venue.issue("A")
    assert venue.leaves("A") == "not_inside"
    assert venue.inside() == 0


def test_the_hall_is_empty_on_a_new_day(venue: Venue) -> None:
    venue.issue("A")
    venue.admit("A")
    venue.clock.time_ms = at(9, day=1)
    assert venue.inside() == 0


def test_an_unknown_code_is_refused_and_recorded_in_the_nodes_own_segment(venue: Venue) -> None:
    answer = venue.do(venue.admit_command("nobody"))
    assert fact_of(answer, AdmissionFact).reason == "unknown"
    assert (answer.segment, answer.ticket) == (1, None)


def test_a_signed_code_names_its_ticket_itself(venue: Venue) -> None:
    ticket = venue.issue("A")
    assert venue.says("", lookups=(), ticket=ticket) == "ok"
    assert venue.says("", lookups=(), ticket=key("none")) == "unknown"


def test_a_forged_code_opens_nothing(venue: Venue) -> None:
    ticket = venue.issue("A")
    assert venue.says("", lookups=(), ticket=ticket, verdict="forged") == "forged"
    assert venue.says("A") == "ok"


def test_of_several_readings_the_first_live_one_counts(venue: Venue) -> None:
    venue.issue("A")
    venue.issue("B")
    assert venue.says("", lookups=(key("none"), key("B"), key("A"))) == "ok"
    assert [venue.says("B"), venue.says("A")] == ["already_used", "ok"]


def test_a_full_chamber_opens_again_when_somebody_leaves(venue: Venue) -> None:
    for code in "ABCDEF":
        venue.issue(code, world.CHAMBER)
    said = reasons(venue.batch(*(venue.admit_command(code, "hatch") for code in "ABCDEF")))
    assert said == ["ok"] * 5 + ["capacity_reached"]
    venue.leaves("C", "hatch")
    assert venue.says("F", "hatch") == "ok"


def test_a_session_is_full_when_its_cap_has_been_admitted(venue: Venue) -> None:
    for code in "ABC":
        venue.issue(code, world.GALA, session=3)
    assert [venue.says(code) for code in "ABC"] == ["ok", "ok", "capacity_reached"]
    assert venue.row(t.SESSION_COUNT, 3).admitted == 2


def test_a_combined_ticket_counts_in_each_zone(venue: Venue) -> None:
    venue.issue("A", world.COMBINED)
    assert [venue.says("A", "hedge"), venue.says("A", "north")] == ["ok", "ok"]
    assert (venue.inside("hall"), venue.inside("garden")) == (1, 1)


def test_each_entitlement_is_recorded_in_its_own_segment(venue: Venue) -> None:
    june = venue.segment("june")
    venue.issue("A", world.COMBINED, segments=(venue.home, june))
    assert venue.do(venue.admit_command("A", "north")).segment == venue.home
    assert venue.do(venue.admit_command("A", "hedge")).segment == june


# Who may ask.


@pytest.mark.parametrize("terminal", ["gone", "nobody"])
def test_a_revoked_or_unknown_terminal_is_not_answered(venue: Venue, terminal: str) -> None:
    with pytest.raises(NotAllowed):
        venue.says("A", terminal=terminal)


def test_a_terminal_asks_only_at_its_own_gates(venue: Venue) -> None:
    with pytest.raises(NotAllowed):
        venue.says("A", "hedge", terminal="t2")


def test_a_gate_that_is_not_there_is_a_fault(venue: Venue) -> None:
    with pytest.raises(NotFound):
        venue.says("A", "postern")


@pytest.mark.parametrize("count", [0, -1, 1000])
def test_a_count_of_people_has_bounds(venue: Venue, count: int) -> None:
    with pytest.raises(Misuse):
        venue.says("A", count=count)


# Before and beyond.


def test_a_preview_says_the_same_and_changes_nothing(venue: Venue) -> None:
    venue.issue("A")
    before = venue.kinds()
    for _ in range(2):
        preview = venue.do(Preview(admit=venue.admit_command("A")))
        assert fact_of(preview, AdmissionFact).reason == "ok"
        assert (preview.new, preview.seq) == (False, 0)
    assert (venue.kinds(), venue.inside()) == (before, 0)
    assert venue.says("A") == "ok"


def test_a_supervisors_override_is_recorded_with_name_and_reason(venue: Venue) -> None:
    venue.issue("A")
    venue.admit("A")
    fact = venue.override("A", staff="han", reason_text="lost the child")
    assert (fact.reason, fact.basis, fact.reason_text) == ("ok", "override", "lost the child")
    assert venue.inside() == 2


def test_what_cannot_be_overridden_is_a_refusal_like_any_other(venue: Venue) -> None:
    fact = venue.override("nobody")
    assert (fact.reason, fact.basis) == ("unknown", "lease")


@pytest.mark.parametrize("text", ["", "  "])
def test_an_override_needs_a_reason_in_words(venue: Venue, text: str) -> None:
    with pytest.raises(Misuse):
        venue.override("A", reason_text=text)


def test_an_overridden_entry_can_be_reported_and_taken_back(venue: Venue) -> None:
    venue.issue("A")
    venue.admit("A")
    command = Override(request_id="o1", admit=venue.admit_command("A"), reason_text="why not")
    venue.do(command)
    venue.annul("o1")
    assert venue.inside() == 1


# Held elsewhere.


@pytest.mark.parametrize("authority", [Authority.elsewhere, Authority.not_ready])
def test_what_another_host_decides_is_recorded_in_the_nodes_own_segment(
    venue: Venue, authority: Authority
) -> None:
    venue.issue("A")
    venue.lend(venue.home, authority)
    answer = venue.do(venue.admit_command("A"))
    expected = {Authority.elsewhere: "held_elsewhere", Authority.not_ready: "not_ready"}
    assert fact_of(answer, AdmissionFact).reason == expected[authority]
    assert answer.segment == 1
    assert venue.override("A").reason == expected[authority]


def test_a_refusal_about_a_ticket_as_a_whole_stands_in_its_home_segment(venue: Venue) -> None:
    ticket = venue.issue("A")
    answer = venue.do(venue.admit_command("", lookups=(), ticket=ticket, verdict="code_too_old"))
    assert answer.segment == venue.home
