"""The ledger's Unix socket: frames of a 4-byte big-endian length and a msgpack value.

A request carries commands to be committed in order, its reply one outcome for each. Reading goes
past the socket: whoever may open it may also read the ledger's file. `Hello` opens every connection
and says which ledger stands behind it, so that nobody talks to the wrong one.
"""

from collections.abc import Sequence
from typing import Final, cast

import msgspec

from paifang.core import limits
from paifang.ledger.any_command import AnyCommand
from paifang.ledger.commands import Command
from paifang.ledger.facts import Answer
from paifang.ledger.faults import FAULTS, LedgerFault, Unexpected

HEAD_BYTES: Final = 4
PROTOCOL: Final = 1


class FrameError(Exception):
    """The other side does not speak this protocol; the connection is of no further use."""


class Hello(msgspec.Struct, frozen=True, array_like=True):
    """The first frame from the server: the protocol's number and the node's name."""

    protocol: int
    node: str


class Request(msgspec.Struct, frozen=True, array_like=True):
    """Commands to be committed in order; `n` comes back with the reply."""

    n: int
    commands: list[AnyCommand]


class Answered(msgspec.Struct, frozen=True, array_like=True, tag="answer"):
    """A command's answer."""

    answer: Answer


class Faulted(msgspec.Struct, frozen=True, array_like=True, tag="fault"):
    """A command's fault, by its code."""

    code: str
    detail: str


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """One outcome for each command of request `n`, in order."""

    n: int
    outcomes: list[Answered | Faulted]


_encode = msgspec.msgpack.Encoder().encode
_hello = msgspec.msgpack.Decoder(Hello)
_request = msgspec.msgpack.Decoder(Request)
_reply = msgspec.msgpack.Decoder(Reply)


def frame(value: Hello | Request | Reply) -> bytes:
    """Return a value as a frame. Raises FrameError if it is too large for one."""
    body = _encode(value)
    if len(body) > limits.SOCKET_FRAME_BYTES_MAX:
        raise FrameError(f"a frame of {len(body)} bytes")
    return len(body).to_bytes(HEAD_BYTES) + body


def body_length(head: bytes) -> int:
    """Return the length a frame's head announces. Raises FrameError if it is out of bounds."""
    length = int.from_bytes(head)
    if not 0 < length <= limits.SOCKET_FRAME_BYTES_MAX:
        raise FrameError(f"a frame of {length} bytes")
    return length


def read_hello(body: bytes) -> Hello:
    """Return the server's hello. Raises FrameError."""
    try:
        hello = _hello.decode(body)
    except msgspec.DecodeError as error:
        raise FrameError(str(error)) from None
    if hello.protocol != PROTOCOL:
        raise FrameError(f"protocol {hello.protocol}, not {PROTOCOL}")
    return hello


def read_request(body: bytes) -> Request:
    """Return a request. Raises FrameError if it is none or holds too many commands."""
    try:
        request = _request.decode(body)
    except msgspec.DecodeError as error:
        raise FrameError(str(error)) from None
    if len(request.commands) > limits.SOCKET_COMMANDS_MAX:
        raise FrameError(f"{len(request.commands)} commands at once")
    return request


def read_reply(body: bytes) -> Reply:
    """Return a reply. Raises FrameError."""
    try:
        return _reply.decode(body)
    except msgspec.DecodeError as error:
        raise FrameError(str(error)) from None


def request(n: int, commands: Sequence[Command]) -> Request:
    """Return a request for commands to be committed in order."""
    # Every command is one of AnyCommand's; the sequence is read, never added to.
    return Request(n, cast("list[AnyCommand]", list(commands)))


def reply(n: int, outcomes: Sequence[Answer | LedgerFault]) -> Reply:
    """Return the reply to request `n`."""
    return Reply(
        n,
        [
            Faulted(outcome.code, outcome.detail)
            if isinstance(outcome, LedgerFault)
            else Answered(outcome)
            for outcome in outcomes
        ],
    )


def outcome_of(told: Answered | Faulted) -> Answer | LedgerFault:
    """Return an outcome as it was on the other side."""
    if isinstance(told, Answered):
        return told.answer
    return FAULTS.get(told.code, Unexpected)(told.detail)
