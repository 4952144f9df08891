"""The enrolment page: what phones are given to trust the venue, and what they are told."""

import hashlib
import plistlib
import re
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import Client

from paifang.runtime.tls import own_certificate
from paifang.services.desk.context import DeskContext, install
from paifang.services.desk.reach import Reach, Trust
from paifang.services.live.fingerprints import fingerprints

NODE = "0192f0c1-2b3a-7c4d-8e5f-0123456789ab"
NAME = "paifang-89ab.local"
HERE = (ip_address("192.168.4.2"), ip_address("fd00::2"))
DOTS = 6
ENROL = ("/enrol", "/enrol/ca.crt", "/enrol/ca.mobileconfig", "/enrol/qr/name.svg")


@pytest.fixture
def ca(sqlite_desk: DeskContext, tmp_path: Path) -> Iterator[x509.Certificate]:
    """A desk of a server with a certificate of its own; the CA's certificate."""
    files = own_certificate(tmp_path / "tls", NODE, HERE)
    assert files.ca is not None
    reach = Reach(
        trust=Trust.own,
        name=NAME,
        addresses=lambda: HERE,
        plain_addresses=lambda: HERE,
        ca=files.ca,
    )
    install(replace(sqlite_desk, reach=reach))
    yield x509.load_pem_x509_certificate(files.ca.read_bytes())
    install(sqlite_desk)


def reached(desk: DeskContext, **how: Any) -> Client:
    install(replace(desk, reach=Reach(**how)))
    return Client()


def read_qr(svg: str) -> str:
    """Read a QR code's picture as a camera would: its squares drawn, then decoded."""
    size = re.search(r'viewBox="0 0 (\d+) (\d+)"', svg)
    assert size
    width, height = int(size[1]) * DOTS, int(size[2]) * DOTS
    picture = bytearray(b"\xff" * width * height)
    for square in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+Z", svg):
        left, top, across, down = (int(part) * DOTS for part in square)
        for row in range(top, top + down):
            picture[row * width + left : row * width + left + across] = bytes(across)
    found = zxingcpp.read_barcodes(memoryview(bytes(picture)).cast("B", (height, width)))
    assert len(found) == 1
    text: str = found[0].text
    return text


@pytest.mark.parametrize("path", ENROL)
def test_a_stranger_without_cookies_gets_everything_and_no_cookie(
    ca: x509.Certificate, path: str
) -> None:
    client = Client()
    got = client.get(path)
    assert got.status_code == 200
    assert not got.cookies
    head = client.head(path)
    assert (head.status_code, head["Content-Type"]) == (200, got["Content-Type"])
    assert not head.cookies
    assert not head.content
    assert client.post(path).status_code == 405


def test_the_certificate_is_given_as_phones_take_it(ca: x509.Certificate) -> None:
    answer = Client().get("/enrol/ca.crt")
    assert answer["Content-Type"] == "application/x-x509-ca-cert"
    assert "attachment" in answer["Content-Disposition"]
    assert answer.content == ca.public_bytes(Encoding.DER)


def test_the_profile_carries_the_same_certificate_under_identifiers_that_stay(
    ca: x509.Certificate, tmp_path: Path
) -> None:
    answer = Client().get("/enrol/ca.mobileconfig")
    assert answer["Content-Type"] == "application/x-apple-aspen-config"
    told = plistlib.loads(answer.content)
    (inner,) = told["PayloadContent"]
    assert (told["PayloadType"], inner["PayloadType"]) == (
        "Configuration",
        "com.apple.security.root",
    )
    assert inner["PayloadContent"] == ca.public_bytes(Encoding.DER)
    chinese = plistlib.loads(Client().get("/enrol/ca.mobileconfig?language=zh-hans").content)
    assert chinese["PayloadDisplayName"] != told["PayloadDisplayName"]
    assert chinese["PayloadUUID"] == told["PayloadUUID"]
    assert len({told["PayloadUUID"], inner["PayloadUUID"]}) == 2


def test_another_venues_profile_does_not_replace_this_one(
    ca: x509.Certificate, sqlite_desk: DeskContext, tmp_path: Path
) -> None:
    mine = plistlib.loads(Client().get("/enrol/ca.mobileconfig").content)
    other = own_certificate(tmp_path / "other", NODE, HERE)
    client = reached(sqlite_desk, trust=Trust.own, name=NAME, ca=other.ca)
    theirs = plistlib.loads(client.get("/enrol/ca.mobileconfig").content)
    for name in ("PayloadUUID", "PayloadIdentifier"):
        assert theirs[name] != mine[name]


def test_the_page_shows_the_fingerprint_of_what_it_gives(ca: x509.Certificate) -> None:
    page = Client().get("/enrol").text
    shown = fingerprints(ca.public_bytes(Encoding.DER))
    assert shown.sha256 in page
    assert shown.sha1 in page
    digits = re.search(r"data-digits>(.*?)</p>", page, re.DOTALL)
    assert digits
    assert re.findall(r"\d{5}", digits[1]) == shown.digits.split()


def test_the_number_to_compare_is_made_of_the_sha_256() -> None:
    shown = fingerprints(b"abc")
    assert shown.sha256.replace(":", "").lower() == hashlib.sha256(b"abc").hexdigest()
    assert re.fullmatch(r"(\d{5} ){5}\d{5}", shown.digits)
    number = int(hashlib.sha256(b"abc").hexdigest(), 16) % 10**30
    assert int(shown.digits.replace(" ", "")) == number
    assert fingerprints(b"abd").digits != shown.digits


@pytest.mark.parametrize(
    ("which", "address"),
    [
        ("name", "https://paifang-89ab.local:8443/"),
        ("address", "https://192.168.4.2:8443/"),
        ("page", "http://192.168.4.2:8000/enrol"),
    ],
)
def test_the_pictures_say_what_stands_beside_them(
    ca: x509.Certificate, which: str, address: str
) -> None:
    answer = Client().get(f"/enrol/qr/{which}.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert read_qr(answer.text) == address
    assert address in Client().get("/enrol").text
    assert Client().get("/enrol/qr/elsewhere.svg").status_code == 404


def test_a_public_certificate_needs_no_enrolment(sqlite_desk: DeskContext) -> None:
    client = reached(
        sqlite_desk,
        trust=Trust.given,
        name="gate.example.org",
        https_port=443,
        addresses=lambda: HERE,
    )
    page = client.get("/enrol").text
    assert "Nothing to install" in page
    assert "https://gate.example.org/" in page
    assert "ca.crt" not in page
    assert client.get("/enrol/ca.crt").status_code == 404
    assert client.get("/enrol/ca.mobileconfig").status_code == 404


def test_a_certificate_for_many_names_is_told_as_such(sqlite_desk: DeskContext) -> None:
    page = reached(sqlite_desk, trust=Trust.given).get("/enrol").text
    assert "names no single host" in page


def test_without_https_the_page_says_what_is_missing(sqlite_desk: DeskContext) -> None:
    client = reached(sqlite_desk, addresses=lambda: HERE, plain_addresses=lambda: HERE)
    page = client.get("/enrol").text
    assert "HTTPS is switched off here" in page
    assert "https://" not in re.sub(r"<svg.*?</svg>", "", page)
    assert client.get("/enrol/qr/name.svg").status_code == 404
    assert read_qr(client.get("/enrol/qr/page.svg").text) == "http://192.168.4.2:8000/enrol"


def test_a_certificate_that_cannot_be_read_is_said_so(
    sqlite_desk: DeskContext, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")
    client = reached(sqlite_desk, trust=Trust.own, name=NAME, ca=tmp_path / "ca.pem")
    assert "cannot be read" in client.get("/enrol").text
    assert client.get("/enrol/ca.crt").status_code == 404


@pytest.mark.parametrize(
    ("agent", "steps"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "iPhone and iPad"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 8)", "Android"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "Mac"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "Linux with Chromium or Chrome"),
        ("curl/8", ""),
    ],
)
def test_the_steps_for_the_device_that_asks_are_open(
    ca: x509.Certificate, agent: str, steps: str
) -> None:
    page = Client(headers={"User-Agent": agent}).get("/enrol").text
    opened = re.findall(r'<details name="device"\s+open>\s*<summary>(.*?)</summary>', page)
    assert opened == ([steps] if steps else [])


def test_the_language_is_chosen_without_a_cookie(ca: x509.Certificate) -> None:
    client = Client(headers={"Accept-Language": "en"})
    chosen = client.get("/enrol?language=zh-hans")
    assert '<html lang="zh-hans">' in chosen.text
    assert not chosen.cookies
    assert '<html lang="en">' in client.get("/enrol?language=nonsense").text
    assert '<html lang="en">' in client.get("/enrol").text
