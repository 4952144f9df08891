"""A phone becomes a gate over real HTTP: code, key, shift, scan, status, and everything refused."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from paifang.web.live.forwarded import FORWARDED
from tests.http.evidence import paifang, require_verified
from tests.http.server import ServerTree, temporary_directory
from tests.http.terminals import Phone, made_by, post
from tests.ledger.engines import bare_database, postgres_server
from tests.web.live.test_schemathesis import explored

pytestmark = pytest.mark.http


def steward(server: ServerTree) -> dict[str, str]:
    """Return what a steward signs on with."""
    found = next(p for p in server.demo()["staff"] if p["role"] == "steward")
    return {"staff": found["username"], "pin": found["pin"]}


def paired(server: ServerTree, database: str, name: str = "south-2") -> Phone:
    """Return a phone that has become a terminal."""
    phone = Phone(server.url)
    code = made_by(server, database, "terminal", "pair", name)["code"]
    assert phone.pair(code).status_code == 200
    return phone


def test_a_phone_is_a_gate_in_four_requests(server: ServerTree, database: str) -> None:
    phone = paired(server, database)
    told = phone.sign_on(**steward(server)).json()
    gate = told["terminal"]["gates"][0]["slug"]
    code = server.demo()["tickets"][-1]["code"]
    scan = {"code": code, "gate": gate, "request_id": "phone-1"}
    assert post(server.url, "admissions", scan, told["token"]).json()["decision"] == "admit"
    status = {"version": "0.1.0", "unsent": 0, "clock_ms": told["now_ms"]}
    answered = post(server.url, "terminals/status", status, told["token"])
    assert answered.json()["terminal"]["name"] == "south-2"
    off = post(server.url, "terminals/sign-off", {"request_id": "off-1"}, told["token"])
    assert off.json() == {"ok": True}
    assert phone.sign_on(shift=told["shift"]).json()["code"] == "shift_over"
    require_verified(server.data, database)


def test_a_code_works_once_and_its_lost_answer_is_given_again(
    server: ServerTree, database: str
) -> None:
    code = made_by(server, database, "terminal", "pair", "north-2")["code"]
    first, second = Phone(server.url), Phone(server.url)
    assert first.pair(code).status_code == 200
    assert first.pair(code).json()["terminal"]["id"] == first.id
    assert second.pair(code).json()["code"] == "pairing_code_used"
    assert first.sign_on(**steward(server)).status_code == 200


def test_one_of_two_phones_with_one_code_becomes_the_terminal(
    server: ServerTree, database: str
) -> None:
    code = made_by(server, database, "terminal", "pair", "south-1")["code"]
    phones = [Phone(server.url) for _ in range(6)]
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda phone=phone: answers.append(phone.pair(code)))
        for phone in phones
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, *([409] * 5)]


def test_a_withdrawn_phone_is_out_and_may_come_back(server: ServerTree, database: str) -> None:
    made_by(server, database, "terminal", "add", "lost-1", "--gate", "north")
    phone = paired(server, database, "lost-1")
    token = phone.sign_on(**steward(server)).json()["token"]
    revoke = ("terminal", "revoke", "lost-1")
    done = made_by_without_report(server, database, *revoke)
    assert done == 0
    scan = {"code": "7K3M9QX2TB4HVN8C", "gate": "north", "request_id": "lost"}
    assert post(server.url, "admissions", scan, token).json()["code"] == "token_revoked"
    assert phone.sign_on(**steward(server)).json()["code"] == "token_revoked"
    again = paired(server, database, "lost-1")
    assert again.id == phone.id
    assert again.sign_on(**steward(server)).status_code == 200
    assert phone.sign_on(**steward(server)).json()["code"] == "proof_wrong"
    assert post(server.url, "admissions", scan, token).json()["code"] == "token_revoked"


def made_by_without_report(server: ServerTree, database: str, *arguments: str) -> int:
    """Run a command that reports in words; return its exit code."""
    return paifang(*arguments, "--data", server.data, database=database).returncode


def test_staff_sign_on_with_a_card(server: ServerTree, database: str) -> None:
    who = steward(server)["staff"]
    data = ("--data", server.data)
    card = paifang("user", "card", who, *data, database=database, typed="04:a2:2b:5a\n")
    assert card.returncode == 0, card.stderr
    phone = paired(server, database, "north-1")
    assert phone.sign_on(card="04A22B5A").json()["staff"]["username"] == who
    assert paifang("user", "card", who, "--remove", *data, database=database).returncode == 0
    assert phone.sign_on(card="04A22B5A").json()["code"] == "card_unknown"


@pytest.mark.filterwarnings("default")
def test_what_the_desk_answers_is_described_and_none_is_a_fault(sqlite_server: ServerTree) -> None:
    document = httpx.get(f"{sqlite_server.url}/api/v1/openapi.json").json()
    forwarded = {operation.path for operation in FORWARDED}
    document["paths"] = {
        path: found for path, found in document["paths"].items() if path in forwarded
    }
    token = next(t for t in sqlite_server.demo()["terminals"] if t["role"] == "gate")["token"]
    config: dict[str, Any] = {
        "base-url": sqlite_server.url,
        "headers": {"Authorization": f"Bearer {token}"},
        "generation": {"max-examples": 25},
        "checks": {"positive_data_acceptance": {"enabled": False}},
        "phases": {"stateful": {"enabled": False}},
        "continue-on-failure": True,
    }
    statuses, failed = explored(document, config)
    assert not failed, "\n\n".join(failed)
    assert {200, 401, 405, 415, 422} <= set(statuses)


@pytest.fixture(scope="module")
def two_live() -> Iterator[tuple[list[ServerTree], str]]:
    """Yield a whole server and a second live process on one PostgreSQL database, and its URL."""
    with ExitStack() as stack:
        data = stack.enter_context(temporary_directory()) / "data"
        database = stack.enter_context(bare_database(stack.enter_context(postgres_server())))
        first = stack.enter_context(ServerTree(data, database=database, tickets=5))
        second = ServerTree(data, database=database, command="serve", options=("--only", "live"))
        yield [first, stack.enter_context(second)], database


@pytest.mark.postgres
def test_a_proof_shown_to_two_live_processes_at_once_opens_one_of_them(
    two_live: tuple[list[ServerTree], str],
) -> None:
    servers, database = two_live
    phone = paired(servers[0], database)
    for _ in range(5):
        body = phone.proof(**steward(servers[0]))
        answers: list[httpx.Response] = []

        def show(base: str, body: dict[str, Any], answers: list[httpx.Response]) -> None:
            answers.append(post(base, "terminals/token", body))

        threads = [
            threading.Thread(target=show, args=(server.url, body, answers)) for server in servers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert {a.json().get("code") for a in answers if a.status_code == 409} == {"proof_used"}
        for server in servers:
            assert post(server.url, "terminals/token", body).json()["code"] == "proof_used"
    require_verified(servers[0].data, database)


@pytest.mark.postgres
def test_a_shift_ended_at_one_live_process_is_over_at_the_other(
    two_live: tuple[list[ServerTree], str],
) -> None:
    servers, database = two_live
    phone = paired(servers[0], database, "north-2")
    told = phone.sign_on(**steward(servers[0])).json()
    post(servers[0].url, "terminals/sign-off", {"request_id": "off"}, told["token"])
    phone.base = servers[1].url
    assert phone.sign_on(shift=told["shift"]).json()["code"] == "shift_over"
