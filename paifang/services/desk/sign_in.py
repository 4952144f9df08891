"""Signing in with name and password, and the lock after too many failures.

Failures are counted in the store, so that a restart or a second process does not reset them; per
account and address, so that nobody can lock a colleague out from elsewhere.
"""

import hmac
import time
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
    """Return who signs in with this name and password.

    Args:
        request: Handed to Django's back ends.
        username: As typed; the case does not matter.
        password: As typed.
        where: The visitor's address.

    Raises:
        SignInError: Also for a right password while the account is locked from this address.
    """
    username = username.strip().lower()
    key, now_ms = _key(username, where), time.time_ns() // 1_000_000
    _require_unlocked(key, now_ms)
    # Counted before it is checked, so that tries at one time count all.
    attempt = SignInFailure.objects.create(key=key, at_ms=now_ms)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        audit.record("sign_in_failed", where=where)
        _require_unlocked(key, now_ms)
        raise SignInError
    SignInFailure.objects.filter(key=key).delete()
    SignInFailure.objects.filter(at_ms__lt=attempt.at_ms - _FAILURES_KEPT_S * 1000).delete()
    audit.record("sign_in", who=user.username, where=where)
    return user


def _require_unlocked(key: str, now_ms: int) -> None:
    """Refuse while too many failures stand in the window. Raises SignInError."""
    window_ms = limits.SIGN_IN_WINDOW_S * 1000
    recent = SignInFailure.objects.filter(key=key, at_ms__gt=now_ms - window_ms)
    newest = list(
        recent.order_by("-at_ms").values_list("at_ms", flat=True)[: limits.SIGN_IN_TRIES_MAX]
    )
    if len(newest) == limits.SIGN_IN_TRIES_MAX:
        raise SignInError(max(1, (newest[-1] + window_ms - now_ms) // 1000))


def _key(username: str, where: str) -> str:
    """Return what failures are counted under; neither name nor address stands in the table."""
    told = f"{username}|{where}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), b"sign-in|" + told, "sha256").hex()
