"""What the machines have found so far, each as the shortest story that showed it."""

from paifang.core.tickets import Passage, Status
from paifang.ledger.commands import Credential, Exchange
from paifang.ledger.faults import NotPossible
from tests.ledger import world
from tests.ledger.forging import checked
from tests.ledger.venue import Venue, key
from tests.ledger.world import at


def refuses_to_annul(venue: Venue, admission: str) -> bool:
    """Whether an admission cannot be taken back."""
    try:
        venue.annul(admission)
    except NotPossible:
        return True
    return False


def test_yesterdays_entry_is_not_taken_off_after_its_people_left(venue: Venue) -> None:
    venue.issue("two", world.RE_ENTRY, people=2)
    venue.clock.time_ms = at(23, 55)
    venue.admit("two", request_id="late")
    venue.leaves("two")
    venue.clock.time_ms = at(0, 5, day=1)
    venue.admit("two")
    assert refuses_to_annul(venue, "late")
    venue.passage("late", Passage.not_shown)
    assert venue.inside() == 1
    assert checked(venue).clean


def test_people_let_into_another_zone_leave_the_first_uncounted(venue: Venue) -> None:
    venue.issue("two", people=2)
    venue.admit("two")
    venue.override("two", "hedge")
    assert venue.leaves("two", "hedge", count=2) == "not_inside"
    assert venue.leaves("two", "hedge") == "ok"
    assert venue.leaves("two", "hedge") == "not_inside"
    assert (venue.inside("hall"), venue.inside("garden")) == (1, 0)
    assert checked(venue).clean


def test_an_entry_is_not_taken_back_once_the_ticket_went_elsewhere(venue: Venue) -> None:
    venue.issue("one", world.RE_ENTRY)
    venue.admit("one", request_id="hall")
    venue.leaves("one")
    venue.override("one", "hedge")
    assert refuses_to_annul(venue, "hall")
    venue.passage("hall", Passage.no_passage)
    assert (venue.inside("hall"), venue.inside("garden")) == (0, 1)
    assert checked(venue).clean


def test_a_supervisor_forgives_a_voucher_its_payment_but_not_the_exchange(venue: Venue) -> None:
    venue.issue("voucher", world.VOUCHER, status=Status.unpaid)
    assert venue.override("voucher").reason == "exchange_required"
    assert checked(venue).clean


def test_a_supervisor_does_not_open_a_full_zone_for_a_used_ticket(venue: Venue) -> None:
    for name in "abcde":
        venue.issue(name, world.CHAMBER)
        assert venue.says(name, "hatch") == "ok"
    assert venue.override("a", "hatch").reason == "capacity_reached"
    assert venue.inside("chamber") == 5


def test_what_an_exchange_tells_to_have_ended_has_ended(venue: Venue) -> None:
    codes = (Credential("code", key("voucher")), Credential("serial", key("serial")))
    venue.issue("voucher", world.VOUCHER, credentials=codes)
    venue.do(
        Exchange(request_id="x", lookups=(key("serial"),), fresh=Credential("code", key("new")))
    )
    assert venue.says("voucher") == "already_exchanged"
    assert [venue.says("new"), venue.says("serial")] == ["ok", "already_used"]
    assert checked(venue).clean
