"""Corners of a restored centre: told twice, restored again, tickets of two periods."""

from dataclasses import replace

import psycopg
import pytest

from paifang.core import limits
from paifang.core.leases import GENERATION_SHIFT, LeaseState
from paifang.core.rules import EntitlementRule, Period
from paifang.core.tickets import Status
from paifang.ledger import freeze
from paifang.ledger import tables as t
from paifang.ledger.commands import SetStatus
from paifang.ledger.facts import AdmissionFact, payload_of
from paifang.ledger.lease_commands import ReturnLease
from paifang.ledger.opening import is_postgres
from paifang.ledger.postgres import SCHEMA
from paifang.ledger.rows import Settled
from paifang.ledger.sqlite import SqliteEngine
from paifang.ledger.work import BROUGHT
from tests.ledger import world
from tests.ledger.venue import Venue, key
from tests.ledger.world import at
from tests.sync.copies import copied, put_back, restore
from tests.sync.failover import FIRST, SECOND, Failover
from tests.sync.nodes import FAIR, HOST, LEASE, Pair
from tests.sync.test_restored_centre import clean, in_order, settings

LATER = Period("later", at(0, day=3), at(0, day=6))


@pytest.fixture
def selling(pair: Pair) -> Pair:
    """A centre that sold some tickets; nothing is leased yet."""
    for code in ("A", "B"):
        pair.centre.ledger.issue(code)
    return pair


def test_of_a_lost_host_only_what_the_next_lease_began_with_goes_beneath_it_and_once(
    failover: Failover,
) -> None:
    ledger = failover.centre.ledger
    copy = copied(ledger)
    gates = [failover.lane("g1"), failover.lane("g2")]
    assert failover.scan(gates[0], "A", failover.old) == "ok"
    failover.talk(failover.old, 2)
    # Never told before the lease was broken, so the next one did not begin with it.
    assert failover.scan(gates[0], "B", failover.old) == "ok"
    gates[0].kept.clear()
    failover.give_up_old()
    for gate in gates:
        failover.ask(gate, failover.new, 2)
    failover.talk(failover.new, 2)
    restore(ledger, copy)
    failover.talk(failover.old, 3)
    failover.talk(failover.new, 4)
    failover.talk(failover.old, hears=False)
    late = ledger.rows(t.LATE)
    beneath = [row for row in ledger.rows(t.JOURNAL) if row.node == HOST and row.epoch]
    assert [row.kind for row in late] == ["admission"]
    assert [row.kind for row in beneath] == ["admission"]
    # The answer was lost on its way, so everything is told once more.
    failover.talk(failover.old, 3)
    assert ledger.rows(t.LATE) == late
    assert [row for row in ledger.rows(t.JOURNAL) if row.node == HOST and row.epoch] == beneath
    assert {lease.id: lease.state for lease in ledger.rows(t.LEASE)} == {
        FIRST: LeaseState.broken,
        SECOND: LeaseState.ready,
    }
    clean(failover)


def test_counts_that_were_not_forgotten_stay_as_they_are(selling: Pair) -> None:
    ledger = selling.centre.ledger
    assert ledger.says("A") == "ok"
    copy = copied(ledger)
    selling.grant()
    selling.talk(2)
    restore(ledger, copy)
    selling.talk(5)
    assert ledger.inside() == 1
    assert selling.host.ledger.says("B") == "ok"
    selling.talk(2)
    assert ledger.inside() == 2
    in_order(selling)


def test_a_backup_made_while_frozen_and_put_back_unsaid_begins_one_more_generation(
    selling: Pair,
) -> None:
    """It waits for the host, so what the host knows beyond it is no sign of another restore."""
    ledger = selling.centre.ledger
    restore(ledger, copied(ledger))
    frozen = copied(ledger)
    selling.talk(2)
    selling.grant()
    selling.talk(2)
    assert selling.host.ledger.says("A") == "ok"
    selling.talk()
    (before,) = ledger.rows(t.LEASE)
    generation = freeze.generation(settings(selling))
    assert before.epoch >> GENERATION_SHIFT == generation
    put_back(ledger, frozen)
    selling.talk(6)
    assert freeze.generation(settings(selling)) > generation
    assert freeze.awaited(settings(selling)) == ()
    in_order(selling)
    selling.host.ledger.do(ReturnLease(request_id="r", lease=LEASE))
    selling.talk(3)
    head = next(head for head in ledger.rows(t.HEAD) if head.period == "fair")
    assert head.epoch > before.epoch
    assert ledger.says("A") == "already_used"
    in_order(selling)


def test_more_answers_than_fit_a_page_come_back_page_by_page(selling: Pair) -> None:
    copy = copied(selling.centre.ledger)
    selling.grant()
    selling.talk(2)
    fact = payload_of(AdmissionFact(terminal="g1", gate="north", zone="hall", reason="unknown"))
    brought = [
        Settled(f"g1.{n:04}", "e" * 32, 0, n + 1, at(9), HOST, "admission", fact)
        for n in range(limits.PAGE_ROWS_MAX + 1)
    ]
    engine = selling.host.ledger.engine
    engine.begin()
    engine.put(t.SETTLED, brought)
    engine.set_meta(BROUGHT, "1")
    engine.commit()
    restore(selling.centre.ledger, copy)
    selling.talk(6)
    assert selling.centre.ledger.rows(t.SETTLED) == brought
    in_order(selling)


@pytest.fixture
def twice(pair: Pair) -> Pair:
    """A centre that sells a ticket for two periods; the later one, its home, is never leased."""
    ledger = pair.centre.ledger
    rules = ledger.rules.centre
    park = replace(world.PARK, periods=(FAIR, LATER))
    days = tuple(
        EntitlementRule("hall", valid_from_ms=period.from_ms, valid_until_ms=period.until_ms)
        for period in (LATER, FAIR)
    )
    both = replace(rules.products[world.SINGLE], entitlements=days)
    products = {**rules.products, world.SINGLE: both}
    ledger.publish(replace(rules, sites={"park": park}, products=products))
    later = ledger.segment("later")
    for code in ("A", "B"):
        ledger.issue(code, home=later, segments=(later, pair.period))
    return pair


def test_of_a_ticket_of_two_periods_a_lessee_tells_what_its_own_one_was(twice: Pair) -> None:
    ledger = twice.centre.ledger
    copy = copied(ledger)
    assert ledger.says("A") == "ok"
    ledger.do(
        SetStatus(request_id="s", ticket=key("ticket B"), status=Status.blocked, actor="wang")
    )
    twice.grant()
    twice.talk(2)
    restore(ledger, copy)
    assert twice.host.ledger.says("B") == "blocked"
    twice.talk(5)
    assert uses_of(ledger, "A") == uses_of(twice.host.ledger, "A") == [0, 1]
    # Its home was not leased: what was decided there after the backup is forgotten with it.
    assert ledger.row(t.TICKET, key("ticket B")).status == Status.valid
    assert twice.backlog() == 0
    assert twice.verified() == []


def uses_of(ledger: Venue, code: str) -> list[int]:
    """Return how often each entitlement of a ticket is used."""
    return [row.uses for row in ledger.rows(t.USE) if row.ticket == key("ticket " + code)]


def test_a_ticket_that_came_back_with_a_lease_and_was_taken_out_is_named(selling: Pair) -> None:
    copy = copied(selling.centre.ledger)
    selling.grant()
    selling.talk(2)
    restore(selling.centre.ledger, copy)
    selling.talk(5)
    in_order(selling)
    take_out(selling.centre.ledger, t.TICKET, key("ticket A"))
    assert f"centre ticket_missing use {key('ticket A').hex()}/0" in selling.verified()


def take_out(ledger: Venue, table: t.Table, row_id: bytes) -> None:
    """Delete a row behind the ledger's back."""
    if is_postgres(ledger.target):
        with psycopg.connect(str(ledger.target), autocommit=True) as connection:
            connection.execute(
                f"DELETE FROM {SCHEMA}.{table.name} WHERE id = %s".encode(), [row_id]
            )
    else:
        assert isinstance(ledger.engine, SqliteEngine)
        ledger.engine.connection.execute(f"DELETE FROM {table.name} WHERE id = ?", (row_id,))
