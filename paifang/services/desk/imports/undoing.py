"""Taking an import back: every ticket it made is void, or none is, or those that were not used.

That a ticket is unused is decided by the ledger together with making it void: no gate gets between.
"""

from uuid import UUID

from django.db import transaction

from paifang.core import limits
from paifang.core.tickets import Status
from paifang.ledger.commands import SetStatus
from paifang.ledger.facts import Answer
from paifang.ledger.faults import Misuse
from paifang.services.desk.context import context
from paifang.services.desk.imports.working import import_of
from paifang.services.desk.jobs import RunningJob
from paifang.store.models import Import, ImportRow, ImportStage, ImportTicket

_VOIDABLE = frozenset({Status.valid, Status.unpaid, Status.blocked})


def run_undo(job: RunningJob) -> None:
    """Void what an import made; if one of its tickets was used, nothing, unless `rest` is asked."""
    one = import_of(job)
    job.save(total=ImportTicket.objects.filter(of=one, undone=False).count())
    if not job.payload.get("rest") and mark_used(one, job):
        _end(one, ImportStage.done)
        return
    line, done = job.cursor.get("line", -1), job.done
    while batch := _batch(one, line):
        job.check()
        _void(one, batch, job)
        line, done = batch[-1].line, done + len(batch)
        job.save(done=done, cursor={"line": line})
    _end(one, ImportStage.undone)


def mark_used(one: Import, job: RunningJob) -> bool:
    """Mark the tickets that were used; whether there are any."""
    ImportTicket.objects.filter(of=one, blocked=True).update(blocked=False)
    line, found = -1, False
    while batch := _batch(one, line):
        job.check()
        used = context().ledger.used([row.ticket.bytes for row in batch])
        found = _block(one, used) or found
        line = batch[-1].line
    return found


def _void(one: Import, batch: list[ImportTicket], job: RunningJob) -> None:
    """Void the tickets of a batch, but those by which somebody entered, be it this very moment."""
    ledger = context().ledger
    there = ledger.tickets([row.ticket.bytes for row in batch])
    commands = [
        SetStatus(
            request_id=f"undo-{one.turn}-{id_.hex()}",
            actor=job.by.name,
            ticket=id_,
            status=Status.void,
            reason_text="import undone",
            unused=True,
        )
        for id_, ticket in there.items()
        if ticket.status in _VOIDABLE
    ]
    outcomes = ledger.commit(commands) if commands else []
    kept = ledger.used([id_ for id_, ticket in there.items() if ticket.status not in _VOIDABLE])
    for command, outcome in zip(commands, outcomes, strict=True):
        if isinstance(outcome, Misuse):
            # Somebody entered by it, another host decides about it, or it was changed just now.
            kept |= {command.ticket}
        elif not isinstance(outcome, Answer):
            raise outcome
    gone = [UUID(bytes=id_) for id_ in there if id_ not in kept]
    with transaction.atomic():
        _block(one, kept)
        ImportTicket.objects.filter(of=one, ticket__in=gone).update(undone=True, blocked=False)


def _block(one: Import, tickets: frozenset[bytes]) -> bool:
    ids = [UUID(bytes=ticket) for ticket in tickets]
    return bool(ids and ImportTicket.objects.filter(of=one, ticket__in=ids).update(blocked=True))


def _batch(one: Import, after_line: int) -> list[ImportTicket]:
    """Return the next tickets of an import that are not taken back, in the list's order."""
    rows = ImportTicket.objects.filter(of=one, undone=False, line__gt=after_line)
    return list(rows.order_by("line")[: limits.IMPORT_BATCH_ROWS])


def _end(one: Import, stage: ImportStage) -> None:
    tickets = ImportTicket.objects.filter(of=one)
    with transaction.atomic():
        if stage is ImportStage.undone:
            # Whoever imports the list again meets them again.
            ImportRow.objects.filter(of=one).delete()
        Import.objects.filter(pk=one.pk).update(
            stage=stage,
            blocked=tickets.filter(blocked=True).count(),
            taken_back=tickets.filter(undone=True).count(),
        )
