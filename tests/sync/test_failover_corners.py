"""Corners of failover: a third host, answers of a fourth, what comes late, what weighs nothing."""

from dataclasses import replace
from typing import Any

import msgspec

from paifang.core import limits
from paifang.core.ids import uuid7
from paifang.core.leases import WishState
from paifang.core.rules import Terminal, TerminalRole
from paifang.ledger import tables as t
from paifang.ledger.conflicts import late_conflicts
from paifang.ledger.facts import AdmissionFact, RecoveredFact, fact_of, payload_of
from paifang.ledger.lease_commands import BreakLease, MakeWish, Recover
from paifang.ledger.rows import LateRow, Settled
from paifang.ledger.verify import verify
from paifang.ledger.work import BROUGHT
from paifang.sync.lane_messages import LaneAsk, LaneUp
from tests.ledger import world
from tests.ledger.venue import key
from tests.ledger.world import at
from tests.sync.failover import GATES, SECOND, Failover, act, opens
from tests.sync.nodes import HOST

THIRD = uuid7(at(0) + 2, bytes([2]) * 10)


def doubts(failover: Failover) -> set[int]:
    """Return whether segments of the site are in doubt at the new host."""
    return {head.doubt for head in failover.new.ledger.rows(t.HEAD) if head.site}


def test_a_third_host_opens_with_what_the_second_took_in(failover: Failover) -> None:
    one, two = failover.lane("g1"), failover.lane("g2")
    assert failover.scan(one, "B", failover.old) == "ok"
    failover.give_up_old()
    stale = failover.lane("g1")
    for lane in (one, two):
        failover.ask(lane, failover.new, 2)
    failover.talk(failover.new, 3)
    breaks = BreakLease(
        request_id="break2", actor="wang", second="han", lease=SECOND, reason_text="gone too"
    )
    failover.grant(THIRD, HOST, breaks)
    failover.talk(failover.old, 2)
    for lane in (stale, two):
        failover.ask(lane, failover.old, 3)
    assert {lease.state for lease in failover.old.ledger.rows(t.LEASE)} == {1, 3}
    assert failover.scan(two, "B", failover.old) == "already_inside"
    assert failover.old.ledger.inside() == 1


def test_an_answer_of_another_nodes_own_journal_is_repeated_with_its_place(
    failover: Failover,
) -> None:
    fact = AdmissionFact(terminal="g1", gate="north", zone="hall", reason="unknown")
    brought = Settled("g1.x", "e" * 32, 0, 5, at(9), HOST, "admission", payload_of(fact))
    engine = failover.old.ledger.engine
    engine.begin()
    engine.put(t.SETTLED, (brought,))
    engine.set_meta(BROUGHT, "1")
    engine.commit()
    up = LaneUp(terminal="g1", asks=(LaneAsk("g1.x", "admit", "north", "A"),), unsettled=("g1.x",))
    down = failover.answer(failover.old, up)
    (answer,) = down.answers
    assert (answer.row.segment, answer.row.seq, answer.under) == ("e" * 32, 5, 0)
    assert down.settled == (("g1.x", "e" * 32, 0, 5),)
    passage = LaneAsk("passage:g1.x", "passage", admission="g1.x", result=2)
    assert failover.answer(failover.old, LaneUp(terminal="g1", asks=(passage,))).faults == (
        ("passage:g1.x", "not_found"),
    )


def test_doubt_lasts_until_the_last_journal_has_come(failover: Failover) -> None:
    rules = failover.new.ledger.rules.node
    more = Terminal("g3", "g3", TerminalRole.gate, ("north",))
    other = Terminal("m1", "m1", TerminalRole.monitor)
    gone = replace(more, id="g4", revoked=True)
    terminals = {each.id: each for each in (*GATES, more, other, gone)}
    failover.new.ledger.publish(replace(rules, terminals=terminals))
    failover.give_up_old()
    failover.new.ledger.do(opens(("g1", "g2", "g3")))
    for name, doubt in (("g1", 1), ("g2", 1), ("g3", 0)):
        told = Recover(lease=SECOND, terminal=name, tag="t", part=1, parts=1)
        failover.new.ledger.do(told)
        assert doubts(failover) == {doubt}


def test_an_entry_of_yesterday_told_today_leaves_todays_people_inside(failover: Failover) -> None:
    one = failover.lane("g1")
    failover.centre.ledger.issue("S", world.SEASON)
    failover.give_up_old()
    failover.ask(one, failover.new, 2)
    failover.new.ledger.do(opens(("g2",)))
    failover.clock.time_ms = at(10, day=1)
    assert failover.scan(one, "S", failover.new) == "ok"
    uuid = next(head.uuid for head in failover.new.ledger.rows(t.HEAD) if head.period == "fair")
    fact = AdmissionFact(
        rules=(1, 1),
        terminal="g2",
        gate="north",
        zone="hall",
        reason="ok",
        ticket=key("ticket S").hex(),
        product=world.SEASON,
        people=1,
        fresh=1,
        day=at(0),
    )
    told = act("g2.y", fact, segment=uuid, seq=900)
    again = act("g2.y", fact, segment=uuid, seq=900)
    failover.new.ledger.do(
        Recover(lease=SECOND, terminal="g2", tag="t", part=1, parts=1, acts=(told, again))
    )
    use = failover.new.ledger.row(t.USE, key("ticket S"), 0)
    assert (use.uses, use.day_uses, use.inside) == (2, 1, 1)
    rows = [row for row in failover.new.ledger.rows(t.JOURNAL) if row.kind == "recovered"]
    assert len(rows) == 1
    facts = [fact_of(row.kind, row.payload) for row in rows]
    assert [each.conflict for each in facts if isinstance(each, RecoveredFact)] == [""]
    failover.talk(failover.new, 3)
    assert failover.centre.ledger.row(t.USE, key("ticket S"), 0)[3:] == use[3:]


def test_a_request_is_recovered_once_whoever_tells_it(failover: Failover) -> None:
    failover.give_up_old()
    uuid = next(head.uuid for head in failover.new.ledger.rows(t.HEAD) if head.period == "fair")
    fact = AdmissionFact(
        terminal="g1",
        gate="north",
        zone="hall",
        reason="ok",
        ticket=key("ticket A").hex(),
        product=world.SINGLE,
        people=1,
        fresh=1,
        day=at(0),
    )
    told = act("g1.z", fact, segment=uuid, seq=900)
    for terminal in ("g1", "g2"):
        failover.new.ledger.do(
            Recover(lease=SECOND, terminal=terminal, tag="t", part=1, parts=1, acts=(told,))
        )
    failover.new.ledger.do(opens())
    assert failover.new.ledger.row(t.USE, key("ticket A"), 0).uses == 1


def test_the_segments_row_answers_a_request_that_the_old_host_refused_in_its_own_journal(
    failover: Failover,
) -> None:
    failover.give_up_old()
    for name in ("g1", "g2"):
        failover.ask(failover.lane(name), failover.new, 2)
    failover.old.ledger.says("nobody's", terminal="g1", request_id="g1.r")
    failover.talk(failover.old, 2)
    failover.new.ledger.says("A", terminal="g1", request_id="g1.r")
    failover.talk(failover.new, 3)
    request = failover.centre.ledger.row(t.REQUEST, "g1.r")
    assert failover.centre.ledger.row(t.HEAD, request.segment).period == "fair"
    assert failover.centre.ledger.row(t.USE, key("ticket A"), 0).uses == 1


def test_late_history_that_weighs_nothing_is_no_conflict(failover: Failover) -> None:
    centre = failover.centre.ledger
    entry: dict[str, Any] = {
        "terminal": "g2",
        "gate": "north",
        "zone": "hall",
        "reason": "ok",
        "fresh": 1,
    }
    ticket: dict[str, Any] = {"ticket": key("ticket A").hex(), "product": world.SINGLE}
    facts = [
        AdmissionFact(**entry | ticket | {"direction": "exit", "fresh": 0}),
        AdmissionFact(**entry | {"ticket": "00" * 16}),
        AdmissionFact(**entry | ticket | {"people": 1}),
        AdmissionFact(**entry | ticket | {"fresh": 2}),
    ]
    engine = centre.engine
    engine.begin()
    engine.put(
        t.LATE,
        [
            LateRow("5" * 32, 2, n, at(9), HOST, "admission", f"late{n}", payload_of(fact), at(10))
            for n, fact in enumerate(facts)
        ],
    )
    use = engine.get(t.USE, ((key("ticket A"), 0),))[0]
    engine.put(t.USE, (use._replace(last_request="nobody's"),))
    engine.commit()
    reader = centre.reader()
    found = list(late_conflicts(reader.raw, reader.rules().centre))
    reader.close()
    assert [(each.late.request_id, each.against) for each in found] == [("late3", None)]


def test_a_wish_waits_until_the_new_host_has_opened(failover: Failover) -> None:
    failover.give_up_old()
    failover.centre.ledger.do(
        MakeWish(
            request_id="wish", actor="wang", wish=bytes(16), ticket=key("ticket A"), kind="void"
        )
    )
    failover.talk(failover.new)
    assert failover.centre.ledger.rows(t.WISH)[0].state == WishState.asked
    for name in ("g1", "g2"):
        failover.ask(failover.lane(name), failover.new, 2)
    failover.talk(failover.new, 3)
    assert failover.centre.ledger.rows(t.WISH)[0].state == WishState.granted


def test_a_recovered_act_that_cannot_be_read_is_named(failover: Failover) -> None:
    one, two = failover.lane("g1"), failover.lane("g2")
    assert failover.scan(one, "A", failover.old) == "ok"
    failover.give_up_old()
    for lane in (one, two):
        failover.ask(lane, failover.new, 2)
    ledger = failover.new.ledger
    (row,) = [row for row in ledger.rows(t.JOURNAL) if row.kind == "recovered"]
    payload = row.payload.replace(b'"kind":"admission"', b'"kind":"nonsense"', 1)
    ledger.engine.begin()
    ledger.engine.put(t.JOURNAL, (row._replace(payload=payload),))
    ledger.engine.commit()
    reader = ledger.reader()
    found = {finding.code for finding in verify(reader.raw).findings}
    reader.close()
    assert "row_unreadable" in found


def test_a_journal_of_several_messages_is_told_before_the_host_opens(failover: Failover) -> None:
    one = failover.lane("g1")
    assert failover.scan(one, "A", failover.old) == "ok"
    for _ in range(limits.RECOVER_ACTS_MAX):
        assert failover.scan(one, "A", failover.old) == "already_used"
    failover.give_up_old()
    failover.ask(failover.lane("g2"), failover.new, 2)
    failover.ask(one, failover.new, 2)
    (gathered,) = [row for row in failover.new.ledger.rows(t.GATHERED) if row.terminal == "g1"]
    assert (gathered.taken, gathered.parts) == (1, 2)
    assert failover.new.ledger.says("A", terminal="g2") == "not_ready"
    failover.ask(one, failover.new)
    assert failover.new.ledger.says("A", terminal="g2") == "already_used"


def test_a_gate_that_told_half_of_its_journal_is_written_off_with_what_it_told(
    failover: Failover,
) -> None:
    failover.give_up_old()
    failover.ask(failover.lane("g2"), failover.new, 2)
    uuid = next(head.uuid for head in failover.new.ledger.rows(t.HEAD) if head.period == "fair")
    entered: dict[str, Any] = {
        "terminal": "g1",
        "gate": "north",
        "zone": "hall",
        "reason": "ok",
        "people": 1,
    }
    halves = [
        act(
            f"g1.{n}",
            AdmissionFact(
                **entered,
                ticket=key(f"ticket {code}").hex(),
                product=product,
                fresh=1,
                day=at(0),
            ),
            segment=uuid,
            seq=900 + n,
        )
        for n, (code, product) in enumerate((("A", world.SINGLE), ("B", world.RE_ENTRY)))
    ]
    told = Recover(lease=SECOND, terminal="g1", tag="t", part=1, parts=2, acts=(halves[0],))
    failover.new.ledger.do(told)
    failover.new.ledger.do(opens(("g1",)))
    assert failover.new.ledger.says("A", terminal="g2") == "already_used"
    assert doubts(failover) == {1}
    # Found again after all, it goes on where it was cut off.
    failover.new.ledger.do(msgspec.structs.replace(told, part=2, acts=(halves[1],)))
    assert failover.new.ledger.says("B", terminal="g2") == "already_inside"
    assert doubts(failover) == {0}
