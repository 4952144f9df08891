"""A lease from its grant to its return: one side decides, the other follows, nothing is lost."""

import pytest

from paifang.core.leases import LeaseState, WishState
from paifang.core.tickets import Passage, Status
from paifang.ledger import tables as t
from paifang.ledger.commands import Bind, Credential, Erase, Exchange, Record, SetStatus
from paifang.ledger.facts import AdmissionFact, ExchangeFact, RecordFact
from paifang.ledger.faults import NotPossible
from paifang.ledger.lease_commands import (
    BreakLease,
    ExtendLease,
    GrantLease,
    MakeWish,
    ReturnLease,
)
from tests.ledger import world
from tests.ledger.venue import Venue, fact_of, key
from tests.ledger.world import at
from tests.sync.nodes import HOST, LEASE, Pair

SECOND = bytes(15) + b"2"


@pytest.fixture
def leased(pair: Pair) -> Pair:
    """A pair whose fair is leased: A once, B with re-entry, G of an evening, V a voucher."""
    pair.centre.ledger.issue("A")
    pair.centre.ledger.issue("B", world.RE_ENTRY)
    pair.centre.ledger.issue("G", world.GALA, session=3)
    pair.centre.ledger.issue("V", world.VOUCHER)
    pair.grant()
    pair.talk(2)
    return pair


def late(ledger: Venue, code: str, at_ms: int, direction: str = "entry") -> str:
    """Tell a host of people who passed before; return what would have been said."""
    admit = ledger.admit_command(code, direction=direction)
    command = Record(request_id=admit.request_id, admit=admit, at_ms=at_ms)
    return ledger.fact(command, RecordFact).reason


def test_once_leased_the_host_decides_and_the_centre_does_not(leased: Pair) -> None:
    assert leased.leases("host")[0].state == LeaseState.ready
    assert leased.leases("centre")[0].state == LeaseState.ready
    assert leased.centre.ledger.says("A") == "held_elsewhere"
    assert leased.host.ledger.says("A") == "ok"
    assert leased.host.ledger.says("A") == "already_used"


def test_half_a_list_opens_no_gate(pair: Pair) -> None:
    pair.centre.ledger.issue("A")
    pair.grant()
    pair.fetches = False
    pair.talk()
    assert pair.leases("host")[0].state == LeaseState.granted
    assert pair.host.ledger.says("A") == "not_ready"
    pair.centre.ledger.issue("after")
    pair.fetches = True
    pair.talk(2)
    assert pair.host.ledger.says("A") == "ok"
    assert pair.host.ledger.says("after") == "ok"
    assert pair.verified() == []


def test_everything_the_host_did_is_the_same_at_the_centre_once_told(leased: Pair) -> None:
    host = leased.host.ledger
    assert host.says("B") == "ok"
    assert host.leaves("B") == "ok"
    assert host.says("B") == "re_entry"
    annulled = host.admit("A")
    host.passage(annulled.ticket and _request_of(host), Passage.not_shown)
    host.annul(_request_of(host))
    assert host.says("A", "south") == "ok"
    assert host.says("nobody's") == "unknown"
    assert host.says("G") == "ok"
    assert host.override("G").reason == "ok"
    assert leased.verified() == []
    leased.talk(2)
    assert leased.backlog() == 0
    assert leased.differences() == []
    assert leased.verified() == []


def _request_of(ledger: Venue) -> str:
    """Return the request of the newest admission."""
    rows = [row for row in ledger.rows(t.JOURNAL) if row.kind == "admission"]
    return str(max(rows, key=lambda row: row.seq).request_id)


def test_vouchers_credentials_and_status_are_followed(leased: Pair) -> None:
    host = leased.host.ledger
    exchanged = host.fact(
        Exchange(
            request_id="x1",
            lookups=(key("V"),),
            fresh=Credential("code", key("fresh"), b"sealed anew"),
        ),
        ExchangeFact,
    )
    assert exchanged.reason == "ok"
    host.do(Exchange(request_id="x2", lookups=(key("V"),), fresh=Credential("code", key("more"))))
    host.do(
        Bind(
            request_id="b1",
            ticket=key("ticket A"),
            credential=Credential("code", key("A2"), b"sealed"),
            replaces=True,
        )
    )
    host.do(SetStatus(request_id="s1", ticket=key("ticket B"), status=Status.blocked))
    leased.talk(2)
    assert leased.differences() == []
    assert leased.verified() == []
    host.do(ReturnLease(request_id="return", lease=LEASE, actor="wang"))
    leased.talk(3)
    assert leased.centre.ledger.says("fresh") == "ok"
    assert leased.centre.ledger.says("A") == "void"
    assert leased.centre.ledger.says("A2") == "ok"
    assert leased.centre.ledger.says("B") == "blocked"


def test_late_records_of_the_host_are_followed(leased: Pair) -> None:
    host = leased.host.ledger
    assert late(host, "B", at(9)) == "ok"
    assert late(host, "B", at(9, 30), "exit") == "ok"
    assert late(host, "A", at(9, 40)) == "ok"
    assert late(host, "A", at(9, 50)) == "already_used"
    assert late(host, "A", at(9, 50, day=-1)) == "already_used"
    assert late(host, "nobody's", at(9, 50)) == "unknown"
    leased.talk(2)
    assert leased.differences() == []
    assert leased.verified() == []


def test_a_ticket_sold_after_the_cut_enters_once_the_delta_has_come(leased: Pair) -> None:
    leased.centre.ledger.issue("late")
    assert leased.host.ledger.says("late") == "unknown"
    leased.talk()
    assert leased.host.ledger.says("late") == "ok"
    leased.talk(2)
    assert leased.backlog() == 0
    assert leased.differences() == []
    assert leased.verified() == []


def test_a_holder_amended_or_erased_at_the_centre_is_so_at_the_host(pair: Pair) -> None:
    centre, host = pair.centre.ledger, pair.host.ledger
    card, other = Credential("card", key("card")), Credential("card", key("other"))
    code = Credential("code", key("H"), b"sealed")
    centre.issue("H", content=b"old", credentials=(code, card), identity=key("row"))
    pair.grant()
    pair.talk(2)
    again = centre.issue_command(
        "H", holder="王", content=b"new", credentials=(code, other), identity=key("row")
    )
    centre.do(again)
    pair.talk()
    (ticket,) = host.rows(t.TICKET)
    assert ticket.holder == "王"
    assert host.says("card") == "void"
    centre.do(Erase(request_id="erase", ticket=ticket.id))
    pair.talk()
    assert host.rows(t.TICKET)[0].holder == ""
    assert host.says("other") == "ok"
    pair.talk(2)
    assert pair.differences() == []
    assert pair.verified() == []


def test_after_the_return_the_centre_decides_and_knows_what_was_used(leased: Pair) -> None:
    assert leased.host.ledger.says("A") == "ok"
    leased.host.ledger.do(ReturnLease(request_id="return", lease=LEASE, actor="wang"))
    assert leased.host.ledger.says("B") == "held_elsewhere"
    leased.talk(3)
    assert leased.backlog() == 0
    assert leased.centre.ledger.says("A") == "already_used"
    assert leased.centre.ledger.says("B") == "ok"
    assert leased.verified() == []


def test_leased_again_the_host_goes_on_where_the_centre_left_it(leased: Pair) -> None:
    host, centre = leased.host.ledger, leased.centre.ledger
    assert host.says("A") == "ok"
    host.do(ReturnLease(request_id="return", lease=LEASE, actor="wang"))
    leased.talk(3)
    assert centre.says("B") == "ok"
    leased.grant(SECOND)
    leased.talk(2)
    assert host.says("A") == "already_used"
    assert host.leaves("B") == "ok"
    assert host.says("B") == "re_entry"
    leased.talk(2)
    assert leased.backlog() == 0
    assert leased.differences() == []
    assert leased.verified() == []


def test_a_lease_that_is_over_opens_nothing_until_it_is_extended(leased: Pair) -> None:
    leased.clock.time_ms = at(12, day=3)
    assert leased.host.ledger.says("A") == "not_ready"
    leased.centre.ledger.do(
        ExtendLease(request_id="longer", actor="wang", lease=LEASE, not_after_ms=at(20, day=3))
    )
    leased.talk()
    assert leased.host.ledger.says("A") == "ok"
    assert leased.verified() == []


def test_a_broken_lease_ends_at_the_host_and_what_it_tells_later_is_history(leased: Pair) -> None:
    host, centre = leased.host.ledger, leased.centre.ledger
    assert host.says("B") == "ok"
    leased.talk(2)
    assert host.says("A") == "ok"
    centre.do(
        BreakLease(
            request_id="break",
            actor="wang",
            second="han",
            reason_text="the machine burnt",
            lease=LEASE,
        )
    )
    assert centre.says("B") == "already_inside"
    assert centre.says("A") == "ok"
    assert leased.verified() == []
    leased.talk()
    assert host.says("G") == "held_elsewhere"
    leased.talk(2)
    assert leased.backlog() == 0
    kept = centre.rows(t.LATE)
    assert [row.kind for row in kept if row.segment] == ["admission"]
    assert leased.verified() == []


def test_a_wish_is_granted_once_and_only_for_what_is_unused(leased: Pair) -> None:
    host, centre = leased.host.ledger, leased.centre.ledger
    assert host.says("A") == "ok"
    for n, (code, kind) in enumerate((("A", "void"), ("B", "void"), ("B", "void"), ("G", "block"))):
        centre.do(
            MakeWish(
                request_id=f"wish{n}",
                actor="wang",
                wish=bytes(15) + bytes([n]),
                ticket=key("ticket " + code),
                kind=kind,
                refund=True,
            )
        )
    leased.talk(3)
    wishes = centre.rows(t.WISH)
    assert [(wish.state, wish.reason) for wish in wishes] == [
        (WishState.refused, "already_used"),
        (WishState.granted, "ok"),
        (WishState.refused, "void"),
        (WishState.granted, "ok"),
    ]
    assert host.says("B") == "void"
    assert host.says("G") == "blocked"
    leased.talk(2)
    assert leased.differences() == []
    assert leased.verified() == []


def test_a_wish_for_a_ticket_not_heard_of_yet_waits_for_it(leased: Pair) -> None:
    centre = leased.centre.ledger
    centre.issue("late")
    centre.do(
        MakeWish(request_id="w", actor="wang", wish=SECOND, ticket=key("ticket late"), kind="void")
    )
    leased.talk(3)
    (wish,) = centre.rows(t.WISH)
    assert wish.state == WishState.granted
    assert leased.host.ledger.says("late") == "void"


def test_the_same_request_gets_the_hosts_answer_at_the_centre_too(leased: Pair) -> None:
    told = leased.host.ledger.admit_command("A", request_id="intent")
    assert leased.host.ledger.fact(told, AdmissionFact).reason == "ok"
    leased.talk(2)
    answer = leased.centre.ledger.do(told)
    assert not answer.new
    assert fact_of(answer, AdmissionFact).reason == "ok"


def test_told_twice_in_the_wrong_order_or_late_it_comes_to_the_same(leased: Pair) -> None:
    assert leased.host.ledger.says("A") == "ok"
    early = leased.up()
    assert leased.host.ledger.says("B") == "ok"
    later = leased.up()
    answers = [leased.down(data) for data in (later, early, later)]
    for data in (answers[2], answers[0], answers[1], answers[0]):
        leased.hear(data)
    leased.talk()
    assert leased.backlog() == 0
    assert leased.differences() == []
    assert leased.verified() == []


def test_a_slow_line_gets_through_a_row_at_a_time(leased: Pair) -> None:
    for _ in range(5):
        leased.host.ledger.says("nobody's")
    assert leased.host.ledger.says("A") == "ok"
    rounds = 0
    while leased.backlog():
        leased.talk(bytes_max=1)
        rounds += 1
    assert 5 < rounds < 60
    assert leased.differences() == []
    assert leased.verified() == []


def test_a_host_of_another_site_is_refused_a_second_lease_on_it(leased: Pair) -> None:
    with pytest.raises(NotPossible):
        leased.centre.ledger.do(
            GrantLease(
                request_id="again",
                actor="wang",
                lease=SECOND,
                site="park",
                periods=("fair",),
                lessee=HOST,
                rights=("admit",),
                not_after_ms=at(12, day=3),
            )
        )
