"""Facts that never were right: chained and remembered properly, and `verify` names them all."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from paifang.core.rules import Reentry, Session
from paifang.core.tickets import Status
from paifang.ledger import replay
from paifang.ledger import tables as t
from paifang.ledger.commands import Enclosure, OpenSegment, SetQuota
from paifang.ledger.facts import (
    BindFact,
    EraseFact,
    ExchangeFact,
    Fact,
    IssueFact,
    PublishFact,
    SegmentFact,
    StatusFact,
)
from tests.ledger import world
from tests.ledger.forging import (
    admission,
    annulment,
    checked,
    codes,
    forge,
    found,
    passage,
    put,
    remove,
    versions,
)
from tests.ledger.venue import Venue, key
from tests.ledger.world import HALL, at

NOBODY = key("ticket nobody").hex()
SINGLE = key("ticket single").hex()


@pytest.fixture
def venue(sqlite_venue: Venue) -> Venue:
    """A venue with a few tickets."""
    sqlite_venue.issue("single")
    sqlite_venue.issue("other", people=2)
    sqlite_venue.issue("voucher", world.VOUCHER)
    sqlite_venue.issue("gala", world.GALA, session=3)
    return sqlite_venue


def told(venue: Venue, fact: Fact, segment: int = 0) -> set[str]:
    """Return what is found once a fact stands in the journal."""
    forge(venue, fact, segment)
    return codes(venue)


# Configuration.


def test_a_version_of_the_rules_that_does_not_exist_is_found(venue: Venue) -> None:
    fact = admission(venue, "single", reason="already_used", people=0, fresh=0, rules=(7, 1))
    assert {"version_unknown", "row_unreadable"} <= told(venue, fact)


def test_facts_decided_before_any_rules_are_read(venue: Venue) -> None:
    fact = admission(venue, "single", reason="unknown", people=0, fresh=0, rules=(0, 0))
    assert told(venue, fact) == {"row_unreadable"}


def test_a_version_published_twice_or_after_a_gap_is_found(venue: Venue) -> None:
    body = venue.row(t.BUNDLE, "centre", 1)
    again = PublishFact(layer="centre", version=1, digest=body.digest.hex())
    assert told(venue, again, 1) == {"bundle_differs"}
    put(venue, t.BUNDLE, body._replace(version=9))
    gap = PublishFact(layer="centre", version=9, digest=body.digest.hex())
    assert told(venue, gap, 1) == {"bundle_differs"}


def test_a_segment_opened_twice_is_found(venue: Venue) -> None:
    head = venue.row(t.HEAD, 2)
    again = SegmentFact(segment=2, uuid=head.uuid, site="park", period="")
    assert told(venue, again, 1) == {"segment_differs"}


def test_segments_in_which_nothing_happened_are_checked_too(venue: Venue) -> None:
    venue.do(OpenSegment(request_id="s", site="park", period="2027"))
    assert codes(venue) == set()
    put(venue, t.HEAD, venue.row(t.HEAD, 3)._replace(seq=4))
    assert codes(venue) == {"head_differs"}


# Tickets.


@pytest.mark.parametrize(
    "fact",
    [
        BindFact(ticket=NOBODY, kind="card", hash="00"),
        ExchangeFact(reason="ok", ticket=NOBODY),
        StatusFact(ticket=NOBODY, status=2, before=0),
        EraseFact(ticket=NOBODY, bodies=0),
        IssueFact(ticket=NOBODY, event=1, product=1, home="", segments=()),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_a_fact_about_a_ticket_that_is_none_is_found(venue: Venue, fact: Fact) -> None:
    assert "ticket_missing" in told(venue, fact)


def issued(venue: Venue, **more: object) -> IssueFact:
    """Return the fact that issued the single ticket, changed."""
    uuid = venue.row(t.HEAD, venue.home).uuid
    same = {"ticket": SINGLE, "event": 1, "product": 1, "home": uuid, "segments": (uuid,)}
    return IssueFact(**{**same, **more})


def test_a_document_taken_from_a_ticket_that_is_valid_is_found(venue: Venue) -> None:
    taken = ((key("other").hex(), key("ticket other").hex()),)
    assert "credential_not_free" in told(venue, issued(venue, amended=True, freed=taken))


def test_a_document_taken_from_a_ticket_that_is_none_is_found(venue: Venue) -> None:
    taken = ((key("other").hex(), NOBODY),)
    assert "ticket_missing" in told(venue, issued(venue, amended=True, freed=taken))


def test_a_ticket_issued_twice_is_found(venue: Venue) -> None:
    assert told(venue, issued(venue)) == {"issued_twice"}


def test_an_issue_in_a_segment_that_is_not_its_home_is_found(venue: Venue) -> None:
    venue.do(OpenSegment(request_id="s", site="park", period="2027"))
    assert told(venue, issued(venue, amended=True), 3) == {"row_wrong_segment"}


def test_an_amendment_that_tells_of_another_ticket_is_found(venue: Venue) -> None:
    forge(venue, issued(venue, amended=True, people=3))
    assert found(venue, "ticket_differs").params == {"field": "people"}


def test_an_amendment_with_other_segments_is_found(venue: Venue) -> None:
    assert told(venue, issued(venue, amended=True, segments=())) == {"ticket_differs"}


def test_a_credential_bound_beside_the_journal_is_found(venue: Venue) -> None:
    card = BindFact(ticket=SINGLE, kind="card", hash="00" * 16, ended=(key("single").hex(),))
    assert told(venue, card) == {"credential_differs"}


def test_a_voucher_exchanged_twice_is_found(venue: Venue) -> None:
    fact = ExchangeFact(reason="ok", ticket=key("ticket voucher").hex())
    forge(venue, fact)
    assert "exchanged_twice" not in codes(venue)
    assert "exchanged_twice" in told(venue, fact)


@pytest.mark.parametrize(
    ("before", "after"), [(Status.valid, Status.valid), (Status.void, Status.valid), (1, 0)]
)
def test_a_status_that_cannot_follow_is_found(venue: Venue, before: int, after: int) -> None:
    fact = StatusFact(ticket=SINGLE, before=before, status=after)
    assert "status_impossible" in told(venue, fact)


def test_a_status_there_is_not_cannot_be_read(venue: Venue) -> None:
    assert told(venue, StatusFact(ticket=SINGLE, before=0, status=9)) == {"row_unreadable"}


# Gates.


def changed(venue: Venue, rule: world.EntitlementRule) -> str:
    """Publish another rule for single tickets, and forge an entry against it."""
    products = {each.number: each for each in world.PRODUCTS}
    products[1] = world.product(1, rule)
    venue.publish(world.centre_rules(tuple(products.values())))
    return forged(venue, "single")


def forged(venue: Venue, code: str, **more: object) -> str:
    """Forge an entry; return the rule that it is found to break."""
    forge(venue, admission(venue, code, **more))
    return found(venue, "beyond_allowance").params["rule"]


def blocked(venue: Venue) -> str:
    """Forge an entry of a blocked ticket."""
    forge(venue, StatusFact(ticket=SINGLE, before=0, status=2))
    return forged(venue, "single")


OPENINGS: dict[str, Callable[[Venue], str]] = {
    "zone": lambda v: changed(v, replace(HALL, zone="garden")),
    "gates": lambda v: changed(v, replace(HALL, gates=("south",))),
    "valid_from_ms": lambda v: changed(v, replace(HALL, valid_from_ms=at(20))),
    "valid_until_ms": lambda v: changed(v, replace(HALL, valid_until_ms=at(8))),
    "session_bound": lambda v: changed(v, replace(HALL, session_bound=True)),
    "status": blocked,
    "exchange_required": lambda v: forged(v, "voucher"),
    "product": lambda v: forged(v, "single", session=3),
    "reentry": lambda v: forged(v, "single", again=1, fresh=0),
    "uses_max": lambda v: forged(v, "single", people=2, fresh=2),
}


@pytest.mark.parametrize("rule", OPENINGS)
def test_an_entry_that_the_ticket_did_not_allow_is_found(venue: Venue, rule: str) -> None:
    assert OPENINGS[rule](venue) == rule


LIMITED = {
    "anti_passback": (replace(HALL, uses_max=9, anti_passback=True), 0),
    "day_uses_max": (replace(HALL, uses_max=0, day_uses_max=1), 0),
    "gate_uses_max": (replace(HALL, uses_max=9, gate_uses_max=1), 0),
    "days_max": (replace(HALL, uses_max=9, days_max=1), 24 * 60),
    "valid_days": (replace(HALL, uses_max=9, valid_days=1), 24 * 60),
}


@pytest.mark.parametrize("limit", LIMITED)
def test_an_entry_beyond_a_limit_is_found(venue: Venue, limit: str) -> None:
    rule, minutes = LIMITED[limit]
    products = {each.number: each for each in world.PRODUCTS}
    venue.publish(world.centre_rules((*products.values(), world.product(8, rule))))
    venue.issue("limited", 8)
    venue.admit("limited")
    assert codes(venue) == set()
    venue.clock.forward(minutes=minutes)
    assert forged(venue, "limited") == limit


def test_the_window_of_the_ticket_itself_counts_too(venue: Venue) -> None:
    venue.issue("late", valid_from_ms=at(20))
    venue.issue("over", valid_until_ms=at(8))
    assert forged(venue, "late") == "valid_from_ms"
    forge(venue, admission(venue, "over"))
    broken = [f.params["rule"] for f in checked(venue).findings if f.code == "beyond_allowance"]
    assert broken == ["valid_from_ms", "valid_until_ms"]


def test_a_session_that_is_on_admits_its_tickets(venue: Venue) -> None:
    bound = world.product(8, replace(HALL, session_bound=True, reentry=Reentry.after_exit))
    rules = world.centre_rules((*world.PRODUCTS, bound))
    session = Session(4, "s4", world.EXPO, "Day", at(8), at(22))
    venue.publish(replace(rules, sessions={**rules.sessions, 4: session}))
    venue.issue("timed", 8, session=4)
    assert [venue.says("timed"), venue.leaves("timed"), venue.says("timed")] == [
        "ok",
        "ok",
        "re_entry",
    ]
    assert codes(venue) == set()
    venue.clock.forward(minutes=13 * 60)
    assert forged(venue, "timed") == "session_bound"


def test_a_supervisor_may_open_beyond_the_limits_and_forgive_payment(venue: Venue) -> None:
    venue.issue("unpaid", status=Status.unpaid)
    assert venue.override("unpaid").reason == "ok"
    assert venue.override("unpaid", "hedge").reason == "ok"
    assert venue.leaves("unpaid", "hedge") == "ok"
    assert codes(venue) == set()


def test_an_entry_of_a_ticket_at_home_elsewhere_is_checked_without_its_status(
    venue: Venue,
) -> None:
    venue.issue("abroad", home=1)
    assert venue.says("abroad") == "ok"
    assert codes(venue) == set()
    forge(venue, StatusFact(ticket=key("ticket abroad").hex(), before=0, status=2), 1)
    assert codes(venue) == {"ticket_differs"}


def test_a_terminal_that_was_revoked_or_elsewhere_is_found(venue: Venue) -> None:
    fact = admission(venue, "single", reason="already_used", people=0, fresh=0)
    for terminal, gate in (("gone", "north"), ("nobody", "north"), ("t2", "hedge")):
        zone = "hall" if gate == "north" else "garden"
        forge(venue, admission(venue, "single", terminal=terminal, gate=gate, zone=zone))
    assert "terminal_not_allowed" in told(venue, fact)
    assert found(venue, "terminal_not_allowed").params == {"terminal": "gone", "gate": "north"}


def test_another_zone_or_day_than_the_gates_is_found(venue: Venue) -> None:
    refused = {"reason": "already_used", "people": 0, "fresh": 0}
    assert told(venue, admission(venue, "single", zone="garden", **refused)) == {"place_differs"}
    assert told(venue, admission(venue, "single", day=1, **refused)) == {"place_differs"}


def test_places_are_forgotten_and_found_again(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "PLACES_MAX", 1)
    for gate in ("north", "south", "north"):
        venue.says("single", gate)
    assert codes(venue) == set()


@pytest.mark.parametrize(
    "more",
    [
        {"reason": "already_used"},
        {"reason": "already_used", "people": 0, "again": 1, "fresh": 0},
        {"people": 0, "fresh": 0},
        {"people": 2, "fresh": 1},
        {"people": 1, "fresh": 2, "again": -1},
        {"people": 10**6, "fresh": 10**6},
        {"direction": "exit", "people": 1, "fresh": 1},
    ],
)
def test_people_who_do_not_add_up_are_found(venue: Venue, more: dict[str, int]) -> None:
    assert told(venue, admission(venue, "single", **more)) == {"people_differ"}


def test_an_entry_on_an_entitlement_or_ticket_there_is_not_is_found(venue: Venue) -> None:
    assert told(venue, admission(venue, "single", n=5)) == {"use_missing"}
    assert told(venue, admission(venue, "single"), 1) == {"use_missing"}
    assert "ticket_missing" in told(venue, admission(venue, "single", ticket=NOBODY))


def test_leaving_without_having_entered_is_found(venue: Venue) -> None:
    out = admission(venue, "single", direction="exit", fresh=0)
    assert {"left_without_entry", "zone_negative"} <= told(venue, out)
    remove(venue, t.ZONE_DAY)
    assert "zone_differs" in codes(venue)


# What became of it.


def test_a_report_about_no_admission_is_found(venue: Venue) -> None:
    venue.says("single", request_id="first")
    venue.says("single", request_id="refused")
    forge(venue, passage(venue, "single", "none"))
    forge(venue, passage(venue, "single", "refused"))
    assert told(venue, passage(venue, "single", "issue")) == {"admission_missing"}


def test_a_report_in_another_segment_or_about_another_kind_of_row_is_found(venue: Venue) -> None:
    venue.says("single", request_id="first")
    assert told(venue, passage(venue, "single", "first"), 1) == {"admission_missing"}
    venue.do(SetQuota(request_id="q", quota="x", segment=venue.home, capacity=1))
    forge(venue, annulment(venue, "single", "q"))
    assert codes(venue) == {"admission_missing"}


def test_a_report_whose_admission_cannot_be_read_is_found(venue: Venue) -> None:
    venue.says("single", request_id="first")
    forge(venue, passage(venue, "single", "first"))
    place = venue.row(t.REQUEST, "first")
    remove(venue, t.JOURNAL, place.segment, place.epoch, place.seq)
    assert {"admission_missing", "seq_gap"} <= codes(venue)


def test_a_report_about_a_ticket_that_is_none_is_found(venue: Venue) -> None:
    venue.says("single", request_id="first")
    assert "ticket_missing" in told(venue, passage(venue, "single", "first", ticket=NOBODY))


def test_a_report_about_another_place_is_found(venue: Venue) -> None:
    venue.says("single", request_id="first")
    assert "place_differs" in told(venue, passage(venue, "single", "first", zone="garden"))


def test_a_passage_reported_twice_is_found(venue: Venue) -> None:
    venue.says("single", request_id="first")
    forge(venue, passage(venue, "single", "first"))
    assert "reported_twice" not in codes(venue)
    assert "reported_twice" in told(venue, passage(venue, "single", "first"))


@pytest.mark.parametrize(
    ("result", "off"),
    [(1, 1), (2, 0), (2, 2)],
    ids=["passed and off", "not off", "too many off"],
)
def test_people_taken_off_wrongly_are_found(venue: Venue, result: int, off: int) -> None:
    venue.says("single", request_id="first")
    assert "people_differ" in told(
        venue, passage(venue, "single", "first", passage=result, off=off)
    )


def test_people_taken_off_who_had_left_are_found(venue: Venue) -> None:
    venue.says("single", request_id="first")
    venue.leaves("single")
    gone = passage(venue, "single", "first", passage=2, off=1)
    assert {"people_differ", "zone_negative"} <= told(venue, gone)


def test_an_admission_annulled_twice_is_found(venue: Venue) -> None:
    venue.says("other", request_id="one")
    venue.says("other", request_id="two")
    venue.annul("one")
    assert codes(venue) == set()
    assert {"annulled_twice"} <= told(venue, annulment(venue, "other", "one"))


@pytest.mark.parametrize("more", [{"off": 0}, {"fresh": 0}, {"n": 1}])
def test_an_annulment_of_other_people_is_found(venue: Venue, more: dict[str, int]) -> None:
    venue.says("single", request_id="first")
    assert "people_differ" in told(venue, annulment(venue, "single", "first", **more))


def test_an_annulment_that_came_too_late_is_found(venue: Venue) -> None:
    venue.says("single", request_id="first")
    venue.clock.forward(minutes=16)
    assert "not_annullable" in told(venue, annulment(venue, "single", "first"))


def test_an_exit_that_was_annulled_is_found(venue: Venue) -> None:
    venue.says("single")
    venue.leaves("single", request_id="out")
    assert "not_annullable" in told(venue, annulment(venue, "single", "out", fresh=0))


def test_an_annulment_after_the_next_days_entry_is_found(venue: Venue) -> None:
    venue.clock.time_ms = at(23, 55)
    venue.says("other", request_id="late")
    day = admission(venue, "other").day
    venue.clock.time_ms = at(0, 5, day=1)
    venue.says("other")
    assert "not_annullable" in told(venue, annulment(venue, "other", "late", day=day))


# Enclosures.


def test_a_row_that_says_nothing_of_its_enclosure_is_found(venue: Venue) -> None:
    forge(venue, StatusFact(ticket=SINGLE, before=0, status=2), enclosures=(BODY,))
    remove(venue, t.ENCLOSURE)
    assert "enclosures_differ" in codes(venue)


BODY = Enclosure("person", b"s" * 32, b"Li Lei")


def test_a_remembered_request_without_its_own_row_is_found(venue: Venue) -> None:
    forge(venue, admission(venue, "single", rules=versions(venue)), request_id="forged")
    remove(venue, t.REQUEST, "forged")
    assert "request_differs" in codes(venue)
