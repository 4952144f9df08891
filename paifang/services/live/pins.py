"""A staff member's PIN: how it is kept, how it is checked, and how guessing is stopped.

Few digits are no secret against somebody who has the hash and a night, so the hash is slow
(scrypt, RFC 7914: N = 2^14, r = 8, p = 1, that is 16 MiB and some 50 ms) and wrong tries are
counted.
"""

import hashlib
import hmac
import secrets
import unicodedata
from typing import Final

from paifang.core import limits
from paifang.core.rules import Staff
from paifang.services.live.problems import Problem

PIN_SALT_BYTES: Final = 16
PIN_HASH_BYTES: Final = 32
TRIES_KEPT_MAX: Final = 10_000
_COST_N: Final = 1 << 14
_COST_R: Final = 8
_COST_P: Final = 1
# What is compared when there is no such person, so that both answers take as long.
_NOBODY_SALT: Final = "00" * PIN_SALT_BYTES
_NOBODY_HASH: Final = secrets.token_hex(PIN_HASH_BYTES)


def new_pin_salt() -> str:
    """Return a fresh random salt in hex."""
    return secrets.token_hex(PIN_SALT_BYTES)


def hash_pin(pin: str, salt: str) -> str:
    """Return the hash of a PIN in hex, to be kept beside its salt.

    Args:
        pin: As typed; full-width digits count as digits (Unicode NFKC).
        salt: In hex.
    """
    spelled = unicodedata.normalize("NFKC", pin).encode()
    return hashlib.scrypt(
        spelled, salt=bytes.fromhex(salt), n=_COST_N, r=_COST_R, p=_COST_P, dklen=PIN_HASH_BYTES
    ).hex()


def check_pin(pin: str, staff: Staff | None) -> bool:
    """Say whether a PIN is that person's, in the same time for nobody as for somebody."""
    known = staff is not None and staff.active and bool(staff.pin_hash)
    salt = staff.pin_salt if staff is not None and known else _NOBODY_SALT
    wanted = staff.pin_hash if staff is not None and known else _NOBODY_HASH
    return hmac.compare_digest(hash_pin(pin, salt), wanted) and known


class PinTries:
    """Counts wrong PINs per person and terminal, `PIN_TRIES_MAX` within `PIN_WINDOW_S`.

    Counted in this process and gone with it: a restart gives an attacker five more tries, not more.
    """

    def __init__(self) -> None:
        """Start with nobody having tried."""
        self._wrong: dict[tuple[str, str], list[int]] = {}

    def take(self, terminal: str, staff: str, now_ms: int) -> None:
        """Count a try as wrong before it is checked, so that tries at one time count all.

        Raises:
            Problem: `too_many_tries`, with the seconds until the next one is allowed.
        """
        window_ms = limits.PIN_WINDOW_S * 1000
        tries = [at for at in self._wrong.get((terminal, staff), ()) if at > now_ms - window_ms]
        if len(tries) >= limits.PIN_TRIES_MAX:
            raise Problem(
                "too_many_tries", retry_after_s=max(1, (tries[0] + window_ms - now_ms) // 1000)
            )
        if len(self._wrong) >= TRIES_KEPT_MAX:
            self._forget(now_ms - window_ms)
        self._wrong[terminal, staff] = [*tries, now_ms]

    def succeeded(self, terminal: str, staff: str) -> None:
        """Forget a person's wrong tries at a terminal once the PIN was right."""
        self._wrong.pop((terminal, staff), None)

    def _forget(self, before_ms: int) -> None:
        kept = {who: at for who, at in self._wrong.items() if at[-1] > before_ms}
        if len(kept) >= TRIES_KEPT_MAX:  # thousands of names tried at once: an attack, not staff
            raise Problem("too_many_tries")
        self._wrong = kept
