"""A document between nodes: packed, compressed, signed, and opened only if it is genuine.

The form is the same over a line and in a file. Signing and checking are handed in.
"""

import struct
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

import msgspec
import zstandard

from paifang.sync.columns import Rows, packed, unpacked
from paifang.sync.messages import PROTOCOL, Down, Grant, Up

MAGIC: Final = b"PFS1"
SIGNATURE_BYTES: Final = 64
DOMAIN: Final = b"paifang sync document 1\x00"
DOCUMENT_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of a document when unpacked; more than that is refused before it is unpacked."""
LEVEL: Final = 6

Sign = Callable[[bytes], bytes]
Check = Callable[[bytes, bytes], bool]
Document = TypeVar("Document", Up, Down, Grant)


def _packed(told: object) -> bytes:
    assert isinstance(told, Rows), "documents have no other members of a form of their own"
    return packed(told)


def _unpacked(_kind: type, told: object) -> Rows:
    if not isinstance(told, bytes):
        raise TypeError("rows are bytes")
    return unpacked(told)


_pack = msgspec.msgpack.Encoder(enc_hook=_packed).encode
_length = struct.Struct(">I")


class NotGenuine(Exception):
    """A document is not what it claims: cut off, altered, of another signer, or of no kind known.

    `code` is one of `cut_off`, `altered`, `too_large`, `unreadable`, `too_new`.
    """

    def __init__(self, code: str) -> None:
        """Keep what was the matter."""
        super().__init__(code)
        self.code = code


class Sealed(NamedTuple):
    """A document taken apart, not checked yet: who says to have written it, body, signature."""

    node: str
    body: bytes
    signature: bytes


def seal(document: Up | Down | Grant, node: str, sign: Sign) -> bytes:
    """Return a document as it travels.

    Args:
        document: What is told.
        node: Who tells it.
        sign: Returns the node's Ed25519 signature (64 bytes) of a message.
    """
    body = zstandard.ZstdCompressor(level=LEVEL).compress(_pack(document))
    name = node.encode()
    signature = sign(_signed(name, body))
    return b"".join((MAGIC, bytes((len(name),)), name, _length.pack(len(body)), body, signature))


def _signed(name: bytes, body: bytes) -> bytes:
    return DOMAIN + bytes((len(name),)) + name + body


def take_apart(data: bytes) -> Sealed:
    """Return who says to have written a document, unchecked. Raises NotGenuine."""
    if not data.startswith(MAGIC):
        raise NotGenuine("unreadable")
    place = len(MAGIC) + 1
    try:
        name = data[place : place + data[place - 1]]
        place += len(name)
        (length,) = _length.unpack_from(data, place)
        node = name.decode()
    except (IndexError, struct.error, UnicodeDecodeError):
        raise NotGenuine("cut_off") from None
    place += _length.size
    if len(data) != place + length + SIGNATURE_BYTES:
        raise NotGenuine("cut_off")
    return Sealed(node, data[place : place + length], data[place + length :])


def unseal(sealed: Sealed, check: Check, kind: type[Document]) -> Document:
    """Return the document, if whoever says so wrote it.

    Args:
        sealed: A document taken apart.
        check: Says whether (message, signature) is genuine, by the key of `sealed.node`.
        kind: What it must be.

    Raises:
        NotGenuine: It is not.
    """
    if not check(_signed(sealed.node.encode(), sealed.body), sealed.signature):
        raise NotGenuine("altered")
    try:
        size = zstandard.frame_content_size(sealed.body)
        if not 0 <= size <= DOCUMENT_BYTES_MAX:
            raise NotGenuine("too_large")
        body = zstandard.ZstdDecompressor().decompress(sealed.body)
        document = msgspec.msgpack.decode(body, type=kind, dec_hook=_unpacked)
    except (zstandard.ZstdError, msgspec.MsgspecError, ValueError):
        raise NotGenuine("unreadable") from None
    if document.protocol not in (PROTOCOL, PROTOCOL - 1):
        raise NotGenuine("too_new")
    return document
