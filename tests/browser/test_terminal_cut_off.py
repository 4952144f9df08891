"""The host dies in mid-shift: each terminal says so at once, keeps what it asked and asks again."""

import json
import os
import signal
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Request, expect

from paifang.core.reasons import Reason
from tests.browser.gate import PHONE, Scheme, chromium
from tests.browser.steward import Told, inside, inside_is, person, verdict, word_of, words_of
from tests.browser.terminal import Terminal, pairing_code
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

TABLET = (820, 1180)
Window = tuple[str, tuple[int, int], Scheme, str]
WINDOWS: list[Window] = [
    ("north-1", PHONE, "light", "en-GB"),
    ("south-1", TABLET, "dark", "zh-CN"),
]


class Post(NamedTuple):
    """A gate, what it tells, and the ids its scans were sent with."""

    gate: Terminal
    told: Told
    locale: str
    ids: dict[str, set[str]]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=30) as tree:
        yield tree


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def post(server: ServerTree, browser: Browser, window: Window) -> Post:
    name, size, scheme, locale = window
    gate = Terminal(browser, server.url, size=size, scheme=scheme, locale=locale)
    ids: dict[str, set[str]] = defaultdict(set)

    def asked(request: Request) -> None:
        if request.url.endswith("/api/v1/admissions"):
            body = json.loads(request.post_data or "{}")
            ids[body["code"]].add(body["request_id"])

    gate.page.on("request", asked)
    told = Told(gate)
    gate.pair(pairing_code(server.data, name))
    gate.sign_on(person(server, "steward"))
    gate.connected()
    # So that the worker has the whole page before the network goes.
    gate.page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    return Post(gate, told, locale, ids)


def cut_off_is_said(gate: Terminal, locale: str) -> None:
    """In plain words: what is the matter, what follows, and that it goes on by itself."""
    expect(gate.page.locator("[data-link]")).to_have_attribute("data-state", "unreachable")
    expect(gate.page.locator("[data-link]")).to_contain_text(words_of("No connection", locale))


def says(gate: Terminal, text: str, locale: str) -> None:
    expect(gate.page.get_by_text(words_of(text, locale)).first).to_be_visible()


def test_the_host_dies_with_a_scan_in_flight_and_comes_back_to_one_admission(
    server: ServerTree, browser: Browser
) -> None:
    tickets = iter([t for t in server.demo()["tickets"] if t["product"] == "Adult ticket"])
    posts = [post(server, browser, window) for window in WINDOWS]
    kiosk = Terminal(browser, server.url, size=TABLET)
    kiosk.open(f"#pair={pairing_code(server.data, 'kiosk-1')}")
    kiosk.shows("kiosk")
    before = inside(posts[0].gate)
    flying: list[dict[str, Any]] = [next(tickets) for _ in posts]

    # The host hears nothing any more, and then it is gone with what it was asked.
    for pid in server.pids:
        os.kill(pid, signal.SIGSTOP)
    for one, ticket in zip(posts, flying, strict=True):
        one.gate.wedge(ticket["code"])
        one.gate.sees("wait")
    server.kill()
    for one in posts:
        cut_off_is_said(one.gate, one.locale)
        says(
            one.gate, "Nobody passes until the answer is here. Trying again by itself.", one.locale
        )
        one.gate.wedge(next(tickets)["code"])
        says(one.gate, "This scan was not taken. Scan again when the host answers.", one.locale)
    kiosk_words = "This gate has no connection just now. Please use another gate or ask our staff."
    says(kiosk, kiosk_words, "en-GB")

    # The page opens with no host, and what it asked is not forgotten.
    for one in posts:
        one.gate.page.reload()
        one.gate.shows("gate")
        one.gate.sees("wait")
        cut_off_is_said(one.gate, one.locale)
    idle = posts[1].gate
    verdict(idle).locator("[data-deed=next]").click()
    says(idle, "Nobody passes until the host answers. This gate does not decide alone.", "zh-CN")

    server.start()
    words = posts[0].told.next("admit")
    assert flying[0]["holder"] in words
    for one in posts:
        one.gate.connected()
        expect(one.gate.page.locator("[data-link] .unsent")).to_be_hidden()
    inside_is(posts[0].gate, before + 1)
    for one, ticket in zip(posts, flying, strict=True):
        assert len(one.ids[ticket["code"]]) == 1
    # Waved away while it waited: the host has let in, the gate has not, and both are on record.
    idle.wedge(flying[1]["code"])
    assert word_of(Reason.recorded_not_opened, "zh-CN") in posts[1].told.next("warn")
    posts[0].gate.wedge(flying[0]["code"])
    assert word_of(Reason.already_used, "en-GB") in posts[0].told.next("warn")
    expect(kiosk.page.locator("[data-cut-off]")).to_be_hidden()
