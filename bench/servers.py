"""The servers that are measured, each in processes of its own on loopback."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from bench.processes import cpu_s, free_port, pss_bytes, running, wait_for_port
from bench.stage import CACHE, ROOT, Stage

READY_S: Final = 60
_PAIFANG: Final = (sys.executable, "-m", "paifang")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is up: its port, the root of its processes, how long it took to be ready."""

    port: int
    process: subprocess.Popen[bytes]
    ready_s: float = 0.0

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def cpu_s(self) -> float:
        """Return the processor seconds of its process tree so far."""
        return cpu_s(self.process.pid)

    def pss_bytes(self) -> int:
        """Return the memory of its process tree."""
        return pss_bytes(self.process.pid)


@contextmanager
def paifang(stage: Stage, *options: str) -> Iterator[Server]:
    """Run `paifang serve` over a stage until the end of the block, with its null endpoint."""
    port = free_port()
    command = [*_PAIFANG, "serve", "--bind", f"127.0.0.1:{port}", "--tls", "off", *options]
    started = time.monotonic()
    with running(command, {**stage.environment, "PAIFANG_BENCH": "1"}, _log("serve")) as process:
        _wait_until_ready(port, process)
        yield Server(port, process, time.monotonic() - started)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}; see {_log('serve')}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise RuntimeError(f"the server was not ready in {READY_S} s; see {_log('serve')}")


def signed_in(server: Server, stage: Stage) -> str:
    """Sign the demonstration's manager in; return the Cookie header of whoever goes on."""
    manager = next(one for one in stage.told["staff"] if one["role"] == "manager")
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    opener.open(server.url("/"), timeout=READY_S).close()
    token = next(cookie.value for cookie in jar if "csrf" in cookie.name)
    form = {
        "username": manager["username"],
        "password": manager["password"],
        "csrfmiddlewaretoken": token,
    }
    opener.open(server.url("/sign-in/"), urlencode(form).encode(), timeout=READY_S).close()
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


@contextmanager
def orm_site(stage: Stage, database: str) -> Iterator[Server]:
    """Run the plain Django site over the same tickets; `database` is a file or a URL."""
    (scans,) = stage.scans("/admit", 1)
    environment = {
        "ORM_SITE_DATABASE": database,
        "ORM_SITE_TOKEN": scans.token,
        "DJANGO_SETTINGS_MODULE": "bench.orm_site.settings",
    }
    _prepare(stage, environment, scans.gate)
    port = free_port()
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
        *("--port", str(port), "--workers", "1", "--blocking-threads", "8", "--backlog", "1024"),
        *("--no-ws", "--log-level", "warning", "bench.orm_site.wsgi:application"),
    ]
    with running(command, environment, _log("orm_site")) as process:
        wait_for_port(port, process)
        yield Server(port, process)


def _prepare(stage: Stage, environment: Mapping[str, str], gate: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "bench.orm_site.prepare", str(stage.codes), gate],
        env={**os.environ, **environment},
        cwd=ROOT,
        check=True,
    )


def _log(name: str) -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    return CACHE / f"{name}.log"
