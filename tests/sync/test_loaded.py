"""What a lessee's own desk reads of the tickets that came with a lease."""

from contextlib import closing

from paifang.core.tickets import Status
from paifang.ledger import tables as t
from paifang.ledger.commands import SetStatus
from paifang.ledger.facts import LoadFact, fact_of
from tests.ledger.venue import key
from tests.sync.nodes import Pair


def test_tickets_are_told_as_they_came_whatever_became_of_them(pair: Pair) -> None:
    centre, host = pair.centre.ledger, pair.host.ledger
    for code in ("used", "blocked", "fresh"):
        centre.issue(code)
    block = SetStatus(
        request_id="b", ticket=key("ticket blocked"), status=Status.blocked, actor="wang"
    )
    centre.do(block)
    assert centre.says("used") == "ok"
    pair.grant()
    pair.talk(2)
    centre.issue("late")
    pair.talk(2)
    assert host.says("fresh") == host.says("late") == "ok"
    facts = {row.seq: fact_of(row.kind, row.payload) for row in host.rows(t.JOURNAL)}
    came = {seq: fact.tickets for seq, fact in facts.items() if isinstance(fact, LoadFact)}
    with closing(host.reader()) as reader:
        loaded = reader.loaded([*came, 9_999])
    assert {seq: len(loaded.get(seq, ())) for seq in came} == came
    told = {
        each.ticket.id: (each.status, each.exchanged, each.uses)
        for tickets in loaded.values()
        for each in tickets
    }
    assert told == {
        key("ticket used"): (Status.valid, 0, 1),
        key("ticket blocked"): (Status.blocked, 0, 0),
        key("ticket fresh"): (Status.valid, 0, 0),
        key("ticket late"): (Status.valid, 0, 0),
    }
