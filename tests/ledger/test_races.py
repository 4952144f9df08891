"""Several processes on one PostgreSQL ledger: whatever happens between, nobody gets in twice."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from paifang.core.tickets import Status
from paifang.ledger import tables as t
from paifang.ledger.commands import (
    Annul,
    Bind,
    Command,
    Credential,
    Erase,
    OpenSegment,
    Publish,
    SetStatus,
)
from paifang.ledger.engine import Begun, EngineConflict, Reached
from paifang.ledger.facts import AdmissionFact, Answer, SegmentFact, StatusFact
from paifang.ledger.faults import InUse, NotPossible
from paifang.ledger.opening import make_own_segment
from paifang.ledger.postgres import PostgresEngine
from paifang.ledger.writer import Writer, collect, commit_through
from tests.ledger import world
from tests.ledger.chain import chain_faults
from tests.ledger.engines import NODE, bare_database
from tests.ledger.venue import Venue, key, reasons
from tests.ledger.world import SettableClock

# A lock that is never let go would wait for ever: one process plays both sides here.
pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]


class Interrupted(PostgresEngine):
    """An engine that another process gets in the way of, once, before or after one of its steps."""

    before: tuple[t.Table, Callable[[], object]] | None = None
    after_reach: Callable[[], object] | None = None

    def get(self, table: t.Table, keys: Sequence[Any], *, width: int = 0) -> list[Any]:
        if self.before is not None and self.before[0] is table:
            act, self.before = self.before[1], None
            act()
        return super().get(table, keys, width=width)

    def begin(self, hashes: Sequence[bytes] = (), tickets: Sequence[bytes] = ()) -> Begun:
        begun = super().begin(hashes, tickets)
        self._reached()
        return begun

    def reach(self, hashes: Sequence[bytes], tickets: Sequence[bytes]) -> Reached:
        found = super().reach(hashes, tickets)
        self._reached()
        return found

    def _reached(self) -> None:
        if self.after_reach is not None:
            act, self.after_reach = self.after_reach, None
            act()


class Overtaken(PostgresEngine):
    """An engine that finds nothing, and behind whose back another process then makes a ledger."""

    def get(self, table: t.Table, keys: Sequence[Any], *, width: int = 0) -> list[Any]:
        found = super().get(table, keys, width=width)
        assert found == []
        with closing(Venue(self._url)) as theirs:
            theirs.furnish()
        return found


@pytest.fixture
def other(postgres_venue: Venue) -> Iterator[Venue]:
    """Another process on the same ledger, with the same clock and rules."""
    with closing(Venue(postgres_venue.target, postgres_venue.clock)) as made:
        made.home = postgres_venue.home
        made.batch()
        yield made


def interrupted(venue: Venue) -> Interrupted:
    venue.engine.close()
    engine = Interrupted(str(venue.target))
    venue.engine = engine
    return engine


def test_a_ticket_issued_and_used_while_we_looked_is_met_as_used(
    postgres_venue: Venue, other: Venue
) -> None:
    engine = interrupted(postgres_venue)

    def issue() -> None:
        other.issue("A")
        engine.before = (t.HEAD, admit)

    def admit() -> None:
        assert other.says("A", request_id="theirs") == "ok"

    engine.after_reach = issue
    assert postgres_venue.override("A", request_id="ours").reason == "ok"
    assert postgres_venue.row(t.USE, key("ticket A"), 0).uses == 2


def test_a_code_bound_and_used_while_we_looked_is_met_as_used(
    postgres_venue: Venue, other: Venue
) -> None:
    ticket = postgres_venue.issue("A")
    engine = interrupted(postgres_venue)

    def bind() -> None:
        other.do(Bind(ticket=ticket, credential=Credential("card", key("card"))))
        engine.before = (t.HEAD, admit)

    def admit() -> None:
        assert other.says("A", request_id="theirs") == "ok"

    engine.after_reach = bind
    assert postgres_venue.override("card", request_id="ours").reason == "ok"
    assert postgres_venue.row(t.USE, ticket, 0).uses == 2


def test_a_signed_ticket_issued_and_voided_while_we_looked_is_void(
    postgres_venue: Venue, other: Venue
) -> None:
    engine = interrupted(postgres_venue)
    ticket = key("ticket A")

    def issue() -> None:
        other.issue("A")
        other.do(SetStatus(ticket=ticket, status=Status.void))

    engine.after_reach = issue
    assert postgres_venue.says("", lookups=(), ticket=ticket, request_id="ours") == "void"


def test_a_ticket_used_while_it_was_taken_back_stays(postgres_venue: Venue, other: Venue) -> None:
    ticket = postgres_venue.issue("A")
    engine = interrupted(postgres_venue)
    engine.after_reach = lambda: other.admit("A", request_id="theirs")
    with pytest.raises(InUse):
        postgres_venue.do(SetStatus(ticket=ticket, status=Status.void, unused=True))
    assert postgres_venue.row(t.TICKET, ticket).status == Status.valid


def test_a_ticket_taken_back_while_it_was_shown_lets_nobody_in(
    postgres_venue: Venue, other: Venue
) -> None:
    ticket = postgres_venue.issue("A")
    engine = interrupted(postgres_venue)
    engine.after_reach = lambda: other.do(SetStatus(ticket=ticket, status=Status.void, unused=True))
    assert postgres_venue.says("A", request_id="ours") == "void"


def test_a_status_changed_while_we_looked_is_what_we_change_from(
    postgres_venue: Venue, other: Venue
) -> None:
    ticket = postgres_venue.issue("A")
    engine = interrupted(postgres_venue)
    engine.after_reach = lambda: other.do(SetStatus(ticket=ticket, status=Status.void))
    with pytest.raises(NotPossible):
        postgres_venue.do(SetStatus(ticket=ticket, status=Status.blocked))
    engine.after_reach = lambda: other.do(SetStatus(ticket=ticket, status=Status.refunded))
    postgres_venue.do(Erase(ticket=ticket))
    assert postgres_venue.row(t.TICKET, ticket).status == Status.refunded
    assert chain_faults(postgres_venue) == []


def test_a_ticket_issued_while_we_looked_is_changed_under_its_locks(
    postgres_venue: Venue, other: Venue
) -> None:
    engine = interrupted(postgres_venue)
    ticket = key("ticket A")

    def issue() -> None:
        other.issue("A")
        engine.before = (t.HEAD, admit)

    def admit() -> None:
        assert other.says("A", request_id="theirs") == "ok"

    engine.after_reach = issue
    with pytest.raises(InUse):
        postgres_venue.do(SetStatus(ticket=ticket, status=Status.void, unused=True))


def test_tickets_taken_back_and_shown_at_once_are_either_void_or_used(
    postgres_venue: Venue,
) -> None:
    venue = postgres_venue
    codes = [f"T{n}" for n in range(150)]
    venue.batch(*(venue.issue_command(code) for code in codes))
    shown: list[Command] = [venue.admit_command(code) for code in codes]
    taken: list[Command] = [
        SetStatus(ticket=key(f"ticket {code}"), status=Status.void, unused=True)
        for code in reversed(codes)
    ]
    facts = outcomes_of(venue, [shown, taken])
    entered = {fact.ticket for fact in facts if getattr(fact, "reason", "") == "ok"}
    void = {fact.ticket for fact in facts if isinstance(fact, StatusFact)}
    refused = [fault for fault in facts if isinstance(fault, InUse)]
    assert entered.isdisjoint(void)
    assert len(entered) + len(void) == len(codes)
    assert len(refused) == len(entered)
    assert chain_faults(venue) == []


def test_a_use_given_back_while_another_is_taken_is_given_back_once(
    postgres_venue: Venue, other: Venue
) -> None:
    postgres_venue.publish(
        world.centre_rules(
            (*world.PRODUCTS, world.product(99, world.EntitlementRule("hall", uses_max=2)))
        )
    )
    postgres_venue.issue("A", 99)
    postgres_venue.admit("A", request_id="in")
    engine = interrupted(postgres_venue)
    admitting = (t.HEAD, lambda: other.admit("A", request_id="theirs"))
    engine.after_reach = lambda: setattr(engine, "before", admitting)
    postgres_venue.do(Annul(request_id="annul", admission="in", terminal="t1"))
    assert postgres_venue.row(t.USE, key("ticket A"), 0).uses == 1
    assert postgres_venue.says("A") == "ok"
    assert postgres_venue.says("A") == "already_used"


def test_two_processes_make_the_first_segment_at_once(server: str) -> None:
    with bare_database(server) as url:
        engine = Overtaken(url)
        make_own_segment(engine, NODE)
        engine.close()
        with closing(Venue(url)) as ours:
            ours.batch()
            assert ours.rules.centre.version == 1
            assert chain_faults(ours) == []


def test_two_publishers_from_one_version_make_one_next_version(
    postgres_venue: Venue, other: Venue
) -> None:
    engine = interrupted(postgres_venue)
    body = world.body_of(world.centre_rules())
    command = Publish(layer="centre", base=1, body=body)

    def publish() -> None:
        other.do(command)

    engine.after_reach = publish
    with pytest.raises(EngineConflict):
        postgres_venue.do(command)
    with pytest.raises(NotPossible):
        postgres_venue.do(command)
    assert postgres_venue.rules.centre.version == 2


def test_the_same_segment_opened_by_two_is_one(postgres_venue: Venue, other: Venue) -> None:
    command = OpenSegment(site="park", period="july")
    found = {venue.fact(command, SegmentFact).segment for venue in (postgres_venue, other)}
    assert len(found) == 1


def race(venue: Venue, work: list[list[Command]]) -> list[AdmissionFact]:
    """Commit lists of commands through one writer each, all at once; return all facts."""
    facts = outcomes_of(venue, work)
    assert all(isinstance(fact, AdmissionFact) for fact in facts), facts
    return facts


def outcomes_of(venue: Venue, work: list[list[Command]]) -> list[Any]:
    """Commit lists of commands through one writer each, all at once; return facts and faults."""
    writers = [
        Writer(PostgresEngine(str(venue.target)), node=NODE, clock=SettableClock()) for _ in work
    ]
    for writer in writers:
        writer.start()
    facts: list[Any] = []

    def run(writer: Writer, commands: list[Command]) -> None:
        outcomes = commit_through(writer.port(collect), commands)
        facts.extend([o.decoded() if isinstance(o, Answer) else o for o in outcomes])

    threads = [threading.Thread(target=run, args=pair) for pair in zip(writers, work, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for writer in writers:
        writer.stop()
    return facts


def test_two_processes_racing_for_200_tickets_admit_each_once(postgres_venue: Venue) -> None:
    venue = postgres_venue
    june = venue.segment("june")
    codes = [f"T{n}" for n in range(200)]
    venue.batch(
        *(
            venue.issue_command(code, segments=((venue.home, june)[n % 2],))
            for n, code in enumerate(codes)
        )
    )
    # Each goes through the list its own way, so that they meet all over it.
    ours = [venue.admit_command(code) for code in codes]
    theirs = [venue.admit_command(code, "south") for code in reversed(codes)]
    facts = race(venue, [ours, theirs])  # type: ignore[list-item]
    said = Counter(fact.reason for fact in facts)
    assert said == {"ok": 200, "already_used": 200}
    admitted = [fact.ticket for fact in facts if fact.reason == "ok"]
    assert len(set(admitted)) == 200
    assert venue.inside() == 200
    assert chain_faults(venue) == []


def test_the_same_request_sent_to_two_processes_is_one_request(postgres_venue: Venue) -> None:
    venue = postgres_venue
    codes = [f"T{n}" for n in range(60)]
    venue.batch(*(venue.issue_command(code) for code in codes))
    commands = [venue.admit_command(code) for code in codes]
    facts = race(venue, [list(commands), list(reversed(commands))])
    assert {fact.reason for fact in facts} == {"ok"}
    assert venue.inside() == 60


def test_processes_that_lock_each_other_out_both_go_on(postgres_venue: Venue) -> None:
    # Tickets of many segments, tickets issued meanwhile and full sessions: locks in any order.
    venue = postgres_venue
    segments = [venue.segment(f"p{n}") for n in range(4)]
    venue.batch(
        *(
            venue.issue_command(
                f"T{n}", world.COMBINED, segments=(segments[n % 4], segments[-n % 4])
            )
            for n in range(80)
        )
    )
    work: list[list[Command]] = [
        [
            command
            for n in order
            for command in (
                venue.admit_command(f"T{n}", "north"),
                venue.admit_command(f"T{n}", "hedge"),
            )
        ]
        for order in (range(80), reversed(range(80)))
    ]
    facts = race(venue, work)
    assert Counter(fact.reason for fact in facts) == {"ok": 160, "already_used": 160}
    assert chain_faults(venue) == []


def test_a_full_session_is_full_for_both(postgres_venue: Venue) -> None:
    venue = postgres_venue
    codes = [f"T{n}" for n in range(40)]
    venue.batch(*(venue.issue_command(code, world.GALA, session=3) for code in codes))
    half = len(codes) // 2
    commands = [venue.admit_command(code) for code in codes]
    facts = race(venue, [list(commands[:half]), list(commands[half:])])
    assert Counter(fact.reason for fact in facts) == {"ok": 2, "capacity_reached": 38}
    assert reasons(venue.batch(venue.admit_command("T0"))) != ["ok"]
