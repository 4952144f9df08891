"""A new version of the terminal waits until somebody wants it, and replaces the old one whole."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.gate import chromium
from tests.browser.terminal import Terminal
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


class Between(ThreadingHTTPServer):
    """Stands before a real server and can make its service worker that of another build."""

    upstream = ""
    build = ""
    down = False


class Passing(BaseHTTPRequestHandler):
    server: Between

    def do_GET(self) -> None:
        if self.server.down:
            self.connection.close()
            return
        asked = Request(self.server.upstream + self.path)
        try:
            with urlopen(asked, timeout=10) as answer:
                body, status, headers = answer.read(), answer.status, answer.headers
        except HTTPError as refusal:
            body, status, headers = refusal.read(), refusal.code, refusal.headers
        if self.server.build and self.path == "/terminal/sw.js":
            body = re.sub(rb'"[0-9a-f]{16}"', f'"{self.server.build}"'.encode(), body)
        self.send_response(status)
        for name in ("Content-Type", "Cache-Control"):
            if name in headers:
                self.send_header(name, headers[name])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing: a test's output is its result."""


@pytest.fixture(scope="module")
def between() -> Iterator[Between]:
    with temporary_directory() as path, ServerTree(path / "data", tickets=20) as tree:
        server = Between(("127.0.0.1", 0), Passing)
        server.upstream = tree.url
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def builds(page: Page) -> list[str]:
    """Which builds the browser keeps."""
    found: list[str] = page.evaluate("caches.keys()")
    return [name.removeprefix("paifang-terminal-") for name in found]


def test_a_new_version_waits_for_a_tap_and_then_is_the_only_one(
    between: Between, browser: Browser
) -> None:
    terminal = Terminal(browser, f"http://127.0.0.1:{between.server_port}")
    terminal.open()
    terminal.shows("unpaired")
    terminal.page.wait_for_function("navigator.serviceWorker.controller !== null")
    (first,) = builds(terminal.page)
    update = terminal.page.locator("[data-update]")
    expect(update).to_have_count(0)

    between.build = "0123456789abcdef"
    terminal.page.reload()
    expect(update).to_be_visible()
    assert set(builds(terminal.page)) == {first, between.build}
    # Nothing changes under anybody's hands: the page at work is still the old build's.
    terminal.page.reload()
    expect(update).to_be_visible()
    with terminal.page.expect_navigation():
        update.click()
    terminal.shows("unpaired")
    expect(update).to_have_count(0)
    assert builds(terminal.page) == [between.build]

    between.down = True
    terminal.page.reload()
    terminal.shows("unpaired")
    expect(terminal.page.locator("[data-link]")).to_have_attribute("data-state", "unreachable")
    expect(terminal.page.locator("[data-link]")).to_contain_text("does not answer")
