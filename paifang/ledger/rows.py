"""The rows the ledger keeps, as values whose fields are its columns in the same order.

`Ticket`, `Use`, `Quota` and `Hold` come from core, because the rules read them.
"""

from typing import NamedTuple

from paifang.core.quota import Hold, Quota
from paifang.core.selling import Shift
from paifang.core.tickets import Authority, Ticket, Use

Cursor = tuple[int, int]
"""(epoch, seq) of the last journal row seen in a segment; (0, 0) before the first."""

GENESIS = bytes(32)
"""What the first row of a segment is chained to."""


class Head(NamedTuple):
    """The end of one segment's journal: where the next row goes and what it is chained to.

    The node's own segment has no site; a site's standing segment has no period. `page` counts the
    closed pages, `page_rows` the rows behind the last one. `until_ms` is when the lease ends under
    which this node decides (UTC), 0 where it needs none. `doubt` says that this node decides though
    the journal of a gate is missing, so that what it admits is provisional. `rights` are what the
    lease gives (`core.leases.rights_mask`), 0 for everything.
    """

    number: int
    uuid: str
    site: str
    period: str
    authority: int = Authority.here
    epoch: int = 0
    seq: int = 0
    hash: bytes = GENESIS
    page: int = 0
    page_rows: int = 0
    last_at_ms: int = 0
    until_ms: int = 0
    doubt: int = 0
    rights: int = 0


class CredentialRow(NamedTuple):
    """A credential by its keyed hash. `state` says whether it still opens its ticket."""

    hash: bytes
    kind: str
    ticket: bytes
    state: int = 0
    sealed: bytes = b""


class ZoneDay(NamedTuple):
    """People counted in and out of a zone on one day of its site (day start, UTC ms)."""

    zone: str
    day: int
    entries: int = 0
    exits: int = 0


class SessionCount(NamedTuple):
    """People admitted to a session in all."""

    session: int
    admitted: int = 0


class Request(NamedTuple):
    """An answered request: the digest of its content and the journal row that holds the answer."""

    request_id: str
    digest: bytes
    segment: int
    epoch: int
    seq: int


class Aftermath(NamedTuple):
    """What was reported of an admission later. `off`: its people were taken off the count."""

    admission: str
    passage: int = 0
    annulled: int = 0
    off: int = 0


class JournalRow(NamedTuple):
    """One row of the journal. `digest` is that of its enclosures, b"" without any."""

    segment: int
    epoch: int
    seq: int
    at_ms: int
    node: str
    kind: str
    request_id: str
    payload: bytes
    digest: bytes


class EnclosureRow(NamedTuple):
    """A body that rides on a journal row; `salt` and `body` are empty once erased."""

    segment: int
    epoch: int
    seq: int
    n: int
    ticket: bytes
    kind: str
    digest: bytes
    salt: bytes
    body: bytes


class PageRow(NamedTuple):
    """A closed page: the rows up to (epoch, seq), and the chain's hash after the last of them."""

    segment: int
    page: int
    epoch: int
    seq: int
    rows: int
    hash: bytes


class BundleRow(NamedTuple):
    """One version of a layer of the rules bundle."""

    layer: str
    version: int
    at_ms: int
    digest: bytes
    signature: bytes
    body: bytes


class Lease(NamedTuple):
    """A lease, at the centre that granted it and at the lessee (see `core.leases`).

    `periods` and `rights` are words with blanks between them. At the lessee `chunks` is how many
    its snapshot has, `loaded` how many are in, `cursor` where the centre's own journal stands, and
    `document` what the centre signed; `counts` are the counters it began with. `collect` says that
    the host before was given up, so that every gate's journal is wanted before this one opens.
    `spare` is the host that has a sealed grant behind this lease, "" for none.
    """

    id: bytes
    site: str
    periods: str
    lessee: str
    epoch: int
    rights: str
    granted_ms: int
    not_after_ms: int
    state: int = 0
    chunks: int = 0
    loaded: int = 0
    cursor: int = 0
    document: bytes = b""
    counts: bytes = b""
    collect: int = 0
    spare: str = ""


class Base(NamedTuple):
    """What a segment's rows under an epoch are chained to at a node that lacks those before."""

    segment: int
    epoch: int
    before: int
    seq: int
    hash: bytes
    page: int
    page_rows: int
    last_at_ms: int


class BaseTicket(NamedTuple):
    """A ticket that was not untouched when a lease began, as it was: a packed `TicketRecord`."""

    ticket: bytes
    record: bytes


class Loaded(NamedTuple):
    """The tickets a lessee took in with the row `seq` of its own journal: their ids in a row."""

    seq: int
    tickets: bytes


class Wish(NamedTuple):
    """What the centre asked a lessee to do with a ticket, and the answer (a reason code)."""

    id: bytes
    ticket: bytes
    kind: str
    refund: int
    asked_ms: int
    state: int = 0
    answered_ms: int = 0
    reason: str = ""


class Ack(NamedTuple):
    """Up to where another node has a segment's rows, and the chain's hash it found there."""

    segment: str
    epoch: int
    seq: int
    hash: bytes
    heard_ms: int = 0


class Spared(NamedTuple):
    """Up to where the spare of a lease has been told what its lessee wrote in a segment."""

    segment: str
    epoch: int
    seq: int


class Fallback(NamedTuple):
    """What a centre goes back to when a sealed grant is used: something as the lease found it.

    `name` says what it is (see `apply.fallback`), `record` is packed.
    """

    lease: bytes
    name: str
    record: bytes


class LateRow(NamedTuple):
    """A row told under a lease that was over by then: kept as history, not applied."""

    segment: str
    epoch: int
    seq: int
    at_ms: int
    node: str
    kind: str
    request_id: str
    payload: bytes
    heard_ms: int


class Gathered(NamedTuple):
    """How much of a gate's journal has come for a lease: `taken` parts of one telling (`tag`)."""

    lease: bytes
    terminal: str
    tag: str
    parts: int
    taken: int


class Act(NamedTuple):
    """An act that a gate kept, told to a host before it opens: the row that answered it.

    `segment` is the UUID of the segment it stood in at the host that answered.
    """

    lease: bytes
    request_id: str
    terminal: str
    segment: str
    epoch: int
    seq: int
    at_ms: int
    node: str
    kind: str
    payload: bytes


class Settled(NamedTuple):
    """The answer a request got from another node, and where it stands by now (segment's UUID).

    A lease brings them along, so that a request asked again gets the first answer at its lessee.
    """

    request_id: str
    segment: str
    epoch: int
    seq: int
    at_ms: int
    node: str
    kind: str
    payload: bytes


class PeerState(NamedTuple):
    """What another node last told of itself over the line (see `HearPeer`); times UTC ms.

    `clock_ms` is how far its clock is ahead of ours. `asked` is the lease it asks for and `link`
    how it finds its line, as told. `doubled_ms` is when two machines were last found to speak as
    this node, 0 never.
    """

    node: str
    boot: int = 0
    nonce: bytes = b""
    last: bytes = b""
    heard_ms: int = 0
    clock_ms: int = 0
    backlog: int = 0
    oldest_ms: int = 0
    version: str = ""
    asked: str = ""
    doubled_ms: int = 0
    link: str = ""


class SaleRow(NamedTuple):
    """An order; `document` has its lines and holds packed (`books.order_of`). Instants are UTC ms.

    Amounts are minor units of its currency.
    """

    id: bytes
    event: int
    channel: str
    currency: str
    state: int
    total_minor: int
    captured_minor: int
    refunded_minor: int
    until_ms: int
    placed_ms: int
    document: bytes


class SoldRow(NamedTuple):
    """By which line of which order a ticket was sold, and what was paid back for it."""

    ticket: bytes
    sale: bytes
    line: int
    refunded_minor: int = 0


class MoneyRow(NamedTuple):
    """What stands in an account of the books, in minor units of a currency."""

    account: str
    currency: str
    amount: int = 0


class SegmentRow(NamedTuple):
    """A segment as others see it."""

    number: int
    uuid: str
    site: str
    period: str


class ZoneCount(NamedTuple):
    """People of one zone on one of its site's days (its start in UTC ms)."""

    zone: str
    day: int
    entries: int
    exits: int

    @property
    def inside(self) -> int:
        """How many are inside."""
        return self.entries - self.exits


__all__ = [
    "GENESIS",
    "Ack",
    "Act",
    "Aftermath",
    "Base",
    "BaseTicket",
    "BundleRow",
    "CredentialRow",
    "Cursor",
    "EnclosureRow",
    "Fallback",
    "Gathered",
    "Head",
    "Hold",
    "JournalRow",
    "LateRow",
    "Lease",
    "Loaded",
    "MoneyRow",
    "PageRow",
    "PeerState",
    "Quota",
    "Request",
    "SaleRow",
    "SegmentRow",
    "SessionCount",
    "Settled",
    "Shift",
    "SoldRow",
    "Spared",
    "Ticket",
    "Use",
    "Wish",
    "ZoneCount",
    "ZoneDay",
]
