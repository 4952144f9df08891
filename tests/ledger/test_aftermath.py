"""After an admission: what the gate reports, and taking it back."""

import pytest

from paifang.core import limits
from paifang.core.tickets import Authority, Passage
from paifang.ledger import tables as t
from paifang.ledger.commands import ConfirmPassage
from paifang.ledger.facts import AnnulFact, PassageFact
from paifang.ledger.faults import Misuse, NotAllowed, NotFound, NotPossible, TooLate
from tests.ledger import world
from tests.ledger.venue import Venue, fact_of
from tests.ledger.world import at

NOBODY = [Passage.not_shown, Passage.no_passage]


@pytest.fixture
def entered(venue: Venue) -> Venue:
    """A venue where ticket A has entered at the north gate by request `in`."""
    venue.issue("A", world.RE_ENTRY)
    venue.admit("A", request_id="in")
    return venue


def test_a_passage_is_recorded_and_changes_nothing(entered: Venue) -> None:
    fact = fact_of(entered.passage("in", Passage.passed), PassageFact)
    assert (fact.passage, fact.off, entered.inside()) == (Passage.passed, 0, 1)
    assert entered.says("A", "south") == "already_inside"


@pytest.mark.parametrize("passage", NOBODY)
def test_who_did_not_pass_is_not_inside_and_the_next_gate_looks_closer(
    entered: Venue, passage: Passage
) -> None:
    fact = fact_of(entered.passage("in", passage), PassageFact)
    assert (fact.off, entered.inside()) == (1, 0)
    assert entered.says("A", "south") == "recorded_not_opened"


def test_a_passage_is_reported_once_by_the_terminal_that_asked(entered: Venue) -> None:
    with pytest.raises(NotAllowed):
        entered.passage("in", Passage.passed, terminal="t2")
    with pytest.raises(NotAllowed):
        entered.passage("in", Passage.passed, terminal="gone")
    entered.passage("in", Passage.passed)
    assert entered.passage("in", Passage.passed).new is False
    with pytest.raises(NotPossible):
        entered.do(
            ConfirmPassage(
                request_id="other", admission="in", terminal="t1", passage=Passage.not_shown
            )
        )


def test_an_open_passage_is_no_report(entered: Venue) -> None:
    with pytest.raises(Misuse):
        entered.passage("in", Passage.open)


@pytest.mark.parametrize("passage", NOBODY)
def test_who_has_left_did_pass(entered: Venue, passage: Passage) -> None:
    entered.leaves("A")
    with pytest.raises(NotPossible):
        entered.passage("in", passage)


def test_the_passage_of_an_exit_is_only_recorded(entered: Venue) -> None:
    entered.admit("A", direction="exit", request_id="out")
    entered.passage("out", Passage.no_passage)
    assert entered.inside() == 0
    assert entered.says("A") == "re_entry"


@pytest.mark.parametrize("admission", ["never", "seg"])
def test_only_an_admission_has_a_passage(venue: Venue, admission: str) -> None:
    venue.issue("A", request_id="seg")
    with pytest.raises(NotFound):
        venue.passage(admission, Passage.passed)
    with pytest.raises(NotFound):
        venue.annul(admission)


def test_a_refusal_has_no_passage_and_nothing_to_take_back(entered: Venue) -> None:
    entered.admit("A", request_id="refused")
    with pytest.raises(NotPossible):
        entered.passage("refused", Passage.passed)
    with pytest.raises(NotPossible):
        entered.annul("refused")


def test_an_annulled_entry_gives_its_use_back(entered: Venue) -> None:
    fact = fact_of(entered.annul("in", reason_text="wrong queue"), AnnulFact)
    assert (fact.fresh, fact.off, fact.reason_text) == (1, 1, "wrong queue")
    assert entered.inside() == 0
    again = entered.admit("A")
    assert (again.reason, again.uses_left) == ("ok", 0)


def test_an_annulled_entry_gives_its_place_in_the_session_back(venue: Venue) -> None:
    for code in "ABC":
        venue.issue(code, world.GALA, session=3)
    venue.admit("A", request_id="a")
    venue.admit("B")
    assert venue.says("C") == "capacity_reached"
    venue.annul("a")
    assert venue.says("C") == "ok"


def test_an_entry_is_annulled_once(entered: Venue) -> None:
    entered.annul("in")
    assert entered.annul("in").new is False
    with pytest.raises(NotPossible):
        entered.annul("in", request_id="another")
    with pytest.raises(NotPossible):
        entered.passage("in", Passage.passed)
    assert entered.inside() == 0


def test_admitted_and_annulled_in_one_batch(venue: Venue) -> None:
    venue.issue("A")
    admit = venue.admit_command("A", request_id="in")
    venue.batch(admit)
    venue.annul("in")
    assert venue.says("A") == "ok"


def test_an_entry_can_be_annulled_for_fifteen_minutes(entered: Venue) -> None:
    entered.clock.forward(ms=limits.ANNUL_WITHIN_MS + 1)
    with pytest.raises(TooLate):
        entered.annul("in")
    entered.clock.forward(ms=-1)
    assert entered.annul("in").new


def test_another_terminal_annuls_only_with_a_supervisor(entered: Venue) -> None:
    with pytest.raises(NotAllowed):
        entered.annul("in", "t2")
    with pytest.raises(NotAllowed):
        entered.annul("in", "gone", supervisor=True)
    assert entered.annul("in", "t2", supervisor=True, request_id="sup").new


def test_an_exit_is_not_annulled(entered: Venue) -> None:
    entered.admit("A", direction="exit", request_id="out")
    with pytest.raises(NotPossible):
        entered.annul("out")


def test_an_entry_is_not_annulled_after_its_people_left(entered: Venue) -> None:
    entered.leaves("A")
    with pytest.raises(NotPossible):
        entered.annul("in")


@pytest.mark.parametrize("passage", NOBODY)
def test_an_entry_reported_as_not_passed_may_still_be_annulled(
    entered: Venue, passage: Passage
) -> None:
    entered.passage("in", passage)
    fact = fact_of(entered.annul("in"), AnnulFact)
    assert (fact.off, entered.inside()) == (0, 0)
    assert entered.says("A") == "ok"
    assert entered.row(t.AFTERMATH, "in")[1:] == (passage, 1, 1)


def test_an_entry_before_midnight_may_be_annulled_after_it(venue: Venue) -> None:
    venue.clock.time_ms = at(23, 59)
    venue.issue("A", world.SEASON)
    venue.admit("A", request_id="in")
    venue.clock.time_ms = at(0, 1, day=1)
    venue.annul("in")
    assert venue.row(t.ZONE_DAY, "hall", at(0)).entries == 0
    use = venue.row(t.USE, venue.rows(t.TICKET)[0].id, 0)
    assert (use.uses, use.days, use.gate_uses) == (0, 0, "")


def test_what_another_host_took_over_is_not_changed_here(entered: Venue) -> None:
    entered.lend(entered.home, Authority.elsewhere)
    with pytest.raises(NotPossible):
        entered.annul("in")
    with pytest.raises(NotPossible):
        entered.passage("in", Passage.no_passage)
