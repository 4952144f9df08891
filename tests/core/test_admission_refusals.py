"""What the ticket as a whole, its code, the zone and the person decide, whatever is left of it."""

from dataclasses import replace
from typing import Any

import pytest

from paifang.core.rules import EntitlementRule, Identity, Reentry
from paifang.core.tickets import Authority, CredentialState, Status
from tests.core.guest import HOME, Guest
from tests.ledger.world import HALL, SHOW, at

GARDEN = EntitlementRule("garden")
CHAMBER = EntitlementRule("chamber", reentry=Reentry.after_exit)


@pytest.mark.parametrize("verdict", ["forged", "copied", "code_too_old", "clock_off", "malformed"])
def test_a_code_that_fails_its_own_check_opens_nothing(verdict: str) -> None:
    guest = Guest(HALL)
    decision = guest.shows(verdict=verdict)
    assert (decision.reason.value, decision.use) == (verdict, None)


def test_a_code_of_no_ticket_is_unknown() -> None:
    guest = Guest(HALL)
    guest.ticket = None
    assert guest.says() == "unknown"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.void, "void"),
        (Status.refunded, "refunded"),
        (Status.blocked, "blocked"),
        (Status.unpaid, "unpaid"),
    ],
)
def test_what_the_issuer_says_of_a_ticket_comes_before_its_uses(
    status: Status, reason: str
) -> None:
    assert Guest(HALL, ticket={"status": status}).says() == reason
    assert Guest(ticket={"status": status}).says() == reason


def test_a_voucher_must_be_exchanged_before_it_admits() -> None:
    assert Guest(HALL, exchange_required=True).says() == "exchange_required"
    assert Guest(HALL, exchange_required=True, ticket={"exchanged": 1}).says() == "ok"


@pytest.mark.parametrize(
    ("state", "reason"),
    [(CredentialState.exchanged, "already_exchanged"), (CredentialState.replaced, "void")],
)
def test_a_code_that_was_given_up_no_longer_opens_its_ticket(
    state: CredentialState, reason: str
) -> None:
    guest = Guest(HALL)
    guest.credential = state
    assert guest.says() == reason


@pytest.mark.parametrize(
    ("authority", "reason"),
    [(Authority.elsewhere, "held_elsewhere"), (Authority.not_ready, "not_ready")],
)
def test_what_another_host_decides_is_not_decided_here(authority: Authority, reason: str) -> None:
    guest = Guest(HALL)
    guest.authorities = {HOME: authority}
    assert guest.says() == reason
    assert guest.leaves() == reason


# Several entitlements.


def test_a_combined_ticket_opens_each_of_its_zones() -> None:
    guest = Guest(HALL, GARDEN)
    assert [guest.says("hedge"), guest.says("north")] == ["ok", "ok"]
    assert [guest.says("hedge"), guest.says("north")] == ["already_used", "already_used"]


def test_a_zone_may_be_left_and_the_other_entered() -> None:
    guest = Guest(HALL, GARDEN)
    guest.says("north")
    assert guest.leaves("hedge") == "not_inside"
    guest.says("hedge")
    assert [guest.leaves("hedge"), guest.leaves("north")] == ["ok", "ok"]


def test_the_first_entitlement_that_opens_is_used_up() -> None:
    guest = Guest(HALL, replace(HALL, uses_max=2))
    assert [guest.shows().use.n for _ in range(3)] == [0, 1, 1]  # type: ignore[union-attr]
    assert guest.says() == "already_used"


def test_of_several_refusals_the_one_that_came_furthest_speaks() -> None:
    expired = replace(HALL, valid_until_ms=at(9))
    guest = Guest(GARDEN, replace(HALL, gates=("south",)), expired)
    decision = guest.shows()
    assert decision.use is not None
    assert (decision.reason.value, decision.use.n) == ("expired", 2)
    assert Guest(expired, GARDEN).says() == "expired"


def test_a_ticket_of_several_days_has_an_entitlement_for_each() -> None:
    days = [
        replace(HALL, valid_from_ms=at(0, day=n), valid_until_ms=at(0, day=n + 1)) for n in (0, 1)
    ]
    guest = Guest(*days)
    assert guest.on(at(10)).says() == "ok"
    assert guest.on(at(11)).says() == "already_used"
    assert guest.on(at(10, day=1)).says() == "ok"
    assert guest.on(at(10, day=2)).says() == "expired"


# Room.


def test_a_full_zone_lets_nobody_in_until_somebody_leaves() -> None:
    guest = Guest(CHAMBER, ticket={"people": 2})
    guest.inside_zone = 4
    assert guest.says("hatch", count=2) == "capacity_reached"
    assert guest.says("hatch", count=1) == "ok"


def test_who_comes_back_needs_room_as_well() -> None:
    guest = Guest(CHAMBER)
    guest.says("hatch")
    guest.leaves("hatch")
    guest.inside_zone = 5
    assert guest.says("hatch") == "capacity_reached"


def test_a_session_admits_no_more_people_than_its_cap() -> None:
    guest = Guest(replace(HALL, reentry=Reentry.after_exit), event=SHOW, ticket={"session": 3})
    guest.admitted_to_session = 2
    assert guest.says() == "capacity_reached"
    guest.admitted_to_session = 1
    assert guest.says() == "ok"
    guest.admitted_to_session = 2
    guest.leaves()
    assert guest.says() == "re_entry", "who was admitted to the session stays admitted"


# The person.


@pytest.mark.parametrize(
    ("identity", "shown", "reason"),
    [
        (Identity.document, {}, "identity_required"),
        (Identity.document, {"kind": "document"}, "ok"),
        (Identity.document, {"face_check": "match"}, "ok"),
        (Identity.document, {"face_check": "staff"}, "ok"),
        (Identity.document, {"kind": "document", "face_check": "mismatch"}, "identity_mismatch"),
        (Identity.face, {}, "identity_required"),
        (Identity.face, {"kind": "document"}, "identity_required"),
        (Identity.face, {"face_check": "match"}, "ok"),
        (Identity.face, {"face_check": "staff"}, "ok"),
        (Identity.none, {"face_check": "mismatch"}, "identity_mismatch"),
    ],
)
def test_a_ticket_bound_to_a_person_asks_for_what_its_product_says(
    identity: Identity, shown: dict[str, Any], reason: str
) -> None:
    assert Guest(HALL, identity=identity).says(**shown) == reason


def test_nobody_is_asked_for_a_document_for_a_ticket_that_is_used() -> None:
    guest = Guest(HALL, identity=Identity.document)
    guest.says(kind="document")
    assert guest.says() == "already_used"


@pytest.mark.parametrize(
    ("actor", "reason"),
    [
        ("", "needs_supervisor"),
        ("li", "needs_supervisor"),
        ("nobody", "needs_supervisor"),
        ("gone", "needs_supervisor"),
        ("han", "ok"),
        ("wang", "ok"),
    ],
)
def test_a_supervised_product_wants_a_supervisor_at_the_gate(actor: str, reason: str) -> None:
    assert Guest(HALL, supervised=True).says(actor=actor) == reason


def test_a_supervisor_who_is_only_named_has_no_authority() -> None:
    assert Guest(HALL, supervised=True).says(staff="han") == "needs_supervisor"


# Out.


def test_nobody_is_kept_in_by_status_or_time() -> None:
    guest = Guest(replace(HALL, valid_until_ms=at(17), gates=("north",)))
    guest.shows()
    guest.ticket = guest.ticket and guest.ticket._replace(status=Status.void)
    guest.credential = CredentialState.replaced
    assert guest.on(at(18)).leaves("south") == "ok"


def test_only_who_is_recorded_inside_today_is_counted_out() -> None:
    guest = Guest(HALL, ticket={"people": 3})
    assert guest.leaves() == "not_inside"
    guest.shows(count=2)
    assert guest.leaves(count=3) == "not_inside"
    assert guest.leaves(count=2) == "ok"
    assert guest.leaves() == "not_inside"
    guest.shows()
    assert guest.on(at(1, day=1)).leaves() == "not_inside"


def test_a_ticket_without_entitlements_was_never_inside() -> None:
    decision = Guest().shows(direction="exit")
    assert (decision.reason.value, decision.use) == ("not_inside", None)


def test_an_entitlement_held_elsewhere_keeps_nobody_in_another_zone() -> None:
    guest = Guest(GARDEN, HALL)
    guest.shows("north")
    guest.authorities = {HOME: Authority.elsewhere}
    assert guest.leaves("north") == "ok"
    assert guest.leaves("hedge") == "held_elsewhere"
