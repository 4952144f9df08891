"""Acts that wait for their ticket at a spare: asked again, and what stands behind them then."""

import msgspec

from paifang.ledger import tables as t
from paifang.ledger.facts import AdmissionFact, RecoveredFact, fact_of, payload_of
from paifang.ledger.lease_commands import KeepActs
from paifang.sync import spares
from paifang.sync.centre import DELTA_ROWS_MAX
from paifang.sync.lane_messages import LaneAsk, LaneUp
from tests.ledger import world
from tests.ledger.venue import key
from tests.ledger.world import at
from tests.sync.failover import FIRST, act
from tests.sync.spares import SEALED, Guarded
from tests.sync.test_spares_corners import healed, take_over

THIRD_HOST = "0190a000-0000-7000-8000-0000000000cc"


def sell_many(guarded: Guarded, *last: str) -> None:
    """Sell so much that the last of it comes to a host with the second answer only."""
    ledger = guarded.centre.ledger
    codes = [*(f"many {n}" for n in range(DELTA_ROWS_MAX)), *last]
    ledger.batch(*(ledger.issue_command(code) for code in codes))


def uses(guarded: Guarded, code: str) -> list[int]:
    """Return how often a ticket is used, by centre and spare."""
    nodes = (guarded.centre, guarded.new)
    return [node.ledger.row(t.USE, key("ticket " + code), 0).uses for node in nodes]


def test_an_act_that_waits_for_its_ticket_answers_whoever_asks_again(guarded: Guarded) -> None:
    """The host's answer was lost on its way to the gate; the spare has the act, not the ticket."""
    one, two = guarded.lane("g1"), guarded.lane("g2")
    sell_many(guarded, "C")
    guarded.talk(guarded.old, 3)
    asked = one.scan("north", "C", guarded.clock.now_ms())
    guarded.answer(guarded.old, one.up())
    guarded.talk(guarded.old)
    guarded.talk(guarded.new)
    assert key("ticket C") not in {row.id for row in guarded.new.ledger.rows(t.TICKET)}
    guarded.break_glass()
    guarded.ask(two, guarded.new, 2)
    verdicts = guarded.ask(one, guarded.new, 3)
    assert [(each.request_id, each.opens) for each in verdicts] == [(asked, True)]
    one.passed(asked)
    assert one.kept, "the centre does not have it under the spare's name yet"
    guarded.talk(guarded.new, 4)
    assert uses(guarded, "C") == [1, 1]
    # With the ticket the act has got a place of its own, and the gate hears of no other.
    told = guarded.answer(guarded.new, LaneUp(terminal="g1", unsettled=(asked,))).settled
    places = {epoch for _, _, epoch, _ in told}
    assert [epoch % 2 for epoch in places] == [1]
    guarded.ask(one, guarded.new, 2)
    assert not one.kept
    healed(guarded)


def test_an_act_that_waits_and_was_recovered_before_answers_as_it_was_first_told(
    guarded: Guarded,
) -> None:
    """Two hosts were lost: the first one's act came to the second by its gate, and waits here."""
    uuid = next(head.uuid for head in guarded.new.ledger.rows(t.HEAD) if head.period == "fair")
    first = AdmissionFact(
        rules=(1, 1),
        terminal="g1",
        gate="north",
        zone="hall",
        reason="ok",
        ticket=key("ticket C").hex(),
        product=world.SINGLE,
        people=1,
        fresh=1,
        day=at(0),
    )
    again = RecoveredFact(
        rules=(1, 1),
        lease=FIRST.hex(),
        told_by="g1",
        segment=uuid,
        epoch=0,
        seq=900,
        at_ms=at(9),
        node=THIRD_HOST,
        kind="admission",
        payload=msgspec.Raw(payload_of(first)),
    )
    reader = guarded.new.ledger.reader()
    (epoch, seq) = next(
        each[1:] for each in spares.cursors(reader.raw, reader.leases()) if each[0] == uuid
    )
    reader.close()
    told = act("g1.x", again, segment=uuid, epoch=epoch, seq=seq + 1)
    guarded.new.ledger.do(
        KeepActs(lease=SEALED, segment=uuid, epoch=epoch, since=seq, until=seq + 1, acts=(told,))
    )
    take_over(guarded, "g1", "g2")
    asks = (LaneAsk("g1.x", "admit", "north", "C"),)
    (answer,) = guarded.answer(guarded.new, LaneUp(terminal="g1", asks=asks)).answers
    assert (answer.row.kind, answer.row.node, answer.row.at_ms) == ("admission", THIRD_HOST, at(9))
    assert fact_of(answer.row.kind, answer.row.payload) == first
