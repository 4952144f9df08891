"""Pages opened by a one-time link: the first run, an invitation, a new password."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from paifang.core import limits
from paifang.core.rules import Role
from paifang.services.desk import first_run as first
from paifang.services.desk import staff_links
from paifang.services.desk.first_run import FirstManager, FirstRunError
from paifang.services.desk.repair import told_the_gates
from paifang.services.desk.staff import StaffError
from paifang.services.desk.staff_links import LinkError
from paifang.web.desk.staff_words import LINK_WORDS, ROLE_WORDS
from paifang.web.desk.views.problems import gone
from paifang.web.desk.views.sign_in import PASSWORD_CHARS_MAX, signed_in
from paifang.web.desk.views.staff import choices, wrong
from paifang.web.desk.visitor import address_of

TEXT_FIELDS: Final = ("organiser", "name", "username", "pin", "language")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def first_run(request: HttpRequest) -> HttpResponse:
    """Make the first organiser and the first manager, for who holds the link of the server."""
    code = request.POST.get("code", request.GET.get("code", ""))
    try:
        first.require(code)
        if request.method != "POST":
            return _first_run(request, code, {"language": request.LANGUAGE_CODE})
        asked = _asked(request)
        try:
            manager = FirstManager(
                asked["username"],
                asked["name"],
                _password(request),
                asked["pin"],
                asked["language"],
            )
            with told_the_gates():
                user = first.set_up(code, asked["organiser"], manager, where=address_of(request))
        except StaffError as fault:
            return _first_run(request, code, asked, fault.code)
    except FirstRunError as refused:
        if refused.code == "name_missing":
            return _first_run(request, code, _asked(request), "organiser_missing")
        return gone(request, gettext(LINK_WORDS[refused.code]))
    return signed_in(request, user)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Become staff by an invitation."""
    try:
        link = staff_links.opened(secret)
        if link.user is not None:
            return redirect("new-password", secret)
        shown = {"link": link, "role": gettext(ROLE_WORDS[Role(link.role)]), "secret": secret}
        if request.method != "POST":
            return _page(request, "desk/join.html", shown, {})
        asked = _asked(request)
        try:
            with told_the_gates():
                user = staff_links.accept(
                    secret,
                    asked["username"],
                    _password(request),
                    pin=asked["pin"],
                    where=address_of(request),
                )
        except StaffError as fault:
            return _page(request, "desk/join.html", shown, asked, fault.code)
    except LinkError as refused:
        return gone(request, gettext(LINK_WORDS[refused.code]))
    return signed_in(request, user)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_password(request: HttpRequest, secret: str) -> HttpResponse:
    """Choose a new password by a link; who has a second factor still shows it afterwards."""
    try:
        link = staff_links.opened(secret)
        if link.user is None:
            return redirect("join", secret)
        shown = {"link": link, "secret": secret}
        if request.method != "POST":
            return _page(request, "desk/new_password.html", shown, {})
        try:
            staff_links.choose_password(secret, _password(request), where=address_of(request))
        except StaffError as fault:
            return _page(request, "desk/new_password.html", shown, {}, fault.code)
    except LinkError as refused:
        return gone(request, gettext(LINK_WORDS[refused.code]))
    messages.success(request, gettext("The new password holds. Sign in with it."))
    return redirect("start")


def _asked(request: HttpRequest) -> dict[str, str]:
    return {
        name: request.POST.get(name, "").strip()[: limits.NAME_CHARS_MAX] for name in TEXT_FIELDS
    }


def _password(request: HttpRequest) -> str:
    """Return the password that was typed twice alike. Raises StaffError."""
    password = request.POST.get("password", "")[:PASSWORD_CHARS_MAX]
    if password != request.POST.get("again", "")[:PASSWORD_CHARS_MAX]:
        raise StaffError("passwords_differ")
    return password


def _first_run(
    request: HttpRequest, code: str, asked: dict[str, str], fault: str = ""
) -> HttpResponse:
    return _page(request, "desk/first_run.html", {"code": code}, asked, fault)


def _page(
    request: HttpRequest,
    template: str,
    shown: dict[str, Any],
    asked: dict[str, str],
    code: str = "",
) -> HttpResponse:
    page = {**choices(), **shown, "asked": asked, **wrong(code)}
    return render(request, template, page, status=422 if code else 200)
