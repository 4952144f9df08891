"""What a gate is told when a ticket is shown."""

import json

import pytest

from paifang.core.codes import CodeBody, Kind, recognise, signed_code
from paifang.services.live.admission import default_request_id
from paifang.services.live.readings import key_id_of
from tests.web.live.venue import (
    GROUP,
    KEYS,
    RETURNING,
    START_MS,
    SUPERVISED,
    TWICE,
    Venue,
    scan_of,
)

CODE = "7K3M9QX2TB4HVN8C"


def test_a_valid_code_is_admitted_with_what_the_steward_needs(venue: Venue) -> None:
    ticket = venue.issue(CODE)
    answer = venue.scan(CODE, "r1")
    assert answer.pop("seq") > 0
    assert answer == {
        "decision": "admit",
        "reason": "ok",
        "request_id": "r1",
        "direction": "entry",
        "zone": "hall",
        "people": 1,
        "basis": "lease",
        "node": "venue",
        "epoch": 0,
        "ticket": {
            "id": ticket,
            "product": "Adult",
            "product_zh": "成人票",
            "product_id": "adult",
            "holder": "王小明",
            "people": 1,
            "uses_left": 0,
        },
    }


def test_a_used_ticket_is_refused_with_time_place_and_person_of_its_entry(venue: Venue) -> None:
    venue.issue(CODE)
    venue.scan(CODE, "r1", staff="li")
    venue.clock.at_ms = START_MS + 61_005
    answered = venue.post(
        "admissions", {**scan_of(CODE, "r2"), "gate": "south"}, terminal="south-1"
    )
    answer = answered.json
    assert (answer["decision"], answer["reason"]) == ("refuse", "already_used")
    assert answer["first"] == {
        "at": "2026-11-22T10:00:00.000Z",
        "gate": "North gate",
        "gate_zh": "北门",
        "terminal": "North-1",
        "by": "李检票",
    }


def test_the_same_request_gets_the_same_answer(venue: Venue) -> None:
    venue.issue(CODE)
    assert venue.scan(CODE, "r1") == venue.scan(CODE, "r1")


def test_a_request_id_with_other_content_is_a_conflict(venue: Venue) -> None:
    venue.issue(CODE)
    venue.scan(CODE, "r1")
    answered = venue.post("admissions", scan_of("0000000000000000", "r1"))
    assert (answered.status, answered.json["code"]) == (409, "id_conflict")


@pytest.mark.parametrize(
    "spelled",
    [
        CODE.lower(),
        "7k3m-9qx2-tb4h-vn8c",
        " 7K3M 9QX2 TB4H VN8C\r\n",
        "７Ｋ３Ｍ９ＱＸ２ＴＢ４ＨＶＮ８Ｃ",
        "\ufeff7K3M9QX2TB4HVN8C\u200b",
    ],
)
def test_a_code_is_known_in_any_spelling(venue: Venue, spelled: str) -> None:
    venue.issue(CODE)
    assert venue.scan(spelled, "r1")["reason"] == "ok"


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "7K3M9QX2\x00B4HVN8C", "\x1b[31m", "🎫", "https://example.org/t/1", "?"],
)
def test_what_is_no_code_is_a_decision_and_not_a_fault(venue: Venue, text: str) -> None:
    answer = venue.scan(text, "r1")
    assert (answer["decision"], answer["reason"]) == ("refuse", "malformed")
    assert "ticket" not in answer


def test_an_unknown_code_is_refused_and_shows_no_ticket(venue: Venue) -> None:
    answer = venue.scan("0000000000000000", "r1")
    assert answer["reason"] == "unknown"
    assert "ticket" not in answer


def test_a_document_is_looked_up_as_a_document(venue: Venue) -> None:
    number = "11010519491231002X"
    (reading, *_) = recognise(number, Kind.document)
    venue.issue(reading.value, kind="document")
    assert venue.scan(number, "r1", kind="card")["reason"] == "malformed"
    assert venue.scan(number.lower(), "r2")["reason"] == "ok"


def test_a_forged_signed_code_shows_no_ticket(venue: Venue) -> None:
    ticket = venue.issue(CODE)
    forged = _signed(bytes.fromhex(ticket), key_id=b"none")
    answer = venue.scan(forged, "r1")
    assert answer["reason"] == "forged"
    assert "ticket" not in answer


def test_a_code_signed_by_this_node_opens_without_a_look_up(venue: Venue) -> None:
    ticket = venue.issue(CODE)
    assert venue.scan(_signed(bytes.fromhex(ticket)), "r1")["reason"] == "ok"


def test_a_signed_code_altered_by_one_bit_is_forged(venue: Venue) -> None:
    ticket = bytes.fromhex(venue.issue(CODE))
    genuine = _signed(ticket)
    altered = genuine[:20] + ("0" if genuine[20] != "0" else "1") + genuine[21:]
    assert venue.scan(altered, "r1")["reason"] == "forged"


def _signed(ticket: bytes, key_id: bytes | None = None) -> str:

    own = key_id_of(bytes(KEYS.signing.verify_key))
    body = CodeBody(ticket, key_id or own, product_no=1, people=1)
    return signed_code(body, KEYS.sign)


def test_a_group_enters_in_parts(venue: Venue) -> None:
    venue.issue(CODE, product=GROUP, people=10)
    assert venue.scan(CODE, "r1", count=7)["ticket"]["uses_left"] == 3
    answer = venue.scan(CODE, "r2", count=4)
    assert (answer["reason"], answer["people"]) == ("limit_reached", 0)


def test_who_left_may_come_back(venue: Venue) -> None:
    venue.issue(CODE, product=RETURNING)
    venue.scan(CODE, "r1")
    assert venue.scan(CODE, "r2", direction="exit")["reason"] == "ok"
    assert venue.scan(CODE, "r3")["reason"] == "re_entry"


def test_a_supervised_ticket_asks_for_a_supervisor(venue: Venue) -> None:
    venue.issue(CODE, product=SUPERVISED)
    answer = venue.scan(CODE, "r1")
    assert (answer["decision"], answer["reason"]) == ("attention", "needs_supervisor")


def test_a_supervisor_named_by_a_static_token_has_no_authority(venue: Venue) -> None:
    venue.issue(CODE, product=SUPERVISED)
    assert venue.scan(CODE, "r1", staff="sun")["reason"] == "needs_supervisor"


@pytest.mark.parametrize(("staff", "reason"), [("sun", "ok"), ("li", "needs_supervisor")])
def test_only_a_supervisor_who_signed_on_opens_for_a_supervised_ticket(
    venue: Venue, staff: str, reason: str
) -> None:
    venue.issue(CODE, product=SUPERVISED)
    token = f"Bearer {KEYS.scan_token('north-1', staff, START_MS // 1000 + 60)}"
    answered = venue.post("admissions", scan_of(CODE, "r1"), terminal="", authorization=token)
    assert answered.json["reason"] == reason


def test_a_preview_uses_nothing_up(venue: Venue) -> None:
    venue.issue(CODE)
    for _ in range(2):
        body = {"code": CODE, "gate": "north"}
        assert venue.post("admissions/preview", body).json["reason"] == "ok"
    assert venue.scan(CODE, "r1")["reason"] == "ok"


def test_the_request_id_may_stand_in_the_header(venue: Venue) -> None:
    venue.issue(CODE)
    body = {"code": CODE, "gate": "north"}
    answered = venue.post("admissions", body, idempotency_key="from-header")
    assert answered.json["request_id"] == "from-header"


def test_what_nobody_passed_on_looks_closer_at_the_next_scan(venue: Venue) -> None:
    venue.issue(CODE)
    venue.scan(CODE, "r1")
    answered = venue.post("admissions/r1/passage", {"result": "not_shown"})
    assert answered.json["off"] == 1
    assert venue.scan(CODE, "r2")["reason"] == "recorded_not_opened"


def test_a_passage_told_again_gets_the_same_answer(venue: Venue) -> None:
    venue.issue(CODE)
    venue.scan(CODE, "r1")
    first = venue.post("admissions/r1/passage", {"result": "passed"})
    assert first.status == 200
    assert venue.post("admissions/r1/passage", {"result": "passed"}).json == first.json
    other = venue.post("admissions/r1/passage", {"result": "no_passage"})
    assert (other.status, other.json["code"]) == (409, "id_conflict")


def test_a_passage_of_another_terminal_is_not_ours_to_tell(venue: Venue) -> None:
    venue.issue(CODE)
    venue.scan(CODE, "r1")
    answered = venue.post("admissions/r1/passage", {"result": "passed"}, terminal="north-2")
    assert (answered.status, answered.json["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("path", ["admissions/nobody/passage", "admissions/no%20body/passage"])
def test_an_unknown_admission_is_not_found(venue: Venue, path: str) -> None:
    answered = venue.post(path, {"result": "passed"})
    assert (answered.status, answered.json["code"]) == (404, "not_found")


def test_annulling_gives_the_use_back_once(venue: Venue) -> None:
    venue.issue(CODE)
    venue.scan(CODE, "r1")
    answered = venue.post("admissions/r1/annul", {"reason_text": "turned round"})
    assert (answered.json["uses_back"], answered.json["off"]) == (1, 1)
    assert venue.scan(CODE, "r2")["reason"] == "ok"
    again = venue.post("admissions/r1/annul", {"request_id": "second-try"})
    assert (again.status, again.json["code"]) == (409, "not_possible")


def test_after_a_quarter_of_an_hour_it_is_too_late_to_annul(venue: Venue) -> None:
    venue.issue(CODE)
    venue.scan(CODE, "r1")
    venue.clock.at_ms += 15 * 60 * 1000 + 1
    answered = venue.post("admissions/r1/annul", {})
    assert (answered.status, answered.json["code"]) == (409, "too_late")


def test_only_a_supervisor_annuls_what_another_terminal_admitted(venue: Venue) -> None:
    venue.issue(CODE)
    venue.scan(CODE, "r1")
    plain = venue.post("admissions/r1/annul", {}, terminal="south-1")
    assert plain.status == 403
    signed = {"staff": "sun", "pin": "135790", "request_id": "annul-2"}
    assert venue.post("admissions/r1/annul", signed, terminal="south-1").status == 200


def test_long_request_ids_leave_room_for_what_follows_from_them() -> None:
    assert default_request_id("passage", "r1") == "passage:r1"
    long = default_request_id("passage", "x" * 64)
    assert len(long) <= 64
    assert long != default_request_id("passage", "x" * 63 + "y")


def test_a_scan_is_readable_utf_8(venue: Venue) -> None:
    venue.issue(CODE)
    answered = venue.post("admissions", json.dumps(scan_of(CODE, "r1")).encode())
    assert "王小明" in answered.body.decode()
    assert answered.headers["content-type"] == "application/json"
    assert answered.headers["cache-control"] == "no-store"
    assert int(answered.headers["content-length"]) == len(answered.body)


def test_two_uses_count_down(venue: Venue) -> None:
    venue.issue(CODE, product=TWICE)
    assert venue.scan(CODE, "r1")["ticket"]["uses_left"] == 1
    assert venue.scan(CODE, "r2")["ticket"]["uses_left"] == 0
