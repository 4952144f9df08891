"""The centre's side: what it does with what a lessee tells, and what it answers.

It keeps nothing between two messages: the lessee says how far it is, the ledger says the rest.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from paifang.core.leases import LIVE_STATES, OPEN_STATES, LeaseState, WishState
from paifang.core.quota import HoldState
from paifang.core.rules import CentreRules
from paifang.ledger import freeze
from paifang.ledger import tables as t
from paifang.ledger.engine import Reader
from paifang.ledger.facts import EraseFact, ImportedFact, IssueFact, fact_of
from paifang.ledger.faults import LedgerFault, Unavailable
from paifang.ledger.lease_commands import Counts, ImportRows, WireBundle, WireHead
from paifang.ledger.records import SegmentName
from paifang.ledger.rows import Head, JournalRow, Lease
from paifang.ledger.work import OWN_SEGMENT
from paifang.sync import restored, spares
from paifang.sync.lessee import ACTOR, Commit
from paifang.sync.messages import Ack, Delta, Down, Grant, Have, LeaseNews, Page, Up, Wished
from paifang.sync.snapshot import Made, records_by_id

DELTA_ROWS_MAX: Final = 1_000
"""Rows of the centre's own journal looked through for one answer."""
_TELLING: Final = frozenset({"issue", "erase"})
DELTA_EMPTY_ROWS: Final = 5_000
"""How far a lessee's cursor may lag behind rows that do not concern it."""

Document = Callable[[bytes], bytes | None]
"""Returns the signed grant of a lease by its id, None while its snapshot is being made."""


class Here(NamedTuple):
    """The centre that answers: its name, where signed grants are found, and the time (UTC ms).

    `own` knows again what this centre signed.
    """

    node: str
    document: Document
    now_ms: int
    own: restored.Own = restored.NOTHING


def answer(reader: Reader, commit: Commit, up: Up, here: Here) -> Down:
    """Take in what a lessee tells, and return what it is answered.

    Args:
        reader: A connection nobody else uses meanwhile.
        commit: Commits commands.
        up: What was told; its signature was checked.
        here: This centre.

    Raises:
        Unavailable: The ledger cannot be written now; nothing is lost by telling it again.
    """
    if up.probe:
        return Down(node=here.node, reply_to=up.nonce, at_ms=here.now_ms)
    restored.notice(reader, commit, up, here.now_ms)
    unfit = restored.take_told(reader, commit, up, here.own)
    asks = restored.asks_of(reader, commit, up)
    settings = reader.meta()
    if not restored.in_step(settings, up):
        return Down(
            node=here.node,
            reply_to=up.nonce,
            at_ms=here.now_ms,
            more=bool(asks) and not unfit,
            faults=tuple(unfit),
            generation=freeze.generation(settings),
            position=restored.position_for(settings, up),
            asks=asks,
        )
    heard, faults = _take_pages(commit, up)
    _hear_spare(reader, commit, up)
    leases = [lease for lease in reader.scan(t.LEASE) if lease.lessee == up.node]
    have = {each.lease: each for each in up.have}
    heads = list(reader.scan(t.HEAD))
    deltas, more = _deltas(reader, heads, leases, have)
    relayed, left = spares.relayed(reader, heads, leases, up)
    grants = [
        found
        for lease in leases
        if lease.state in LIVE_STATES and lease.id not in have
        if (found := here.document(lease.id)) is not None
    ]
    return Down(
        node=here.node,
        reply_to=up.nonce,
        at_ms=here.now_ms,
        # Of a lease it has not taken yet the last rows are this centre's, and not the lessee's.
        acks=_acks(heads, [lease for lease in leases if lease.id in have], up.node, heard),
        grants=tuple(grants),
        leases=tuple(
            LeaseNews(lease.id, lease.state, lease.not_after_ms)
            for lease in leases
            if lease.id in have
        ),
        rules=_rules(reader, up) if leases else None,
        deltas=tuple(deltas),
        wishes=tuple(_wishes(reader, heads, leases)),
        more=more or left or (bool(asks) and not unfit),
        faults=(*unfit, *faults),
        relayed=relayed,
        spared=spares.known_to_spares(reader, heads, leases),
        generation=up.generation,
        asks=asks,
    )


def _hear_spare(reader: Reader, commit: Commit, up: Up) -> None:
    """Learn how far spares are."""
    command = spares.heard(reader, up)
    if command is not None:
        (outcome,) = commit([msgspec.structs.replace(command, actor=ACTOR)])
        if isinstance(outcome, LedgerFault):
            raise outcome


def _take_pages(commit: Commit, up: Up) -> tuple[list[ImportedFact], list[tuple[str, str]]]:
    """Commit pages one by one; a segment that met a fault is left alone for this time."""
    heard: list[ImportedFact] = []
    faults: dict[str, str] = {}
    for page in up.pages:
        if page.segment.uuid in faults:
            continue
        (outcome,) = commit([_import(up.node, page)])
        if isinstance(outcome, Unavailable):
            raise outcome
        if isinstance(outcome, LedgerFault):
            faults[page.segment.uuid] = outcome.code
            continue
        fact = outcome.decoded()
        assert isinstance(fact, ImportedFact), "importing answers how far it is"
        heard.append(fact)
    return heard, list(faults.items())


def _import(node: str, page: Page) -> ImportRows:
    segment = page.segment
    if not page.lease:
        # A node's own segment goes by the node's name here, where it is one of several.
        segment = SegmentName(segment.uuid, "", node)
    return ImportRows(
        node=node,
        segment=segment,
        lease=page.lease,
        rows=tuple(page.rows),
        segments=page.segments,
        records=page.records,
        enclosures=page.enclosures,
        bundles=page.bundles,
    )


def _acks(
    heads: Sequence[Head], leases: Sequence[Lease], node: str, heard: Sequence[ImportedFact]
) -> tuple[Ack, ...]:
    """Return up to where the lessee's segments are here, and late history as far as just heard."""
    held = {(lease.site, period): lease for lease in leases for period in _periods(lease)}
    acks = {}
    for head in heads:
        lease = held.get((head.site, head.period))
        own = head.site == "" and head.period == node
        if own or (lease is not None and head.epoch == lease.epoch):
            acks[head.uuid] = Ack(head.uuid, head.epoch, head.seq, head.hash)
    for fact in heard:
        if fact.segment not in acks:
            acks[fact.segment] = Ack(fact.segment, fact.epoch, fact.seq, b"")
    return tuple(acks.values())


def _periods(lease: Lease) -> tuple[str, ...]:
    return (*lease.periods.split(), "")


def _rules(reader: Reader, up: Up) -> WireBundle | None:
    """Return the centre's layer in force, if the lessee has an older one."""
    version = int(reader.meta().get("bundle.centre", "0"))
    if version <= up.rules:
        return None
    (row,) = reader.rows(t.BUNDLE, [("centre", version)])
    return WireBundle(row.version, row.body, row.signature)


def _deltas(
    reader: Reader, heads: Sequence[Head], leases: Sequence[Lease], have: dict[bytes, Have]
) -> tuple[list[Delta], bool]:
    """Return what happened to the tickets of leases that run, and whether there is more of it."""
    deltas, more = [], False
    for lease in leases:
        state = have.get(lease.id)
        wanted = state is not None and state.state in {LeaseState.ready, LeaseState.sealed}
        if state is None or not wanted or lease.state not in LIVE_STATES:
            continue
        rows = reader.journal_after({OWN_SEGMENT: (0, state.cursor)}, DELTA_ROWS_MAX)
        if not rows:
            continue
        more = more or len(rows) == DELTA_ROWS_MAX
        delta = _delta(reader, heads, lease, state.cursor, rows)
        behind = rows[-1].seq - state.cursor
        if delta.records or delta.erased or more or behind >= DELTA_EMPTY_ROWS:
            deltas.append(delta)
    return deltas, more


def _delta(
    reader: Reader, heads: Sequence[Head], lease: Lease, since: int, rows: Sequence[JournalRow]
) -> Delta:
    periods = _periods(lease)
    mine = {head.uuid for head in heads if head.site == lease.site and head.period in periods}
    facts = [fact_of(row.kind, row.payload) for row in rows if row.kind in _TELLING]
    changed = {
        fact.ticket: None
        for fact in facts
        if isinstance(fact, IssueFact) and not mine.isdisjoint((fact.home, *fact.segments))
    }
    erased = [bytes.fromhex(fact.ticket) for fact in facts if isinstance(fact, EraseFact)]
    chunk = records_by_id(reader, [bytes.fromhex(ticket) for ticket in changed])
    records = chunk.records
    if lease.state == LeaseState.sealed:
        records = spares.as_begun(reader, lease, records)
    return Delta(lease.id, since, rows[-1].seq, chunk.segments, records, tuple(erased))


def _wishes(reader: Reader, heads: Sequence[Head], leases: Sequence[Lease]) -> list[Wished]:
    """Return what is wished of tickets whose home these leases hold."""
    held = {
        head.number
        for lease in leases
        if lease.state in OPEN_STATES
        for head in heads
        if head.site == lease.site and head.period in _periods(lease)
    }
    if not held:
        return []
    asked = [wish for wish in reader.scan(t.WISH) if wish.state == WishState.asked]
    homes = {row.id: row.home for row in reader.rows(t.TICKET, [wish.ticket for wish in asked])}
    return [
        Wished(wish.id, wish.ticket, wish.kind, bool(wish.refund))
        for wish in asked
        if homes.get(wish.ticket) in held
    ]


class Prepared(NamedTuple):
    """A snapshot that was written by a centre, and where its own journal stood before."""

    made: Made
    cursor: int
    centre: str


def own_cursor(reader: Reader) -> int:
    """Return where the centre's own journal stands; read it before the snapshot is written."""
    return reader.cursors()[OWN_SEGMENT][1]


def segments_of(reader: Reader, lease: Lease) -> list[Head]:
    """Return the segments a lease holds."""
    periods = _periods(lease)
    return [
        head
        for head in reader.scan(t.HEAD)
        if head.site == lease.site and head.period in periods and head.epoch == lease.epoch
    ]


def make_grant(
    reader: Reader, lease: Lease, prepared: Prepared, rules: CentreRules, keys: bytes
) -> Grant:
    """Return a lease as the lessee is given it.

    Args:
        reader: A connection nobody else uses meanwhile.
        lease: As it was granted; its lessee has told nothing under it yet.
        prepared: Its snapshot.
        rules: The centre's rules in force.
        keys: The keys of its events, sealed for the lessee.
    """
    made = prepared.made
    zones = {zone.slug for zone in rules.zones.values() if zone.site == lease.site}
    return Grant(
        centre=prepared.centre,
        lease=lease.id,
        site=lease.site,
        periods=tuple(lease.periods.split()),
        lessee=lease.lessee,
        epoch=lease.epoch,
        rights=tuple(lease.rights.split()),
        granted_ms=lease.granted_ms,
        not_after_ms=lease.not_after_ms,
        cursor=prepared.cursor,
        heads=tuple(
            WireHead(
                SegmentName(head.uuid, head.site, head.period),
                head.epoch,
                head.seq,
                head.hash,
                head.page,
                head.page_rows,
                head.last_at_ms,
            )
            for head in segments_of(reader, lease)
        ),
        counts=Counts(
            tuple(tuple(row) for row in reader.scan(t.ZONE_DAY) if row.zone in zones),
            tuple(tuple(row) for row in reader.scan(t.SESSION_COUNT)),
            tuple(_known(reader, lease)),
            *_quotas(reader, lease),
        ),
        snapshot=made.digest,
        snapshot_bytes=made.size,
        chunks=made.chunks,
        tickets=made.tickets,
        keys=keys,
        collect=_is_after_a_loss(reader, lease),
        spare=lease.spare,
    )


def _known(reader: Reader, lease: Lease) -> Iterator[tuple[str, int, int]]:
    """Yield up to where the rows of each epoch are here, of the lease and of the centre itself."""
    own = [head for head in reader.scan(t.HEAD) if head.number == OWN_SEGMENT]
    for head in (*segments_of(reader, lease), *own):
        for epoch, seq in reader.last_of_epochs(head.number):
            yield head.uuid, epoch, seq


def _quotas(reader: Reader, lease: Lease) -> tuple[Any, Any]:
    """Return the counters of a lease's segments, and their holds that are open."""
    uuids = {head.number: head.uuid for head in segments_of(reader, lease)}
    quotas = {quota.id: quota for quota in reader.scan(t.QUOTA) if quota.segment in uuids}
    told = tuple((quota.id, uuids[quota.segment], *quota[2:]) for quota in quotas.values())
    if not told:
        return (), ()
    opened = (hold for hold in reader.scan(t.HOLD) if hold.state == HoldState.held)
    return told, tuple(hold[:4] for hold in opened if hold.quota in quotas)


def _is_after_a_loss(reader: Reader, lease: Lease) -> bool:
    """Whether the lease before this one was broken, so that gates know what nobody told."""
    before = [each for each in reader.scan(t.LEASE) if each.site == lease.site]
    newest = max(
        (each for each in before if each.epoch < lease.epoch),
        key=lambda each: each.epoch,
        default=None,
    )
    return newest is not None and newest.state == LeaseState.broken


__all__ = ["Prepared", "answer", "make_grant", "own_cursor", "segments_of"]
