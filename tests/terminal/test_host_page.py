"""The built terminal page in a real Chromium, under the strictest content security policy."""

import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

BUILT = Path(__file__).resolve().parents[2] / "paifang/web/desk/static/terminal"
PREFIX = "/static/terminal/"

pytestmark = pytest.mark.browser


class Host(ThreadingHTTPServer):
    """A host that serves the built page and answers /healthz, until it is told to fall ill."""

    healthy = True


class Answers(SimpleHTTPRequestHandler):
    """Files below /static/terminal/, and the health of the host."""

    server: Host

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self.send_response(200 if self.server.healthy else 503)
            self.end_headers()
        elif self.path.startswith(PREFIX):
            self.path = self.path.removeprefix(PREFIX.rstrip("/"))
            super().do_GET()
        else:
            self.send_error(404)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", "default-src 'self'; base-uri 'none'")
        super().end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing: a test's output is its result."""


@pytest.fixture
def host() -> Iterator[Host]:
    server = Host(("127.0.0.1", 0), lambda *a: Answers(*a, directory=str(BUILT)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield chromium
        chromium.close()


def opened(browser: Browser, host: Host, language: str, complaints: list[str]) -> Page:
    page = browser.new_context(locale=language).new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if "Security Policy" in said.text else None,
    )
    page.goto(f"http://127.0.0.1:{host.server_port}{PREFIX}index.html")
    return page


def test_the_page_says_that_the_host_answers_and_leads_to_the_scan_page(
    browser: Browser, host: Host
) -> None:
    complaints: list[str] = []
    page = opened(browser, host, "en-GB", complaints)
    expect(page.get_by_role("status")).to_contain_text("The host answers")
    expect(page.get_by_role("status")).to_contain_text("Since ")
    expect(page.get_by_role("link", name="Open the scan page")).to_have_attribute("href", "/")
    assert not complaints


def test_a_host_that_falls_ill_is_named_without_a_reload(browser: Browser, host: Host) -> None:
    complaints: list[str] = []
    page = opened(browser, host, "en-GB", complaints)
    expect(page.get_by_role("status")).to_contain_text("The host answers")
    host.healthy = False
    expect(page.get_by_role("status")).to_contain_text("does not answer", timeout=20_000)
    host.healthy = True
    expect(page.get_by_role("status")).to_contain_text("The host answers", timeout=20_000)
    assert not complaints


def test_chinese_readers_get_chinese_and_can_change(browser: Browser, host: Host) -> None:
    page = opened(browser, host, "zh-CN", [])
    expect(page.get_by_role("status")).to_contain_text("主机有应答")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("status")).to_contain_text("The host answers")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_page_fits_a_phone(browser: Browser, host: Host) -> None:
    page = opened(browser, host, "en-GB", [])
    page.set_viewport_size({"width": 360, "height": 640})
    expect(page.get_by_role("status")).to_contain_text("The host answers")
    assert page.locator("html").evaluate("e => e.scrollWidth") <= 360
