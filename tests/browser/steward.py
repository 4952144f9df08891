"""What a steward reads and presses at a terminal, in whichever language it speaks."""

import time
from typing import Any, Final

from playwright.sync_api import Locator, expect

from paifang.core.reasons import WORDS, Reason
from paifang.web.language import translator
from tests.browser.terminal import Terminal
from tests.http.server import ServerTree

_PATIENCE_S: Final = 30.0
# One entry for each verdict that somebody could read, with its last words; "asking" is none.
_KEEP: Final = """() => {
  const told = (window.paifangTold = []);
  let before = "";
  new MutationObserver(() => {
    const verdict = document.querySelector("[data-verdict]:not([data-face=wait])");
    const { face = "", reason = "" } = verdict?.dataset ?? {};
    const now = verdict ? [face, reason, verdict.querySelector(".who")?.textContent].join("|") : "";
    if (now !== before && verdict) told.push({ face, text: "" });
    if (verdict) told.at(-1).text = verdict.innerText;
    before = now;
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
}"""


class Told:
    """Every verdict a terminal tells, in turn, also one that closed before anybody looked."""

    def __init__(self, terminal: Terminal) -> None:
        """Listen from the next page on."""
        self._terminal = terminal
        self._heard = 0
        terminal.page.add_init_script(f"({_KEEP})()")

    def next(self, face: str) -> str:
        """Wait for the next verdict, which has one of the faces, and return its words."""
        until_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until_s:
            told = self._terminal.page.evaluate("() => window.paifangTold ?? []")
            if len(told) > self._heard:
                found: dict[str, str] = told[self._heard]
                assert found["face"] == face, found
                self._heard += 1
                return found["text"]
            self._terminal.page.wait_for_timeout(50)
        shown = self._terminal.page.locator("body").inner_text()
        msg = f"no verdict came; the page says {shown}"
        raise AssertionError(msg)


def person(server: ServerTree, role: str) -> dict[str, Any]:
    """Return somebody of a role, as demo.json tells them."""
    found: dict[str, Any] = next(p for p in server.demo()["staff"] if p["role"] == role)
    return found


def words_of(text: str, locale: str) -> str:
    """Return a text of the catalogue in a browser's language."""
    return translator(locale.encode())(text)


def word_of(reason: Reason, locale: str) -> str:
    """Return the word of a reason in a browser's language."""
    return words_of(WORDS[reason].word, locale)


def verdict(terminal: Terminal) -> Locator:
    """The state on the whole screen."""
    return terminal.page.locator("[data-verdict]")


def inside(terminal: Terminal) -> int:
    """How many people are inside as the strip shows it."""
    shown = terminal.page.locator("[data-inside] b")
    expect(shown).to_be_visible()
    return int(shown.inner_text().replace(",", ""))


def inside_is(terminal: Terminal, people: int) -> None:
    """The strip comes to show so many."""
    expect(terminal.page.locator("[data-inside] b")).to_have_text(f"{people:,}")


def press(terminal: Terminal, deed: str) -> None:
    """Press one of the verdict's buttons."""
    verdict(terminal).locator(f"[data-deed={deed}]").click()


def head(terminal: Terminal, way: str) -> None:
    """Say which way guests go here: entry, exit or both."""
    terminal.page.locator("[data-place]").click()
    terminal.page.locator(f"dialog[open] [data-way={way}]").click()
    terminal.page.keyboard.press("Escape")
    expect(terminal.page.locator("dialog[open]")).to_have_count(0)


def undo_newest(terminal: Terminal) -> None:
    """Take back the newest entry in the list, with the first of the usual reasons."""
    line = terminal.page.locator("[data-recent] [data-line=admit]:visible").first
    line.click(button="right")
    terminal.page.locator("dialog[open] .usual button").first.click()
    terminal.page.locator("[data-annul]").click()
    expect(terminal.page.locator("dialog[open]")).to_have_count(0)


def answer_for(terminal: Terminal, who: dict[str, Any]) -> None:
    """In the supervisor's sheet: give name and PIN, and admit."""
    sheet = terminal.page.locator("dialog[open]")
    sheet.locator("input[name=username]").fill(who["username"])
    for digit in who["pin"]:
        sheet.get_by_role("button", name=digit, exact=True).click()
    terminal.page.locator("[data-override]").click()
