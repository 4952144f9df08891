"""A request that a node signs in one header, so that it is known before a body is read.

The header names the node, the moment by the centre's clock, and a nonce; the signature covers
these, the path, and what it is about: the range that is asked for, or the SHA-256 of the body that
follows. It is good for minutes and once, so nobody who comes by an old document gets its answer.
"""

import secrets
from collections import deque
from typing import Final, NamedTuple

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from paifang.core import limits
from paifang.core.rules import Peer, Rules
from paifang.services.live.keys import Keys
from paifang.services.live.problems import Problem

HEADER: Final = "paifang-node"
DOMAIN: Final = "paifang sync request 1"
_CHARS_MAX: Final = 512
_NONCE_BYTES: Final = 16
_SEEN_MAX: Final = 100_000


class _Told(NamedTuple):
    """The parts of the header."""

    node: str
    at_ms: int
    nonce: str
    signature: bytes


def signed_header(keys: Keys, path: str, about: str, now_ms: int) -> str:
    """Return the value of the header by which a node asks for a path.

    Args:
        keys: The node's.
        path: What is asked for, as it stands in the request.
        about: The value of the Range header, or the SHA-256 of the body in hex.
        now_ms: UTC milliseconds by the centre's clock.
    """
    nonce = secrets.token_hex(_NONCE_BYTES)
    message = _message(keys.node, now_ms, nonce, path, about)
    return f"{keys.node} {now_ms} {nonce} {keys.sign(message).hex()}"


def _message(node: str, at_ms: int, nonce: str, path: str, about: str) -> bytes:
    lines = (DOMAIN, node, str(at_ms), nonce, path, about)
    return "".join(f"{line}\n" for line in lines).encode()


def known_peer(rules: Rules, node: str) -> Peer:
    """Return the node of this name that may talk. Raises Problem node_unknown, node_revoked."""
    peer = rules.node.peers.get(node)
    if peer is None:
        raise Problem("node_unknown")
    if peer.revoked:
        raise Problem("node_revoked")
    return peer


def verified(public_key: str, message: bytes, signature: bytes) -> bool:
    """Whether the node of an Ed25519 key (in hex) signed a message."""
    try:
        VerifyKey(bytes.fromhex(public_key)).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


class SignedRequests:
    """Checks headers, and remembers what came while it could still be repeated."""

    def __init__(self) -> None:
        """Start with nothing seen; what was signed before cannot be older than minutes."""
        self._seen: set[str] = set()
        self._ages: deque[tuple[int, str]] = deque()

    @property
    def remembered(self) -> int:
        """How many headers could still be repeated."""
        return len(self._seen)

    def require(self, rules: Rules, header: str, path: str, about: str, *, now_ms: int) -> Peer:
        """Return who asks.

        Args:
            rules: In force.
            header: As it came.
            path: What is asked for.
            about: The value of the Range header, or the SHA-256 of the body in hex.
            now_ms: UTC milliseconds.

        Raises:
            Problem: node_unknown, node_revoked, document_forged, request_stale.
        """
        told = _parts(header)
        peer = known_peer(rules, told.node)
        message = _message(told.node, told.at_ms, told.nonce, path, about)
        if not verified(peer.public_key, message, told.signature):
            raise Problem("document_forged")
        if abs(told.at_ms - now_ms) > limits.SYNC_CLOCK_MS_MAX or not self._is_new(told, now_ms):
            raise Problem("request_stale")
        return peer

    def _is_new(self, told: _Told, now_ms: int) -> bool:
        while self._ages and self._ages[0][0] < now_ms - 2 * limits.SYNC_CLOCK_MS_MAX:
            self._seen.discard(self._ages.popleft()[1])
        name = f"{told.node} {told.nonce}"
        if name in self._seen or len(self._seen) >= _SEEN_MAX:
            return False
        self._seen.add(name)
        self._ages.append((now_ms, name))
        return True


def _parts(header: str) -> _Told:
    """Return the parts of a header. Raises Problem node_unknown for none, document_forged."""
    if not header:
        raise Problem("node_unknown")
    try:
        if len(header) > _CHARS_MAX:
            raise ValueError
        node, at_ms, nonce, signature = header.split(" ")
        if not at_ms.isdecimal() or not at_ms.isascii() or len(at_ms) > 15:
            raise ValueError
        return _Told(node, int(at_ms), nonce, bytes.fromhex(signature))
    except ValueError:
        raise Problem("document_forged") from None
