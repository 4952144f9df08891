"""Tickets come into being; a row met again is left alone, amended, or refused."""

from typing import Any

import msgspec
import pytest

from paifang.core import limits
from paifang.core.tickets import Authority, CredentialState, Status
from paifang.ledger import tables as t
from paifang.ledger.commands import Credential, Enclosure, SetStatus
from paifang.ledger.facts import IssueFact
from paifang.ledger.faults import Differs, Misuse, NotFound, NotPossible, Taken
from tests.ledger import world
from tests.ledger.forging import codes
from tests.ledger.venue import Venue, fact_of, key


def row(venue: Venue, code: str, content: str, **more: Any) -> IssueFact:
    """Issue one row of a list, recognised by its reference."""
    command = venue.issue_command(code, identity=key("row 1"), content=content.encode(), **more)
    return venue.fact(command, IssueFact)


def test_an_issued_ticket_is_what_was_asked_for(venue: Venue) -> None:
    ticket = venue.issue(
        "A",
        world.COMBINED,
        people=3,
        session=1,
        valid_from_ms=5,
        valid_until_ms=9,
        status=Status.unpaid,
        holder="诸葛亮",
        content=b"digest",
    )
    found = venue.row(t.TICKET, ticket)
    assert found == (ticket, world.EXPO, world.COMBINED, venue.home, Status.unpaid, 3, 1, 5, 9, 0,
                     "诸葛亮", b"digest")  # fmt: skip
    assert [use[:3] for use in venue.rows(t.USE)] == [
        (ticket, 0, venue.home),
        (ticket, 1, venue.home),
    ]


def test_the_fact_of_an_issue_names_segments_for_ever_and_nobody(venue: Venue) -> None:
    command = venue.issue_command("A", holder="诸葛亮", identity=key("row 1"))
    fact = venue.fact(command, IssueFact)
    uuid = next(head.uuid for head in venue.rows(t.HEAD) if head.number == venue.home)
    assert (fact.home, fact.segments) == (uuid, (uuid,))
    assert fact.credentials == (("code", key("A").hex()),)
    assert fact.identity == key("row 1").hex()
    assert "诸葛亮".encode() not in venue.do(command).fact


def test_enclosures_lie_beside_the_row_and_the_row_keeps_their_digest(venue: Venue) -> None:
    enclosures = (Enclosure("person", b"s" * 32, b"{}"), Enclosure("consent", b"t" * 32, b"yes"))
    answer = venue.do(venue.issue_command("A", enclosures=enclosures))
    reader = venue.reader()
    place = (answer.segment, answer.epoch, answer.seq)
    assert reader.enclosures([place, (1, 0, 1)]) == [[("person", b"{}"), ("consent", b"yes")], []]
    reader.close()
    assert len(venue.row(t.JOURNAL, *place).digest) == 32
    assert [each.digest for each in venue.rows(t.ENCLOSURE)] == [e.digest() for e in enclosures]


WRONG: dict[str, dict[str, Any]] = {
    "nobody": {"people": 0},
    "too many people": {"people": limits.GROUP_PEOPLE_MAX + 1},
    "an entitlement without segment": {"segments": ()},
    "a segment without entitlement": {"segments": (2, 2)},
    "another event's product": {"event": world.SHOW},
    "no product": {"product": 99},
    "a long name": {"holder": "x" * (limits.DISPLAY_CHARS_MAX + 1)},
    "many codes": {"credentials": tuple(Credential("code", key(f"{n}")) for n in range(9))},
    "many bodies": {"enclosures": (Enclosure("note", b"", b""),) * (limits.ENCLOSURES_MAX + 1)},
    "a large body": {"enclosures": (Enclosure("note", b"", bytes(64 * 1024 + 1)),)},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_would_break_the_rules_later_is_refused(venue: Venue, wrong: str) -> None:
    command = msgspec.structs.replace(venue.issue_command("A"), **WRONG[wrong])
    with pytest.raises(Misuse):
        venue.do(command)
    assert venue.says("A") == "unknown"


@pytest.mark.parametrize("segments", [{"home": 99}, {"segments": (99,)}], ids=["home", "use"])
def test_a_ticket_of_a_segment_that_is_not_there_is_refused(
    venue: Venue, segments: dict[str, Any]
) -> None:
    with pytest.raises(NotFound):
        venue.issue("A", **segments)
    assert venue.says("A") == "unknown"


def test_a_code_belongs_to_one_ticket(venue: Venue) -> None:
    venue.issue("A")
    other = venue.issue_command("B", credentials=(Credential("code", key("A")),))
    with pytest.raises(Taken, match="code"):
        venue.do(other)


def test_a_ticket_id_is_used_once(venue: Venue) -> None:
    venue.issue("A")
    again = venue.issue_command("A", credentials=())
    with pytest.raises(NotPossible):
        venue.do(again)


def test_a_refused_row_leaves_the_rest_of_its_batch_alone(venue: Venue) -> None:
    bad = venue.issue_command("B", people=0)
    good, refused, last = venue.batch(venue.issue_command("A"), bad, venue.issue_command("C"))
    assert isinstance(refused, Misuse)
    assert fact_of(good, IssueFact).ticket == key("ticket A").hex()
    assert fact_of(last, IssueFact).ticket == key("ticket C").hex()
    assert [venue.says(code) for code in "ABC"] == ["ok", "unknown", "ok"]


def test_the_issuers_fact_about_a_leased_segment_stands_in_the_issuers_own(venue: Venue) -> None:
    venue.lend(venue.home, Authority.elsewhere)
    assert venue.do(venue.issue_command("A")).segment == 1
    amended = venue.issue_command("B", identity=key("row 1"), content=b"1")
    assert venue.do(amended).segment == 1
    amended = venue.issue_command("B", identity=key("row 1"), content=b"2")
    assert venue.do(amended).segment == 1


# Met again.


def test_an_unchanged_row_writes_nothing(venue: Venue) -> None:
    first = row(venue, "A", "same")
    before = venue.kinds()
    again = row(venue, "B", "same")
    assert (again.ticket, again.amended) == (first.ticket, False)
    assert venue.kinds() == before
    assert venue.says("B") == "unknown"


def test_an_unchanged_row_in_the_same_batch_writes_nothing(venue: Venue) -> None:
    command = venue.issue_command("A", identity=key("row 1"), content=b"same")
    again = venue.issue_command("B", identity=key("row 1"), content=b"same")
    _, outcome = venue.batch(command, again)
    assert fact_of(outcome, IssueFact).ticket == command.ticket.hex()


def test_a_changed_row_amends_the_holder_and_keeps_the_code(venue: Venue) -> None:
    first = row(venue, "A", "one", holder="Wu")
    again = row(venue, "B", "two", holder="Wu Yi")
    assert (again.ticket, again.amended) == (first.ticket, True)
    (ticket,) = venue.rows(t.TICKET)
    assert (ticket.holder, ticket.content) == ("Wu Yi", b"two")
    assert [venue.says("B"), venue.says("A")] == ["unknown", "ok"]


@pytest.mark.parametrize(
    "other",
    [
        {"product": world.RE_ENTRY},
        {"people": 2},
        {"session": 1},
        {"valid_from_ms": 5},
        {"valid_until_ms": 5},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_row_that_wants_another_ticket_is_refused(venue: Venue, other: dict[str, Any]) -> None:
    row(venue, "A", "one")
    with pytest.raises(Differs):
        row(venue, "A", "two", **other)


def test_an_amended_row_says_nothing_new_about_the_status(venue: Venue) -> None:
    first = row(venue, "A", "one")
    venue.do(SetStatus(ticket=bytes.fromhex(first.ticket), status=Status.blocked))
    assert row(venue, "A", "two").status == Status.blocked
    assert venue.says("A") == "blocked"


def documents(*numbers: str) -> tuple[Credential, ...]:
    return tuple(Credential("document", key(number)) for number in numbers)


def test_a_corrected_document_replaces_the_wrong_one(venue: Venue) -> None:
    row(venue, "A", "one", credentials=documents("wrong"))
    fact = row(venue, "A", "two", credentials=documents("right"))
    assert fact.credentials == (("document", key("right").hex()),)
    assert fact.ended == (key("wrong").hex(),)
    assert [venue.says("wrong"), venue.says("right")] == ["void", "ok"]


def test_a_correction_can_be_corrected_back(venue: Venue) -> None:
    for content, number in (("one", "first"), ("two", "second"), ("three", "first")):
        row(venue, "A", content, credentials=documents(number))
    assert [venue.says("second"), venue.says("first")] == ["void", "ok"]


def test_a_second_document_leaves_the_first_one_valid(venue: Venue) -> None:
    row(venue, "A", "one", credentials=documents("card"))
    fact = row(venue, "A", "two", credentials=documents("card", "passport", "permit"))
    assert fact.ended == ()
    assert [venue.says("card"), venue.says("passport"), venue.says("permit")] == [
        "ok",
        "already_used",
        "already_used",
    ]


def test_two_wrong_documents_are_ended_once_each(venue: Venue) -> None:
    row(venue, "A", "one", credentials=documents("x", "y"))
    fact = row(venue, "A", "two", credentials=documents("v", "w"))
    assert sorted(fact.ended) == sorted([key("x").hex(), key("y").hex()])


def test_a_document_of_another_guest_is_refused(venue: Venue) -> None:
    venue.issue("B", credentials=documents("hers"))
    row(venue, "A", "one")
    with pytest.raises(Taken, match="document"):
        row(venue, "A", "two", credentials=documents("hers"))


@pytest.mark.parametrize("status", [Status.void, Status.refunded])
def test_a_document_of_a_ticket_that_is_void_may_open_another(venue: Venue, status: Status) -> None:
    old = venue.issue("B", credentials=documents("hers"))
    venue.do(SetStatus(ticket=old, status=status))
    new = venue.issue("C", credentials=documents("hers"))
    (found,) = [one for one in venue.rows(t.CREDENTIAL) if one.hash == key("hers")]
    assert (found.ticket, found.state) == (new, CredentialState.live)
    assert venue.says("hers") == "ok"
    with pytest.raises(Taken, match="document"):
        venue.issue("D", credentials=documents("hers"))
    assert codes(venue) == set()


def test_a_row_amended_takes_over_the_document_of_a_ticket_that_is_void(venue: Venue) -> None:
    old = venue.issue("B", credentials=documents("hers"))
    row(venue, "A", "one", credentials=documents("x"))
    venue.do(SetStatus(ticket=old, status=Status.void))
    fact = row(venue, "A", "two", credentials=documents("hers"))
    assert fact.freed == ((key("hers").hex(), old.hex()),)
    assert venue.says("hers") == "ok"
    assert codes(venue) == set()


@pytest.mark.parametrize("status", [Status.blocked, Status.unpaid])
def test_a_document_of_a_ticket_that_may_be_valid_again_stays_its_own(
    venue: Venue, status: Status
) -> None:
    old = venue.issue("B", credentials=documents("hers"))
    venue.do(SetStatus(ticket=old, status=status))
    with pytest.raises(Taken, match="document"):
        venue.issue("C", credentials=documents("hers"))


def test_a_code_stays_with_its_ticket_also_when_that_is_void(venue: Venue) -> None:
    old = venue.issue("B")
    venue.do(SetStatus(ticket=old, status=Status.void))
    again = venue.issue_command("B")
    with pytest.raises(Taken, match="code"):
        venue.do(msgspec.structs.replace(again, ticket=key("another")))
    assert venue.says("B") == "void"


def test_a_ticket_amended_by_hand_stays_the_row_it_came_from(venue: Venue) -> None:
    """Neither does the former holder's document open it, nor does the list bring them back."""
    before = Credential("document", key("P1"))
    again = venue.issue_command("A", identity=key("row 1"), content=b"first", holder="Ann")
    again = msgspec.structs.replace(again, credentials=(*again.credentials, before))
    ticket = bytes.fromhex(venue.fact(again, IssueFact).ticket)
    amend = msgspec.structs.replace(
        again,
        request_id="by hand",
        ticket=ticket,
        credentials=(Credential("document", key("P2")),),
        identity=b"",
        content=b"second",
        holder="Bo",
        amends=True,
    )
    fact = venue.fact(amend, IssueFact)
    assert fact.amended
    assert fact.ended == (key("P1").hex(),)
    assert venue.row(t.TICKET, ticket).holder == "Bo"
    assert not venue.do(amend).new
    assert not venue.do(again).new
    assert venue.row(t.TICKET, ticket).holder == "Bo"
    with pytest.raises(Differs):
        venue.do(msgspec.structs.replace(amend, request_id="other", people=2))
    with pytest.raises(NotFound):
        venue.do(msgspec.structs.replace(amend, request_id="nobody", ticket=b"0" * 16))
