"""The terminal's page, worker and manifest, and how its files are kept by browsers."""

import json
import re
import struct
from collections.abc import Mapping

import pytest
from django.test import Client

from paifang.services.desk.context import DeskContext

pytestmark = pytest.mark.usefixtures("sqlite_desk")


def test_the_page_is_for_anybody_and_is_asked_for_again_each_time(sqlite_desk: DeskContext) -> None:
    answer = Client().get("/terminal/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"
    assert "'wasm-unsafe-eval'" in answer["Content-Security-Policy"]
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    # Nothing inline, which the policy would not run.
    assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text)
    assert 'rel="manifest" href="/terminal/manifest.webmanifest"' in answer.text


def test_the_worker_keeps_every_file_the_page_loads() -> None:
    worker = Client().get("/terminal/sw.js")
    assert worker["Content-Type"] == "text/javascript; charset=utf-8"
    assert worker["Cache-Control"] == "no-cache"
    loaded = re.findall(r'(?:src|href)="(/static/terminal/[^"]+)"', Client().get("/terminal/").text)
    assert len(loaded) >= 3
    assert all(json.dumps(path) in worker.text for path in loaded)
    assert re.search(r"/static/terminal/assets/zxing_reader-[\w-]+\.wasm", worker.text)


def headers_of(path: str) -> Mapping[str, str]:
    """The headers of a file, which is read to its end and closed."""
    answer = Client().get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert b"".join(answer)
    answer.close()
    return dict(answer.items())


def kept_files() -> list[str]:
    return sorted(
        set(re.findall(r"/static/terminal/assets/[\w.-]+", Client().get("/terminal/sw.js").text))
    )


@pytest.mark.parametrize(
    ("suffix", "content_type"),
    [("wasm", "application/wasm"), ("js", "text/javascript"), ("css", "text/css")],
)
def test_files_named_by_their_content_are_kept_for_ever_and_sent_packed(
    suffix: str, content_type: str
) -> None:
    path = next(path for path in kept_files() if path.endswith(suffix))
    answer = headers_of(path)
    assert answer["Content-Type"].split(";")[0] == content_type
    assert "immutable" in answer["Cache-Control"]
    assert answer["Content-Encoding"] == "gzip"


def test_the_first_load_stays_small() -> None:
    sizes = {path: int(headers_of(path)["Content-Length"]) for path in kept_files()}
    assert sum(sizes.values()) < 600_000, sizes


@pytest.mark.parametrize(("language", "name"), [("en", "Terminal"), ("zh-hans", "终端")])
def test_the_home_screen_gets_a_name_in_the_visitors_language(language: str, name: str) -> None:
    answer = Client(headers={"Accept-Language": language}).get("/terminal/manifest.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    assert answer.json()["short_name"] == name
    assert answer.json()["start_url"] == answer.json()["scope"] == "/terminal/"


def test_every_icon_of_a_home_screen_is_there_and_of_the_size_it_says() -> None:
    icons = Client().get("/terminal/manifest.webmanifest").json()["icons"]
    assert {icon.get("purpose", "any") for icon in icons} == {"any", "maskable"}
    touch = re.search(r'rel="apple-touch-icon" href="([^"]+)"', Client().get("/terminal/").text)
    assert touch
    pictures = {icon["src"]: icon["sizes"] for icon in icons if icon["type"] == "image/png"}
    for path, sizes in {**pictures, touch[1]: "180x180"}.items():
        answer = Client().get(path)
        head = b"".join(answer)[:24]
        answer.close()
        width, height = struct.unpack(">II", head[16:24])
        assert (head[:8], f"{width}x{height}") == (b"\x89PNG\r\n\x1a\n", sizes), path


def test_nothing_is_written_at_these_addresses() -> None:
    for path in ("/terminal/", "/terminal/sw.js", "/terminal/manifest.webmanifest"):
        assert Client().post(path).status_code == 405
