"""The little of HTTP that hot endpoints need: a bounded body, a reply in one piece."""

from typing import Final

import msgspec

from paifang.core import limits
from paifang.services.live.problems import Problem
from paifang.web import json_http
from paifang.web.json_http import (
    JSON,
    JSON_HEADER,
    NO_STORE,
    Header,
    Reply,
    decode,
    encode_json,
    require_json,
)
from paifang.web.live.ports import Receive, Scope, Send

__all__ = [
    "OCTETS",
    "Call",
    "ClientGoneError",
    "Header",
    "Reply",
    "decode",
    "encode_json",
    "json_reply",
    "problem_reply",
    "read_body",
    "read_octets",
    "text_reply",
]

OCTETS: Final = b"application/octet-stream"
_NOSNIFF: Final[Header] = (b"x-content-type-options", b"nosniff")


class ClientGoneError(Exception):
    """The caller hung up before the request was complete; there is nobody to answer."""


class Call:
    """One request: ASGI's three parts and the headers as a dict."""

    __slots__ = ("body", "headers", "receive", "scope", "send")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take ASGI's scope, receive and send."""
        self.scope = scope
        self.receive = receive
        self.send = send
        self.body: bytes | None = None
        self.headers: dict[bytes, bytes] = dict(scope["headers"])


_JSON_HEADERS: Final = (JSON_HEADER, NO_STORE)


def json_reply(value: msgspec.Struct, status: int = 200) -> Reply:
    """Return a value as JSON."""
    return Reply(status, _JSON_HEADERS, encode_json(value))


def text_reply(body: str, content_type: bytes, *headers: Header) -> Reply:
    """Return a text with its content type."""
    return Reply(200, ((b"content-type", content_type), _NOSNIFF, *headers), body.encode())


async def read_body(call: Call) -> bytes:
    """Return the request's JSON body as it came.

    Raises:
        Problem: not_json, or too_large as soon as that is known.
        ClientGoneError: The caller hung up.
    """
    if call.body is not None:
        return call.body  # asked once more by newer rules
    headers = call.headers
    if headers.get(b"content-type") != JSON:
        require_json(headers.get(b"content-type", b""))
    if b"content-encoding" in headers:
        raise Problem("not_json", "Content-Encoding")
    call.body = body = await _received(call, limits.BODY_BYTES_MAX)
    return body


async def read_octets(call: Call, bytes_max: int) -> bytes:
    """Return the request's body of bytes as it came.

    Raises:
        Problem: not_octets, or too_large as soon as that is known.
        ClientGoneError: The caller hung up.
    """
    if call.body is not None:
        return call.body
    if call.headers.get(b"content-type", b"").split(b";")[0].strip().lower() != OCTETS:
        raise Problem("not_octets", "Content-Type")
    call.body = body = await _received(call, bytes_max)
    return body


async def _received(call: Call, bytes_max: int) -> bytes:
    """Return a body of so many bytes at most. Raises Problem and ClientGoneError."""
    length = call.headers.get(b"content-length")
    if length is not None and not _fits(length, bytes_max):
        raise Problem("too_large")
    message = await call.receive()
    body: bytes = message.get("body", b"")
    more = message.get("more_body", False)
    if more:
        parts = [body]
        size = len(body)
        while more and size <= bytes_max:
            message = await call.receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
        body = b"".join(parts)
    elif message["type"] == "http.disconnect":
        raise ClientGoneError
    if len(body) > bytes_max:
        raise Problem("too_large")
    return body


def _fits(length: bytes, bytes_max: int) -> bool:
    return length.isdigit() and len(length) <= 9 and int(length) <= bytes_max


def problem_reply(problem: Problem, call: Call, *headers: Header) -> Reply:
    """Return a problem as its document (RFC 9457) in the caller's language."""
    return json_http.problem_reply(problem, call.headers.get(b"accept-language"), *headers)
