"""What a real browser allows by each kind of trust, and that the page tells the truth about it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Error, Page, Playwright, expect, sync_playwright

from tests.browser.trust import chromium_at_home, https_server, sign_leaf, trust_ca
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

AXE = Path(__file__).resolve().parents[2] / "terminal/node_modules/axe-core/axe.min.js"
OUTSIDE, WITHIN = "bank.example.com", "spare.local"
CHROMES_AGENT = "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 Chrome/140"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    with (
        temporary_directory() as path,
        ServerTree(path / "data", tickets=1, tls=True) as tree,
    ):
        yield tree


@pytest.fixture(scope="module")
def name(server: ServerTree) -> str:
    """The venue's name, as the command line tells it."""
    command = [sys.executable, "-m", "paifang", "certificate", "show", "--json"]
    done = subprocess.run(
        [*command, "--data", str(server.data)], capture_output=True, text=True, check=True
    )
    told: str = json.loads(done.stdout.splitlines()[-1])["name"]
    return told


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def enrolled(
    playwright: Playwright,
    server: ServerTree,
    name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Browser]:
    """A browser whose owner installed the venue's certificate."""
    home = tmp_path_factory.mktemp("enrolled")
    trust_ca(home, server.data / "tls/ca.pem")
    with chromium_at_home(playwright, home, name, OUTSIDE, WITHIN) as browser:
        yield browser


@pytest.fixture(scope="module")
def stranger(
    playwright: Playwright, name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """A browser that trusts nothing of ours."""
    with chromium_at_home(playwright, tmp_path_factory.mktemp("stranger"), name) as browser:
        yield browser


def tells(page: Page, *, secure: bool, camera: bool, offline: bool, level: str) -> None:
    """The page says what this browser has, in words that can be seen, and which level that is."""
    for what, has in (("secure", secure), ("camera", camera), ("offline", offline)):
        state = "yes" if has else "no"
        line = page.locator(f'[data-have="{what}"]')
        expect(line).to_have_attribute("data-state", state)
        expect(line.locator(f'[data-say="{state}"]')).to_be_visible()
        expect(line.locator("[data-say]:visible")).to_have_count(1)
    expect(page.locator("tr[aria-current]")).to_have_attribute("data-level", level)


def test_with_the_certificate_installed_everything_works(
    server: ServerTree, name: str, enrolled: Browser
) -> None:
    said: list[str] = []
    for host in (name, "127.0.0.1"):
        page = enrolled.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"https://{host}:{server.https_port}/enrol")
        tells(page, secure=True, camera=True, offline=True, level="installed")
        assert page.evaluate("isSecureContext") is True
        assert page.context.cookies() == []
        page.close()
    assert said == []


def test_a_certificate_that_was_clicked_through_opens_nothing_offline(
    server: ServerTree, name: str, stranger: Browser
) -> None:
    context = stranger.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.goto(f"https://{name}:{server.https_port}/enrol")
    tells(page, secure=True, camera=True, offline=False, level="warned")
    page.goto(f"https://{name}:{server.https_port}/enrol?language=zh-hans")
    tells(page, secure=True, camera=True, offline=False, level="warned")
    expect(page.locator('[data-have="offline"]')).to_contain_text("打不开")
    context.close()


def test_plain_http_has_no_camera_and_opens_nothing_offline(
    server: ServerTree, name: str, stranger: Browser
) -> None:
    page = stranger.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"http://{name}:{server.port}/enrol")
    tells(page, secure=False, camera=False, offline=False, level="plain")
    assert said == []
    page.close()


def test_the_hosts_own_browser_is_told_that_phones_differ(
    server: ServerTree, stranger: Browser
) -> None:
    page = stranger.new_page()
    page.goto(f"{server.url}/enrol")
    expect(page.locator("[data-host]")).to_be_visible()
    expect(page.locator("tr[aria-current]")).to_have_count(0)
    page.close()


def test_without_the_certificate_the_page_is_refused(
    server: ServerTree, name: str, stranger: Browser
) -> None:
    page = stranger.new_page()
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        page.goto(f"https://{name}:{server.https_port}/enrol")
    page.close()


def test_the_ca_vouches_for_the_venue_and_for_nothing_on_the_internet(
    server: ServerTree, enrolled: Browser, tmp_path: Path
) -> None:
    tls = server.data / "tls"
    page = enrolled.new_page()
    with https_server(*sign_leaf(tmp_path, tls / "ca.pem", tls / "ca.key", WITHIN)) as port:
        page.goto(f"https://{WITHIN}:{port}/")
        expect(page.locator("h1")).to_have_text("inside")
    with (
        https_server(*sign_leaf(tmp_path, tls / "ca.pem", tls / "ca.key", OUTSIDE)) as port,
        pytest.raises(Error, match="ERR_CERT_"),
    ):
        page.goto(f"https://{OUTSIDE}:{port}/")
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_nobody_is_shut_out_of_the_page(
    server: ServerTree, stranger: Browser, scheme: Literal["light", "dark"], locale: str
) -> None:
    # The page's own policy would keep the judge's script out.
    context = stranger.new_context(
        bypass_csp=True, color_scheme=scheme, locale=locale, viewport={"width": 360, "height": 740}
    )
    page = context.new_page()
    page.goto(f"{server.url}/enrol")
    expect(page.locator("[data-checked=true]")).to_be_attached()
    for summary in page.locator("summary").all():
        summary.click()
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run()")["violations"]
    serious = [
        (one["id"], node["target"])
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]
    assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    context.close()


def test_a_phone_downloads_what_the_page_offers(server: ServerTree, stranger: Browser) -> None:
    context = stranger.new_context(user_agent=CHROMES_AGENT, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(f"{server.url}/enrol")
    with page.expect_download() as started:
        page.locator("details[open] a.btn").click()
    assert started.value.suggested_filename == "paifang-ca.crt"
    assert started.value.path().read_bytes()[:1] == b"\x30"
    context.close()
