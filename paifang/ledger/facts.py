"""What stands in the journal, and what the ledger answers.

A fact is the payload of one journal row, as JSON: ids and decisions, nothing personal. Ticket ids
are 32 hex digits. The answer to a command is made from its fact, so the same request gets the same
answer for as long as the journal is kept.
"""

import msgspec

from paifang.core.tickets import Ticket
from paifang.ledger import fact_base
from paifang.ledger.sale_facts import SALE_FACTS

Fact = fact_base.Fact


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """An earlier entry, as told to the steward: UTC ms, gate, terminal and staff."""

    at_ms: int
    gate: str
    terminal: str
    by: str


class AdmissionFact(Fact, frozen=True, kw_only=True):
    """One decision at a gate: an entry, an exit or a refusal. `people` went through."""

    terminal: str
    gate: str
    zone: str
    reason: str
    direction: str = "entry"
    basis: str = "lease"
    kind: str = "code"
    ticket: str = ""
    product: int = 0
    n: int = 0
    people: int = 0
    fresh: int = 0
    again: int = 0
    day: int = 0
    session: int = 0
    uses_left: int | None = None
    first: Shown | None = None
    staff: str = ""
    reason_text: str = ""


class RecordFact(AdmissionFact, frozen=True, kw_only=True):
    """People who passed at `at_ms`, told afterwards. `count` were told of, `people` are counted.

    `reason` is what would have been said then. If that was no, `conflict` is the conflict's id, and
    `against` the request id of the admission it stands against, "" if it stands against the
    ticket's state or time.
    """

    at_ms: int
    count: int = 1
    conflict: str = ""
    against: str = ""


class PassageFact(Fact, frozen=True, kw_only=True):
    """What became of an admission. `off` people were taken off the count inside."""

    admission: str
    terminal: str
    passage: int
    ticket: str
    zone: str
    day: int
    off: int = 0


class AnnulFact(Fact, frozen=True, kw_only=True):
    """An admission taken back: uses given back, people taken off the count."""

    admission: str
    terminal: str
    ticket: str
    n: int
    zone: str
    day: int
    fresh: int
    session: int = 0
    off: int = 0
    reason_text: str = ""


class SignOnFact(Fact, frozen=True, kw_only=True):
    """A paired terminal was given a token: by its key alone, or with somebody on duty."""

    terminal: str
    how: str
    staff: str = ""
    shift: str = ""
    version: str = ""


class SignOffFact(Fact, frozen=True, kw_only=True):
    """A shift at a terminal ended."""

    terminal: str
    staff: str
    shift: str


class IssueFact(Fact, frozen=True, kw_only=True):
    """A ticket issued (`amended` False) or its holder amended. Segments are named by their UUIDs.

    `credentials` are (kind, hash) of what was bound; `ended` hashes of what an amendment replaced;
    `freed` are (hash, ticket) of those among them that a ticket which is void had until now.
    `order` (32 hex digits) and the place of its `line` say what it was sold by, "" for nothing.
    """

    ticket: str
    event: int
    product: int
    home: str
    segments: tuple[str, ...]
    status: int = 0
    people: int = 1
    session: int = 0
    valid_from_ms: int = 0
    valid_until_ms: int = 0
    credentials: tuple[tuple[str, str], ...] = ()
    identity: str = ""
    amended: bool = False
    ended: tuple[str, ...] = ()
    freed: tuple[tuple[str, str], ...] = ()
    order: str = ""
    line: int = 0


class BindFact(Fact, frozen=True, kw_only=True):
    """A credential bound to a ticket; `ended` ones of its kind no longer open it."""

    ticket: str
    kind: str
    hash: str
    ended: tuple[str, ...] = ()


class ExchangeFact(Fact, frozen=True, kw_only=True):
    """A voucher exchanged, or the reason why not; its `ended` codes no longer open it."""

    reason: str
    ticket: str = ""
    product: int = 0
    hash: str = ""
    ended: tuple[str, ...] = ()
    terminal: str = ""
    staff: str = ""


class StatusFact(Fact, frozen=True, kw_only=True):
    """The issuer changed a ticket's status."""

    ticket: str
    status: int
    before: int
    reason_text: str = ""


class QuotaFact(Fact, frozen=True, kw_only=True):
    """A quota counter was created or resized."""

    quota: str
    capacity: int


class AllotFact(Fact, frozen=True, kw_only=True):
    """Units of a quota were given to another, or taken back (negative); its row says so too."""

    quota: str
    to: str
    units: int


class HoldFact(Fact, frozen=True, kw_only=True):
    """Units held, or refused with `sold_out`."""

    hold: str
    quota: str
    units: int
    until_ms: int
    reason: str = "ok"


class HoldEndFact(Fact, frozen=True, kw_only=True):
    """A hold ended: confirmed (sold), released, or swept because it had expired."""

    hold: str
    quota: str
    units: int
    end: str


class SegmentFact(Fact, frozen=True, kw_only=True):
    """A segment was opened."""

    segment: int
    uuid: str
    site: str
    period: str


class PublishFact(Fact, frozen=True, kw_only=True):
    """A version of a layer of the rules bundle came into force; `digest` is its SHA-256.

    `adopted` says that a lessee took it over from the centre, under the centre's number.
    """

    layer: str
    version: int
    digest: str
    adopted: bool = False


class EraseFact(Fact, frozen=True, kw_only=True):
    """A person's data of a ticket was erased; `bodies` enclosures were cleared.

    `order` is what the ticket was bought by, if it was: who bought it is erased as well.
    """

    ticket: str
    bodies: int
    reason_text: str = ""
    order: str = ""


class SealFact(Fact, frozen=True, kw_only=True):
    """An act by hand in the desk's audit: its id and the SHA-256 of what was written, in hex."""

    entry: str
    digest: str


class LeaseFact(Fact, frozen=True, kw_only=True):
    """A step of a lease, in the own segment of the node that took it.

    `what` is granted, extended, broken or regained (forgotten by a restored centre, and told by its
    lessee) at the centre; taken, ready, prolonged, returned or lost at the lessee. Of a sealed
    grant it is sealed at the centre, kept at the spare, and unsealed at both once the glass is
    broken. `heads` are (uuid, epoch, seq, hash in hex) of its segments then.
    `written_off` are the gates without whose journals it became ready.
    """

    what: str
    lease: str
    site: str
    lessee: str
    epoch: int
    not_after_ms: int
    periods: tuple[str, ...] = ()
    rights: str = ""
    heads: tuple[tuple[str, int, int, str], ...] = ()
    second: str = ""
    reason_text: str = ""
    written_off: tuple[str, ...] = ()
    spare: str = ""


class HandoverFact(Fact, frozen=True, kw_only=True):
    """The last row of a segment under its epoch: `to` decides from here, under the next one.

    A lessee that gives back names no epoch (0): the centre takes the next.
    """

    lease: str
    to: str
    epoch: int = 0


class LoadFact(Fact, frozen=True, kw_only=True):
    """A lessee took in tickets: a chunk of a snapshot, or (chunk 0) a delta up to `cursor`.

    `unseen`: one it was never told of, by what its signed code says. `regained`: told by the lessee
    to a centre that forgot them; `known` of them are known there still, and are now as told.
    """

    lease: str
    tickets: int = 0
    digest: str = ""
    chunk: int = 0
    cursor: int = 0
    erased: int = 0
    unseen: bool = False
    known: int = 0
    regained: bool = False


class WishFact(Fact, frozen=True, kw_only=True):
    """The centre asks the lessee of a ticket to void, block or unblock it."""

    wish: str
    ticket: str
    kind: str
    refund: bool = False
    reason_text: str = ""


class WishAnswerFact(Fact, frozen=True, kw_only=True):
    """The lessee's answer to a wish: `ok`, or the reason code why not; `status` is the new one."""

    wish: str
    ticket: str
    kind: str
    reason: str
    status: int
    refund: bool = False


class SparedFact(Fact, frozen=True, kw_only=True):
    """The answers to these wishes are known to the spare as well, or it has none to give."""

    wishes: tuple[str, ...] = ()


class ImportedFact(Fact, frozen=True, kw_only=True):
    """An answer only, never a row: how far another node's rows are here. `late`: as history."""

    segment: str
    epoch: int
    seq: int
    late: bool = False


class PeerFact(Fact, frozen=True, kw_only=True):
    """Two machines speak as one node: its starts went back, or a message is not of its chain.

    As an answer only, `what` is "heard"; a row's is "doubled". `before` is the start known here.
    """

    what: str
    node: str
    boot: int
    before: int = 0


class RestoreFact(Fact, frozen=True, kw_only=True):
    """A step after a ledger was brought back from a copy, under its restore generation.

    `what` is restored or noticed (it was found out), reported or written_off (of `node`), and, at a
    lessee, heard. `position` is the seq behind which the own journal goes on; `awaited` are the
    nodes that are still waited for.
    """

    what: str
    generation: int
    position: int = 0
    node: str = ""
    awaited: tuple[str, ...] = ()
    reason_text: str = ""


class DisputeFact(Fact, frozen=True, kw_only=True):
    """A row of another node could not be followed here: it is kept, and somebody must look."""

    segment: str
    epoch: int
    seq: int
    why: str


class RecoveryFact(Fact, frozen=True, kw_only=True):
    """A part of a gate's journal came to the host that takes over.

    Of its `acts` so many were `known` here already; `digest` is SHA-256 over the others' request
    ids and payloads, in hex.
    """

    lease: str
    terminal: str
    tag: str
    part: int
    parts: int
    acts: int
    known: int
    digest: str


class RecoveredFact(Fact, frozen=True, kw_only=True):
    """An act of a host that was given up, out of the journal of the gate that asked for it.

    It names where it stood there and is that row otherwise, its basis too. `late` says that this
    node had opened already; `conflict` and `against` are as in `RecordFact`. What could not be
    followed tells `disputed`.
    """

    lease: str
    told_by: str
    segment: str
    epoch: int
    seq: int
    at_ms: int
    node: str
    kind: str
    payload: msgspec.Raw
    late: bool = False
    conflict: str = ""
    against: str = ""
    disputed: str = ""


FACTS: dict[str, type[Fact]] = {
    "admission": AdmissionFact,
    "record": RecordFact,
    "passage": PassageFact,
    "annul": AnnulFact,
    "sign_on": SignOnFact,
    "sign_off": SignOffFact,
    "issue": IssueFact,
    "bind": BindFact,
    "exchange": ExchangeFact,
    "status": StatusFact,
    "quota": QuotaFact,
    "allot": AllotFact,
    "hold": HoldFact,
    "hold_end": HoldEndFact,
    "segment": SegmentFact,
    "publish": PublishFact,
    "erase": EraseFact,
    "seal": SealFact,
    "lease": LeaseFact,
    "handover": HandoverFact,
    "load": LoadFact,
    "wish": WishFact,
    "wish_answer": WishAnswerFact,
    "spared": SparedFact,
    "imported": ImportedFact,
    "peer": PeerFact,
    "dispute": DisputeFact,
    "recovery": RecoveryFact,
    "recovered": RecoveredFact,
    "restore": RestoreFact,
    **SALE_FACTS,
}
"""Every kind of journal row and its payload."""

KINDS: dict[type[Fact], str] = {fact: kind for kind, fact in FACTS.items()}

_encode = msgspec.json.Encoder().encode
_decoders = {kind: msgspec.json.Decoder(fact) for kind, fact in FACTS.items()}


def payload_of(fact: Fact) -> bytes:
    """Return a fact as the journal keeps it."""
    return _encode(fact)


def fact_of(kind: str, payload: bytes) -> Fact:
    """Return the fact of a journal row. Raises KeyError for an unknown kind."""
    return _decoders[kind].decode(payload)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a committed command is answered with: the fact, where it stands, and the ticket now.

    `new` is False when the answer was given before, or when nothing had to be written.
    """

    fact: bytes
    kind: str
    segment: int = 0
    epoch: int = 0
    seq: int = 0
    at_ms: int = 0
    node: str = ""
    ticket: Ticket | None = None
    new: bool = True

    def decoded(self) -> Fact:
        """Return the fact as a value."""
        return fact_of(self.kind, self.fact)
