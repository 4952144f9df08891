"""The same callable behind granian's embedded server and uvicorn: plain ASGI, nothing else."""

import socket
from contextlib import suppress

import httpx
import pytest

from tests.web.live.serving import SERVERS, served
from tests.web.live.venue import TOKEN_OF, Venue, scan_of

pytestmark = pytest.mark.http
CODE = "7K3M9QX2TB4HVN8C"
AUTH = {"authorization": f"Bearer {TOKEN_OF['north-1']}"}


@pytest.mark.parametrize("server", SERVERS)
def test_a_scan_and_its_refusals_come_through_either_server(venue: Venue, server: str) -> None:
    venue.issue(CODE)
    with served(venue, server) as base, httpx.Client(base_url=base, headers=AUTH) as client:
        path = "/api/v1/admissions"
        assert client.post(path, json=scan_of(CODE, "r1")).json()["reason"] == "ok"
        assert client.post(path, json=scan_of(CODE, "r2")).json()["first"]["gate_zh"] == "北门"
        assert client.post(path, content=b"\xff").status_code == 415
        assert client.post(path, json={"code": "x" * 100_000}).status_code == 413
        assert client.get(path).headers["allow"] == "POST"
        assert client.head("/healthz").status_code == 200
        assert client.get("/nothing").headers["x-served-by"] == "desk"
        pieces = iter([b'{"code": "7K3M', b'9QX2TB4HVN8C", "gate": "north", "request_id": "r3"}'])
        sent = client.post(path, content=pieces, headers={"content-type": "application/json"})
        assert sent.json()["reason"] == "already_used"


def pour(line: socket.socket) -> None:
    """Send chunk after chunk, 64 MB in all."""
    for _ in range(2_000):
        line.sendall(b"8000\r\n" + b" " * 0x8000 + b"\r\n")


@pytest.mark.parametrize("server", SERVERS)
def test_an_endless_body_is_cut_off(venue: Venue, server: str) -> None:
    with served(venue, server) as base:
        host, _, port = base.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=20) as line:
            line.sendall(
                b"POST /api/v1/admissions HTTP/1.1\r\nhost: x\r\n"
                b"content-type: application/json\r\ntransfer-encoding: chunked\r\n"
                b"authorization: " + AUTH["authorization"].encode() + b"\r\n\r\n"
            )
            with pytest.raises(ConnectionError):  # the other side closes the line
                pour(line)
            with suppress(ConnectionResetError):
                assert line.recv(1024).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("server", SERVERS)
def test_a_stream_comes_through_either_server_as_it_happens(venue: Venue, server: str) -> None:
    venue.issue(CODE)
    with (
        served(venue, server) as base,
        httpx.Client(base_url=base, headers=AUTH) as client,
        client.stream("GET", "/api/v1/stream") as stream,
    ):
        lines = stream.iter_lines()
        assert next(lines).startswith("id: ")
        assert next(lines) == "event: hello"
        client.post("/api/v1/admissions", json=scan_of(CODE, "r1"))
        assert any('"request_id":"r1"' in line for line in lines)


@pytest.mark.parametrize("server", SERVERS)
def test_an_open_stream_does_not_hold_up_the_stop(venue: Venue, server: str) -> None:
    with (
        served(venue, server) as base,
        httpx.Client(base_url=base, headers=AUTH) as client,
        client.stream("GET", "/api/v1/stream") as stream,
    ):
        lines = stream.iter_lines()
        assert next(lines)
        venue.runner.get_loop().call_soon_threadsafe(venue.app.close)
        assert "event: hello" in list(lines)
