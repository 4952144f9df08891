"""A device with a P-256 key of its own, signing as a browser's WebCrypto does."""

import base64
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def b64url(raw: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Device:
    """A phone or tablet. With a `seed` always the same key, else a fresh one."""

    def __init__(self, seed: int = 0) -> None:
        self._key = (
            ec.derive_private_key(seed, ec.SECP256R1())
            if seed
            else ec.generate_private_key(ec.SECP256R1())
        )

    @property
    def jwk(self) -> dict[str, str]:
        """The public half, as of RFC 7517."""
        numbers = self._key.public_key().public_numbers()
        x, y = (b64url(n.to_bytes(32)) for n in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    @property
    def public_key(self) -> str:
        """The public half as the server keeps it: the uncompressed point in hex."""
        numbers = self._key.public_key().public_numbers()
        return (b"\x04" + numbers.x.to_bytes(32) + numbers.y.to_bytes(32)).hex()

    def sign(self, text: str) -> str:
        """Sign a text: r and s, 32 bytes each."""
        r, s = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return b64url(r.to_bytes(32) + s.to_bytes(32))

    def proof(self, terminal: str, challenge: str, **more: Any) -> dict[str, Any]:
        """Return the body that asks for a token with a challenge signed."""
        lines = (
            *("paifang/terminal-token", terminal, challenge),
            *(more.get("staff", ""), more.get("shift", "")),
        )
        signature = self.sign("".join(f"{line}\n" for line in lines))
        return {"terminal": terminal, "challenge": challenge, "signature": signature, **more}
