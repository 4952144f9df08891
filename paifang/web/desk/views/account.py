"""One's own account: who one is here, what one may do, password, PIN, second factor, sessions."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from paifang.core.rules import Role
from paifang.services.desk import own_account, staff
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.repair import told_the_gates
from paifang.services.desk.second_factor import has_second_factor
from paifang.services.desk.sign_in import SignInError
from paifang.services.desk.staff import StaffError
from paifang.store.models import User
from paifang.web.desk.staff_words import ACT_WORDS, ROLE_HINTS, ROLE_WORDS
from paifang.web.desk.views import problems
from paifang.web.desk.views.sign_in import PASSWORD_CHARS_MAX, trouble_of
from paifang.web.desk.views.staff import wrong
from paifang.web.desk.visitor import for_staff, staff_of


@never_cache
@require_GET
@for_staff
def account(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show one's own account."""
    return _account(request, by)


@never_cache
@require_POST
@for_staff
def password(request: HttpRequest, by: Actor) -> HttpResponse:
    """Choose a new password, with the old one; all other sessions end."""
    old, new, again = (
        request.POST.get(name, "")[:PASSWORD_CHARS_MAX] for name in ("old", "password", "again")
    )
    if new != again:
        return _account(request, by, "passwords_differ")
    try:
        user = own_account.change_password(request, old, new, by=by)
    except SignInError as refused:
        told = {"old": trouble_of(refused) if refused.wait_s else gettext("This is not it.")}
        return _account(request, by, wrong_at=told)
    except StaffError as fault:
        return _account(request, by, fault.code)
    update_session_auth_hash(request, user)
    messages.success(request, gettext("The new password holds. All other sessions are ended."))
    return redirect("account")


@never_cache
@require_POST
@for_staff
def pin(request: HttpRequest, by: Actor) -> HttpResponse:
    """Choose one's own PIN."""
    try:
        with told_the_gates():
            staff.set_pin(by.name, request.POST.get("pin", "").strip()[:64], by=by)
    except StaffError as fault:
        return _account(request, by, fault.code)
    messages.success(request, gettext("Saved."))
    return redirect("account")


@never_cache
@require_POST
@for_staff
def end(request: HttpRequest, by: Actor, session: int) -> HttpResponse:
    """End one of one's own sessions."""
    user = staff_of(request)
    if user is None or not own_account.end_session(user, session, by=by):
        return problems.not_found(request)
    messages.success(request, gettext("The session is ended."))
    return redirect("account")


def _account(
    request: HttpRequest, by: Actor, code: str = "", wrong_at: dict[str, str] | None = None
) -> HttpResponse:
    user = staff_of(request)
    assert isinstance(user, User), "for_staff lets nobody else in"
    role = Role(user.role)
    shown: dict[str, Any] = {
        "staff": user,
        "role": gettext(ROLE_WORDS[role]),
        "hint": gettext(ROLE_HINTS[role]),
        "acts": [gettext(ACT_WORDS[act]) for act in Act if by.may(act)],
        "second_factor": has_second_factor(user),
        "sessions": own_account.own_sessions(user, request.session.session_key),
        **wrong(code),
    }
    if wrong_at:
        shown["wrong"] = wrong_at
    status = 422 if code or wrong_at else 200
    return render(request, "desk/account.html", shown, status=status)
