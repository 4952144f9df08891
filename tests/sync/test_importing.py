"""Rows of another node: only its own, only in order, only as they were written."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from paifang.core.rules import DAY_MS, Peer
from paifang.ledger import tables as t
from paifang.ledger.facts import (
    KINDS,
    AdmissionFact,
    AnnulFact,
    BindFact,
    DisputeFact,
    ExchangeFact,
    Fact,
    HoldEndFact,
    HoldFact,
    ImportedFact,
    PassageFact,
    QuotaFact,
    RecordFact,
    RecoveredFact,
    StatusFact,
    WishAnswerFact,
    WishFact,
    payload_of,
)
from paifang.ledger.faults import Diverged, Gap, LedgerFault, Misuse, NotAllowed, NotPossible
from paifang.ledger.lease_commands import ImportRows, ReturnLease, WireRow
from paifang.ledger.records import SegmentName
from paifang.sync.envelope import take_apart, unseal
from paifang.sync.messages import Page, Up
from tests.ledger import world
from tests.ledger.venue import fact_of, key
from tests.sync.nodes import HOST, LEASE, Pair


@pytest.fixture
def leased(pair: Pair) -> Pair:
    """A pair whose fair is leased, with one ticket."""
    pair.centre.ledger.issue("A")
    pair.grant()
    pair.talk(2)
    return pair


def told(pair: Pair) -> dict[str, Page]:
    """Return the pages the host would tell now, by the period of their segment."""
    up = unseal(take_apart(pair.up()), pair.host.checks, Up)
    return {page.segment.period: page for page in up.pages}


def command_of(page: Page, **more: Any) -> ImportRows:
    """Return the command a page becomes, changed as told."""
    told_as: dict[str, Any] = {
        "node": HOST,
        "segment": page.segment,
        "lease": page.lease,
        "rows": tuple(page.rows),
        "segments": page.segments,
        "records": page.records,
        "enclosures": page.enclosures,
        "bundles": page.bundles,
    }
    return ImportRows(**{**told_as, **more})


def refused(pair: Pair, command: ImportRows, fault: type[LedgerFault]) -> None:
    """Assert that the centre does not take rows in, and nothing of them."""
    ledger = pair.centre.ledger
    before = ledger.rows(t.JOURNAL), ledger.rows(t.HEAD), ledger.rows(t.USE)
    with pytest.raises(fault):
        ledger.do(command)
    assert (ledger.rows(t.JOURNAL), ledger.rows(t.HEAD), ledger.rows(t.USE)) == before


def test_rows_come_only_from_a_node_that_joined_and_under_its_own_lease(leased: Pair) -> None:
    leased.host.ledger.says("A")
    page = told(leased)["fair"]
    refused(leased, command_of(page, node="stranger"), NotAllowed)
    refused(leased, command_of(page, lease=b""), NotAllowed)
    own = SegmentName(HOST.replace("-", ""), "", HOST)
    refused(leased, command_of(page, segment=own), NotAllowed)
    other = SegmentName("77" * 16, "park", "fair")
    refused(leased, command_of(page, segment=other), NotAllowed)
    refused(leased, command_of(page, segment=SegmentName("77" * 16, "park", "x")), NotPossible)
    peers = {HOST: Peer(HOST, "Host", "00", revoked=True)}
    leased.centre.ledger.publish(replace(world.node_rules(), peers=peers))
    refused(leased, command_of(page), NotAllowed)


def test_rows_of_another_nodes_lease_are_refused(leased: Pair) -> None:
    leased.host.ledger.says("A")
    page = told(leased)["fair"]
    stranger = Peer("other", "Other", "00")
    peers = {HOST: leased.host.peer("Host"), "other": stranger}
    leased.centre.ledger.publish(replace(world.node_rules(), peers=peers))
    refused(leased, command_of(page, node="other"), NotAllowed)


def test_rows_that_are_missing_altered_or_too_many_are_refused(leased: Pair) -> None:
    leased.host.ledger.says("A")
    leased.host.ledger.says("A")
    page = told(leased)["fair"]
    first, second = page.rows
    refused(leased, command_of(page, rows=()), Misuse)
    refused(leased, command_of(page, rows=tuple(page.rows) * 101), Misuse)
    refused(leased, command_of(page, rows=(second,)), Gap)
    refused(leased, command_of(page, rows=(first, first)), Gap)
    strange = msgspec.structs.replace(first, kind="dance")
    refused(leased, command_of(page, rows=(strange,)), Misuse)
    long = msgspec.structs.replace(first, payload=b" " * 65_537)
    refused(leased, command_of(page, rows=(long,)), Misuse)
    early = msgspec.structs.replace(first, epoch=9)
    refused(leased, command_of(page, rows=(early,)), Gap)
    leased.centre.ledger.do(command_of(page))
    altered = msgspec.structs.replace(first, at_ms=first.at_ms + 1)
    refused(leased, command_of(page, rows=(altered,)), Diverged)
    leased.centre.ledger.do(command_of(page))
    assert leased.verified() == []


def test_rows_by_rules_that_were_never_published_are_refused(leased: Pair) -> None:
    leased.host.ledger.says("A")
    page = told(leased)["fair"]
    fact = msgspec.json.decode(page.rows[0].payload)
    fact["rules"] = [99, 1]
    row = msgspec.structs.replace(page.rows[0], payload=msgspec.json.encode(fact))
    refused(leased, command_of(page, rows=(row,)), Misuse)


def test_rows_by_older_rules_are_followed_by_those(leased: Pair) -> None:
    leased.host.ledger.says("A")
    leased.centre.ledger.publish(leased.centre.ledger.rules.centre)
    leased.talk(2)
    assert leased.differences() == []
    assert leased.verified() == []


def test_the_first_rows_of_a_nodes_own_journal_open_its_segment_here(pair: Pair) -> None:
    pair.talk(2)
    (head,) = (head for head in pair.centre.ledger.rows(t.HEAD) if head.period == HOST)
    assert (head.site, head.authority) == ("", 1)
    assert pair.backlog() == 0
    names = [row.layer for row in pair.centre.ledger.rows(t.BUNDLE)]
    assert names.count(f"node/{HOST}") == 1
    assert pair.verified() == []


def test_a_layer_that_does_not_match_its_digest_is_left_out(pair: Pair) -> None:
    page = told(pair)[""]
    segment = SegmentName(page.segment.uuid, "", HOST)
    (bundle,) = page.bundles
    forged = msgspec.structs.replace(bundle, body=b"{}")
    pair.centre.ledger.do(command_of(page, segment=segment, bundles=(forged,)))
    assert pair.verified() == [
        f"centre bundle_differs bundle node/{HOST} 1",
    ]


def test_rows_behind_the_end_of_a_returned_lease_are_history(leased: Pair) -> None:
    leased.host.ledger.says("A")
    page = told(leased)["fair"]
    leased.host.ledger.do(ReturnLease(request_id="r", lease=LEASE))
    leased.talk(3)
    again = leased.centre.ledger.do(command_of(page))
    assert not fact_of(again, ImportedFact).late
    row = msgspec.structs.replace(page.rows[0], seq=99)
    told_late = leased.centre.ledger.do(command_of(page, rows=(row,)))
    assert fact_of(told_late, ImportedFact).late
    assert [late.seq for late in leased.centre.ledger.rows(t.LATE)] == [99]
    assert leased.verified() == []


def admission(**more: Any) -> AdmissionFact:
    """Return an entry of a ticket nobody knows, changed as told."""
    told_as: dict[str, Any] = {
        "rules": (1, 1),
        "terminal": "t1",
        "gate": "north",
        "zone": "hall",
        "reason": "ok",
        "ticket": key("none").hex(),
        "people": 1,
        "fresh": 1,
        "day": world.at(0),
    }
    return AdmissionFact(**{**told_as, **more})


NONE, KNOWN = key("none").hex(), key("ticket A").hex()


@pytest.mark.parametrize(
    "fact",
    [
        admission(),
        admission(direction="exit"),
        admission(ticket=KNOWN, n=7),
        admission(ticket=KNOWN, rules=(0, 1)),
        RecordFact(**msgspec.structs.asdict(admission()), at_ms=world.at(9)),
        PassageFact(
            rules=(1, 1),
            admission="none",
            terminal="t1",
            passage=2,
            ticket=NONE,
            zone="hall",
            day=world.at(0),
        ),
        AnnulFact(
            rules=(1, 1),
            admission="hold",
            terminal="t1",
            ticket=KNOWN,
            n=0,
            zone="hall",
            day=world.at(0),
            fresh=1,
        ),
        StatusFact(rules=(1, 1), ticket=NONE, status=3, before=0),
        ExchangeFact(rules=(1, 1), ticket=NONE, reason="ok"),
        WishAnswerFact(rules=(1, 1), wish=NONE, ticket=NONE, kind="void", reason="ok", status=3),
        HoldFact(rules=(1, 1), hold="h", quota="none", units=1, until_ms=world.at(11)),
        HoldEndFact(rules=(1, 1), hold="h", quota="none", units=1, end="confirmed"),
    ],
)
def test_a_row_that_cannot_be_followed_is_kept_and_disputed(leased: Pair, fact: Fact) -> None:
    ledger = leased.centre.ledger
    head = next(head for head in ledger.rows(t.HEAD) if head.period == "fair")
    row = WireRow(
        head.epoch, head.seq + 1, world.at(10), HOST, KINDS[type(fact)], "q", payload_of(fact), b""
    )
    command = ImportRows(
        node=HOST,
        segment=SegmentName(head.uuid, "park", "fair"),
        lease=LEASE,
        rows=(row,),
    )
    before = ledger.rows(t.USE), ledger.rows(t.ZONE_DAY), ledger.rows(t.TICKET)
    ledger.do(command)
    assert (ledger.rows(t.USE), ledger.rows(t.ZONE_DAY), ledger.rows(t.TICKET)) == before
    assert ledger.kinds().count("dispute") == 1
    reader = ledger.reader()
    found = {one.split()[1] for one in leased.verified()}
    reader.close()
    assert "row_disputed" in found


def told_row(pair: Pair, fact: Fact, request_id: str = "") -> None:
    """Let the centre take in a row of the leased segment that says this."""
    ledger = pair.centre.ledger
    head = next(head for head in ledger.rows(t.HEAD) if head.period == "fair")
    kind, payload = KINDS[type(fact)], payload_of(fact)
    row = WireRow(head.epoch, head.seq + 1, world.at(10), HOST, kind, request_id, payload, b"")
    segment = SegmentName(head.uuid, "park", "fair")
    ledger.do(ImportRows(node=HOST, segment=segment, lease=LEASE, rows=(row,)))


def test_a_row_with_nothing_to_follow_is_kept_as_it_is(leased: Pair) -> None:
    told_row(leased, QuotaFact(rules=(1, 1), quota="q", capacity=3))
    assert leased.centre.ledger.kinds().count("quota") == 1
    assert leased.centre.ledger.kinds().count("dispute") == 0


def test_a_credential_that_ended_and_was_never_heard_of_is_no_trouble(leased: Pair) -> None:
    told_row(leased, BindFact(rules=(1, 1), ticket=KNOWN, kind="code", hash="aa", ended=("bb",)))
    assert leased.centre.ledger.kinds().count("dispute") == 0


def test_an_annulment_of_who_is_not_followed_any_more_is_disputed(pair: Pair) -> None:
    pair.centre.ledger.issue("S", world.SEASON)
    pair.grant()
    pair.talk(2)
    first = pair.host.ledger.admit("S", request_id="first")
    assert first.reason == "ok"
    pair.clock.time_ms += DAY_MS
    assert pair.host.ledger.says("S") == "ok"
    pair.talk(2)
    told_row(
        pair,
        AnnulFact(
            rules=(1, 1),
            admission="first",
            terminal="t1",
            ticket=first.ticket,
            n=0,
            zone="hall",
            day=first.day,
            fresh=1,
        ),
    )
    assert pair.centre.ledger.kinds().count("dispute") == 1


def test_a_recovered_act_whose_request_was_answered_elsewhere_is_disputed(leased: Pair) -> None:
    leased.host.ledger.says("A", request_id="asked")
    leased.talk(2)
    inner = admission(ticket=KNOWN)
    fact = RecoveredFact(
        rules=(1, 1),
        lease=LEASE.hex(),
        segment="ab" * 16,
        epoch=2,
        seq=9,
        at_ms=world.at(9),
        node=HOST,
        kind="admission",
        payload=msgspec.Raw(payload_of(inner)),
        told_by="t1",
    )
    told_row(leased, fact, "asked")
    assert leased.centre.ledger.kinds().count("dispute") == 1


def test_wishes_and_disputes_of_another_node_are_its_own(pair: Pair) -> None:
    page = told(pair)[""]
    last = page.rows[-1]
    rows = list(page.rows)
    for n, fact in enumerate(
        (
            WishFact(wish=NONE, ticket=NONE, kind="void"),
            DisputeFact(segment="ab" * 16, epoch=1, seq=1, why="odd"),
        ),
        1,
    ):
        payload = payload_of(fact)
        rows.append(WireRow(0, last.seq + n, last.at_ms, HOST, KINDS[type(fact)], "", payload, b""))
    segment = SegmentName(page.segment.uuid, "", HOST)
    pair.centre.ledger.do(command_of(page, segment=segment, rows=tuple(rows)))
    assert pair.verified() == []
