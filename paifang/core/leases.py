"""Leases: who may decide about a site's segments, until when, and the epochs that fence.

A segment has one authority at a time: the centre, or the lessee, who holds the lease on it. Each
change of hands takes a new epoch, and epochs only grow: the centre grants even ones, a sealed
grant that was signed beforehand ("break glass") odd ones. In the high part of an epoch stands the
centre's restore generation, so that a centre brought back from yesterday's backup never grants an
epoch again that it does not remember.
"""

from enum import IntEnum, StrEnum
from typing import Final

GENERATION_SHIFT: Final = 32
"""Above this bit of an epoch stands the restore generation."""

EPOCH_MAX: Final = (1 << 62) - 1
GENERATIONS_FROM_MS: Final = 1_767_225_600_000
"""The start of 2026 (UTC), from which restore generations are counted at least."""
GENERATION_MS: Final = 600_000


class Right(StrEnum):
    """What a lessee may do in the segments it holds."""

    admit = "admit"
    exchange = "exchange"
    register = "register"
    sell = "sell"


RIGHTS: Final = (Right.admit, Right.exchange, Right.register, Right.sell)


class LeaseState(IntEnum):
    """How far a lease has come, at whichever node it is looked at.

    At the centre `granted` becomes `ready` once the lessee said that it has everything; at the
    lessee `granted` means that it still fetches, and decides nothing. `sealed` is a grant that was
    signed beforehand, behind the lease of another host: whoever has it decides nothing until the
    glass is broken, and then begins with `granted`.
    """

    granted = 0
    ready = 1
    returned = 2
    broken = 3
    sealed = 4


OPEN_STATES: Final = frozenset({LeaseState.granted, LeaseState.ready})
"""States in which a lease gives its holder the say, or soon will."""

LIVE_STATES: Final = OPEN_STATES | {LeaseState.sealed}
"""States of leases that have not ended."""


class WishKind(StrEnum):
    """What the centre may ask a lessee to do with a ticket, which then decides."""

    void = "void"
    block = "block"
    unblock = "unblock"


class WishState(IntEnum):
    """What became of a wish.

    `told` is answered by a lessee whose spare does not know of it yet: should the spare take over
    now, it decides anew, so nobody acts on the answer before it is granted or refused.
    """

    asked = 0
    granted = 1
    refused = 2
    told = 3


def next_epoch(newest: int, generation: int = 0, *, break_glass: bool = False) -> int:
    """Return the epoch of the next grant.

    Args:
        newest: The highest epoch of this segment ever heard of.
        generation: The centre's restore generation; it never shrinks an epoch.
        break_glass: A grant made beforehand for the case that the centre cannot be asked: odd.

    Raises:
        ValueError: There is no room left above.
    """
    epoch = max(newest, generation << GENERATION_SHIFT) + 1
    if epoch % 2 != int(break_glass):
        epoch += 1
    if epoch > EPOCH_MAX:
        raise ValueError("no epoch is left")
    return epoch


def generation_at(now_ms: int) -> int:
    """Return what the generation of a restore at a time (UTC ms) is at least.

    One more than the last one known would do, were it not that the same backup can be restored a
    second time, and does not know of the first. It counts tens of minutes: with that an epoch stays
    below 2^53 until 2065, so that a browser can hold it.
    """
    return max(1, (now_ms - GENERATIONS_FROM_MS) // GENERATION_MS)


def partner_of(lease: bytes) -> bytes:
    """Return the id of the sealed grant behind a lease, or of the lease before a sealed grant."""
    return lease[:-1] + bytes((lease[-1] ^ 1,))


def passes_fence(newest: int, told: int) -> bool:
    """Whether a gate may act on an answer given under an epoch, having seen a newest one before.

    A lower one comes from a host that no longer holds the lease, however alive it seems.
    """
    return told >= newest


def rights_mask(rights: str) -> int:
    """Return the rights of a lease, as kept ("admit exchange"), as bits; 0 is left for owners."""
    held = rights.split()
    return sum(1 << place for place, right in enumerate(RIGHTS) if right.value in held)


def may(mask: int, right: Right) -> bool:
    """Whether whoever decides about a segment may do something: an owner (0) everything."""
    return not mask or bool(mask >> RIGHTS.index(right) & 1)
