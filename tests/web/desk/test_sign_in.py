"""Signing in: by name and password, not by guessing, and in words that say what to do."""

import pytest
from django.test import Client

from paifang.core import limits
from paifang.core.rules import Role
from paifang.services.desk.context import DeskContext
from paifang.services.desk.staff import make_staff, set_active
from paifang.store.models import AuditEntry, SignInFailure
from tests.desk_makers import BOSS

PASSWORD = "tea-leaf-42"


@pytest.fixture
def client(sqlite_desk: DeskContext) -> Client:
    make_staff("ann", name="Ann Lee", role=Role.steward, password=PASSWORD)
    return Client()


def sign_in(client: Client, password: str = PASSWORD, where: str = "10.0.0.1", **more: str) -> int:
    body = {"username": "ann", "password": password, **more}
    return client.post("/sign-in/", body, headers={"X-Forwarded-For": where}).status_code


def test_a_visitor_is_asked_to_sign_in_and_then_chooses_a_gate(client: Client) -> None:
    assert "Sign in" in client.get("/").text
    assert sign_in(client) == 302
    page = client.get("/").text
    assert "Choose a gate" in page
    assert "Ann Lee" in page


def test_the_case_of_the_name_does_not_matter(client: Client) -> None:
    assert sign_in(client, username=" ANN ") == 302


@pytest.mark.parametrize("body", [{}, {"username": "nobody"}, {"password": ""}, {"password": "x"}])
def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    client: Client, body: dict[str, str]
) -> None:
    asked = {"username": "ann", "password": "wrong", **body}
    answer = client.post("/sign-in/", asked)
    assert answer.status_code == 401
    assert "Name and password do not belong together" in answer.text


def test_who_was_let_go_cannot_sign_in(client: Client) -> None:
    set_active("ann", active=False, by=BOSS)
    assert sign_in(client) == 401


def test_after_too_many_tries_even_the_right_password_waits(client: Client) -> None:
    codes = [sign_in(client, "wrong") for _ in range(limits.SIGN_IN_TRIES_MAX)]
    assert codes == [401] * (limits.SIGN_IN_TRIES_MAX - 1) + [429]
    assert sign_in(client) == 429
    answer = client.post(
        "/sign-in/",
        {"username": "ann", "password": PASSWORD},
        headers={"X-Forwarded-For": "10.0.0.1", "Accept-Language": "zh-CN"},
    )
    assert 0 < int(answer["Retry-After"]) <= limits.SIGN_IN_WINDOW_S
    assert "分钟" in answer.text


def test_nobody_locks_a_colleague_out_from_elsewhere(client: Client) -> None:
    for _ in range(limits.SIGN_IN_TRIES_MAX):
        sign_in(client, "wrong", where="203.0.113.9")
    assert sign_in(client, where="203.0.113.9") == 429
    assert sign_in(client, where="10.0.0.1") == 302


def test_what_a_visitor_claims_to_be_forwarded_from_is_not_believed(client: Client) -> None:
    for n in range(limits.SIGN_IN_TRIES_MAX):
        sign_in(client, "wrong", where=f"192.0.2.{n}, 203.0.113.9")
    assert sign_in(client, where="192.0.2.77, 203.0.113.9") == 429


def test_failures_of_long_ago_are_forgiven(client: Client) -> None:
    for _ in range(limits.SIGN_IN_TRIES_MAX):
        sign_in(client, "wrong")
    SignInFailure.objects.update(at_ms=1)
    assert sign_in(client) == 302
    assert not SignInFailure.objects.exists()


def test_neither_name_nor_password_of_a_failure_is_kept(client: Client) -> None:
    sign_in(client, "wrong-secret")
    kept = str([*SignInFailure.objects.values(), *AuditEntry.objects.values()])
    assert "wrong-secret" not in kept
    assert "ann" not in kept


def test_a_form_without_its_token_is_refused_in_plain_words(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/sign-in/", {"username": "ann", "password": PASSWORD})
    assert answer.status_code == 403
    assert "This form was open too long" in answer.text


def test_signing_out_ends_the_session(client: Client) -> None:
    sign_in(client)
    client.post("/sign-out/")
    assert "Sign in" in client.get("/").text
    assert list(AuditEntry.objects.values_list("what", flat=True)) == ["sign_in", "sign_out"]


def test_the_admin_has_no_second_way_in(client: Client) -> None:
    answer = client.get("/desk/repair/", follow=True)
    assert answer.redirect_chain[-1][0] == "/"
    sign_in(client)
    assert client.get("/desk/repair/", follow=True).redirect_chain[-1][0] == "/"


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_cookies_are_secure_where_the_visitor_came_by_https(client: Client, scheme: str) -> None:
    proto = {"X-Forwarded-Proto": scheme}
    answer = client.post("/sign-in/", {"username": "ann", "password": PASSWORD}, headers=proto)
    cookies = answer.cookies.values()
    assert {cookie.key for cookie in cookies} >= {"paifang_session"}
    assert {bool(cookie["secure"]) for cookie in cookies} == {scheme == "https"}
