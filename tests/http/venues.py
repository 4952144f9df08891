"""A centre and a venue host as real processes, and a line between them that can be cut."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx

from tests.http.evidence import paifang, told_by
from tests.http.server import ServerTree, free_port, temporary_directory

SITE: Final = "expo-centre"
PERIOD: Final = "tea-expo"
WAIT_S: Final = 60.0


def wait_for(found: Callable[[], Any], within_s: float = WAIT_S) -> Any:
    """Return what `found` returns once that is true; fails if it never is."""
    until = time.monotonic() + within_s
    while not (value := found()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.2)
    return value


class CutLine:
    """A line to a port that can be cut, and that breaks within an answer if told to."""

    def __init__(self, port: int) -> None:
        """Listen on a port of its own, and pass on to another."""
        self._to = port
        self.cut = False
        self.budgets: list[int] = []
        """How many bytes the next answers to requests with `/snapshot` may have before it breaks;
        the first of them is for the next one."""
        self.asked_ranges: list[str] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self.cut:
            client.close()
            return
        try:
            with client, socket.create_connection(("127.0.0.1", self._to)) as server:
                self._open |= {client, server}
                budget: list[int] = []
                back = threading.Thread(
                    target=self._back, args=(server, client, budget), daemon=True
                )
                back.start()
                while data := client.recv(65536):
                    if b"/snapshot" in data:
                        head = data.decode("latin-1").lower()
                        self.asked_ranges.append(head.partition("range: ")[2].split("\r\n")[0])
                        budget[:] = [self.budgets.pop(0)] if self.budgets else []
                    server.sendall(data)
        except OSError:
            return

    def _back(self, server: socket.socket, client: socket.socket, budget: list[int]) -> None:
        with suppress(OSError):
            while data := server.recv(4096):
                if budget:
                    data = data[: budget[0]]
                    budget[0] -= len(data)
                client.sendall(data)
                if budget and budget[0] <= 0:
                    break
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def break_now(self) -> None:
        """Cut it, connections that are open too."""
        self.cut = True
        for end in list(self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        """Stop listening."""
        self.break_now()
        self._server.close()


class Venues:
    """A centre that sells, and a venue host that joined it over a line that can be cut."""

    def __init__(self, folder: Path, database: str = "", tickets: int = 60) -> None:
        """Name both; nothing is started yet."""
        self.database = database
        self.centre = ServerTree(folder / "centre", tickets=tickets, database=database)
        self.host = ServerTree(folder / "host", command="serve", options=("--role", "venue"))
        self.line = CutLine(self.centre.port)
        self.host_token = ""
        self.codes: list[str] = []

    # Commands on either side.

    def at_centre(self, *words: str) -> dict[str, Any]:
        """Run a command that reports, at the centre."""
        return told_by(
            paifang(*words, "--json", "--data", self.centre.data, database=self.database)
        )

    def at_host(self, *words: str) -> dict[str, Any]:
        """Run a command that reports, at the host."""
        return told_by(paifang(*words, "--json", "--data", self.host.data))

    def line_state(self) -> dict[str, Any]:
        """Return how the host finds its line, without a command."""
        state: dict[str, Any] = json.loads((self.host.data / "line.json").read_bytes())
        return state

    # The way to a lease.

    def start(self) -> None:
        """Start both, each by itself."""
        self.centre.start()
        self.codes = [ticket["code"] for ticket in self.centre.demo()["tickets"]]
        made = paifang("init", "--username", "boss", "--data", self.host.data)
        assert made.returncode == 0, made.stderr
        # Ready it is only with the centre's rules; until then it answers, and lets nobody in.
        self.host.launch()
        wait_for(lambda: answers(self.host.url))

    def join(self, url: str = "") -> dict[str, Any]:
        """Let the host join over the line."""
        code = self.at_centre("node", "code", "hall-3")["code"]
        return self.at_host("join", url or self.line.url, code)

    def lease(self) -> str:
        """Give the host the fair; return the lease's id."""
        told = self.at_centre("lease", "grant", "hall-3", SITE, PERIOD)
        lease: str = told["lease"]
        return lease

    def wait_open(self) -> None:
        """Wait until the host decides."""
        wait_for(self.host.is_ready)
        wait_for(
            lambda: [one["state"] for one in self.at_host("lease", "status")["leases"]] == ["ready"]
        )

    def admit(self, server: ServerTree, code: str, request_id: str) -> dict[str, Any]:
        """Show a code at the north gate of either side."""
        if server is self.host and not self.host_token:
            made = self.at_host("terminal", "add", "door-1", "--gate", "north")
            self.host_token = made["token"]
        token = self.host_token
        if server is self.centre:
            terminals = self.centre.demo()["terminals"]
            token = next(t for t in terminals if t["name"] == "north-1")["token"]
        body = {"code": code, "gate": "north", "request_id": request_id}
        answered = httpx.post(
            f"{server.url}/api/v1/admissions",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        assert answered.status_code == 200, answered.text
        told: dict[str, Any] = answered.json()
        return told

    def wait_told(self) -> None:
        """Wait until the centre has confirmed everything the host wrote."""
        wait_for(lambda: self.line_state()["up"] and self.line_state()["backlog"] == 0)

    def close(self) -> None:
        """End everything."""
        self.line.close()
        self.host.kill()
        self.centre.kill()


def answers(url: str) -> bool:
    """Whether a server answers at all."""
    with suppress(httpx.HTTPError):
        return httpx.get(f"{url}/healthz", timeout=5).status_code == 200
    return False


@contextmanager
def venues(database: str = "", tickets: int = 60) -> Iterator[Venues]:
    """Yield a centre and a host that are not started yet."""
    with temporary_directory() as path, closing(Venues(path, database, tickets)) as made:
        yield made


__all__ = ["PERIOD", "SITE", "CutLine", "Venues", "answers", "free_port", "venues", "wait_for"]
