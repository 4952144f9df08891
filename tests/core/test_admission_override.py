"""What a supervisor's word opens, and what nobody's does."""

from dataclasses import replace

import pytest

from paifang.core.admission import Decision
from paifang.core.rules import EntitlementRule, Identity, Reentry
from paifang.core.tickets import Authority, CredentialState, Status
from tests.core.guest import HOME, Guest
from tests.ledger.world import HALL, at

GARDEN = EntitlementRule("garden")


def opened(decision: Decision) -> tuple[str, int]:
    """Return reason and number of the entitlement taken (-1 for none)."""
    return decision.reason.value, decision.use.n if decision.use else -1


def used(people: int = 1) -> Guest:
    guest = Guest(replace(HALL, uses_max=1), ticket={"people": people})
    guest.shows(count=people)
    return guest


def test_a_used_ticket_is_opened_and_counted_beyond_its_allowance() -> None:
    guest = used()
    decision = guest.override("south")
    assert (decision.reason.value, decision.fresh, decision.uses_left) == ("ok", 1, 0)
    assert (guest.uses[0].uses, guest.uses[0].inside) == (2, 2)


def test_what_opens_anyway_is_admitted_as_it_would_have_been() -> None:
    guest = Guest(replace(HALL, reentry=Reentry.after_exit))
    assert guest.override().reason.value == "ok"
    guest.leaves()
    back = guest.override()
    assert (back.reason.value, back.again) == ("re_entry", 1)


@pytest.mark.parametrize(
    "guest",
    [
        Guest(replace(HALL, valid_until_ms=at(9))),
        Guest(replace(HALL, valid_from_ms=at(11))),
        Guest(replace(HALL, session_bound=True)),
        Guest(replace(HALL, gates=("south",))),
        Guest(GARDEN),
        Guest(HALL, identity=Identity.face),
        Guest(HALL, supervised=True),
        Guest(HALL, ticket={"status": Status.unpaid}),
    ],
    ids=["expired", "early", "session", "gate", "zone", "face", "supervised", "unpaid"],
)
def test_time_place_person_and_payment_may_be_overridden(guest: Guest) -> None:
    assert guest.says() not in {"ok", "re_entry"}
    assert guest.override().reason.value == "ok"
    assert guest.leaves() == "ok"


@pytest.mark.parametrize("verdict", ["code_too_old", "clock_off"])
def test_a_code_that_has_only_aged_may_be_overridden(verdict: str) -> None:
    guest = Guest(HALL)
    assert guest.override(verdict=verdict).reason.value == "ok"
    assert guest.override(verdict=verdict).reason.value == "ok", "and again, as a use too many"
    assert guest.uses[0].uses == 2


@pytest.mark.parametrize("verdict", ["forged", "copied", "malformed"])
def test_a_code_that_is_not_the_organisers_is_never_opened(verdict: str) -> None:
    assert opened(Guest(HALL).override(verdict=verdict)) == (verdict, -1)


def test_an_unknown_code_is_never_opened_however_old_it_is() -> None:
    guest = Guest(HALL)
    guest.ticket = None
    assert guest.override().reason.value == "unknown"
    assert guest.override(verdict="code_too_old").reason.value == "code_too_old"


@pytest.mark.parametrize("status", [Status.void, Status.refunded, Status.blocked])
@pytest.mark.parametrize("verdict", ["genuine", "code_too_old"])
def test_a_ticket_the_issuer_took_back_is_never_opened(status: Status, verdict: str) -> None:
    guest = Guest(HALL, ticket={"status": status})
    assert opened(guest.override(verdict=verdict)) == (status.name, 0)
    assert opened(Guest(ticket={"status": status}).override(verdict=verdict)) == (status.name, -1)


def test_a_voucher_and_a_code_given_up_are_never_opened() -> None:
    assert Guest(HALL, exchange_required=True).override().reason.value == "exchange_required"
    guest = Guest(HALL)
    guest.credential = CredentialState.exchanged
    assert guest.override().reason.value == "already_exchanged"


def test_a_ticket_without_entitlements_has_nothing_to_open() -> None:
    assert opened(Guest().override()) == ("wrong_zone", -1)


def test_a_full_zone_stays_closed_also_for_a_used_ticket() -> None:
    guest = Guest(EntitlementRule("chamber"))
    guest.shows("hatch")
    guest.inside_zone = 5
    assert guest.override("hatch").reason.value == "capacity_reached"


def test_a_full_zone_stays_closed_also_for_a_ticket_of_another_one() -> None:
    guest = Guest(HALL)
    guest.inside_zone = 5
    assert guest.override("hatch").reason.value == "capacity_reached"


def test_what_another_host_decides_stays_closed_also_at_a_wrong_gate() -> None:
    guest = Guest(replace(HALL, gates=("south",)))
    guest.authorities = {HOME: Authority.elsewhere}
    assert guest.override("south").reason.value == "held_elsewhere"
    assert guest.override("north").reason.value == "held_elsewhere"
    assert guest.override("hedge").reason.value == "held_elsewhere"


def test_an_unpaid_combined_ticket_uses_the_entitlement_of_the_gates_zone() -> None:
    guest = Guest(HALL, GARDEN, ticket={"status": Status.unpaid})
    assert opened(guest.override("hedge")) == ("ok", 1)
    assert [use.uses for use in guest.uses] == [0, 1]


def test_an_unpaid_and_used_ticket_is_opened_beyond_its_allowance() -> None:
    guest = used()
    guest.ticket = guest.ticket and guest.ticket._replace(status=Status.unpaid)
    assert opened(guest.override()) == ("ok", 0)
    assert guest.uses[0].uses == 2


def test_people_let_into_another_zone_leave_by_that_zone_only() -> None:
    guest = Guest(HALL, ticket={"people": 3})
    guest.shows("north", count=2)
    guest.override("hedge")
    assert guest.leaves("hedge", count=2) == "not_inside"
    assert guest.leaves("hedge") == "ok"
    assert guest.leaves("north") == "not_inside", "people are followed in one zone at a time"


def test_coming_back_from_another_zone_counts_only_who_comes_now() -> None:
    guest = Guest(replace(HALL, uses_max=0), ticket={"people": 3})
    guest.override("hedge", count=3)
    guest.shows("north", count=1)
    assert guest.leaves("north", count=2) == "not_inside"
    assert guest.leaves("north") == "ok"


def test_an_exit_is_nothing_to_override() -> None:
    assert Guest(HALL).override(direction="exit").reason.value == "not_inside"


def test_a_group_is_opened_for_as_many_as_are_asked() -> None:
    guest = used(people=3)
    assert guest.override(count=2).fresh == 2
    assert guest.uses[0].uses == 5
