"""Forwards what is not the live process's own to the desk, over its Unix socket.

Both directions stream, nothing is kept: a slow client slows the desk's answer down, a slow desk the
client's upload. Connections, bodies and times are bounded. The desk believes X-Forwarded-* because
only this module writes them; what a client sent under these names is dropped (RFC 9110 section 7.6,
RFC 9112 section 6.1 for framing).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import aiohttp
from yarl import URL

from paifang.core import limits
from paifang.runtime.forward_problems import ForwardProblem, problem_response
from paifang.web.live.ports import Message, Receive, Scope, Send

log = logging.getLogger(__name__)

Headers = list[tuple[bytes, bytes]]
DeskHeaders = list[tuple[str, str]]

CONNECT_S: Final = 2
WAIT_S: Final = 20
"""How long a request waits for a free connection to the desk."""
WAITING_MAX: Final = 256
"""How many requests may wait for a free connection before more are turned away."""

# Of one connection only, never passed on (RFC 9110 section 7.6.1), and Expect, which was answered.
HOP_BY_HOP: Final = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization"),
        *(b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect"),
    }
)
# Written by us; from outside they would be believed.
OURS: Final = frozenset(
    {
        *(b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"),
        *(b"x-forwarded-port", b"x-forwarded-prefix", b"x-forwarded-server", b"x-real-ip"),
    }
)
# The server in front writes its own.
FROM_SERVER: Final = frozenset({b"server", b"date"})
METHODS_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class ClientGoneError(Exception):
    """The client hung up before its request was complete."""


class Forwarder:
    """An ASGI application that hands every request to the desk."""

    def __init__(self, find_socket: Callable[[], Path | None]) -> None:
        """Take how to find the desk's socket; a desk that was started again may have another."""
        self._find_socket = find_socket
        self._session: aiohttp.ClientSession | None = None
        self._path: Path | None = None
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with what the desk answers, or with a problem in the visitor's language."""
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            headers = desk_headers(scope)
            await self._forward(scope, headers, receive, watched_send)
        except ClientGoneError:
            return
        except ForwardProblem as problem:
            if started:
                # Half an answer is out: cut the connection, so that nobody takes it for a whole.
                raise ConnectionAbortedError(problem.code) from problem
            await problem_response(problem, scope, send)

    async def _forward(
        self, scope: Scope, headers: DeskHeaders, receive: Receive, send: Send
    ) -> None:
        """Run the exchange and the watch for a client that hangs up beside each other."""
        upload = Upload(receive, has_body=_has_body(scope))
        exchange = asyncio.ensure_future(self._exchange(scope, headers, upload, send))
        watch = asyncio.ensure_future(upload.until_gone())
        try:
            await asyncio.wait({exchange, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not exchange.done():
                exchange.cancel()
                with suppress(asyncio.CancelledError, ForwardProblem, ClientGoneError):
                    await exchange
                raise ClientGoneError
            await exchange
        finally:
            exchange.cancel()
            watch.cancel()

    async def _exchange(
        self, scope: Scope, headers: DeskHeaders, upload: "Upload", send: Send
    ) -> None:
        session = self._connected()
        if self._waiting >= WAITING_MAX:
            raise ForwardProblem("desk_busy")
        self._waiting += 1
        waiting = True
        try:
            request = session.request(
                scope["method"],
                _desk_url(scope),
                headers=headers,
                data=upload.chunks() if upload.has_body else None,
                allow_redirects=False,
            )
            async with request as response:
                self._waiting -= 1
                waiting = False
                await _send_on(response, scope["method"], send)
        except aiohttp.ClientConnectorError as error:
            raise ForwardProblem("desk_away") from error
        except aiohttp.ConnectionTimeoutError as error:
            raise ForwardProblem("desk_busy") from error
        except TimeoutError as error:
            raise ForwardProblem("desk_slow") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            if upload.problem is not None:
                raise upload.problem from error
            log.warning("the desk broke off: %s", type(error).__name__)
            raise ForwardProblem("desk_away") from error
        finally:
            if waiting:
                self._waiting -= 1

    def _connected(self) -> aiohttp.ClientSession:
        """Return the session with the desk's present socket. Raises ForwardProblem without one."""
        if self._session is None or self._session.closed:
            self._path = self._find_socket()
            if self._path is None:
                raise ForwardProblem("desk_away")
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(
                    str(self._path),
                    limit=limits.FORWARD_CONNECTIONS_MAX,
                    # Shorter than the desk's own patience, so that a request never meets its end.
                    keepalive_timeout=20,
                ),
                timeout=aiohttp.ClientTimeout(
                    connect=WAIT_S, sock_connect=CONNECT_S, sock_read=limits.FORWARD_TIMEOUT_S
                ),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                read_bufsize=64 * 1024,
            )
        return self._session

    async def desk_moved(self) -> None:
        """Drop all connections; the next request looks for the desk's socket anew."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def desk_answers(self) -> bool:
        """Whether the desk answers now."""
        try:
            session = self._connected()
            timeout = aiohttp.ClientTimeout(total=CONNECT_S)
            async with session.get(URL("http://desk/healthz"), timeout=timeout) as response:
                return response.status == 200
        except (ForwardProblem, aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def close(self) -> None:
        """Drop all connections."""
        await self.desk_moved()


class Upload:
    """A request's body on its way to the desk, and the watch for a client that hangs up."""

    def __init__(self, receive: Receive, *, has_body: bool) -> None:
        """Take ASGI's receive; without a body nothing is read but the end."""
        self._receive = receive
        self.has_body = has_body
        self.problem: ForwardProblem | ClientGoneError | None = None
        self._read_up = asyncio.Event()
        if not has_body:
            self._read_up.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes in. Raises ForwardProblem or ClientGoneError."""
        size = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.problem = ClientGoneError()
                raise self.problem
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > limits.FORWARD_BODY_BYTES_MAX:
                self.problem = ForwardProblem("too_large")
                raise self.problem
            if part:
                yield part
            more = message.get("more_body", False)
        self._read_up.set()

    async def until_gone(self) -> None:
        """Return once the client has hung up; looked for only when its body has been read."""
        await self._read_up.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass


def desk_headers(scope: Scope) -> DeskHeaders:
    """Return the headers for the desk: the end-to-end ones, and who asks for what, from us.

    Raises:
        ForwardProblem: The request could be read in two ways (RFC 9112 section 6.3), has no host or
            two, or is larger than the bound.
    """
    given: Headers = list(scope["headers"])
    names = [name for name, _ in given]
    _refuse_ambiguous(names)
    dropped = HOP_BY_HOP | OURS | _named_by_connection(given)
    headers: DeskHeaders = []
    host = ""
    for name, value in given:
        if name == b"host":
            host = value.decode("latin-1")
        elif name == b"content-length":
            if not value.isdigit():
                raise ForwardProblem("bad_request")
            if int(value[:20]) > limits.FORWARD_BODY_BYTES_MAX:
                raise ForwardProblem("too_large")
            if scope["method"] in METHODS_WITH_BODY or value != b"0":
                headers.append(("Content-Length", value.decode()))
        elif name not in dropped:
            headers.append((name.decode("latin-1"), value.decode("latin-1")))
    if not host:
        raise ForwardProblem("bad_request")
    return [
        *headers,
        ("Host", host),
        ("X-Forwarded-Host", host),
        ("X-Forwarded-Proto", scope.get("scheme", "http")),
        ("X-Forwarded-For", (scope.get("client") or ("",))[0]),
    ]


def _refuse_ambiguous(names: list[bytes]) -> None:
    lengths, hosts = names.count(b"content-length"), names.count(b"host")
    if lengths > 1 or hosts != 1 or (lengths and b"transfer-encoding" in names):
        raise ForwardProblem("bad_request")


def _named_by_connection(headers: Headers) -> frozenset[bytes]:
    """Return the header names that a Connection header makes hop-by-hop."""
    return frozenset(
        name.strip().lower()
        for key, value in headers
        if key == b"connection"
        for name in value.split(b",")
    ) - {b"host", b"content-length", b"cookie", b"authorization"}


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _desk_url(scope: Scope) -> URL:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    text = raw.decode("latin-1") + ("?" + query.decode("latin-1") if query else "")
    # As it came: decoding and encoding again would turn one path into another.
    return URL("http://desk" + (text if text.startswith("/") else "/"), encoded=True)


async def _send_on(response: aiohttp.ClientResponse, method: str, send: Send) -> None:
    """Pass the desk's answer on as it comes in."""
    raw: Headers = [(name.lower(), value) for name, value in response.raw_headers]
    dropped = HOP_BY_HOP | FROM_SERVER | _named_by_connection(raw)
    headers = [(name, value) for name, value in raw if name not in dropped]
    if method == "HEAD":
        # A length of nothing is how the desk says that it does not know it.
        headers = [header for header in headers if header != (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    async for part in response.content.iter_any():
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
