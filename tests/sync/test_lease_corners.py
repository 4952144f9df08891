"""Corners of leases: what seldom happens, and comes to the same all the same."""

from dataclasses import replace

import msgspec
import pytest

from paifang.core import limits
from paifang.core.leases import LeaseState
from paifang.core.tickets import Passage, Status
from paifang.ledger import tables as t
from paifang.ledger.commands import (
    Bind,
    Credential,
    Enclosure,
    Erase,
    Exchange,
    Seal,
    SetStatus,
)
from paifang.ledger.facts import AdmissionFact, ExchangeFact, StatusFact, payload_of
from paifang.ledger.faults import NotAllowed, NotPossible, QueueFull
from paifang.ledger.lease_commands import (
    AnswerWish,
    ApplyDelta,
    BreakLease,
    ImportRows,
    MakeWish,
    ReturnLease,
    WireRow,
    wish_id,
)
from paifang.ledger.records import SegmentName
from paifang.sync import centre, lessee
from paifang.sync.columns import Rows
from paifang.sync.envelope import take_apart, unseal
from paifang.sync.messages import Up
from tests.ledger import world
from tests.ledger.venue import fact_of, key
from tests.ledger.world import at
from tests.sync.nodes import CENTRE, HOST, LEASE, Pair, fair_rules
from tests.sync.test_lease import late


@pytest.fixture
def leased(pair: Pair) -> Pair:
    """A pair whose fair is leased: A, B with re-entry, V a voucher, G of the gala."""
    ledger = pair.centre.ledger
    for code, product, session in (
        ("A", world.SINGLE, 0),
        ("B", world.RE_ENTRY, 0),
        ("V", world.VOUCHER, 0),
        ("G", world.GALA, 3),
        ("S", world.SEASON, 0),
    ):
        ledger.issue(code, product, session=session)
    assert ledger.says("G") == "ok"
    assert ledger.says("S") == "ok"
    pair.grant()
    pair.talk(2)
    return pair


def wish_for(pair: Pair, code: str, kind: str = "void", n: int = 1) -> str:
    """Let the centre wish something; return what became of it."""
    wish = bytes(15) + bytes([n])
    pair.centre.ledger.do(
        MakeWish(request_id=f"w{n}", wish=wish, ticket=key("ticket " + code), kind=kind)
    )
    pair.talk(2)
    return str(pair.centre.ledger.row(t.WISH, wish).reason)


def test_people_and_uses_from_before_the_lease_are_known_at_the_host(leased: Pair) -> None:
    host = leased.host.ledger
    assert host.inside() == leased.centre.ledger.inside() == 2
    assert host.says("G") == "already_used"
    assert host.says("S") == "limit_reached"
    assert host.row(t.SESSION_COUNT, 3).admitted == 1
    assert leased.verified() == []


def test_a_passage_that_was_reported_is_followed_whatever_it_was(leased: Pair) -> None:
    host = leased.host.ledger
    for n, passage in enumerate((Passage.passed, Passage.no_passage)):
        assert host.says("AB"[n], request_id=f"entry{n}") == "ok"
        host.passage(f"entry{n}", passage)
    leased.talk(2)
    assert leased.differences() == []
    assert leased.verified() == []


def test_enclosures_travel_and_an_erased_one_travels_empty(leased: Pair) -> None:
    host = leased.host.ledger
    person = Enclosure("person", b"s" * 32, b'{"name": "Li"}')
    issue = host.issue_command("H", home=_fair(leased), segments=(_fair(leased),))
    host.do(msgspec.structs.replace(issue, enclosures=(person,)))
    other = host.issue_command("K", home=_fair(leased), segments=(_fair(leased),))
    host.do(msgspec.structs.replace(other, enclosures=(person,)))
    host.do(Erase(request_id="erase", ticket=key("ticket K")))
    leased.talk(2)
    bodies = {row.ticket: row.body for row in leased.centre.ledger.rows(t.ENCLOSURE)}
    assert bodies == {key("ticket H"): b'{"name": "Li"}', key("ticket K"): b""}
    assert leased.differences() == []


def _fair(pair: Pair) -> int:
    heads = pair.host.ledger.rows(t.HEAD)
    return int(next(head.number for head in heads if head.period == "fair"))


def test_who_is_forgotten_at_the_venue_is_forgotten_at_the_centre(leased: Pair) -> None:
    host, ledger = leased.host.ledger, leased.centre.ledger
    person = Enclosure("person", b"s" * 32, b'{"name": "Li"}')
    issue = host.issue_command("H", home=_fair(leased), segments=(_fair(leased),), holder="Li")
    host.do(msgspec.structs.replace(issue, enclosures=(person,)))
    leased.talk(2)
    assert [row.body for row in ledger.rows(t.ENCLOSURE)] == [b'{"name": "Li"}']
    host.do(Erase(request_id="erase", ticket=key("ticket H")))
    leased.talk(2)
    assert [row.body for row in ledger.rows(t.ENCLOSURE)] == [b""]
    assert ledger.row(t.TICKET, key("ticket H")).holder == ""
    assert leased.verified() == []


def test_a_host_does_only_what_its_lease_gives(pair: Pair) -> None:
    pair.centre.ledger.issue("V", world.VOUCHER)
    pair.grant(rights=("admit",))
    pair.talk(2)
    host, fair = pair.host.ledger, _fair(pair)
    with pytest.raises(NotPossible):
        host.do(host.issue_command("N", home=fair, segments=(fair,)))
    exchange = Exchange(request_id="x", lookups=(key("V"),), fresh=Credential("code", b"f"))
    assert host.fact(exchange, ExchangeFact).reason == "held_elsewhere"
    assert pair.verified() == []


def test_acts_by_hand_sealed_at_the_host_are_the_hosts_own(leased: Pair) -> None:
    leased.host.ledger.do(
        Seal(request_id="aa" * 16, entry=bytes.fromhex("aa" * 16), digest=bytes(32))
    )
    leased.talk(2)
    assert leased.verified() == []


def test_a_page_of_the_journal_closes_alike_on_both_sides(
    leased: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PAGE_ROWS_MAX", 3)
    for _ in range(7):
        leased.host.ledger.says("A")
    leased.talk(2)
    pages = {
        name: [
            row[1:]
            for row in getattr(leased, name).ledger.rows(t.PAGE)
            if row.epoch == leased.leases("host")[0].epoch
        ]
        for name in ("centre", "host")
    }
    assert pages["host"]
    assert pages["centre"] == pages["host"]


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (Exchange(request_id="x", lookups=(key("V"),), fresh=Credential("code", b"f")), "V"),
        (SetStatus(request_id="s", ticket=key("ticket A"), status=Status.unpaid), "A"),
    ],
)
def test_a_wish_meets_what_happened_at_the_host(
    leased: Pair, what: Exchange | SetStatus, reason: str
) -> None:
    leased.host.ledger.do(what)
    told = wish_for(leased, reason)
    assert told == ("already_exchanged" if reason == "V" else "ok")


def test_an_unblock_is_granted_to_what_was_blocked_alone(leased: Pair) -> None:
    assert wish_for(leased, "A", "unblock", 1) == "not_possible"
    assert wish_for(leased, "A", "block", 2) == "ok"
    assert wish_for(leased, "A", "unblock", 3) == "ok"
    assert leased.host.ledger.says("A") == "ok"


def test_a_wish_that_reaches_a_host_without_the_lease_is_left_to_the_centre(
    leased: Pair,
) -> None:
    host = leased.host.ledger
    host.do(ReturnLease(request_id="r", lease=LEASE))
    wish = bytes(15) + b"9"
    with pytest.raises(NotPossible):
        host.do(
            AnswerWish(request_id=wish_id(wish), wish=wish, ticket=key("ticket A"), kind="void")
        )


def test_a_ticket_of_two_places_is_not_voided_by_one_of_them(pair: Pair) -> None:
    ledger = pair.centre.ledger
    other = ledger.segment("elsewhere")
    ledger.issue("both", world.COMBINED, segments=(pair.period, other))
    pair.grant()
    pair.talk(2)
    assert wish_for(pair, "both") == "held_elsewhere"


def test_a_document_taken_over_from_a_void_ticket_is_the_new_ones_at_the_host_too(
    leased: Pair,
) -> None:
    host, centre = leased.host.ledger, leased.centre.ledger
    fair = _fair(leased)
    papers = (Credential("document", key("paper")),)
    host.do(host.issue_command("N1", home=fair, segments=(fair,), credentials=papers))
    host.do(SetStatus(request_id="s", ticket=key("ticket N1"), status=Status.void))
    host.do(host.issue_command("N2", home=fair, segments=(fair,), credentials=papers))
    assert host.says("paper", kind="document") == "ok"
    leased.talk(2)
    assert leased.differences() == []
    assert centre.row(t.CREDENTIAL, key("paper")).ticket == key("ticket N2")


def test_an_erasure_of_a_ticket_elsewhere_does_not_trouble_the_host(leased: Pair) -> None:
    ledger = leased.centre.ledger
    other = ledger.segment("elsewhere")
    ledger.issue("out", home=other, segments=(other,))
    ledger.do(Erase(request_id="erase", ticket=key("ticket out")))
    leased.talk()
    assert key("ticket out") not in {row.id for row in leased.host.ledger.rows(t.TICKET)}
    assert leased.leases("host")[0].cursor > 0


def test_rows_under_the_epoch_after_the_lease_are_not_the_lessees(leased: Pair) -> None:
    ledger = leased.centre.ledger
    leased.host.ledger.do(ReturnLease(request_id="r", lease=LEASE))
    up = unseal(take_apart(leased.up()), leased.host.checks, Up)
    page = next(page for page in up.pages if page.segment.period == "fair")
    # The segment is given back before the node's own journal tells that the lease is.
    ledger.do(ImportRows(node=HOST, segment=page.segment, lease=LEASE, rows=tuple(page.rows)))
    head = next(head for head in ledger.rows(t.HEAD) if head.period == "fair")
    fact = StatusFact(rules=(1, 1), ticket=key("ticket A").hex(), status=3, before=0)
    row = WireRow(head.epoch, head.seq + 1, at(10), HOST, "status", "q", payload_of(fact), b"")
    with pytest.raises(NotAllowed):
        ledger.do(
            ImportRows(
                node=HOST,
                segment=SegmentName(head.uuid, "park", "fair"),
                lease=LEASE,
                rows=(row,),
            )
        )


def test_a_centre_that_cannot_write_says_so_and_nothing_is_lost(leased: Pair) -> None:
    leased.host.ledger.says("A")
    up = unseal(take_apart(leased.up()), leased.host.checks, Up)
    reader = leased.centre.ledger.reader()
    here = centre.Here(CENTRE, leased.grants.get, at(10))
    with pytest.raises(QueueFull):
        centre.answer(reader.raw, lambda _: [QueueFull()], up, here)
    reader.close()
    leased.talk(2)
    assert leased.backlog() == 0


def test_a_segment_that_met_a_fault_does_not_hold_up_the_others(leased: Pair) -> None:
    leased.host.ledger.says("A")
    leased.host.ledger.says("nobody's")
    up = unseal(take_apart(leased.up()), leased.host.checks, Up)
    page = next(page for page in up.pages if page.segment.period == "fair")
    strange = msgspec.structs.replace(
        page, rows=Rows([msgspec.structs.replace(page.rows[0], kind="dance")])
    )
    told = msgspec.structs.replace(up, pages=(strange, page, *up.pages))
    reader = leased.centre.ledger.reader()
    ledger = leased.centre.ledger
    down = centre.answer(
        reader.raw,
        lambda commands: ledger.batch(*commands),
        told,
        centre.Here(CENTRE, leased.grants.get, at(10)),
    )
    reader.close()
    assert down.faults == ((page.segment.uuid, "misuse"),)
    assert any(row.kind == "admission" for row in ledger.rows(t.JOURNAL))


def test_a_host_that_cannot_write_learns_it_and_hears_again(leased: Pair) -> None:
    leased.centre.ledger.issue("late")
    data = leased.down(leased.up())
    reader = leased.host.ledger.reader()
    down = leased.opened(data)
    with pytest.raises(QueueFull):
        lessee.hear(reader.raw, lambda _: [QueueFull()], down, leased.open_grant)
    reader.close()
    leased.hear(data)
    assert leased.host.ledger.says("late") == "ok"


def test_a_grant_heard_twice_is_taken_once(pair: Pair) -> None:
    pair.centre.ledger.issue("A")
    pair.grant()
    data = pair.down(pair.up())
    pair.hear(data)
    pair.hear(data)
    pair.talk(2)
    assert len(pair.leases("host")) == 1
    assert pair.verified() == []


def test_news_and_deltas_of_a_lease_that_is_over_are_passed_over(leased: Pair) -> None:
    leased.centre.ledger.issue("late")
    data = leased.down(leased.up())
    leased.host.ledger.do(ReturnLease(request_id="r", lease=LEASE))
    leased.hear(data)
    assert key("ticket late") not in {row.id for row in leased.host.ledger.rows(t.TICKET)}


def test_what_was_sold_is_taken_in_once_however_often_it_is_told(leased: Pair) -> None:
    host = leased.host.ledger
    leased.centre.ledger.issue("late")
    data = leased.down(leased.up())
    leased.hear(data)
    loads = host.kinds().count("load")
    assert host.says("late") == "ok"
    leased.hear(data)
    assert host.kinds().count("load") == loads
    assert host.says("late") == "already_used"
    assert leased.verified() == []


def test_rules_changed_at_the_centre_reach_the_host_once(leased: Pair) -> None:
    rules = fair_rules()
    leased.centre.ledger.publish(replace(rules, zones={**rules.zones}))
    data = leased.down(leased.up())
    leased.hear(data)
    leased.hear(data)
    leased.talk()
    versions = [row.version for row in leased.host.ledger.rows(t.BUNDLE) if row.layer == "centre"]
    assert versions == [1, 2]
    assert leased.verified() == []


def test_a_second_code_of_a_ticket_opens_it_at_the_centre_after_the_return(leased: Pair) -> None:
    host = leased.host.ledger
    second = Credential("card", key("card"))
    host.do(Bind(request_id="b", ticket=key("ticket A"), credential=second))
    host.do(ReturnLease(request_id="r", lease=LEASE))
    leased.talk(3)
    assert leased.centre.ledger.says("card", kind="card") == "ok"


def test_entries_of_a_day_before_told_after_todays_are_followed(leased: Pair) -> None:
    host = leased.host.ledger
    assert host.says("B") == "ok"
    assert late(host, "B", at(9, day=-1)) == "already_used"
    leased.talk(2)
    assert leased.differences() == []
    assert leased.verified() == []


def test_who_went_in_with_a_ticket_that_opens_nothing_is_told_and_counts_nowhere(
    pair: Pair,
) -> None:
    centre, host = pair.centre.ledger, pair.host.ledger
    rules = fair_rules()
    nothing = world.product(9)
    centre.publish(replace(rules, products={**rules.products, 9: nothing}))
    centre.issue("N", 9)
    pair.grant()
    pair.talk(2)
    late(host, "N", at(9))
    pair.talk(2)
    told = [row for row in centre.rows(t.JOURNAL) if row.kind == "record"]
    assert [row.node for row in told] == [HOST]
    assert [ledger.inside() for ledger in (centre, host)] == [0, 0]
    assert pair.differences() == []
    assert pair.verified() == []


def test_a_code_replaced_twice_is_followed_however_it_was_told(leased: Pair) -> None:
    host = leased.host.ledger
    for n in (2, 3):
        code = Credential("code", key(f"A{n}"), b"sealed")
        host.do(Bind(request_id=f"b{n}", ticket=key("ticket A"), credential=code, replaces=True))
        leased.talk(2)
    assert leased.differences() == []
    assert leased.verified() == []


def test_ready_told_of_a_lease_that_was_broken_meanwhile_changes_nothing(pair: Pair) -> None:
    pair.centre.ledger.issue("A")
    pair.grant()
    pair.talk()
    assert pair.leases("host")[0].state == LeaseState.ready
    pair.centre.ledger.do(
        BreakLease(request_id="break", actor="wang", second="han", reason_text="burnt", lease=LEASE)
    )
    pair.talk(2)
    assert pair.leases("centre")[0].state == LeaseState.broken
    assert pair.verified() == []


def test_what_is_sold_for_another_place_is_not_told_to_this_host(leased: Pair) -> None:
    ledger = leased.centre.ledger
    other = ledger.segment("elsewhere")
    ledger.issue("out", home=other, segments=(other,))
    ledger.issue("late")
    leased.talk()
    known = {row.id for row in leased.host.ledger.rows(t.TICKET)}
    assert key("ticket late") in known
    assert key("ticket out") not in known


def test_a_ticket_that_opens_nothing_travels_too(pair: Pair) -> None:
    rules = fair_rules()
    nothing = world.product(9)
    pair.centre.ledger.publish(replace(rules, products={**rules.products, 9: nothing}))
    ticket = pair.centre.ledger.issue("none", 9)
    pair.grant()
    pair.talk(2)
    assert ticket in {row.id for row in pair.host.ledger.rows(t.TICKET)}
    assert pair.host.ledger.says("none") == "wrong_zone"
    assert pair.verified() == []


def test_a_ticket_changed_and_shown_in_one_batch_is_read_once(leased: Pair) -> None:
    host = leased.host.ledger
    cursor = leased.leases("host")[0].cursor + 1
    erased = ApplyDelta(lease=LEASE, cursor=cursor, erased=(key("ticket A"),))
    shown = host.admit_command("A", lookups=(key("no such"), key("A")))
    _, outcome = host.batch(erased, shown)
    assert fact_of(outcome, AdmissionFact).reason == "ok"
    assert leased.verified() == []
