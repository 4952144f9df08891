"""Who asks, as far as the connection tells."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from paifang.store.models import User


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
