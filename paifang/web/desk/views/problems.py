"""Pages for what went wrong, in plain words and in the visitor's language."""

from typing import Final, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from paifang.core.reasons import N_


class _Words(NamedTuple):
    title: str
    advice: str


_NOT_FOUND: Final = _Words(
    N_("This page does not exist"),
    N_("Check the address, or start again from the first page."),
)
_FORBIDDEN: Final = _Words(
    N_("You may not open this page"),
    N_("Sign in with an account that may, or ask your manager."),
)
_EXPIRED: Final = _Words(
    N_("This form was open too long"),
    N_("Nothing was done. Go back, reload the page and send it again."),
)
_BAD: Final = _Words(
    N_("This request could not be understood"),
    N_("Nothing was done. Start again from the first page."),
)
_FAILED: Final = _Words(
    N_("Something went wrong here"),
    N_("It was recorded. Try again; if it happens again, tell your manager the time."),
)
_GONE: Final = N_("This link is not good")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404."""
    del exception
    return _page(request, _NOT_FOUND, 404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403."""
    del exception
    return _page(request, _FORBIDDEN, 403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400."""
    del exception
    return _page(request, _BAD, 400)


def gone(request: HttpRequest, advice: str) -> HttpResponse:
    """Answer 410 to a link that is good no more, and say what to do."""
    return render(
        request,
        "desk/problem.html",
        {"title": gettext(_GONE), "advice": advice, "status": 410},
        status=410,
    )


def failed(request: HttpRequest) -> HttpResponse:
    """Answer 500."""
    return _page(request, _FAILED, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form without a valid token: nearly always one left open over night."""
    del reason
    return _page(request, _EXPIRED, 403)


def _page(request: HttpRequest, words: _Words, status: int) -> HttpResponse:
    return render(
        request,
        "desk/problem.html",
        {"title": gettext(words.title), "advice": gettext(words.advice), "status": status},
        status=status,
    )
