"""Commands after a restore: what was brought back, and what others know that it forgot."""

import msgspec

from paifang.ledger.commands import Command, Gatework
from paifang.ledger.lease_commands import Counts, WireAnswer, WireHead
from paifang.ledger.records import SegmentName, TicketRecord


class Ask(msgspec.Struct, frozen=True, array_like=True):
    """What a centre wants to be told of a lease: everything behind a place.

    `after` is the place up to which it was told ("" from the beginning), in the words of whoever
    tells. `since` is the place in the centre's own journal (its seq) up to which it remembers what
    it issued; -1 if it does not know the lease at all.
    """

    lease: bytes
    after: str = ""
    since: int = -1


class LeaseTold(msgspec.Struct, frozen=True, array_like=True):
    """A lease that a centre granted and forgot, as its own signed grant tells of it.

    `state` is how far it has come at the lessee.
    """

    site: str
    periods: tuple[str, ...]
    epoch: int
    rights: tuple[str, ...]
    granted_ms: int
    not_after_ms: int
    heads: tuple[WireHead, ...]
    counts: Counts
    document: bytes
    state: int


class Restore(Command, frozen=True, tag="restore", kw_only=True):
    """This ledger was brought back from a copy: what it decided since is not known here.

    A new restore generation begins, above `floor` at least. What is decided here is frozen until
    every node that may talk has told what it holds. `leases` are all leases known here; those this
    node holds itself are lost. `joined` says that this node has a centre, which knows its journal
    beyond this copy. `noticed` says that nobody told of the restore: it was found out.
    """

    floor: int = 0
    leases: tuple[bytes, ...] = ()
    joined: bool = False
    noticed: bool = False
    reason_text: str = ""


class Regain(Gatework, frozen=True, tag="regain", kw_only=True):
    """A lessee tells a restored centre of a lease: tickets as they were given to it, and answers.

    Parts follow one another from `after` to `until`; the last one's `until` is `DONE`. `told` comes
    with the first of a lease that the centre does not know; `closes` are leases known here on the
    same site that ended with it. `erased` are people who were forgotten meanwhile.
    """

    node: str
    lease: bytes
    after: str
    until: str
    told: LeaseTold | None = None
    closes: tuple[bytes, ...] = ()
    segments: tuple[SegmentName, ...] = ()
    records: tuple[TicketRecord, ...] = ()
    answers: tuple[WireAnswer, ...] = ()
    erased: tuple[bytes, ...] = ()


class Reported(Gatework, frozen=True, tag="reported", kw_only=True):
    """A node has told everything it holds. With the last one this node decides again."""

    node: str


class WriteOffNode(Command, frozen=True, tag="write_off_node", kw_only=True):
    """Somebody says that a node will not report: nobody waits for it any more."""

    node: str
    reason_text: str


class HearRestored(Gatework, frozen=True, tag="hear_restored", kw_only=True):
    """A lessee hears which restore generation its centre is in, and what it is asked for.

    With a new one its cursors go back to `position`, where the centre's own journal went on, and
    everything it has told counts as not told. It keeps cursors of `leases` and `segments`.
    """

    generation: int
    position: int = 0
    asks: tuple[Ask, ...] = ()
    leases: tuple[bytes, ...] = ()
    segments: tuple[str, ...] = ()


DONE = "done"
"""Behind the last part of a telling."""

RestoreCommand = Restore | Regain | Reported | WriteOffNode | HearRestored
