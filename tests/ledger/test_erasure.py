"""A person's data goes; the chain, the ticket and the answers stay."""

from pathlib import Path

import pytest

from paifang.ledger import tables as t
from paifang.ledger.commands import Enclosure, Erase
from paifang.ledger.facts import EraseFact
from paifang.ledger.faults import NotFound
from tests.ledger.chain import chain_faults
from tests.ledger.venue import Venue, fact_of, key

NAME = "欧阳"
PERSON = (Enclosure("person", b"s" * 32, f'{{"name": "{NAME}"}}'.encode()),)


def test_bodies_salts_and_names_are_cleared_and_the_chain_still_holds(venue: Venue) -> None:
    ticket = venue.issue("A", holder=NAME, enclosures=PERSON)
    venue.issue("B", holder="Wu", enclosures=PERSON)
    fact = venue.fact(Erase(ticket=ticket, reason_text="asked to"), EraseFact)
    assert (fact.bodies, fact.reason_text) == (1, "asked to")
    erased, kept = sorted(venue.rows(t.ENCLOSURE), key=lambda row: row.seq)
    assert (erased.salt, erased.body, erased.digest) == (b"", b"", PERSON[0].digest())
    assert (kept.salt, kept.body) == (PERSON[0].salt, PERSON[0].body)
    assert venue.row(t.TICKET, ticket).holder == ""
    assert chain_faults(venue) == []
    assert venue.says("A") == "ok", "the ticket itself goes on"


def test_a_reader_leaves_erased_bodies_out(venue: Venue) -> None:
    command = venue.issue_command("A", enclosures=PERSON)
    answer = venue.do(command)
    venue.do(Erase(ticket=command.ticket))
    reader = venue.reader()
    assert reader.enclosures([(answer.segment, answer.epoch, answer.seq)]) == [[]]
    reader.close()


def test_an_answer_repeated_after_erasure_holds_no_name(venue: Venue) -> None:
    issue = venue.issue_command("A", request_id="i1", holder=NAME, enclosures=PERSON)
    admit = venue.admit_command("A", request_id="a1")
    venue.batch(issue, admit)
    venue.do(Erase(ticket=issue.ticket))
    for command in (issue, admit):
        answer = venue.do(command)
        assert answer.ticket is not None
        assert answer.ticket.holder == ""
        assert NAME.encode() not in answer.fact


def test_what_is_issued_and_erased_in_one_batch_never_arrives(venue: Venue) -> None:
    issue = venue.issue_command("A", holder=NAME, enclosures=PERSON)
    _, outcome = venue.batch(issue, Erase(ticket=issue.ticket))
    assert fact_of(outcome, EraseFact).bodies == 1
    (row,) = venue.rows(t.ENCLOSURE)
    assert (row.salt, row.body, row.digest) == (b"", b"", PERSON[0].digest())
    assert venue.row(t.TICKET, issue.ticket).holder == ""
    assert chain_faults(venue) == []


def test_erasing_twice_in_one_batch_clears_once(venue: Venue) -> None:
    ticket = venue.issue("A", enclosures=PERSON)
    outcomes = venue.batch(Erase(ticket=ticket), Erase(ticket=ticket))
    assert [fact_of(outcome, EraseFact).bodies for outcome in outcomes] == [1, 0]
    assert venue.fact(Erase(ticket=ticket), EraseFact).bodies == 0


def test_a_ticket_without_a_person_can_be_erased_too(venue: Venue) -> None:
    venue.issue("B", enclosures=PERSON)
    assert venue.fact(Erase(ticket=venue.issue("A")), EraseFact).bodies == 0
    assert venue.fact(Erase(ticket=venue.issue("C")), EraseFact).bodies == 0


def test_an_issue_beside_it_in_the_batch_keeps_its_person(venue: Venue) -> None:
    ticket = venue.issue("A")
    venue.batch(Erase(ticket=ticket), venue.issue_command("B", enclosures=PERSON))
    venue.batch(venue.issue_command("C", enclosures=PERSON), Erase(ticket=ticket))
    assert [row.body for row in venue.rows(t.ENCLOSURE)] == [PERSON[0].body] * 2


def test_there_is_nothing_to_erase_of_no_ticket(venue: Venue) -> None:
    with pytest.raises(NotFound):
        venue.do(Erase(ticket=key("none")))


def test_sqlite_keeps_no_trace_of_an_erased_body_in_its_files(sqlite_venue: Venue) -> None:
    venue = sqlite_venue
    ticket = venue.issue("A", holder=NAME, enclosures=PERSON)
    venue.do(Erase(ticket=ticket))
    venue.close()
    for file in Path(venue.target).parent.iterdir():
        assert NAME.encode() not in file.read_bytes(), file.name
