"""A host brought back from a backup: it lost its leases, and its journal goes on as a branch."""

import pytest

from paifang.core.leases import LeaseState
from paifang.core.rules import NodeRules
from paifang.ledger import tables as t
from paifang.ledger.facts import HandoverFact, payload_of
from paifang.ledger.faults import Gap
from paifang.ledger.lease_commands import ImportRows, WireRow
from paifang.ledger.records import SegmentName
from paifang.ledger.rows import JournalRow
from tests.ledger import world
from tests.ledger.world import at
from tests.sync.copies import copied, restore
from tests.sync.nodes import HOST, Pair


@pytest.fixture
def leased(pair: Pair) -> Pair:
    """A host that took the fair on a lease."""
    for code in ("A", "B", "C"):
        pair.centre.ledger.issue(code)
    pair.grant()
    pair.talk(2)
    return pair


def own_rows(pair: Pair, side: str) -> list[JournalRow]:
    """Return what one side has of the host's own journal."""
    ledger = getattr(pair, side).ledger
    (head,) = [head for head in ledger.rows(t.HEAD) if head.uuid == HOST.replace("-", "")]
    return [row for row in ledger.rows(t.JOURNAL) if row.segment == head.number]


def rules(pair: Pair, n: int) -> None:
    """Let the host write so many rows of its own."""
    node = world.node_rules()
    for number in range(n):
        terminals = {**node.terminals}
        pair.host.ledger.publish(
            NodeRules(node=HOST, terminals=terminals, staff=node.staff if number % 2 else {})
        )


def test_it_decides_nothing_and_its_centre_keeps_both_branches(leased: Pair) -> None:
    rules(leased, 1)
    leased.talk(2)
    copy = copied(leased.host.ledger)
    rules(leased, 3)
    assert leased.host.ledger.says("A") == "ok"
    leased.talk(2)
    before = own_rows(leased, "centre")
    restore(leased.host.ledger, copy, joined=True)
    assert leased.host.ledger.says("B") == "held_elsewhere"
    rules(leased, 1)
    leased.talk(3)
    assert leased.leases("host")[0].state == LeaseState.broken
    rows = own_rows(leased, "centre")
    assert rows[: len(before)] == before
    assert [row[1:] for row in rows[len(before) :]] == [
        row[1:] for row in own_rows(leased, "host") if row.epoch
    ]
    assert leased.centre.ledger.says("A") == "held_elsewhere"
    assert leased.verified() == []
    assert leased.backlog() == 0


def test_twice_from_one_backup_there_are_three_branches(leased: Pair) -> None:
    rules(leased, 1)
    leased.talk(2)
    copy = copied(leased.host.ledger)
    rules(leased, 2)
    leased.talk(2)
    restore(leased.host.ledger, copy, joined=True)
    rules(leased, 3)
    leased.talk(2)
    later = copied(leased.host.ledger)
    rules(leased, 2)
    leased.talk(2)
    restore(leased.host.ledger, later, joined=True)
    rules(leased, 1)
    leased.talk(3)
    assert len({row.epoch for row in own_rows(leased, "centre")}) == 3
    assert leased.verified() == []
    # From the first copy again: its numbers lie before the branch that is known as the newest.
    restore(leased.host.ledger, copy, joined=True, floor=9)
    down = leased.talk(2)
    assert [code for _, code in down.faults] == ["diverged"]


def test_nothing_told_since_the_copy_is_no_branch_but_goes_on(leased: Pair) -> None:
    rules(leased, 1)
    leased.talk(2)
    copy = copied(leased.host.ledger)
    restore(leased.host.ledger, copy, joined=True)
    rules(leased, 1)
    leased.talk(3)
    assert leased.verified() == []
    assert leased.backlog() == 0
    assert len({row.epoch for row in own_rows(leased, "centre")}) == 2


def test_what_was_not_told_before_the_copy_comes_before_the_branch(leased: Pair) -> None:
    rules(leased, 2)
    restore(leased.host.ledger, copied(leased.host.ledger), joined=True)
    rules(leased, 1)
    leased.talk(4)
    assert leased.backlog() == 0
    assert [row[1:] for row in own_rows(leased, "centre")] == [
        row[1:] for row in own_rows(leased, "host")
    ]
    assert leased.verified() == []


def test_a_long_journal_branches_at_any_page(leased: Pair) -> None:
    rules(leased, 510)
    leased.talk(8)
    copy = copied(leased.host.ledger)
    rules(leased, 3)
    leased.talk(2)
    restore(leased.host.ledger, copy, joined=True)
    rules(leased, 2)
    leased.talk(3)
    assert leased.verified() == []
    assert leased.backlog() == 0


@pytest.mark.parametrize(
    ("kind", "payload", "ahead"),
    [
        ("handover", payload_of(HandoverFact(lease="", to=HOST, epoch=6)), 0),
        ("handover", payload_of(HandoverFact(lease="", to="another", epoch=4)), 0),
        ("handover", payload_of(HandoverFact(lease="", to=HOST, epoch=4)), 9),
        ("publish", b"{}", 0),
        ("no such kind", b"{}", 0),
    ],
)
def test_only_a_row_that_says_so_begins_a_branch(
    leased: Pair, kind: str, payload: bytes, ahead: int
) -> None:
    ledger = leased.centre.ledger
    known = own_rows(leased, "centre")[-1]
    row = WireRow(4, known.seq + ahead, at(10), HOST, kind, "", payload, b"")
    with pytest.raises(Gap):
        ledger.do(
            ImportRows(
                node=HOST,
                segment=SegmentName(HOST.replace("-", ""), "", HOST),
                lease=b"",
                rows=(row,),
            )
        )
