"""A certificate's fingerprint, as machines show it and as people compare it."""

import hashlib
from typing import NamedTuple

DIGITS = 30
GROUP = 5


class Fingerprints(NamedTuple):
    """One certificate, recognised in three ways.

    Attributes:
        sha256: The SHA-256 in pairs, as telephones, macOS and browsers show it.
        sha1: The SHA-1 in pairs, the only one that Windows shows ("thumbprint").
        digits: Six groups of five digits out of the SHA-256: 99 bits, read aloud in any language.
    """

    sha256: str
    sha1: str
    digits: str


def fingerprints(der: bytes) -> Fingerprints:
    """Return the fingerprints of a certificate in DER."""
    digest = hashlib.sha256(der).digest()
    number = f"{int.from_bytes(digest) % 10**DIGITS:0{DIGITS}}"
    return Fingerprints(
        sha256=digest.hex(":").upper(),
        # Shown beside Windows's own thumbprint; nothing is decided by it.
        sha1=hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
        digits=" ".join(number[at : at + GROUP] for at in range(0, DIGITS, GROUP)),
    )
