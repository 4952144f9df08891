"""A sealed grant: signed beforehand, kept by a spare, used when the centre cannot be asked."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from paifang.core.leases import LeaseState, WishState
from paifang.ledger import tables as t
from paifang.ledger.conflicts import late_conflicts
from paifang.ledger.lease_commands import (
    BreakLease,
    ExtendLease,
    MakeWish,
    OpenLease,
    ReturnLease,
)
from paifang.ledger.opening import Target
from paifang.ledger.postgres import SCHEMA
from tests.ledger.conftest import ENGINES, clock, server  # noqa: F401 - fixtures
from tests.ledger.engines import postgres_database
from tests.ledger.venue import key
from tests.ledger.world import SettableClock, at
from tests.sync.failover import FIRST, SECOND
from tests.sync.spares import SEALED, Guarded
from tests.sync.test_failover import clean


@pytest.fixture(params=ENGINES)
def guarded(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: SettableClock,  # noqa: F811
) -> Iterator[Guarded]:
    """A centre, a host, the spare behind it, and gates; centre and spare on either engine."""
    with ExitStack() as stack:
        centre: Target = tmp_path / "centre.db"
        spare: Target = tmp_path / "spare.db"
        if request.param != "sqlite":
            url = request.getfixturevalue("server")
            centre = stack.enter_context(postgres_database(url))
            spare = stack.enter_context(postgres_database(url))
            with psycopg.connect(str(spare), autocommit=True) as connection:
                connection.execute(f"DELETE FROM {SCHEMA}.head".encode())
        yield stack.enter_context(closing(Guarded(centre, spare, tmp_path, clock)))


def test_a_spare_keeps_its_grant_and_decides_nothing(guarded: Guarded) -> None:
    lane = guarded.lane("g1")
    assert guarded.state(guarded.centre) == LeaseState.sealed
    kept = guarded.lease(guarded.new, SEALED)
    first = guarded.lease(guarded.old, FIRST)
    assert kept is not None
    assert first is not None
    assert (kept.state, kept.loaded) == (LeaseState.sealed, kept.chunks)
    assert kept.epoch == first.epoch + 1
    assert kept.epoch % 2
    assert guarded.scan(lane, "A", guarded.new) == "nobody answered"
    assert not guarded.answer(guarded.new, lane.up()).fences
    for node in (guarded.centre, guarded.old, guarded.new):
        clean(node)


def test_once_the_glass_is_broken_nobody_gets_in_twice_and_the_centre_follows(
    guarded: Guarded,
) -> None:
    one, two = guarded.lane("g1"), guarded.lane("g2")
    assert guarded.scan(one, "A", guarded.old) == "ok"
    guarded.talk(guarded.old)
    # From here on the centre hears of nothing: only the gate knows of this one.
    assert guarded.scan(two, "B", guarded.old) == "ok"
    guarded.break_glass()
    assert guarded.scan(one, "A", guarded.new) == "nobody answered"
    for lane in (one, two):
        guarded.ask(lane, guarded.new, 2)
    assert guarded.state(guarded.new) == LeaseState.ready
    assert guarded.scan(one, "B", guarded.new) == "already_inside"
    assert guarded.scan(two, "A", guarded.new) == "already_used"
    assert guarded.scan(one, "B", guarded.old) == "nobody answered"
    guarded.talk(guarded.new, 3)
    assert guarded.state(guarded.centre, FIRST) == LeaseState.broken
    assert guarded.state(guarded.centre) == LeaseState.ready
    assert not guarded.differences()
    guarded.talk(guarded.old, 2)
    assert guarded.state(guarded.old, FIRST) == LeaseState.broken
    for node in (guarded.centre, guarded.old, guarded.new):
        clean(node)
    guarded.new.ledger.do(ReturnLease(lease=SEALED, actor="wang"))
    guarded.talk(guarded.new, 2)
    assert guarded.state(guarded.centre) == LeaseState.returned
    assert not guarded.differences()
    for node in (guarded.centre, guarded.new):
        clean(node)


def test_what_the_lessee_did_and_the_spare_never_heard_counts_no_more(guarded: Guarded) -> None:
    """The gate that asked is gone with the host: its people were let in, and are told of."""
    one, two = guarded.lane("g1"), guarded.lane("g2")
    assert guarded.scan(one, "A", guarded.old) == "ok"
    first = two.scan("north", "B", guarded.clock.now_ms())
    guarded.answer(guarded.old, two.up())
    guarded.talk(guarded.old)
    guarded.break_glass()
    guarded.ask(two, guarded.new, 2)
    guarded.new.ledger.do(OpenLease(lease=SEALED, written_off=("g1",), actor="wang"))
    # Asked again under the same id, it is decided anew and counts once.
    (verdict,) = guarded.ask(two, guarded.new)
    assert (verdict.request_id, verdict.opens) == (first, True)
    assert guarded.scan(two, "A", guarded.new) == "ok"
    guarded.talk(guarded.new, 3)
    assert not guarded.differences()
    for node in (guarded.centre, guarded.new):
        clean(node)
    reader = guarded.centre.ledger.reader()
    (conflict,) = late_conflicts(reader.raw, reader.rules().centre)
    reader.close()
    assert conflict.ticket == key("ticket A").hex()
    assert conflict.against is not None
    assert conflict.late.basis == "lease"
    assert conflict.against.basis == "provisional"


def test_what_the_spare_was_told_in_time_counts_though_its_gate_is_gone(guarded: Guarded) -> None:
    one, two = guarded.lane("g1"), guarded.lane("g2")
    assert guarded.scan(one, "A", guarded.old) == "ok"
    guarded.talk(guarded.old)
    guarded.ask(one, guarded.old)
    assert one.kept, "the spare does not know it yet"
    guarded.relay()
    guarded.ask(one, guarded.old)
    assert not one.kept
    guarded.break_glass()
    guarded.ask(two, guarded.new, 2)
    guarded.new.ledger.do(OpenLease(lease=SEALED, written_off=("g1",), actor="wang"))
    assert guarded.scan(two, "A", guarded.new) == "already_used"
    guarded.talk(guarded.new, 3)
    assert not guarded.differences()
    for node in (guarded.centre, guarded.new):
        clean(node)


def test_an_answer_to_a_wish_holds_once_the_spare_knows_it(guarded: Guarded) -> None:
    def wish() -> tuple[WishState, str]:
        (row,) = guarded.centre.ledger.rows(t.WISH)
        return WishState(row.state), row.reason

    made = MakeWish(wish=bytes(16), ticket=key("ticket A"), kind="void", actor="wang")
    guarded.centre.ledger.do(made)
    guarded.talk(guarded.old, 2)
    assert wish() == (WishState.told, "ok")
    clean(guarded.centre)
    guarded.relay()
    assert wish() == (WishState.granted, "ok")
    clean(guarded.centre)
    lanes = [guarded.lane(name) for name in ("g1", "g2")]
    guarded.break_glass()
    for lane in lanes:
        guarded.ask(lane, guarded.new, 2)
    assert guarded.scan(lanes[0], "A", guarded.new) == "void"
    guarded.talk(guarded.new, 3)
    assert wish() == (WishState.granted, "ok")
    assert not guarded.differences()
    for node in (guarded.centre, guarded.new):
        clean(node)


def test_a_wish_the_spare_knows_no_answer_to_is_decided_anew(guarded: Guarded) -> None:
    made = MakeWish(wish=bytes(16), ticket=key("ticket A"), kind="void", actor="wang")
    guarded.centre.ledger.do(made)
    guarded.talk(guarded.old, 2)
    lanes = [guarded.lane(name) for name in ("g1", "g2")]
    guarded.break_glass()
    for lane in lanes:
        guarded.ask(lane, guarded.new, 2)
    assert guarded.scan(lanes[0], "A", guarded.new) == "ok"
    guarded.talk(guarded.new, 3)
    (row,) = guarded.centre.ledger.rows(t.WISH)
    assert (row.state, row.reason) == (WishState.refused, "already_used")
    assert not guarded.differences()
    for node in (guarded.centre, guarded.new):
        clean(node)


def test_acts_of_a_ticket_the_spare_was_never_told_of_wait_for_it(guarded: Guarded) -> None:
    one, two = guarded.lane("g1"), guarded.lane("g2")
    guarded.centre.ledger.issue("C")
    guarded.talk(guarded.old, 2)
    assert guarded.scan(one, "C", guarded.old) == "ok"
    guarded.break_glass()
    for lane in (one, two):
        guarded.ask(lane, guarded.new, 2)
    assert guarded.scan(two, "C", guarded.new) == "unknown"
    guarded.talk(guarded.new, 3)
    assert guarded.scan(two, "C", guarded.new) == "already_used"
    guarded.talk(guarded.new, 2)
    assert not guarded.differences()
    for node in (guarded.centre, guarded.new):
        clean(node)


def test_a_ticket_sold_and_used_while_the_spare_was_away_counts_once(guarded: Guarded) -> None:
    one, two = guarded.lane("g1"), guarded.lane("g2")
    guarded.centre.ledger.issue("C")
    guarded.talk(guarded.old, 2)
    assert guarded.scan(one, "C", guarded.old) == "ok"
    guarded.talk(guarded.old)
    # The centre has the use already when it tells the spare of the ticket.
    guarded.talk(guarded.new)
    guarded.break_glass()
    for lane in (one, two):
        guarded.ask(lane, guarded.new, 2)
    assert guarded.scan(two, "C", guarded.new) == "already_used"
    guarded.talk(guarded.new, 3)
    assert not guarded.differences()
    for node in (guarded.centre, guarded.new):
        clean(node)


def test_a_grant_that_was_not_needed_ends_with_its_lease(guarded: Guarded) -> None:
    longer = ExtendLease(lease=FIRST, not_after_ms=at(12, day=5), actor="wang")
    guarded.centre.ledger.do(longer)
    guarded.talk(guarded.new)
    kept = guarded.lease(guarded.new, SEALED)
    assert kept is not None
    assert kept.not_after_ms == at(12, day=5)
    guarded.old.ledger.do(ReturnLease(lease=FIRST, actor="wang"))
    guarded.talk(guarded.old, 2)
    assert guarded.state(guarded.centre) == LeaseState.returned
    guarded.talk(guarded.new, 2)
    assert guarded.state(guarded.new) == LeaseState.broken
    guarded.grant(SECOND, guarded.old.name)
    again = guarded.lease(guarded.centre, SECOND)
    assert again is not None
    assert again.epoch > kept.epoch
    for node in (guarded.centre, guarded.old, guarded.new):
        clean(node)


def test_a_lease_that_is_broken_at_the_centre_ends_the_grant_behind_it(guarded: Guarded) -> None:
    lanes = [guarded.lane(name) for name in ("g1", "g2")]
    assert guarded.scan(lanes[0], "A", guarded.old) == "ok"
    guarded.break_glass()
    for lane in lanes:
        guarded.ask(lane, guarded.new, 2)
    assert guarded.scan(lanes[1], "B", guarded.new) == "ok"
    breaks = BreakLease(lease=FIRST, actor="wang", second="han", reason_text="no answer")
    guarded.centre.ledger.do(breaks)
    assert guarded.state(guarded.centre) == LeaseState.broken
    # Two at the centre were faster: what the spare tells is history, and it stops.
    guarded.talk(guarded.new, 2)
    assert guarded.state(guarded.new) == LeaseState.broken
    assert any(row.epoch % 2 for row in guarded.centre.ledger.rows(t.LATE))
    for node in (guarded.centre, guarded.new):
        clean(node)
