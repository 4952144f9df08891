"""Commands about leases: what the centre grants, what the lessee takes in, and what comes back.

Those of the centre are asked for by people; those of the lessee are made from what the centre
signed, by `sync`. Nothing of them waits for the other node.
"""

import msgspec

from paifang.ledger.commands import Command, Gatework
from paifang.ledger.records import SegmentName, TicketRecord


class WireHead(msgspec.Struct, frozen=True, array_like=True):
    """Where a segment's journal stands when it changes hands (see `Head`)."""

    name: SegmentName
    epoch: int
    seq: int
    hash: bytes
    page: int
    page_rows: int
    last_at_ms: int


class WireRow(msgspec.Struct, frozen=True, array_like=True):
    """A journal row between nodes: `JournalRow` without the number of its segment."""

    epoch: int
    seq: int
    at_ms: int
    node: str
    kind: str
    request_id: str
    payload: bytes
    digest: bytes


class WireEnclosure(msgspec.Struct, frozen=True, array_like=True):
    """An enclosure of a row that travels with it; `salt` and `body` are empty once erased."""

    epoch: int
    seq: int
    n: int
    ticket: bytes
    kind: str
    digest: bytes
    salt: bytes
    body: bytes


class WireBundle(msgspec.Struct, frozen=True, array_like=True):
    """A version of a layer of the rules bundle, as its node published and signed it."""

    version: int
    body: bytes
    signature: bytes


class Counts(msgspec.Struct, frozen=True, array_like=True):
    """Counters that travel with a lease: (zone, day, entries, exits), (session, admitted).

    `known` are (segment, epoch, seq) up to which the centre has the rows of each epoch before;
    `quotas` (id, segment, capacity, allotted, held, sold) and `holds` that are open
    (id, quota, units, until_ms).
    """

    zone_days: tuple[tuple[str, int, int, int], ...] = ()
    sessions: tuple[tuple[int, int], ...] = ()
    known: tuple[tuple[str, int, int], ...] = ()
    quotas: tuple[tuple[str, str, int, int, int, int], ...] = ()
    holds: tuple[tuple[str, str, int, int], ...] = ()


class WireAnswer(msgspec.Struct, frozen=True, array_like=True):
    """The answer a request got, and where it stands (segment's UUID): `Settled` on its way."""

    request_id: str
    segment: str
    epoch: int
    seq: int
    at_ms: int
    node: str
    kind: str
    payload: bytes


class GrantLease(Command, frozen=True, tag="grant_lease", kw_only=True):
    """The centre gives the segments of a site's periods, and its standing one, to a venue host.

    `lease` is the lease's id (UUIDv7). From this command on the centre decides nothing there.
    `spare` is another host that is given a sealed grant, for the case that the lessee is lost while
    the centre cannot be asked.
    """

    lease: bytes
    site: str
    periods: tuple[str, ...]
    lessee: str
    rights: tuple[str, ...]
    not_after_ms: int
    reason_text: str = ""
    spare: str = ""


class ExtendLease(Command, frozen=True, tag="extend_lease", kw_only=True):
    """The centre lets a lease go on until later; never until earlier."""

    lease: bytes
    not_after_ms: int
    reason_text: str = ""


class BreakLease(Command, frozen=True, tag="break_lease", kw_only=True):
    """The centre takes a lease back without the lessee, on the word of two persons.

    What the lessee admitted and has not told can then be admitted again: both are asked for their
    names, and everything it tells later is history, reported and not applied.
    """

    lease: bytes
    second: str
    reason_text: str


class MakeWish(Command, frozen=True, tag="make_wish", kw_only=True):
    """The centre asks whoever holds a ticket's segments to void, block or unblock it."""

    wish: bytes
    ticket: bytes
    kind: str
    refund: bool = False
    reason_text: str = ""


class ImportRows(Gatework, frozen=True, tag="import_rows", kw_only=True):
    """Rows of one segment that another node wrote, in order, to be taken in and followed.

    `records` are the tickets these rows brought into being and the credentials they bound, because
    rows hold hashes only; `segments` are the names those records go by. `lease` is b"" for the
    node's own segment, whose name has no site and the node for its period.
    """

    node: str
    segment: SegmentName
    lease: bytes
    rows: tuple[WireRow, ...]
    segments: tuple[SegmentName, ...] = ()
    records: tuple[TicketRecord, ...] = ()
    enclosures: tuple[WireEnclosure, ...] = ()
    bundles: tuple[WireBundle, ...] = ()


class HearPeer(Gatework, frozen=True, tag="hear_peer", kw_only=True):
    """Another node spoke: its start, this message's nonce, the last one of its that was answered.

    The other members are what it tells of itself (see `PeerState`); `now_ms` is its clock.
    """

    node: str
    boot: int
    nonce: bytes
    last: bytes = b""
    now_ms: int = 0
    backlog: int = 0
    oldest_ms: int = 0
    version: str = ""
    asked: str = ""
    link: str = ""


class AdoptRules(Command, frozen=True, tag="adopt_rules", kw_only=True):
    """A lessee takes in a version of the centre's layer, which keeps the centre's number.

    `regained`: the centre itself does, which forgot it.
    """

    version: int
    body: bytes
    signature: bytes
    regained: bool = False


class TakeLease(Command, frozen=True, tag="take_lease", kw_only=True):
    """A lessee begins with a lease it was granted: segments appear, and are not ready.

    `chunks` is how many chunks its snapshot has, `cursor` the centre's own journal (its seq) up to
    which the snapshot goes at least. `document` is what the centre signed; `collect` says that the
    host before was given up, so that the gates' journals are wanted before this one opens.
    `spare` is who has a sealed grant behind this lease; `sealed` says that this is such a grant.
    """

    lease: bytes
    site: str
    periods: tuple[str, ...]
    lessee: str
    epoch: int
    rights: tuple[str, ...]
    granted_ms: int
    not_after_ms: int
    chunks: int
    cursor: int
    heads: tuple[WireHead, ...]
    counts: Counts = Counts()
    document: bytes = b""
    collect: bool = False
    spare: str = ""
    sealed: bool = False


class LoadRecords(Command, frozen=True, tag="load_records", kw_only=True):
    """A lessee takes in one chunk of a snapshot; chunks come in order, each once."""

    lease: bytes
    chunk: int
    segments: tuple[SegmentName, ...]
    records: tuple[TicketRecord, ...]
    answers: tuple[WireAnswer, ...] = ()


class Recover(Gatework, frozen=True, tag="recover", kw_only=True):
    """A host that takes over takes in a part of the journal of a gate, which is fenced by now.

    Parts of one telling (`tag`) come in order; with the last of them the journal is complete.
    """

    lease: bytes
    terminal: str
    tag: str
    part: int
    parts: int
    acts: tuple[WireAnswer, ...] = ()


class OpenLease(Command, frozen=True, tag="open_lease", kw_only=True):
    """Every chunk is there, and every journal: from now on the lessee decides.

    `written_off` are gates whose journals nobody waits for; what is admitted then is provisional.
    Somebody must stand behind that as `actor`.
    """

    lease: bytes
    written_off: tuple[str, ...] = ()
    reason_text: str = ""


class BreakGlass(Command, frozen=True, tag="break_glass", kw_only=True):
    """A spare begins to use its sealed grant, on the word of two persons.

    It is for the case that the lessee is lost and the centre cannot be asked.
    """

    lease: bytes
    second: str
    reason_text: str


class KeepActs(Gatework, frozen=True, tag="keep_acts", kw_only=True):
    """A spare is told by the centre what the lessee has written in a segment, to be kept aside.

    It follows what stands up to `since` under the lessee's `epoch`, and goes up to `until`.
    """

    lease: bytes
    segment: str
    epoch: int
    since: int
    until: int
    acts: tuple[WireAnswer, ...] = ()


class HearSpare(Gatework, frozen=True, tag="hear_spare", kw_only=True):
    """Up to where a spare has been told its lessee's rows: (uuid, epoch, seq).

    `wishes` are those whose answers nobody can decide anew from here on.
    """

    cursors: tuple[tuple[str, int, int], ...] = ()
    wishes: tuple[bytes, ...] = ()


class ApplyDelta(Gatework, frozen=True, tag="apply_delta", kw_only=True):
    """What the centre issued, amended or erased since, up to `cursor` in its own journal."""

    lease: bytes
    cursor: int
    segments: tuple[SegmentName, ...] = ()
    records: tuple[TicketRecord, ...] = ()
    erased: tuple[bytes, ...] = ()


class ProlongLease(Gatework, frozen=True, tag="prolong_lease", kw_only=True):
    """A lessee was told that its lease goes on until later."""

    lease: bytes
    not_after_ms: int


class AnswerWish(Gatework, frozen=True, tag="answer_wish", kw_only=True):
    """A lessee decides what the centre wishes for a ticket. Its `request_id` is `wish_id`."""

    wish: bytes
    ticket: bytes
    kind: str
    refund: bool = False
    reason_text: str = ""


class HearAcks(Gatework, frozen=True, tag="hear_acks", kw_only=True):
    """The centre has these segments up to there: (uuid, epoch, seq, hash)."""

    acks: tuple[tuple[str, int, int, bytes], ...]


class ReturnLease(Gatework, frozen=True, tag="return_lease", kw_only=True):
    """A lessee gives its segments back; after this it decides nothing there."""

    lease: bytes
    reason_text: str = ""


class LoseLease(Gatework, frozen=True, tag="lose_lease", kw_only=True):
    """A lessee heard that its lease was broken: it stops at once."""

    lease: bytes


def wish_id(wish: bytes) -> str:
    """Return the request id under which a wish is decided, which it is once."""
    return f"wish:{wish.hex()}"


LeaseCommand = (
    GrantLease
    | ExtendLease
    | BreakLease
    | MakeWish
    | ImportRows
    | HearPeer
    | AdoptRules
    | TakeLease
    | LoadRecords
    | Recover
    | OpenLease
    | BreakGlass
    | KeepActs
    | HearSpare
    | ApplyDelta
    | ProlongLease
    | AnswerWish
    | HearAcks
    | ReturnLease
    | LoseLease
)
