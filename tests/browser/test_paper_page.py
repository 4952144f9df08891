"""Paper in a real browser: what is chosen is shown at once, and a large print comes by itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.gate import DESK, PHONE, Gate, Scheme, chromium
from tests.http.server import ServerTree, temporary_directory
from tests.paper_pictures import codes_in, pictures_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

TICKETS = 60
"""More than are printed while the page waits."""
Window = tuple[tuple[int, int], Scheme, str, str]
WINDOWS: list[Window] = [
    (DESK, "light", "en-GB", "Open the PDF"),
    (PHONE, "dark", "zh-CN", "打开 PDF"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=TICKETS) as tree:
        yield tree


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def cashier(server: ServerTree) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in server.demo()["staff"] if p["role"] == "cashier")
    return found


@pytest.mark.parametrize("window", WINDOWS, ids=["desk-en", "phone-zh"])
def test_a_cashier_prints_the_tickets_of_an_event(
    server: ServerTree, browser: Browser, window: Window, tmp_path: Path
) -> None:
    size, scheme, locale, ready = window
    gate = Gate(browser, server.url, size=size, scheme=scheme, locale=locale)
    gate.sign_in(cashier(server))
    page = gate.page
    page.goto(f"{server.url}/desk/paper/?event=1")
    picture = page.locator(".previews img").first
    expect(picture).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # By keyboard: the next paper down, and the page follows without being asked.
    page.locator("input[value=a4-sheet]").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".previews")).to_have_attribute("data-layout", "a6")
    expect(page.locator("input[value=a6]")).to_be_focused()
    expect(picture).to_have_js_property("complete", True)  # noqa: FBT003 - Playwright's own
    assert picture.evaluate("image => image.naturalWidth") > 200
    page.locator("button[value=print]").click()
    link = page.locator(".files a")
    expect(link).to_have_text(ready)
    answer = page.request.get(f"{server.url}{link.get_attribute('href')}")
    assert answer.headers["content-type"] == "application/pdf"
    pictures = pictures_of(answer.body(), tmp_path, 150)
    assert len(pictures) >= TICKETS
    assert len(codes_in(pictures)) == 2 * len(pictures)
