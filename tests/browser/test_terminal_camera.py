"""Scanning by camera: a clip of codes held well and badly is played to a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.clip import Held, Scene, camera_arguments, write_clip
from tests.browser.gate import PHONE, chromium
from tests.browser.terminal import Terminal, pairing_code
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
# Longer than a code must be away to be shown anew.
GAP = Scene(3.5)


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
    terminal.sign_on(next(p for p in server.demo()["staff"] if p["role"] == "steward"))
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


def test_a_device_is_paired_by_scanning_the_managers_screen_on_its_own_page(
    server: ServerTree, tmp_path: Path
) -> None:
    code = pairing_code(server.data, "south-1")
    address = f"https://paifang.local:8443/terminal/#pair={code}"
    with camera(tmp_path, [Scene(2, [Held(address, side=280)]), Scene(1)]) as browser:
        terminal = Terminal(browser, server.url, size=PHONE)
        terminal.open()
        terminal.page.get_by_role("button", name="Scan the QR here").click()
        terminal.shows("sign_on")
        assert not terminal.said
