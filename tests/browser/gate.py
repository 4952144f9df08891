"""A person at the gate's page in a real Chromium: what they type, click and see."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE: Final = (360, 740)
DESK: Final = (1440, 900)
Scheme = Literal["light", "dark"]
# How long a busy machine may take to show something; nothing is asserted of the time itself.
expect.set_options(timeout=20_000)
WORDS: Final = {
    "en-GB": {
        "undo": "Undo",
        "next": "Next",
        "supervisor": "Supervisor",
        "admit": "Admit",
        "exit": "Exit",
    },
    "zh-CN": {
        "undo": "撤销",
        "next": "下一位",
        "supervisor": "主管",
        "admit": "放行",
        "exit": "出场",
    },
}


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Yield a headless Chromium, the one Debian installs, with further arguments."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*CHROMIUM, *arguments]
        )
        yield browser
        browser.close()


class Gate:
    """One browser window of somebody who signs in and stands at a gate."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        size: tuple[int, int] = DESK,
        scheme: Scheme = "light",
        locale: str = "en-GB",
    ) -> None:
        """Open a window of its own; every word of the browser's console is kept in `said`."""
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, locale=locale
        )
        self.page: Page = context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(url)

    def sign_in(self, person: dict[str, Any]) -> None:
        """Sign in by the keyboard alone, once the page has the keyboard."""
        expect(self.page.locator("#username")).to_be_focused()
        self.page.keyboard.type(person["username"])
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(person["password"])
        self.page.keyboard.press("Enter")
        expect(self.page.locator("form[action$='/sign-out/']").first).to_be_visible()

    def stand_at(self, terminal: str) -> None:
        """Choose a gate's terminal and wait until the page is connected."""
        self.page.locator("a.gate", has_text=terminal).click()
        expect(self.page.locator("[data-link]")).to_have_attribute("data-state", "connected")

    def scan(self, code: str) -> None:
        """Type a code as a wedge scanner does: into whatever has the focus, ended by Enter."""
        self.page.keyboard.type(code)
        self.page.keyboard.press("Enter")

    def sees(self, state: str) -> None:
        """The verdict has one of its faces: admit, again, exit, warn, refuse."""
        verdict = self.page.locator("[data-verdict]")
        expect(verdict).to_be_visible()
        expect(verdict).to_have_attribute("data-state", state)

    def reads(self, part: str, text: str) -> None:
        """A part of the verdict (word, who, says, first, advice, mark) holds a text."""
        expect(self.page.locator(f"[data-verdict] [data-{part}]")).to_contain_text(text)

    def inside(self) -> int:
        """The number of people inside as the strip shows it, once the first count has come."""
        shown = self.page.locator("[data-inside] b")
        expect(shown).to_have_text(re.compile(r"^[\d,]+$"))
        return int(shown.inner_text().replace(",", ""))
