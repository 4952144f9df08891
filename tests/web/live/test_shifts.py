"""Paired terminals sign on by proving their key; staff begin, continue and end shifts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from paifang.core import limits
from paifang.core.rules import Role, Staff
from paifang.services.live.keys import Challenge, Keys, Secrets, Shift
from paifang.services.live.pins import hash_pin
from paifang.services.live.proof import key_name
from tests.device import Device
from tests.web.live.venue import (
    CARD,
    DEVICE,
    KEYS,
    NODE,
    OTHER_DEVICE,
    PIN,
    START_MS,
    SUPERVISED,
    Answered,
    Venue,
    scan_of,
)

CODE = "7K3M9QX2TB4HVN8C"
LI = {"staff": "li", "pin": "246802"}
SUN = {"staff": "sun", "pin": PIN}


def challenge(venue: Venue, terminal: str = "phone-1") -> str:
    """Return a fresh challenge."""
    answered = venue.post("terminals/challenge", {"terminal": terminal}, terminal="")
    assert answered.status == 200
    text: str = answered.json["challenge"]
    return text


def ask(venue: Venue, body: dict[str, Any]) -> Answered:
    """Ask for a token."""
    return venue.post("terminals/token", body, terminal="")


def proof(venue: Venue, terminal: str = "phone-1", **more: Any) -> dict[str, Any]:
    """Return a proof for a fresh challenge."""
    return DEVICE.proof(terminal, challenge(venue, terminal), **more)


def signed_on(venue: Venue, terminal: str = "phone-1", **more: Any) -> dict[str, Any]:
    """Sign on and return the answer, which must be one."""
    answered = ask(venue, proof(venue, terminal, **more))
    assert answered.status == 200, answered.body
    return answered.json


def refused(venue: Venue, body: dict[str, Any]) -> tuple[int, str]:
    """Ask for a token and return the problem."""
    answered = ask(venue, body)
    return answered.status, answered.json["code"]


def use(venue: Venue, token: str, path: str, body: Any) -> Answered:
    """Ask something with a token."""
    return venue.post(path, body, terminal="", authorization=f"Bearer {token}")


def scan(venue: Venue, token: str, request_id: str = "r1") -> tuple[int, str]:
    """Scan with a token; return status and reason or problem."""
    told = use(venue, token, "admissions", scan_of(CODE, request_id))
    return told.status, told.json.get("reason") or told.json["code"]


def test_a_shift_begun_by_pin_admits_and_says_what_the_terminal_is(venue: Venue) -> None:
    venue.issue(CODE)
    told = signed_on(venue, **LI, version="1.2")
    assert told["staff"] == {"username": "li", "name": "李检票", "role": "steward"}
    assert told["now_ms"] == START_MS
    assert told["until_ms"] == START_MS + limits.TERMINAL_TOKEN_S * 1000
    assert told["shift_until_ms"] == START_MS + limits.SHIFT_S * 1000
    assert (told["node"], told["centre_version"], told["node_version"]) == ("venue", 1, 1)
    assert told["terminal"] == {
        "id": "phone-1",
        "name": "Phone-1",
        "role": "gate",
        "staffed": True,
        "gates": [
            {
                "slug": "north",
                "name": "North gate",
                "name_zh": "北门",
                "zone": "hall",
                "zone_name": "Hall",
                "zone_name_zh": "大厅",
                "directions": ["entry", "exit"],
            }
        ],
    }
    assert scan(venue, told["token"]) == (200, "ok")
    assert use(venue, told["token"], "admissions", scan_of(CODE, "r2")).json["first"]["by"] == (
        "李检票"
    )


def test_without_staff_a_gate_may_only_watch(venue: Venue) -> None:
    told = signed_on(venue)
    assert not {"staff", "shift", "shift_until_ms"} & set(told)
    assert scan(venue, told["token"]) == (403, "sign_on_needed")
    headers = {"authorization": f"Bearer {told['token']}"}
    assert venue.call("GET", "/api/v1/occupancy", headers=headers).status == 200


def test_a_kiosk_needs_nobody_and_a_monitor_stays_one(venue: Venue) -> None:
    venue.issue(CODE)
    kiosk = signed_on(venue, "kiosk-2")
    assert kiosk["terminal"]["staffed"] is False
    assert scan(venue, kiosk["token"]) == (200, "ok")
    assert scan(venue, signed_on(venue, "wall-1", **SUN)["token"]) == (403, "role_not_allowed")


def test_a_card_begins_a_shift_in_any_spelling(venue: Venue) -> None:
    for card in (CARD, CARD.replace(":", ""), CARD.lower().replace(":", "-"), CARD + "\r\n"):
        assert signed_on(venue, card=card)["staff"]["username"] == "li"


def test_a_supervisor_on_duty_opens_what_needs_one(venue: Venue) -> None:
    venue.issue(CODE, product=SUPERVISED)
    assert scan(venue, signed_on(venue, **LI)["token"]) == (200, "needs_supervisor")
    assert scan(venue, signed_on(venue, **SUN)["token"], "r2") == (200, "ok")


# The proof.


def test_a_proof_opens_once(venue: Venue) -> None:
    body = proof(venue, **LI)
    assert ask(venue, body).status == 200
    assert refused(venue, body) == (409, "proof_used")


def test_one_challenge_signed_twice_opens_once(venue: Venue) -> None:
    text = challenge(venue)
    assert ask(venue, DEVICE.proof("phone-1", text)).status == 200
    assert refused(venue, DEVICE.proof("phone-1", text, **LI)) == (409, "proof_used")


def altered_as(text: str, how: str) -> str:
    """Change a text: "flip" its fifth character, "cut" its last, or put another in its place."""
    if how == "flip":
        return text[:4] + ("A" if text[4] != "A" else "B") + text[5:]
    return text[:-1] if how == "cut" else how


@pytest.mark.parametrize(
    ("name", "how"),
    [
        *(("terminal", how) for how in ("phone-2", "nowhere", "north-1")),
        *(("challenge", how) for how in ("flip", "cut", "x")),
        *(("signature", how) for how in ("flip", "A" * 86, "!" * 86, "é" * 86)),
        ("staff", "sun"),
    ],
)
def test_whatever_is_altered_the_proof_is_wrong(venue: Venue, name: str, how: str) -> None:
    body = proof(venue, **LI)
    body[name] = altered_as(body[name], how)
    assert refused(venue, body) == (401, "proof_wrong")


def test_the_shift_is_signed_too(venue: Venue) -> None:
    begun = signed_on(venue, **LI)
    assert refused(venue, {**proof(venue), "shift": begun["shift"]}) == (401, "proof_wrong")


def test_another_key_or_another_terminals_challenge_proves_nothing(venue: Venue) -> None:
    text = challenge(venue)
    assert refused(venue, OTHER_DEVICE.proof("phone-1", text)) == (401, "proof_wrong")
    assert refused(venue, Device().proof("phone-1", text)) == (401, "proof_wrong")
    assert refused(venue, DEVICE.proof("phone-1", challenge(venue, "phone-2"))) == (
        401,
        "proof_wrong",
    )


def test_a_challenge_of_another_node_is_none(venue: Venue) -> None:
    other = Keys(Secrets(master="33" * 32, signing_seed="22" * 32, node="0" * 32))
    text = other.challenge(Challenge("phone-1", "ab" * 16, START_MS + 60_000))
    assert refused(venue, DEVICE.proof("phone-1", text)) == (401, "proof_wrong")


def test_a_challenge_ends_after_a_minute(venue: Venue) -> None:
    body, late = proof(venue), proof(venue)
    venue.clock.at_ms += limits.CHALLENGE_S * 1000 - 1
    assert ask(venue, body).status == 200
    venue.clock.at_ms += 1
    assert refused(venue, late) == (401, "challenge_late")


def test_challenges_tell_nothing_of_which_terminals_there_are(venue: Venue) -> None:
    known = venue.post("terminals/challenge", {"terminal": "phone-1"}, terminal="")
    unknown = venue.post("terminals/challenge", {"terminal": "phone-9"}, terminal="")
    assert set(known.json) == set(unknown.json)
    assert known.status == unknown.status == 200
    assert known.json["until_ms"] == START_MS + limits.CHALLENGE_S * 1000


# PIN and card.


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"staff": "li", "pin": "246803"}, 403, "pin_wrong"),
        ({"staff": "nobody", "pin": "246802"}, 403, "pin_wrong"),
        ({"staff": "gone", "pin": PIN}, 403, "pin_wrong"),
        ({"staff": "li"}, 422, "member_missing"),
        ({"pin": "246802"}, 422, "member_missing"),
        ({**LI, "card": CARD}, 422, "member_wrong"),
        ({"card": CARD, "shift": "pfh.x"}, 422, "member_wrong"),
        ({"card": "DEADBEEF"}, 401, "card_unknown"),
        ({"card": "no card"}, 422, "member_wrong"),
        ({"shift": "pfh.x"}, 401, "shift_over"),
    ],
)
def test_who_is_not_on_duty_gets_no_token(
    venue: Venue, more: dict[str, str], status: int, code: str
) -> None:
    assert refused(venue, proof(venue, **more)) == (status, code)


def test_guessing_pins_is_stopped_at_the_terminal(venue: Venue) -> None:
    for _ in range(limits.PIN_TRIES_MAX):
        assert refused(venue, proof(venue, staff="li", pin="0000")) == (403, "pin_wrong")
    assert refused(venue, proof(venue, **LI)) == (429, "too_many_tries")
    assert signed_on(venue, "phone-2", **LI)["staff"]["username"] == "li"
    venue.clock.at_ms += limits.PIN_WINDOW_S * 1000
    assert signed_on(venue, **LI)["staff"]["username"] == "li"


def test_guessing_cards_is_stopped_at_the_terminal(venue: Venue) -> None:
    for n in range(limits.PIN_TRIES_MAX):
        assert refused(venue, proof(venue, card=f"DEADBEE{n}")) == (401, "card_unknown")
    assert refused(venue, proof(venue, card=CARD)) == (429, "too_many_tries")
    assert ask(venue, proof(venue, **LI)).status == 200


def test_a_wrong_pin_leaves_the_proof_unused(venue: Venue) -> None:
    text = challenge(venue)
    wrong = DEVICE.proof("phone-1", text, staff="li", pin="0000")
    assert refused(venue, wrong) == (403, "pin_wrong")
    assert ask(venue, DEVICE.proof("phone-1", text, **LI)).status == 200


# The shift.


def test_a_shift_goes_on_without_a_pin_until_it_is_over(venue: Venue) -> None:
    begun = signed_on(venue, **LI)
    venue.clock.at_ms += limits.TERMINAL_TOKEN_S * 1000
    assert scan(venue, begun["token"]) == (401, "token_expired")
    again = signed_on(venue, shift=begun["shift"])
    assert again["staff"]["username"] == "li"
    assert again["shift_until_ms"] == begun["shift_until_ms"]
    assert scan(venue, again["token"]) == (200, "unknown")
    venue.clock.at_ms = begun["shift_until_ms"] - 60_000
    last = signed_on(venue, shift=again["shift"])
    assert last["until_ms"] == begun["shift_until_ms"]
    venue.clock.at_ms = begun["shift_until_ms"]
    assert refused(venue, proof(venue, shift=again["shift"])) == (401, "shift_over")


def test_a_shift_is_the_terminals_own(venue: Venue) -> None:
    begun = signed_on(venue, **LI)
    assert refused(venue, proof(venue, "phone-2", shift=begun["shift"])) == (401, "shift_over")
    name = key_name(DEVICE.public_key)
    made_up = KEYS.shift(Shift("phone-1", name, "nobody", "s", START_MS // 1000 + 60))
    assert refused(venue, proof(venue, shift=made_up)) == (401, "shift_over")
    of_old_key = KEYS.shift(Shift("phone-1", "other", "li", "s", START_MS // 1000 + 60))
    assert refused(venue, proof(venue, shift=of_old_key)) == (401, "shift_over")


def test_an_ended_shift_stays_ended(venue: Venue) -> None:
    begun = signed_on(venue, **LI)
    for request_id in ("off-1", "off-1", "off-2"):
        told = use(venue, begun["token"], "terminals/sign-off", {"request_id": request_id})
        assert (told.status, told.json) == (200, {"ok": True})
        # With the shift goes the token in hand.
        assert scan(venue, begun["token"]) == (401, "token_expired")
    assert refused(venue, proof(venue, shift=begun["shift"])) == (401, "shift_over")
    assert scan(venue, signed_on(venue, **LI)["token"])[0] == 200


@pytest.mark.parametrize("body", [{"request_id": "a b"}, {"request_id": ""}])
def test_a_sign_off_is_read_strictly(venue: Venue, body: dict[str, str]) -> None:
    token = signed_on(venue, **LI)["token"]
    assert use(venue, token, "terminals/sign-off", body).json["code"] == "member_wrong"


def test_who_has_no_shift_cannot_end_one(venue: Venue) -> None:
    token = signed_on(venue)["token"]
    told = use(venue, token, "terminals/sign-off", {"request_id": "off"})
    assert (told.status, told.json["code"]) == (409, "not_possible")
    assert venue.post("terminals/sign-off", {"request_id": "off"}).json["code"] == "not_possible"


# What changes in between.


def _staff_without_li() -> dict[str, Staff]:
    return {**NODE.staff, "li": replace(NODE.staff["li"], active=False)}


def test_staff_let_go_is_off_duty_at_once(venue: Venue) -> None:
    begun = signed_on(venue, **LI)
    venue.publish("node", replace(NODE, staff=_staff_without_li()))
    assert scan(venue, begun["token"]) == (401, "token_revoked")
    assert refused(venue, proof(venue, shift=begun["shift"])) == (401, "shift_over")
    assert refused(venue, proof(venue, card=CARD)) == (401, "card_unknown")


def test_a_terminal_withdrawn_is_told_so_and_nobody_else_is(venue: Venue) -> None:
    begun = signed_on(venue, **LI)
    venue.revoke("phone-1")
    assert scan(venue, begun["token"]) == (401, "token_revoked")
    assert refused(venue, proof(venue)) == (401, "token_revoked")
    told = use(venue, begun["token"], "terminals/sign-off", {"request_id": "off"})
    assert told.json["code"] == "token_revoked"
    stranger = OTHER_DEVICE.proof("phone-1", challenge(venue))
    assert refused(venue, stranger) == (401, "proof_wrong")


def test_a_terminal_withdrawn_between_check_and_batch_gets_no_token(venue: Venue) -> None:
    """The check of the PIN takes its time; the rules of the batch are the newer ones."""
    body = proof(venue, **LI)

    def revoke_first(work: Callable[[], Any]) -> Any:
        async def later() -> Any:
            await venue.revoke_now("phone-1")
            return work()

        return later()

    venue.app.live.ports = replace(venue.app.live.ports, run_blocking=revoke_first)
    assert refused(venue, body) == (401, "token_revoked")


def test_paired_anew_the_device_before_is_out(venue: Venue) -> None:
    begun = signed_on(venue, **LI)
    terminals = {
        **NODE.terminals,
        "phone-1": replace(NODE.terminals["phone-1"], public_key=OTHER_DEVICE.public_key),
    }
    venue.publish("node", replace(NODE, terminals=terminals))
    assert scan(venue, begun["token"]) == (401, "token_revoked")
    assert refused(venue, proof(venue, shift=begun["shift"])) == (401, "proof_wrong")
    body = OTHER_DEVICE.proof("phone-1", challenge(venue), shift=begun["shift"])
    assert refused(venue, body) == (401, "shift_over")


def test_a_steward_promoted_in_mid_shift_has_the_new_authority(venue: Venue) -> None:
    venue.issue(CODE, product=SUPERVISED)
    token = signed_on(venue, **LI)["token"]
    salt = "cd" * 16
    promoted = Staff("li", "李检票", Role.supervisor, salt, hash_pin("246802", salt))
    venue.publish("node", replace(NODE, staff={**NODE.staff, "li": promoted}))
    assert scan(venue, token) == (200, "ok")
