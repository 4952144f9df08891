"""Scanning by camera: codes are held before a real browser's camera, well and badly."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, expect

from paifang.core.reasons import Reason
from tests.browser.clip import Hands, Held, Scene, camera_arguments, write_clip
from tests.browser.gate import PHONE, Scheme, chromium
from tests.browser.steward import (
    Told,
    answer_for,
    head,
    inside,
    inside_is,
    person,
    press,
    undo_newest,
    word_of,
    words_of,
)
from tests.browser.terminal import Terminal, pairing_code
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
# Longer than a code must be away to be shown anew.
GAP = Scene(3.5)
TABLET = (820, 1180)
Window = tuple[tuple[int, int], Scheme, str]
WINDOWS: list[Window] = [(PHONE, "dark", "en-GB"), (TABLET, "light", "zh-CN")]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=60) as tree:
        yield tree


@pytest.fixture(scope="module")
def tickets(server: ServerTree) -> Iterator[dict[str, Any]]:
    return iter([t for t in server.demo()["tickets"] if t["product"] == "Adult ticket"])


@contextmanager
def camera(path: Path, scenes: list[Scene]) -> Iterator[Browser]:
    """Yield a browser whose camera sees the scenes round and round."""
    clip = write_clip(path / "clip.y4m", scenes)
    with chromium(*camera_arguments(clip)) as browser:
        yield browser


def at_work(server: ServerTree, browser: Browser, name: str) -> Terminal:
    terminal = Terminal(browser, server.url, size=PHONE)
    terminal.pair(pairing_code(server.data, name))
    terminal.sign_on(person(server, "steward"))
    return terminal


def lines(terminal: Terminal) -> int:
    """How many decisions the terminal has kept."""
    counted: int = terminal.page.evaluate(
        """async () => {
          const open = indexedDB.open("paifang-terminal");
          const db = await new Promise((done) => (open.onsuccess = () => done(open.result)));
          const count = db.transaction("recent").objectStore("recent").count();
          return await new Promise((done) => (count.onsuccess = () => done(count.result)));
        }"""
    )
    return counted


def test_a_code_held_badly_for_a_while_is_admitted_once_and_refused_when_shown_again(
    server: ServerTree, tickets: Iterator[dict[str, Any]], tmp_path: Path
) -> None:
    ticket = next(tickets)
    code = ticket["code"]
    held = [
        GAP,
        Scene(1.5, [Held(code, turn=25)]),
        Scene(1.5, [Held(code, blur=2)]),
        Scene(1.0),
        Scene(1.5, [Held(code, side=150, x=40, glare=True)]),
        Scene(1.5, [Held(code, turn=-50, side=260)]),
    ]
    with camera(tmp_path, held) as browser:
        terminal = at_work(server, browser, "north-1")
        expect(terminal.page.locator("[data-camera=on]")).to_be_visible()
        terminal.sees("admit")
        expect(terminal.page.locator("[data-verdict]")).to_contain_text(ticket["holder"])
        # The rest of the showing, its blink of one second too, decides nothing more.
        terminal.sees("warn")
        assert lines(terminal) == 2
        assert not terminal.said


def test_of_several_codes_the_middle_counts_and_any_bad_one_lets_the_camera_go_on(
    server: ServerTree, tickets: Iterator[dict[str, Any]], tmp_path: Path
) -> None:
    wanted, neighbour = next(tickets), next(tickets)
    five = [
        Held(f"{number}" * 16, side=95, x=-100 + 100 * (number % 3), y=-60 + 120 * (number // 3))
        for number in range(5)
    ]
    scenes = [
        Scene(2, five),
        Scene(2, [Held("https://example.org/t/ZZZZ?c=1")]),
        Scene(2, [Held("\x01\x02 no code \x1f")]),
        Scene(2, [Held(wanted["code"], side=130), Held(neighbour["code"], side=90, x=140, y=130)]),
        GAP,
    ]
    with camera(tmp_path, scenes) as browser:
        terminal = at_work(server, browser, "north-2")
        expect(terminal.page.get_by_text("Several codes in view")).to_be_visible()
        terminal.sees("refuse")
        terminal.sees("admit")
        expect(terminal.page.locator("[data-verdict]")).to_contain_text(wanted["holder"])
        assert not terminal.said


class Day(NamedTuple):
    """A gate, the hands before its camera, and all it tells."""

    gate: Terminal
    hands: Hands
    told: Told
    server: ServerTree
    locale: str


@contextmanager
def a_day(server: ServerTree, path: Path, window: Window) -> Iterator[Day]:
    """Yield a day that begins with the manager's screen held before a new device's camera."""
    size, scheme, locale = window
    hands = Hands(path / "hands.y4m")
    with chromium(*camera_arguments(hands.path)) as browser:
        gate = Terminal(browser, server.url, size=size, scheme=scheme, locale=locale)
        told = Told(gate)
        gate.open()
        gate.shows("unpaired")
        code = pairing_code(server.data, "south-1")
        hands.show(Held(f"https://paifang.local:8443/terminal/#pair={code}", side=280))
        gate.page.locator("main button[aria-pressed=false]").click()
        gate.shows("sign_on")
        hands.take_away()
        gate.sign_on(person(server, "steward"))
        gate.connected()
        expect(gate.page.locator("[data-camera=on]")).to_be_visible()
        yield Day(gate, hands, told, server, locale)


def held_up(day: Day, code: str, face: str, **how: Any) -> str:
    """Hold a code before the camera; return the words of its verdict, which has a face."""
    day.hands.show(Held(code, **how))
    words = day.told.next(face)
    if face in {"warn", "refuse"}:  # what stays is waved away, once somebody has read it
        press(day.gate, "next")
    return words


def part_of_a_group(day: Day, code: str, people: int) -> None:
    """So many of a group come."""
    day.gate.page.locator("[data-act=people]").click()
    day.gate.page.keyboard.press(str(people))
    day.gate.page.keyboard.press("Enter")
    expect(day.gate.page.locator("dialog[open]")).to_have_count(0)
    words = held_up(day, code, "admit")
    assert words_of("{people} people", day.locale).format(people=people) in words


def answered_for(day: Day, code: str) -> None:
    """Against the refusal of a used ticket a supervisor admits, and a steward does not."""
    day.hands.show(Held(code))
    day.told.next("warn")
    press(day.gate, "override")
    day.gate.page.locator("dialog[open] .usual button").first.click()
    answer_for(day.gate, person(day.server, "steward"))
    expect(day.gate.page.locator("dialog[open] .wrong")).to_be_visible()
    answer_for(day.gate, person(day.server, "supervisor"))
    assert words_of("admitted by a supervisor", day.locale) in day.told.next("admit")


@pytest.mark.parametrize("window", WINDOWS, ids=("phone-en", "tablet-zh"))
def test_a_stewards_whole_day_by_camera_alone(
    server: ServerTree, tickets: Iterator[dict[str, Any]], tmp_path: Path, window: Window
) -> None:
    shown = {ticket["product"]: ticket for ticket in server.demo()["showcase"]}
    # Both let their holder leave and come back; there is one of each.
    day_pass = shown[("Pass for all days", "Fair and forum")[WINDOWS.index(window)]]["code"]
    group = shown["Group of 20"]["code"]
    once, other = next(tickets), next(tickets)
    with a_day(server, tmp_path, window) as day:
        gate, locale = day.gate, day.locale
        before = inside(gate)
        steward = gate.page.locator("[data-link] .who").inner_text()
        words = held_up(day, once["code"], "admit", turn=25)
        assert word_of(Reason.ok, locale) in words
        assert once["holder"] in words
        held_up(day, day_pass, "admit", blur=2)
        # Refused the second time, with when, where and by whom.
        words = held_up(day, once["code"], "warn", side=170, x=30, glare=True)
        assert word_of(Reason.already_used, locale) in words
        assert ("南门" if locale == "zh-CN" else "South gate") in words
        assert re.search(r"\d{1,2}:\d{2}", words)
        assert steward in words
        # Out, not out twice, and in again; meanwhile five of a group come in two parts.
        head(gate, "exit")
        held_up(day, day_pass, "exit", turn=-50, side=260)
        head(gate, "entry")
        part_of_a_group(day, group, 2)
        head(gate, "exit")
        assert word_of(Reason.not_inside, locale) in held_up(day, day_pass, "refuse")
        head(gate, "entry")
        part_of_a_group(day, group, 3)
        held_up(day, day_pass, "again")
        inside_is(gate, before + 1 + 5 + 1)
        # Taken back, and as good as before.
        held_up(day, other["code"], "admit")
        inside_is(gate, before + 8)
        undo_newest(gate)
        inside_is(gate, before + 7)
        answered_for(day, once["code"])
        held_up(day, other["code"], "admit")
        inside_is(gate, before + 9)
        # The steward's own PIN, which is not enough.
        assert [line for line in gate.said if "403" not in line] == []
