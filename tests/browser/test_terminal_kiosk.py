"""Guests scan by themselves: what they see, how the next one finds it, and who may leave it."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from paifang.core.reasons import Reason
from tests.browser.gate import PHONE, chromium
from tests.browser.steward import person, verdict, word_of, words_of
from tests.browser.terminal import Terminal, pairing_code
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

TABLET = (820, 1180)
IDLE_MS = 45_000
# A kiosk asks for the count so often; none of its answers is a guest.
COUNT_EVERY_MS = 5_000


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=30) as tree:
        yield tree


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def fresh(server: ServerTree) -> Iterator[dict[str, Any]]:
    return iter([t for t in server.demo()["tickets"] if t["product"] == "Adult ticket"])


def speaks(terminal: Terminal, locale: str) -> None:
    expect(terminal.page.locator("html")).to_have_attribute(
        "lang", "zh-Hans" if locale == "zh-CN" else "en"
    )


@pytest.mark.parametrize(("locale", "other"), [("en-GB", "zh-CN"), ("zh-CN", "en-GB")])
def test_a_kiosk_is_left_to_the_next_guest_as_it_was_for_the_first(
    server: ServerTree, browser: Browser, fresh: Iterator[dict[str, Any]], locale: str, other: str
) -> None:
    kiosk = Terminal(browser, server.url, size=TABLET, locale=locale)
    kiosk.page.clock.install()
    kiosk.open(f"#pair={pairing_code(server.data, 'kiosk-1')}")
    kiosk.shows("kiosk")
    ticket = next(fresh)
    kiosk.burst(ticket["code"])
    kiosk.sees("admit")
    kiosk.page.clock.fast_forward(2_000)
    expect(verdict(kiosk)).to_be_hidden()
    kiosk.burst(ticket["code"])
    kiosk.sees("warn")
    expect(verdict(kiosk)).to_contain_text(word_of(Reason.already_used, locale))
    expect(verdict(kiosk)).to_contain_text(words_of("Please ask our staff.", locale))
    # Who let them in is not for guests.
    expect(verdict(kiosk).locator(".first")).to_have_count(0)
    kiosk.page.locator("button.language").click()
    speaks(kiosk, other)
    expect(verdict(kiosk)).to_contain_text(word_of(Reason.already_used, other))
    for _ in range(IDLE_MS // COUNT_EVERY_MS):
        kiosk.sees("warn")
        with kiosk.page.expect_response("**/api/v1/occupancy"):
            kiosk.page.clock.fast_forward(COUNT_EVERY_MS)
    kiosk.page.clock.fast_forward(COUNT_EVERY_MS)
    expect(verdict(kiosk)).to_be_hidden()
    speaks(kiosk, locale)
    assert not kiosk.said


def test_only_staff_leave_a_kiosk_and_its_way_out_closes_by_itself(
    server: ServerTree, browser: Browser
) -> None:
    kiosk = Terminal(browser, server.url, size=PHONE, locale="zh-CN")
    kiosk.page.clock.install()
    kiosk.open(f"#pair={pairing_code(server.data, 'kiosk-1')}")
    kiosk.shows("kiosk")
    lock = kiosk.page.locator("button.corner")
    lock.click()
    expect(kiosk.page.locator("dialog[open]")).to_have_count(0)
    lock.focus()
    kiosk.page.keyboard.press("Enter")
    sheet = kiosk.page.locator("dialog[open]")
    expect(sheet).to_contain_text(words_of("Staff only", "zh-CN"))
    kiosk.page.clock.fast_forward(IDLE_MS + 1_000)
    expect(sheet).to_have_count(0)
    kiosk.page.keyboard.press("Enter")
    steward = person(server, "steward")
    sheet.locator("input[name=username]").fill(steward["username"])
    for pin in ("9" * len(steward["pin"]), steward["pin"]):
        for digit in pin:
            sheet.get_by_role("button", name=digit, exact=True).click()
        sheet.locator("button[type=submit]").click()
        if pin != steward["pin"]:
            expect(sheet.locator(".wrong")).to_be_visible()
            kiosk.shows("kiosk")
    back = kiosk.page.locator("[data-back]")
    expect(back).to_be_visible()
    back.click()
    kiosk.shows("kiosk")


def test_a_gate_given_to_the_guests_stays_theirs_over_a_reload_until_a_pin(
    server: ServerTree, browser: Browser, fresh: Iterator[dict[str, Any]]
) -> None:
    gate = Terminal(browser, server.url, size=TABLET)
    gate.pair(pairing_code(server.data, "north-1"))
    steward = person(server, "steward")
    gate.sign_on(steward)
    gate.connected()
    gate.page.locator("[data-menu]").click()
    gate.page.locator("[data-kiosk]").click()
    gate.shows("kiosk")
    gate.page.reload()
    gate.shows("kiosk")
    for key in ("F2", "F4", "F9", "F10"):
        gate.page.keyboard.press(key)
    expect(gate.page.locator("dialog[open]")).to_have_count(0)
    gate.wedge(next(fresh)["code"])
    gate.sees("admit")
    # Held, as a thumb does it; a guest's tap opens nothing.
    gate.page.locator("button.corner").click(delay=1_600)
    sheet = gate.page.locator("dialog[open]")
    expect(sheet.locator("input[name=username]")).to_have_value(steward["username"])
    for digit in steward["pin"]:
        sheet.get_by_role("button", name=digit, exact=True).click()
    sheet.locator("button[type=submit]").click()
    gate.shows("gate")
    gate.page.reload()
    gate.shows("gate")
    assert not gate.said
