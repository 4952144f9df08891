"""Further ways to name a ticket, exchanged vouchers, and what the issuer says later."""

from contextlib import closing

import pytest

from paifang.core.tickets import Authority, CredentialState, Status
from paifang.ledger import tables as t
from paifang.ledger.commands import Annul, Bind, Credential, Exchange, SetStatus
from paifang.ledger.facts import BindFact, ExchangeFact, StatusFact
from paifang.ledger.faults import InUse, NotFound, NotPossible, Taken
from tests.ledger import world
from tests.ledger.venue import Venue, fault_of, key, reasons


def bind(
    venue: Venue, ticket: bytes, code: str, kind: str = "code", *, replaces: bool = False
) -> BindFact:
    command = Bind(ticket=ticket, credential=Credential(kind, key(code), b"s"), replaces=replaces)
    return venue.fact(command, BindFact)


def exchange(venue: Venue, shown: str, fresh: str = "fresh") -> ExchangeFact:
    command = Exchange(
        lookups=(key(shown),), fresh=Credential("code", key(fresh), b"s"), terminal="t1", staff="li"
    )
    return venue.fact(command, ExchangeFact)


# Binding.


def test_a_further_card_opens_the_same_ticket(venue: Venue) -> None:
    ticket = venue.issue("A")
    assert bind(venue, ticket, "card", "card").ended == ()
    assert [venue.says("card"), venue.says("A")] == ["ok", "already_used"]


def test_a_replaced_code_is_void_and_no_longer_readable(venue: Venue) -> None:
    ticket = venue.issue("A")
    bind(venue, ticket, "card", "card")
    fact = bind(venue, ticket, "B", replaces=True)
    assert fact.ended == (key("A").hex(),)
    assert [venue.says("A"), venue.says("card"), venue.says("B")] == ["void", "ok", "already_used"]
    old = venue.row(t.CREDENTIAL, key("A"))
    assert (old.state, old.sealed) == (CredentialState.replaced, b"")


def test_codes_replaced_one_after_the_other_in_one_batch(venue: Venue) -> None:
    ticket = venue.issue("A")
    commands = [
        Bind(ticket=ticket, credential=Credential("code", key(code)), replaces=True)
        for code in "BC"
    ]
    venue.batch(*commands)
    assert [venue.says(code) for code in "ABC"] == ["void", "void", "ok"]


def test_a_credential_in_use_is_not_bound_again(venue: Venue) -> None:
    ticket = venue.issue("A")
    venue.issue("B")
    with pytest.raises(Taken):
        bind(venue, ticket, "B")


def test_a_ticket_that_is_not_there_gets_no_code(venue: Venue) -> None:
    with pytest.raises(NotFound):
        bind(venue, key("none"), "B")


def test_a_code_is_bound_where_the_ticket_is_decided(venue: Venue) -> None:
    ticket = venue.issue("A")
    venue.lend(venue.home, Authority.elsewhere)
    with pytest.raises(NotPossible):
        bind(venue, ticket, "B")


# Exchanging.


def test_a_voucher_is_exchanged_for_a_ticket_once(venue: Venue) -> None:
    ticket = venue.issue("V", world.VOUCHER)
    assert venue.says("V") == "exchange_required"
    fact = exchange(venue, "V")
    assert (fact.reason, fact.ticket, fact.hash) == ("ok", ticket.hex(), key("fresh").hex())
    assert (fact.ended, fact.terminal, fact.staff) == ((key("V").hex(),), "t1", "li")
    assert [venue.says("V"), venue.says("fresh")] == ["already_exchanged", "ok"]
    assert exchange(venue, "V", "another").reason == "already_exchanged"
    assert exchange(venue, "fresh", "another").reason == "already_exchanged"
    assert venue.says("another") == "unknown"


def test_a_voucher_exchanged_by_document_no_longer_admits_by_its_code(venue: Venue) -> None:
    both = (Credential("code", key("V")), Credential("document", key("card")))
    venue.issue("V", world.VOUCHER, credentials=both)
    assert exchange(venue, "card").ended == (key("V").hex(),)
    assert [venue.says("V"), venue.says("card")] == ["already_exchanged", "ok"]


def test_two_machines_exchange_one_voucher_in_one_batch(venue: Venue) -> None:
    venue.issue("V", world.VOUCHER)
    outcomes = venue.batch(
        *(Exchange(lookups=(key("V"),), fresh=Credential("code", key(c))) for c in "XY")
    )
    said = [answer.decoded().reason for answer in outcomes]  # type: ignore[union-attr]
    assert said == ["ok", "already_exchanged"]


def test_what_is_no_voucher_is_a_ticket_already(venue: Venue) -> None:
    venue.issue("A")
    assert exchange(venue, "A").reason == "already_exchanged"


def test_an_unknown_voucher_is_refused(venue: Venue) -> None:
    fact = exchange(venue, "none")
    assert (fact.reason, fact.ticket, fact.hash, fact.ended) == ("unknown", "", "", ())


@pytest.mark.parametrize("status", [Status.void, Status.refunded, Status.blocked, Status.unpaid])
def test_a_voucher_that_does_not_hold_is_not_exchanged(venue: Venue, status: Status) -> None:
    venue.issue("V", world.VOUCHER, status=status)
    assert exchange(venue, "V").reason == status.name


def test_a_replaced_vouchers_code_is_void(venue: Venue) -> None:
    ticket = venue.issue("V", world.VOUCHER)
    bind(venue, ticket, "W", replaces=True)
    assert exchange(venue, "V").reason == "void"


def test_a_voucher_of_another_host_is_exchanged_there(venue: Venue) -> None:
    venue.issue("V", world.VOUCHER)
    venue.lend(venue.home, Authority.elsewhere)
    assert exchange(venue, "V").reason == "held_elsewhere"


def test_a_fresh_code_must_be_fresh(venue: Venue) -> None:
    venue.issue("V", world.VOUCHER)
    venue.issue("A")
    with pytest.raises(Taken):
        exchange(venue, "V", "A")
    assert exchange(venue, "V").reason == "ok"


# What the issuer says.

ALLOWED = {
    Status.valid: {Status.blocked, Status.void, Status.refunded, Status.unpaid},
    Status.unpaid: {Status.valid, Status.blocked, Status.void},
    Status.blocked: {Status.valid, Status.void, Status.refunded},
    Status.void: {Status.refunded},
    Status.refunded: set(),
}


@pytest.mark.parametrize("before", list(Status))
@pytest.mark.parametrize("after", list(Status))
def test_a_status_changes_only_as_it_may(
    sqlite_venue: Venue, before: Status, after: Status
) -> None:
    venue = sqlite_venue
    ticket = venue.issue("A", status=before)
    command = SetStatus(ticket=ticket, status=after, reason_text="told so")
    if after in ALLOWED[before]:
        fact = venue.fact(command, StatusFact)
        assert (fact.status, fact.before, fact.reason_text) == (after, before, "told so")
        assert venue.says("A") == ("ok" if after is Status.valid else after.name)
    else:
        with pytest.raises(NotPossible):
            venue.do(command)


def test_a_blocked_ticket_is_turned_away_until_it_is_unblocked(venue: Venue) -> None:
    ticket = venue.issue("A")
    venue.do(SetStatus(ticket=ticket, status=Status.blocked))
    assert venue.says("A") == "blocked"
    venue.do(SetStatus(ticket=ticket, status=Status.valid))
    assert venue.says("A") == "ok"


def test_a_status_in_a_batch_holds_for_the_scan_behind_it(venue: Venue) -> None:
    ticket = venue.issue("A")
    void = SetStatus(ticket=ticket, status=Status.void)
    _, scanned = venue.batch(void, venue.admit_command("A"))
    assert scanned.decoded().reason == "void"  # type: ignore[union-attr]


def test_a_status_set_in_a_batch_survives_an_annulment_behind_it(venue: Venue) -> None:
    ticket = venue.issue("A")
    venue.admit("A", request_id="in")
    venue.batch(
        SetStatus(ticket=ticket, status=Status.blocked), Annul(admission="in", terminal="t1")
    )
    assert venue.says("A") == "blocked"
    assert venue.row(t.USE, ticket, 0).uses == 0


def test_a_ticket_of_another_host_is_changed_there(venue: Venue) -> None:
    ticket = venue.issue("A")
    venue.lend(venue.home, Authority.elsewhere)
    with pytest.raises(NotPossible):
        venue.do(SetStatus(ticket=ticket, status=Status.void))


def test_there_is_no_status_of_no_ticket(venue: Venue) -> None:
    with pytest.raises(NotFound):
        venue.do(SetStatus(ticket=key("none"), status=Status.void))


def test_a_desk_finds_tickets_by_what_was_typed_and_reads_what_was_sealed(venue: Venue) -> None:
    ticket, other = venue.issue("A"), venue.issue("B")
    bare = Credential("code", key("C"))
    third = venue.issue("C", credentials=(bare,))
    reader = venue.reader()
    with closing(reader):
        found = reader.tickets_of([key("B"), key("none"), key("A")])
        assert found == {key("A"): ticket, key("B"): other}
        assert reader.tickets_of([]) == {}
        tickets = [ticket, third, key("ticket none")]
        assert reader.sealed(tickets, "code") == {ticket: b"sealed"}
        assert reader.sealed(tickets, "serial") == {}


def test_an_ended_code_is_not_shown_again(venue: Venue) -> None:
    ticket = venue.issue("A")
    fresh = Credential("code", key("new"), b"new")
    venue.do(Bind(request_id="b", ticket=ticket, credential=fresh, replaces=True))
    reader = venue.reader()
    with closing(reader):
        assert reader.sealed([ticket], "code") == {ticket: b"new"}
        assert reader.tickets_of([key("A")]) == {key("A"): ticket}


def test_what_shall_be_void_if_unused_is_decided_with_the_entries_beside_it(venue: Venue) -> None:
    for code in "AB":
        venue.issue(code)
    back = [
        SetStatus(ticket=key(f"ticket {code}"), status=Status.void, unused=True) for code in "AB"
    ]
    first, taken, _, second = venue.batch(venue.admit_command("A"), *back, venue.admit_command("B"))
    assert reasons([first, second]) == ["ok", "void"]
    assert fault_of(taken) is InUse
    assert [venue.row(t.TICKET, key(f"ticket {c}")).status for c in "AB"] == [
        Status.valid,
        Status.void,
    ]


def test_an_entry_given_back_leaves_a_ticket_unused(venue: Venue) -> None:
    ticket = venue.issue("A")
    venue.admit("A", request_id="in")
    with pytest.raises(InUse):
        venue.do(SetStatus(ticket=ticket, status=Status.void, unused=True))
    venue.annul("in")
    back = SetStatus(ticket=ticket, status=Status.void, unused=True)
    assert venue.fact(back, StatusFact).status == Status.void


def test_an_exchanged_voucher_is_not_unused(venue: Venue) -> None:
    ticket = venue.issue("V", world.VOUCHER)
    exchange(venue, "V")
    with pytest.raises(InUse):
        venue.do(SetStatus(ticket=ticket, status=Status.void, unused=True))


def test_whether_a_ticket_is_used_at_another_host_is_not_guessed(venue: Venue) -> None:
    ticket = venue.issue("A", world.COMBINED, segments=(venue.home, venue.segment("june")))
    venue.lend(venue.segment("june"), Authority.elsewhere)
    with pytest.raises(NotPossible, match="another host"):
        venue.do(SetStatus(ticket=ticket, status=Status.void, unused=True))
    assert venue.fact(SetStatus(ticket=ticket, status=Status.void), StatusFact).status == 3
