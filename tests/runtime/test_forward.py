"""What the live process hands to the desk and back, with both servers in front."""

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from paifang.core import limits
from paifang.runtime import forward
from paifang.runtime.forward import desk_headers
from paifang.runtime.forward_problems import KINDS, ForwardProblem
from paifang.runtime.settings import ServerKind
from tests.http.server import temporary_directory
from tests.runtime.forward_pair import CHUNK, Front, SmallDesk, forward_pair

pytestmark = pytest.mark.http


@pytest.fixture(params=list(ServerKind))
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Front, SmallDesk]]:
    with temporary_directory() as path, forward_pair(request.param, path) as both:
        yield both


@pytest.fixture
def front(pair: tuple[Front, SmallDesk]) -> Front:
    return pair[0]


@pytest.fixture
def desk(pair: tuple[Front, SmallDesk]) -> SmallDesk:
    return pair[1]


def exchanged(front: Front, sent: bytes) -> bytes:
    """Send bytes as they are; return all that comes until the server hangs up or falls silent."""
    with socket.create_connection(("127.0.0.1", front.port)) as line:
        line.sendall(sent)
        line.settimeout(1.5)
        got = b""
        try:
            while part := line.recv(65536):
                got += part
        except TimeoutError:
            pass
        return got


def test_the_desk_sees_who_asks_and_how(front: Front, desk: SmallDesk) -> None:
    answer = httpx.get(front.url + "/a?b=c", headers={"Cookie": "x=1", "Accept-Language": "zh"})
    assert answer.text == "hello"
    (asked,) = desk.asked
    assert asked["QUERY_STRING"] == "b=c"
    assert asked["REMOTE_ADDR"] == asked["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"
    assert asked["wsgi.url_scheme"] == asked["HTTP_X_FORWARDED_PROTO"] == "http"
    host = f"127.0.0.1:{front.port}"
    assert asked["HTTP_HOST"] == asked["HTTP_X_FORWARDED_HOST"] == host
    assert asked["HTTP_COOKIE"] == "x=1"
    assert asked["HTTP_ACCEPT_LANGUAGE"] == "zh"


def test_nobody_outside_says_who_asks(front: Front, desk: SmallDesk) -> None:
    lies = {
        "X-Forwarded-For": "10.0.0.1",
        "x-forwarded-proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        "X-Forwarded-Prefix": "/evil",
        "X-Real-IP": "10.0.0.1",
        "Forwarded": "for=10.0.0.1",
        "X_Forwarded_For": "10.0.0.1",
    }
    httpx.get(front.url + "/", headers=lies)
    (asked,) = desk.asked
    assert asked["REMOTE_ADDR"] == "127.0.0.1"
    assert asked["wsgi.url_scheme"] == "http"
    told = {name for name in asked if "FORWARDED" in name or "REAL" in name}
    assert told == {"HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"}
    assert "10.0.0.1" not in str([asked[name] for name in told])


def test_headers_of_one_connection_are_not_passed_on(front: Front, desk: SmallDesk) -> None:
    sent = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, X-Secret\r\nX-Secret: 1\r\n"
    sent += b"Keep-Alive: 5\r\nTE: trailers\r\nUpgrade: h2c\r\nProxy-Authorization: x\r\n"
    assert b" 200 " in exchanged(front, sent + b"X-Open: 1\r\n\r\n").split(b"\r\n")[0]
    (asked,) = desk.asked
    assert asked["HTTP_X_OPEN"] == "1"
    gone = {"X_SECRET", "KEEP_ALIVE", "TE", "UPGRADE", "PROXY_AUTHORIZATION"}
    assert not {f"HTTP_{name}" for name in gone} & set(asked)


def test_an_answer_comes_back_as_it_is(front: Front) -> None:
    cookies = httpx.get(front.url + "/cookies")
    assert cookies.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert httpx.get(front.url + "/moved").headers["location"] == "/elsewhere"
    assert httpx.get(front.url + "/empty").status_code == 204
    with httpx.stream("GET", front.url + "/zipped") as zipped:
        assert b"".join(zipped.iter_raw()) == b"not gzip!"


def test_head_has_a_length_and_no_body(front: Front) -> None:
    got = exchanged(front, b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"content-length: 5" in head.lower()
    assert body == b""
    assert httpx.head(front.url + "/endless").status_code == 200


@pytest.mark.parametrize("path", ["/a%2Fb", "/a/../b", "//twice", "/%E7%89%8C", "/a;b=c", "/a%20b"])
def test_a_path_stays_as_it_was_written(front: Front, desk: SmallDesk, path: str) -> None:
    got = exchanged(
        front, b"GET %s?q=%%2F HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path.encode()
    )
    assert b"hello" in got
    assert desk.asked[0]["REQUEST_URI"] == path + "?q=%2F"


def test_a_large_upload_streams_through(front: Front) -> None:
    parts = 512
    digest = hashlib.sha256(CHUNK * parts).hexdigest()

    def body() -> Iterator[bytes]:
        for _ in range(parts):
            yield CHUNK

    size = len(CHUNK) * parts
    with_length = httpx.post(
        front.url + "/upload", content=body(), headers={"Content-Length": str(size)}, timeout=60
    )
    assert with_length.text == f"{size} {digest}"
    chunked = httpx.post(front.url + "/upload", content=body(), timeout=60)
    assert chunked.text == f"{size} {digest}"


def test_trailers_end_here(front: Front, desk: SmallDesk) -> None:
    sent = b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n"
    got = exchanged(front, sent + b"\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n")
    assert b"3 " + hashlib.sha256(b"abc").hexdigest().encode() in got
    assert not {"HTTP_X_T", "HTTP_TRAILER"} & set(desk.asked[0])


def test_a_client_that_waits_to_continue_is_told_to(front: Front, desk: SmallDesk) -> None:
    head = b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", front.port)) as line:
        line.sendall(head)
        line.settimeout(10)
        assert line.recv(65536).startswith(b"HTTP/1.1 100 ")
        line.sendall(b"abc")
        assert b"200 OK" in line.recv(65536)
    assert "HTTP_EXPECT" not in desk.asked[0]


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4",
        b"Content-Length: 4\r\nContent-Length: 5",
        b"Content-Length: 4, 5",
        b"Content-Length: +4",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding : chunked",
    ],
)
def test_no_second_request_is_smuggled(front: Front, desk: SmallDesk, framing: bytes) -> None:
    sent = b"POST /upload HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n"
    exchanged(front, sent + b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    assert "/smuggled" not in [asked["PATH_INFO"] for asked in desk.asked]


def test_a_request_without_one_host_is_refused(front: Front, desk: SmallDesk) -> None:
    for hosts in (b"", b"Host: a\r\nHost: b\r\n"):
        got = exchanged(front, b"GET / HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
        assert got.startswith(b"HTTP/1.1 400 ")
    assert desk.asked == []


def test_too_large_a_body_is_refused_before_it_is_sent(front: Front, desk: SmallDesk) -> None:
    size = limits.FORWARD_BODY_BYTES_MAX + 1
    got = exchanged(front, b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    assert got.startswith(b"HTTP/1.1 413 ")
    assert desk.asked == []


def test_too_large_a_chunked_body_is_cut_off(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FORWARD_BODY_BYTES_MAX", 100_000)

    def body() -> Iterator[bytes]:
        for _ in range(10):
            yield CHUNK

    assert httpx.post(front.url + "/upload", content=body()).status_code == 413


@pytest.mark.parametrize(("language", "word"), [("en", "Starting"), ("zh-CN", "html")])
def test_a_desk_that_is_away_is_told_of_in_a_page(
    front: Front, desk: SmallDesk, language: str, word: str
) -> None:
    desk.stop()
    headers = {"Accept": "text/html", "Accept-Language": language}
    page = httpx.get(front.url + "/", headers=headers)
    assert page.status_code == 503
    assert int(page.headers["retry-after"]) > 0
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert word in page.text


def test_a_program_is_told_by_a_document(front: Front, desk: SmallDesk) -> None:
    desk.stop()
    answer = httpx.get(front.url + "/api/v1/tickets", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "desk_away"
    assert answer.json()["status"] == answer.status_code == 503


def test_a_desk_that_comes_back_is_used_again(front: Front, desk: SmallDesk) -> None:
    assert httpx.get(front.url + "/").status_code == 200
    desk.stop()
    assert httpx.get(front.url + "/").status_code == 503
    desk.start()
    assert httpx.get(front.url + "/").status_code == 200


def test_half_an_answer_is_not_taken_for_a_whole(front: Front, desk: SmallDesk) -> None:
    with pytest.raises(httpx.RemoteProtocolError), httpx.Client() as client:
        client.get(front.url + "/broken")


def test_a_client_that_hangs_up_stops_the_answer(front: Front, desk: SmallDesk) -> None:
    with httpx.stream("GET", front.url + "/endless") as endless:
        assert next(endless.iter_raw())
    assert desk.closed.wait(10)


def test_a_slow_reader_slows_the_desk_down(front: Front, desk: SmallDesk) -> None:
    made = [0]
    original = desk._endless  # noqa: SLF001

    def counted() -> Iterator[bytes]:
        for part in original():
            made[0] += len(part)
            yield part

    desk._endless = counted  # type: ignore[method-assign]  # noqa: SLF001
    with httpx.stream("GET", front.url + "/endless"):
        before = -1
        while made[0] != before:
            before = made[0]
            time.sleep(0.7)
        assert made[0] < 64 * 1024 * 1024
    assert desk.closed.wait(10)


def test_a_client_gone_before_its_body_is_forgotten(front: Front, desk: SmallDesk) -> None:
    with socket.create_connection(("127.0.0.1", front.port)) as line:
        line.sendall(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
        time.sleep(0.3)
    assert httpx.get(front.url + "/").status_code == 200
    assert [asked["PATH_INFO"] for asked in desk.asked] == ["/"]


def test_a_desk_that_never_answers_is_given_up(
    front: Front, desk: SmallDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FORWARD_TIMEOUT_S", 0.3)
    assert httpx.get(front.url + "/wait").status_code == 504
    desk.let_go.set()


def test_connections_are_bounded_and_the_rest_turned_away(
    front: Front, desk: SmallDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FORWARD_CONNECTIONS_MAX", 2)
    monkeypatch.setattr(forward, "WAITING_MAX", 4)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(httpx.get, front.url + "/wait", timeout=30) for _ in range(8)]
        deadline = time.monotonic() + 20
        while sum(one.done() for one in asked) < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
        seen_at_once = len(desk.asked)
        desk.let_go.set()
        codes = sorted(one.result().status_code for one in asked)
    assert seen_at_once == 2
    assert codes == [200] * 4 + [503] * 4


def test_what_can_be_read_in_two_ways_is_refused() -> None:
    scope = {"method": "POST", "scheme": "http", "client": ("1.2.3.4", 5)}
    both = [(b"host", b"x"), (b"content-length", b"3"), (b"transfer-encoding", b"chunked")]
    with pytest.raises(ForwardProblem, match="bad_request"):
        desk_headers({**scope, "headers": both})
    with pytest.raises(ForwardProblem, match="bad_request"):
        desk_headers({**scope, "headers": [(b"host", b"x"), (b"content-length", b"3x")]})


def test_every_problem_has_words(front: Front, desk: SmallDesk) -> None:
    desk.stop()
    document = json.loads(httpx.get(front.url + "/").content)
    assert document["title"] == KINDS["desk_away"].title
    assert document["detail"] == KINDS["desk_away"].detail
