"""A front that forwards and a small desk behind it, both on real sockets, in threads."""

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from waitress import create_server, wasyncore  # type: ignore[import-untyped]

from paifang.core import limits
from paifang.runtime.desk import behind_live
from paifang.runtime.forward import Forwarder
from paifang.runtime.servers import Listener, make_server, stop_all
from paifang.runtime.settings import Address, ServerKind
from tests.http.server import free_port

Environ = dict[str, Any]
CHUNK = b"0123456789abcdef" * 4096


class SmallDesk:
    """A WSGI application that tells what it was asked, under the server the desk runs on."""

    def __init__(self, path: Path) -> None:
        """Take where to bind; nothing is served yet."""
        self.path = path
        self.asked: list[Environ] = []
        self.let_go = threading.Event()
        self.closed = threading.Event()
        self._channels: dict[int, Any] = {}

    def start(self) -> None:
        """Serve."""
        self._ended = False
        self.let_go.clear()
        self._server = create_server(
            behind_live(self.answer),
            map=self._channels,
            unix_socket=str(self.path),
            threads=16,
            outbuf_high_watermark=1024 * 1024,
            max_request_body_size=limits.FORWARD_BODY_BYTES_MAX,
            clear_untrusted_proxy_headers=False,
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended:
            wasyncore.loop(timeout=0.1, use_poll=True, map=self._channels, count=1)
        wasyncore.close_all(self._channels)

    def stop(self) -> None:
        """End at once, cutting every connection; harmless if it is not running."""
        self.let_go.set()
        self._ended = True
        self._thread.join(10)
        self._server.task_dispatcher.shutdown(timeout=1)
        self.path.unlink(missing_ok=True)

    def answer(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer by path."""
        self.asked.append(environ)
        path: str = environ["PATH_INFO"]
        if path == "/upload":
            digest, size = hashlib.sha256(), 0
            while part := environ["wsgi.input"].read(65536):
                digest.update(part)
                size += len(part)
            return self._plain(start, f"{size} {digest.hexdigest()}".encode())
        if path == "/endless":
            start("200 OK", [("Content-Type", "application/octet-stream")])
            return self._endless()
        if path == "/broken":
            start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "1000")])
            return self._broken()
        if path == "/wait":
            self.let_go.wait(30)
        if path == "/moved":
            start("302 Found", [("Location", "/elsewhere"), ("Content-Length", "0")])
            return []
        if path == "/empty":
            start("204 No Content", [])
            return []
        if path == "/cookies":
            start("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
            return [b"two"]
        if path == "/zipped":
            start("200 OK", [("Content-Encoding", "gzip"), ("Content-Length", "9")])
            return [b"not gzip!"]
        return self._plain(start, b"hello")

    def _plain(self, start: Callable[..., Any], body: bytes) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    def _endless(self) -> Iterator[bytes]:
        try:
            while not self.let_go.is_set():
                yield CHUNK
        finally:
            self.closed.set()

    def _broken(self) -> Iterator[bytes]:
        yield b"half"
        time.sleep(0.2)
        raise RuntimeError("the view broke off")


class Front:
    """The forwarder under one of the servers, on a free port."""

    def __init__(self, kind: ServerKind, desk: Path) -> None:
        """Start it."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._do(self._start(kind, desk))

    def _do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _start(self, kind: ServerKind, desk: Path) -> None:
        self.forwarder = Forwarder(lambda: desk)
        listener = Listener(Address("127.0.0.1", self.port))
        self._server = make_server(kind, self.forwarder, listener)
        self._task = asyncio.create_task(self._server.serve())
        for _ in range(200):
            with suppress(OSError):
                _reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.02)
        raise TimeoutError

    def stop(self) -> None:
        """Stop it."""
        self._do(stop_all([self._server], [self._task], 3))
        self._do(self.forwarder.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def forward_pair(kind: ServerKind, directory: Path) -> Iterator[tuple[Front, SmallDesk]]:
    """Yield a front and the desk behind it."""
    desk = SmallDesk(directory / "desk.sock")
    desk.start()
    front = Front(kind, desk.path)
    try:
        yield front, desk
    finally:
        desk.let_go.set()
        front.stop()
        desk.stop()
