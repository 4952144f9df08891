"""Signing in and out, and the choice of language."""

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from paifang.core import limits
from paifang.services.desk import audit, first_run
from paifang.services.desk.sign_in import SignInError, check_sign_in
from paifang.store.models import User
from paifang.store.models.people import USERNAME_CHARS_MAX
from paifang.web.desk.visitor import address_of, staff_of

PASSWORD_CHARS_MAX = 1_024


@never_cache
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign somebody in, or say what to do next."""
    username = request.POST.get("username", "")[:USERNAME_CHARS_MAX]
    password = request.POST.get("password", "")[:PASSWORD_CHARS_MAX]
    try:
        user = check_sign_in(request, username, password, address_of(request))
    except SignInError as refused:
        return sign_in_page(request, refused=refused, username=username)
    return signed_in(request, user)


def signed_in(request: HttpRequest, user: User) -> HttpResponse:
    """Sign somebody in whose word was checked; a second factor is asked for first."""
    # Through allauth's stages: who has a second factor is asked for it before the session begins.
    credentials = {"username": user.username}
    login = Login(user=user, redirect_url=reverse("start"))
    return perform_password_login(request, credentials, login)


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    user = staff_of(request)
    if user is not None:
        audit.record("sign_out", who=user.username, where=address_of(request))
    logout(request)
    return redirect("start")


def sign_in_page(
    request: HttpRequest, *, refused: SignInError | None = None, username: str = ""
) -> HttpResponse:
    """Return the sign-in form, with what was the matter at the last try."""
    status = 200 if refused is None else 429 if refused.wait_s else 401
    context = {
        "trouble": "" if refused is None else trouble_of(refused),
        "username": username,
        "username_chars_max": USERNAME_CHARS_MAX,
        "nobody_yet": first_run.is_open(),
    }
    response = render(request, "desk/sign_in.html", context, status=status)
    if refused is not None and refused.wait_s:
        response["Retry-After"] = str(refused.wait_s)
    return response


def trouble_of(refused: SignInError) -> str:
    """Return what was the matter, and what to do."""
    if not refused.wait_s:
        return gettext("Name and password do not belong together. Check both and try again.")
    minutes = -(-refused.wait_s // 60)
    words = ngettext(
        "Too many wrong tries (%(tries)s). Wait %(minutes)s minute, or ask a manager.",
        "Too many wrong tries (%(tries)s). Wait %(minutes)s minutes, or ask a manager.",
        minutes,
    )
    return words % {"tries": limits.SIGN_IN_TRIES_MAX, "minutes": minutes}
