"""The work on an uploaded list, as jobs: look ahead, import, take back; asked for and cancelled.

Each goes on where it was after a restart. The stage of an import and the job that leads it on are
changed together, so of two people who press a button at once one is told that it is done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from django.db import transaction

from paifang.core import limits
from paifang.services.desk import audit, jobs
from paifang.services.desk.attendees import AttendeeList, FileError, open_list
from paifang.services.desk.context import context
from paifang.services.desk.import_run import DryRun, Outcome, Run
from paifang.services.desk.import_targets import ImportFault, Resolver, Targets
from paifang.services.desk.imports.files import drop_file, path_of
from paifang.services.desk.imports.keeping import ImportKeeper
from paifang.services.desk.imports.undone import undone_among
from paifang.services.desk.imports.uploading import chosen_of
from paifang.services.desk.jobs import JobCancelled, JobFault, JobRetry, RunningJob
from paifang.services.desk.permissions import Act, Actor
from paifang.store.models import Import, ImportRow, ImportStage, Job, JobState

CHECK: Final = "import_check"
RUN: Final = "import_run"
UNDO: Final = "import_undo"

_WORKING: Final = {
    CHECK: ImportStage.checking,
    RUN: ImportStage.importing,
    UNDO: ImportStage.undoing,
}
_STOPPED: Final = {
    CHECK: ImportStage.mapping,
    RUN: ImportStage.done,
    UNDO: ImportStage.done,
}
"""Where an import stands once its job was cancelled."""


def ask_check(one: Import, *, by: Actor) -> bool:
    """Ask for the look ahead; False if something else is done with the list now."""
    stages = (ImportStage.mapping, ImportStage.checked)
    return _ask(one, CHECK, stages, by)


def ask_run(one: Import, *, by: Actor) -> bool:
    """Ask for the import itself; False if something else is done with the list now."""
    return _ask(one, RUN, (ImportStage.checked,), by)


def ask_undo(one: Import, *, by: Actor, rest: bool = False) -> bool:
    """Ask to take back all tickets an import made; with `rest` those that were not used.

    Returns:
        False if something else is done with the list now.
    """
    by.require(Act.void_tickets)
    return _ask(one, UNDO, (ImportStage.done,), by, rest=rest)


def _ask(
    one: Import,
    kind: str,
    stages: tuple[ImportStage, ...],
    by: Actor,
    **payload: object,
) -> bool:
    by.require(Act.import_people)
    with transaction.atomic():
        taken = Import.objects.filter(pk=one.pk, stage__in=stages, turn=one.turn).update(
            stage=_WORKING[kind], turn=one.turn + 1, cancelled=False, error="", error_params={}
        )
        if not taken:
            return False
        key = f"{one.pk.hex}/{one.turn + 1}"
        jobs.ask_for(kind, key, {"import": one.pk.hex, **payload}, by=by)
        job = Job.objects.get(kind=kind, key=key)
        Import.objects.filter(pk=one.pk).update(job=job)
        audit.record(kind, who=by.name, subject=one.pk.hex, where=by.where)
    one.refresh_from_db()
    return True


def cancel(one: Import, *, by: Actor) -> bool:
    """Stop the work on a list at its next step; what was taken stays, and it can go on later."""
    by.require(Act.import_people)
    job = one.job
    if job is None or one.stage != _WORKING[job.kind]:
        return False
    jobs.cancel(job.kind, job.key)
    audit.record("cancel_import", who=by.name, subject=one.pk.hex, where=by.where)
    job.refresh_from_db()
    if job.state not in (JobState.running, JobState.done):
        # It does not run, so nobody else will write down that it is over.
        _stop(one, job.kind)
    return True


def go_on(one: Import, *, by: Actor) -> bool:
    """Go on with work that was cancelled or has failed, where it was."""
    by.require(Act.import_people)
    job = one.job
    if job is None:
        return False
    with transaction.atomic():
        if not jobs.repeat(job.kind, job.key):
            return False
        Import.objects.filter(pk=one.pk).update(
            stage=_WORKING[job.kind], cancelled=False, error="", error_params={}
        )
        audit.record("resume_import", who=by.name, subject=one.pk.hex, where=by.where)
    return True


def run_check(job: RunningJob) -> None:
    """Say of each row what would become of it; changes nothing but the counts."""
    one = import_of(job)
    with _told(one, job):
        ImportRow.objects.filter(of=one).delete()
        keeper = ImportKeeper(one, rows_max=limits.IMPORT_PAGE_ROWS)
        run = DryRun(keeper, undone_among)
        for passed in _pass(one, run, job):
            job.save(done=passed.position, total=passed.total)
            job.check()
        with transaction.atomic():
            keeper.flush()
            _keep_counts(one, run, keeper, rows=job.cursor["rows"], stage=ImportStage.checked)
            job.save(done=job.total)


def run_import(job: RunningJob) -> None:
    """Take the rows in, from where the run before this one was."""
    one = import_of(job)
    with _told(one, job):
        if not job.cursor:
            ImportRow.objects.filter(of=one).delete()
        keeper = ImportKeeper(one, rejected=job.cursor.get("rejected", 0))
        run = Run(keeper, undone_among)
        run.counts.update({name: job.cursor.get(name, 0) for name in Outcome})
        for passed in _pass(one, run, job):
            _save(one, run, keeper, job, passed)
            job.check()
        with transaction.atomic():
            keeper.flush()
            _keep_counts(one, run, keeper, rows=job.cursor["rows"], stage=ImportStage.done)
            job.save(done=job.total)
    drop_file(one.pk)


def _pass(one: Import, run: Run, job: RunningJob) -> Iterator[AttendeeList]:
    """Pass the rows of a list to a run, from its cursor on; yields when none is waiting.

    Rows before the cursor are read again, since a later one may repeat them, and not taken again.
    """
    rules = context().ledger.rules()
    targets = Targets(one.event.slug, one.product, one.session, job.by.name)
    resolver = Resolver(rules.centre, targets)
    start = job.cursor.get("position", 0)
    today = datetime.now(UTC).date()
    with open_list(path_of(one.pk), today=today, chosen=chosen_of(one)) as attendees:
        taken = 0
        for row in attendees:
            if attendees.position <= start:
                continue
            run.take(row, attendees.cells, resolver)
            taken += 1
            if taken % limits.IMPORT_BATCH_ROWS == 0:
                run.commit()
                yield attendees
        run.commit()
        job.cursor = {**job.cursor, "rows": attendees.rows}
        job.total = attendees.total


def _save(
    one: Import, run: Run, keeper: ImportKeeper, job: RunningJob, passed: AttendeeList
) -> None:
    """Keep how far an import has come, with the rows it rejected on the way."""
    cursor = {
        "position": passed.position,
        "rejected": keeper.rejected,
        **{str(name): count for name, count in run.counts.items()},
    }
    with transaction.atomic():
        keeper.flush()
        _keep_counts(one, run, keeper, rows=passed.rows, stage=ImportStage.importing)
        job.save(done=passed.position, total=passed.total, cursor=cursor)


def _keep_counts(
    one: Import, run: Run, keeper: ImportKeeper, *, rows: int, stage: ImportStage
) -> None:
    Import.objects.filter(pk=one.pk).update(
        stage=stage,
        rows=rows,
        created=run.counts[Outcome.created],
        unchanged=run.counts[Outcome.unchanged],
        updated=run.counts[Outcome.updated],
        rejected=keeper.rejected,
    )


def import_of(job: RunningJob) -> Import:
    """Return the import a job is about. Raises JobFault."""
    one = Import.objects.filter(pk=job.payload["import"]).select_related("event").first()
    if one is None:
        raise JobFault("no_such_import")
    return one


@contextmanager
def _told(one: Import, job: RunningJob) -> Iterator[None]:
    """Write down at the import why its job ends early."""
    try:
        yield
    except JobCancelled:
        _stop(one, job.kind)
        raise
    except FileNotFoundError as error:
        # On several machines the data directory's files must be shared; it may come yet.
        raise JobRetry("file_missing") from error
    except (FileError, ImportFault) as fault:
        params = fault.params if isinstance(fault, FileError) else {"text": fault.text}
        Import.objects.filter(pk=one.pk).update(
            stage=ImportStage.mapping, error=fault.code, error_params=params
        )
        raise JobFault(fault.code) from fault


def _stop(one: Import, kind: str) -> None:
    Import.objects.filter(pk=one.pk).update(stage=_STOPPED[kind], cancelled=True)
