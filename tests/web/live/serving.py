"""The venue's application behind a real HTTP server, whichever, in a thread of its own."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from granian.constants import Interfaces
from granian.server.embed import Server as Granian

from tests.web.live.venue import Venue

SERVERS = ("granian", "uvicorn")
PATIENCE_S = 30


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _serve_granian(venue: Venue, port: int, stop: asyncio.Event) -> None:
    server = Granian(
        venue.app, port=port, interface=Interfaces.ASGI, log_enabled=False, websockets=False
    )
    serving = asyncio.ensure_future(server.serve())
    await stop.wait()
    server.stop()  # type: ignore[no-untyped-call]
    await serving


async def _serve_uvicorn(venue: Venue, port: int, stop: asyncio.Event) -> None:
    server = uvicorn.Server(
        uvicorn.Config(venue.app, port=port, log_config=None, access_log=False, ws="none")
    )
    serving = asyncio.ensure_future(server._serve())  # noqa: SLF001 - without signal handlers
    await stop.wait()
    server.should_exit = True
    await serving


@contextmanager
def served(venue: Venue, server: str = "granian") -> Iterator[str]:
    """Serve the venue until the block ends; yields the base URL."""
    port, stop = _free_port(), asyncio.Event()
    serve = _serve_granian if server == "granian" else _serve_uvicorn
    thread = threading.Thread(target=lambda: venue.run(serve(venue, port, stop)))
    thread.start()
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        loop = venue.runner.get_loop()
        loop.call_soon_threadsafe(venue.app.close)
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return
