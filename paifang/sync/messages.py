"""What centre and lessee tell each other: two documents, `Up` and `Down`, and a grant.

A lessee tells `Up`: what it has, and rows the centre lacks. The centre answers `Down`: what it has
got, and what the lessee lacks. Each is whole by itself, may be told again or lost, and means the
same over a line or on a stick carried by hand. Neither side remembers what it told: `have` and
`acks` say where to go on.
"""

from typing import Final

import msgspec

from paifang.ledger.lease_commands import (
    Counts,
    WireAnswer,
    WireBundle,
    WireEnclosure,
    WireHead,
)
from paifang.ledger.records import SegmentName, TicketRecord
from paifang.ledger.restore_commands import Ask
from paifang.sync.columns import Rows

PROTOCOL: Final = 1
"""The version spoken; versions N and N-1 understand each other."""


class Have(msgspec.Struct, frozen=True, array_like=True):
    """How far a lessee is with a lease: its state, chunks in, and cursor of the centre's journal.

    `not_after_ms` is what it believes.
    """

    lease: bytes
    state: int
    loaded: int
    cursor: int
    not_after_ms: int


class Page(msgspec.Struct, frozen=True, array_like=True):
    """Rows of one segment in order, and what they lead to (see `ImportRows`)."""

    segment: SegmentName
    lease: bytes
    rows: Rows
    segments: tuple[SegmentName, ...] = ()
    records: tuple[TicketRecord, ...] = ()
    enclosures: tuple[WireEnclosure, ...] = ()
    bundles: tuple[WireBundle, ...] = ()


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What a restored centre asked a lessee: a part of a lease it forgot (see `Regain`).

    The state and the end it has at the lessee, and the grant the centre signed. `records` are
    tickets as they were when they were given to the lessee.
    """

    lease: bytes
    after: str
    until: str
    state: int
    document: bytes
    not_after_ms: int
    segments: tuple[SegmentName, ...] = ()
    records: tuple[TicketRecord, ...] = ()
    answers: tuple[WireAnswer, ...] = ()
    erased: tuple[bytes, ...] = ()


class LinkStatus(msgspec.Struct, frozen=True, array_like=True):
    """How a lessee finds its line and itself, for the centre's pages.

    Rows that wait to be told, the oldest of them (UTC ms, 0 = none), and its clock (UTC ms).
    `asked` is a lease it asks for, in the words of whoever runs it; a person decides about it.
    `link` is how it finds its line (JSON, for people; no decision hangs on it).
    """

    backlog: int = 0
    oldest_ms: int = 0
    now_ms: int = 0
    version: str = ""
    asked: str = ""
    link: str = ""


class Up(msgspec.Struct, frozen=True, kw_only=True, tag="up"):
    """From a lessee. `boot` counts its starts; `nonce` is this message's, `last` that before it.

    `rules` is the version of the centre's layer in force there; `generation` the centre's restore
    generation it heard of, `told` and `bundles` what the centre asked for after that. A `probe`
    asks for nothing and is answered nothing: it finds out how the line is, and `pad` gives it size.
    `rules` is the version of the centre's layer in force there. `spared` tells of sealed grants up
    to where their lessees' rows are here: (UUID of a segment, epoch, seq).
    """

    protocol: int = PROTOCOL
    node: str
    boot: int
    nonce: bytes
    last: bytes = b""
    rules: int = 0
    have: tuple[Have, ...] = ()
    pages: tuple[Page, ...] = ()
    status: LinkStatus = LinkStatus()
    generation: int = 0
    told: tuple[Told, ...] = ()
    bundles: tuple[WireBundle, ...] = ()
    probe: bool = False
    pad: bytes = b""
    spared: tuple[tuple[str, int, int], ...] = ()


class Grant(msgspec.Struct, frozen=True, kw_only=True, tag="grant"):
    """A lease as the centre gives it: whose, on what, until when, and where everything stands.

    `snapshot` is the SHA-256 of the snapshot, `chunks` how many chunks of how many `tickets` it
    has. `keys` are the keys of its events, sealed for the lessee alone. `collect` says that the
    host before was given up, so that every gate is fenced and its journal collected before this
    one opens. `spare` is the host that has a grant signed beforehand behind this one; `sealed` says
    that this is such a grant: it begins when two persons have broken the glass.
    """

    protocol: int = PROTOCOL
    centre: str
    lease: bytes
    site: str
    periods: tuple[str, ...]
    lessee: str
    epoch: int
    rights: tuple[str, ...]
    granted_ms: int
    not_after_ms: int
    cursor: int
    heads: tuple[WireHead, ...]
    counts: Counts = Counts()
    snapshot: bytes = b""
    snapshot_bytes: int = 0
    chunks: int = 0
    tickets: int = 0
    keys: bytes = b""
    collect: bool = False
    spare: str = ""
    sealed: bool = False


class LeaseNews(msgspec.Struct, frozen=True, array_like=True):
    """What the centre says of a lease: its state there, and when it ends."""

    lease: bytes
    state: int
    not_after_ms: int


class Delta(msgspec.Struct, frozen=True, array_like=True):
    """What was issued, amended or erased for a lease, from one position to another."""

    lease: bytes
    since: int
    until: int
    segments: tuple[SegmentName, ...] = ()
    records: tuple[TicketRecord, ...] = ()
    erased: tuple[bytes, ...] = ()


class Wished(msgspec.Struct, frozen=True, array_like=True):
    """What the centre wishes for a ticket: void, block or unblock, and whether money follows."""

    wish: bytes
    ticket: bytes
    kind: str
    refund: bool
    reason_text: str = ""


class Relayed(msgspec.Struct, frozen=True, array_like=True):
    """What a lessee wrote in a segment, from one row to another, for the spare behind it."""

    lease: bytes
    segment: str
    epoch: int
    since: int
    until: int
    acts: tuple[WireAnswer, ...]


class Ack(msgspec.Struct, frozen=True, array_like=True):
    """Up to where rows of a segment are here, and the chain's hash there (a countersigned head)."""

    segment: str
    epoch: int
    seq: int
    hash: bytes


class Down(msgspec.Struct, frozen=True, kw_only=True, tag="down"):
    """From the centre, in answer to `reply_to` (the nonce of an `Up`).

    `grants` are signed documents of leases the lessee did not have yet. `more` says that a part did
    not fit, and to ask again at once. `faults` are (segment, code) of pages that were not accepted.
    `generation` is the restore generation, `position` where the centre's own journal went on after
    those the lessee has not heard of, `asks` what the centre has forgotten and wants to be told.
    `worked_ms` is how long the centre had the document: the rest of the time it was under way.
    `relayed` is for a spare; `spared` tells a lessee up to where its spare knows its rows.
    """

    protocol: int = PROTOCOL
    node: str
    reply_to: bytes
    at_ms: int
    acks: tuple[Ack, ...] = ()
    grants: tuple[bytes, ...] = ()
    leases: tuple[LeaseNews, ...] = ()
    rules: WireBundle | None = None
    deltas: tuple[Delta, ...] = ()
    wishes: tuple[Wished, ...] = ()
    more: bool = False
    faults: tuple[tuple[str, str], ...] = ()
    generation: int = 0
    position: int = 0
    asks: tuple[Ask, ...] = ()
    worked_ms: int = 0
    relayed: tuple[Relayed, ...] = ()
    spared: tuple[tuple[str, int, int], ...] = ()


class Chunk(msgspec.Struct, frozen=True, array_like=True):
    """A part of a snapshot: tickets, the names their segments go by, and answers given already."""

    segments: tuple[SegmentName, ...]
    records: tuple[TicketRecord, ...]
    answers: tuple[WireAnswer, ...] = ()
