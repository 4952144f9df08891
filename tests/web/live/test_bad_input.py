"""Every malformed request gets the contract's answer and names what is wrong with it."""

import json
from typing import Any

import pytest

from paifang.core import limits
from tests.web.live.venue import Venue, scan_of

GOOD = scan_of("7K3M9QX2TB4HVN8C", "r1")
RAW = json.dumps(GOOD).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"code"',
        b"\xef\xbb\xbf" + RAW,
        RAW + b" x",
        RAW.decode().encode("utf-16"),
        RAW.replace(b"north", b"n\xffrth"),
        RAW.replace(b"north", b"\xed\xa0\x80"),
        RAW.replace(b"north", b"\\ud800"),
        RAW.replace(b'"gate"', b'"ga\xffte"'),
        b"[" * 60_000,
        b'{"code":' * 5_000,
        RAW[:-1] + b', "count": NaN}',
        b"code=7K3M9QX2TB4HVN8C&gate=north",
    ],
    ids=range(16),
)
def test_what_is_no_json_object_in_utf_8_is_malformed(venue: Venue, raw: bytes) -> None:
    answered = venue.post("admissions", raw)
    assert answered.status == 422
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.json["status"] == 422
    assert answered.json["code"] in {"malformed", "member_wrong"}


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"code": None}, "member_wrong", "code"),
        ({"code": 7}, "member_wrong", "code"),
        ({"code": ["7K3M9QX2TB4HVN8C"]}, "member_wrong", "code"),
        ({"code": "0" * (limits.CODE_CHARS_MAX + 1)}, "member_wrong", "code"),
        ({"gate": ""}, "member_wrong", "gate"),
        ({"gate": "nowhere"}, "gate_unknown", "gate"),
        ({"gate": "no\x00rth"}, "gate_unknown", "gate"),
        ({"count": "2"}, "member_wrong", "count"),
        ({"count": 0}, "member_wrong", "count"),
        ({"count": -1}, "member_wrong", "count"),
        ({"count": limits.GROUP_PEOPLE_MAX + 1}, "member_wrong", "count"),
        ({"count": 1.5}, "member_wrong", "count"),
        ({"count": 10**30}, "member_wrong", "count"),
        ({"count": True}, "member_wrong", "count"),
        ({"direction": "up"}, "member_wrong", "direction"),
        ({"kind": "face"}, "member_wrong", "kind"),
        ({"face_check": "maybe"}, "member_wrong", "face_check"),
        ({"staff": "nobody"}, "staff_unknown", "staff"),
        ({"staff": "gone"}, "staff_unknown", "staff"),
        ({"request_id": ""}, "member_wrong", "request_id"),
        ({"request_id": "x" * 65}, "member_wrong", "request_id"),
        ({"request_id": "a b"}, "member_wrong", "request_id"),
        ({"request_id": "r1\n"}, "member_wrong", "request_id"),
        ({"request_id": "扫"}, "member_wrong", "request_id"),
        ({"request_id": "１"}, "member_wrong", "request_id"),
        ({"cuont": 2}, "member_unknown", "cuont"),
        ({"Code": "x"}, "member_unknown", "Code"),
    ],
)
def test_a_wrong_member_is_named(
    venue: Venue, change: dict[str, Any], code: str, field: str
) -> None:
    answered = venue.post("admissions", {**GOOD, **change})
    problem = answered.json
    assert (answered.status, problem["code"], problem["field"]) == (422, code, field)


@pytest.mark.parametrize("member", ["code", "gate", "request_id"])
def test_a_missing_member_is_named(venue: Venue, member: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != member}
    problem = venue.post("admissions", body).json
    assert (problem["code"], problem["field"]) == ("member_missing", member)


def test_a_problem_says_what_was_expected_but_never_what_came(venue: Venue) -> None:
    answered = venue.post("admissions", {**GOOD, "count": "11010519491231002X"})
    assert answered.json["expected"] == "int"
    assert b"11010519491231002X" not in answered.body
    answered = venue.post("admissions", {**GOOD, "kind": "11010519491231002X"})
    assert b"11010519491231002X" not in answered.body


def test_two_request_ids_must_be_one(venue: Venue) -> None:
    answered = venue.post("admissions", GOOD, idempotency_key="other")
    assert (answered.status, answered.json["code"]) == (422, "request_ids_differ")
    assert venue.post("admissions", GOOD, idempotency_key="r1").status == 200


def test_a_code_of_a_hundred_thousand_characters_is_too_large(venue: Venue) -> None:
    answered = venue.post("admissions", {**GOOD, "code": "7" * 100_000})
    assert (answered.status, answered.json["code"]) == (413, "too_large")
    assert answered.headers["connection"] == "close"


def test_a_body_announced_too_large_is_refused_before_it_is_read(venue: Venue) -> None:
    length = str(limits.BODY_BYTES_MAX + 1)
    answered = venue.post("admissions", b"{", content_length=length)
    assert answered.status == 413


def test_a_body_that_turns_out_too_large_is_refused_without_reading_on(venue: Venue) -> None:
    pieces = [b"{" + b" " * 30_000] * 100
    answered = venue.call(
        "POST",
        "/api/v1/admissions",
        terminal="north-1",
        body=pieces,
        headers={"content-type": "application/json"},
    )
    assert answered.status == 413
    assert venue.pieces_left == 97


def test_a_body_may_come_in_pieces(venue: Venue) -> None:
    venue.issue("7K3M9QX2TB4HVN8C")
    answered = venue.call(
        "POST",
        "/api/v1/admissions",
        terminal="north-1",
        body=[RAW[:7], b"", RAW[7:]],
        headers={"content-type": "application/json"},
    )
    assert answered.json["reason"] == "ok"


def test_the_largest_body_still_fits(venue: Venue) -> None:
    raw = RAW + b" " * (limits.BODY_BYTES_MAX - len(RAW))
    assert venue.post("admissions", raw).status == 200


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=gb18030",
        "application/jsonx",
    ],
)
def test_anything_but_json_is_refused(venue: Venue, kind: str) -> None:
    answered = venue.post("admissions", RAW, content_type=kind)
    assert (answered.status, answered.json["code"]) == (415, "not_json")


@pytest.mark.parametrize("kind", ["Application/JSON", 'application/json; charset="UTF-8"'])
def test_json_may_be_named_in_any_case(venue: Venue, kind: str) -> None:
    assert venue.post("admissions", RAW, content_type=kind).status == 200


def test_a_compressed_body_is_refused(venue: Venue) -> None:
    assert venue.post("admissions", RAW, content_encoding="gzip").status == 415


def test_a_gate_is_not_passed_against_its_direction(venue: Venue) -> None:
    answered = venue.post("admissions", {**GOOD, "gate": "in-only", "direction": "exit"})
    assert (answered.status, answered.json["code"]) == (422, "direction_not_here")


def test_control_characters_in_a_reason_are_refused(venue: Venue) -> None:
    for text in ("a\x00b", "a\x1bb", "a\x7fb"):
        problem = venue.post("admissions/r1/annul", {"reason_text": text}).json
        assert (problem["code"], problem["field"]) == ("member_wrong", "reason_text")


def test_a_pin_needs_a_name_and_a_name_a_pin(venue: Venue) -> None:
    assert venue.post("admissions/r1/annul", {"pin": "1"}).json["field"] == "staff"
    assert venue.post("admissions/r1/annul", {"staff": "sun"}).json["field"] == "pin"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_a_method_a_path_does_not_know_is_named_with_those_it_knows(
    venue: Venue, method: str
) -> None:
    for path in ("/api/v1/admissions", "/api/v1/admissions/r1/annul"):
        answered = venue.call(method, path)
        assert (answered.status, answered.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/v1/tickets",
        "/api/v1/admissions/",
        "/api/v1/admissions/r1",
        "/api/v1/admissions/r1/",
        "/api/v1/admissions/r1/passage/",
        "/api/v1/null",
        "/desk/",
        "/e/展会/",
    ],
)
def test_what_is_not_ours_goes_to_the_desk(venue: Venue, path: str) -> None:
    answered = venue.call("POST", path, terminal="north-1", body=RAW)
    assert answered.headers == {"x-served-by": "desk"}


def test_a_caller_that_hangs_up_leaves_no_answer_and_no_admission(venue: Venue) -> None:
    venue.issue("7K3M9QX2TB4HVN8C")
    sent = venue.hang_up("/api/v1/admissions", RAW[:10])
    assert sent == []
    assert venue.scan("7K3M9QX2TB4HVN8C", "r2")["reason"] == "ok"
