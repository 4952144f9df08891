"""Photograph the terminal's gallery: every state with sample data, also those hard to come by.

    python tools/terminal_gallery.py [--out DIR] [--only NAME …] [--sizes phone tablet wall]

Builds the gallery (terminal/gallery.html), serves it under the policy of the real page and takes
each state light and night, in English and Chinese. Whatever the browser's console says is printed.
"""

import argparse
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[1]
BUILT: Final = ROOT / ".build" / "gallery"
POLICY: Final = "default-src 'self'; img-src 'self' data:; base-uri 'none'"
SIZES: Final = {
    "phone": (360, 740),
    "tablet": (820, 1180),
    "desk": (1280, 800),
    "wall": (1920, 1080),
}
LANGUAGES: Final = ("en", "zh-Hans")
THEMES: Final = ("day", "night")


class Quiet(SimpleHTTPRequestHandler):
    """Files of the gallery, under the policy the terminal is served with."""

    def end_headers(self) -> None:
        """Add the policy to every answer."""
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing of single requests."""


def build() -> None:
    """Build the gallery into .build/gallery."""
    node = [sys.executable, str(ROOT / "tools/node.py"), "-C", "terminal", "node"]
    vite = ["node_modules/vite/bin/vite.js", "build", "-c", "vite.gallery.config.ts"]
    subprocess.run([*node, *vite, "--logLevel", "error"], cwd=ROOT, check=True)


@contextmanager
def gallery() -> Iterator[str]:
    """Yield the address of the built gallery, served on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(BUILT)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/gallery.html"
    finally:
        server.shutdown()
        server.server_close()


def names_of(browser: Browser, address: str) -> list[str]:
    """Return the names of every state the gallery has."""
    page = browser.new_page()
    page.goto(address)
    names = page.eval_on_selector_all("[data-show]", "all => all.map(one => one.dataset.show)")
    page.close()
    return list(dict.fromkeys(names))


def main() -> None:
    """Build, serve and photograph."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / ".build" / "screenshots" / "gallery")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--sizes", nargs="*", default=["phone", "tablet", "wall"], choices=SIZES)
    parser.add_argument("--languages", nargs="*", default=LANGUAGES, choices=LANGUAGES)
    parser.add_argument("--themes", nargs="*", default=THEMES, choices=THEMES)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    build()
    with gallery() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        names = [
            name for name in names_of(browser, address) if not options.only or name in options.only
        ]
        for size in options.sizes:
            width, height = SIZES[size]
            page = browser.new_page(viewport={"width": width, "height": height})
            page.on("console", lambda said: print("console:", said.text))
            page.on("pageerror", lambda error: print("error:", error))
            for name in names:
                for language in options.languages:
                    for theme in options.themes:
                        page.goto(f"{address}?show={name}&lang={language}&theme={theme}")
                        page.wait_for_timeout(450)
                        page.screenshot(
                            path=options.out / f"{name}-{size}-{theme}-{language[:2]}.png"
                        )
            page.close()
        browser.close()
        print(len(names), "screens in", options.out)


if __name__ == "__main__":
    main()
