"""A manager joins a real machine by what the page says to type, and leases it the fair."""

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.gate import PHONE, Gate, chromium
from tests.browser.looks import too_wide
from tests.http.evidence import paifang
from tests.http.venues import Venues, venues, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def both() -> Iterator[Venues]:
    with venues(tickets=20) as made:
        made.start()
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def says(page: Page, words: str) -> bool:
    """Whether a page says something once it was loaded anew."""
    page.reload()
    return words in page.locator("main").inner_text()


def join(page: Page, both: Venues) -> None:
    """Ask the page for a code, and type at the other machine what it says."""
    page.locator("a[href='/desk/venues/join/']").click()
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("hall-3")
    page.keyboard.press("Enter")
    typed = shlex.split(page.locator(".command").inner_text())
    assert too_wide(page) == []
    done = paifang(*typed[1:], "--data", both.host.data)
    assert done.returncode == 0, done.stderr
    page.locator("main .btn.main").click()
    wait_for(lambda: says(page, "In touch"))


def lease(page: Page) -> None:
    """Give the fair to the host, and wait until that decides."""
    page.locator("a[href='/desk/venues/give/']").click()
    assert too_wide(page) == []
    page.locator("input[name=period]").first.check()
    page.locator("#why").fill("the fair")
    page.locator("main form button.main").click()
    expect(page.locator("a[href$='/break/']")).to_be_visible()
    wait_for(lambda: says(page, "The venue decides"))
    assert too_wide(page) == []


def break_alone(page: Page, me: dict[str, Any]) -> None:
    """Try to take it back as one person in two roles."""
    page.locator("a[href$='/break/']").click()
    assert too_wide(page) == []
    page.locator("#why").fill("burnt")
    page.locator("#second").fill(me["username"])
    page.locator("#password").fill(me["password"])
    page.locator("main form button.danger").click()
    expect(page.locator(".trouble")).to_contain_text("That is you")
    expect(page.locator("#password")).to_have_value("")


def test_a_machine_joins_and_is_leased_the_fair_from_the_pages(
    both: Venues, browser: Browser
) -> None:
    me = next(p for p in both.centre.demo()["staff"] if p["role"] == "manager")
    gate = Gate(browser, both.centre.url, size=PHONE, scheme="dark")
    gate.sign_in(me)
    page = gate.page
    page.locator(".menu summary").click()
    page.locator(".rooms:visible a[href='/desk/venues/']").click()
    assert too_wide(page) == []
    join(page, both)
    lease(page)
    break_alone(page, me)
    page.goto(f"{both.centre.url}/desk/venues/")
    expect(page.locator("a.terminal[data-state=working]")).to_contain_text("The venue decides")
    # A form that was refused is an answer 422, of which the browser tells.
    assert [said for said in gate.said if "422" not in said] == []
