"""Real servers for tests and benches: the whole tree of processes, on a free port, black box.

Plain Python without pytest, so that benches and kill loops use it too:

    with temporary_directory() as data, ServerTree(data, tickets=500) as server:
        httpx.get(server.url + "/readyz")

`ServerTree.kill` is kill -9 of every process it started, all at once.
"""

import atexit
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

READY_S: Final = 180.0
STOP_S: Final = 40.0


class ServerFailedError(Exception):
    """The server did not get ready; the message holds what it said."""


def free_port() -> int:
    """Return a TCP port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@cache
def _migrated() -> Path:
    """Return a data directory that holds an empty store with all its tables, made once.

    Making the tables is half of what the first start of a demonstration costs.
    """
    folder = Path(tempfile.mkdtemp(prefix="paifang-store-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = folder / "made"
    command = [sys.executable, "-m", "paifang", "user", "list", "--data", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    data = folder / "data"
    data.mkdir(mode=0o700)
    for name in ("layout", "store.db"):
        shutil.copy(made / name, data / name)
    return data


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """Yield an empty directory with a path short enough for Unix sockets."""
    with tempfile.TemporaryDirectory(prefix="paifang-test-") as path:
        yield Path(path)


def descendants(pid: int) -> list[int]:
    """Return a process's children, their children and so on, youngest generation last."""
    children: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += [int(child) for child in (task / "children").read_text().split()]
    return [*children, *(one for child in children for one in descendants(child))]


def is_running(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class ServerTree:
    """One server, live and desk, as a person starts it.

    Args:
        data: Its data directory; kept over `kill` and `start`. That of a demonstration on SQLite
            begins with its tables made, unless the directory exists.
        database: `postgresql://…`, "" for SQLite.
        command: `demo` (with `tickets`) or `serve`.
        tickets: The demonstration's size.
        options: Further options, such as `("--only", "live")`.
        environment: Further variables, such as PAIFANG_SERVER.
        tls: Whether HTTPS is on; `https_port` then tells where.
        port: Where an earlier server stood that this one takes over from; 0 is a free one.
    """

    def __init__(
        self,
        data: Path,
        *,
        database: str = "",
        command: str = "demo",
        tickets: int = 50,
        options: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
        tls: bool = False,
        port: int = 0,
    ) -> None:
        """Name the server; nothing is started yet."""
        self.data = data
        self.port = port or free_port()
        self.https_port = free_port() if tls else 0
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PAIFANG_")},
            **(environment or {}),
        }
        self._begins_with_store = command == "demo" and not database
        self._command = [sys.executable, "-m", "paifang", command, "--data", str(data)]
        self._command += ["--bind", f"127.0.0.1:{self.port}"]
        if tls:
            self._command += ["--tls", "auto", "--tls-bind", f"127.0.0.1:{self.https_port}"]
        else:
            self._command += ["--tls", "off"]
        if database:
            self._command += ["--database", database]
        if command == "demo":
            self._command += ["--event-size", str(tickets)]
        self._command += options

    @property
    def log_path(self) -> Path:
        """Where everything the server says goes."""
        return self.data.parent / f"{self.data.name}-{self.port}.log"

    @property
    def log(self) -> str:
        """What it has said so far, over all starts."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def launch(self) -> Self:
        """Start it without waiting."""
        assert self.process is None, "it runs"
        if self._begins_with_store and not self.data.exists():
            shutil.copytree(_migrated(), self.data)
        self._log = self.log_path.open("ab")
        self.process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=self._environment,
            start_new_session=True,
        )
        return self

    def start(self, within_s: float = READY_S) -> Self:
        """Start it and wait until it is ready. Raises ServerFailedError."""
        self.launch()
        return self.wait_ready(within_s)

    def wait_ready(self, within_s: float = READY_S) -> Self:
        """Wait until /readyz says so. Raises ServerFailedError."""
        deadline = time.monotonic() + within_s
        while not self.is_ready():
            assert self.process is not None
            if self.process.poll() is not None or time.monotonic() > deadline:
                code = self.process.poll()
                self.kill()
                raise ServerFailedError(f"exit code {code}\n{self.log[-4000:]}")
            time.sleep(0.05)
        return self

    def is_ready(self) -> bool:
        """Whether /readyz says so now."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    @property
    def pids(self) -> list[int]:
        """The process ids of the whole tree, the live process first."""
        if self.process is None:
            return []
        return [self.process.pid, *descendants(self.process.pid)]

    def first_run_link(self, within_s: float = READY_S) -> str:
        """Wait until it says by which link it is set up, and return that; for an empty server."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            said = self.log
            found = re.search(r"http://\S+/first-run/\?code=\w+", said)
            if found and "the desk is ready" in said:
                return found[0]
            time.sleep(0.1)
        raise ServerFailedError(f"it offers no first run\n{self.log[-4000:]}")

    def demo(self) -> dict[str, Any]:
        """Return the content of demo.json."""
        told: dict[str, Any] = json.loads((self.data / "demo.json").read_text(encoding="utf-8"))
        return told

    def kill(self) -> None:
        """End every process of the tree with SIGKILL, as a power cut would end them."""
        pids = self.pids
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._reap()
        deadline = time.monotonic() + STOP_S
        while any(map(is_running, pids)) and time.monotonic() < deadline:
            time.sleep(0.01)

    def stop(self) -> int:
        """Stop it as a person would, and return its exit code; harmless if it does not run."""
        if self.process is None:
            return 0
        pids = self.pids
        self.process.terminate()
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._reap()
        left = [pid for pid in pids if is_running(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert not left, f"processes outlived the server: {left}"
        return code

    def _reap(self) -> None:
        if self.process is not None:
            self.process.wait()
            self.process = None
        if self._log is not None:
            self._log.close()
            self._log = None

    def __enter__(self) -> Self:
        """Start it and wait until it is ready."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it; after a failure without much ado."""
        if kind is None:
            self.stop()
        else:
            self.kill()
        self.log_path.unlink(missing_ok=True)
