"""What a gate and the host of its venue tell each other: one message each way, repeatable.

The gate tells a `LaneUp`: what it wants to know, and parts of its journal if it was asked for them.
The host answers a `LaneDown`. Each may be lost, doubled or late; nothing rests on their order.
"""

from typing import Final

import msgspec

from paifang.ledger.lease_commands import WireAnswer

LANE_PROTOCOL: Final = 1
"""The version spoken; versions N and N-1 understand each other."""


class LaneAsk(msgspec.Struct, frozen=True, array_like=True):
    """What a gate asks the host to decide, or tells it, under a request id of its own.

    `act` is admit, withdraw (what was asked as admit is not wanted any more: nobody waits for it),
    record (somebody passed at `at_ms`), passage (`result` tells what became of `admission`) or
    annul (of `admission`).
    """

    request_id: str
    act: str
    gate: str = ""
    code: str = ""
    kind: str = "auto"
    direction: str = "entry"
    count: int = 1
    at_ms: int = 0
    admission: str = ""
    result: int = 0


class JournalPart(msgspec.Struct, frozen=True, array_like=True):
    """A part of everything a fenced gate keeps, for the host of a lease (see `Recover`)."""

    lease: bytes
    tag: str
    part: int
    parts: int
    acts: tuple[WireAnswer, ...]


class LaneUp(msgspec.Struct, frozen=True, kw_only=True, tag="lane_up"):
    """From a gate. `unsettled` are requests whose answers another host gave than this one."""

    protocol: int = LANE_PROTOCOL
    terminal: str
    asks: tuple[LaneAsk, ...] = ()
    part: JournalPart | None = None
    unsettled: tuple[str, ...] = ()


class LaneAnswer(msgspec.Struct, frozen=True, array_like=True):
    """The journal row that answers a request, and the epoch under which the host tells it.

    `under` is that of the row's segment as the host holds it now: an answer that another host gave
    is repeated under the epoch of the one who repeats it.
    """

    row: WireAnswer
    under: int


class Fence(msgspec.Struct, frozen=True, array_like=True):
    """A host holds these segments under an epoch: answers under a lower one count no more.

    With `collects` it wants the gate's journal; of the telling `tag` it has `taken` parts.
    """

    lease: bytes
    epoch: int
    segments: tuple[str, ...]
    collects: bool = False
    tag: str = ""
    taken: int = 0


class LaneDown(msgspec.Struct, frozen=True, kw_only=True, tag="lane_down"):
    """From the host `node`.

    `faults` are (request id, code) of what was not carried out. `acks` say up to where the centre
    has the rows of a segment: (UUID, epoch, seq). `settled` say where acts of another host stand by
    now: (request id, UUID, epoch, seq).
    """

    protocol: int = LANE_PROTOCOL
    node: str
    answers: tuple[LaneAnswer, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()
    fences: tuple[Fence, ...] = ()
    acks: tuple[tuple[str, int, int], ...] = ()
    settled: tuple[tuple[str, str, int, int], ...] = ()
