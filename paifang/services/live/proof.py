"""Proof that a terminal holds its key: ECDSA with P-256 and SHA-256, as browsers' WebCrypto signs.

The private half never leaves the device's browser, which made it non-extractable.
"""

import base64
import binascii
import hashlib
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from paifang.services.live.bodies_terminals import KeyBody
from paifang.services.live.problems import Problem

CONTEXT: Final = "paifang/terminal-token"
COORDINATE_BYTES: Final = 32
KEY_NAME_BYTES: Final = 8
_ALGORITHM: Final = ec.ECDSA(hashes.SHA256())


def public_key_of(key: KeyBody) -> str:
    """Return a key as it is kept: the uncompressed point (SEC 1, 2.3.3), in hex.

    Raises:
        Problem: key_malformed, also for a point that is not on the curve.
    """
    try:
        point = b"\x04" + _coordinate(key.x) + _coordinate(key.y)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise Problem("key_malformed", "key") from None
    return point.hex()


def key_name(public_key: str) -> str:
    """Return the short name of a key, by which tokens belong to it; "" of no key."""
    if not public_key:
        return ""
    digest = hashlib.sha256(bytes.fromhex(public_key)).digest()[:KEY_NAME_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def signed_text(terminal: str, challenge: str, staff: str, shift: str) -> bytes:
    """Return what a terminal signs to sign on."""
    return "".join(f"{line}\n" for line in (CONTEXT, terminal, challenge, staff, shift)).encode()


def proves(public_key: str, message: bytes, signature: str) -> bool:
    """Whether a signature (r and s, 32 bytes each, base64url) of a message is by a key."""
    try:
        raw = _from_b64url(signature)
        if len(raw) != 2 * COORDINATE_BYTES:
            return False
        r, s = raw[:COORDINATE_BYTES], raw[COORDINATE_BYTES:]
        _loaded(public_key).verify(
            encode_dss_signature(int.from_bytes(r), int.from_bytes(s)), message, _ALGORITHM
        )
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=1_024)
def _loaded(public_key: str) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(public_key))


def _coordinate(text: str) -> bytes:
    raw = _from_b64url(text)
    if len(raw) != COORDINATE_BYTES:
        raise ValueError("a coordinate has 32 bytes")
    return raw


def _from_b64url(text: str) -> bytes:
    """Return bytes written as base64url without padding (RFC 4648, 5). Raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
