"""What every JSON endpoint of the desk shares: who asks, what came, and how problems are told.

A caller cannot tell the two processes apart: bearer tokens are verified by the same code and by the
same rules, and problems are written as the live process writes them.
"""

import logging
import time
import traceback
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Concatenate, Final, ParamSpec, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from paifang.core import limits
from paifang.core.rules import Rules
from paifang.services.desk.context import DeskContext, context
from paifang.services.live.callers import Caller, Callers, require
from paifang.services.live.problems import Problem, faults_as_problems
from paifang.web.json_http import (
    JSON_HEADER,
    NO_STORE,
    Header,
    Reply,
    decode,
    encode_json,
    problem_reply,
    require_json,
)

log = logging.getLogger(__name__)

T = TypeVar("T")
P = ParamSpec("P")
Endpoint = Callable[Concatenate[HttpRequest, P], msgspec.Struct]
View = Callable[..., HttpResponse]
_TO_ONE_HOP: Final = frozenset({b"connection"})


class _Known:
    """The callers of this process; the desk's threads share them, one at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._context: DeskContext | None = None
        self._callers: Callers | None = None

    def caller(self, at: DeskContext, rules: Rules, authorization: bytes, now_ms: int) -> Caller:
        with self._lock:
            if self._callers is None or self._context is not at:
                self._context, self._callers = at, Callers(at.keys)
            return self._callers.caller(rules, authorization, now_ms)


_known: Final = _Known()


def rules_in_force() -> Rules:
    """Return the rules bundle in force. Raises Problem if the ledger cannot be read."""
    with faults_as_problems():
        return context().ledger.rules()


def now_ms() -> int:
    """Return the time, UTC milliseconds."""
    return time.time_ns() // 1_000_000


def caller_of(request: HttpRequest, right: str) -> Caller:
    """Return the terminal that asks, if it may.

    Args:
        request: With an Authorization header.
        right: What it wants to do, one of `services.live.callers`.

    Raises:
        Problem: It is nobody, or may not.
    """
    authorization = str(request.META.get("HTTP_AUTHORIZATION", "")).encode("latin-1", "replace")
    caller = _known.caller(context(), rules_in_force(), authorization, now_ms())
    require(caller, right)
    return caller


def body_of(request: HttpRequest, decoder: msgspec.json.Decoder[T]) -> T:
    """Return a request's JSON body as a value of the decoder's type. Raises Problem."""
    require_json(str(request.META.get("CONTENT_TYPE", "")).encode("latin-1", "replace"))
    if request.META.get("HTTP_CONTENT_ENCODING"):
        raise Problem("not_json", "Content-Encoding")
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not length.isdecimal() or int(length[:10]) > limits.BODY_BYTES_MAX:
        raise Problem("too_large")
    return decode(decoder, request.body)


def api(method: str) -> Callable[[Endpoint[P]], View]:
    """Make a view of a function that returns what is to be told as JSON, or raises Problem.

    Args:
        method: The one method of its path; GET brings HEAD with it.
    """
    allowed = ("GET", "HEAD") if method == "GET" else (method,)

    def decorate(endpoint: Endpoint[P]) -> View:
        @wraps(endpoint)
        def view(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                if request.method not in allowed:
                    allow = (b"allow", ", ".join(allowed).encode())
                    return _problem(Problem("method_not_allowed"), request, allow)
                with faults_as_problems():
                    told = endpoint(request, *args, **kwargs)
            except Problem as problem:
                return _problem(problem, request)
            except Exception as error:  # noqa: BLE001 - a program is told as JSON, not as a page
                return _problem(_bug(error, endpoint.__name__), request)
            return _response(Reply(200, (JSON_HEADER, NO_STORE), encode_json(told)))

        return csrf_exempt(view)

    return decorate


@csrf_exempt
def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """Answer a path under /api/ that nobody has."""
    del rest
    return _problem(Problem("not_found"), request)


def _bug(error: Exception, where: str) -> Problem:
    """Log where a bug was met, without the exception's own words, which may hold a code."""
    place = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s in %s\n%s", type(error).__name__, where, place)
    return Problem("unexpected")


def _problem(problem: Problem, request: HttpRequest, *headers: Header) -> HttpResponse:
    language = str(request.META.get("HTTP_ACCEPT_LANGUAGE", "")).encode("latin-1", "replace")
    return _response(problem_reply(problem, language, *headers))


def _response(reply: Reply) -> HttpResponse:
    headers = {
        name.decode(): value.decode() for name, value in reply.headers if name not in _TO_ONE_HOP
    }
    return HttpResponse(reply.body, status=reply.status, headers=headers)
