"""What flows between a lessee and its spare: how much at once, what waits, what gates keep."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from paifang.core.ids import uuid7
from paifang.core.leases import LeaseState, WishState, partner_of
from paifang.ledger import tables as t
from paifang.ledger.conflicts import late_conflicts
from paifang.ledger.facts import RecoveredFact, SparedFact, fact_of, payload_of
from paifang.ledger.faults import Unavailable
from paifang.ledger.lease_commands import (
    BreakLease,
    ImportRows,
    MakeWish,
    OpenLease,
    ReturnLease,
    WireRow,
)
from paifang.ledger.records import SegmentName
from paifang.ledger.sqlite import SqliteEngine
from paifang.ledger.writer import Writer
from paifang.sync import centre, spares
from paifang.sync.messages import Up
from tests.ledger.venue import key
from tests.ledger.world import at
from tests.sync.failover import FIRST, SECOND, SPARE
from tests.sync.nodes import CENTRE, HOST, Node
from tests.sync.spares import SEALED, Guarded, breaks
from tests.sync.test_failover import clean
from tests.sync.test_spares_corners import healed, take_over

THIRD = uuid7(at(0) + 4, bytes([4]) * 10)
OTHER_HOST = "0190a000-0000-7000-8000-0000000000cc"


# How much, and when.


def test_a_spare_is_told_so_many_rows_in_one_answer_and_hears_that_there_is_more(
    guarded: Guarded,
) -> None:
    host = guarded.old.ledger
    assert host.says("A", terminal="g1") == "ok"
    refused = (host.admit_command("A", terminal="g1") for _ in range(spares.RELAY_ROWS_MAX))
    host.batch(*refused)
    assert host.says("B", terminal="g1") == "ok"
    guarded.talk(guarded.old, 2)
    first = guarded.talk(guarded.new)
    assert first.more
    assert [len(each.acts) for each in first.relayed] == [spares.RELAY_ROWS_MAX]
    second = guarded.talk(guarded.new)
    assert not second.more
    assert sum(len(each.acts) for each in second.relayed) == 2
    take_over(guarded, "g1", "g2")
    assert guarded.scan(guarded.lane("g2"), "B", guarded.new) == "already_inside"
    healed(guarded)


def test_what_is_sold_while_a_spare_still_fetches_its_list_comes_after_it(
    guarded: Guarded,
) -> None:
    guarded.old.ledger.do(ReturnLease(lease=FIRST, actor="wang"))
    guarded.talk(guarded.old, 2)
    guarded.talk(guarded.new)
    guarded.grant(SECOND, HOST)
    behind = partner_of(SECOND)
    guarded.talk(guarded.new, fetches=False)
    begun = guarded.lease(guarded.new, behind)
    guarded.centre.ledger.issue("late")
    guarded.talk(guarded.new, fetches=False)
    assert guarded.lease(guarded.new, behind) == begun
    guarded.talk(guarded.new, 2)
    guarded.talk(guarded.old, 2)
    guarded.new.ledger.do(breaks(lease=behind))
    for name in ("g1", "g2"):
        guarded.ask(guarded.lane(name), guarded.new, 2)
    assert guarded.scan(guarded.lane("g1"), "late", guarded.new) == "ok"
    healed(guarded)


def test_a_centre_that_cannot_write_hears_of_a_spare_the_next_time(guarded: Guarded) -> None:
    assert guarded.scan(guarded.lane("g1"), "A", guarded.old) == "ok"
    guarded.talk(guarded.old)
    guarded.talk(guarded.new)
    engine = guarded.centre.ledger.engine
    assert isinstance(engine, SqliteEngine)
    engine.connection.set_busy_timeout(1)
    writer = Writer(engine, node=CENTRE, clock=guarded.clock)
    known = set(map(tuple, guarded.centre.ledger.rows(t.SPARED)))
    with closing(guarded.new.ledger.reader()) as theirs:
        cursors = spares.cursors(theirs.raw, theirs.leases())
    up = Up(node=SPARE, boot=1, nonce=b"1", spared=cursors)
    with (
        closing(guarded.centre.ledger.reader()) as reader,
        closing(apsw.Connection(str(guarded.centre.ledger.target))) as intruder,
    ):
        here = centre.Here(CENTRE, lambda _lease: None, guarded.clock.now_ms())
        intruder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            centre.answer(reader.raw, writer.commit, up, here)
        assert set(map(tuple, guarded.centre.ledger.rows(t.SPARED))) == known
        intruder.execute("ROLLBACK")
        centre.answer(reader.raw, writer.commit, up, here)
    assert set(map(tuple, guarded.centre.ledger.rows(t.SPARED))) == set(cursors) != known


def test_that_an_answer_holds_is_said_by_the_centre_and_by_no_host(guarded: Guarded) -> None:
    ledger = guarded.centre.ledger
    ledger.do(MakeWish(wish=bytes(16), ticket=key("ticket A"), kind="void", actor="wang"))
    guarded.talk(guarded.old, 2)
    uuid = HOST.replace("-", "")
    own = next(head for head in ledger.rows(t.HEAD) if head.uuid == uuid)
    fact = SparedFact(rules=(1, 1), wishes=(bytes(16).hex(),))
    row = WireRow(0, own.seq + 1, at(10), HOST, "spared", "", payload_of(fact), b"")
    ledger.do(ImportRows(node=HOST, segment=SegmentName(uuid, "", HOST), lease=b"", rows=(row,)))
    assert [wish.state for wish in ledger.rows(t.WISH)] == [WishState.told]
    clean(guarded.centre)


# What gates keep.


def test_a_host_that_lost_its_lease_lets_no_gate_forget_what_its_spare_has_not_heard(
    guarded: Guarded,
) -> None:
    one, two = guarded.lane("g1"), guarded.lane("g2")
    assert guarded.scan(one, "A", guarded.old) == "ok"
    guarded.talk(guarded.old)
    guarded.break_glass()
    guarded.talk(guarded.new)
    guarded.talk(guarded.old)
    assert guarded.state(guarded.old, FIRST) == LeaseState.broken
    guarded.ask(one, guarded.old, 2)
    assert one.kept, "the centre has it, and goes by the spare from here on"
    for lane in (one, two):
        guarded.ask(lane, guarded.new, 2)
    assert guarded.scan(two, "A", guarded.new) == "already_used"
    guarded.talk(guarded.new, 2)
    guarded.ask(one, guarded.new, 2)
    assert not one.kept
    healed(guarded)


def test_a_spare_that_took_over_leaves_nothing_behind_itself(guarded: Guarded) -> None:
    one, two = guarded.lane("g1"), guarded.lane("g2")
    assert guarded.scan(one, "A", guarded.old) == "ok"
    guarded.talk(guarded.old)
    guarded.break_glass()
    guarded.ask(two, guarded.new, 2)
    guarded.new.ledger.do(OpenLease(lease=SEALED, written_off=("g1",), actor="wang"))
    assert guarded.scan(two, "A", guarded.new) == "ok"
    guarded.talk(guarded.new, 3)
    found = {}
    for node in (guarded.centre, guarded.new):
        with closing(node.ledger.reader()) as reader:
            found[node.name] = len(list(late_conflicts(reader.raw, reader.rules().centre)))
    assert found == {CENTRE: 1, SPARE: 0}


def test_what_the_lessee_had_taken_over_from_a_lost_host_is_taken_over_again(
    guarded: Guarded, tmp_path: Path
) -> None:
    """Two hosts are lost one after the other; of an act of the first the spare has two tellers."""
    one, two = guarded.lane("g1"), guarded.lane("g2")
    first = joined(guarded, Node(OTHER_HOST, tmp_path / "first.db", guarded.clock))
    guarded.old.ledger.do(ReturnLease(lease=FIRST, actor="wang"))
    guarded.talk(guarded.old, 2)
    guarded.talk(guarded.new)
    guarded.grant(SECOND, OTHER_HOST)
    guarded.talk(first, 2)
    assert guarded.scan(one, "B", first) == "ok"
    lost = BreakLease(lease=SECOND, actor="wang", second="han", reason_text="it burnt")
    guarded.grant(THIRD, HOST, lost)
    guarded.talk(guarded.old)
    for lane in (one, two):
        guarded.ask(lane, guarded.old, 2)
    assert guarded.scan(two, "B", guarded.old) == "already_inside"
    guarded.relay()
    guarded.new.ledger.do(breaks(lease=partner_of(THIRD)))
    for lane in (one, two):
        guarded.ask(lane, guarded.new, 2)
    assert guarded.scan(two, "B", guarded.new) == "already_inside"
    rows = [row for row in guarded.new.ledger.rows(t.JOURNAL) if row.kind == "recovered"]
    facts = [fact_of(row.kind, row.payload) for row in rows]
    (told,) = [
        each for each in facts if isinstance(each, RecoveredFact) and each.node == first.name
    ]
    assert (told.kind, told.told_by, told.lease) == ("admission", "g1", partner_of(THIRD).hex())
    healed(guarded)
    first.ledger.close()


def joined(guarded: Guarded, node: Node) -> Node:
    """Let one more host join the centre, with the gates of the others."""
    centre_rules, host_rules = guarded.centre.ledger.rules.node, guarded.old.ledger.rules.node
    peers = {**centre_rules.peers, node.name: node.peer("First")}
    guarded.centre.ledger.publish(replace(centre_rules, peers=peers))
    node.ledger.publish(replace(host_rules, node=node.name))
    return node
