"""Tickets and segments that came from another node, written down as they were told."""

import hashlib
from collections.abc import Sequence

import msgspec

from paifang.core.tickets import Authority
from paifang.ledger.commands import Command
from paifang.ledger.facts import Answer, LoadFact, SegmentFact
from paifang.ledger.journal import first_hash
from paifang.ledger.records import (
    SegmentName,
    TicketRecord,
    credentials_of_record,
    ticket_of,
    uses_of,
)
from paifang.ledger.rows import Head, Loaded
from paifang.ledger.work import OWN_SEGMENT, Work


def explain(work: Work, command: Command, head: Head) -> None:
    """Tell that a segment is known here from now on."""
    fact = SegmentFact(
        rules=work.versions,
        actor=command.actor,
        segment=head.number,
        uuid=head.uuid,
        site=head.site,
        period=head.period,
    )
    work.write(OWN_SEGMENT, fact, command, answers=False)


def segment_numbers(work: Work, command: Command, names: Sequence[SegmentName]) -> list[int]:
    """Return this node's numbers of segments; those of others appear as decided elsewhere."""
    numbers = []
    for name in names:
        tail = work.tail_of(name.site, name.period)
        if tail is None:
            head = Head(
                work.next_number(),
                name.uuid,
                name.site,
                name.period,
                Authority.elsewhere,
                hash=first_hash(name.uuid),
            )
            explain(work, command, head)
            tail = work.open_tail(head)
        numbers.append(tail.head.number)
    return numbers


def note_loaded(
    work: Work,
    command: Command,
    tickets: Sequence[bytes],
    fact: LoadFact,
    *,
    answers: bool = True,
) -> Answer:
    """Write down which tickets came to a lessee; `fact` says how, their count and digest go in.

    The last `fact.erased` of them were erased, and came before.
    """
    ids = b"".join(tickets)
    told = msgspec.structs.replace(
        fact,
        rules=work.versions,
        actor=command.actor,
        tickets=len(tickets) - fact.erased,
        digest=hashlib.sha256(ids).hexdigest(),
    )
    answer = work.write(OWN_SEGMENT, told, command, answers=answers)
    if tickets:
        work.loaded.append(Loaded(answer.seq, ids))
    return answer


def put_record(work: Work, record: TicketRecord, numbers: Sequence[int]) -> None:
    """Write a ticket down as it was told, whatever was known of it."""
    work.tickets.set(record.id, ticket_of(record, numbers))
    uses = uses_of(record, numbers)
    work.uses[record.id] = uses
    for use in uses:
        work.changed_uses[use.ticket, use.n] = use
    for row in credentials_of_record(record):
        work.set_credential(row)
