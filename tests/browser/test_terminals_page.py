"""The manager's pages of terminals in a real browser: add, show the code, see the device come."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import zxingcpp
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.gate import DESK, PHONE, Gate, Scheme, chromium
from tests.browser.looks import fits
from tests.http.server import ServerTree, temporary_directory
from tests.http.terminals import Phone, post

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

Window = tuple[tuple[int, int], Scheme, str, str]
WINDOWS: list[Window] = [
    (DESK, "light", "en-GB", "Paired"),
    (PHONE, "dark", "zh-CN", "已配对"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=5) as tree:
        yield tree


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def person(server: ServerTree, role: str) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in server.demo()["staff"] if p["role"] == role)
    return found


def rooms(page: Page) -> Locator:
    """Return the menu that is on the screen: at the side, or on a phone behind its button."""
    if page.locator(".menu summary").is_visible():
        page.locator(".menu summary").click()
    return page.locator(".rooms:visible")


def seen_by_a_camera(page: Page) -> str:
    """Return what the QR code on the screen says."""
    picture = page.locator(".qr")
    expect(picture).to_be_visible()
    size = page.evaluate(
        """async () => {
            const image = document.querySelector(".qr");
            await image.decode();
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 480;
            const drawing = canvas.getContext("2d");
            drawing.drawImage(image, 0, 0, 480, 480);
            const { data } = drawing.getImageData(0, 0, 480, 480);
            return Array.from({ length: 480 * 480 }, (_, n) => data[4 * n]);
        }"""
    )
    (found,) = zxingcpp.read_barcodes(memoryview(bytes(size)).cast("B", (480, 480)))
    return found.text


@pytest.mark.parametrize("window", WINDOWS, ids=["desk-en", "phone-zh"])
def test_a_manager_adds_a_terminal_and_sees_its_device_come(
    server: ServerTree, browser: Browser, window: Window
) -> None:
    size, scheme, locale, paired = window
    gate = Gate(browser, server.url, size=size, scheme=scheme, locale=locale)
    gate.sign_in(person(server, "manager"))
    page, name = gate.page, f"east-{size[0]}"
    fits(page)
    rooms(page).locator("a[href='/desk/terminals/']").click()
    page.locator(".heading .btn.main").click()
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type(name)
    page.locator("input[value=north]").check()
    fits(page)
    page.keyboard.press("Enter")
    link = seen_by_a_camera(page)
    fits(page)
    found = re.fullmatch(rf"{re.escape(server.url)}/terminal/#pair=([0-9A-Z]{{10}})", link)
    assert found
    assert page.locator(".code").inner_text().replace("-", "") == found[1]
    clock = page.locator("[data-clock]")
    expect(clock).to_have_text(re.compile(r"^9:\d\d$"))
    phone = Phone(server.url)
    assert phone.pair(found[1]).status_code == 200
    done = page.locator("[data-when=paired]")
    expect(done).to_contain_text(paired)
    expect(done).to_be_visible()
    expect(page.locator(".qr")).to_be_hidden()
    done.locator(".btn.main").click()
    row = page.locator(f"a.terminal[href='/desk/terminals/{name}/']")
    expect(row).to_have_attribute("data-state", "working")
    fits(page)
    token = phone.sign_on(
        staff=person(server, "steward")["username"], pin=person(server, "steward")["pin"]
    ).json()["token"]
    status = {"version": "7.7.7", "unsent": 4, "clock_ms": time.time_ns() // 1_000_000}
    assert post(server.url, "terminals/status", status, token).status_code == 200
    # The list renews itself.
    expect(row).to_contain_text("7.7.7")
    row.click()
    fits(page)
    page.locator("a[href$='/revoke/']").click()
    fits(page)
    expect(page.locator("#why")).to_be_focused()
    page.keyboard.type("left at the lake")
    page.keyboard.press("Enter")
    expect(row).to_have_attribute("data-state", "revoked")
    assert post(server.url, "terminals/status", status, token).json()["code"] == "token_revoked"
    assert gate.said == []


def test_a_code_that_was_replaced_says_so(server: ServerTree, browser: Browser) -> None:
    gate = Gate(browser, server.url)
    gate.sign_in(person(server, "manager"))
    page = gate.page
    page.goto(f"{server.url}/desk/terminals/cave-1/")
    page.locator("form.acts .btn.main").click()
    expect(page.locator(".qr")).to_be_visible()
    other = page.context.new_page()
    other.goto(f"{server.url}/desk/terminals/cave-1/pair/")
    other.locator("[data-again] .btn").click()
    expect(other.locator(".qr")).to_be_visible()
    # Chromium runs no timer of a page in the background.
    page.bring_to_front()
    expect(page.locator("[data-when=late]")).to_be_visible()
    expect(page.locator(".qr")).to_be_hidden()
