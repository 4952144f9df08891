"""Photograph every page of a running demonstration, for the README and for looking at.

    python tools/screenshots.py DATA [--out DIR]

DATA is the data directory of a `paifang demo` that is being served. Each page is taken at phone and
desk size, light and dark, in English and Chinese. Uses up a few of the demonstration's tickets.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.gate import DESK, PHONE, Gate, Scheme, chromium  # noqa: E402

SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
LOCALES: Final = ("en-GB", "zh-CN")


def main() -> None:
    """Read the demonstration's log-ins and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / ".build" / "screenshots")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    demo = json.loads((options.data / "demo.json").read_text(encoding="utf-8"))
    tickets = iter(demo["tickets"])
    steward = next(person for person in demo["staff"] if person["role"] == "steward")
    with chromium() as browser:
        for size, scheme, locale in _windows():
            name = f"{'phone' if size == PHONE else 'desk'}-{scheme}-{locale[:2]}"
            gate = Gate(browser, demo["base_url"], size=size, scheme=scheme, locale=locale)
            _photograph(gate, steward, next(tickets), options.out / name)
            print(name, "said:", gate.said or "nothing")


def _windows() -> Iterator[tuple[tuple[int, int], Scheme, str]]:
    for size in (PHONE, DESK):
        for scheme in SCHEMES:
            for locale in LOCALES:
                yield size, scheme, locale


def _photograph(gate: Gate, person: dict[str, Any], ticket: dict[str, Any], path: Path) -> None:
    """Walk through the pages with one ticket."""

    def take(what: str, *, whole: bool = False) -> None:
        gate.page.wait_for_timeout(400)
        gate.page.screenshot(path=f"{path}-{what}.png", full_page=whole)

    start = gate.page.url
    gate.page.locator("a[href$=enrol]").click()
    gate.page.locator("[data-checked=true]").wait_for()
    take("0-enrol", whole=True)
    gate.page.goto(start)
    take("1-sign-in")
    gate.sign_in(person)
    take("2-choose")
    gate.stand_at("north-1")
    take("3-scan")
    gate.scan(ticket["code"])
    gate.sees("admit")
    take("4-admitted")
    gate.scan(ticket["code"])
    gate.sees("warn")
    take("5-used")
    gate.scan("ZZZZZZZZZZZZZZZZ")
    gate.sees("refuse")
    take("6-unknown")
    gate.page.locator("[data-verdict] button").last.click()
    gate.page.locator("[data-recent] button").first.click()
    take("7-undo")


if __name__ == "__main__":
    main()
