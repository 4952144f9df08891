"""Tickets sold after the cut: what each way of showing one comes to at a host that is cut off."""

from dataclasses import replace
from typing import Any

import pytest

from paifang.core.leases import LeaseState
from paifang.ledger import tables as t
from paifang.ledger.commands import Bind, Credential, Record, SignedTicket
from paifang.ledger.facts import AdmissionFact, RecordFact
from paifang.ledger.lease_commands import ReturnLease
from tests.ledger import world
from tests.ledger.venue import Venue, key
from tests.ledger.world import at
from tests.sync.copies import copied, restore
from tests.sync.nodes import LEASE, Pair, fair_rules


@pytest.fixture
def cut(pair: Pair) -> Pair:
    """A pair whose fair is leased; then S, a signed single, is sold at the centre."""
    centre = pair.centre.ledger
    rules = fair_rules()
    single = replace(
        rules.products[world.SINGLE],
        signed_codes=True,
        entitlements=(replace(world.HALL, valid_from_ms=at(0), valid_until_ms=at(0, day=3)),),
    )
    centre.publish(replace(rules, products={**rules.products, world.SINGLE: single}))
    pair.grant()
    pair.talk(2)
    centre.issue("S")
    return pair


def show(ledger: Venue, code: str, *, product: int = world.SINGLE, **more: Any) -> AdmissionFact:
    """Show a signed code at the north gate."""
    command = ledger.admit_command(
        code, ticket=key("ticket " + code), signed=SignedTicket(product, 0, 0, 0, 1), **more
    )
    return ledger.fact(command, AdmissionFact)


def test_by_its_signed_code_it_enters_once_and_by_others_not_yet(cut: Pair) -> None:
    host = cut.host.ledger
    assert host.says("S") == "unknown"
    assert show(host, "S").reason == "ok"
    assert show(host, "S").reason == "already_used"
    assert cut.verified() == []


def test_when_the_line_is_back_both_know_the_same_of_it(cut: Pair) -> None:
    host = cut.host.ledger
    assert show(host, "S").reason == "ok"
    cut.talk(2)
    assert host.says("S") == "already_used"
    cut.talk(2)
    assert cut.backlog() == 0
    assert cut.differences() == []
    assert cut.verified() == []


def test_a_refusal_keeps_nothing_of_a_ticket_nobody_told_of(cut: Pair) -> None:
    host = cut.host.ledger
    assert show(host, "S", gate="hedge").reason == "wrong_zone"
    assert host.rows(t.TICKET) == []
    assert cut.verified() == []


def test_told_afterwards_it_is_counted_too(cut: Pair) -> None:
    host = cut.host.ledger
    admit = host.admit_command(
        "S", ticket=key("ticket S"), signed=SignedTicket(world.SINGLE, 0, 0, 0, 1)
    )
    command = Record(request_id=admit.request_id, admit=admit, at_ms=at(9))
    assert host.fact(command, RecordFact).people == 1
    cut.talk(3)
    assert cut.differences() == []
    assert cut.verified() == []


@pytest.mark.parametrize("product", [world.RE_ENTRY, 99])
def test_of_a_product_without_signed_codes_it_stays_unknown(cut: Pair, product: int) -> None:
    assert show(cut.host.ledger, "S", product=product).reason == "unknown"


def test_at_the_centre_no_signed_code_stands_for_a_ticket_that_was_never_issued(
    cut: Pair,
) -> None:
    assert show(cut.centre.ledger, "never").reason == "unknown"


def test_for_a_segment_the_host_does_not_hold_it_is_unknown(cut: Pair) -> None:
    host = cut.host.ledger
    told = SignedTicket(world.SINGLE, 0, 0, 0, 1)
    period = next(head for head in host.rows(t.HEAD) if head.period == "fair")
    host.engine.begin()
    host.engine.put(t.HEAD, (period._replace(period="past"),))
    host.engine.commit()
    command = host.admit_command("S", ticket=key("ticket S"), signed=told)
    assert host.fact(command, AdmissionFact).reason == "unknown"


def test_a_signed_code_that_was_replaced_opens_no_more(cut: Pair) -> None:
    host = cut.host.ledger
    cut.talk()
    host.do(
        Bind(
            request_id="b",
            ticket=key("ticket S"),
            credential=Credential("code", key("S2"), b"sealed"),
            replaces=True,
        )
    )
    assert show(host, "S").reason == "void"
    assert host.says("S2") == "ok"


def test_a_centre_that_forgot_the_sale_is_told_of_who_entered_by_a_signed_code(cut: Pair) -> None:
    copy = copied(cut.centre.ledger)
    centre = cut.centre.ledger
    centre.issue("late")
    host = cut.host.ledger
    assert show(host, "late").reason == "ok"
    restore(centre, copy)
    cut.talk(5)
    assert centre.row(t.USE, key("ticket late"), 0).uses == 1
    assert cut.backlog() == 0
    assert cut.differences() == []
    assert cut.verified() == []
    host.do(ReturnLease(request_id="r", lease=LEASE))
    cut.talk(2)
    assert show(centre, "late").reason == "already_used"


def test_what_entered_unseen_counts_once_though_the_next_lease_has_it_too(cut: Pair) -> None:
    centre, host = cut.centre.ledger, cut.host.ledger
    copy = copied(centre)
    centre.issue("late")
    assert show(host, "late").reason == "ok"
    host.do(ReturnLease(request_id="r", lease=LEASE))
    cut.talk(2)
    second = bytes(15) + b"2"
    cut.grant(second)
    cut.talk(2)
    restore(centre, copy)
    cut.talk(6)
    states = {lease.id: lease.state for lease in centre.rows(t.LEASE)}
    assert states == {LEASE: LeaseState.broken, second: LeaseState.ready}
    assert centre.row(t.USE, key("ticket late"), 0).uses == 1
    assert show(host, "late").reason == "already_used"
    cut.talk(2)
    assert cut.backlog() == 0
    assert cut.verified() == []
