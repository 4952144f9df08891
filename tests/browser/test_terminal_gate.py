"""A gate on a phone or tablet: paired, signed on, and a steward's whole day by a wedge scanner."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from paifang.core.reasons import Reason
from tests.browser.gate import PHONE, Scheme, chromium
from tests.browser.steward import (
    answer_for,
    head,
    inside,
    inside_is,
    person,
    press,
    undo_newest,
    verdict,
    word_of,
)
from tests.browser.terminal import Terminal, pairing_code
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

TABLET = (820, 1180)
Window = tuple[tuple[int, int], Scheme, str]
WINDOWS: list[Window] = [(PHONE, "light", "en-GB"), (TABLET, "dark", "zh-CN")]
Tickets = Iterator[dict[str, Any]]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=80) as tree:
        yield tree


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def fresh(server: ServerTree) -> Tickets:
    """Tickets for one person nobody has shown yet, one after the other."""
    return iter([t for t in server.demo()["tickets"] if t["product"] == "Adult ticket"])


def working(
    server: ServerTree,
    browser: Browser,
    role: str = "steward",
    window: Window = WINDOWS[0],
) -> Terminal:
    """A terminal at the north gate, with somebody of a role signed on and the host heard."""
    size, scheme, locale = window
    terminal = Terminal(browser, server.url, size=size, scheme=scheme, locale=locale)
    terminal.pair(pairing_code(server.data, "north-1"))
    terminal.sign_on(person(server, role))
    terminal.connected()
    return terminal


def again(terminal: Terminal, code: str) -> None:
    """Show the same code once more: later than an eager scanner reads it twice."""
    terminal.page.wait_for_timeout(1_100)
    terminal.wedge(code)


@pytest.mark.parametrize("window", WINDOWS, ids=("phone-en", "tablet-zh"))
def test_admitted_then_refused_with_when_where_and_by_whom_then_undone_and_admitted(
    server: ServerTree, browser: Browser, fresh: Tickets, window: Window
) -> None:
    locale, ticket = window[2], next(fresh)
    gate = working(server, browser, window=window)
    steward = gate.page.locator("[data-link] .who").inner_text()
    before = inside(gate)

    gate.wedge(ticket["code"])
    gate.sees("admit")
    expect(verdict(gate)).to_contain_text(word_of(Reason.ok, locale))
    expect(verdict(gate)).to_contain_text(ticket["holder"])
    inside_is(gate, before + 1)
    expect(verdict(gate)).to_be_hidden(timeout=10_000)

    gate.wedge(ticket["serial"], end="Tab")
    gate.sees("warn")
    expect(verdict(gate)).to_contain_text(word_of(Reason.already_used, locale))
    first = verdict(gate).locator(".first")
    expect(first).to_contain_text("北门" if locale == "zh-CN" else "North gate")
    expect(first).to_contain_text(steward)
    gate.page.wait_for_timeout(2_500)
    gate.sees("warn")
    press(gate, "next")
    expect(verdict(gate)).to_be_hidden()

    undo_newest(gate)
    inside_is(gate, before)

    again(gate, ticket["code"])
    gate.sees("admit")
    inside_is(gate, before + 1)
    assert gate.said == []


def test_a_long_press_opens_the_way_back_and_no_reason_is_no_way(
    server: ServerTree, browser: Browser, fresh: Tickets
) -> None:
    gate = working(server, browser)
    gate.wedge(next(fresh)["code"])
    gate.sees("admit")
    expect(verdict(gate)).to_be_hidden(timeout=10_000)
    line = gate.page.locator("[data-recent] [data-line=admit]:visible").first
    line.click(delay=800)
    expect(gate.page.locator("[data-annul]")).to_be_disabled()
    gate.page.keyboard.press("Escape")
    expect(gate.page.locator("dialog[open]")).to_have_count(0)
    line.click()
    gate.page.wait_for_timeout(600)
    expect(gate.page.locator("dialog[open]")).to_have_count(0)


def test_a_group_comes_in_two_parts(server: ServerTree, browser: Browser) -> None:
    group = next(t for t in server.demo()["showcase"] if t["product"] == "Group of 20")
    gate = working(server, browser)
    before = inside(gate)
    gate.page.locator("[data-act=people]").click()
    gate.page.keyboard.press("2")
    gate.page.keyboard.press("Enter")
    gate.wedge(group["code"])
    gate.sees("admit")
    expect(verdict(gate).locator(".group")).to_contain_text("2")
    press(gate, "rest")
    left = gate.page.locator("[data-count]").inner_text()
    gate.page.locator("[data-take]").click()
    gate.sees("admit")
    inside_is(gate, before + 2 + int(left))
    again(gate, group["code"])
    gate.sees("warn")


def test_a_supervisor_admits_against_the_refusal_a_steward_cannot(
    server: ServerTree, browser: Browser, fresh: Tickets
) -> None:
    steward, supervisor = person(server, "steward"), person(server, "supervisor")
    ticket = next(fresh)
    gate = working(server, browser)
    gate.wedge(ticket["code"])
    gate.sees("admit")
    again(gate, ticket["code"])
    gate.sees("warn")
    press(gate, "override")
    gate.page.locator("dialog[open] .usual button").first.click()

    answer_for(gate, steward)
    expect(gate.page.locator("dialog[open] .wrong")).to_be_visible()
    gate.sees("warn")
    answer_for(gate, supervisor)
    gate.sees("admit")
    expect(verdict(gate).locator(".mark")).to_be_visible()


def test_checks_only_use_nothing_up(server: ServerTree, browser: Browser, fresh: Tickets) -> None:
    ticket = next(fresh)
    gate = working(server, browser)
    before = inside(gate)
    gate.page.locator("[data-menu]").click()
    gate.page.locator("[data-choice=preview]").click()
    expect(gate.page.locator("[data-previewing]")).to_be_visible()
    for _ in range(2):
        again(gate, ticket["code"])
        gate.sees("admit")
        expect(verdict(gate)).to_contain_text("Would pass")
        press(gate, "next")
    gate.page.locator("[data-previewing] button").click()
    inside_is(gate, before)
    again(gate, ticket["code"])
    gate.sees("admit")
    inside_is(gate, before + 1)


def test_typed_by_serial_number_and_after_a_bad_code_the_scanner_goes_on(
    server: ServerTree, browser: Browser, fresh: Tickets
) -> None:
    ticket = next(fresh)
    gate = working(server, browser)
    for bad in ("https://example.org/?q=1", "ZZZZZZZZZZZZZZZZ", "8" * 3_000):
        gate.wedge(bad)
        gate.sees("refuse")
        press(gate, "next")
    gate.page.locator("[data-act=type]").click()
    gate.page.locator("[data-typed]").fill(ticket["serial"])
    gate.page.keyboard.press("Enter")
    gate.sees("admit")
    gate.wedge(ticket["code"])
    gate.sees("warn")


def test_found_by_name_by_a_steward_who_may_only_look_and_a_supervisor_who_may_admit(
    server: ServerTree, browser: Browser, fresh: Tickets
) -> None:
    ticket = next(fresh)
    for role in ("steward", "supervisor"):
        gate = working(server, browser, role)
        gate.page.locator("[data-act=find]").click()
        gate.page.locator("[data-search]").fill(ticket["holder"])
        found = gate.page.locator("[data-found] li").filter(has_text=ticket["holder"])
        expect(found.first).to_be_visible()
        mine = found.filter(has_text=ticket["serial"][-4:])
        if role == "steward":
            expect(gate.page.locator("[data-admit]")).to_have_count(0)
            mine.locator("button").first.click()
            expect(gate.page.locator("dialog[open]").last).to_contain_text(ticket["holder"])
        else:
            mine.locator("[data-admit]").click()
            gate.sees("admit")
            expect(verdict(gate)).to_contain_text(ticket["holder"])
        gate.context.close()


def test_the_keyboard_alone_is_enough(server: ServerTree, browser: Browser, fresh: Tickets) -> None:
    gate = working(server, browser)
    gate.page.keyboard.press("F4")
    gate.page.keyboard.type(next(fresh)["serial"], delay=120)
    gate.page.keyboard.press("Enter")
    gate.sees("admit")
    gate.page.keyboard.press("Escape")
    expect(verdict(gate)).to_be_hidden()
    gate.page.keyboard.press("F9")
    expect(gate.page.locator("[data-annul]")).to_be_visible()
    gate.page.keyboard.press("Escape")
    gate.page.keyboard.press("F2")
    expect(gate.page.locator("[data-search]")).to_be_focused()


def test_a_monitor_shows_who_went_in_and_which_gates_say_nothing(
    server: ServerTree, browser: Browser, fresh: Tickets
) -> None:
    monitor = Terminal(browser, server.url, size=(1920, 1080), scheme="dark")
    monitor.open(f"#pair={pairing_code(server.data, 'monitor-1')}")
    monitor.shows("monitor")
    monitor.connected()
    gate = working(server, browser)
    people = inside(gate)
    counts = monitor.page.locator("[data-zone] .inside")
    expect(counts.filter(has_text=re.compile(rf"^{people:,}$")).first).to_be_visible()
    gate.wedge(next(fresh)["code"])
    gate.sees("admit")
    expect(counts.filter(has_text=re.compile(rf"^{people + 1:,}$")).first).to_be_visible()
    here = monitor.page.locator("[data-gate=north]")
    expect(here).to_have_attribute("data-silent", "false", timeout=40_000)
    expect(monitor.page.locator("[data-gate][data-silent=true]").first).to_be_visible()
    expect(monitor.page.locator("section.chart rect.in").first).to_be_attached()
    assert monitor.said == []


@pytest.mark.parametrize("window", WINDOWS, ids=("phone-en", "tablet-zh"))
def test_out_and_in_again_on_a_pass_that_allows_it_and_not_on_a_ticket_that_does_not(
    server: ServerTree, browser: Browser, fresh: Tickets, window: Window
) -> None:
    # Both let their holder leave and come back; there is one of each.
    product = ("Pass for all days", "Fair and forum")[WINDOWS.index(window)]
    day_pass = next(t for t in server.demo()["showcase"] if t["product"] == product)
    ticket = next(fresh)
    gate = working(server, browser, window=window)
    before = inside(gate)
    locale = window[2]

    for shown in (day_pass, ticket):
        gate.wedge(shown["code"])
        gate.sees("admit")
    inside_is(gate, before + 2)
    head(gate, "exit")
    for shown in (day_pass, ticket):
        again(gate, shown["code"])
        gate.sees("exit")
    inside_is(gate, before)
    again(gate, day_pass["code"])
    gate.sees("refuse")
    expect(verdict(gate)).to_contain_text(word_of(Reason.not_inside, locale))
    head(gate, "entry")
    again(gate, day_pass["code"])
    gate.sees("again")
    again(gate, ticket["code"])
    gate.sees("warn")
    expect(verdict(gate)).to_contain_text(word_of(Reason.already_used, locale))
    inside_is(gate, before + 1)
    assert not gate.said


def test_a_named_ticket_wants_its_document_looked_at_or_opens_by_the_documents_number(
    server: ServerTree, browser: Browser
) -> None:
    named = next(t for t in server.demo()["showcase"] if t["product"] == "Named ticket")
    gate = working(server, browser)
    gate.wedge(named["code"])
    gate.sees("warn")
    expect(verdict(gate)).to_contain_text(word_of(Reason.identity_required, "en-GB"))
    expect(verdict(gate)).to_contain_text(named["holder"])
    expect(verdict(gate).locator("[data-deed=holder]")).to_be_visible()
    press(gate, "not_holder")
    gate.sees("refuse")
    expect(verdict(gate)).to_contain_text(word_of(Reason.identity_mismatch, "en-GB"))
    press(gate, "next")
    # Whoever types the number has the document in hand.
    gate.page.locator("[data-act=type]").click()
    gate.page.locator("[data-kind=document]").click()
    gate.page.locator("[data-typed]").fill(named["document"].lower())
    gate.page.keyboard.press("Enter")
    gate.sees("admit")
    again(gate, named["code"])
    gate.sees("warn")
    expect(verdict(gate)).to_contain_text(word_of(Reason.already_used, "en-GB"))
