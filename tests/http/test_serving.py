"""The whole server from outside: both engines, both ports, stop and kill."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from typing import Any

import httpx
import pytest

from paifang.core import limits
from tests.http.server import ServerFailedError, ServerTree, is_running, temporary_directory

pytestmark = pytest.mark.http


def admit(server: ServerTree, code: str, request_id: str) -> dict[str, Any]:
    told = server.demo()
    gate = next(t for t in told["terminals"] if t["role"] == "gate")
    answer = httpx.post(
        f"{server.url}/api/v1/admissions",
        headers={"Authorization": f"Bearer {gate['token']}"},
        json={"code": code, "gate": gate["gate"], "request_id": request_id},
    )
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def scan_head(server: ServerTree, length: int) -> bytes:
    token = next(t for t in server.demo()["terminals"] if t["gate"] == "north")["token"]
    return (
        "POST /api/v1/admissions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def test_a_ticket_is_admitted_once(server: ServerTree) -> None:
    code = server.demo()["tickets"][0]["code"]
    assert admit(server, code, "once-1")["decision"] == "admit"
    assert admit(server, code, "once-2")["reason"] == "already_used"
    assert admit(server, code, "once-1")["decision"] == "admit"


def test_pages_come_from_the_desk(server: ServerTree) -> None:
    page = httpx.get(server.url + "/", follow_redirects=True)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "content-security-policy" in page.headers


def test_the_desk_is_reached_through_the_live_process_only(server: ServerTree) -> None:
    assert len(server.pids) == 2
    sockets = list(server.data.glob("*.sock"))
    assert sockets
    assert all(path.stat().st_mode & 0o077 == 0 for path in sockets)


def test_an_answer_survives_kill_9(tree: ServerTree) -> None:
    tree.start()
    code = tree.demo()["tickets"][0]["code"]
    first = admit(tree, code, "before")
    tree.kill()
    tree.start()
    assert admit(tree, code, "before") == first
    assert admit(tree, code, "after")["reason"] == "already_used"


def test_a_desk_that_died_is_started_again(tree: ServerTree) -> None:
    tree.start()
    live, desk = tree.pids
    os.kill(desk, signal.SIGKILL)
    while is_running(desk):
        time.sleep(0.01)
    away = httpx.get(tree.url + "/", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert away.status_code == 503
    assert away.headers["retry-after"]
    code = tree.demo()["tickets"][0]["code"]
    assert admit(tree, code, "without-desk")["decision"] == "admit"
    while len(tree.pids) < 2:
        time.sleep(0.05)
    tree.wait_ready()
    assert tree.pids[0] == live
    assert httpx.get(tree.url + "/", follow_redirects=True).status_code == 200


def test_the_desk_ends_when_the_live_process_is_killed(tree: ServerTree) -> None:
    tree.start()
    live, desk = tree.pids
    os.kill(live, signal.SIGKILL)
    assert tree.process is not None
    tree.process.wait()
    deadline = time.monotonic() + 20
    while is_running(desk):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    tree.kill()
    # The stale sockets and the lock of the dead keep nobody out.
    tree.start()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_answers_what_is_in_flight_and_leaves_nothing(
    tree: ServerTree, number: signal.Signals
) -> None:
    tree.start()
    pids = tree.pids
    body = b'{"code": "%s", "gate": "north", "request_id": "in-flight"}' % (b"0" * 16)
    with socket.create_connection(("127.0.0.1", tree.port)) as slow:
        slow.sendall(scan_head(tree, len(body)) + body[:5])
        time.sleep(0.3)
        assert tree.process is not None
        tree.process.send_signal(number)
        time.sleep(0.3)
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", tree.port))
        slow.sendall(body[5:])
        assert slow.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert tree.process.wait(30) == 0
    assert not any(map(is_running, pids))
    assert not list(tree.data.glob("*.sock"))
    assert not list(tree.data.glob("*.socket"))


def test_a_second_signal_ends_it_at_once(tree: ServerTree) -> None:
    tree.start()
    pids = tree.pids
    with socket.create_connection(("127.0.0.1", tree.port)) as stuck:
        stuck.sendall(scan_head(tree, 9) + b"{")
        time.sleep(0.3)
        assert tree.process is not None
        tree.process.terminate()
        time.sleep(0.5)
        tree.process.terminate()
        assert tree.process.wait(5) != 0
    deadline = time.monotonic() + 20
    while any(map(is_running, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_open_streams_do_not_hold_up_a_stop(tree: ServerTree) -> None:
    tree.start()
    token = next(t for t in tree.demo()["terminals"] if t["role"] == "gate")["token"]
    with (
        httpx.Client(headers={"Authorization": f"Bearer {token}"}) as client,
        client.stream("GET", tree.url + "/api/v1/stream") as stream,
    ):
        parts = stream.iter_raw()
        assert next(parts)
        assert tree.process is not None
        tree.process.terminate()
        for _ in parts:
            pass
    assert tree.process.wait(30) == 0


def test_a_second_server_waits_and_says_who_is_there(tree: ServerTree) -> None:
    tree.start()
    second = ServerTree(tree.data)
    with pytest.raises(ServerFailedError, match=rf"exit code 1\n(?s:.*)\({tree.pids[0]}\)"):
        second.start(limits.WRITER_WAIT_S + 30)
    second.log_path.unlink()
    assert tree.is_ready()


def test_a_port_in_use_is_named() -> None:
    with temporary_directory() as path, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = ServerTree(path / "data", command="serve", options=("--bind", f"127.0.0.1:{port}"))
        with pytest.raises(ServerFailedError, match=f"exit code 1\n(?s:.*)127.0.0.1:{port}"):
            server.start()


def test_both_ports_are_served_and_the_venues_ca_is_all_a_client_trusts(
    sqlite_server: ServerTree,
) -> None:
    trusted = ssl.create_default_context(cafile=sqlite_server.data / "tls/ca.pem")
    url = f"https://127.0.0.1:{sqlite_server.https_port}/healthz"
    with urllib.request.urlopen(url, context=trusted) as answer:
        assert answer.status == 200
    with httpx.Client(verify=trusted) as client:
        page = client.get(url.replace("/healthz", "/"), follow_redirects=True)
    assert page.status_code == 200
    assert httpx.get(sqlite_server.url + "/healthz").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_what_is_kept_is_for_its_owner_only(sqlite_server: ServerTree) -> None:
    public = {"ca.pem", "leaf.pem", "tls"}
    open_to_others = {
        path.name
        for path in sqlite_server.data.rglob("*")
        if path.stat().st_mode & 0o077 and path.name not in public
    }
    assert open_to_others == set()


def test_uvicorn_serves_the_same_application() -> None:
    with temporary_directory() as path:
        environment = {"PAIFANG_SERVER": "uvicorn"}
        with ServerTree(path / "data", environment=environment, tls=True) as server:
            code = server.demo()["tickets"][0]["code"]
            assert admit(server, code, "by-uvicorn")["decision"] == "admit"
            page = httpx.get(server.url + "/", follow_redirects=True)
            assert page.status_code == 200
            trusted = ssl.create_default_context(cafile=server.data / "tls/ca.pem")
            with httpx.Client(verify=trusted) as client:
                url = f"https://127.0.0.1:{server.https_port}/"
                assert client.get(url, follow_redirects=True).status_code == 200


def test_a_command_commits_through_the_running_server(sqlite_server: ServerTree) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "paifang", "terminal", "add", "late-comer"),
            *("--gate", sqlite_server.demo()["gates"][0], "--json"),
            *("--data", str(sqlite_server.data)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    answer = httpx.post(
        f"{sqlite_server.url}/api/v1/admissions",
        headers={"Authorization": f"Bearer {told['token']}"},
        json={"code": "0" * 16, "gate": told["gates"][0], "request_id": "late-1"},
    )
    assert answer.status_code == 200
    assert answer.json()["decision"] == "refuse"


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_live_processes_share_one_database(server: ServerTree, database: str) -> None:
    second = ServerTree(server.data, database=database, command="serve", options=("--only", "live"))
    with second:
        code = server.demo()["tickets"][1]["code"]
        assert admit(second, code, "shared-1")["decision"] == "admit"
        assert admit(server, code, "shared-2")["reason"] == "already_used"
        assert admit(second, code, "shared-2")["reason"] == "already_used"


def test_a_demonstration_is_kept() -> None:
    with temporary_directory() as path:
        with ServerTree(path / "data", tickets=20) as server:
            before = server.demo()
        again = ServerTree(path / "data", tickets=99)
        with again:
            assert again.demo() == {**before, "base_url": again.url}


def test_live_and_desk_run_apart() -> None:
    with temporary_directory() as path:
        with ServerTree(path / "data") as whole:
            code = whole.demo()["tickets"][0]["code"]
        live = ServerTree(path / "data", command="serve", options=("--only", "live"))
        desk = ServerTree(path / "data", command="serve", options=("--only", "desk"))
        with live:
            assert len(live.pids) == 1
            assert httpx.get(live.url + "/").status_code == 503
            desk.launch()
            while httpx.get(live.url + "/", follow_redirects=True).status_code != 200:
                assert desk.process is not None
                assert desk.process.poll() is None, desk.log
                time.sleep(0.1)
            live.demo()
            assert admit(live, code, "apart")["decision"] == "admit"
            assert desk.stop() == 0
            assert httpx.get(live.url + "/").status_code == 503
        desk.log_path.unlink()
