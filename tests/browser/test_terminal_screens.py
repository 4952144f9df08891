"""Every screen of the terminal's gallery on a small phone, looked over by axe-core and measured."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.gate import PHONE, chromium
from tests.browser.looks import AXE, serious

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import terminal_gallery as gallery  # noqa: E402 - tools is a folder of programs, no package

TARGET_PX: Final = 56

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# What is too small to hit, what is wider than the phone, and words that leave their place.
MEASURE: Final = """(target) => {
  const shown = (one) => one.checkVisibility() && one.getBoundingClientRect().width > 0;
  const front = document.querySelector("dialog[open]") ?? document.body;
  const named = (one) => `${one.tagName} ${one.textContent.trim().slice(0, 30)} ${one.className}`;
  const small = [...front.querySelectorAll("button, input, select, a[href]")]
    .filter(shown)
    .filter((one) => {
      const { width, height } = one.getBoundingClientRect();
      return Math.min(width, height) < target - 0.5;
    })
    .map(named);
  const wide = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
  const cut = [...document.querySelectorAll(".word, .who, .gate, h1, h2, .deed")]
    .filter(shown)
    .filter((one) => one.scrollWidth > one.clientWidth + 1)
    .map(named);
  return { small, wide, cut };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    gallery.build()
    with gallery.gallery() as served:
        yield served


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A window whose pages may be given axe, which the policy of the page would not let in."""
    context = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, reduced_motion="reduce"
    )
    context.add_init_script(path=AXE)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("language", "theme"), [("en", "day"), ("zh-Hans", "night")])
def test_nothing_serious_is_found_on_any_screen(
    browser: Browser, page: Page, address: str, language: str, theme: str
) -> None:
    names = gallery.names_of(browser, address)
    assert len(names) > 60
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    faults: dict[str, Any] = {}
    for name in names:
        page.goto(f"{address}?show={name}&lang={language}&theme={theme}")
        page.locator("[data-screen]").wait_for()
        page.wait_for_timeout(150)
        measured = page.evaluate(MEASURE, TARGET_PX)
        wrong = [
            *serious(page),
            *(f"{what}: {found}" for what in measured for found in measured[what]),
        ]
        if wrong:
            faults[name] = wrong
    assert not faults, json.dumps(faults, ensure_ascii=False, indent=1)
    assert said == []


def test_the_check_itself_finds_what_is_wrong(page: Page, address: str) -> None:
    page.goto(f"{address}?show=scan&lang=en&theme=day")
    page.locator("[data-screen]").wait_for()
    page.evaluate(
        """() => {
          const bad = document.createElement("button");
          bad.style.cssText = "color: #999; background: #aaa; width: 20px; height: 20px";
          document.querySelector("main").append(bad);
        }"""
    )
    assert any(fault.startswith("button-name") for fault in serious(page))
    assert page.evaluate(MEASURE, TARGET_PX)["small"]


def test_a_verdict_is_told_without_being_seen(page: Page, address: str) -> None:
    page.goto(f"{address}?show=verdict_already_used&lang=en&theme=day")
    live = page.locator("[aria-live=assertive]")
    live.wait_for(state="attached")
    said = live.inner_text()
    assert said.startswith("Already used.")
    assert "South gate" in said
    assert "Li Lei" in said
