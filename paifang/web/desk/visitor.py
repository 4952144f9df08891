"""Who asks, as far as the connection tells."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from paifang.core.rules import Role
from paifang.store.models import User

P = ParamSpec("P")
StaffView = Callable[Concatenate[HttpRequest, User, P], HttpResponse]


def address_of(request: HttpRequest) -> str:
    """Return the visitor's address, for the audit and the sign-in lock.

    The desk answers on a Unix socket only, so the last X-Forwarded-For was written by the live
    process or the proxy in front; what a visitor put before it is not believed.
    """
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return forwarded.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR", ""))


def staff_of(request: HttpRequest) -> User | None:
    """Return who is signed in, None for a visitor."""
    user: User | AnonymousUser = request.user
    return user if isinstance(user, User) else None


def only_for(*roles: Role) -> Callable[[StaffView[P]], Callable[..., HttpResponse]]:
    """Let a page be opened by staff of some roles only; it is told who it is.

    Visitors come to the sign-in, other staff to the page that says they may not.
    """
    names = {role.value for role in roles}

    def guarded(view: StaffView[P]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def opened(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            user = staff_of(request)
            if user is None:
                return redirect("start")
            if user.role not in names:
                raise PermissionDenied
            return view(request, user, *args, **kwargs)

        return opened

    return guarded
