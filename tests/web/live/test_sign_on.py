"""Who may ask: tokens, roles, gates, PINs, and how guessing is stopped."""

import base64
from dataclasses import replace

import pytest

from paifang.core import limits
from paifang.services.live.callers import RIGHTS, TOKENS_KEPT_MAX
from paifang.services.live.keys import Keys, Secrets
from paifang.web.live.state import KIOSK_MISSES_MAX
from tests.web.live.venue import KEYS, NODE, PIN, START_MS, TOKEN_OF, Venue, scan_of

CODE = "7K3M9QX2TB4HVN8C"
SCAN = scan_of(CODE, "r1")


def ask(venue: Venue, authorization: str) -> tuple[int, str]:
    """Scan with an Authorization header as given."""
    answered = venue.post("admissions", SCAN, terminal="", authorization=authorization)
    assert answered.status == 200 or answered.headers["www-authenticate"].startswith("Bearer")
    return answered.status, answered.json.get("code", "")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_static_token_opens(venue: Venue, scheme: str) -> None:
    assert ask(venue, f"{scheme} {TOKEN_OF['north-1']}")[0] == 200


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "token_missing"),
        ("Basic bm9ydGgtMTp4", "token_missing"),
        ("Bearer", "token_missing"),
        ("Bearer  ", "token_missing"),
        ("Bearer pft_0000000000000000000000000000", "token_unknown"),
        (f"Bearer {TOKEN_OF['north-1']}x", "token_unknown"),
        (f"Bearer {TOKEN_OF['north-1'].lower()}", "token_unknown"),
        ("Bearer " + "x" * 5_000, "token_unknown"),
        ("Bearer 令牌", "token_unknown"),
        ("Bearer pfs.", "token_unknown"),
        ("Bearer pfs.W10.AAAA", "token_unknown"),
        ("Bearer pfs.?.!", "token_unknown"),
        (f"Bearer {TOKEN_OF['expired-1']}", "token_expired"),
        (f"Bearer {TOKEN_OF['revoked-1']}", "token_revoked"),
    ],
)
def test_a_wrong_token_is_told_why(venue: Venue, authorization: str, code: str) -> None:
    assert ask(venue, authorization) == (401, code)


def test_a_request_without_a_token_is_refused_before_its_body_is_read(venue: Venue) -> None:
    answered = venue.post("admissions", b"\xff" * 100_000, terminal="")
    assert answered.json["code"] == "token_missing"
    assert answered.headers["www-authenticate"] == 'Bearer realm="paifang"'


def test_a_scan_token_stands_for_terminal_and_staff_until_it_ends(venue: Venue) -> None:
    venue.issue(CODE)
    until_s = START_MS // 1000 + 60
    token = f"Bearer {KEYS.scan_token('north-1', 'li', until_s)}"
    assert ask(venue, token) == (200, "")
    answered = venue.post("admissions", scan_of(CODE, "r2"), terminal="", authorization=token)
    assert answered.json["first"]["by"] == "李检票"
    venue.clock.at_ms = until_s * 1000
    assert ask(venue, token) == (401, "token_expired")


def test_who_signed_on_cannot_act_as_another(venue: Venue) -> None:
    token = f"Bearer {KEYS.scan_token('north-1', 'li', START_MS // 1000 + 60)}"
    answered = venue.post("admissions", {**SCAN, "staff": "sun"}, terminal="", authorization=token)
    assert (answered.status, answered.json["code"]) == (422, "staff_unknown")


def test_a_scan_token_that_was_altered_or_made_elsewhere_is_unknown(venue: Venue) -> None:
    until_s = START_MS // 1000 + 60
    token = KEYS.scan_token("north-1", "li", until_s)
    other = Keys(Secrets(master="33" * 32, signing_seed="22" * 32, node="0" * 32))
    body, _, mac = token[4:].partition(".")
    longer = base64.urlsafe_b64encode(
        base64.urlsafe_b64decode(body + "==").replace(b"li", b"xx")
    ).decode()
    for wrong in (
        other.scan_token("north-1", "li", until_s),
        f"pfs.{longer.rstrip('=')}.{mac}",
        token[:-1],
    ):
        assert ask(venue, f"Bearer {wrong}") == (401, "token_unknown")


def test_a_scan_token_ends_with_its_terminal_or_its_staff(venue: Venue) -> None:
    until_s = START_MS // 1000 + 60
    token = f"Bearer {KEYS.scan_token('north-1', 'li', until_s)}"
    assert ask(venue, token)[0] == 200
    staff = {**NODE.staff, "li": replace(NODE.staff["li"], active=False)}
    venue.publish("node", replace(NODE, staff=staff))
    assert ask(venue, token) == (401, "token_revoked")
    assert ask(venue, f"Bearer {KEYS.scan_token('nobody', '', until_s)}")[0] == 401


def test_many_tokens_take_bounded_memory(venue: Venue) -> None:
    for n in range(TOKENS_KEPT_MAX + 10):
        token = KEYS.scan_token("north-1", "", START_MS // 1000 + 60 + n)
        venue.app.live.callers.caller(venue.ledger.rules, f"Bearer {token}".encode(), START_MS)
    assert venue.app.live.callers.remembered <= TOKENS_KEPT_MAX


def test_a_withdrawn_terminal_is_out_at_the_next_request(venue: Venue) -> None:
    assert ask(venue, f"Bearer {TOKEN_OF['north-1']}")[0] == 200
    venue.revoke("north-1")
    assert ask(venue, f"Bearer {TOKEN_OF['north-1']}") == (401, "token_revoked")


@pytest.mark.parametrize(
    ("terminal", "path", "status"),
    [
        ("monitor-1", "admissions", 403),
        ("monitor-1", "admissions/preview", 403),
        ("box-1", "admissions", 403),
        ("box-1", "admissions/preview", 200),
        ("kiosk-1", "admissions", 200),
        ("kiosk-1", "admissions/override", 403),
        ("kiosk-1", "admissions/r9/annul", 403),
        ("monitor-1", "admissions/r9/passage", 403),
    ],
)
def test_a_role_may_do_what_its_row_says(
    venue: Venue, terminal: str, path: str, status: int
) -> None:
    answered = venue.post(path, SCAN, terminal=terminal)
    assert answered.status == status
    if status == 403:
        assert answered.json["code"] == "role_not_allowed"


def test_every_role_has_its_rights() -> None:
    assert len(RIGHTS) == 6
    assert all(RIGHTS.values())


def test_a_terminal_asks_only_at_its_gates(venue: Venue) -> None:
    answered = venue.post("admissions", {**SCAN, "gate": "south"})
    assert (answered.status, answered.json["code"]) == (403, "gate_not_allowed")


def override(venue: Venue, request_id: str, staff: str = "sun", pin: str = PIN) -> tuple[int, str]:
    """Ask for an override and return status and the reason or problem code."""
    body = {
        **scan_of(CODE, request_id),
        "staff": staff,
        "pin": pin,
        "reason_text": "lost the band",
    }
    answered = venue.post("admissions/override", body)
    return answered.status, answered.json.get("reason") or answered.json["code"]


def test_a_supervisor_opens_with_pin_and_reason(venue: Venue) -> None:
    venue.issue(CODE)
    venue.scan(CODE, "r1")
    body = {**scan_of(CODE, "r2"), "staff": "sun", "pin": PIN, "reason_text": "lost the band"}
    answer = venue.post("admissions/override", body).json
    assert (answer["decision"], answer["basis"], answer["people"]) == ("admit", "override", 1)


def test_no_supervisor_opens_what_was_never_issued(venue: Venue) -> None:
    assert override(venue, "r1") == (200, "unknown")


def test_an_override_without_a_reason_is_refused(venue: Venue) -> None:
    body = {**SCAN, "staff": "sun", "pin": PIN, "reason_text": "   "}
    assert venue.post("admissions/override", body).json["field"] == "reason_text"


@pytest.mark.parametrize(
    ("staff", "pin", "code"),
    [
        ("sun", "135791", "pin_wrong"),
        ("nobody", PIN, "pin_wrong"),
        ("gone", PIN, "pin_wrong"),
        ("li", "246802", "not_supervisor"),
    ],
)
def test_only_a_supervisors_own_pin_opens(venue: Venue, staff: str, pin: str, code: str) -> None:
    assert override(venue, "r1", staff, pin) == (403, code)


def test_a_pin_typed_in_full_width_is_the_same_pin(venue: Venue) -> None:
    venue.issue(CODE)
    assert override(venue, "r1", "sun", "１３５７９０") == (200, "ok")


def test_guessing_a_pin_is_stopped_and_forgiven_after_a_while(venue: Venue) -> None:
    venue.issue(CODE)
    for n in range(limits.PIN_TRIES_MAX):
        assert override(venue, f"r{n}", pin="0") == (403, "pin_wrong")
    body = {**SCAN, "staff": "sun", "pin": PIN, "reason_text": "x"}
    answered = venue.post("admissions/override", body)
    assert (answered.status, answered.json["code"]) == (429, "too_many_tries")
    assert 0 < int(answered.headers["retry-after"]) <= limits.PIN_WINDOW_S
    venue.clock.at_ms += limits.PIN_WINDOW_S * 1000
    assert override(venue, "r1") == (200, "ok")


def test_a_right_pin_clears_the_wrong_ones(venue: Venue) -> None:
    for n in range(2 * limits.PIN_TRIES_MAX):
        assert override(venue, f"wrong-{n}", pin="0") == (403, "pin_wrong")
        assert override(venue, f"right-{n}") == (200, "unknown")


def test_a_kiosk_that_shows_nothing_but_unknown_codes_has_to_wait(venue: Venue) -> None:
    def at_kiosk(n: int, code: str = "0000000000000000") -> int:
        body = scan_of(code, f"k{n}")
        return venue.post("admissions", body, terminal="kiosk-1").status

    assert [at_kiosk(n) for n in range(KIOSK_MISSES_MAX)] == [200] * KIOSK_MISSES_MAX
    answered = venue.post("admissions", scan_of(CODE, "k99"), terminal="kiosk-1")
    assert (answered.status, answered.json["code"]) == (429, "too_many_misses")
    venue.clock.at_ms += int(answered.headers["retry-after"]) * 1000
    assert at_kiosk(100) == 200
    assert at_kiosk(101) == 429


def test_a_kiosks_good_codes_are_never_limited(venue: Venue) -> None:
    venue.issue(CODE)
    for n in range(3 * KIOSK_MISSES_MAX):
        assert venue.post("admissions", scan_of(CODE, f"k{n}"), terminal="kiosk-1").status == 200


def test_a_prankster_cannot_lock_a_staffed_gate(venue: Venue) -> None:
    for n in range(3 * KIOSK_MISSES_MAX):
        assert venue.scan("0000000000000000", f"r{n}")["reason"] == "unknown"
