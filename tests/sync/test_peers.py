"""Other nodes as they show themselves: where their messages stand, and who is not that node."""

from typing import Any

import pytest

from paifang.ledger import tables as t
from paifang.ledger.facts import PeerFact
from paifang.ledger.faults import NotAllowed
from paifang.ledger.lease_commands import HearPeer
from paifang.ledger.rows import PeerState
from tests.sync.nodes import HOST, Pair


def hear(pair: Pair, boot: int, nonce: bytes, last: bytes = b"", **more: Any) -> str:
    """Let the centre hear the host, and return what it makes of it."""
    command = HearPeer(node=HOST, boot=boot, nonce=nonce, last=last, **more)
    (answer,) = pair.centre.ledger.batch(command)
    assert not isinstance(answer, Exception), answer
    fact = answer.decoded()
    assert isinstance(fact, PeerFact)
    return fact.what


def state(pair: Pair) -> PeerState:
    (row,) = pair.centre.ledger.rows(t.PEER)
    assert isinstance(row, PeerState)
    return row


def told(pair: Pair) -> int:
    """Return how often the journal tells of two machines."""
    return sum(row.kind == "peer" for row in pair.centre.ledger.rows(t.JOURNAL))


def test_a_chain_of_messages_is_one_machine(pair: Pair) -> None:
    assert hear(pair, 1, b"a") == "heard"
    assert hear(pair, 1, b"b", b"a") == "heard"
    assert hear(pair, 1, b"b", b"a") == "heard"
    assert hear(pair, 1, b"c", b"a") == "heard"
    assert hear(pair, 2, b"d") == "heard"
    assert (state(pair).boot, state(pair).doubled_ms, told(pair)) == (2, 0, 0)


@pytest.mark.parametrize(("boot", "last"), [(1, b"b"), (2, b"x"), (2, b"")])
def test_a_start_that_goes_back_or_a_foreign_link_is_a_second_machine(
    pair: Pair, boot: int, last: bytes
) -> None:
    hear(pair, 2, b"a")
    hear(pair, 2, b"b", b"a")
    assert hear(pair, boot, b"c", last) == "doubled"
    assert state(pair).boot == 2
    assert state(pair).doubled_ms == pair.clock.now_ms()


def test_the_journal_tells_of_it_once_an_hour(pair: Pair) -> None:
    hear(pair, 2, b"a")
    for nonce in (b"x", b"y", b"z"):
        assert hear(pair, 1, nonce) == "doubled"
    assert told(pair) == 1
    pair.clock.forward(minutes=60)
    hear(pair, 1, b"later")
    assert told(pair) == 2


def test_what_a_node_tells_of_itself_is_kept(pair: Pair) -> None:
    now_ms = pair.clock.now_ms()
    more: dict[str, Any] = {
        "now_ms": now_ms + 5_000,
        "backlog": 7,
        "oldest_ms": 9,
        "version": "1.2" * 100,
    }
    hear(pair, 1, b"a", asked="{}", **more)
    found = state(pair)
    assert (found.clock_ms, found.backlog, found.oldest_ms, found.asked) == (5_000, 7, 9, "{}")
    assert len(found.version) == 40
    assert found.heard_ms == now_ms


def test_a_node_that_did_not_join_is_not_heard(pair: Pair) -> None:
    (fault,) = pair.centre.ledger.batch(HearPeer(node="nobody", boot=1, nonce=b"a"))
    assert isinstance(fault, NotAllowed)
    assert not pair.centre.ledger.rows(t.PEER)
