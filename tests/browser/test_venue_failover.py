"""A host is killed; two persons give its lease to the spare, where a gate is written off."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.gate import PHONE, Gate, chromium
from tests.browser.looks import too_wide
from tests.http.evidence import paifang, told_by
from tests.http.server import ServerTree
from tests.http.venues import Venues, answers, venues, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
BOSS = "boss"


class Town(NamedTuple):
    """A centre, a host that holds the fair, and a spare with one gate; who may sign in where."""

    both: Venues
    spare: ServerTree
    me: dict[str, Any]
    mate: dict[str, str]
    there: dict[str, str]


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with venues(tickets=20) as both, ExitStack() as stack:
        both.start()
        both.join()
        both.lease()
        both.wait_open()
        data = both.host.data.with_name("spare")
        spare = ServerTree(data, command="serve", options=("--role", "venue"))
        stack.callback(spare.kill)
        there = {"username": BOSS, "password": password("init", "--username", BOSS, data=data)}
        code = both.at_centre("node", "code", "hall-3b")["code"]
        told_by(paifang("join", both.line.url, code, "--json", "--data", data))
        told_by(paifang("terminal", "add", "lost-1", "--json", "--data", data))
        spare.launch()
        wait_for(lambda: answers(spare.url))
        mo = password("user", "add", "mo", "--role", "manager", data=both.centre.data)
        me = next(p for p in both.centre.demo()["staff"] if p["role"] == "manager")
        yield Town(both, spare, me, {"username": "mo", "password": mo}, there)


def password(*words: str, data: Any) -> str:
    """Run a command that makes a password, and return what it printed."""
    done = paifang(*words, "--data", data)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if "│" in line]
    # The last columns are password and PIN.
    return rows[-1].strip("│").split("│")[-2].strip()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def give_up(page: Page, town: Town) -> None:
    """At the centre: break the lease with a second person, and name the spare."""
    page.goto(f"{town.both.centre.url}/desk/venues/")
    page.locator("a.terminal[data-state=working]").click()
    page.locator("a[href$='/break/']").click()
    assert too_wide(page) == []
    page.locator("label.choice", has_text="hall-3b").click()
    page.locator("#why").fill("burnt")
    page.locator("#second").fill(town.mate["username"])
    page.locator("#password").fill(town.mate["password"])
    page.locator("main form button.danger").click()
    expect(page.locator("main")).to_contain_text("hall-3b")


def loaded(page: Page, selector: str) -> bool:
    """Whether a page has something once it was loaded anew."""
    page.reload()
    return page.locator(selector).count() > 0


def open_without(page: Page, town: Town) -> None:
    """At the spare: see whose journal is missing, write that gate off, and open."""
    page.goto(f"{town.spare.url}/desk/venues/")
    wait_for(lambda: loaded(page, "a.terminal"), 120)
    page.locator("a.terminal").first.click()
    wait_for(lambda: loaded(page, "[data-gate='lost-1']"), 120)
    expect(page.locator("[data-gate='lost-1']")).to_contain_text("Its journal is missing")
    assert too_wide(page) == []
    page.locator("a[href$='/open/']").click()
    assert too_wide(page) == []
    page.locator("#why").fill("drowned")
    page.locator("main form button.danger").click()
    expect(page.locator(".trouble")).to_contain_text("lost-1")
    page.locator("label.choice", has_text="lost-1").click()
    page.locator("main form button.danger").click()
    expect(page.locator("main")).to_contain_text("Written off and withdrawn: lost-1")


def test_a_dead_host_is_given_up_and_its_spare_opens_without_a_gate(
    town: Town, browser: Browser
) -> None:
    town.both.host.kill()
    centre = Gate(browser, town.both.centre.url, size=PHONE, scheme="dark")
    with closing(centre.page.context):
        centre.sign_in(town.me)
        give_up(centre.page, town)
    spare = Gate(browser, town.spare.url, size=PHONE)
    with closing(spare.page.context):
        spare.sign_in(town.there)
        open_without(spare.page, town)
        expect(spare.page.locator("main")).to_contain_text("This machine decides")
    (lease,) = told_by(paifang("lease", "status", "--json", "--data", town.spare.data))["leases"]
    assert lease["state"] == "ready"
