"""The gate's page in a real browser, on a real server: a steward's whole way, in both languages."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from paifang.core.reasons import WORDS as REASON_WORDS
from paifang.core.reasons import Reason
from paifang.web.language import translator
from tests.browser.gate import DESK, PHONE, WORDS, Gate, Scheme, chromium
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

Window = tuple[tuple[int, int], Scheme, str]
WINDOWS: list[Window] = [(DESK, "light", "en-GB"), (PHONE, "dark", "zh-CN")]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=60) as tree:
        yield tree


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def fresh_tickets(server: ServerTree) -> Iterator[dict[str, Any]]:
    """Tickets nobody has shown yet, one after the other."""
    return iter([t for t in server.demo()["tickets"] if t["product"] == "Adult ticket"])


def person(server: ServerTree, role: str) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in server.demo()["staff"] if p["role"] == role)
    return found


def word_of(reason: Reason, locale: str) -> str:
    return translator(locale.encode())(REASON_WORDS[reason].word)


@pytest.mark.parametrize("window", WINDOWS)
def test_a_steward_admits_refuses_undoes_and_calls_the_supervisor(
    server: ServerTree,
    browser: Browser,
    fresh_tickets: Iterator[dict[str, Any]],
    window: Window,
) -> None:
    size, scheme, locale = window
    words, ticket = WORDS[locale], next(fresh_tickets)
    gate = Gate(browser, server.url, size=size, scheme=scheme, locale=locale)
    gate.sign_in(person(server, "steward"))
    gate.stand_at("north-1")
    before = gate.inside()

    gate.scan(ticket["code"])
    gate.sees("admit")
    gate.reads("word", word_of(Reason.ok, locale))
    gate.reads("who", ticket["holder"])
    expect(gate.page.locator("[data-inside] b")).to_have_text(f"{before + 1:,}")

    gate.scan(ticket["serial"])
    gate.sees("warn")
    gate.reads("word", word_of(Reason.already_used, locale))
    expect(gate.page.locator("[data-first]")).to_contain_text(re.compile(r"\d{1,2}:\d{2}"))
    gate.reads("first", "北门" if locale == "zh-CN" else "North gate")

    gate.page.locator("[data-verdict] button", has_text=words["next"]).click()
    gate.page.locator("[data-recent] button", has_text=words["undo"]).first.click()
    gate.page.locator("dialog[data-undo] [data-chip]").first.click()
    gate.page.locator("dialog[data-undo] button[type=submit]").click()
    expect(gate.page.locator("[data-inside] b")).to_have_text(f"{before:,}")

    gate.scan(ticket["code"])
    gate.sees("admit")
    gate.scan(ticket["code"])
    gate.sees("warn")
    gate.page.locator("[data-verdict] button", has_text=words["supervisor"]).click()
    dialog = gate.page.locator("dialog[data-override]")
    supervisor = person(server, "supervisor")
    dialog.locator("select").select_option(supervisor["username"])
    dialog.locator("input[name=pin]").fill(supervisor["pin"])
    dialog.locator("[data-chip]").first.click()
    dialog.locator("button[type=submit]").click()
    gate.sees("admit")
    expect(gate.page.locator("[data-mark]")).not_to_be_empty()
    expect(gate.page.locator("[data-inside] b")).to_have_text(f"{before + 2:,}")

    gate.page.get_by_text(words["exit"], exact=True).click()
    gate.scan(ticket["code"])
    gate.sees("exit")
    expect(gate.page.locator("[data-inside] b")).to_have_text(f"{before + 1:,}")
    assert gate.said == []


def test_codes_that_are_none_are_told_apart_and_the_page_goes_on(
    server: ServerTree, browser: Browser, fresh_tickets: Iterator[dict[str, Any]]
) -> None:
    gate = Gate(browser, server.url)
    gate.sign_in(person(server, "steward"))
    gate.stand_at("south-1")
    gate.scan("ZZZZZZZZZZZZZZZZ")
    gate.sees("refuse")
    gate.reads("word", "Unknown")
    gate.scan("https://example.org/t/ZZZZ?c=1")
    gate.sees("refuse")
    gate.reads("word", "Not a code")
    ticket = next(fresh_tickets)
    gate.scan(ticket["code"].lower())
    gate.sees("admit")
    gate.reads("who", ticket["holder"])
    assert gate.said == []


def test_a_wrong_pin_admits_nobody_and_says_so(
    server: ServerTree, browser: Browser, fresh_tickets: Iterator[dict[str, Any]]
) -> None:
    gate = Gate(browser, server.url)
    gate.sign_in(person(server, "steward"))
    gate.stand_at("north-2")
    ticket, inside = next(fresh_tickets), gate.inside() + 1
    gate.scan(ticket["code"])
    gate.sees("admit")
    expect(gate.page.locator("[data-inside] b")).to_have_text(f"{inside:,}")
    gate.scan(ticket["code"])
    gate.sees("warn")
    gate.page.locator("[data-verdict] button", has_text="Supervisor").click()
    dialog = gate.page.locator("dialog[data-override]")
    dialog.locator("select").select_option(person(server, "supervisor")["username"])
    dialog.locator("input[name=pin]").fill("000000x")
    dialog.locator("[data-chip]").first.click()
    dialog.locator("button[type=submit]").click()
    expect(dialog.locator("[data-wrong]")).not_to_be_empty()
    assert gate.inside() == inside


def test_a_lost_answer_is_asked_for_again_and_the_guest_is_let_in_once(
    server: ServerTree, browser: Browser, fresh_tickets: Iterator[dict[str, Any]]
) -> None:
    gate = Gate(browser, server.url)
    gate.sign_in(person(server, "steward"))
    gate.stand_at("north-1")
    ticket = next(fresh_tickets)
    lost: list[str] = []

    def lose_the_first(route: Any) -> None:
        """Let the request reach the server and throw its answer away, once."""
        if not lost:
            lost.append(route.fetch().json()["decision"])
            route.abort("connectionreset")
        else:
            route.continue_()

    gate.page.route("**/api/v1/admissions", lose_the_first)
    gate.scan(ticket["code"])
    gate.sees("admit")
    assert lost == ["admit"]
    gate.reads("who", ticket["holder"])


def test_a_person_who_is_not_signed_in_gets_no_gate(server: ServerTree, browser: Browser) -> None:
    gate = Gate(browser, f"{server.url}/scan/north-1/")
    expect(gate.page.locator("input[name=password]")).to_be_visible()
    gate.page.locator("input[name=username]").fill("manager")
    gate.page.locator("input[name=password]").fill("wrong")
    gate.page.keyboard.press("Enter")
    expect(gate.page.get_by_role("alert")).to_be_visible()
    expect(gate.page.locator("a.gate")).to_have_count(0)


@pytest.mark.parametrize("window", WINDOWS)
def test_no_page_is_wider_than_its_window(
    server: ServerTree, browser: Browser, window: Window
) -> None:
    size, scheme, locale = window
    gate = Gate(browser, server.url, size=size, scheme=scheme, locale=locale)
    gate.sign_in(person(server, "manager"))
    width = "document.documentElement.scrollWidth"
    assert gate.page.evaluate(width) <= size[0]
    gate.stand_at("north-1")
    assert gate.page.evaluate(width) <= size[0]
