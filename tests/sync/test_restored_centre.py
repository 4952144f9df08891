"""A centre brought back from a backup: what its hosts hold comes back, once."""

import pytest

from paifang.core.leases import GENERATION_SHIFT, LeaseState
from paifang.core.tickets import Status
from paifang.ledger import freeze
from paifang.ledger import tables as t
from paifang.ledger.commands import Erase, SetStatus
from paifang.ledger.faults import Misuse, NotAllowed, NotFound, NotPossible
from paifang.ledger.lease_commands import BreakLease, MakeWish, ReturnLease
from paifang.ledger.restore_commands import WriteOffNode
from paifang.ledger.rows import JournalRow, Lease
from paifang.ledger.verify import verify
from tests.ledger.venue import key
from tests.sync.copies import copied, put_back, restore
from tests.sync.failover import FIRST, SECOND, SPARE, Failover
from tests.sync.nodes import CENTRE, HOST, LEASE, Pair, fair_rules


def settings(pair: Pair, side: str = "centre") -> freeze.Settings:
    reader = getattr(pair, side).ledger.reader()
    found: freeze.Settings = reader.raw.meta()
    reader.close()
    return found


def rows_of(pair: Pair, node: str) -> list[tuple[object, ...]]:
    """Return what the centre has of a node's rows in segments."""
    return [row[1:] for row in pair.centre.ledger.rows(t.JOURNAL) if row.node == node]


def written(pair: Pair) -> list[tuple[object, ...]]:
    """Return what the host wrote in segments and in its own journal."""
    rows: list[JournalRow] = pair.host.ledger.rows(t.JOURNAL)
    return [row[1:] for row in rows]


def lease_at(pair: Pair, lease: bytes = LEASE) -> Lease:
    found: Lease = pair.centre.ledger.row(t.LEASE, lease)
    return found


@pytest.fixture
def selling(pair: Pair) -> Pair:
    """A centre that sold some tickets; nothing is leased yet."""
    for code in ("A", "B", "C", "D"):
        pair.centre.ledger.issue(code)
    return pair


def in_order(pair: Pair) -> None:
    assert pair.backlog() == 0
    assert pair.differences() == []
    assert pair.verified() == []


# Restored, and told so.


def test_rows_confirmed_and_forgotten_come_back(selling: Pair) -> None:
    selling.grant()
    selling.talk(2)
    copy = copied(selling.centre.ledger)
    assert selling.host.ledger.says("A") == "ok"
    selling.talk(2)
    assert selling.backlog() == 0
    restore(selling.centre.ledger, copy)
    assert selling.host.ledger.says("B") == "ok"
    selling.talk(4)
    assert set(written(selling)) <= set(rows_of(selling, HOST))
    in_order(selling)
    assert selling.centre.ledger.inside() == 2


def test_nothing_is_granted_or_decided_until_every_host_has_told(selling: Pair) -> None:
    copy = copied(selling.centre.ledger)
    ledger = selling.centre.ledger
    restore(ledger, copy)
    assert ledger.says("A") == "not_ready"
    with pytest.raises(NotPossible, match=r"restored from a backup.*Host"):
        selling.grant()
    selling.talk()
    assert freeze.awaited(settings(selling)) == (HOST,)
    selling.talk()
    assert freeze.awaited(settings(selling)) == ()
    assert ledger.says("A") == "ok"
    head = next(head for head in ledger.rows(t.HEAD) if head.period == "fair")
    assert head.epoch >> GENERATION_SHIFT == 1
    selling.grant()
    assert lease_at(selling).epoch > head.epoch
    selling.talk(2)
    in_order(selling)


def test_a_centre_that_waits_publishes_no_rules_of_its_own(selling: Pair) -> None:
    selling.grant()
    selling.talk(2)
    restore(selling.centre.ledger, copied(selling.centre.ledger))
    with pytest.raises(NotPossible):
        selling.centre.ledger.publish(fair_rules())


def test_without_hosts_nothing_is_waited_for(selling: Pair) -> None:
    ledger = selling.centre.ledger
    node = ledger.rules.node
    ledger.publish(type(node)(node=CENTRE, terminals=node.terminals, staff=node.staff))
    restore(ledger, copied(ledger), floor=7)
    assert freeze.generation(settings(selling)) == 7
    assert ledger.says("A") == "ok"
    assert ledger.rows(t.JOURNAL)[-1].epoch >> GENERATION_SHIFT == 7
    assert selling.verified() == []


def test_a_lease_that_was_forgotten_is_taken_back_as_it_was(selling: Pair) -> None:
    ledger = selling.centre.ledger
    assert ledger.says("A") == "ok"
    copy = copied(ledger)
    assert ledger.says("B") == "ok"
    assert ledger.says("B", direction="exit") == "ok"
    ledger.issue("E")
    ledger.do(
        SetStatus(request_id="s", ticket=key("ticket D"), status=Status.void, reason_text="lost")
    )
    selling.grant()
    selling.talk(2)
    assert selling.host.ledger.says("E") == "ok"
    ledger.issue("late")
    selling.talk(2)
    restore(ledger, copy)
    ledger.issue("new", segments=(selling.period,))
    assert selling.host.ledger.says("C") == "ok"
    selling.talk(5)
    lease = lease_at(selling)
    assert (lease.state, lease.lessee) == (LeaseState.ready, HOST)
    assert ledger.says("A") == "held_elsewhere"
    assert selling.host.ledger.says("new") == "ok"
    assert selling.host.ledger.says("late") == "ok"
    assert selling.host.ledger.says("B") == "already_used"
    assert selling.host.ledger.says("D") == "void"
    selling.talk(2)
    in_order(selling)
    selling.host.ledger.do(ReturnLease(request_id="r", lease=LEASE))
    selling.talk(2)
    in_order(selling)
    assert ledger.says("B") == "already_used"
    head = next(head for head in ledger.rows(t.HEAD) if head.period == "fair")
    assert head.epoch >> GENERATION_SHIFT == 1
    assert selling.verified() == []


def test_a_lease_that_was_forgotten_and_given_back_comes_back(selling: Pair) -> None:
    copy = copied(selling.centre.ledger)
    selling.grant()
    selling.talk(2)
    assert selling.host.ledger.says("A") == "ok"
    selling.host.ledger.do(ReturnLease(request_id="r", lease=LEASE))
    selling.talk(2)
    assert selling.centre.ledger.says("B") == "ok"
    restore(selling.centre.ledger, copy)
    selling.talk(4)
    assert lease_at(selling).state == LeaseState.returned
    assert selling.centre.ledger.says("A") == "already_used"
    # What the centre itself let in after the backup nobody else knows.
    assert selling.centre.ledger.says("B") == "ok"
    assert selling.verified() == []


def test_a_grant_nobody_had_opened_is_over(selling: Pair) -> None:
    copy = copied(selling.centre.ledger)
    selling.fetches = False
    selling.grant()
    selling.talk()
    restore(selling.centre.ledger, copy)
    selling.talk(4)
    assert lease_at(selling).state == LeaseState.broken
    assert selling.leases("host")[0].state == LeaseState.broken
    assert selling.centre.ledger.says("A") == "ok"
    assert selling.verified() == []


def test_rules_published_after_the_backup_come_back(selling: Pair) -> None:
    ledger = selling.centre.ledger
    selling.grant()
    selling.talk(2)
    copy = copied(ledger)
    ledger.publish(fair_rules())
    ledger.publish(fair_rules())
    selling.talk(2)
    assert selling.host.ledger.says("A") == "ok"
    restore(ledger, copy)
    selling.talk(5)
    assert ledger.rules.centre.version == selling.host.ledger.rules.centre.version
    in_order(selling)


def test_people_forgotten_after_the_backup_are_forgotten_again(selling: Pair) -> None:
    ledger = selling.centre.ledger
    ticket = ledger.issue("P", holder="Li Lei")
    selling.grant()
    selling.talk(2)
    copy = copied(ledger)
    ledger.do(Erase(request_id="e", ticket=ticket, reason_text="asked"))
    selling.talk(2)
    restore(ledger, copy)
    assert ledger.row(t.TICKET, ticket).holder == "Li Lei"
    selling.talk(4)
    assert ledger.row(t.TICKET, ticket).holder == ""
    in_order(selling)


def test_a_wish_made_after_the_backup_is_known_by_its_answer(selling: Pair) -> None:
    ledger = selling.centre.ledger
    selling.grant()
    selling.talk(2)
    copy = copied(ledger)
    ledger.do(MakeWish(request_id="w", wish=bytes(16), ticket=key("ticket A"), kind="void"))
    selling.talk(3)
    restore(ledger, copy)
    selling.talk(4)
    assert ledger.row(t.WISH, bytes(16)).reason == "ok"
    in_order(selling)


def test_many_tickets_come_back_in_parts(selling: Pair) -> None:
    ledger = selling.centre.ledger
    copy = copied(ledger)
    for n in range(30):
        ledger.issue(f"T{n}")
    selling.grant()
    selling.talk(2)
    for n in range(5):
        assert selling.host.ledger.says(f"T{n}") == "ok"
        ledger.issue(f"L{n}")
        selling.talk(2)
    restore(ledger, copy)
    for _ in range(40):
        selling.talk(bytes_max=300)
    in_order(selling)
    assert ledger.inside() == 5


def test_restored_twice_from_the_same_backup_no_epoch_comes_again(selling: Pair) -> None:
    ledger = selling.centre.ledger
    copy = copied(ledger)
    selling.grant()
    selling.talk(2)
    assert selling.host.ledger.says("A") == "ok"
    restore(ledger, copy)
    selling.talk(4)
    selling.host.ledger.do(ReturnLease(request_id="r", lease=LEASE))
    selling.talk(2)
    before = max(row.epoch for row in ledger.rows(t.JOURNAL))
    # The backup knows of no restore; the clock does (`generation_at`).
    restore(ledger, copy, floor=2)
    selling.talk(5)
    assert lease_at(selling).state == LeaseState.returned
    assert ledger.says("A") == "already_used"
    assert ledger.says("B") == "ok"
    assert max(row.epoch for row in ledger.rows(t.JOURNAL)) > before
    assert selling.verified() == []


# Restored behind its back.


def test_what_a_host_knows_beyond_shows_that_it_was_restored(selling: Pair) -> None:
    ledger = selling.centre.ledger
    copy = copied(ledger)
    selling.grant()
    selling.talk(2)
    assert selling.host.ledger.says("A") == "ok"
    selling.talk()
    put_back(ledger, copy)
    assert ledger.says("B") == "ok"
    selling.talk()
    assert freeze.generation(settings(selling)) > 1
    assert ledger.says("C") == "not_ready"
    selling.talk(4)
    assert ledger.says("C") == "held_elsewhere"
    assert set(written(selling)) <= set(rows_of(selling, HOST))


def test_a_generation_that_a_host_heard_of_is_never_taken_again(selling: Pair) -> None:
    ledger = selling.centre.ledger
    selling.talk()
    copy = copied(ledger)
    restore(ledger, copy, floor=10**6)
    selling.talk(2)
    put_back(ledger, copy)
    selling.talk(3)
    assert freeze.generation(settings(selling)) == 10**6 + 1
    assert freeze.heard(settings(selling, "host")) == 10**6 + 1
    assert ledger.says("A") == "ok"
    assert selling.verified() == []


def test_a_lease_of_a_generation_nobody_knew_raises_it(selling: Pair) -> None:
    ledger = selling.centre.ledger
    copy = copied(ledger)
    restore(ledger, copy, floor=500)
    selling.talk(2)
    selling.grant()
    selling.talk(2)
    restore(ledger, copy)
    assert freeze.generation(settings(selling)) == 1
    selling.talk(5)
    assert freeze.generation(settings(selling)) > 500
    assert lease_at(selling).epoch >> GENERATION_SHIFT == 500
    in_order(selling)


# Hosts that do not report.


def test_a_host_is_written_off_by_a_named_person_with_a_reason(selling: Pair) -> None:
    ledger = selling.centre.ledger
    copy = copied(ledger)
    selling.grant()
    selling.talk(2)
    assert selling.host.ledger.says("A") == "ok"
    restore(ledger, copy)
    with pytest.raises(Misuse, match="reason"):
        ledger.do(WriteOffNode(actor="wang", node=HOST, reason_text=" "))
    with pytest.raises(NotAllowed):
        ledger.do(WriteOffNode(node=HOST, reason_text="burnt"))
    with pytest.raises(NotFound):
        ledger.do(WriteOffNode(actor="wang", node=SPARE, reason_text="burnt"))
    ledger.do(WriteOffNode(actor="wang", node=HOST, reason_text="burnt"))
    assert ledger.says("B") == "ok"
    selling.talk(4)
    # It was not burnt: what it decided is history by now, and its lease is over.
    assert lease_at(selling).state == LeaseState.broken
    assert selling.leases("host")[0].state == LeaseState.broken
    late = [row.kind for row in ledger.rows(t.LATE)]
    assert "admission" in late
    assert selling.verified() == []


def test_a_lease_is_not_broken_while_frozen(selling: Pair) -> None:
    ledger = selling.centre.ledger
    selling.grant()
    selling.talk(2)
    restore(ledger, copied(ledger))
    with pytest.raises(NotPossible, match="restored"):
        ledger.do(
            BreakLease(
                request_id="b", actor="wang", second="han", lease=LEASE, reason_text="silent"
            )
        )


# Two hosts.


def clean(failover: Failover) -> None:
    for node in (failover.centre, failover.new):
        reader = node.ledger.reader()
        report = verify(reader.raw)
        reader.close()
        assert report.clean, report.findings


def test_of_two_leases_the_later_one_is_found_whoever_tells_first(failover: Failover) -> None:
    ledger = failover.centre.ledger
    copy = copied(ledger)
    gates = [failover.lane("g1"), failover.lane("g2")]
    assert failover.scan(gates[0], "A", failover.old) == "ok"
    failover.talk(failover.old, 2)
    failover.give_up_old()
    for gate in gates:
        failover.ask(gate, failover.new, 2)
    assert failover.scan(gates[1], "B", failover.new) == "ok"
    failover.talk(failover.new, 2)
    restore(ledger, copy)
    failover.talk(failover.old, 3)
    # The first one seems to hold the fair still, so none of its rows is taken in yet.
    failover.talk(failover.new, 4)
    failover.talk(failover.old, 4)
    leases = {lease.id: lease.state for lease in ledger.rows(t.LEASE)}
    assert leases == {FIRST: LeaseState.broken, SECOND: LeaseState.ready}
    assert ledger.rows(t.LATE) == []
    told = {row.request_id for row in ledger.rows(t.JOURNAL)}
    theirs = failover.old.ledger.rows(t.JOURNAL) + failover.new.ledger.rows(t.JOURNAL)
    assert {row.request_id for row in theirs} <= told
    assert ledger.inside() == 2
    clean(failover)
