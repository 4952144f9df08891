"""A lease from its grant to its return: one side decides, the other follows, nothing is lost."""

from paifang.core.leases import LeaseState
from paifang.ledger import tables as t
from tests.ledger import world
from tests.sync.nodes import Pair


def leased(pair: Pair) -> None:
    """Sell two tickets at the centre, lease the fair, and let the host open."""
    pair.centre.ledger.issue("A")
    pair.centre.ledger.issue("B", world.RE_ENTRY)
    pair.grant()
    pair.talk(2)


def test_once_leased_the_host_decides_and_the_centre_does_not(pair: Pair) -> None:
    leased(pair)
    assert pair.leases("host")[0].state == LeaseState.ready
    assert pair.leases("centre")[0].state == LeaseState.ready
    assert pair.centre.ledger.says("A") == "held_elsewhere"
    assert pair.host.ledger.says("A") == "ok"
    assert pair.host.ledger.says("A") == "already_used"


def test_what_the_host_admitted_is_the_same_at_the_centre_after_it_was_told(pair: Pair) -> None:
    leased(pair)
    host, centre = pair.host.ledger, pair.centre.ledger
    assert host.says("A") == "ok"
    assert host.says("B") == "ok"
    assert host.leaves("B") == "ok"
    assert host.says("B") == "re_entry"
    assert host.says("nobody's") == "unknown"
    told = host.admit("A", "south")
    assert told.reason == "already_used"
    assert pair.verified() == []
    pair.talk(2)
    assert pair.verified() == []
    assert pair.backlog() == 0
    ours = [use[3:] for use in centre.rows(t.USE)]
    assert ours == [use[3:] for use in host.rows(t.USE)]
    assert centre.inside() == host.inside() == 2


def test_a_ticket_sold_after_the_cut_enters_once_the_delta_has_come(pair: Pair) -> None:
    leased(pair)
    pair.centre.ledger.issue("late")
    assert pair.host.ledger.says("late") == "unknown"
    pair.talk()
    assert pair.host.ledger.says("late") == "ok"
    pair.talk(2)
    assert pair.backlog() == 0


def test_after_the_return_the_centre_decides_and_knows_what_was_used(pair: Pair) -> None:
    from paifang.ledger.lease_commands import ReturnLease
    from tests.sync.nodes import LEASE

    leased(pair)
    assert pair.host.ledger.says("A") == "ok"
    pair.host.ledger.do(ReturnLease(request_id="return", lease=LEASE, actor="wang"))
    assert pair.host.ledger.says("B") == "held_elsewhere"
    pair.talk(3)
    assert pair.backlog() == 0
    assert pair.centre.ledger.says("A") == "already_used"
    assert pair.centre.ledger.says("B") == "ok"
    assert pair.verified() == []
