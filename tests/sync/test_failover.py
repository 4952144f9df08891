"""A host is given up: what it decided lives on in the gates, and nobody gets in twice."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from paifang.core.leases import LeaseState
from paifang.core.tickets import Passage
from paifang.ledger import tables as t
from paifang.ledger.conflicts import late_conflicts
from paifang.ledger.facts import AdmissionFact, RecoveredFact, fact_of
from paifang.ledger.faults import Gap, Misuse, NotAllowed, NotPossible
from paifang.ledger.lease_commands import Recover
from paifang.ledger.verify import verify
from tests.ledger import world
from tests.ledger.venue import key
from tests.sync.failover import FIRST, GATES, SECOND, SPARE, Failover, act, opens
from tests.sync.nodes import HOST, Node


def inside(node: Node) -> int:
    return node.ledger.inside()


def clean(node: Node) -> None:
    reader = node.ledger.reader()
    report = verify(reader.raw)
    reader.close()
    assert report.clean, report.findings


def recover(told: Sequence[object], terminal: str = "g1", **more: object) -> Recover:
    fields = {"tag": "t", "part": 1, "parts": 1} | more
    return Recover(lease=SECOND, terminal=terminal, acts=tuple(told), **fields)  # type: ignore[arg-type]


def test_what_the_lost_host_admitted_and_never_told_is_used_at_the_next_one(
    failover: Failover,
) -> None:
    one, two = failover.lane("g1"), failover.lane("g2")
    assert failover.scan(one, "A", failover.old) == "ok"
    assert failover.scan(one, "B", failover.old) == "ok"
    assert failover.scan(two, "B", failover.old, "exit") == "ok"
    failover.give_up_old()
    assert failover.scan(one, "A", failover.new) == "nobody answered"
    failover.ask(one, failover.new, 2)
    assert failover.new.ledger.rows(t.LEASE)[0].state == LeaseState.granted
    failover.ask(two, failover.new, 2)
    assert failover.new.ledger.rows(t.LEASE)[0].state == LeaseState.ready
    assert failover.scan(two, "A", failover.new) == "already_used"
    assert failover.scan(two, "B", failover.new) == "re_entry"
    assert inside(failover.new) == 2
    failover.talk(failover.new, 3)
    assert inside(failover.centre) == 2
    ours = [use[3:] for use in failover.centre.ledger.rows(t.USE)]
    assert ours == [use[3:] for use in failover.new.ledger.rows(t.USE)]
    clean(failover.centre)
    clean(failover.new)


def test_a_recovered_act_names_where_it_stood_and_keeps_its_basis(failover: Failover) -> None:
    one, two = failover.lane("g1"), failover.lane("g2")
    assert failover.scan(one, "A", failover.old) == "ok"
    failover.give_up_old()
    for lane in (one, two):
        failover.ask(lane, failover.new, 2)
    (row,) = [row for row in failover.new.ledger.rows(t.JOURNAL) if row.kind == "recovered"]
    fact = fact_of(row.kind, row.payload)
    assert isinstance(fact, RecoveredFact)
    first = fact_of(fact.kind, bytes(fact.payload))
    assert isinstance(first, AdmissionFact)
    (before,) = [row for row in failover.old.ledger.rows(t.JOURNAL) if row.kind == "admission"]
    assert (fact.epoch, fact.seq, fact.node, fact.told_by) == (*before[1:3], HOST, "g1")
    assert first.basis == "lease"
    assert not fact.conflict
    assert row.epoch > fact.epoch


def test_a_request_is_answered_the_same_by_the_next_host(failover: Failover) -> None:
    one, two = failover.lane("g1"), failover.lane("g2")
    request_id = one.scan("north", "A", failover.clock.now_ms())
    failover.answer(failover.old, one.up())
    failover.talk(failover.old)
    failover.give_up_old()
    for lane in (one, two):
        failover.ask(lane, failover.new, 2)
    (verdict,) = failover.ask(one, failover.new)
    assert (verdict.request_id, verdict.opens) == (request_id, True)
    one.not_passed(request_id)
    failover.ask(one, failover.new)
    assert failover.scan(two, "A", failover.new) == "recorded_not_opened"
    failover.talk(failover.new, 3)
    clean(failover.centre)
    clean(failover.new)


def test_an_admission_of_the_lost_host_is_annulled_at_the_next_one(failover: Failover) -> None:
    one, two = failover.lane("g1"), failover.lane("g2")
    first = one.scan("north", "A", failover.clock.now_ms())
    failover.ask(one, failover.old)
    other = two.scan("north", "B", failover.clock.now_ms())
    failover.ask(two, failover.old)
    failover.talk(failover.old)
    one.not_passed(first, annul=True)
    two.not_passed(other)
    failover.ask(two, failover.old)
    failover.give_up_old()
    for lane in (one, two):
        failover.ask(lane, failover.new, 2)
    failover.ask(one, failover.new)
    assert failover.scan(two, "A", failover.new) == "ok"
    failover.talk(failover.new, 3)
    aftermaths = failover.centre.ledger.rows(t.AFTERMATH)
    assert {row.admission: (row.passage, row.annulled) for row in aftermaths} == {
        first: (0, 1),
        other: (Passage.not_shown, 0),
    }
    clean(failover.centre)
    clean(failover.new)


def test_acts_the_snapshot_has_are_passed_over(failover: Failover) -> None:
    one, two = failover.lane("g1"), failover.lane("g2")
    assert failover.scan(one, "A", failover.old) == "ok"
    failover.talk(failover.old)
    failover.give_up_old()
    for lane in (one, two):
        failover.ask(lane, failover.new, 2)
    assert [row for row in failover.new.ledger.rows(t.JOURNAL) if row.kind == "recovered"] == []
    assert failover.scan(two, "A", failover.new) == "already_used"
    failover.talk(failover.new, 2)
    failover.ask(one, failover.new)
    assert not one.kept


def test_a_gate_written_off_makes_what_follows_provisional_and_is_named(
    failover: Failover,
) -> None:
    one = failover.lane("g1")
    assert failover.scan(one, "A", failover.old) == "ok"
    failover.give_up_old()
    failover.ask(one, failover.new, 2)
    with pytest.raises(NotPossible, match="g2"):
        failover.new.ledger.do(opens())
    with pytest.raises(NotAllowed):
        failover.new.ledger.do(opens(("g2",), actor=""))
    failover.new.ledger.do(opens(("g2",)))
    one.scan("north", "B", failover.clock.now_ms())
    (verdict,) = failover.ask(one, failover.new)
    assert (verdict.opens, verdict.basis) == (True, "provisional")
    kinds = [row for row in failover.new.ledger.rows(t.JOURNAL) if row.kind == "lease"]
    assert b'"written_off":["g2"]' in kinds[-1].payload


def test_doubt_stays_when_a_gate_that_was_written_off_is_withdrawn(failover: Failover) -> None:
    one, two = failover.lane("g1"), failover.lane("g2")
    assert failover.scan(two, "A", failover.old) == "ok"
    failover.give_up_old()
    failover.ask(one, failover.new, 2)
    failover.new.ledger.do(opens(("g2",)))
    withdrawn = replace(GATES[1], revoked=True)
    fresh = replace(GATES[0], id="g3", name="g3")
    terminals = {each.id: each for each in (GATES[0], withdrawn, fresh)}
    failover.new.ledger.publish(replace(world.node_rules(), node=SPARE, terminals=terminals))
    failover.ask(failover.lane("g3"), failover.new, 2)
    assert max(head.doubt for head in failover.new.ledger.rows(t.HEAD)) == 1
    # What it knew of A is known to nobody here.
    assert failover.scan(one, "A", failover.new) == "ok"


def test_a_journal_that_comes_after_opening_is_followed_and_its_double_named(
    failover: Failover,
) -> None:
    one, two = failover.lane("g1"), failover.lane("g2")
    assert failover.scan(two, "A", failover.old) == "ok"
    assert failover.scan(two, "B", failover.old) == "ok"
    failover.give_up_old()
    failover.ask(one, failover.new, 2)
    failover.new.ledger.do(opens(("g2",)))
    assert failover.scan(one, "A", failover.new) == "ok"
    failover.ask(two, failover.new, 2)
    facts = [
        fact_of(row.kind, row.payload)
        for row in failover.new.ledger.rows(t.JOURNAL)
        if row.kind == "recovered"
    ]
    named = {fact.against: fact.conflict for fact in facts if isinstance(fact, RecoveredFact)}
    assert named.pop("") == ""
    ((against, conflict),) = named.items()
    assert against.startswith("g1.")
    assert conflict
    assert failover.scan(two, "B", failover.new) == "already_inside"
    assert [head.doubt for head in failover.new.ledger.rows(t.HEAD)] == [0, 0, 0]
    failover.talk(failover.new, 3)
    clean(failover.centre)
    clean(failover.new)


def test_late_rows_that_were_recovered_are_no_conflict_and_others_name_both(
    failover: Failover,
) -> None:
    one, two = failover.lane("g1"), failover.lane("g2")
    assert failover.scan(one, "B", failover.old) == "ok"
    assert failover.scan(two, "A", failover.old) == "ok"
    two.kept.clear()
    failover.give_up_old()
    for lane in (one, two):
        failover.ask(lane, failover.new, 2)
    assert failover.scan(one, "A", failover.new) == "ok"
    failover.talk(failover.new, 3)
    failover.talk(failover.old, 2)
    reader = failover.centre.ledger.reader()
    found = list(late_conflicts(reader.raw, reader.rules().centre))
    reader.close()
    assert len(failover.centre.ledger.rows(t.LATE)) == 2
    (conflict,) = found
    assert conflict.late.terminal == "g2"
    assert conflict.against is not None
    assert conflict.against.terminal == "g1"


def test_a_third_host_takes_nothing_in_that_the_second_had(failover: Failover) -> None:
    one, two = failover.lane("g1"), failover.lane("g2")
    assert failover.scan(one, "A", failover.old) == "ok"
    failover.give_up_old()
    for lane in (one, two):
        failover.ask(lane, failover.new, 2)
    before = dict(one.kept)
    failover.talk(failover.new, 3)
    settled = failover.centre.ledger.rows(t.SETTLED)
    assert [row.request_id for row in settled] == list(before)
    failover.ask(one, failover.new, 2)
    failover.ask(one, failover.new)
    assert not one.kept


# What a journal may not be.


def test_a_journal_is_taken_in_order_and_once(failover: Failover) -> None:
    do = failover.new.ledger.do
    failover.give_up_old()
    with pytest.raises(Gap):
        do(recover([], part=2, parts=2))
    do(recover([], part=1, parts=2))
    with pytest.raises(Gap):
        do(recover([], part=2, parts=2, tag="another"))
    with pytest.raises(Gap):
        do(recover([], part=2, parts=1))
    do(recover([], part=2, parts=2))
    with pytest.raises(NotPossible):
        do(recover([]))


def test_only_gates_of_this_host_are_heard_and_only_while_it_waits(failover: Failover) -> None:
    failover.give_up_old()
    with pytest.raises(NotAllowed):
        failover.new.ledger.do(recover([], terminal="t9"))
    with pytest.raises(NotPossible):
        failover.old.ledger.do(Recover(lease=FIRST, terminal="g1", tag="t", part=1, parts=1))


def test_acts_that_cannot_be_read_are_refused(failover: Failover) -> None:
    failover.give_up_old()
    fact = AdmissionFact(terminal="g1", gate="north", zone="hall", reason="ok")
    for wrong in (
        act("", fact),
        act("r", fact, payload=b"{}" + bytes(70_000)),
        act("r", fact, kind="nothing"),
        act("r", fact, payload=b"{"),
    ):
        with pytest.raises(Misuse):
            failover.new.ledger.do(recover([wrong]))
    with pytest.raises(Misuse, match="at once"):
        failover.new.ledger.do(recover([act(f"r{n}", fact) for n in range(101)]))


def test_a_journal_waits_for_the_whole_snapshot(failover: Failover) -> None:
    failover.give_up_old()
    engine = failover.new.ledger.engine
    engine.begin()
    (lease,) = engine.get(t.LEASE, (SECOND,))
    engine.put(t.LEASE, (lease._replace(loaded=lease.loaded - 1),))
    engine.commit()
    with pytest.raises(Gap):
        failover.new.ledger.do(recover([]))
    up = failover.lane("g1").up()
    assert not failover.answer(failover.new, up).fences[0].collects


def test_what_cannot_be_followed_is_kept_and_says_why(failover: Failover) -> None:
    failover.give_up_old()
    uuid = failover.new.ledger.rows(t.HEAD)[1].uuid
    ticket = key("ticket B").hex()
    common = {"terminal": "g1", "gate": "north", "zone": "hall", "reason": "ok"}
    unknown = AdmissionFact(ticket="00" * 16, people=1, fresh=1, **common)  # type: ignore[arg-type]
    left = AdmissionFact(ticket=ticket, people=1, direction="exit", **common)  # type: ignore[arg-type]
    elsewhere = AdmissionFact(ticket=ticket, people=1, fresh=1, product=2, **common)  # type: ignore[arg-type]
    told = [
        act("r1", unknown, segment=uuid, seq=900),
        act("r2", left, segment=uuid, seq=901),
        act("r3", elsewhere, segment="f" * 32, seq=902),
    ]
    failover.new.ledger.do(recover(told))
    failover.new.ledger.do(recover([], terminal="g2"))
    failover.new.ledger.do(opens())
    facts = {
        row.request_id: fact_of(row.kind, row.payload)
        for row in failover.new.ledger.rows(t.JOURNAL)
        if row.kind == "recovered"
    }
    assert [bool(getattr(facts[name], "disputed", "")) for name in ("r1", "r2", "r3")] == [
        True,
        True,
        False,
    ]
    assert inside(failover.new) == 0
    failover.talk(failover.new, 3)
    assert inside(failover.centre) == 0
    clean(failover.centre)
    clean(failover.new)
