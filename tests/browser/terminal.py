"""A terminal in a browser window of its own, driven as a person does: pair, sign on, scan."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.gate import DESK, Scheme

ROOT: Final = Path(__file__).resolve().parents[2]
SCANNER_GAP_S: Final = 0.01
_BURST: Final = """(text) => {
  for (const key of [...text, "Enter"]) {
    window.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }
}"""


def pairing_code(data: Path, name: str) -> str:
    """Return a fresh pairing code for one terminal of a running server."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.browser.pairing_code", str(data), name],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return made.stdout.strip()


class Terminal:
    """One browser profile that becomes a terminal; its console's complaints are in `said`."""

    def __init__(
        self,
        browser: Browser | None,
        url: str,
        *,
        size: tuple[int, int] = DESK,
        scheme: Scheme = "light",
        locale: str = "en-GB",
        context: BrowserContext | None = None,
    ) -> None:
        """Make a window; nothing is opened yet. With `context` it is one more tab of that one."""
        self.url = f"{url}/terminal/"
        if context is None:
            assert browser is not None
            context = browser.new_context(
                viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, locale=locale
            )
        self.context = context
        self.page: Page = context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def open(self, fragment: str = "") -> None:
        """Open the page, as by the QR when there is a fragment."""
        self.page.goto(self.url + fragment)

    def shows(self, phase: str) -> None:
        """One of the screens is shown, such as unpaired, sign_on, revoked, other_tab or gate."""
        expect(self.page.locator(f"[data-screen={phase}]")).to_be_visible()

    def pair(self, code: str) -> None:
        """Open the address of a QR, and wait until somebody is asked to sign on."""
        self.open(f"#pair={code}")
        self.shows("sign_on")

    def sign_on(self, person: dict[str, Any]) -> None:
        """Start a shift by name and PIN pad."""
        self.page.locator("input[name=username]").fill(person["username"])
        for digit in person["pin"]:
            self.page.get_by_role("button", name=digit, exact=True).click()
        self.page.locator("button[type=submit]").click()
        self.shows("gate")

    def connected(self) -> None:
        """The host is heard."""
        expect(self.page.locator("[data-link]")).to_have_attribute("data-state", "connected")

    def wedge(self, text: str, end: str = "Enter") -> None:
        """Type as a scanner does: fast, into whatever has the focus, ended by Enter or Tab.

        The keys carry the times a scanner would give them, so that a busy machine, which takes its
        time to hand them on, does not turn a scanner into somebody's fingers.
        """
        keyboard = self.context.new_cdp_session(self.page)
        began_s = time.time()

        def key(at: int, name: str, sign: str, number: int = 0) -> None:
            told: dict[str, Any] = {"key": name, "timestamp": began_s + at * SCANNER_GAP_S}
            if number:
                told |= {"code": name, "windowsVirtualKeyCode": number}
            keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": sign, **told})
            keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **told})

        for at, letter in enumerate(text):
            key(at, letter, letter)
        key(len(text), end, *(("\r", 13) if end == "Enter" else ("", 9)))
        keyboard.detach()

    def burst(self, text: str) -> None:
        """A scanner's keys in one go within the page: for one whose clock a test has in hand."""
        self.page.evaluate(_BURST, text)

    def sees(self, face: str) -> None:
        """The verdict has one of its faces."""
        verdict = self.page.locator("[data-verdict]")
        expect(verdict).to_have_attribute("data-face", face)
