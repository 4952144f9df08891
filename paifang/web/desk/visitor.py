"""Who asks, as far as the connection tells."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from paifang.core.rules import Role
from paifang.services.desk.permissions import Act, Actor, NotPermitted
from paifang.store.models import User

P = ParamSpec("P")
StaffView = Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase]


def address_of(request: HttpRequest) -> str:
    """Return the visitor's address, for the audit and the sign-in lock.

    The desk answers on a Unix socket only, so the last X-Forwarded-For was written by the live
    process or the proxy in front; what a visitor put before it is not believed.
    """
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return forwarded.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR", ""))


def language_of(request: HttpRequest) -> str:
    """Return the language that a public page is asked for in its address, or the browser's."""
    asked = request.GET.get("lang", "")
    return asked if asked in dict(settings.LANGUAGES) else request.LANGUAGE_CODE


def staff_of(request: HttpRequest) -> User | None:
    """Return who is signed in, None for a visitor."""
    user: User | AnonymousUser = request.user
    return user if isinstance(user, User) else None


def actor_of(request: HttpRequest) -> Actor | None:
    """Return the signed-in member of staff as who acts, None for a visitor."""
    user = staff_of(request)
    if user is None:
        return None
    return Actor(user.username, Role(user.role), address_of(request))


def allowed_to(act: Act) -> Callable[[StaffView[P]], Callable[..., HttpResponseBase]]:
    """Let a page be opened by those whom the table allows an act; it is told who acts.

    Visitors come to the sign-in, other staff to the page that says they may not. The services ask
    the same table again: this guard saves the work, theirs is the door.
    """

    def guarded(view: StaffView[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def opened(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            by = actor_of(request)
            if by is None:
                return redirect("start")
            try:
                by.require(act)
                return view(request, by, *args, **kwargs)
            except NotPermitted as refused:
                raise PermissionDenied(refused.act.value) from refused

        return opened

    return guarded


def for_staff(view: StaffView[P]) -> Callable[..., HttpResponseBase]:
    """Let a page be opened by everybody who is signed in; it is told who acts."""

    @wraps(view)
    def opened(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        by = actor_of(request)
        return redirect("start") if by is None else view(request, by, *args, **kwargs)

    return opened
