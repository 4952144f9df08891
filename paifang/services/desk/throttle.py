"""How often somebody at an address may do what costs others something: wrong links, orders."""

import hmac
import time
from typing import Final

from django.conf import settings

from paifang.store.models import SignInFailure

_KEPT_MS: Final = 24 * 60 * 60 * 1000


def counted(what: str, where: str, most: int, window_s: int) -> int:
    """Count something done from an address; the seconds to wait if it was too often, else 0.

    Args:
        what: What is counted, such as `ticket-page`.
        where: The address; only a keyed hash of it is kept, for a day.
        most: How often it may happen within the window.
        window_s: The window, in seconds.
    """
    key = hmac.digest(settings.SECRET_KEY.encode(), f"{what}|{where}".encode(), "sha256").hex()
    now_ms, window_ms = time.time_ns() // 1_000_000, window_s * 1000
    recent = SignInFailure.objects.filter(key=key, at_ms__gt=now_ms - window_ms)
    newest = list(recent.order_by("-at_ms").values_list("at_ms", flat=True)[:most])
    if len(newest) == most:
        return max(1, int(newest[-1] + window_ms - now_ms) // 1000)
    SignInFailure.objects.create(key=key, at_ms=now_ms)
    SignInFailure.objects.filter(key=key, at_ms__lt=now_ms - _KEPT_MS).delete()
    return 0
