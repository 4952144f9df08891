"""Today renews itself and says when it cannot; the reports draw their chart: in a real browser."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.gate import DESK, PHONE, Gate, Scheme, chromium
from tests.http.server import ServerTree, temporary_directory
from tests.http.terminals import post

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

Window = tuple[tuple[int, int], Scheme, str, str]
WINDOWS: list[Window] = [
    (DESK, "light", "en-GB", "No connection"),
    (PHONE, "dark", "zh-CN", "连接中断"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=10) as tree:
        yield tree


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def admit(server: ServerTree, number: int) -> dict[str, Any]:
    told = server.demo()
    gate = next(one for one in told["terminals"] if one["role"] == "gate")
    code = told["tickets"][number]["code"]
    body = {"code": code, "gate": gate["gate"], "request_id": f"t-{number}"}
    answer: dict[str, Any] = post(server.url, "admissions", body, gate["token"]).json()
    assert answer["decision"] == "admit"
    return answer


@pytest.mark.parametrize("window", WINDOWS, ids=["desk-en", "phone-zh"])
def test_an_entry_is_seen_without_a_hand_and_a_lost_line_is_told(
    server: ServerTree, browser: Browser, window: Window
) -> None:
    size, scheme, locale, late = window
    gate = Gate(browser, server.url, size=size, scheme=scheme, locale=locale)
    gate.sign_in(next(one for one in server.demo()["staff"] if one["role"] == "manager"))
    page = gate.page
    page.goto(f"{server.url}/desk/today/")
    entries = page.locator(".tally strong").nth(1)
    expect(entries).to_have_text(re.compile(r"^\d+$"))
    before = int(entries.inner_text())
    admit(server, before)
    expect(entries).to_have_text(str(before + 1))
    page.locator("details summary").last.click()
    admit(server, before + 1)
    expect(entries).to_have_text(str(before + 2))
    # What was opened stays open when the figures are renewed.
    expect(page.locator("details[open]")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{server.url}/desk/reports/")
    expect(page.locator(".uplot canvas")).to_be_visible()
    expect(page.locator("#gates")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert gate.said == []
    page.goto(f"{server.url}/desk/today/")
    page.context.set_offline(True)
    expect(page.locator(".late")).to_contain_text(late, timeout=60_000)
    page.context.set_offline(False)
    expect(page.locator(".late")).to_be_hidden()
