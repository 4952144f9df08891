"""The servers whose pages are photographed, each started when the first picture wants it.

Most pages are those of one server with demo data. A first run wants a server that knows nobody, and
leases want a centre and a venue host that holds one.
"""

import itertools
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from tests.browser.authenticator import code_now
from tests.browser.gate import Gate
from tests.browser.looks import AXE, PATIENCE_MS
from tests.http.evidence import paifang
from tests.http.server import ServerTree
from tests.http.venues import PERIOD, SITE, Venues

TICKETS: Final = 400
VENUE_TICKETS: Final = 40
CAREFUL: Final = "auditor"
"""The role of the one who has a second factor."""


class Place(StrEnum):
    """Whose pages."""

    desk = "desk"
    empty = "empty"
    centre = "centre"
    host = "host"


class Opened:
    """One server: its address, its staff's passwords, who is signed in, which tickets are fresh."""

    def __init__(self, browser: Browser, url: str, demo: dict[str, Any]) -> None:
        """Know a server; nobody is signed in yet."""
        self._browser = browser
        self.url = url
        self.first_run = ""
        """The link by which an empty one is set up."""
        self.passwords = {one["username"]: one["password"] for one in demo["staff"]}
        self._roles = {one["role"]: one for one in demo["staff"]}
        self._cookies: dict[str, StorageState] = {"": {"cookies": [], "origins": []}}
        adults = [one for one in demo["tickets"] if one["product"] == "Adult ticket"]
        # Whoever takes pictures for long meets the first ticket again; it is used then.
        self._tickets = itertools.cycle(adults)

    @contextmanager
    def visit(self, role: str, locale: str) -> Iterator[BrowserContext]:
        """Yield the windows of somebody of a role, with axe in every page."""
        context = self._browser.new_context(
            locale=locale, reduced_motion="reduce", storage_state=self.cookies(role)
        )
        # Somebody's own language does not outvote the picture's.
        context.clear_cookies(name="paifang_language")
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(path=AXE)
        yield context
        context.close()

    def cookies(self, role: str) -> StorageState:
        """Return what the browser of somebody of a role keeps, signed in once."""
        if role not in self._cookies:
            gate = Gate(self._browser, self.url)
            gate.sign_in(self._roles[role])
            if role == CAREFUL:
                self._add_second_factor(gate.page, self._roles[role])
            self._cookies[role] = gate.page.context.storage_state()
            gate.page.context.close()
        return self._cookies[role]

    def ticket(self) -> dict[str, Any]:
        """Return a ticket that nobody was shown yet, as long as there are any."""
        return next(self._tickets)

    def confirm(self, page: Page, username: str) -> None:
        """Type the password again where a page asks; who did a moment ago is not asked."""
        if page.locator("main #password").count():
            page.locator("main #password").fill(self.passwords[username])
            page.locator("main button.main").click()

    def _add_second_factor(self, page: Page, person: dict[str, Any]) -> None:
        page.goto(f"{self.url}/desk/account/second-factor/")
        self.confirm(page, person["username"])
        page.locator("#code").fill(code_now(page.locator("#secret").input_value()))
        page.locator("main button.main").click()
        expect(page.locator(".codes li")).to_have_count(10)


class Places:
    """All servers, as a context."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        """Name where they keep their data; nothing is started yet."""
        self._browser, self._folder = browser, folder
        self._stack = ExitStack()
        self._opened: dict[Place, Opened] = {}

    def at(self, place: Place) -> Opened:
        """Return a server that runs."""
        if place not in self._opened:
            starts = {Place.desk: self._desk, Place.empty: self._empty}
            starts.get(place, self._centre_and_host)()
        return self._opened[place]

    def _desk(self) -> None:
        server = ServerTree(self._folder / "desk", tickets=TICKETS)
        self._stack.enter_context(server)
        self._opened[Place.desk] = Opened(self._browser, server.url, server.demo())

    def _empty(self) -> None:
        # Launched, not waited for: without any rules it is not ready for a gate.
        server = ServerTree(self._folder / "empty", command="serve").launch()
        self._stack.callback(server.kill)
        opened = Opened(self._browser, server.url, {"staff": [], "tickets": []})
        opened.first_run = server.first_run_link()
        self._opened[Place.empty] = opened

    def _centre_and_host(self) -> None:
        """Start both; the host holds the fair and asks for more."""
        folder = self._folder / "venues"
        folder.mkdir()
        both = Venues(folder, tickets=VENUE_TICKETS)
        self._stack.callback(both.close)
        both.start()
        both.join()
        both.lease()
        both.wait_open()
        asked = paifang("lease", "request", SITE, PERIOD, "--data", both.host.data)
        assert asked.returncode == 0, asked.stderr
        given = paifang("user", "password", "boss", "--data", both.host.data)
        found = re.search(r"│ (\S{12,}) +│", given.stdout)
        assert found, given.stdout
        boss = {"username": "boss", "password": found[1], "role": "manager"}
        demo = {"staff": [boss], "tickets": []}
        self._opened[Place.host] = Opened(self._browser, both.host.url, demo)
        self._opened[Place.centre] = Opened(self._browser, both.centre.url, both.centre.demo())

    def __enter__(self) -> Self:
        """Begin; servers come as they are wanted."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End every server."""
        self._stack.close()
