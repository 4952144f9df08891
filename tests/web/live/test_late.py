"""Passages told afterwards: each is a fact of its own time, counted once, conflicts named."""

from typing import Any

import pytest

from paifang.core import limits
from paifang.services.live.answers import rfc3339
from tests.web.live.venue import START_MS, Venue, scan_of

CODE = "7K3M9QX2TB4HVN8C"
OTHER = "2TB4HVN8C7K3M9QX"
HOUR_MS = 3_600_000


def told(code: str, request_id: str, **more: Any) -> dict[str, Any]:
    """A record of an hour ago."""
    return {
        "request_id": request_id,
        "at": rfc3339(START_MS - HOUR_MS),
        "code": code,
        "gate": "north",
        **more,
    }


def tell(venue: Venue, *records: dict[str, Any], terminal: str = "north-1") -> list[dict[str, Any]]:
    answered = venue.post("journal", {"records": list(records)}, terminal=terminal)
    assert answered.status == 200, answered.body
    results: list[dict[str, Any]] = answered.json["results"]
    return results


def inside(venue: Venue) -> int:
    zones = venue.call("GET", "/api/v1/occupancy", terminal="north-1").json["zones"]
    return int(next(zone["inside"] for zone in zones if zone["zone"] == "hall"))


def test_a_passage_is_counted_once_however_often_it_is_told(venue: Venue) -> None:
    venue.issue(CODE)
    wanted = [{"request_id": "l1", "result": "accepted", "reason": "ok"}]
    assert tell(venue, told(CODE, "l1")) == wanted
    assert tell(venue, told(CODE, "l1")) == wanted
    assert inside(venue) == 1
    refused = venue.scan(CODE, "r2")
    assert refused["reason"] == "already_used"
    assert refused["first"]["at"] == rfc3339(START_MS - HOUR_MS)


def test_a_conflict_names_the_admission_it_stands_against(venue: Venue) -> None:
    venue.issue(CODE)
    venue.scan(CODE, "online")
    (answer,) = tell(venue, told(CODE, "l1", staff="li", reason_text="断电"))
    assert len(answer.pop("conflict")) == 24
    assert answer == {
        "request_id": "l1",
        "result": "conflict",
        "reason": "already_used",
        "against": "online",
    }
    assert inside(venue) == 2


def test_each_record_stands_for_itself(venue: Venue) -> None:
    venue.issue(CODE)
    future, past = rfc3339(START_MS + 60_000), rfc3339(START_MS - 8 * 24 * HOUR_MS)
    answers = tell(
        venue,
        told(CODE, "l1", at=future),
        told(CODE, "l2", at=past),
        told("0000000000000000", "l3"),
        told("?", "l4"),
        told(CODE, "l5", gate="south"),
        told(CODE, "l6", gate="moon"),
        told(CODE, "l7", gate="in-only", direction="exit"),
        told(CODE, "l8", staff="nobody"),
        told(CODE, "l10"),
        told(OTHER, "l10"),
    )
    assert [(one["request_id"], one["result"], one["reason"]) for one in answers] == [
        ("l1", "refused", "in_future"),
        ("l2", "refused", "too_late"),
        ("l3", "unknown", "unknown"),
        ("l4", "unknown", "malformed"),
        ("l5", "refused", "gate_not_allowed"),
        ("l6", "refused", "gate_unknown"),
        ("l7", "refused", "direction_not_here"),
        ("l8", "refused", "staff_unknown"),
        ("l10", "accepted", "ok"),
        ("l10", "refused", "id_conflict"),
    ]
    assert inside(venue) == 1


@pytest.mark.parametrize(
    ("records", "field"),
    [
        ([], "records"),
        ([told(CODE, "x")] * (limits.RECORDS_MAX + 1), "records"),
        ([told(CODE, "x", at="yesterday")], "records[0].at"),
        ([told(CODE, "x", at="2026-11-22T10:00:00")], "records[0].at"),
        ([told(CODE, "x", count=0)], "records[0].count"),
        ([told(CODE, "x"), told(CODE, "*")], "records[1].request_id"),
        ([told(CODE, "x"), told(CODE, "y", reason_text="a\x07")], "records[1].reason_text"),
    ],
)
def test_what_cannot_be_read_is_said(venue: Venue, records: list[object], field: str) -> None:
    answered = venue.post("journal", {"records": records}, terminal="north-1")
    assert (answered.status, answered.json["field"]) == (422, field)


@pytest.mark.parametrize("terminal", ["kiosk-1", "monitor-1", "box-1"])
def test_only_gates_tell_of_passages(venue: Venue, terminal: str) -> None:
    answered = venue.post("journal", {"records": [told(CODE, "l1")]}, terminal=terminal)
    assert answered.status == 403


def test_in_and_out_are_counted_in_their_order(venue: Venue) -> None:
    venue.issue(CODE)
    scan = {**scan_of(CODE, "r1"), "direction": "exit"}
    assert venue.post("admissions", scan, terminal="north-1").json["reason"] == "not_inside"
    answers = tell(venue, told(CODE, "l1"), told(CODE, "l2", direction="exit"))
    assert [one["result"] for one in answers] == ["accepted", "accepted"]
    assert inside(venue) == 0
