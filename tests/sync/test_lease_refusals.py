"""What a lease does not allow: each fault by its name, and nothing done."""

from dataclasses import replace
from typing import Any

import pytest

from paifang.core.rules import Peer
from paifang.ledger import tables as t
from paifang.ledger.commands import Command
from paifang.ledger.faults import (
    Diverged,
    Gap,
    LedgerFault,
    Misuse,
    NotAllowed,
    NotFound,
    NotPossible,
)
from paifang.ledger.lease_commands import (
    AdoptRules,
    AnswerWish,
    ApplyDelta,
    BreakLease,
    ExtendLease,
    GrantLease,
    HearAcks,
    LoadRecords,
    LoseLease,
    MakeWish,
    OpenLease,
    ProlongLease,
    ReturnLease,
    TakeLease,
    WireHead,
)
from paifang.ledger.records import SegmentName
from tests.ledger import world
from tests.ledger.venue import Venue, key
from tests.ledger.world import at
from tests.sync.nodes import HOST, LEASE, Pair

NOBODY = bytes(16)


def grant(**more: Any) -> GrantLease:
    """Return the command that leases the fair to the host, changed as told."""
    told: dict[str, Any] = {
        "request_id": "g",
        "actor": "wang",
        "lease": LEASE,
        "site": "park",
        "periods": ("fair",),
        "lessee": HOST,
        "rights": ("admit",),
        "not_after_ms": at(12, day=3),
    }
    return GrantLease(**{**told, **more})


def refused(ledger: Venue, command: Command, fault: type[LedgerFault]) -> None:
    """Assert that a command meets a fault and leaves nothing behind."""
    before = ledger.rows(t.JOURNAL), ledger.rows(t.LEASE), ledger.rows(t.HEAD)
    with pytest.raises(fault):
        ledger.do(command)
    assert (ledger.rows(t.JOURNAL), ledger.rows(t.LEASE), ledger.rows(t.HEAD)) == before


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"site": "moon"}, NotFound),
        ({"periods": ("fair", "other")}, NotFound),
        ({"periods": ()}, Misuse),
        ({"periods": ("fair", "fair")}, Misuse),
        ({"lessee": "stranger"}, NotAllowed),
        ({"not_after_ms": 1}, Misuse),
        ({"not_after_ms": at(0, day=4_000)}, Misuse),
        ({"rights": ("exchange",)}, Misuse),
        ({"rights": ("admit", "fly")}, Misuse),
    ],
)
def test_a_lease_is_not_granted_on_what_makes_no_sense(
    pair: Pair, more: dict[str, Any], fault: type[LedgerFault]
) -> None:
    refused(pair.centre.ledger, grant(**more), fault)


def test_a_revoked_host_gets_no_lease(pair: Pair) -> None:
    ledger = pair.centre.ledger
    revoked = Peer(HOST, "Host", "00", revoked=True)
    ledger.publish(replace(world.node_rules(), peers={HOST: revoked}))
    refused(ledger, grant(), NotAllowed)


def test_a_site_is_leased_once_at_a_time_and_a_lease_once_for_ever(pair: Pair) -> None:
    pair.grant()
    pair.talk(2)
    refused(pair.centre.ledger, grant(request_id="g2", lease=NOBODY), NotPossible)
    pair.host.ledger.do(ReturnLease(request_id="r", lease=LEASE))
    pair.talk(3)
    refused(pair.centre.ledger, grant(request_id="g3"), NotPossible)


BREAK = BreakLease(lease=LEASE, actor="wang", second="han", reason_text="burnt", request_id="b")


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (ExtendLease(lease=NOBODY, not_after_ms=at(20, day=3)), NotFound),
        (ExtendLease(lease=LEASE, not_after_ms=at(12, day=3)), Misuse),
        (ExtendLease(lease=LEASE, not_after_ms=at(0, day=4_000)), Misuse),
        (BreakLease(lease=LEASE, actor="wang", second="wang", reason_text="x"), NotAllowed),
        (BreakLease(lease=LEASE, actor="", second="han", reason_text="x"), NotAllowed),
        (BreakLease(lease=LEASE, actor="wang", second="", reason_text="x"), NotAllowed),
        (BreakLease(lease=LEASE, actor="wang", second="han", reason_text=" "), Misuse),
        (MakeWish(wish=NOBODY, ticket=NOBODY, kind="void"), NotFound),
        (MakeWish(wish=NOBODY, ticket=key("ticket A"), kind="sing"), Misuse),
    ],
)
def test_the_centre_keeps_to_its_own_rules_about_a_lease(
    pair: Pair, command: Command, fault: type[LedgerFault]
) -> None:
    pair.centre.ledger.issue("A")
    pair.grant()
    refused(pair.centre.ledger, command, fault)


def test_what_is_decided_here_is_not_wished_and_no_wish_is_made_twice(pair: Pair) -> None:
    ledger = pair.centre.ledger
    ledger.issue("A")
    wish = MakeWish(request_id="w", wish=NOBODY, ticket=key("ticket A"), kind="block")
    refused(ledger, wish, NotPossible)
    pair.grant()
    ledger.do(wish)
    refused(ledger, MakeWish(wish=NOBODY, ticket=key("ticket A"), kind="void"), NotPossible)


def test_a_lease_that_ended_is_neither_extended_nor_broken_again(pair: Pair) -> None:
    pair.grant()
    pair.centre.ledger.do(BREAK)
    refused(pair.centre.ledger, ExtendLease(lease=LEASE, not_after_ms=at(20, day=3)), NotPossible)
    again = BreakLease(lease=LEASE, actor="wang", second="han", reason_text="x", request_id="b2")
    refused(pair.centre.ledger, again, NotPossible)


def taken(pair: Pair) -> Venue:
    """Return a host that took a lease of two chunks and has none of them."""
    host = pair.host.ledger
    host.do(take())
    return host


def take(**more: Any) -> TakeLease:
    """Return the command by which the host begins with a lease, changed as told."""
    name = SegmentName("ab" * 16, "park", "fair")
    told: dict[str, Any] = {
        "request_id": "t",
        "lease": LEASE,
        "site": "park",
        "periods": ("fair",),
        "lessee": HOST,
        "epoch": 2,
        "rights": ("admit",),
        "granted_ms": at(9),
        "not_after_ms": at(12, day=3),
        "chunks": 2,
        "cursor": 0,
        "heads": (WireHead(name, 2, 5, b"h" * 32, 0, 5, at(8)),),
    }
    return TakeLease(**{**told, **more})


def test_a_host_takes_a_lease_once_and_not_what_it_decides_already(pair: Pair) -> None:
    host = taken(pair)
    refused(host, take(request_id="t2"), NotPossible)
    name = SegmentName("cd" * 16, "park", "fair")
    other = take(
        request_id="t3", lease=NOBODY, heads=(WireHead(name, 2, 5, b"h" * 32, 0, 5, at(8)),)
    )
    refused(host, other, NotPossible)
    host.segment("mine")
    own = SegmentName("ef" * 16, "park", "mine")
    refused(
        host,
        take(request_id="t4", lease=NOBODY, heads=(WireHead(own, 2, 5, b"h" * 32, 0, 5, 0),)),
        NotPossible,
    )


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (LoadRecords(lease=NOBODY, chunk=1, segments=(), records=()), NotFound),
        (LoadRecords(lease=LEASE, chunk=0, segments=(), records=()), NotPossible),
        (LoadRecords(lease=LEASE, chunk=2, segments=(), records=()), Gap),
        (OpenLease(lease=LEASE), Gap),
        (ProlongLease(lease=LEASE, not_after_ms=at(11, day=3)), NotPossible),
        (ApplyDelta(lease=LEASE, cursor=-1), NotPossible),
        (AnswerWish(wish=NOBODY, ticket=NOBODY, kind="void"), NotFound),
        (AdoptRules(version=0, body=b"{}", signature=b""), NotPossible),
        (AdoptRules(version=9, body=b"[]", signature=b""), Misuse),
        (AdoptRules(version=9, body=b" " * (16 * 1024 * 1024 + 1), signature=b""), Misuse),
        (HearAcks(acks=(("ab" * 16, 2, 9, b""),)), Diverged),
    ],
)
def test_a_host_takes_in_only_what_follows(
    pair: Pair, command: Command, fault: type[LedgerFault]
) -> None:
    refused(taken(pair), command, fault)


def test_a_chunk_beyond_the_last_is_refused(pair: Pair) -> None:
    host = pair.host.ledger
    host.do(take(chunks=0))
    refused(host, LoadRecords(lease=LEASE, chunk=1, segments=(), records=()), Gap)


@pytest.mark.parametrize(
    "command",
    [
        LoadRecords(lease=LEASE, chunk=1, segments=(), records=()),
        OpenLease(lease=LEASE),
        ProlongLease(lease=LEASE, not_after_ms=at(20, day=3)),
        ApplyDelta(lease=LEASE, cursor=9),
        ReturnLease(lease=LEASE),
        LoseLease(lease=LEASE),
    ],
)
def test_a_lease_given_back_is_over_for_everything(pair: Pair, command: Command) -> None:
    host = taken(pair)
    host.do(ReturnLease(request_id="r", lease=LEASE))
    refused(host, command, NotPossible)


def test_acks_of_segments_nobody_knows_are_kept_quietly(pair: Pair) -> None:
    pair.host.ledger.do(HearAcks(acks=(("77" * 16, 2, 9, b""),)))
    assert [ack.segment for ack in pair.host.ledger.rows(t.ACK)] == ["77" * 16]


def test_a_lease_extended_while_it_is_fetched_stays_not_ready(pair: Pair) -> None:
    host = taken(pair)
    host.do(ProlongLease(lease=LEASE, not_after_ms=at(20, day=3)))
    (head,) = (head for head in host.rows(t.HEAD) if head.period == "fair")
    assert (head.authority, head.until_ms) == (2, at(20, day=3))
