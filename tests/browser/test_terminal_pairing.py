"""A device becomes a terminal and works as one: real browser, real server, by wedge scanner."""

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, Request, Route, expect

from paifang.core.reasons import WORDS, Reason
from paifang.web.language import translator
from tests.browser.gate import DESK, PHONE, chromium
from tests.browser.terminal import Terminal, pairing_code
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=80) as tree:
        yield tree


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def tickets(server: ServerTree) -> Iterator[dict[str, Any]]:
    """Tickets nobody has shown yet, one after the other."""
    return iter([t for t in server.demo()["tickets"] if t["product"] == "Adult ticket"])


def person(server: ServerTree, role: str) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in server.demo()["staff"] if p["role"] == role)
    return found


def at_work(
    server: ServerTree, browser: Browser, name: str = "north-1", *, locale: str = "en-GB"
) -> Terminal:
    terminal = Terminal(browser, server.url, locale=locale)
    terminal.pair(pairing_code(server.data, name))
    terminal.sign_on(person(server, "steward"))
    terminal.connected()
    return terminal


def request_id(request: Request) -> str:
    """The id a scan was sent with."""
    body: dict[str, str] = json.loads(request.post_data or "{}")
    return body["request_id"]


def word(reason: Reason, locale: str = "en-GB") -> str:
    return translator(locale.encode())(WORDS[reason].word)


@pytest.mark.parametrize(
    ("size", "locale"), [(PHONE, "zh-CN"), (DESK, "en-GB")], ids=["phone-zh", "desk-en"]
)
def test_a_phone_is_a_gate_within_a_minute_and_opens_with_no_network(
    server: ServerTree,
    browser: Browser,
    tickets: Iterator[dict[str, Any]],
    size: tuple[int, int],
    locale: str,
) -> None:
    terminal = Terminal(browser, server.url, size=size, locale=locale)
    terminal.pair(pairing_code(server.data, "north-1"))
    # The code is in nobody's history or log.
    assert terminal.page.url == terminal.url
    terminal.sign_on(person(server, "steward"))
    terminal.connected()
    ticket = next(tickets)
    terminal.wedge(ticket["code"])
    terminal.sees("admit")
    expect(terminal.page.locator("[data-verdict]")).to_contain_text(word(Reason.ok, locale))
    expect(terminal.page.locator("[data-verdict]")).to_contain_text(ticket["holder"])
    terminal.page.wait_for_timeout(1_000)  # longer than one pull of the trigger reads twice
    terminal.wedge(ticket["serial"], "Tab")
    terminal.sees("warn")
    expect(terminal.page.locator("[data-verdict]")).to_contain_text(re.compile(r"\d{1,2}:\d{2}"))
    assert not terminal.said

    terminal.context.set_offline(True)
    terminal.page.reload()
    terminal.shows("gate")
    expect(terminal.page.locator("[data-link]")).to_have_attribute("data-state", "unreachable")
    width = terminal.page.evaluate("document.documentElement.scrollWidth")
    assert width <= size[0]
    # The list of what was decided is still there.
    expect(terminal.page.locator("li:visible", has_text=ticket["holder"]).first).to_be_visible()
    terminal.context.set_offline(False)
    terminal.connected()
    terminal.wedge(next(tickets)["code"])
    terminal.sees("admit")


def test_the_key_cannot_be_read_out_of_the_browser(server: ServerTree, browser: Browser) -> None:
    terminal = Terminal(browser, server.url)
    terminal.pair(pairing_code(server.data, "south-2"))
    told = terminal.page.evaluate(
        """async () => {
          const open = indexedDB.open("paifang-terminal");
          const db = await new Promise((done) => (open.onsuccess = () => done(open.result)));
          const get = db.transaction("kept").objectStore("kept").get("key");
          const pair = await new Promise((done) => (get.onsuccess = () => done(get.result)));
          try {
            await crypto.subtle.exportKey("jwk", pair.privateKey);
            return "read";
          } catch (fault) {
            return fault.name;
          }
        }"""
    )
    assert told == "InvalidAccessError"


def test_a_pairing_code_works_once_and_a_screenshot_of_it_never_again(
    server: ServerTree, browser: Browser
) -> None:
    code = pairing_code(server.data, "south-1")
    Terminal(browser, server.url).pair(code)
    thief = Terminal(browser, server.url)
    thief.open(f"#pair={code}")
    thief.shows("unpaired")
    expect(thief.page.get_by_role("alert")).to_contain_text("used")
    # Typed in small letters, in groups: the same code, and the same answer.
    thief.page.locator("input[name=code]").fill(f"{code[:5].lower()}-{code[5:].lower()}")
    thief.page.get_by_role("button", name="Pair", exact=True).click()
    expect(thief.page.get_by_role("alert")).to_contain_text("used")
    thief.page.locator("input[name=code]").fill("https://example.org/")
    thief.page.get_by_role("button", name="Pair", exact=True).click()
    expect(thief.page.get_by_role("alert")).to_contain_text("no pairing code")
    fresh = pairing_code(server.data, "south-1")
    thief.page.locator("input[name=code]").fill(fresh)
    thief.page.get_by_role("button", name="Pair", exact=True).click()
    thief.shows("sign_on")
    # The address of a further QR in the very tab that is open.
    thief.pair(pairing_code(server.data, "south-2"))
    expect(thief.page.get_by_text("south-2")).to_be_visible()


def test_a_pairing_code_shown_too_late_says_so(server: ServerTree, browser: Browser) -> None:
    code = pairing_code(server.data, "south-1")
    with closing(sqlite3.connect(server.data / "store.db", timeout=20)) as store, store:
        store.execute("UPDATE store_pairing SET until_ms = 1 WHERE used_at_ms = 0")
    phone = Terminal(browser, server.url, locale="zh-CN")
    phone.open(f"#pair={code}")
    phone.shows("unpaired")
    expect(phone.page.get_by_role("alert")).to_contain_text("配对码 10 分钟内有效")


def test_a_lost_reply_to_pairing_costs_no_code(server: ServerTree, browser: Browser) -> None:
    terminal = Terminal(browser, server.url)
    lost: list[int] = []

    def lose_the_first(route: Route) -> None:
        if not lost:
            lost.append(route.fetch().status)
            route.abort("connectionreset")
        else:
            route.continue_()

    terminal.page.route("**/api/v1/terminals/pair", lose_the_first)
    code = pairing_code(server.data, "south-1")
    terminal.open(f"#pair={code}")
    terminal.shows("unpaired")
    terminal.page.locator("input[name=code]").fill(code)
    terminal.page.get_by_role("button", name="Pair", exact=True).click()
    terminal.shows("sign_on")
    assert lost == [200]


def test_a_wrong_pin_signs_nobody_on(server: ServerTree, browser: Browser) -> None:
    terminal = Terminal(browser, server.url)
    terminal.pair(pairing_code(server.data, "south-1"))
    terminal.page.locator("input[name=username]").fill("steward")
    terminal.page.locator("input[name=pin]").fill("000000x")
    terminal.page.locator("button[type=submit]").click()
    expect(terminal.page.get_by_role("alert")).to_contain_text("PIN")
    terminal.shows("sign_on")
    terminal.sign_on(person(server, "steward"))
    terminal.page.reload()
    # The shift renews itself; nobody types a PIN after a reload.
    terminal.shows("gate")
    terminal.connected()


def test_a_reply_lost_after_the_decision_and_a_reload_admit_once(
    server: ServerTree, browser: Browser, tickets: Iterator[dict[str, Any]]
) -> None:
    terminal = at_work(server, browser)
    ticket = next(tickets)
    asked: list[str] = []

    def lose(route: Route) -> None:
        asked.append(request_id(route.request))
        if len(asked) == 1:
            assert route.fetch().json()["decision"] == "admit"
        route.abort("connectionreset")

    terminal.page.route("**/api/v1/admissions", lose)
    terminal.wedge(ticket["code"])
    terminal.sees("wait")
    # The page is reloaded while it waits: the wish is kept and asked for with its own id.
    terminal.page.unroute("**/api/v1/admissions")
    with terminal.page.expect_request("**/api/v1/admissions") as again:
        terminal.page.reload()
    asked.append(request_id(again.value))
    terminal.sees("admit")
    expect(terminal.page.locator("[data-verdict]")).to_contain_text(ticket["holder"])
    assert len(set(asked)) == 1
    terminal.page.keyboard.press("Escape")
    terminal.wedge(ticket["code"])
    terminal.sees("warn")


@pytest.mark.parametrize(
    ("text", "face"),
    [
        ("https://example.org/t/ZZZZ?c=1", "refuse"),
        ("A" * 3_000, "refuse"),
        ("AB\u00e9\u4e2d\u6587123456", "refuse"),
        ("ZZZZZZZZZZZZZZZZ", "refuse"),
    ],
    ids=["url", "3000", "letters", "unknown"],
)
def test_after_any_bad_code_the_scanner_goes_on(
    server: ServerTree,
    browser: Browser,
    tickets: Iterator[dict[str, Any]],
    text: str,
    face: str,
) -> None:
    terminal = at_work(server, browser, "north-2")
    terminal.burst(text)
    terminal.sees(face)
    terminal.wedge(next(tickets)["code"])
    terminal.sees("admit")


def test_letters_an_input_method_swallowed_are_told(
    server: ServerTree, browser: Browser, tickets: Iterator[dict[str, Any]]
) -> None:
    terminal = at_work(server, browser, "north-2")
    terminal.page.evaluate(
        """() => {
          for (const key of [..."12345678"]) {
            const how = { key: "Process", keyCode: 229, isComposing: true };
            window.dispatchEvent(new KeyboardEvent("keydown", how));
            window.dispatchEvent(new KeyboardEvent("keydown", { key }));
          }
          window.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
        }"""
    )
    expect(terminal.page.get_by_text("An input method swallowed letters")).to_be_visible()
    terminal.wedge(next(tickets)["code"])
    terminal.sees("admit")


def test_two_tabs_of_one_terminal_one_leads(server: ServerTree, browser: Browser) -> None:
    first = at_work(server, browser)
    second = Terminal(None, server.url, context=first.context)
    second.open()
    second.shows("other_tab")
    second.page.get_by_role("button", name="Work here instead").click()
    second.shows("gate")
    first.shows("other_tab")
    second.page.close()
    # The tab that is left goes on by itself.
    first.shows("gate")
    first.connected()


def revoke(server: ServerTree, name: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "paifang", "terminal", "revoke", name, "--data", str(server.data)],
        check=True,
        capture_output=True,
        timeout=60,
    )


def test_a_terminal_revoked_in_mid_scan_says_so_and_can_be_paired_again(
    server: ServerTree, browser: Browser, tickets: Iterator[dict[str, Any]]
) -> None:
    terminal = at_work(server, browser, "south-2")
    revoke(server, "south-2")
    ticket = next(tickets)
    terminal.wedge(ticket["code"])
    terminal.shows("revoked")
    terminal.page.reload()
    terminal.shows("revoked")
    terminal.page.get_by_role("button", name="Pair again").click()
    terminal.shows("unpaired")
    other = at_work(server, browser)
    other.wedge(ticket["code"])
    other.sees("admit")


@pytest.mark.parametrize("off_ms", [-20 * 365 * 86_400_000, 3 * 3_600_000])
def test_a_phone_with_a_wrong_clock_works_and_is_told(
    server: ServerTree, browser: Browser, tickets: Iterator[dict[str, Any]], off_ms: int
) -> None:
    terminal = Terminal(browser, server.url)
    terminal.page.add_init_script(
        f"""{{
          const real = Date.now;
          const Wrong = class extends Date {{
            constructor(...given) {{
              if (given.length) super(...given); else super(real() + {off_ms});
            }}
            static now() {{ return real() + {off_ms}; }}
          }};
          globalThis.Date = Wrong;
        }}"""
    )
    terminal.pair(pairing_code(server.data, "north-2"))
    terminal.sign_on(person(server, "steward"))
    expect(terminal.page.get_by_text("The clock of this device is").first).to_be_visible()
    terminal.wedge(next(tickets)["code"])
    terminal.sees("admit")


def test_a_store_that_was_cleared_at_work_costs_no_scan(
    server: ServerTree, browser: Browser, tickets: Iterator[dict[str, Any]]
) -> None:
    terminal = at_work(server, browser)
    session = terminal.context.new_cdp_session(terminal.page)
    where = {"origin": server.url, "storageTypes": "indexeddb"}
    session.send("Storage.clearDataForOrigin", where)
    terminal.wedge(next(tickets)["code"])
    terminal.sees("admit")
    expect(terminal.page.get_by_text("was cleared and has been written anew")).to_be_visible()
    terminal.page.reload()
    terminal.shows("gate")


def test_a_store_that_is_full_costs_no_scan_and_is_told_until_there_is_room(
    server: ServerTree, browser: Browser, tickets: Iterator[dict[str, Any]]
) -> None:
    terminal = Terminal(browser, server.url)
    session = terminal.context.new_cdp_session(terminal.page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": server.url, "quotaSize": 1})
    terminal.pair(pairing_code(server.data, "north-1"))
    terminal.sign_on(person(server, "steward"))
    terminal.connected()
    told = terminal.page.get_by_text("The store of this device is full")
    terminal.wedge(next(tickets)["code"])
    terminal.sees("admit")
    expect(told).to_be_visible()
    session.send("Storage.overrideQuotaForOrigin", {"origin": server.url})
    terminal.page.keyboard.press("Escape")
    terminal.wedge(next(tickets)["code"])
    terminal.sees("admit")
    expect(told).to_be_hidden()


def test_a_phone_whose_store_was_cleared_asks_for_a_code(
    server: ServerTree, browser: Browser
) -> None:
    terminal = at_work(server, browser)
    terminal.page.goto("about:blank")
    session = terminal.context.new_cdp_session(terminal.page)
    where = {"origin": server.url, "storageTypes": "all"}
    session.send("Storage.clearDataForOrigin", where)
    terminal.open()
    terminal.shows("unpaired")


def test_the_end_of_a_shift_leaves_a_paired_terminal(server: ServerTree, browser: Browser) -> None:
    terminal = at_work(server, browser)
    terminal.page.keyboard.press("F10")
    terminal.page.locator("[data-end-shift]").click()
    terminal.shows("sign_on")
    expect(terminal.page.locator("input[name=username]")).to_have_value("steward")
    terminal.page.reload()
    terminal.shows("sign_on")
