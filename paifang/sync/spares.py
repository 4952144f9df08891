"""A spare behind a lessee: what the centre relays to it, and up to where it has been told.

Three nodes have a part in it, and each keeps the same: per segment, up to where the spare knows
what the lessee wrote. The spare tells it the centre, the centre the lessee; behind that, gates keep
their answers, and the centre lets no answer to a wish hold.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from paifang.core.leases import OPEN_STATES, LeaseState, WishState, partner_of
from paifang.ledger import tables as t
from paifang.ledger.apply.fallback import before_of
from paifang.ledger.commands import Command
from paifang.ledger.engine import Reader
from paifang.ledger.lease_commands import HearSpare, KeepActs, WireAnswer, wish_id
from paifang.ledger.records import TicketRecord, UseRecord
from paifang.ledger.recovered import original
from paifang.ledger.rows import Base, Fallback, Head, JournalRow, Lease, Request, Spared
from paifang.sync.messages import Down, Grant, Relayed, Up

RELAY_ROWS_MAX: Final = 2_000
"""Rows of a lessee that a spare is told in one answer."""
_RELAYED: Final = frozenset(
    {"admission", "record", "passage", "annul", "status", "wish_answer", "recovered"}
)
"""What a spare follows if it takes over."""


def behind(grant: Grant, spare: str, epoch: int, keys: bytes) -> Grant:
    """Return the sealed grant behind a grant: the same state of everything, another host.

    Args:
        grant: The lessee's.
        spare: The node that gets the sealed one.
        epoch: The sealed grant's.
        keys: The keys of its events, sealed for the spare.
    """
    return msgspec.structs.replace(
        grant,
        lease=partner_of(grant.lease),
        lessee=spare,
        epoch=epoch,
        keys=keys,
        collect=True,
        spare="",
        sealed=True,
    )


def _periods(lease: Lease) -> tuple[str, ...]:
    return (*lease.periods.split(), "")


def _segments(heads: Iterable[Head], lease: Lease) -> list[Head]:
    periods = _periods(lease)
    return [head for head in heads if head.site == lease.site and head.period in periods]


# At the centre.


def heard(reader: Reader, up: Up) -> HearSpare | None:
    """Return the command by which a centre learns how far spares are; None if nothing is new.

    With it the answers to wishes come to hold that no spare can decide anew.
    """
    leases = {lease.id: lease for lease in reader.scan(t.LEASE)}
    known = {row.segment: row[1:] for row in reader.scan(t.SPARED)}
    mine = {
        lease.epoch
        for sealed in leases.values()
        if sealed.lessee == up.node and sealed.state == LeaseState.sealed
        if (lease := leases.get(partner_of(sealed.id))) is not None
    }
    cursors = tuple(
        cursor
        for cursor in up.spared
        if cursor[1] in mine and cursor[1:] > known.get(cursor[0], (0, 0))
    )
    known |= {cursor[0]: cursor[1:] for cursor in cursors}
    wishes = tuple(_holding(reader, leases.values(), known))
    if not cursors and not wishes:
        return None
    return HearSpare(cursors=cursors, wishes=wishes)


def _holding(
    reader: Reader, leases: Iterable[Lease], known: dict[str, tuple[int, ...]]
) -> Iterator[bytes]:
    """Yield wishes whose answers hold from now on."""
    told = [wish.id for wish in reader.scan(t.WISH) if wish.state == WishState.told]
    if not told:
        return
    heads = {head.number: head for head in reader.scan(t.HEAD)}
    sealed = {(lease.site, lease.epoch - 1) for lease in leases if lease.state == LeaseState.sealed}
    names = {wish_id(wish): wish for wish in told}
    requests: list[Request] = reader.rows(t.REQUEST, list(names))
    for request in requests:
        head = heads[request.segment]
        epoch, seq = known.get(head.uuid, (0, 0))
        is_known = epoch == request.epoch and seq >= request.seq
        if is_known or (head.site, request.epoch) not in sealed:
            yield names[request.request_id]


def relayed(
    reader: Reader, heads: Sequence[Head], leases: Sequence[Lease], up: Up
) -> tuple[tuple[Relayed, ...], bool]:
    """Return what a spare is to be told of its lessees, and whether there is more of it.

    Args:
        reader: A connection nobody else uses meanwhile.
        heads: All segments.
        leases: Those of the node that asks.
        up: What it told.
    """
    have = {each.lease for each in up.have if each.state == LeaseState.sealed}
    cursors = {uuid: (epoch, seq) for uuid, epoch, seq in up.spared}
    found: list[Relayed] = []
    left = RELAY_ROWS_MAX
    for sealed in leases:
        if sealed.id not in have or sealed.state != LeaseState.sealed:
            continue
        for head in _segments(heads, sealed):
            cursor = cursors.get(head.uuid, (0, 0))
            if cursor[0] != sealed.epoch - 1 or left <= 0:
                continue
            rows = reader.journal_after({head.number: cursor}, left)
            left -= len(rows)
            if rows:
                acts = tuple(_acts(head, rows))
                until = rows[-1].seq
                found.append(Relayed(sealed.id, head.uuid, cursor[0], cursor[1], until, acts))
    return tuple(found), left <= 0


def _acts(head: Head, rows: Iterable[JournalRow]) -> Iterator[WireAnswer]:
    for row in rows:
        if row.request_id and row.kind in _RELAYED:
            # The place is that of the row, and so the order; what was recovered stays so.
            place = (head.uuid, row.epoch, row.seq, row.at_ms, original(row).node)
            yield WireAnswer(row.request_id, *place, row.kind, row.payload)


def as_begun(
    reader: Reader, sealed: Lease, records: Sequence[TicketRecord]
) -> tuple[TicketRecord, ...]:
    """Return tickets as they were before the lessee did anything with them.

    What it did since comes to the spare by itself, and would count twice otherwise.
    """
    lease = partner_of(sealed.id)
    keys = [(lease, f"ticket/{record.id.hex()}") for record in records]
    rows: list[Fallback] = reader.rows(t.FALLBACK, keys)
    before = {row.name: before_of(row.record) for row in rows}
    found = []
    for record, (_, name) in zip(records, keys, strict=True):
        if name in before:
            status, exchanged = before[name]
            pristine = tuple(UseRecord(use.segment) for use in record.uses)
            found.append(
                msgspec.structs.replace(record, status=status, exchanged=exchanged, uses=pristine)
            )
        else:
            found.append(record)
    return tuple(found)


def known_to_spares(
    reader: Reader, heads: Sequence[Head], leases: Sequence[Lease]
) -> tuple[tuple[str, int, int], ...]:
    """Return up to where the spares of a node's leases know its rows."""
    rows: dict[str, Spared] = {row.segment: row for row in reader.scan(t.SPARED)}
    return tuple(
        (row.segment, row.epoch, row.seq)
        for lease in leases
        if lease.spare and lease.state in OPEN_STATES
        for head in _segments(heads, lease)
        if (row := rows.get(head.uuid)) is not None and row.epoch == lease.epoch
    )


# At the spare, and at the lessee.


def cursors(reader: Reader, leases: Sequence[Lease]) -> tuple[tuple[str, int, int], ...]:
    """Return up to where the rows of other lessees are known under a node's sealed grants."""
    sealed = {(each.site, each.epoch) for each in leases if each.state == LeaseState.sealed}
    if not sealed:
        return ()
    # Read first: a segment is there before anything begins on it.
    bases: list[Base] = list(reader.scan(t.BASE))
    heads: dict[int, Head] = {head.number: head for head in reader.scan(t.HEAD)}
    rows: dict[str, Spared] = {row.segment: row for row in reader.scan(t.SPARED)}
    found = []
    for base in bases:
        head = heads[base.segment]
        if (head.site, base.epoch) in sealed:
            row = rows.get(head.uuid)
            begun = row is not None and row.epoch == base.before
            seq = row.seq if row is not None and begun else base.seq
            found.append((head.uuid, base.before, seq))
    return tuple(found)


def commands_of(reader: Reader, down: Down, actor: str) -> Iterator[Command]:
    """Yield what the centre tells a spare of its lessee, and a lessee of its spare."""
    for told in down.relayed:
        yield KeepActs(
            lease=told.lease,
            actor=actor,
            segment=told.segment,
            epoch=told.epoch,
            since=told.since,
            until=told.until,
            acts=told.acts,
        )
    known = {row.segment: row[1:] for row in reader.scan(t.SPARED)} if down.spared else {}
    fresh = tuple(each for each in down.spared if each[1:] > known.get(each[0], (0, 0)))
    if fresh:
        yield HearSpare(cursors=fresh, actor=actor)


def confirmed(reader: Reader, heads: Iterable[Head], lease: Lease) -> dict[str, tuple[int, int]]:
    """Return per segment of a lease up to where its spare knows the rows: gates keep what follows.

    Empty for a lease without a spare.
    """
    if not lease.spare:
        return {}
    rows: dict[str, Spared] = {row.segment: row for row in reader.scan(t.SPARED)}
    found = {}
    for head in _segments(heads, lease):
        row = rows.get(head.uuid)
        there = row is not None and row.epoch == lease.epoch
        found[head.uuid] = (lease.epoch, row.seq if row is not None and there else 0)
    return found
