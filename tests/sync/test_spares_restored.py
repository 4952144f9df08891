"""A centre brought back from a backup while a spare stands behind a lease it knew."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from paifang.core.ids import uuid7
from paifang.core.leases import LeaseState, WishState, partner_of
from paifang.ledger import freeze
from paifang.ledger import tables as t
from paifang.ledger.facts import WishAnswerFact, payload_of
from paifang.ledger.lease_commands import ImportRows, MakeWish, ReturnLease, WireRow
from paifang.ledger.records import SegmentName
from paifang.ledger.verify import verify
from tests.ledger.venue import key
from tests.ledger.world import at
from tests.sync.copies import Copy, copied, restore
from tests.sync.failover import FIRST, SECOND, SPARE
from tests.sync.nodes import HOST
from tests.sync.spares import Guarded, breaks
from tests.sync.test_failover import clean
from tests.sync.test_spares_corners import healed, take_over


def bring_back(guarded: Guarded, copy: Copy) -> None:
    """Bring the centre back, and let both hosts tell what they hold."""
    restore(guarded.centre.ledger, copy)
    for _ in range(3):
        guarded.talk(guarded.old)
        guarded.talk(guarded.new)
    with closing(guarded.centre.ledger.reader()) as reader:
        assert freeze.awaited(reader.raw.meta()) == ()
    guarded.talk(guarded.old)


@pytest.fixture
def wished(guarded: Guarded) -> Guarded:
    """A centre that forgot a wish, its answer, and that the spare knows nothing of either."""
    copy = copied(guarded.centre.ledger)
    made = MakeWish(wish=bytes(16), ticket=key("ticket A"), kind="void", actor="wang")
    guarded.centre.ledger.do(made)
    guarded.talk(guarded.old, 2)
    bring_back(guarded, copy)
    return guarded


def wish(guarded: Guarded) -> tuple[WishState, str]:
    """Return how far the only wish is, and the answer to it."""
    (row,) = guarded.centre.ledger.rows(t.WISH)
    return WishState(row.state), row.reason


def test_an_answer_to_a_forgotten_wish_holds_once_the_spare_knows_it(wished: Guarded) -> None:
    assert wish(wished) == (WishState.told, "ok")
    wished.talk(wished.new, 2)
    assert wish(wished) == (WishState.granted, "ok")
    take_over(wished, "g1", "g2")
    assert wished.scan(wished.lane("g1"), "A", wished.new) == "void"
    healed(wished)


def test_a_forgotten_wish_is_decided_anew_by_a_spare_that_knows_no_answer(
    wished: Guarded,
) -> None:
    take_over(wished, "g1", "g2")
    assert wished.scan(wished.lane("g1"), "A", wished.new) == "ok"
    wished.talk(wished.new, 3)
    assert wish(wished) == (WishState.refused, "already_used")
    healed(wished)


def test_what_nobody_could_follow_leaves_nothing_to_go_back_to(guarded: Guarded) -> None:
    """A row names a ticket that is not known here; then the spare takes over."""
    ledger = guarded.centre.ledger
    head = next(each for each in ledger.rows(t.HEAD) if each.period == "fair")
    nobody = WishAnswerFact(
        rules=(1, 1), wish="00" * 16, ticket="00" * 16, kind="void", reason="ok", status=3
    )
    row = WireRow(
        head.epoch, head.seq + 1, at(10), HOST, "wish_answer", "w", payload_of(nobody), b""
    )
    segment = SegmentName(head.uuid, "park", "fair")
    ledger.do(ImportRows(node=HOST, segment=segment, lease=FIRST, rows=(row,)))
    assert ledger.kinds().count("dispute") == 1
    take_over(guarded, "g1", "g2")
    assert guarded.scan(guarded.lane("g1"), "A", guarded.new) == "ok"
    guarded.talk(guarded.new, 3)
    assert ledger.rows(t.WISH) == []
    assert not guarded.differences()
    with closing(ledger.reader()) as reader:
        assert {one.code for one in verify(reader.raw).findings} == {"row_disputed"}


@pytest.fixture
def forgotten(guarded: Guarded) -> Iterator[Callable[[str], Guarded]]:
    """A second lease with a spare, of which the centre knows nothing once it was brought back."""
    guarded.old.ledger.do(ReturnLease(lease=FIRST, actor="wang"))
    guarded.talk(guarded.old, 2)
    guarded.talk(guarded.new, 2)
    copy = copied(guarded.centre.ledger)
    guarded.grant(SECOND, HOST)
    guarded.talk(guarded.old, 2)
    guarded.talk(guarded.new, 2)
    assert guarded.scan(guarded.lane("g1"), "A", guarded.old) == "ok"
    guarded.relay()

    def brought_back(first: str) -> Guarded:
        restore(guarded.centre.ledger, copy)
        nodes = [guarded.old, guarded.new]
        for node in (nodes if first == HOST else nodes[::-1]) * 5:
            guarded.talk(node)
        return guarded

    yield brought_back
    for node in (guarded.centre, guarded.old, guarded.new):
        clean(node)


@pytest.mark.parametrize("first", [HOST, SPARE])
def test_a_sealed_grant_that_was_forgotten_is_over_and_its_lessee_goes_on(
    forgotten: Callable[[str], Guarded], first: str
) -> None:
    guarded = forgotten(first)
    behind = partner_of(SECOND)
    for node in (guarded.centre, guarded.old):
        assert guarded.state(node, SECOND) == LeaseState.ready
    for node in (guarded.centre, guarded.new):
        assert guarded.state(node, behind) == LeaseState.broken
    assert guarded.scan(guarded.lane("g1"), "B", guarded.old) == "ok"
    guarded.talk(guarded.old, 2)
    assert guarded.centre.ledger.inside() == 2
    guarded.old.ledger.do(ReturnLease(request_id="r", lease=SECOND, actor="wang"))
    guarded.talk(guarded.old, 2)
    assert guarded.centre.ledger.says("A", terminal="t1") == "already_used"


@pytest.mark.parametrize("first", [HOST, SPARE])
def test_a_sealed_grant_that_was_used_comes_back_as_its_spare_holds_it(
    guarded: Guarded, forgotten: Callable[[str], Guarded], first: str
) -> None:
    behind = partner_of(SECOND)
    guarded.new.ledger.do(breaks(lease=behind))
    for name in ("g1", "g2"):
        guarded.ask(guarded.lane(name), guarded.new, 2)
    assert guarded.scan(guarded.lane("g2"), "B", guarded.new) == "ok"
    forgotten(first)
    for node in (guarded.centre, guarded.new):
        assert guarded.state(node, behind) == LeaseState.ready
    for node in (guarded.centre, guarded.old):
        assert guarded.state(node, SECOND) == LeaseState.broken
    assert guarded.centre.ledger.inside() == 2
    assert not guarded.differences()


@pytest.mark.parametrize("first", [HOST, SPARE])
def test_a_sealed_grant_whose_spare_still_collects_comes_back_and_is_opened(
    guarded: Guarded, forgotten: Callable[[str], Guarded], first: str
) -> None:
    """A gate is fenced by it already, and would heed its old host no more."""
    behind = partner_of(SECOND)
    guarded.new.ledger.do(breaks(lease=behind))
    guarded.ask(guarded.lane("g1"), guarded.new, 2)
    forgotten(first)
    for node in (guarded.centre, guarded.new):
        assert guarded.state(node, behind) == LeaseState.granted
    for node in (guarded.centre, guarded.old):
        assert guarded.state(node, SECOND) == LeaseState.broken
    guarded.ask(guarded.lane("g2"), guarded.new, 2)
    assert guarded.scan(guarded.lane("g2"), "A", guarded.new) == "already_used"
    assert guarded.scan(guarded.lane("g1"), "B", guarded.new) == "ok"
    guarded.talk(guarded.new, 2)
    assert guarded.state(guarded.centre, behind) == LeaseState.ready
    assert guarded.centre.ledger.inside() == 2
    assert not guarded.differences()


def test_gates_of_a_lease_that_came_back_without_its_spare_let_go_with_the_next(
    forgotten: Callable[[str], Guarded],
) -> None:
    guarded = forgotten(HOST)
    gate = guarded.lane("g1")
    assert guarded.scan(gate, "B", guarded.old) == "ok"
    guarded.talk(guarded.old, 2)
    guarded.ask(gate, guarded.old)
    assert gate.kept
    guarded.old.ledger.do(ReturnLease(request_id="r", lease=SECOND, actor="wang"))
    guarded.talk(guarded.old, 2)
    guarded.grant(uuid7(at(11), bytes(10)), HOST)
    guarded.talk(guarded.old, 2)
    guarded.ask(gate, guarded.old, 2)
    assert not gate.kept
