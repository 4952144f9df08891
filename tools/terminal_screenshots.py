"""Photograph every screen of the terminal, in the real app against a real server, and judge it.

    python tools/terminal_screenshots.py [--out DIR] [--languages en zh] [--parts starts verdicts …]

A device is paired, a shift started, and a day walked through with a demonstration's tickets, once
in each language; every state is taken at three sizes, light and night. Told, with exit code 1:
what axe-core finds serious, what scrolls sideways, and words in the browser's console.
"""

import argparse
import itertools
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, expect  # noqa: E402
from playwright.sync_api import Error as PlaywrightError  # noqa: E402

from tests.browser.clip import Hands, camera_arguments  # noqa: E402
from tests.browser.gate import chromium  # noqa: E402
from tests.browser.looks import AXE, PATIENCE_MS, serious, too_wide, wrong_language  # noqa: E402
from tests.browser.steward import head, person  # noqa: E402
from tests.browser.terminal import Terminal, pairing_code  # noqa: E402
from tests.http.server import ServerTree, temporary_directory  # noqa: E402

SIZES: Final = {"phone": (360, 740), "tablet": (820, 1180), "wall": (1920, 1080)}
LOCALES: Final = {"en": "en-GB", "zh": "zh-CN"}
UNKNOWN: Final = "ZZZZZZZZZZZZZZZZ"
# What closes by itself stays for the photographer, its bar half way.
_HOLD_STILL: Final = """{
  const real = window.setTimeout;
  window.setTimeout = (act, ms, ...rest) => real(act, ms === 1800 ? 3_600_000 : ms, ...rest);
}"""
_HALF_WAY: Final = """() => document.getAnimations().forEach((one) => {
  one.pause();
  one.currentTime = Number(one.effect.getComputedTiming().endTime) / 2;
})"""
# The browser tells of every answer that is a refusal, and of a host that is gone.
_EXPECTED: Final = (
    "status of 4",
    "status of 503",
    "ERR_CONNECTION",
    "ERR_EMPTY_RESPONSE",
    "ERR_INCOMPLETE",
)


class Walk:
    """One device in one language, its pictures and what is wrong with them."""

    def __init__(self, browser: Browser, server: ServerTree, out: Path, language: str) -> None:
        """Open a window; nothing is paired yet."""
        self.server, self.out, self.language = server, out, language
        locale = LOCALES[language]
        self.terminal = Terminal(browser, server.url, size=SIZES["phone"], locale=locale)
        self.terminal.context.set_default_timeout(PATIENCE_MS)
        self.terminal.context.add_init_script(path=AXE)
        self.terminal.context.add_init_script(_HOLD_STILL)
        self.page: Page = self.terminal.page
        self.faults: list[str] = []
        demo = server.demo()
        half = len(demo["tickets"]) // 2
        mine = demo["tickets"][:half] if language == "en" else demo["tickets"][half:]
        self.tickets = iter([t for t in mine if t["product"] == "Adult ticket"])
        self.showcase: list[dict[str, Any]] = demo["showcase"]
        self.taken = 0

    def take(self, name: str) -> None:
        """Photograph the state that is shown now, and judge it on the phone in both lights."""
        self.page.evaluate(_HALF_WAY)
        for size, scheme in itertools.product(reversed(SIZES), ("light", "dark")):
            width, height = SIZES[size]
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            self.page.wait_for_timeout(120)
            self.page.evaluate(_HALF_WAY)
            full = f"{name}-{size}-{scheme}-{self.language}"
            self.page.screenshot(path=self.out / f"{full}.png")
            self.taken += 1
            found = too_wide(self.page) + (serious(self.page) if size == "phone" else [])
            self.faults += [f"{full}: {one}" for one in found]
        self.faults += [f"{name}: {one}" for one in wrong_language(self.page, self.language)]
        said = [one for one in self.terminal.said if not any(why in one for why in _EXPECTED)]
        self.faults += [f"{name}: console: {one}" for one in said]
        self.terminal.said.clear()

    def shown(self, code: str, face: str, name: str = "") -> None:
        """Show a code to the scanner, and take the verdict's picture."""
        self.page.wait_for_timeout(1_000)  # an eager scanner's second reading is not heard
        self.page.keyboard.press("Escape")
        self.terminal.burst(code)
        self.terminal.sees(face)
        if name:
            self.take(name)

    def open(self, selector: str, name: str) -> None:
        """Press something and photograph what opens."""
        self.page.locator(selector).first.click()
        self.take(name)

    def close(self) -> None:
        """Close whatever is open, one sheet after the other."""
        sheets = self.page.locator("dialog[open]")
        for left in range(sheets.count() - 1, -1, -1):
            self.page.keyboard.press("Escape")
            expect(sheets).to_have_count(left)

    def special(self, product: str) -> dict[str, Any]:
        """Return the showcase's ticket of a product."""
        return next(one for one in self.showcase if one["product"] == product)

    def through(self, part: Callable[["Walk"], None]) -> None:
        """Walk through a part; where it goes no further is a fault, and the next one is tried."""
        known = len(self.faults)
        try:
            part(self)
        except (AssertionError, PlaywrightError, StopIteration) as fault:
            self.faults.append(f"stuck in {part.__name__}: {fault}")
            self._mend(part.__name__)
        # Told at once: what a long walk found is not lost with its end.
        found = self.faults[known:] or ["nothing wrong"]
        print(f"{self.language} {part.__name__}: {self.taken} pictures so far", *found, sep="\n  ")
        sys.stdout.flush()

    def _mend(self, part: str) -> None:
        """Look where it went no further, and make ready for the next part."""
        with suppress(PlaywrightError):
            self.page.screenshot(path=self.out / f"stuck-{part}-{self.language}.png")
        if not self.server.is_ready():
            self.server.kill()
            self.server.start()
        with suppress(PlaywrightError):
            self.page.reload()

    def pin(self, who: dict[str, Any], within: str) -> None:
        """Type somebody's PIN on the pad."""
        for digit in who["pin"]:
            self.page.locator(within).get_by_role("button", name=digit, exact=True).click()


def starts(walk: Walk) -> None:
    """Pairing and signing on, with what goes wrong there."""
    page, steward = walk.page, person(walk.server, "steward")
    walk.terminal.open()
    walk.terminal.shows("unpaired")
    walk.take("pair")
    page.locator("input[name=code]").fill("https://example.org/")
    walk.open("button[type=submit]", "pair-wrong")
    walk.open("[data-about]", "about")
    walk.close()
    page.locator("main button[aria-pressed=false]").click()
    page.wait_for_timeout(600)
    walk.take("pair-camera")
    walk.terminal.pair(pairing_code(walk.server.data, "north-1"))
    walk.take("sign-on")
    page.locator("input[name=username]").fill(steward["username"])
    page.locator("input[name=pin]").fill("000000")
    page.locator("button[type=submit]").click()
    expect(page.locator(".wrong")).to_be_visible()
    walk.take("sign-on-wrong")
    walk.terminal.sign_on(steward)
    walk.terminal.connected()
    expect(page.locator("[data-camera=on]")).to_be_visible()
    walk.take("gate")


def sheets(walk: Walk) -> None:
    """What opens from the gate's own screen."""
    page, ticket = walk.page, next(walk.tickets)
    walk.open("[data-place]", "place")
    walk.close()
    walk.open("[data-menu]", "menu")
    page.locator("[data-choice=camera]").click()
    walk.close()
    walk.take("gate-no-camera")
    walk.open("[data-act=type]", "type")
    walk.close()
    walk.open("[data-act=people]", "people")
    walk.close()
    page.locator("[data-act=find]").click()
    page.locator("[data-search]").fill(ticket["holder"])
    expect(page.locator("[data-found] li").first).to_be_visible()
    walk.take("search")
    walk.open("[data-found] li button", "story")
    walk.close()
    page.locator("[data-menu]").click()
    walk.open("[data-selftest]", "self-test")
    walk.terminal.burst(ticket["code"])
    walk.take("self-test-heard")
    walk.close()


def verdicts(walk: Walk) -> None:
    """What a gate says, kind by kind."""
    page, ticket = walk.page, next(walk.tickets)
    day_pass = walk.special(("Pass for all days", "Fair and forum")[walk.language == "zh"])["code"]
    walk.shown(ticket["code"], "admit", "admitted")
    walk.shown(ticket["code"], "warn", "used")
    walk.shown(day_pass, "admit")
    page.keyboard.press("Escape")
    head(walk.terminal, "exit")
    walk.shown(day_pass, "exit", "exit")
    walk.shown(day_pass, "refuse", "refused-not-inside")
    page.keyboard.press("Escape")
    head(walk.terminal, "both")
    walk.take("gate-both-ways")
    page.locator("[data-way=entry]").click()
    walk.shown(day_pass, "again", "welcome-back")
    walk.shown(UNKNOWN, "refuse", "refused-unknown")
    walk.shown("https://example.org/t/ZZZZ?c=1", "refuse", "refused-malformed")
    for status, one in zip(("unpaid", "blocked", "void"), walk.showcase[-3:], strict=True):
        walk.shown(one["code"], "warn" if status == "unpaid" else "refuse", f"refused-{status}")
    walk.shown(
        walk.special("Invitation (exchange at the desk)")["code"], "refuse", "refused-exchange"
    )
    walk.shown(walk.special("Named ticket")["code"], "warn", "attention-identity")
    walk.shown(walk.special("Guest of honour")["code"], "warn", "attention-supervisor")


def deeds(walk: Walk) -> None:
    """What a person does about a verdict."""
    page, ticket = walk.page, next(walk.tickets)
    supervisor = person(walk.server, "supervisor")
    walk.shown(walk.special("Group of 20")["code"], "admit", "group")
    walk.open("[data-deed=rest]", "group-pad")
    walk.close()
    walk.shown(ticket["code"], "admit")
    walk.shown(ticket["code"], "warn")
    walk.open("[data-deed=override]", "override")
    page.locator("dialog[open] .usual button").first.click()
    page.locator("dialog[open] input[name=username]").fill(supervisor["username"])
    walk.pin(supervisor, "dialog[open]")
    walk.take("override-pin")
    page.locator("[data-override]").click()
    walk.terminal.sees("admit")
    walk.take("overridden")
    page.keyboard.press("Escape")
    page.locator("[data-recent] [data-line=admit]:visible").first.click(button="right")
    walk.take("annul")
    walk.close()
    walk.take("gate-busy")
    page.locator("[data-menu]").click()
    walk.open("[data-choice=preview]", "checks-only")
    walk.shown(next(walk.tickets)["code"], "admit", "checks-only-would-pass")
    page.keyboard.press("Escape")
    page.locator("[data-previewing] button").click()


def guests(walk: Walk) -> None:
    """The screen of guests, and the way out of it."""
    page, ticket = walk.page, next(walk.tickets)
    page.locator("[data-menu]").click()
    walk.open("[data-kiosk]", "kiosk")
    walk.shown(ticket["code"], "admit", "kiosk-admitted")
    page.locator("[data-clear]").click()
    walk.shown(ticket["code"], "warn", "kiosk-used")
    page.locator("[data-clear]").click()
    page.locator("button.corner").focus()
    page.keyboard.press("Enter")
    walk.take("kiosk-leave")
    walk.pin(person(walk.server, "steward"), "dialog[open]")
    page.locator("dialog[open] button[type=submit]").click()
    walk.terminal.shows("gate")


def other_devices(walk: Walk) -> None:
    """A second tab, a monitor, and a terminal that was withdrawn."""
    other = walk.terminal.context.new_page()
    other.goto(walk.terminal.url)
    mine, walk.page = walk.page, other
    walk.terminal.page = other
    walk.terminal.shows("other_tab")
    walk.take("other-tab")
    other.close()
    walk.page = walk.terminal.page = mine
    walk.terminal.shows("gate")
    data = str(walk.server.data)
    command = [sys.executable, "-m", "paifang", "terminal", "revoke", "north-1", "--data", data]
    subprocess.run(command, check=True, capture_output=True)
    walk.terminal.burst(next(walk.tickets)["code"])
    walk.terminal.shows("revoked")
    walk.take("revoked")
    walk.terminal.pair(pairing_code(walk.server.data, "north-1"))
    walk.terminal.sign_on(person(walk.server, "steward"))
    walk.terminal.connected()
    # What it was asking when it was withdrawn is answered now.
    walk.terminal.sees("admit")
    walk.page.keyboard.press("Escape")


def roles_without_staff(walk: Walk) -> None:
    """Monitor and kiosk in windows of their own, first well, then cut off."""
    walk.terminal.open(f"#pair={pairing_code(walk.server.data, 'monitor-1')}")
    walk.terminal.shows("monitor")
    expect(walk.page.locator("[data-zone]").first).to_be_visible()
    expect(walk.page.locator("[data-gate][data-silent=false]").first).to_be_visible(timeout=60_000)
    walk.take("monitor")


def cut_off(walk: Walk) -> None:
    """The host is gone: first for a gate at rest, then for a scan."""
    walk.server.kill()
    expect(walk.page.locator("[data-link]")).to_have_attribute("data-state", "unreachable")
    walk.take("cut-off")
    walk.terminal.burst(next(walk.tickets)["code"])
    walk.terminal.sees("wait")
    walk.page.wait_for_timeout(2_000)
    walk.take("cut-off-waiting")
    walk.page.locator("[data-deed=next]").click()
    walk.page.locator("[data-menu]").click()
    walk.page.locator("[data-kiosk]").click()
    walk.take("cut-off-kiosk")
    walk.server.start()
    walk.terminal.page.reload()


PARTS: Final = (
    starts,
    sheets,
    verdicts,
    deeds,
    guests,
    other_devices,
    cut_off,
    roles_without_staff,
)


def main() -> int:
    """Walk through every part in every language, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / ".build" / "screenshots" / "terminal")
    parser.add_argument("--languages", nargs="*", default=list(LOCALES), choices=LOCALES)
    named = {part.__name__: part for part in PARTS}
    # A walk is tied to what came before; only "starts" stands alone, and the others after it.
    parser.add_argument("--parts", nargs="*", default=list(named), choices=named)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    faults: list[str] = []
    with temporary_directory() as path, ServerTree(path / "data", tickets=120) as server:
        hands = Hands(path / "hands.y4m")
        with chromium(*camera_arguments(hands.path)) as browser:
            for language in options.languages:
                walk = Walk(browser, server, options.out, language)
                for name in options.parts:
                    walk.through(named[name])
                faults += walk.faults
                print(walk.taken, "pictures in", options.out)
    print("\n".join(dict.fromkeys(faults)) or "nothing is wrong that a program can see")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
