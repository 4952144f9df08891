"""The lessee's side: what it tells the centre, and what it does with the answer.

It keeps nothing in memory that is not in the ledger too: it may end at any moment and go on from
what the ledger says. Clock, randomness, line and file are handed in.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from paifang.core.leases import LIVE_STATES, LeaseState
from paifang.ledger import freeze
from paifang.ledger import tables as t
from paifang.ledger.commands import Command
from paifang.ledger.engine import Reader
from paifang.ledger.facts import Answer
from paifang.ledger.faults import Gap, LedgerFault, NotFound, NotPossible
from paifang.ledger.lease_commands import (
    AdoptRules,
    AnswerWish,
    ApplyDelta,
    HearAcks,
    LoadRecords,
    LoseLease,
    OpenLease,
    ProlongLease,
    TakeLease,
    wish_id,
)
from paifang.ledger.rows import Head, Lease
from paifang.ledger.work import OWN_SEGMENT
from paifang.sync import restored, spares
from paifang.sync.messages import (
    Delta,
    Down,
    Grant,
    Have,
    LeaseNews,
    LinkStatus,
    Page,
    Up,
)
from paifang.sync.snapshot import Bytes, read_chunk, split_snapshot
from paifang.sync.telling import page_after

Outcome = Answer | LedgerFault
Commit = Callable[[Sequence[Command]], list[Outcome]]
"""Commits commands, one batch or several, and returns their outcomes."""

OpenGrant = Callable[[bytes], Grant]
"""Opens a grant if the centre signed it. Raises NotGenuine."""

ACTOR: Final = "sync"


class Boot(NamedTuple):
    """This start of the node: how many there were, this message's nonce, and the one before it."""

    number: int
    nonce: bytes
    last: bytes = b""


class Backlog(NamedTuple):
    """Rows the centre has not confirmed, and when the oldest of them was written (UTC ms)."""

    rows: int
    oldest_ms: int


def leases_of(reader: Reader) -> list[Lease]:
    """Return all leases this node knows, the oldest first."""
    return sorted(reader.scan(t.LEASE))


def segments_held(heads: Iterable[Head], lease: Lease) -> list[Head]:
    """Return a lease's segments that still stand under its epoch."""
    periods = {*lease.periods.split(), ""}
    return [
        head
        for head in heads
        if head.site == lease.site and head.period in periods and head.epoch == lease.epoch
    ]


def _told(reader: Reader) -> Iterator[tuple[Head, bytes, tuple[int, int]]]:
    """Yield what there is to tell: segment, lease, and the cursor behind which rows are wanted."""
    heads = list(reader.scan(t.HEAD))
    acks = {ack.segment: ack for ack in reader.scan(t.ACK)}
    bases = {(base.segment, base.epoch): base.seq for base in reader.scan(t.BASE)}
    own = next(head for head in heads if head.number == OWN_SEGMENT)
    ack = acks.get(own.uuid)
    yield own, b"", (ack.epoch, ack.seq) if ack else (0, 0)
    for lease in leases_of(reader):
        for head in segments_held(heads, lease):
            start = (lease.epoch, bases.get((head.number, lease.epoch), 0))
            ack = acks.get(head.uuid)
            yield head, lease.id, max(start, (ack.epoch, ack.seq)) if ack else start


def backlog(reader: Reader) -> Backlog:
    """Return how much the centre does not know yet."""
    rows, oldest = 0, 0
    for head, _, cursor in _told(reader):
        behind = head.seq - cursor[1]
        if behind > 0:
            rows += behind
            first = reader.journal_after({head.number: cursor}, 1)
            if first and (not oldest or first[0].at_ms < oldest):
                oldest = first[0].at_ms
    return Backlog(rows, oldest)


def tell(
    reader: Reader, node: str, boot: Boot, bytes_max: int, status: LinkStatus | None = None
) -> Up:
    """Return what is to be told to the centre now.

    Args:
        reader: A connection nobody else uses meanwhile.
        node: This node's name.
        boot: This start, and the message's nonce.
        bytes_max: About how much journal to tell, before it is compressed.
        status: How it finds itself, for the centre's pages.
    """
    settings = reader.meta()
    asked, bundles = restored.tell_asked(reader, settings, bytes_max)
    pages: list[Page] = []
    left = 0 if asked else bytes_max
    for head, lease, start in _told(reader):
        cursor = start
        while left > 0:
            page, size = page_after(reader, head, lease, cursor, left)
            if page is None:
                break
            pages.append(page)
            left -= size
            cursor = (page.rows[-1].epoch, page.rows[-1].seq)
    return Up(
        node=node,
        boot=boot.number,
        nonce=boot.nonce,
        last=boot.last,
        rules=int(settings.get("bundle.centre", "0")),
        have=tuple(
            Have(lease.id, lease.state, lease.loaded, lease.cursor, lease.not_after_ms)
            for lease in leases_of(reader)
        ),
        pages=tuple(pages),
        status=status or LinkStatus(),
        generation=freeze.heard(settings),
        told=asked,
        bundles=bundles,
        spared=spares.cursors(reader, leases_of(reader)),
    )


def hear(reader: Reader, commit: Commit, down: Down, open_grant: OpenGrant) -> list[Grant]:
    """Do what the centre says; return the grants that are new, whose snapshots are to be fetched.

    It may be told again, or late: what was done already is passed over.

    Raises:
        NotGenuine: A grant in it was not signed by the centre.
        LedgerFault: The ledger cannot be written, or (Diverged) this is not the node it was.
    """
    if not restored.hear(reader, commit, down):
        return []
    # Told again each time; what is known already is not worth a flush of the disk.
    known = {ack.segment: ack[1:4] for ack in reader.scan(t.ACK)} if down.acks else {}
    acks = tuple(
        (ack.segment, ack.epoch, ack.seq, ack.hash)
        for ack in down.acks
        if known.get(ack.segment) != (ack.epoch, ack.seq, ack.hash)
    )
    if acks:
        _commit(commit, HearAcks(acks=acks))
    if down.rules is not None:
        rules = down.rules
        _commit(
            commit,
            AdoptRules(
                version=rules.version,
                body=rules.body,
                signature=rules.signature,
                actor=ACTOR,
            ),
            passing=NotPossible,
        )
    fresh = []
    for document in down.grants:
        grant = open_grant(document)
        if _commit(commit, _taken(grant, document), passing=NotPossible) is not None:
            fresh.append(grant)
    leases = {lease.id: lease for lease in leases_of(reader)}
    for news in down.leases:
        _hear_news(commit, news, leases.get(news.lease))
    for delta in down.deltas:
        _hear_delta(commit, delta, leases.get(delta.lease))
    for command in spares.commands_of(reader, down, ACTOR):
        # What is told late or twice is passed over; what is missing is told again.
        _commit(commit, command, passing=(NotPossible, Gap))
    for wish in down.wishes:
        _commit(
            commit,
            AnswerWish(
                request_id=wish_id(wish.wish),
                actor=ACTOR,
                wish=wish.wish,
                ticket=wish.ticket,
                kind=wish.kind,
                refund=wish.refund,
                reason_text=wish.reason_text,
            ),
            passing=(NotFound, NotPossible),
        )
    return fresh


def _commit(
    commit: Commit,
    command: Command,
    passing: type[LedgerFault] | tuple[type[LedgerFault], ...] = (),
) -> Answer | None:
    """Commit one command; None if it met a fault that may be passed over."""
    (outcome,) = commit([command])
    if isinstance(outcome, LedgerFault):
        if isinstance(outcome, passing):
            return None
        raise outcome
    return outcome


def _taken(grant: Grant, document: bytes) -> TakeLease:
    return TakeLease(
        request_id=f"take:{grant.lease.hex()}",
        actor=ACTOR,
        lease=grant.lease,
        site=grant.site,
        periods=grant.periods,
        lessee=grant.lessee,
        epoch=grant.epoch,
        rights=grant.rights,
        granted_ms=grant.granted_ms,
        not_after_ms=grant.not_after_ms,
        chunks=grant.chunks,
        cursor=grant.cursor,
        heads=grant.heads,
        counts=grant.counts,
        document=document,
        collect=grant.collect,
        spare=grant.spare,
        sealed=grant.sealed,
    )


def _hear_news(commit: Commit, news: LeaseNews, lease: Lease | None) -> None:
    if lease is None or lease.state not in LIVE_STATES:
        return
    if news.state not in LIVE_STATES:
        _commit(commit, LoseLease(lease=lease.id, actor=ACTOR), passing=NotPossible)
    elif news.not_after_ms > lease.not_after_ms:
        _commit(
            commit,
            ProlongLease(lease=lease.id, not_after_ms=news.not_after_ms, actor=ACTOR),
            passing=NotPossible,
        )


def _hear_delta(commit: Commit, delta: Delta, lease: Lease | None) -> None:
    if lease is None or lease.state not in {LeaseState.ready, LeaseState.sealed}:
        return
    if lease.loaded != lease.chunks:
        return
    if delta.since > lease.cursor or delta.until <= lease.cursor:
        # Told late or twice; what lies between is told again from where we are.
        return
    _commit(
        commit,
        ApplyDelta(
            lease=lease.id,
            cursor=delta.until,
            segments=delta.segments,
            records=delta.records,
            erased=delta.erased,
            actor=ACTOR,
        ),
        passing=NotPossible,
    )


def load(commit: Commit, lease: Lease, snapshot: Bytes) -> Iterator[int]:
    """Take in a snapshot that was fetched and compared, then open the lease.

    Args:
        commit: Commits commands.
        lease: As it stands; chunks that are in already are passed over.
        snapshot: All bytes of it, or what maps them.

    Yields:
        How many chunks are in, after each.

    Raises:
        Unfit: A chunk cannot be read.
        LedgerFault: The ledger cannot be written.
    """
    for n, frame in enumerate(split_snapshot(snapshot), 1):
        if n > lease.loaded:
            chunk = read_chunk(frame)
            _commit(
                commit,
                LoadRecords(
                    request_id=f"load:{lease.id.hex()}:{n}",
                    actor=ACTOR,
                    lease=lease.id,
                    chunk=n,
                    segments=chunk.segments,
                    records=chunk.records,
                    answers=chunk.answers,
                ),
                passing=NotPossible,
            )
        yield n
    _commit(
        commit,
        OpenLease(request_id=f"open:{lease.id.hex()}", lease=lease.id, actor=ACTOR),
        passing=NotPossible,
    )
