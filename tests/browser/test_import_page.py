"""A manager imports the awkward list in a real browser: drop, columns, correction, undo."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.gate import DESK, PHONE, Gate, Scheme, chromium
from tests.browser.import_page import drop, press
from tests.browser.looks import fits
from tests.fixtures.awkward_names import AWKWARD_NAMES, make_list
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

ROWS = 300
REJECTED = sum(name.kept is None for name in AWKWARD_NAMES)
Window = tuple[tuple[int, int], Scheme, str]
WINDOWS: list[Window] = [(DESK, "light", "en-GB"), (PHONE, "dark", "zh-CN")]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=5) as tree:
        yield tree


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def manager(server: ServerTree) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in server.demo()["staff"] if p["role"] == "manager")
    return found


@pytest.mark.parametrize("window", WINDOWS, ids=["desk-en", "phone-zh"])
def test_the_awkward_list_is_dropped_mapped_corrected_and_taken_back(
    server: ServerTree, browser: Browser, tmp_path: Path, window: Window
) -> None:
    size, scheme, locale = window
    gate = Gate(browser, server.url, size=size, scheme=scheme, locale=locale)
    gate.sign_in(manager(server))
    page = gate.page
    page.goto(f"{server.url}/desk/import/")
    page.locator("#event").select_option("tea-expo")
    drop(page, "secrets.csv", b"name,password\nAnn,tea\n")
    expect(page.locator("#wrong")).to_contain_text("password")
    # What Chromium itself says of an answer 422; it is the only thing it has to say.
    assert [line for line in gate.said if "422" not in line] == []
    gate.said.clear()

    make_list(tmp_path / "list.csv", ROWS, encoding="gb18030")
    page.locator("#event").select_option("tea-expo")
    drop(page, "名单.csv", (tmp_path / "list.csv").read_bytes())
    expect(page.locator(".preview")).to_contain_text("\U00020bb7田一郎")
    expect(page.locator(".heading")).to_contain_text("GB18030")
    fits(page)
    # Its ticket types are none of this event: that column is left out, and one chosen for all.
    expect(page.locator("select[name=column]").nth(1)).to_have_value("name")
    page.locator("select[name=column]").nth(5).select_option("")
    page.locator("#product").select_option(index=1)
    press(page, "check")
    expect(page.locator("[data-created]")).to_have_text(str(ROWS - REJECTED))
    expect(page.locator("[data-rejected]")).to_have_text(str(REJECTED))
    fits(page)

    press(page, "run")
    expect(page.locator(".rejects > li")).to_have_count(REJECTED)
    fits(page)
    wrong = page.locator(".rejects > li", has_text="#N/A")
    wrong.locator("[aria-invalid]").fill("李小龙")
    wrong.locator("button").first.click()
    expect(page.locator(".rejects > li")).to_have_count(REJECTED - 1)
    expect(page.locator("[data-created]")).to_have_text(str(ROWS - REJECTED + 1))
    expect(page.locator("[data-rejected]")).to_have_text(str(REJECTED - 1))

    press(page, "undo")
    expect(page.locator(".lead").last).to_have_text(re.compile(f"{ROWS - REJECTED + 1}"))
    expect(page.locator("[data-working]")).to_have_count(0)
    assert gate.said == []
