"""From an empty installation to a colleague at work, in a real browser and by no command line."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from paifang.core.rules import Role
from paifang.services.desk.permissions import ALLOWED, Act
from tests.browser.authenticator import code_now
from tests.browser.gate import DESK, PHONE, chromium
from tests.browser.looks import fits
from tests.http.server import ServerTree, temporary_directory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PASSWORD = "lake-stone-9"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerTree]:
    # Launched, not waited for: without any rules it is not ready for a gate.
    with temporary_directory() as path:
        tree = ServerTree(path / "data", command="serve").launch()
        yield tree
        tree.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def window(browser: Browser, size: tuple[int, int], locale: str, said: list[str]) -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale=locale, color_scheme="light"
    )
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return page


def choose(page: Page, username: str, **more: str) -> None:
    """Fill in how somebody signs in."""
    for name, value in {"username": username, **more}.items():
        page.locator(f"#{name}").fill(value)
    page.locator("#password").fill(PASSWORD)
    page.locator("#password-again").fill(PASSWORD)


def sign_in(page: Page, url: str, username: str) -> None:
    page.goto(url)
    page.locator("#username").fill(username)
    page.locator("#password").fill(PASSWORD)
    page.locator("button.main").click()


def test_an_empty_installation_gets_a_manager_a_second_factor_and_a_colleague(
    server: ServerTree, browser: Browser
) -> None:
    said: list[str] = []
    manager = window(browser, DESK, "en-GB", said)
    manager.goto(server.first_run_link())
    fits(manager)
    choose(manager, "lin", organiser="东湖会展", name="Lin Yue")
    manager.locator("button.main").click()
    expect(manager.locator(".side .rooms")).to_contain_text("Staff")
    # The second factor: the password again, a QR code, recovery codes.
    manager.goto(f"{server.url}/desk/account/second-factor/")
    manager.locator("#password").fill(PASSWORD)
    manager.locator("button.main").click()
    expect(manager.locator(".qr")).to_be_visible()
    secret = manager.locator("#secret").input_value()
    manager.locator("#code").fill(code_now(secret))
    manager.locator("button.main").click()
    expect(manager.locator(".codes li")).to_have_count(10)
    recovery = manager.locator(".codes li").first.inner_text()
    manager.locator(".top button", has_text="Sign out").click()
    expect(manager.locator("#username")).to_be_visible()
    sign_in(manager, server.url, "lin")
    expect(manager.locator("#code")).to_be_focused()
    fits(manager)
    manager.locator("#code").fill(recovery)
    manager.keyboard.press("Enter")
    expect(manager.locator(".side .rooms")).to_contain_text("Staff")
    # A colleague is invited and chooses how to sign in, on a phone, in Chinese.
    manager.goto(f"{server.url}/desk/invitations/new/")
    manager.locator("#name").fill("李伟")
    manager.locator("input[value=supervisor]").check()
    manager.locator("button.main").click()
    link = manager.locator("#address").input_value()
    guest = window(browser, PHONE, "zh-CN", said)
    guest.goto(server.url + "/join/" + link.partition("/join/")[2])
    fits(guest)
    choose(guest, "li.wei", pin="4711")
    guest.locator("button.main").click()
    expect(guest.locator(".menu summary")).to_be_visible()
    fits(guest)
    guest.locator(".menu summary").click()
    seen = {
        str(address)
        for address in guest.locator(".menu .rooms a").evaluate_all(
            "links => links.map(link => link.pathname)"
        )
    }
    allowed = {act for act in Act if Role.supervisor in ALLOWED[act]}
    rooms = {
        "/": Act.stand_at_gates,
        "/desk/today/": Act.see_today,
        "/desk/tickets/": Act.find_tickets,
        "/desk/venues/": Act.see_leases,
        "/desk/doors/": Act.keep_door_lists,
    }
    assert set(rooms.values()) <= allowed
    assert seen == set(rooms)
    for path in ("/desk/staff/", "/desk/audit/", "/desk/terminals/", "/desk/set-up/"):
        answer = guest.goto(server.url + path)
        assert answer is not None
        assert answer.status == 403
    # All of it stands in the audit.
    manager.goto(f"{server.url}/desk/audit/")
    told = manager.locator(".table tbody")
    for words in ("Installation set up", "Second factor switched on", "Invitation accepted"):
        expect(told).to_contain_text(words)
    fits(manager)
    assert [text for text in said if "403" not in text] == []
