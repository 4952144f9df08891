"""Signing in with name, password and second factor, and the lock after too many failures.

Failures are counted in the store, so that a restart or a second process does not reset them.
Passwords per account and address, so that nobody can lock a colleague out from elsewhere; second
factors per account alone, because who gets there knows the password.
"""

import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest

from paifang.core import limits
from paifang.services.desk import audit
from paifang.store.models import SignInFailure, User

_FAILURES_KEPT_S: Final = 24 * 60 * 60


class SignInError(Exception):
    """Not signed in: wrong name or password, or too many failures.

    `wait_s` is how long the account is locked from this address, 0 if another try is free now.
    """

    def __init__(self, wait_s: int = 0) -> None:
        """Keep the seconds."""
        super().__init__("locked" if wait_s else "wrong name or password")
        self.wait_s = wait_s


def check_sign_in(request: HttpRequest, username: str, password: str, where: str) -> User:
    """Return who has this name and password; a second factor may be asked for still.

    Args:
        request: Handed to Django's back ends.
        username: As typed; the case does not matter.
        password: As typed.
        where: The visitor's address.

    Raises:
        SignInError: Also for a right password while the account is locked from this address.
    """
    username = username.strip().lower()
    attempt = _counted(_key(username, where))
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        audit.record("sign_in_failed", where=where)
        _require_unlocked(attempt.key, attempt.at_ms)
        raise SignInError
    attempt.delete()
    return user


def signed_in(user: User, where: str) -> None:
    """Write down that somebody is in, with all that was asked for; failures are forgiven."""
    SignInFailure.objects.filter(key__in=[_key(user.username, where), _code_key(user)]).delete()
    kept_since_ms = time.time_ns() // 1_000_000 - _FAILURES_KEPT_S * 1000
    SignInFailure.objects.filter(at_ms__lt=kept_since_ms).delete()
    audit.record("sign_in", who=user.username, where=where)


@contextmanager
def code_tried(user: User, where: str) -> Iterator[None]:
    """Count a try of a second factor; the body raises ValueError if it is wrong.

    Raises:
        SignInError: It is wrong, or too many were before it.
    """
    attempt = _counted(_code_key(user))
    try:
        yield
    except ValueError:
        audit.record("second_factor_failed", who=user.username, where=where)
        _require_unlocked(attempt.key, attempt.at_ms)
        raise SignInError from None
    attempt.delete()


def _counted(key: str) -> SignInFailure:
    """Count a try before it is checked, so that tries at one time count all. Raises SignInError."""
    now_ms = time.time_ns() // 1_000_000
    _require_unlocked(key, now_ms)
    return SignInFailure.objects.create(key=key, at_ms=now_ms)


def _require_unlocked(key: str, now_ms: int) -> None:
    """Refuse while too many failures stand in the window. Raises SignInError."""
    window_ms = limits.SIGN_IN_WINDOW_S * 1000
    recent = SignInFailure.objects.filter(key=key, at_ms__gt=now_ms - window_ms)
    newest = list(
        recent.order_by("-at_ms").values_list("at_ms", flat=True)[: limits.SIGN_IN_TRIES_MAX]
    )
    if len(newest) == limits.SIGN_IN_TRIES_MAX:
        raise SignInError(max(1, (newest[-1] + window_ms - now_ms) // 1000))


def _code_key(user: User) -> str:
    return _key(user.username, "second factor")


def _key(username: str, where: str) -> str:
    """Return what failures are counted under; neither name nor address stands in the table."""
    told = f"{username}|{where}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), b"sign-in|" + told, "sha256").hex()
