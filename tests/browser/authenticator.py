"""An authenticator app, as the second factor of somebody who signs in at a browser."""

import base64
import hmac
import time


def code_now(secret: str) -> str:
    """Return the six digits such an app shows now for a secret in base 32 (RFC 6238)."""
    moment = (int(time.time()) // 30).to_bytes(8, "big")
    made = hmac.digest(base64.b32decode(secret), moment, "sha1")
    place = made[-1] & 15
    number = int.from_bytes(made[place : place + 4], "big") & 0x7FFF_FFFF
    return f"{number % 1_000_000:06}"
