"""Rows that another node wrote, taken in: its own journal, and the segments it holds on a lease.

Accepted rows of a segment follow one another without a gap (I5). The node that wrote them decided;
here they are chained again, so what was altered on the way does not fit, and followed.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from paifang.core import limits
from paifang.core.leases import OPEN_STATES, LeaseState, next_epoch
from paifang.core.rules import CentreRules
from paifang.core.tickets import Authority, CredentialState
from paifang.ledger import beneath, freeze
from paifang.ledger import tables as t
from paifang.ledger.apply.branching import up_to_branch
from paifang.ledger.apply.erasing import clear_person
from paifang.ledger.apply.fallback import (
    count,
    fall_back,
    hold_answer,
    is_history,
    put_aside,
)
from paifang.ledger.apply.loading import put_record, segment_numbers
from paifang.ledger.apply.spares import end_behind
from paifang.ledger.bundle import decode_layer, node_layer
from paifang.ledger.commands import Command
from paifang.ledger.facts import (
    Answer,
    DisputeFact,
    EraseFact,
    Fact,
    HandoverFact,
    ImportedFact,
    IssueFact,
    LeaseFact,
    PublishFact,
    SegmentFact,
    fact_of,
    payload_of,
)
from paifang.ledger.faults import Diverged, Gap, Misuse, NotAllowed, NotPossible
from paifang.ledger.follow import Disputed, follow
from paifang.ledger.journal import Tail, first_hash
from paifang.ledger.lease_commands import ImportRows, WireRow
from paifang.ledger.records import TicketRecord, UseRecord, credentials_of_record
from paifang.ledger.recovered import original
from paifang.ledger.rows import (
    BundleRow,
    EnclosureRow,
    Head,
    JournalRow,
    LateRow,
    Lease,
    Request,
    Settled,
)
from paifang.ledger.work import OWN_SEGMENT, UNCHECKED, Work


def import_rows(work: Work, command: ImportRows) -> Answer:
    """Take in rows of one segment; answered with the cursor behind the last that is here.

    Rows that are here already are passed over, so the same page may come any number of times.

    Raises:
        NotAllowed: The node is not known here, was revoked, or the lease is another node's.
        Gap: Rows before these are missing.
        Diverged: Another row stands under the number of one of these.
        Misuse: What came cannot be read, or is too much at once.
    """
    _check(work, command)
    lease = work.lease(command.lease) if command.lease else None
    tail = _tail(work, command)
    if lease is None:
        command = up_to_branch(work, tail, command)
    facts = _facts(command.rows)
    if lease is not None and _is_over(lease, tail):
        return _keep_as_history(work, command, lease, tail)
    fresh = _fresh(work, tail, command.rows)
    if lease is not None and any(row.epoch != lease.epoch for row in fresh):
        msg = "these rows were not written under this lease"
        raise NotAllowed(msg)
    rules = _rules_of(work, command, fresh, facts)
    numbers = segment_numbers(work, command, command.segments)
    wanted = {row.seq for row in fresh}
    _read_ahead(work, command, facts)
    _take_records(work, command.records, facts, numbers)
    before = None
    if lease is not None and lease.spare:
        new = [fact for row, fact in zip(command.rows, facts, strict=True) if row.seq in wanted]
        before = put_aside(work, lease, new)
    for wire, fact in zip(command.rows, facts, strict=True):
        if wire.seq in wanted:
            row = _append(work, tail, wire)
            if lease is not None:
                _follow(work, lease, row, fact, rules)
            else:
                _take_own(work, command, row, fact)
    if lease is not None and before is not None:
        count(work, lease, before)
    _take_enclosures(work, command, tail, wanted)
    # Under the epoch these rows were written in: with the last of them it may have moved on.
    epoch = lease.epoch if lease is not None else tail.epoch
    fact = ImportedFact(segment=tail.head.uuid, epoch=epoch, seq=tail.seq)
    return Answer(fact=payload_of(fact), kind="imported", segment=tail.head.number)


def _read_ahead(work: Work, command: ImportRows, facts: Sequence[Fact]) -> None:
    """Read what these rows are about in a few looks, instead of row by row."""
    named = [getattr(fact, "ticket", "") for fact in facts] if command.lease else []
    about = [getattr(fact, "admission", "") for fact in facts]
    asked = [row.request_id for row in command.rows]
    work.meet_all(
        [bytes.fromhex(ticket) for ticket in named if ticket],
        [name for name in (*asked, *about) if name],
    )


def _take_records(
    work: Work, records: Sequence[TicketRecord], facts: Sequence[Fact], numbers: Sequence[int]
) -> None:
    """Write down tickets that rows brought into being, and credentials they bound."""
    issued = {fact.ticket: fact.status for fact in facts if isinstance(fact, IssueFact)}
    for record in records:
        if work.tickets.get(record.id) is None:
            put_record(work, _as_issued(record, issued.get(record.id.hex(), 0)), numbers)
            continue
        for credential in credentials_of_record(record):
            mine = work.credentials.get(credential.hash)
            if mine is None or mine.state == CredentialState.live:
                work.set_credential(credential)


def _as_issued(record: TicketRecord, status: int) -> TicketRecord:
    """Return a ticket as it was before anything happened to it: the rows tell of the rest."""
    return msgspec.structs.replace(
        record,
        status=status,
        exchanged=0,
        uses=tuple(UseRecord(use.segment) for use in record.uses),
    )


def _check(work: Work, command: ImportRows) -> None:
    """Whether this node may tell of this segment at all."""
    peer = work.rules.node.peers.get(command.node)
    if peer is None or peer.revoked:
        msg = "this node did not join, or was revoked"
        raise NotAllowed(msg)
    if not 0 < len(command.rows) <= limits.IMPORT_ROWS_AT_ONCE_MAX:
        msg = f"1 to {limits.IMPORT_ROWS_AT_ONCE_MAX} rows at once"
        raise Misuse(msg)
    if any(len(row.payload) > limits.PAYLOAD_BYTES_MAX for row in command.rows):
        msg = "a row is too long"
        raise Misuse(msg)
    own = command.segment.site == "" and command.segment.period == command.node
    if bool(command.lease) == own:
        msg = "a segment comes under its lease, a node's own under none"
        raise NotAllowed(msg)
    if command.lease and work.lease(command.lease).lessee != command.node:
        msg = "this lease is another node's"
        raise NotAllowed(msg)


def _facts(rows: Sequence[WireRow]) -> list[Fact]:
    try:
        return [fact_of(row.kind, row.payload) for row in rows]
    except (KeyError, msgspec.MsgspecError, ValueError) as error:
        msg = f"a row cannot be read: {error}"
        raise Misuse(msg) from error


def _is_over(lease: Lease, tail: Tail) -> bool:
    """Whether nothing more of a lease counts; of one that was returned the last rows still do."""
    if lease.state in OPEN_STATES:
        return False
    given_back = tail.epoch != lease.epoch or tail.head.authority == Authority.here
    return lease.state != LeaseState.returned or given_back


def _tail(work: Work, command: ImportRows) -> Tail:
    """Return the segment's growing end; a node's own appears when first told of."""
    name = command.segment
    tail = work.tail_of(name.site, name.period)
    if tail is not None:
        if tail.head.uuid != name.uuid:
            msg = "this segment goes by another name here"
            raise NotAllowed(msg)
        return tail
    if command.lease:
        msg = "there is no such segment"
        raise NotPossible(msg)
    head = Head(
        work.next_number(),
        name.uuid,
        name.site,
        name.period,
        Authority.elsewhere,
        hash=first_hash(name.uuid),
    )
    fact = SegmentFact(
        rules=work.versions,
        segment=head.number,
        uuid=head.uuid,
        site=head.site,
        period=head.period,
    )
    work.write(OWN_SEGMENT, fact, command, answers=False)
    return work.open_tail(head)


def _is_here(work: Work, row: JournalRow) -> bool:
    """Whether exactly this row stands in the journal."""
    try:
        return work.journal_row(*row[:3]) == row
    except IndexError:
        return False


def _fresh(work: Work, tail: Tail, rows: Sequence[WireRow]) -> list[WireRow]:
    """Return the rows that are not here yet, after comparing those that are."""
    known = [row for row in rows if row.seq <= tail.seq]
    for row in known:
        if not _is_here(work, _local(tail.head.number, row)):
            msg = f"another row stands under number {row.seq}: two machines write as this node"
            raise Diverged(msg)
    fresh = list(rows[len(known) :])
    for n, row in enumerate(fresh, tail.seq + 1):
        if row.seq != n or row.epoch != tail.epoch:
            msg = f"row {tail.epoch}/{tail.seq + 1} comes next"
            raise Gap(msg)
    return fresh


def _local(number: int, row: WireRow) -> JournalRow:
    return JournalRow(
        number,
        row.epoch,
        row.seq,
        row.at_ms,
        row.node,
        row.kind,
        row.request_id,
        row.payload,
        row.digest,
    )


def _rules_of(
    work: Work, command: ImportRows, fresh: Sequence[WireRow], facts: Sequence[Fact]
) -> dict[int, CentreRules]:
    """Return the centre's layers these rows were decided by. Raises Misuse for unknown ones."""
    found = {work.rules.centre.version: work.rules.centre, 0: CentreRules()}
    if not command.lease or not fresh:
        return found
    wanted = sorted({fact.rules[0] for fact in facts} - found.keys())
    rows = work.engine.get(t.BUNDLE, [("centre", version) for version in wanted])
    for row in rows:
        layer = decode_layer("centre", row.body)
        assert isinstance(layer, CentreRules), "the centre's layer was read"
        found[row.version] = layer
    missing = [version for version in wanted if version not in found]
    if missing:
        msg = f"version {missing[0]} of the centre's rules was never published here"
        raise Misuse(msg)
    return found


def _append(work: Work, tail: Tail, wire: WireRow) -> JournalRow:
    """Append one row to its segment here."""
    row = _local(tail.head.number, wire)
    page = tail.grow(row)
    work.journal.append(row)
    if page is not None:
        work.pages.append(page)
    if row.request_id:
        _answer(work, tail, row)
    if row.kind == "recovered":
        # Carried along by every lease from here on, so that no other host takes it in again.
        first = original(row)
        told = (first.at_ms, first.node, first.kind, first.payload)
        settled = Settled(row.request_id, tail.head.uuid, row.epoch, row.seq, *told)
        work.settled.set(row.request_id, settled)
    return row


def _answer(work: Work, tail: Tail, row: JournalRow) -> None:
    """Remember which row answers a request.

    A host that was given up may refuse, in its own journal, what the next one decides; then the
    segment's row is the answer, whichever comes first.
    """
    known = work.requests.get(row.request_id)
    if known is not None:
        answered = bool(work.head_tail(known.segment).head.site) and not is_history(work, known)
        if not tail.head.site or answered:
            return
        work.replaced.append(Request(row.request_id, UNCHECKED, *row[:3]))
    work.fresh_rows[row[:3]] = row
    work.requests.known[row.request_id] = Request(row.request_id, UNCHECKED, *row[:3])
    if known is None:
        work.requests.changed.add(row.request_id)


def _follow(
    work: Work, lease: Lease, row: JournalRow, fact: Fact, rules: dict[int, CentreRules]
) -> None:
    """Do what a row of a leased segment says; what cannot be done is told of."""
    tail = work.head_tail(row.segment)
    if isinstance(fact, HandoverFact):
        epoch = next_epoch(lease.epoch, freeze.generation(work.settings))
        work.hand_over(tail, Authority.here, epoch)
        return
    try:
        follow(work, row, fact, rules[fact.rules[0]])
        hold_answer(work, lease, fact)
    except Disputed as dispute:
        told = DisputeFact(
            rules=work.versions,
            segment=tail.head.uuid,
            epoch=row.epoch,
            seq=row.seq,
            why=str(dispute),
        )
        work.write(OWN_SEGMENT, told, Command(), answers=False)


def _take_own(work: Work, command: ImportRows, row: JournalRow, fact: Fact) -> None:
    """Do what a row of another node's own journal says: steps of leases, and its own rules."""
    if isinstance(fact, LeaseFact):
        lease = work.leases.get(bytes.fromhex(fact.lease))
        state = {"ready": LeaseState.ready, "returned": LeaseState.returned}.get(fact.what)
        if lease is None or lease.lessee != command.node:
            return
        if fact.what == "unsealed" and lease.state == LeaseState.sealed:
            fall_back(work, command, lease, fact)
        elif state is not None and lease.state in OPEN_STATES and state > lease.state:
            changed = lease._replace(state=state)
            work.leases.set(lease.id, changed)
            if state == LeaseState.returned:
                end_behind(work, command, changed, "returned")
    elif isinstance(fact, EraseFact):
        # Who asked at the venue to be forgotten is forgotten here as well.
        ticket = work.tickets.get(bytes.fromhex(fact.ticket))
        if ticket is not None:
            clear_person(work, ticket)
    elif isinstance(fact, PublishFact) and fact.layer == "node":
        for bundle in command.bundles:
            digest = hashlib.sha256(bundle.body).digest()
            if bundle.version == fact.version and digest.hex() == fact.digest:
                name = node_layer(command.node)
                work.bundles.append(
                    BundleRow(
                        name, bundle.version, row.at_ms, digest, bundle.signature, bundle.body
                    )
                )


def _take_enclosures(work: Work, command: ImportRows, tail: Tail, wanted: set[int]) -> None:
    work.enclosures += [
        EnclosureRow(tail.head.number, *msgspec.structs.astuple(each))
        for each in command.enclosures
        if each.seq in wanted
    ]


def _keep_as_history(work: Work, command: ImportRows, lease: Lease, tail: Tail) -> Answer:
    """Write down what came too late: reported, never applied, and answered all the same."""
    number, late = tail.head.number, False
    wanted = _put_beneath(work, command, lease, tail)
    for row in command.rows:
        if row.seq in wanted or _is_here(work, _local(number, row)):
            continue
        late = True
        work.late.append(
            LateRow(
                command.segment.uuid,
                row.epoch,
                row.seq,
                row.at_ms,
                row.node,
                row.kind,
                row.request_id,
                row.payload,
                work.now_ms,
            )
        )
    last = command.rows[-1]
    fact = ImportedFact(segment=command.segment.uuid, epoch=lease.epoch, seq=last.seq, late=late)
    return Answer(fact=payload_of(fact), kind="imported", segment=number)


def _put_beneath(work: Work, command: ImportRows, lease: Lease, tail: Tail) -> set[int]:
    """Chain rows that a newer lease began with where they belong; return their numbers.

    They change nothing: what they led to was told with that lease.
    """
    number = tail.head.number
    end = beneath.loose_end(work.settings, number, lease.epoch)
    if end is None:
        return set()
    chain = Tail(tail.head)
    chain.epoch, chain.seq, chain.hash = lease.epoch, end.seq, end.hash
    chain.page, chain.page_rows, chain.last_at_ms = end.page, end.page_rows, end.last_at_ms
    wanted = set()
    for wire in command.rows:
        if wire.epoch == lease.epoch and chain.seq + 1 == wire.seq <= end.limit:
            _append(work, chain, wire)
            wanted.add(wire.seq)
    if wanted:
        end = end._replace(
            seq=chain.seq,
            hash=chain.hash,
            page=chain.page,
            page_rows=chain.page_rows,
            last_at_ms=chain.last_at_ms,
        )
        work.set(beneath.name_of(number, lease.epoch), beneath.packed(end))
        _take_enclosures(work, command, tail, wanted)
    return wanted
