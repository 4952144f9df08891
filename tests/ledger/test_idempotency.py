"""Asked again with the same request id: the same answer, whatever has happened since."""

from dataclasses import replace

import pytest

from paifang.ledger.commands import Admit, SetQuota
from paifang.ledger.facts import AdmissionFact, Answer
from paifang.ledger.faults import IdConflict
from tests.ledger import world
from tests.ledger.venue import Venue, fact_of, fault_of, key, reasons


def place(answer: Answer) -> tuple[int, int, int]:
    return answer.segment, answer.epoch, answer.seq


def test_the_same_request_gets_the_same_answer_and_is_counted_once(venue: Venue) -> None:
    venue.issue("A")
    command = venue.admit_command("A")
    first = venue.do(command)
    venue.clock.forward(minutes=10)
    again = venue.do(command)
    assert (again.fact, place(again), again.at_ms) == (first.fact, place(first), first.at_ms)
    assert (first.new, again.new) == (True, False)
    assert venue.inside() == 1


def test_the_same_request_twice_in_one_batch_is_one_request(venue: Venue) -> None:
    venue.issue("A")
    command = venue.admit_command("A")
    assert reasons(venue.batch(command, command)) == ["ok", "ok"]
    assert venue.inside() == 1


def test_the_answer_survives_a_restart(venue: Venue) -> None:
    venue.issue("A")
    command = venue.admit_command("A")
    first = venue.do(command)
    venue.reopen()
    again = venue.do(command)
    assert (again.fact, place(again)) == (first.fact, place(first))


def test_a_refusal_stays_refused_when_asked_again(venue: Venue) -> None:
    command = venue.admit_command("A")
    assert reasons(venue.batch(command)) == ["unknown"]
    venue.issue("A")
    assert reasons(venue.batch(command)) == ["unknown"]
    assert venue.says("A") == "ok"


@pytest.mark.parametrize("together", [True, False])
def test_the_same_id_with_other_content_is_refused(venue: Venue, *, together: bool) -> None:
    venue.issue("A")
    one = venue.admit_command("A", request_id="same")
    other = venue.admit_command("A", "south", request_id="same")
    if together:
        _, outcome = venue.batch(one, other)
    else:
        venue.do(one)
        venue.reopen()
        (outcome,) = venue.batch(other)
    assert fault_of(outcome) is IdConflict
    assert venue.inside() == 1


def test_the_same_id_for_another_kind_of_command_is_refused(venue: Venue) -> None:
    venue.issue("A")
    venue.admit("A", request_id="same")
    with pytest.raises(IdConflict):
        venue.do(SetQuota(request_id="same", quota="q", segment=venue.home, capacity=1))


def test_without_a_request_id_each_asking_is_new(venue: Venue) -> None:
    venue.issue("A")
    command = venue.admit_command("A", request_id="")
    assert reasons(venue.batch(command, command)) == ["ok", "already_used"]


def test_a_retried_issue_with_fresh_random_codes_is_the_same_issue(venue: Venue) -> None:
    first = venue.issue_command("A", request_id="i1", content=b"row 1")
    again = venue.issue_command("B", request_id="i1", content=b"row 1")
    venue.do(first)
    answer = venue.do(again)
    assert answer.new is False
    assert answer.ticket is not None
    assert answer.ticket.id == first.ticket
    assert venue.says("B") == "unknown"


def test_an_issue_without_content_digest_is_compared_as_a_whole(venue: Venue) -> None:
    venue.do(venue.issue_command("A", request_id="i1"))
    with pytest.raises(IdConflict):
        venue.do(venue.issue_command("B", request_id="i1"))


def test_an_answer_asked_again_shows_the_ticket_as_it_is_now(venue: Venue) -> None:
    venue.issue("A", world.VOUCHER)
    command = venue.admit_command("A")
    assert fact_of(venue.do(command), AdmissionFact).reason == "exchange_required"
    venue.publish(replace(world.centre_rules(), products=venue.rules.centre.products))
    again = venue.do(command)
    assert again.ticket is not None
    assert again.ticket.id == key("ticket A")


def test_content_is_what_counts_not_the_object() -> None:
    one = Admit(request_id="r", terminal="t1", gate="north", lookups=(key("A"),))
    same = Admit(request_id="r", terminal="t1", gate="north", lookups=(key("A"),))
    other = Admit(request_id="r", terminal="t1", gate="north", lookups=(key("B"),))
    assert one.content_digest() == same.content_digest() != other.content_digest()
