"""After a centre was brought back from a copy: what its lessees tell it of the time it forgot.

The centre is in a new restore generation and says so in each answer. A lessee that hears of it
counts everything as not told. The centre asks for leases it does not know, for tickets it issued
and forgot, for its own rules; the lessee has all of that, signed by the centre itself. Until every
lessee has told, the centre is frozen and takes in no rows: which of two leases came later is known
only when both are.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from paifang.core import limits
from paifang.core.ids import ID_BYTES
from paifang.core.leases import OPEN_STATES, generation_at
from paifang.ledger import freeze
from paifang.ledger import tables as t
from paifang.ledger.commands import Command
from paifang.ledger.engine import Reader
from paifang.ledger.facts import Answer, LoadFact, fact_of
from paifang.ledger.faults import LedgerFault, Misuse, NotPossible
from paifang.ledger.lease_commands import AdoptRules, WireAnswer, WireBundle
from paifang.ledger.records import TicketRecord, UseRecord, base_records
from paifang.ledger.restore_commands import (
    DONE,
    Ask,
    HearRestored,
    LeaseTold,
    Regain,
    Reported,
    Restore,
)
from paifang.ledger.rows import JournalRow, Lease
from paifang.ledger.work import OWN_SEGMENT
from paifang.sync.messages import Down, Grant, Have, Told, Up
from paifang.sync.snapshot import records_by_id

Outcome = Answer | LedgerFault
Commit = Callable[[Sequence[Command]], list[Outcome]]
OpenGrant = Callable[[bytes], Grant]
Genuine = Callable[[bytes, bytes], bool]

ACTOR: Final = "sync"
RULES: Final = b""
"""Stands for a lease where the centre asks for its own rules behind version `since`."""
TICKET_BYTES_ABOUT: Final = 200
_ANSWERS: Final = "answers:"


class Own(NamedTuple):
    """What this centre signed itself: opens a grant of its own, and checks a version of its rules.

    Opening raises ValueError for what is not genuine.
    """

    open: OpenGrant
    genuine: Genuine


def _nothing(_document: bytes) -> Grant:
    raise ValueError("nothing is known as signed here")


NOTHING: Final = Own(_nothing, lambda _body, _signature: False)
"""Of a centre that can tell nothing it signed itself."""


# At the centre.


def notice(reader: Reader, commit: Commit, up: Up, now_ms: int) -> None:
    """Freeze if a lessee knows what only a later state of this ledger can have told it."""
    settings = reader.meta()
    generation = freeze.generation(settings)
    if up.node in (*freeze.awaited(settings), *freeze.written_off(settings)):
        ahead = up.generation > generation
    else:
        ahead = up.generation > generation or (
            up.generation == generation and _knows_more(reader, settings, up)
        )
    if ahead:
        _commit(
            commit,
            Restore(
                actor=ACTOR,
                floor=max(up.generation + 1, generation_at(now_ms)),
                leases=tuple(lease.id for lease in reader.scan(t.LEASE)),
                noticed=True,
            ),
        )


def _knows_more(reader: Reader, settings: freeze.Settings, up: Up) -> bool:
    leases = {lease.id for lease in reader.scan(t.LEASE)}
    own = reader.cursors()[OWN_SEGMENT][1]
    return (
        up.rules > int(settings.get("bundle.centre", "0"))
        or any(have.lease not in leases for have in up.have)
        or any(have.cursor > own for have in up.have)
    )


def take_told(reader: Reader, commit: Commit, up: Up, own: Own) -> list[tuple[str, str]]:
    """Take in what a lessee was asked for; return (lease, code) of what was not accepted."""
    if up.generation != freeze.generation(reader.meta()):
        return []
    for bundle in sorted(up.bundles, key=lambda each: each.version):
        if own.genuine(bundle.body, bundle.signature):
            adopted = AdoptRules(
                version=bundle.version,
                body=bundle.body,
                signature=bundle.signature,
                regained=True,
                actor=ACTOR,
            )
            _commit(commit, adopted, passing=NotPossible)
    faults = []
    for told in up.told:
        try:
            _regain(reader, commit, up.node, told, own)
        except NotPossible:
            continue
        except (Misuse, ValueError) as fault:
            faults.append((told.lease.hex(), getattr(fault, "code", "altered")))
    return faults


def _regain(reader: Reader, commit: Commit, node: str, told: Told, own: Own) -> None:
    leases = list(reader.scan(t.LEASE))
    forgotten, closes = None, ()
    if told.lease not in {lease.id for lease in leases}:
        grant = own.open(told.document)
        if (grant.lessee, grant.lease) != (node, told.lease):
            raise ValueError("another lease's grant")
        forgotten = LeaseTold(
            grant.site,
            grant.periods,
            grant.epoch,
            grant.rights,
            grant.granted_ms,
            told.not_after_ms,
            grant.heads,
            grant.counts,
            told.document,
            told.state,
        )
        closes = tuple(
            lease.id for lease in leases if lease.site == grant.site and lease.state in OPEN_STATES
        )
    _commit(
        commit,
        Regain(
            node=node,
            lease=told.lease,
            after=told.after,
            until=told.until,
            told=forgotten,
            closes=closes,
            segments=told.segments,
            records=told.records,
            answers=told.answers,
            erased=told.erased,
            actor=ACTOR,
        ),
    )


def asks_of(reader: Reader, commit: Commit, up: Up) -> tuple[Ask, ...]:
    """Return what a lessee is asked for; one that has told everything is waited for no more."""
    settings = reader.meta()
    if up.generation != freeze.generation(settings):
        return ()
    leases: dict[bytes, Lease] = {lease.id: lease for lease in reader.scan(t.LEASE)}
    wanted = [ask for have in up.have if (ask := _ask(settings, leases, have, up.node)) is not None]
    version = int(settings.get("bundle.centre", "0"))
    if up.rules > version:
        wanted.append(Ask(RULES, "", version))
    # What is written down for a node that has told nothing yet is no report of it.
    if up.nonce and not wanted and up.node in freeze.awaited(settings):
        _commit(commit, Reported(node=up.node, actor=ACTOR), passing=NotPossible)
    return tuple(wanted)


def _ask(
    settings: freeze.Settings, leases: dict[bytes, Lease], have: Have, node: str
) -> Ask | None:
    lease = leases.get(have.lease)
    if lease is None:
        return Ask(have.lease)
    if lease.lessee != node or freeze.is_told(settings, lease.id):
        return None
    since = -1 if lease.document else freeze.position_of(settings)
    return Ask(lease.id, settings[freeze.told_of(lease.id)], since)


def in_step(settings: freeze.Settings, up: Up) -> bool:
    """Whether a lessee knows of the last restore, and everybody has told what they hold."""
    return not freeze.awaited(settings) and up.generation == freeze.generation(settings)


def position_for(settings: freeze.Settings, up: Up) -> int:
    """Return where a lessee's cursors go back to, for what it has heard of."""
    return freeze.position_after(settings, up.generation) or 0


# At the lessee.


def tell_asked(
    reader: Reader, settings: freeze.Settings, bytes_max: int
) -> tuple[tuple[Told, ...], tuple[WireBundle, ...]]:
    """Return what the centre asked for, as much as fits, and versions of its rules."""
    parts: list[Told] = []
    bundles: tuple[WireBundle, ...] = ()
    leases: dict[bytes, Lease] = {lease.id: lease for lease in reader.scan(t.LEASE)}
    newest = max(leases.values(), key=lambda each: (each.granted_ms, each.id), default=None)
    left = bytes_max
    for ask in freeze.asks(settings):
        if ask.lease == RULES:
            bundles = _rules_behind(reader, ask.since)
            continue
        lease = leases.get(ask.lease)
        after = ask.after
        while lease is not None and left > 0 and after != DONE:
            part = _part(reader, lease, ask.since, after, unseen=lease is newest)
            parts.append(part)
            left -= TICKET_BYTES_ABOUT * (len(part.records) + len(part.answers) + 1)
            after = part.until
    return tuple(parts), bundles


def _rules_behind(reader: Reader, version: int) -> tuple[WireBundle, ...]:
    return tuple(
        WireBundle(row.version, row.body, row.signature)
        for row in reader.scan(t.BUNDLE)
        if row.layer == "centre" and row.version > version
    )


def _part(reader: Reader, lease: Lease, since: int, after: str, *, unseen: bool) -> Told:
    """Return the part behind a place: the tickets of one loading, or some answers."""
    whole = since < 0
    start = Told(lease.id, after, DONE, lease.state, lease.document, lease.not_after_ms)
    if not after.startswith(_ANSWERS):
        row = _next_loading(reader, lease, since, after, unseen=unseen)
        if row is not None:
            return _loading(reader, start, row)
        if whole:
            return msgspec.structs.replace(start, until=_ANSWERS)
        return start
    answers = _answers_behind(reader, after.removeprefix(_ANSWERS))
    if not answers:
        return start
    until = f"{_ANSWERS}{answers[-1].request_id}"
    return msgspec.structs.replace(start, until=until, answers=answers)


def _next_loading(
    reader: Reader, lease: Lease, since: int, after: str, *, unseen: bool
) -> JournalRow | None:
    """Return the next row that tells of tickets that came with a lease.

    With `unseen` also of those that came by their signed code alone. No lease is named with them,
    so that they are told with one of them.
    """
    epoch, _, seq = after.partition(":")
    cursor = (int(epoch or 0), int(seq or 0))
    while rows := reader.journal_after({OWN_SEGMENT: cursor}, limits.PAGE_ROWS_MAX):
        for row in rows:
            if row.kind == "load":
                fact = fact_of(row.kind, row.payload)
                assert isinstance(fact, LoadFact), "a row of this kind tells of loading"
                came = fact.lease == lease.id.hex() and (since < 0 or fact.cursor > since)
                if (came or (unseen and fact.unseen)) and not fact.regained:
                    return row
        cursor = rows[-1][1:3]
    return None


def _loading(reader: Reader, start: Told, row: JournalRow) -> Told:
    fact = fact_of(row.kind, row.payload)
    assert isinstance(fact, LoadFact), "found as such"
    (loaded,) = reader.rows(t.LOADED, [row.seq]) or [None]
    data = loaded.tickets if loaded is not None else b""
    ids = [data[n : n + ID_BYTES] for n in range(0, len(data), ID_BYTES)]
    given, erased = ids[: fact.tickets], ids[fact.tickets :]
    chunk = records_by_id(reader, given)
    before = base_records(reader.rows(t.BASE_TICKET, given))
    return msgspec.structs.replace(
        start,
        until=f"{row.epoch}:{row.seq}",
        segments=chunk.segments,
        records=tuple(_as_given(record, before.get(record.id)) for record in chunk.records),
        erased=tuple(erased),
    )


def _as_given(record: TicketRecord, before: TicketRecord | None) -> TicketRecord:
    """Return a ticket with what it opens by now, and otherwise as it was when it was given."""
    states = {n: use.state for n, use in enumerate(before.uses)} if before else {}
    return msgspec.structs.replace(
        record,
        status=before.status if before else 0,
        exchanged=before.exchanged if before else 0,
        uses=tuple(UseRecord(use.segment, states.get(n, ())) for n, use in enumerate(record.uses)),
    )


def _answers_behind(reader: Reader, request: str) -> tuple[WireAnswer, ...]:
    found = []
    for row in reader.scan(t.SETTLED):
        if row.request_id > request:
            found.append(WireAnswer(*row))
            if len(found) == limits.PAGE_ROWS_MAX:
                break
    return tuple(found)


def hear(reader: Reader, commit: Commit, down: Down) -> bool:
    """Take note of the centre's generation and of what it asks.

    Returns:
        Whether the rest of what it says is of the state this node knows it in.
    """
    settings = reader.meta()
    known = freeze.heard(settings)
    if down.generation < known:
        return False
    leases = tuple(lease.id for lease in reader.scan(t.LEASE))
    if down.generation > known or freeze.packed(down.asks) != settings.get(freeze.ASKS, ""):
        _commit(
            commit,
            HearRestored(
                generation=down.generation,
                position=down.position,
                asks=down.asks,
                leases=leases,
                segments=tuple(ack.segment for ack in reader.scan(t.ACK)),
                actor=ACTOR,
            ),
        )
    # A node that holds nothing has nothing to set back.
    return down.generation == known or not leases


def _commit(commit: Commit, command: Command, passing: type[LedgerFault] | tuple[()] = ()) -> None:
    (outcome,) = commit([command])
    if isinstance(outcome, LedgerFault) and not isinstance(outcome, passing):
        raise outcome
