"""Products whose codes prove themselves, or change: what is issued, kept and shown of them."""

import time

import pytest

from paifang.core.codes import Form, code_of_stem, is_stem, recognise, step_at
from paifang.ledger.commands import Admit, SignedTicket
from paifang.ledger.facts import AdmissionFact
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee, Issued
from paifang.services.live.readings import CodeReader
from paifang.store import models
from tests.desk_makers import Venue, commit, issue, issuer, make_venue


def signed_venue() -> Venue:
    """Return a venue whose product has signed codes."""
    venue = make_venue()
    models.Product.objects.filter(pk=venue.product.pk).update(signed_codes=True)
    return venue


def reading(desk: DeskContext, venue: Venue, code: str) -> Admit:
    """Return what a gate asks when a code is shown."""
    rules = desk.ledger.rules()
    gate = rules.centre.gates[venue.gate.slug]
    found = CodeReader(desk.keys).read(rules, gate, code, "auto", time.time_ns() // 1_000_000)
    return Admit(
        request_id=f"r-{code[-6:]}-{time.time_ns()}",
        terminal=venue.terminal.pk.hex,
        gate=gate.slug,
        lookups=found.lookups,
        ticket=found.ticket,
        signed=found.signed,
        verdict=found.verdict,
    )


def reason(desk: DeskContext, ask: Admit) -> str:
    """Return what the ledger says to a gate."""
    (answer,) = commit(desk, ask)
    fact = answer.decoded()
    assert isinstance(fact, AdmissionFact)
    return fact.reason


def test_a_signed_code_says_product_people_and_ticket(desk: DeskContext) -> None:
    venue = signed_venue()
    (issued,) = issue(desk, venue, [Attendee(name="Li", people=3)])
    assert recognise(issued.code)[0].form is Form.signed
    assert len(issued.code) == 167
    ask = reading(desk, venue, issued.code)
    assert ask.ticket == issued.command.ticket
    assert ask.signed == SignedTicket(venue.product.number, 0, 0, 0, 3)
    assert reason(desk, ask) == "ok"


def test_the_rules_name_the_key_that_signs(desk: DeskContext) -> None:
    signed_venue()
    publish()
    assert desk.ledger.rules().centre.issuing_keys == (desk.keys.public_key,)


def test_a_signed_code_that_was_replaced_opens_no_more(desk: DeskContext) -> None:
    venue = signed_venue()
    (issued,) = issue(desk, venue, [Attendee(name="Li")])
    fresh = issuer(desk, venue).fresh_code(issued.command.ticket, "again")
    commit(desk, fresh)
    assert reason(desk, reading(desk, venue, issued.code)) == "void"
    value = desk.keys.unseal(
        desk.ledger.rules().centre.events[venue.event.number], fresh.credential.sealed
    )
    assert len(value) == 16
    assert reason(desk, reading(desk, venue, value)) == "ok"


def changing_venue(*, signed: bool) -> Venue:
    """Return a venue whose product has codes that change."""
    venue = make_venue()
    models.Product.objects.filter(pk=venue.product.pk).update(
        rotating_codes=True, signed_codes=signed
    )
    return venue


def now_shown(desk: DeskContext, venue: Venue, one: Issued, steps_late: int = 0) -> str:
    """Return what a ticket's page shows now, or showed some steps ago."""
    event = desk.ledger.rules().centre.events[venue.event.number]
    step = step_at(int(time.time())) - steps_late
    ticket = one.command.ticket
    return code_of_stem(one.code, step, lambda told: desk.keys.rotation_mac(event, ticket, told))


@pytest.mark.parametrize(("signed", "form"), [(False, Form.rotating), (True, Form.signed_rotating)])
def test_a_code_that_changes_opens_now_and_not_as_a_picture(
    desk: DeskContext, *, signed: bool, form: Form
) -> None:
    venue = changing_venue(signed=signed)
    (issued,) = issue(desk, venue, [Attendee(name="Li", people=2)])
    assert is_stem(issued.code)
    assert recognise(now_shown(desk, venue, issued))[0].form is form
    # What is kept of it is no code; without a kind a short one might still be an account.
    kept = reason(desk, reading(desk, venue, issued.code))
    assert kept == ("malformed" if signed else "unknown")
    assert reason(desk, reading(desk, venue, now_shown(desk, venue, issued, 4))) == "code_too_old"
    assert reason(desk, reading(desk, venue, now_shown(desk, venue, issued, -4))) == "clock_off"
    assert reason(desk, reading(desk, venue, now_shown(desk, venue, issued))) == "ok"


@pytest.mark.parametrize("signed", [False, True])
def test_with_another_code_the_changing_one_ends(desk: DeskContext, *, signed: bool) -> None:
    venue = changing_venue(signed=signed)
    (issued,) = issue(desk, venue, [Attendee(name="Li")])
    commit(desk, issuer(desk, venue).fresh_code(issued.command.ticket, "again"))
    assert reason(desk, reading(desk, venue, now_shown(desk, venue, issued))) == "void"
