"""A manager joins a real machine by what the page says to type, and leases it the fair."""

import shlex
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.gate import DESK, PHONE, Gate, Scheme, chromium
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


def manager(both: Venues, browser: Browser, size: tuple[int, int], scheme: Scheme) -> Gate:
    """Return a window of the centre's manager."""
    gate = Gate(browser, both.centre.url, size=size, scheme=scheme)
    gate.sign_in(next(p for p in both.centre.demo()["staff"] if p["role"] == "manager"))
    return gate


def says(page: Page, words: str) -> bool:
    """Whether a page says something once it was loaded anew."""
    page.reload()
    return words in page.locator("main").inner_text()


def test_a_machine_joins_and_is_leased_the_fair_from_the_pages(
    both: Venues, browser: Browser
) -> None:
    gate = manager(both, browser, PHONE, "dark")
    page = gate.page
    page.locator(".menu summary").click()
    page.locator(".rooms:visible a[href='/desk/venues/']").click()
    assert too_wide(page) == []
    page.locator("a[href='/desk/venues/join/']").click()
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("hall-3")
    page.keyboard.press("Enter")
    typed = shlex.split(page.locator(".command").inner_text())
    assert too_wide(page) == []
    done = paifang(*typed[1:], "--data", both.host.data)
    assert done.returncode == 0, done.stderr
    page.goto(f"{both.centre.url}/desk/venues/")
    wait_for(lambda: says(page, "In touch"))
    page.locator("a[href='/desk/venues/give/']").click()
    assert too_wide(page) == []
    page.locator("input[name=period]").first.check()
    page.locator("#why").fill("the fair")
    page.locator("form.form button.main").click()
    expect(page.locator("h1")).to_be_visible()
    wait_for(lambda: says(page, "The venue decides"))
    assert too_wide(page) == []
    assert gate.said == []


def test_a_lease_that_runs_is_broken_by_two_persons_only(both: Venues, browser: Browser) -> None:
    gate = manager(both, browser, DESK, "light")
    page = gate.page
    page.goto(f"{both.centre.url}/desk/venues/")
    page.locator("a.terminal[data-state=working]").click()
    page.locator("a[href$='/break/']").click()
    page.locator("#why").fill("burnt")
    me = next(p for p in both.centre.demo()["staff"] if p["role"] == "manager")
    page.locator("#second").fill(me["username"])
    page.locator("#password").fill(me["password"])
    page.locator("form.form button.danger").click()
    expect(page.locator(".trouble")).to_contain_text("That is you")
    expect(page.locator("#password")).to_have_value("")
