"""Late records, on both engines: counted once, never refused for the ticket, conflicts named."""

from dataclasses import replace

import msgspec
import pytest

from paifang.core.rules import Event
from paifang.core.tickets import Authority, Passage, Status
from paifang.ledger import tables as t
from paifang.ledger.commands import Record, SetStatus
from paifang.ledger.facts import RecordFact, Shown
from paifang.ledger.faults import (
    IdConflict,
    InFuture,
    LedgerFault,
    Misuse,
    NotAllowed,
    NotFound,
    TooLate,
)
from tests.ledger import world
from tests.ledger.forging import codes, forge, versions
from tests.ledger.venue import Venue, fact_of, key
from tests.ledger.world import NOW_MS, at

WEEK = 7


def late(venue: Venue, code: str, gate: str = "north", **more: object) -> Record:
    """Return the record of a passage, at 9 o'clock unless `at_ms` says otherwise."""
    at_ms = more.pop("at_ms", at(9))
    named = {name: more.pop(name) for name in ("actor", "reason_text") if name in more}
    ask = venue.admit_command(code, gate, **more)
    return Record(request_id=ask.request_id, admit=ask, at_ms=at_ms, **named)  # type: ignore[arg-type]


def told(venue: Venue, code: str, gate: str = "north", **more: object) -> RecordFact:
    return fact_of(venue.do(late(venue, code, gate, **more)), RecordFact)


def used(venue: Venue, code: str, n: int = 0) -> tuple[int, int]:
    """Return uses and people inside of an entitlement."""
    use = venue.row(t.USE, key("ticket " + code), n)
    return use.uses, use.inside


def test_a_passage_told_afterwards_uses_the_ticket_at_its_own_time(venue: Venue) -> None:
    venue.issue("A")
    fact = told(venue, "A", staff="li", reason_text="power cut")
    assert (fact.reason, fact.basis, fact.conflict) == ("ok", "provisional", "")
    assert (fact.at_ms, fact.people, fact.fresh, fact.count) == (at(9), 1, 1, 1)
    assert venue.inside() == 1
    refused = venue.admit("A", "south")
    assert refused.reason == "already_used"
    assert refused.first == Shown(at(9), "north", "t1", "li")
    assert codes(venue) == set()


def test_told_again_it_is_counted_once(venue: Venue) -> None:
    venue.issue("A")
    command = late(venue, "A")
    first, again = venue.do(command), venue.do(command)
    assert (first.new, again.new, again.fact) == (True, False, first.fact)
    assert (used(venue, "A"), venue.inside()) == ((1, 1), 1)
    with pytest.raises(IdConflict):
        venue.do(msgspec.structs.replace(command, at_ms=at(8)))


def test_a_conflict_is_counted_and_names_both_admissions_once(venue: Venue) -> None:
    venue.issue("A")
    venue.do(venue.admit_command("A", request_id="online", staff="li"))
    command = late(venue, "A", "south")
    fact = fact_of(venue.do(command), RecordFact)
    assert (fact.reason, fact.against, fact.people) == ("already_used", "online", 1)
    assert fact.first == Shown(NOW_MS, "north", "t1", "li")
    assert len(fact.conflict) == 24
    assert used(venue, "A") == (2, 2)
    assert venue.inside() == 2
    venue.do(command)
    conflicts = [
        row.request_id
        for row in venue.rows(t.JOURNAL)
        if row.kind == "record" and fact.conflict.encode() in row.payload
    ]
    assert conflicts == [command.request_id]
    assert codes(venue) == set()


def test_two_lists_with_one_ticket_in_one_batch_see_each_other(venue: Venue) -> None:
    venue.issue("A")
    first, second = late(venue, "A"), late(venue, "A", "south")
    facts = [fact_of(outcome, RecordFact) for outcome in venue.batch(first, second)]
    assert [fact.reason for fact in facts] == ["ok", "already_used"]
    assert facts[1].against == first.request_id


@pytest.mark.parametrize("status", [Status.void, Status.blocked, Status.refunded, Status.unpaid])
def test_what_a_ticket_forbids_is_a_conflict_without_another_admission(
    venue: Venue, status: Status
) -> None:
    ticket = venue.issue("A")
    venue.do(SetStatus(ticket=ticket, status=status))
    fact = told(venue, "A")
    assert (fact.reason, fact.against, fact.people) == (status.name, "", 1)
    assert fact.conflict
    assert codes(venue) == set()


def test_at_the_wrong_gate_the_first_entitlement_is_used(venue: Venue) -> None:
    venue.issue("A")
    fact = told(venue, "A", "hedge")
    assert (fact.reason, fact.n, fact.zone) == ("wrong_zone", 0, "garden")
    assert venue.inside("garden") == 1
    assert codes(venue) == set()


def test_somebody_who_comes_back_is_no_conflict(venue: Venue) -> None:
    venue.issue("A", world.RE_ENTRY)
    venue.admit("A")
    venue.leaves("A")
    fact = told(venue, "A", at_ms=NOW_MS)
    assert (fact.reason, fact.fresh, fact.again) == ("re_entry", 0, 1)
    assert used(venue, "A") == (1, 1)


def test_people_leave_afterwards_too(venue: Venue) -> None:
    venue.issue("A", people=3)
    venue.admit("A", count=3)
    assert told(venue, "A", direction="exit", count=2).reason == "ok"
    fact = told(venue, "A", direction="exit", count=2)
    assert (fact.reason, fact.people, fact.count) == ("not_inside", 0, 2)
    assert fact.conflict
    assert venue.inside() == 1
    assert codes(venue) == set()


def test_of_a_day_that_is_over_nobody_is_inside_any_more(venue: Venue) -> None:
    venue.issue("A", world.RE_ENTRY)
    venue.clock.time_ms = at(10, day=1)
    assert told(venue, "A", at_ms=at(15)).reason == "ok"
    assert told(venue, "A", direction="exit", at_ms=at(17)).reason == "ok"
    assert not any(row.entries or row.exits for row in venue.rows(t.ZONE_DAY))
    assert codes(venue) == set()


@pytest.mark.parametrize("product", [world.SINGLE, world.SEASON])
def test_of_a_day_before_the_one_that_is_followed_only_uses_count(
    venue: Venue, product: int
) -> None:
    venue.issue("A", product, people=2)
    venue.clock.time_ms = at(10, day=1)
    venue.admit("A", "south")
    fact = told(venue, "A", at_ms=at(15))
    assert (fact.reason, fact.people, fact.fresh) == ("ok", 1, 1)
    use = venue.row(t.USE, key("ticket A"), 0)
    assert (use.uses, use.inside, use.day, use.days) == (2, 1, at(0, day=1), 1)
    assert (use.first_at_ms, use.first_gate) == (at(10, day=1), "south")
    assert venue.inside() == 1
    contested = told(venue, "A", at_ms=at(16), count=2)
    assert (contested.reason == "already_used") == (product == world.SINGLE)
    assert codes(venue) == set()


def test_the_first_entry_may_be_one_of_before(venue: Venue) -> None:
    venue.issue("A", people=2)
    venue.clock.time_ms = at(10, day=1)
    venue.admit("A", request_id="wrong")
    venue.annul("wrong")
    told(venue, "A", at_ms=at(15), staff="li")
    use = venue.row(t.USE, key("ticket A"), 0)
    assert (use.uses, use.first_at_ms, use.first_by) == (1, at(15), "li")
    assert codes(venue) == set()


@pytest.mark.parametrize("verdict", ["genuine", "malformed", "forged"])
def test_nobody_is_counted_without_a_ticket(venue: Venue, verdict: str) -> None:
    fact = told(venue, "nobody", verdict=verdict)
    assert fact.reason == {"genuine": "unknown"}.get(verdict, verdict)
    assert (fact.people, fact.conflict) == (0, "")
    assert codes(venue) == set()


def test_what_another_host_decides_about_is_written_down_here_and_not_counted(
    venue: Venue,
) -> None:
    june = venue.segment("june")
    venue.issue("A", home=june, segments=(june,))
    venue.lend(june, Authority.elsewhere)
    answer = venue.do(late(venue, "A"))
    fact = fact_of(answer, RecordFact)
    assert (answer.segment, fact.reason, fact.people) == (1, "held_elsewhere", 0)
    assert fact.conflict
    assert codes(venue) == set()


def test_a_ticket_that_opens_nothing_is_written_down_where_it_was_issued(venue: Venue) -> None:
    venue.publish(world.centre_rules([*world.PRODUCTS, world.product(8)]))
    venue.issue("A", 8)
    answer = venue.do(late(venue, "A"))
    fact = fact_of(answer, RecordFact)
    assert (answer.segment, fact.reason, fact.people) == (venue.home, "wrong_zone", 0)
    assert codes(venue) == set()


def fault_of(venue: Venue, command: Record) -> type[LedgerFault]:
    (outcome,) = venue.batch(command)
    assert isinstance(outcome, LedgerFault)
    return type(outcome)


def test_the_future_and_long_ago_are_refused_one_by_one(venue: Venue) -> None:
    venue.issue("A")
    venue.clock.time_ms = at(10, day=WEEK)
    good = late(venue, "A", at_ms=at(11))
    outcomes = venue.batch(
        late(venue, "A", at_ms=at(10, 1, day=WEEK)), late(venue, "A", at_ms=at(9)), good
    )
    assert [type(outcome) for outcome in outcomes[:2]] == [InFuture, TooLate]
    assert fact_of(outcomes[2], RecordFact).reason == "ok"
    assert used(venue, "A") == (1, 1)


def test_before_the_day_the_event_begins_nobody_passed(venue: Venue) -> None:
    rules = world.centre_rules()
    opening = Event(world.EXPO, "e1", "expo", "Expo", starts_ms=at(9))
    venue.publish(replace(rules, events={**rules.events, world.EXPO: opening}))
    venue.issue("A")
    assert fault_of(venue, late(venue, "A", at_ms=at(23, day=-1))) is TooLate
    assert told(venue, "A", at_ms=at(8)).reason == "ok"


def test_who_may_tell(venue: Venue) -> None:
    venue.issue("A")
    assert fault_of(venue, late(venue, "A", terminal="gone")) is NotAllowed
    assert fault_of(venue, late(venue, "A", "hatch", terminal="t2")) is NotAllowed
    assert fault_of(venue, late(venue, "A", terminal="")) is NotAllowed
    assert fault_of(venue, late(venue, "A", "moon", terminal="", actor="wang")) is NotFound
    assert fault_of(venue, late(venue, "A", count=0)) is Misuse
    fact = told(venue, "A", terminal="", actor="wang")
    assert (fact.terminal, fact.actor, fact.reason) == ("", "wang", "ok")
    assert codes(venue) == set()


def test_a_late_record_is_neither_reported_on_nor_taken_back(venue: Venue) -> None:
    venue.issue("A")
    command = late(venue, "A")
    venue.do(command)
    with pytest.raises(NotFound):
        venue.annul(command.request_id)
    with pytest.raises(NotFound):
        venue.passage(command.request_id, Passage.not_shown)


# What verify says of records that never were right.


def forged(venue: Venue, **more: object) -> set[str]:
    """Return what is found once such a record stands in the journal."""
    told_of = {
        "rules": versions(venue),
        "terminal": "t1",
        "gate": "north",
        "zone": "hall",
        "reason": "ok",
        "basis": "provisional",
        "ticket": key("ticket A").hex(),
        "product": 1,
        "people": 1,
        "fresh": 1,
        "day": at(0),
        "at_ms": at(9),
    }
    forge(venue, RecordFact(**{**told_of, **more}))  # type: ignore[arg-type]
    return codes(venue)


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"terminal": "gone"}, "terminal_not_allowed"),
        ({"terminal": ""}, "terminal_not_allowed"),
        ({"zone": "garden"}, "place_differs"),
        ({"at_ms": at(11)}, "place_differs"),
        ({"at_ms": at(9, day=-9), "day": at(0, day=-9)}, "place_differs"),
        ({"basis": "lease"}, "conflict_differs"),
        ({"conflict": "c"}, "conflict_differs"),
        ({"reason": "already_used"}, "conflict_differs"),
        ({"people": 0}, "people_differ"),
        ({"people": 0, "fresh": 0}, "people_differ"),
        ({"count": 2}, "people_differ"),
        ({"direction": "exit", "fresh": 0}, "left_without_entry"),
        ({"ticket": key("ticket nobody").hex()}, "ticket_missing"),
        ({"people": 2, "fresh": 2, "count": 2}, "beyond_allowance"),
    ],
)
def test_a_record_that_never_was_right_is_found(
    sqlite_venue: Venue, more: dict[str, object], found: str
) -> None:
    sqlite_venue.issue("A")
    assert found in forged(sqlite_venue, **more)


def test_a_record_of_before_that_the_ticket_did_not_allow_is_found(sqlite_venue: Venue) -> None:
    venue = sqlite_venue
    venue.issue("A")
    venue.clock.time_ms = at(10, day=1)
    venue.admit("A")
    assert "beyond_allowance" in forged(venue, at_ms=at(9))


def test_a_record_of_before_in_the_wrong_zone_is_found(sqlite_venue: Venue) -> None:
    venue = sqlite_venue
    venue.issue("A", world.CHAMBER)
    venue.clock.time_ms = at(10, day=1)
    venue.admit("A", "hatch")
    assert "beyond_allowance" in forged(venue, at_ms=at(9), product=world.CHAMBER)
