"""Photograph the pages of the desk from a real server with demo data, and say what is wrong.

    python tools/screenshots.py [--out DIR] [--only NAME …] [--sizes phone …] [--schemes dark …]
        [--languages zh …] [--go-on]

Every page of tools/screenshot_pages.py is taken at every size, light and dark, in English and
Chinese. Told, with exit code 1: words in the browser's console, an answer that is an error, a page
that scrolls sideways, one in the wrong language, and what axe-core finds serious. With `--go-on`
pictures that a run before has taken are not taken again; what was wrong with them is still told.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, BrowserContext, Page  # noqa: E402
from playwright.sync_api import Error as PlaywrightError  # noqa: E402
from screenshot_pages import SHOTS, THEN, Demo, Shot  # noqa: E402

from tests.browser.gate import Gate, Scheme, chromium  # noqa: E402
from tests.browser.looks import AXE, serious, too_wide, wrong_language  # noqa: E402
from tests.http.server import ServerTree, temporary_directory  # noqa: E402

SIZES: Final = {"phone": (360, 740), "tablet": (820, 1180), "desk": (1440, 900)}
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
LOCALES: Final = {"en": "en-GB", "zh": "zh-CN"}
# What the browser says of an answer that the picture is about.
ASKED_FOR: Final = {"not-found": "404", "not-permitted": "403"}
TICKETS: Final = 400


class Desk:
    """A server with demo data and a browser, who is signed in and which tickets are still fresh."""

    def __init__(self, browser: Browser, server: ServerTree) -> None:
        """Sign everybody in whom a page wants, each once."""
        self.browser = browser
        self.url = server.url
        demo = server.demo()
        adults = [one for one in demo["tickets"] if one["product"] == "Adult ticket"]
        # Whoever takes pictures for long meets the first ticket again; it is used then.
        self.tickets = itertools.cycle(adults)
        self.passwords = {one["username"]: one["password"] for one in demo["staff"]}
        self._cookies: dict[str, Any] = {"": {"cookies": [], "origins": []}}
        for person in demo["staff"]:
            gate = Gate(browser, server.url)
            gate.sign_in(person)
            self._cookies[person["role"]] = gate.page.context.storage_state()
            gate.page.context.close()

    @contextmanager
    def visit(
        self, role: str, size: tuple[int, int], scheme: Scheme, locale: str
    ) -> Iterator[BrowserContext]:
        """Yield the windows of somebody of a role, with axe in every page."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            locale=locale,
            reduced_motion="reduce",
            storage_state=self._cookies[role],
        )
        context.add_init_script(path=AXE)
        yield context
        context.close()


def faults_of(page: Page, said: list[str], name: str, language: str) -> list[str]:
    """Return what is wrong with a page as it stands, and what the console has said of it."""
    told = [f"console: {text}" for text in said if ASKED_FOR.get(name, "\0") not in text]
    return [*told, *too_wide(page), *wrong_language(page, language), *serious(page)]


def reach(desk: Desk, page: Page, shot: Shot) -> list[str]:
    """Go to a page and do there what is to be seen; where that fails, say so and go on."""
    try:
        page.goto(desk.url + shot.url)
        for step in filter(None, shot.follow.split(THEN)):
            page.locator(step).first.click()
            page.wait_for_load_state()
        if shot.act is not None:
            shot.act(page, Demo(next(desk.tickets), desk.passwords))
    except (PlaywrightError, AssertionError) as error:
        return [f"not reached: {str(error).splitlines()[0]}"]
    return []


def take(desk: Desk, context: BrowserContext, shot: Shot, path: Path, language: str) -> list[str]:
    """Go to a page, photograph it and return its faults."""
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        lost = reach(desk, page, shot)
        page.wait_for_timeout(300)
        page.screenshot(path=path, full_page=True)
        return [*lost, *faults_of(page, said, shot.name, language)]
    except PlaywrightError as error:
        return [f"not looked at: {str(error).splitlines()[0]}"]
    finally:
        page.close()


def wanted(names: list[str]) -> list[Shot]:
    """Return the pages of these names, all without any. Raises SystemExit for an unknown one."""
    known = {shot.name for shot in SHOTS}
    if unknown := set(names) - known:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    return [shot for shot in SHOTS if not names or shot.name in names]


class Taken:
    """What was taken into a directory and what was wrong with it, kept beside the pictures."""

    def __init__(self, out: Path, *, go_on: bool) -> None:
        """Begin anew, or with what a run before has left."""
        self._path = out / "taken.json"
        self.faults: dict[str, list[str]] = {}
        if go_on and self._path.is_file():
            self.faults = json.loads(self._path.read_text(encoding="utf-8"))

    def keep(self, name: str, faults: list[str]) -> None:
        """Remember a picture."""
        self.faults[name] = faults
        told = json.dumps(self.faults, ensure_ascii=False, indent=1)
        self._path.write_text(told, encoding="utf-8")


Kinds = list[tuple[str, Scheme, str]]
"""Sizes, schemes and languages, each with each."""


def photograph(desk: Desk, shots: list[Shot], kinds: Kinds, out: Path, taken: Taken) -> list[str]:
    """Take all pictures and return the faults, each with the picture's name."""
    names: list[str] = []
    for size, scheme, language in kinds:
        for role, group in itertools.groupby(sorted(shots, key=lambda s: s.role), lambda s: s.role):
            named = {f"{shot.name}-{size}-{scheme}-{language}": shot for shot in group}
            names += named
            waiting = {name: shot for name, shot in named.items() if name not in taken.faults}
            if not waiting:
                continue
            with desk.visit(role, SIZES[size], scheme, LOCALES[language]) as context:
                for name, shot in waiting.items():
                    taken.keep(name, take(desk, context, shot, out / f"{name}.png", language))
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
    options.out.mkdir(parents=True, exist_ok=True)
    with (
        temporary_directory() as path,
        ServerTree(path / "data", tickets=TICKETS) as server,
        chromium() as browser,
    ):
        taken = Taken(options.out, go_on=options.go_on)
        kinds = list(itertools.product(options.sizes, options.schemes, options.languages))
        faults = photograph(Desk(browser, server), shots, kinds, options.out, taken)
    print(f"{len(shots)} pages in {options.out}")
    print("\n".join(faults) or "nothing is wrong that a program can see")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
