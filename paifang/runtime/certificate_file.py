"""The venue's CA in a file for a spare machine: certificate, key and name, sealed by a passphrase.

Whoever has file and passphrase can impersonate this venue's hosts to its own phones, and nobody
else: so the key is stretched by Argon2id (RFC 9106) and the seal is authenticated, which tells an
altered file from a whole one.
"""

import secrets
from typing import Final

import msgspec
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox

from paifang.core import limits

FORMAT: Final = "paifang-certificate-1"
PASSES: Final = 4
MEMORY_BYTES: Final = 128 * 1024 * 1024


class SealError(Exception):
    """The file gives nothing; `code` says why: not_ours, wrong_or_altered."""

    def __init__(self, code: str) -> None:
        """Keep the code, which is also the message."""
        super().__init__(code)
        self.code = code


class Carried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is carried to a spare; the two are PEM."""

    name: str
    certificate: str
    key: str


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    salt: bytes
    passes: int
    memory: int
    sealed: bytes


def is_weak(passphrase: str) -> bool:
    """Whether a passphrase is too easily guessed by somebody who got hold of the file."""
    return (
        len(passphrase.encode()) < limits.PASSPHRASE_BYTES_MIN
        or len(set(passphrase.casefold())) < limits.PASSPHRASE_LETTERS_MIN
        or passphrase.isdecimal()
    )


def seal(carried: Carried, passphrase: str) -> bytes:
    """Return the file's content."""
    salt = secrets.token_bytes(argon2id.SALTBYTES)
    box = _box(passphrase, salt, PASSES, MEMORY_BYTES)
    sealed = bytes(box.encrypt(msgspec.json.encode(carried)))
    return msgspec.json.encode(_Envelope(FORMAT, salt, PASSES, MEMORY_BYTES, sealed)) + b"\n"


def unseal(body: bytes, passphrase: str) -> Carried:
    """Return what a file holds. Raises SealError."""
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise SealError("not_ours") from None
    if envelope.format != FORMAT:
        raise SealError("not_ours")
    if (
        not argon2id.OPSLIMIT_MIN <= envelope.passes <= limits.CERTIFICATE_KDF_PASSES_MAX
        or not argon2id.MEMLIMIT_MIN <= envelope.memory <= limits.CERTIFICATE_KDF_BYTES_MAX
        or len(envelope.salt) != argon2id.SALTBYTES
    ):
        raise SealError("wrong_or_altered")
    box = _box(passphrase, envelope.salt, envelope.passes, envelope.memory)
    try:
        return msgspec.json.decode(box.decrypt(envelope.sealed), type=Carried)
    except (CryptoError, ValueError):
        # Of nonsense so short that no nonce is in it the library says ValueError.
        raise SealError("wrong_or_altered") from None


def _box(passphrase: str, salt: bytes, passes: int, memory: int) -> SecretBox:
    key = argon2id.kdf(SecretBox.KEY_SIZE, passphrase.encode(), salt, passes, memory)
    return SecretBox(key)
