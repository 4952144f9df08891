"""The little of HTTP that hot endpoints need: a bounded body, strict JSON, a reply in one piece."""

import re
from typing import Final, NamedTuple, TypeVar

import msgspec

from paifang.core import limits
from paifang.services.live.bodies import ProblemDocument
from paifang.services.live.problems import Problem
from paifang.web.language import translator
from paifang.web.live.ports import Receive, Scope, Send

T = TypeVar("T")
Header = tuple[bytes, bytes]

JSON: Final = b"application/json"
_JSON_HEADER: Final[Header] = (b"content-type", JSON)
_NO_STORE: Final[Header] = (b"cache-control", b"no-store")
_NOSNIFF: Final[Header] = (b"x-content-type-options", b"nosniff")

encode_json: Final = msgspec.json.Encoder().encode


class ClientGoneError(Exception):
    """The caller hung up before the request was complete; there is nobody to answer."""


class Reply(NamedTuple):
    """A whole answer: status, headers without the length, body."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


class Call:
    """One request: ASGI's three parts and the headers as a dict."""

    __slots__ = ("headers", "receive", "scope", "send")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take ASGI's scope, receive and send."""
        self.scope = scope
        self.receive = receive
        self.send = send
        self.headers: dict[bytes, bytes] = dict(scope["headers"])


_JSON_HEADERS: Final = (_JSON_HEADER, _NO_STORE)


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
    headers = call.headers
    if headers.get(b"content-type") != JSON:
        _require_json(headers)
    if b"content-encoding" in headers:
        raise Problem("not_json", "Content-Encoding")
    length = headers.get(b"content-length")
    if length is not None and not _fits(length):
        raise Problem("too_large")
    message = await call.receive()
    body: bytes = message.get("body", b"")
    more = message.get("more_body", False)
    if more:
        parts = [body]
        size = len(body)
        while more and size <= limits.BODY_BYTES_MAX:
            message = await call.receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
        body = b"".join(parts)
    elif message["type"] == "http.disconnect":
        raise ClientGoneError
    if len(body) > limits.BODY_BYTES_MAX:
        raise Problem("too_large")
    return body


def _fits(length: bytes) -> bool:
    return length.isdigit() and len(length) <= 9 and int(length) <= limits.BODY_BYTES_MAX


def _require_json(headers: dict[bytes, bytes]) -> None:
    media, _, parameters = headers.get(b"content-type", b"").partition(b";")
    charset = parameters.strip().lower().replace(b'"', b"")
    if media.strip().lower() != JSON or charset not in {b"", b"charset=utf-8", b"charset=utf8"}:
        raise Problem("not_json", "Content-Type")


# What msgspec says of a member: "... - at `$.count`", "... field `code`".
_PLACE: Final = re.compile(r" - at `\$\.?([^`]*)`$")
_NAMED: Final = re.compile(r"^Object (missing required|contains unknown) field `([^`]*)`")
_EXPECTED: Final = re.compile(r"^Expected (.*?)(?:, got `[^`]*`)?(?: - at `.*)?$")
FIELD_CHARS_MAX: Final = 64


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Return a body as a value of the decoder's type. Raises Problem naming the member at fault."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _member_problem(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("malformed") from None


def _member_problem(said: str) -> Problem:
    """Turn msgspec's words into a problem; a value is never repeated, for it may be a code."""
    named = _NAMED.match(said)
    place = _PLACE.search(said)
    inside = place.group(1) if place else ""
    if named:
        code = "member_missing" if named.group(1) == "missing required" else "member_unknown"
        field = f"{inside}.{named.group(2)}" if inside else named.group(2)
        return Problem(code, field[:FIELD_CHARS_MAX])
    if not inside:
        return Problem("malformed")
    expected = _EXPECTED.match(said)
    return Problem(
        "member_wrong",
        inside[:FIELD_CHARS_MAX],
        expected=expected.group(1).replace("`", "") if expected else "",
    )


def problem_reply(problem: Problem, call: Call, *headers: Header) -> Reply:
    """Return a problem as its document (RFC 9457) in the caller's language."""
    _ = translator(call.headers.get(b"accept-language"))
    kind = problem.kind
    document = ProblemDocument(
        type=f"/problems/{problem.code}",
        title=_(kind.title),
        status=kind.status,
        detail=_(kind.detail),
        code=problem.code,
        field=problem.field,
        expected=problem.expected,
        retry_after=problem.retry_after_s,
    )
    more: list[Header] = [
        (b"content-type", b"application/problem+json"),
        _NO_STORE,
        (b"vary", b"accept-language"),
        *headers,
    ]
    if kind.status == 401:
        error = b"" if problem.code == "token_missing" else b', error="invalid_token"'
        more.append((b"www-authenticate", b'Bearer realm="paifang"' + error))
    if kind.status == 413:
        # The rest of the body is not read, so nothing further can be understood on this line.
        more.append((b"connection", b"close"))
    if problem.retry_after_s:
        more.append((b"retry-after", str(problem.retry_after_s).encode()))
    return Reply(kind.status, tuple(more), encode_json(document))
