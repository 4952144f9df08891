"""A device becomes a terminal by a code and its own key, and tells how it is."""

import json
from typing import Any

import pytest
from django.test import Client

from paifang.core import limits
from paifang.core.rules import TerminalRole
from paifang.ledger.faults import Unavailable
from paifang.services.desk import one_time_codes, pairing
from paifang.services.desk.context import DeskContext
from paifang.services.desk.pairing import new_code
from paifang.services.desk.terminals import (
    TerminalError,
    add_terminal,
    make_terminal,
    revoke_terminal,
)
from paifang.services.live.keys import PAIRING_CODE_CHARS
from paifang.services.live.proof import key_name
from paifang.store.models import AuditEntry, Pairing, Terminal, TerminalStatus
from tests.desk_makers import BOSS, Venue, make_venue
from tests.device import Device

PHONE = Device(seed=11)


@pytest.fixture
def venue(desk: DeskContext) -> Venue:
    return make_venue()


def post(path: str, body: Any, *, where: str = "10.0.0.7", **headers: str) -> tuple[int, Any]:
    """Send JSON to the API and return status and answer."""
    answered = Client().post(
        f"/api/v1/terminals/{path}",
        body if isinstance(body, str) else json.dumps(body),
        content_type="application/json",
        headers={"X-Forwarded-For": where, **headers},
    )
    return answered.status_code, json.loads(answered.content)


def body_of(code: str, device: Device = PHONE, **more: Any) -> dict[str, Any]:
    return {"code": code, "key": device.jwk, "request_id": "pair-1", **more}


def pair(code: str, device: Device = PHONE, **more: Any) -> tuple[int, Any]:
    where = more.pop("where", "10.0.0.7")
    return post("pair", body_of(code, device, **more), where=where)


def refused(answered: tuple[int, Any]) -> tuple[int, str]:
    return answered[0], answered[1]["code"]


def token_of(desk: DeskContext, terminal: Terminal, device: Device = PHONE, staff: str = "") -> str:
    until_s = one_time_codes.time_ms() // 1000 + 60
    key = key_name(device.public_key)
    return desk.keys.scan_token(terminal.pk.hex, staff, until_s, key)


def test_a_device_with_the_code_is_the_terminal(desk: DeskContext, venue: Venue) -> None:
    code = new_code("fair-1", by=BOSS).code
    status, told = pair(code, version="1.0")
    assert status == 200
    assert told["node"] == desk.keys.node
    shown = told["terminal"]
    assert (shown["name"], shown["role"], shown["staffed"]) == ("fair-1", "gate", True)
    assert shown["gates"][0]["zone_name_zh"] == "展馆"
    known = desk.ledger.rules().node.terminals[shown["id"]]
    assert known.public_key == PHONE.public_key
    assert TerminalStatus.objects.get().version == "1.0"
    entry = AuditEntry.objects.get(what="terminal_paired")
    assert (entry.who, entry.subject, entry.where) == ("boss", "fair-1", "10.0.0.7")


def test_the_code_stands_nowhere_in_the_store(desk: DeskContext, venue: Venue) -> None:
    code = new_code("fair-1", by=BOSS)
    assert len(code.code) == PAIRING_CODE_CHARS
    (kept,) = Pairing.objects.values_list("code_hash", flat=True)
    assert code.code not in kept
    assert code.typed == f"{code.code[:5]}-{code.code[5:]}"


def test_a_code_may_be_typed_in_groups_and_small(desk: DeskContext, venue: Venue) -> None:
    code = new_code("fair-1", by=BOSS)
    spelled = code.typed.lower().replace("0", "o").replace("1", "l")
    assert pair(f" {spelled} ")[0] == 200


def test_a_lost_answer_is_given_again_and_to_nobody_else(desk: DeskContext, venue: Venue) -> None:
    code = new_code("fair-1", by=BOSS).code
    first, again = pair(code), pair(code, request_id="pair-2")
    assert first[0] == again[0] == 200
    assert first[1]["terminal"] == again[1]["terminal"]
    assert AuditEntry.objects.filter(what="terminal_paired").count() == 1
    assert refused(pair(code, Device())) == (409, "pairing_code_used")
    assert desk.ledger.rules().node.terminals[venue.terminal.pk.hex].public_key == PHONE.public_key


def test_a_screenshot_of_the_code_is_worth_nothing_after_ten_minutes(
    desk: DeskContext, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ms = one_time_codes.time_ms()
    code = new_code("fair-1", by=BOSS)
    monkeypatch.setattr(pairing, "time_ms", lambda: code.until_ms)
    assert code.until_ms >= now_ms + limits.PAIRING_CODE_S * 1000
    assert refused(pair(code.code)) == (410, "pairing_code_late")
    fresh = new_code("fair-1", by=BOSS).code
    assert pair(fresh)[0] == 200


def test_a_new_code_ends_the_one_before(desk: DeskContext, venue: Venue) -> None:
    first, second = new_code("fair-1", by=BOSS).code, new_code("fair-1", by=BOSS).code
    assert refused(pair(first)) == (404, "pairing_code_unknown")
    assert pair(second)[0] == 200


def test_guessing_codes_is_stopped_for_the_address(
    desk: DeskContext, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = new_code("fair-1", by=BOSS).code
    for n in range(limits.PAIRING_TRIES_MAX):
        assert refused(pair(f"WRONG{n:05}")) == (404, "pairing_code_unknown")
    assert refused(pair(code)) == (429, "too_many_codes")
    later_ms = one_time_codes.time_ms() + limits.PAIRING_WINDOW_S * 1000
    assert pair(code, where="10.0.0.8")[0] == 200
    monkeypatch.setattr(one_time_codes, "time_ms", lambda: later_ms)
    assert refused(pair("WRONG00000")) == (404, "pairing_code_unknown")


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ({"x": "A" * 43}, "key_malformed"),
        ({"x": "!" * 43}, "key_malformed"),
        ({"x": "é" * 43}, "key_malformed"),
        ({"crv": "P-384"}, "member_wrong"),
        ({"x": "AA"}, "member_wrong"),
        ({"d": "A" * 43}, "member_unknown"),
    ],
    ids=str,
)
def test_a_key_that_is_none_is_refused(
    desk: DeskContext, venue: Venue, key: dict[str, str], code: str
) -> None:
    body = body_of(new_code("fair-1", by=BOSS).code)
    body["key"] = {**body["key"], **key}
    assert refused(post("pair", body)) == (422, code)
    assert not Terminal.objects.exclude(public_key="").exists()


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        ("{", {}, 422, "malformed"),
        ("{}", {}, 422, "member_missing"),
        ("{}", {"Content-Type": "text/plain"}, 415, "not_json"),
        ("{}", {"Content-Encoding": "gzip"}, 415, "not_json"),
        ('{"code": "' + "x" * limits.BODY_BYTES_MAX + '"}', {}, 413, "too_large"),
        ('{"code": "' + "x" * 65 + '"}', {}, 422, "member_wrong"),
    ],
    ids=["cut", "empty", "text", "gzip", "large", "long"],
)
def test_a_body_is_read_as_strictly_as_at_the_gates(
    desk: DeskContext, body: str, headers: dict[str, str], status: int, code: str
) -> None:
    kind = headers.get("Content-Type", "application/json")
    answered = Client().post("/api/v1/terminals/pair", body, content_type=kind, headers=headers)
    assert answered.status_code == status
    assert answered["Content-Type"] == "application/problem+json"
    assert json.loads(answered.content)["code"] == code


def test_problems_speak_the_callers_language(desk: DeskContext, venue: Venue) -> None:
    told = post("pair", body_of("WRONG00000"), **{"Accept-Language": "zh-CN"})[1]
    assert any("\u4e00" <= char <= "\u9fff" for char in told["title"])
    assert any("\u4e00" <= char <= "\u9fff" for char in told["detail"])


def test_other_methods_and_paths_are_problems_too(desk: DeskContext) -> None:
    answered = Client().get("/api/v1/terminals/pair")
    assert (answered.status_code, answered["Allow"]) == (405, "POST")
    assert Client().get("/api/v1/nowhere").json()["code"] == "not_found"


def test_the_gates_that_could_not_be_told_are_told_when_asked_again(
    desk: DeskContext, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = new_code("fair-1", by=BOSS).code

    def away(actor: str = "") -> None:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(pairing, "publish", away)
        assert refused(pair(code)) == (503, "unavailable")
    assert pair(code)[0] == 200
    assert desk.ledger.rules().node.terminals[venue.terminal.pk.hex].public_key


def test_a_bug_is_told_as_a_problem_without_its_words(
    desk: DeskContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(**_more: Any) -> None:
        raise LookupError("7K3M9QX2TB")

    monkeypatch.setattr(desk.keys, "pairing_hash", fails)
    assert refused(pair("7K3M9QX2TB")) == (500, "unexpected")
    assert "7K3M9QX2TB" not in caplog.text


# Withdrawn, and paired again.


def test_a_withdrawn_terminal_comes_back_with_a_new_code_and_without_its_old_tokens(
    desk: DeskContext, venue: Venue
) -> None:
    _, static = add_terminal("north-9", role=TerminalRole.gate, gates=[venue.gate.slug], by=BOSS)
    first = new_code("north-9", by=BOSS).code
    terminal = Terminal.objects.get(name="north-9")
    pair(first)
    old = token_of(desk, terminal)
    revoke_terminal("north-9", by=BOSS, why="lost")
    assert refused(pair(first)) == (409, "pairing_code_used")
    for token in (old, static):
        assert refused(post("status", {}, Authorization=f"Bearer {token}")) == (
            401,
            "token_revoked",
        )
    found = Device()
    assert pair(new_code("north-9", by=BOSS).code, found)[0] == 200
    assert refused(post("status", {}, Authorization=f"Bearer {old}")) == (401, "token_revoked")
    assert refused(post("status", {}, Authorization=f"Bearer {static}")) == (401, "token_unknown")
    assert refused(pair(first)) == (409, "pairing_code_used")
    terminal.refresh_from_db()
    assert (terminal.revoked, terminal.public_key) == (False, found.public_key)


def test_a_code_is_made_for_terminals_there_are(desk: DeskContext) -> None:
    with pytest.raises(TerminalError, match="terminal_unknown"):
        new_code("nowhere", by=BOSS)


# What a terminal tells of itself.


def status_of(**more: Any) -> dict[str, Any]:
    return {"version": "1.0", "unsent": 2, "clock_ms": one_time_codes.time_ms() + 5_000, **more}


def test_a_terminal_tells_how_it_is_and_is_told_what_it_is(desk: DeskContext, venue: Venue) -> None:
    pair(new_code("fair-1", by=BOSS).code)
    bearer = f"Bearer {token_of(desk, venue.terminal)}"
    code, told = post("status", status_of(battery=81, charging=False), Authorization=bearer)
    assert code == 200
    assert told["terminal"]["name"] == "fair-1"
    kept = TerminalStatus.objects.get()
    assert (kept.version, kept.unsent, kept.battery, kept.charging) == ("1.0", 2, 81, False)
    assert kept.seen_at_ms == told["now_ms"]
    assert 4_000 <= kept.clock_offset_ms <= 5_000
    post("status", status_of(), Authorization=bearer)
    kept = TerminalStatus.objects.get()
    assert (kept.battery, kept.charging) == (None, None)


@pytest.mark.parametrize(
    "more",
    [
        *({"battery": 101}, {"unsent": -1}, {"clock_ms": -1}),
        *({"version": "v" * 41}, {"version": "1\0"}, {"version": "1\n"}, {"version": "版"}),
    ],
    ids=str,
)
def test_a_status_out_of_bounds_is_refused(sqlite_desk: DeskContext, more: dict[str, Any]) -> None:
    venue = make_venue()
    pair(new_code("fair-1", by=BOSS).code)
    bearer = f"Bearer {token_of(sqlite_desk, venue.terminal)}"
    answered = post("status", status_of(**more), Authorization=bearer)
    assert refused(answered) == (422, "member_wrong")


def test_nobody_and_strangers_tell_nothing(sqlite_desk: DeskContext) -> None:
    assert refused(post("status", status_of())) == (401, "token_missing")
    bearer = {"Authorization": "Bearer pft_UNKNOWN"}
    assert refused(post("status", status_of(), **bearer)) == (401, "token_unknown")


@pytest.mark.parametrize("role", list(TerminalRole))
def test_terminals_of_every_role_tell_how_they_are(
    sqlite_desk: DeskContext, role: TerminalRole
) -> None:
    make_terminal("one", role=role)
    pair(new_code("one", by=BOSS).code)
    bearer = f"Bearer {token_of(sqlite_desk, Terminal.objects.get(name='one'))}"
    assert post("status", status_of(), Authorization=bearer)[0] == 200
