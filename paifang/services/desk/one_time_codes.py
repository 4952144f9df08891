"""What one-time codes that people type have in common: their spelling, and limits on guessing."""

import hmac
import time
from typing import Final

from django.conf import settings

from paifang.core import limits
from paifang.core.typed_text import normalise
from paifang.services.live.problems import Problem
from paifang.store.models import SignInFailure

_KEPT_MS: Final = 24 * 60 * 60 * 1000
_ALIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V", "-": None})
"""What people read instead of Crockford's letters, and the hyphen of the typed form."""


def time_ms() -> int:
    """Return the time, UTC milliseconds."""
    return time.time_ns() // 1_000_000


def spelled(code: str) -> str:
    """Return a code as it was made, from any spelling; what cannot be one stays unknown."""
    try:
        return normalise(code).translate(_ALIKE)
    except ValueError:
        return ""


def typed(code: str) -> str:
    """Return a code in two groups, as it is read out and typed."""
    return f"{code[:5]}-{code[5:]}"


class Tries:
    """Wrong codes of one kind from one address."""

    def __init__(self, kind: str, where: str) -> None:
        """Take the kind of code and the address, which does not stand in the table."""
        secret = settings.SECRET_KEY.encode()
        self._key = hmac.digest(secret, f"{kind}|{where}".encode(), "sha256").hex()

    def require_left(self) -> None:
        """Refuse an address that tried too many wrong codes. Raises Problem too_many_codes."""
        window_ms, now_ms = limits.PAIRING_WINDOW_S * 1000, time_ms()
        recent = SignInFailure.objects.filter(key=self._key, at_ms__gt=now_ms - window_ms)
        newest = list(
            recent.order_by("-at_ms").values_list("at_ms", flat=True)[: limits.PAIRING_TRIES_MAX]
        )
        if len(newest) == limits.PAIRING_TRIES_MAX:
            wait_s = max(1, (newest[-1] + window_ms - now_ms) // 1000)
            raise Problem("too_many_codes", retry_after_s=wait_s)

    def failed(self) -> None:
        """Count a wrong code."""
        SignInFailure.objects.create(key=self._key, at_ms=time_ms())


def forget_old_tries() -> None:
    """Drop the wrong tries of the day before."""
    SignInFailure.objects.filter(at_ms__lt=time_ms() - _KEPT_MS).delete()
