"""The state of a ticket as values: what the ledger keeps, and what `decide` reads and returns."""

from enum import IntEnum
from typing import NamedTuple


class Status(IntEnum):
    """What the issuer says of a ticket. Used is not a status: it is counted per entitlement."""

    valid = 0
    unpaid = 1
    blocked = 2
    void = 3
    refunded = 4


class CredentialState(IntEnum):
    """Whether a credential still opens its ticket, and if not, why."""

    live = 0
    exchanged = 1
    replaced = 2


class Passage(IntEnum):
    """What became of a permission. Hand-held gates count as opened unless they report otherwise."""

    open = 0
    passed = 1
    not_shown = 2
    no_passage = 3


class Authority(IntEnum):
    """Who decides about a segment, seen from this node."""

    here = 0
    elsewhere = 1
    not_ready = 2


class Ticket(NamedTuple):
    """One ticket. `id` is a UUIDv7's 16 bytes; times are UTC ms, 0 = open; session 0 = none."""

    id: bytes
    event: int
    product: int
    home: int
    status: int = Status.valid
    people: int = 1
    session: int = 0
    valid_from_ms: int = 0
    valid_until_ms: int = 0
    exchanged: int = 0
    holder: str = ""
    content: bytes = b""


class Use(NamedTuple):
    """How far one entitlement of a ticket is used up.

    `inside` and `outside` count people of this ticket who are in, or have left and may come back,
    on `day` (start of the site's day, UTC ms); on another day both count as 0, because a venue is
    empty overnight. `zone` is where they are inside. `first_*` tell of the entry that is shown when
    the ticket is refused as used.
    """

    ticket: bytes
    n: int
    segment: int
    uses: int = 0
    days: int = 0
    day: int = 0
    day_uses: int = 0
    inside: int = 0
    outside: int = 0
    zone: str = ""
    gate_uses: str = ""
    first_at_ms: int = 0
    first_gate: str = ""
    first_terminal: str = ""
    first_by: str = ""
    last_request: str = ""
    last_passage: int = Passage.open


def gate_uses_of(use: Use, gate: str) -> int:
    """Return how many people this entitlement has let in at a gate, from its compact text."""
    for pair in use.gate_uses.split():
        slug, _, count = pair.partition("=")
        if slug == gate:
            return int(count)
    return 0


def with_gate_uses(use: Use, gate: str, delta: int) -> str:
    """Return the compact text of uses per gate after adding `delta` people at a gate."""
    counts = {slug: int(n) for slug, n in (p.split("=") for p in use.gate_uses.split())}
    counts[gate] = counts.get(gate, 0) + delta
    return " ".join(f"{slug}={n}" for slug, n in sorted(counts.items()) if n)
