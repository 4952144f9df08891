"""JSON over HTTP as every endpoint speaks it, live or desk: strict bodies, problems as documents.

No framework is known here; each side turns `Answer` into a response of its own.
"""

import re
from typing import Final, NamedTuple, TypeVar

import msgspec

from paifang.services.live.bodies import ProblemDocument
from paifang.services.live.problems import Problem
from paifang.web.language import translator

T = TypeVar("T")
Header = tuple[bytes, bytes]

JSON: Final = b"application/json"
JSON_HEADER: Final[Header] = (b"content-type", JSON)
NO_STORE: Final[Header] = (b"cache-control", b"no-store")

encode_json: Final = msgspec.json.Encoder().encode


class Reply(NamedTuple):
    """A whole answer: status, headers without the length, body."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


def require_json(content_type: bytes) -> None:
    """Refuse a body that is not sent as JSON in UTF-8. Raises Problem not_json."""
    media, _, parameters = content_type.partition(b";")
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


def problem_reply(problem: Problem, accept_language: bytes | None, *headers: Header) -> Reply:
    """Return a problem as its document (RFC 9457) in the caller's language."""
    _ = translator(accept_language)
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
        NO_STORE,
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
