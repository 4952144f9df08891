"""Photograph the pages of the desk from real servers with demo data, and say what is wrong.

    python tools/screenshots.py [--out DIR] [--only NAME …] [--sizes phone …] [--schemes dark …]
        [--languages zh …] [--go-on]

Every page of tools/screenshot_pages.py is opened once in English and once in Chinese, then made
narrow and wide, light and dark, and taken each time. Told, with exit code 1: words in the browser's
console, an answer that is an error, a page that scrolls sideways, one in the wrong language, and
what axe-core finds serious (in Chinese it looks at the narrow, light ones only). With `--go-on`
pictures that a run before has taken are not taken again; what was wrong with them is still told.
"""

import argparse
import itertools
import json
import signal
import sys
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import BrowserContext, Page, expect  # noqa: E402
from playwright.sync_api import Error as PlaywrightError  # noqa: E402
from screenshot_pages import SHOTS, THEN, Shot  # noqa: E402
from screenshot_places import Opened, Place, Places  # noqa: E402

from tests.browser.gate import Scheme, chromium  # noqa: E402
from tests.browser.looks import PATIENCE_MS, serious, too_wide, wrong_language  # noqa: E402
from tests.http.server import temporary_directory  # noqa: E402

SIZES: Final = {"phone": (360, 740), "desk": (1440, 900), "tablet": (820, 1180)}
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
LOCALES: Final = {"en": "en-GB", "zh": "zh-CN"}


class Kind(NamedTuple):
    """How a picture is taken."""

    size: str
    scheme: Scheme
    language: str

    def of(self, shot: Shot) -> str:
        """Return the name of such a picture of a page."""
        return f"{shot.name}-{self.size}-{self.scheme}-{self.language}"


class Taken:
    """What was taken into a directory and what was wrong with it, kept beside the pictures."""

    def __init__(self, out: Path, *, go_on: bool) -> None:
        """Begin anew, or with what a run before has left."""
        self.out = out
        self._path = out / "taken.json"
        self.faults: dict[str, list[str]] = {}
        if go_on and self._path.is_file():
            self.faults = json.loads(self._path.read_text(encoding="utf-8"))

    def lacks(self, kind: Kind, shot: Shot) -> bool:
        """Whether a picture is still to be taken."""
        return kind.of(shot) not in self.faults

    def keep(self, name: str, faults: list[str]) -> None:
        """Remember a picture."""
        self.faults[name] = faults
        told = json.dumps(self.faults, ensure_ascii=False, indent=1)
        self._path.write_text(told, encoding="utf-8")


def faults_of(page: Page, said: list[str], shot: Shot, kind: Kind) -> list[str]:
    """Return what is wrong with a page as it stands, and what the console has said of it."""
    asked_for = f"status of {shot.refusal} "
    told = [f"console: {text}" for text in said if asked_for not in text]
    found = serious(page)
    return [*told, *too_wide(page), *wrong_language(page, kind.language), *found]


def reach(opened: Opened, page: Page, shot: Shot) -> list[str]:
    """Go to a page and do there what is to be seen; where that fails, say so and go on."""
    try:
        page.goto(opened.url + shot.url)
        for step in filter(None, shot.follow.split(THEN)):
            page.locator(step).first.click()
            page.wait_for_load_state()
        if shot.act is not None:
            shot.act(page, opened)
    except (PlaywrightError, AssertionError) as error:
        return [f"not reached: {str(error).splitlines()[0]}"]
    return []


def take(
    opened: Opened, context: BrowserContext, shot: Shot, kinds: list[Kind], taken: Taken
) -> None:
    """Go to a page once, and photograph and judge it in every size and light."""
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    faults = reach(opened, page, shot)
    for kind in kinds:
        name = kind.of(shot)
        try:
            width, height = SIZES[kind.size]
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=kind.scheme)
            page.wait_for_timeout(300)
            page.screenshot(path=taken.out / f"{name}.png", full_page=True)
            faults += faults_of(page, said, shot, kind)
        except PlaywrightError as error:
            faults.append(f"not looked at: {str(error).splitlines()[0]}")
        taken.keep(name, faults)
        faults = []
        said.clear()
    page.close()


def wanted(names: list[str]) -> list[Shot]:
    """Return the pages of these names, all without any. Raises SystemExit for an unknown one."""
    known = {shot.name for shot in SHOTS}
    if unknown := set(names) - known:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    return [shot for shot in SHOTS if not names or shot.name in names]


def whose(shot: Shot) -> tuple[Place, str]:
    """Return where a page is and who looks at it: these share a window's cookies."""
    return shot.place, shot.role


def photograph(places: Places, shots: list[Shot], kinds: list[Kind], taken: Taken) -> list[str]:
    """Take all pictures and return the faults, each with the picture's name."""
    for language, (place, role) in itertools.product(LOCALES, sorted(set(map(whose, shots)))):
        spoken = [one for one in kinds if one.language == language]
        named = [shot for shot in shots if whose(shot) == (place, role)]
        waiting = {shot: [one for one in spoken if taken.lacks(one, shot)] for shot in named}
        waiting = {shot: left for shot, left in waiting.items() if left}
        if not waiting:
            continue
        opened = places.at(place)
        with opened.visit(role, LOCALES[language]) as context:
            for shot, left in waiting.items():
                take(opened, context, shot, left, taken)
    names = [kind.of(shot) for kind in kinds for shot in shots]
    return [f"{name}: {fault}" for name in names for fault in taken.faults[name]]


def main() -> int:
    """Start a server, photograph, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / ".build" / "screenshots" / "desk")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=SIZES)
    parser.add_argument("--schemes", nargs="*", default=list(SCHEMES), choices=SCHEMES)
    parser.add_argument("--languages", nargs="*", default=list(LOCALES), choices=LOCALES)
    parser.add_argument("--go-on", action="store_true")
    options = parser.parse_args()
    shots = wanted(options.only)
    # Whoever ends it early ends its servers and its browser, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options.out.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    chosen = itertools.product(options.sizes, options.schemes, options.languages)
    kinds = [Kind(*one) for one in chosen]
    taken = Taken(options.out, go_on=options.go_on)
    with temporary_directory() as path, chromium() as browser, Places(browser, path) as places:
        faults = photograph(places, shots, kinds, taken)
    print(f"{len(shots)} pages in {options.out}")
    print("\n".join(faults) or "nothing is wrong that a program can see")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
