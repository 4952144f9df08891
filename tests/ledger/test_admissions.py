"""What gates ask, on both engines: the decision, what is counted, and who may ask at all."""

from tests.ledger.venue import Venue


def test_a_ticket_is_admitted_once_and_then_used(venue: Venue) -> None:
    venue.issue("A")
    assert venue.says("A") == "ok"
    assert venue.says("A", "south") == "already_used"
    assert venue.inside() == 1
