"""The HTTP servers under the live process: one application on several ports, in one event loop.

granian is the one in use; uvicorn serves the same callable and is kept working by a test
(docs/decisions/0005-servers-and-forwarding.md has the measurements). HTTP/1 only, no web sockets,
no access log: gates speak JSON over keep-alive, and a line per scan would cost more than the scan.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server as Granian

from paifang.runtime.settings import Address, ServerKind
from paifang.runtime.words import _
from paifang.web.live.ports import ASGIApp

BACKLOG: Final = 1024
CONNECTIONS_MAX: Final = 4096
HEADER_READ_MS: Final = 15_000
READ_BUFFER_BYTES: Final = 64 * 1024
"""Bounds a request's head too; the default of 400 KiB lets a stranger fill the memory sooner."""


class BindError(Exception):
    """A port cannot be opened; the message says which one and why, in the person's language."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One port, and the certificate chain and key files if it is HTTPS."""

    address: Address
    certificate: Path | None = None
    key: Path | None = None

    @property
    def url(self) -> str:
        """The address as a URL."""
        return f"{'https' if self.certificate else 'http'}://{self.address}"


class RunningServer(Protocol):
    """One port being served."""

    async def serve(self) -> None:
        """Serve until `stop`, then answer what is in flight."""

    def stop(self) -> None:
        """Stop accepting; idle connections are closed, requests in flight are answered."""


def check_free(listeners: Sequence[Listener]) -> None:
    """Make sure every port can be opened, for words instead of a traceback. Raises BindError."""
    for listener in listeners:
        family = socket.AF_INET6 if ":" in listener.address.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As the servers do: a port whose last connections still linger is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(tuple(listener.address))
                probe.listen(1)
            except OSError as error:
                raise BindError(
                    _("{address} cannot be opened: {error}").format(
                        address=listener.address, error=error.strerror or error
                    )
                ) from None


def make_server(kind: ServerKind, app: ASGIApp, listener: Listener) -> RunningServer:
    """Return a server of one port for the application."""
    if kind is ServerKind.uvicorn:
        return _UvicornServer(app, listener)
    return _GranianServer(app, listener)


class _GranianServer:
    """granian's embedded server. It drains by itself; a stop is waited for in `serve`."""

    def __init__(self, app: ASGIApp, listener: Listener) -> None:
        self._server: Any = Granian(
            app,
            address=listener.address.host,
            port=listener.address.port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backlog=BACKLOG,
            backpressure=CONNECTIONS_MAX,
            http1_settings=HTTP1Settings(
                header_read_timeout=HEADER_READ_MS, max_buffer_size=READ_BUFFER_BYTES
            ),
            log_enabled=False,
            ssl_cert=listener.certificate,
            ssl_key=listener.key,
        )

    async def serve(self) -> None:
        await self._server.serve()

    def stop(self) -> None:
        self._server.stop()


class _UvicornServer:
    """uvicorn, with the signals left to the live process."""

    def __init__(self, app: ASGIApp, listener: Listener) -> None:
        # Loaded by name: it is not among the program's own dependencies.
        uvicorn: Any = import_module("uvicorn")
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=listener.address.host,
                port=listener.address.port,
                backlog=BACKLOG,
                # Its other parser hands a body's trailers on as if they were headers.
                http="h11",
                h11_max_incomplete_event_size=READ_BUFFER_BYTES,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=75,
                ssl_certfile=listener.certificate,
                ssl_keyfile=listener.key,
            )
        )
        self._server.capture_signals = _no_signals

    async def serve(self) -> None:
        await self._server.serve()

    def stop(self) -> None:
        self._server.should_exit = True


@contextlib.contextmanager
def _no_signals() -> Iterator[None]:
    yield


async def stop_all(
    servers: Sequence[RunningServer], tasks: Sequence["asyncio.Task[None]"], within_s: float
) -> bool:
    """Stop all servers; False if some request was still not answered when the time was over."""
    for server in servers:
        server.stop()
    _done, pending = await asyncio.wait(tasks, timeout=within_s)
    for task in pending:
        task.cancel()
    return not pending
