"""Jobs: asking for one, cancelling and repeating it, and what the work itself is handed.

A job is a row. Whoever asks for it does so inside the transaction that makes it necessary, so there
is never one without the other; asked for again under the same key, nothing happens. Running them is
the matter of `job_runner`. Moments are the database's, because several machines share the table.
"""

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from paifang.core import limits
from paifang.services.desk.permissions import Actor
from paifang.store.ids import new_uuid
from paifang.store.models import Job, JobState

wake: Final = threading.Event()
"""Set when there may be something to do at once, for the runners of this process."""

Told = dict[str, Any]
"""What is kept as JSON: ids, slugs, counts and codes."""


class JobFault(Exception):
    """The work is not possible, and trying again would not help. `code` is stable."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


class JobRetry(Exception):
    """The work is not possible now. `code` is stable; without a time the pauses grow."""

    def __init__(self, code: str, after_s: float | None = None) -> None:
        """Keep the code, and when to try again."""
        super().__init__(code)
        self.code = code
        self.after_s = after_s


class JobUnknown(Exception):
    """Nobody can tell whether it was done, and doing it twice could harm. `code` is stable."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


class JobStopped(Exception):
    """The process is to end: the job goes on elsewhere, from where it saved last."""


class JobCancelled(Exception):
    """Somebody has cancelled the job."""


class LeaseLost(Exception):
    """Another runner has taken the job over; whatever was under way must not be kept."""


def ask_for(
    kind: str,
    key: str,
    payload: Mapping[str, Any],
    *,
    by: Actor | None = None,
    total: int = 0,
    after_s: float = 0,
) -> bool:
    """Ask for a job, unless there is one of that kind and key already.

    Args:
        kind: What is to be done; one of `runtime.job_handlers`.
        key: Makes it the same job when it is asked for again.
        payload: What to work on: ids and slugs, nothing personal and nothing secret.
        by: Who caused it; the caller has asked for the permission.
        total: How many steps it will have, if that is known.
        after_s: The earliest it may begin, in seconds from now.

    Returns:
        False if it was asked for before; then nothing was changed.
    """
    row = Job(
        kind=kind,
        key=key[: limits.JOB_KEY_CHARS_MAX],
        payload=dict(payload),
        total=total,
        not_before=Now() + timedelta(seconds=after_s),
        who=by.name if by else "",
        where=by.where[:64] if by else "",
    )
    Job.objects.bulk_create([row], ignore_conflicts=True)
    # Which of two that ask at once was first, only the row itself can tell.
    is_new = Job.objects.filter(pk=row.pk).exists()
    if is_new:
        transaction.on_commit(wake.set)
    return is_new


def cancel(kind: str, key: str) -> bool:
    """Cancel a job; a running one ends at its next step.

    Returns:
        False if there is none, or it has ended already.
    """
    jobs = Job.objects.filter(kind=kind, key=key)
    if jobs.filter(state=JobState.queued).update(
        state=JobState.cancelled, cancel_asked=True, ended_at=Now()
    ):
        return True
    return bool(jobs.filter(state=JobState.running).update(cancel_asked=True))


def repeat(kind: str, key: str) -> bool:
    """Queue a job again that has failed, was cancelled, or ended nobody knows how.

    Its cursor stays, so it goes on where it was. The caller has asked for the permission.
    """
    ended = (JobState.failed, JobState.cancelled, JobState.unknown)
    queued = Job.objects.filter(kind=kind, key=key, state__in=ended).update(
        state=JobState.queued,
        not_before=Now(),
        attempts=0,
        cancel_asked=False,
        error="",
        claim=None,
        lease_until=None,
        ended_at=None,
    )
    if queued:
        transaction.on_commit(wake.set)
    return bool(queued)


def forget_old() -> int:
    """Empty what old finished jobs worked on and told; the rows stay, for their keys."""
    ended = Job.objects.filter(ended_at__lt=Now() - timedelta(days=limits.JOB_KEEP_DAYS))
    told = ended.exclude(payload={}, cursor={}, result={})
    return told.update(payload={}, cursor={}, result={})


@dataclass(slots=True)
class RunningJob:
    """What the work is handed: what to do, how far it had come, and where to say how it goes on.

    Attributes:
        payload: As it was asked for.
        cursor: What `save` was last told, also by a run before this one.
        by: Who caused it, for the audit; permission was asked when it was asked for.
    """

    id: uuid.UUID
    kind: str
    key: str
    payload: Told
    cursor: Told
    done: int
    total: int
    attempts: int
    by: Actor
    claim: uuid.UUID
    stopping: Callable[[], bool] = field(default=lambda: False)
    result: Told = field(default_factory=dict)

    def save(
        self, *, done: int | None = None, total: int | None = None, cursor: Told | None = None
    ) -> None:
        """Keep how far the work is; inside a transaction, together with what it did.

        Raises:
            LeaseLost: The job is another runner's now; the transaction must not be kept.
        """
        came_further = done is not None and done > self.done
        self.done = self.done if done is None else done
        self.total = self.total if total is None else total
        self.cursor = self.cursor if cursor is None else cursor
        changes: Told = {"done": self.done, "total": self.total, "cursor": self.cursor}
        if came_further:
            # Only a job that is stuck at one place runs out of attempts.
            self.attempts = changes["attempts"] = 1
        self._update(lease_until=lease(), **changes)

    def check(self) -> None:
        """Ask between two steps whether to go on.

        Raises:
            JobStopped: The process is to end.
            JobCancelled: Somebody has cancelled the job.
            LeaseLost: The job is another runner's now.
        """
        if self.stopping():
            raise JobStopped
        asked = Job.objects.filter(pk=self.id, claim=self.claim).values_list("cancel_asked")
        row = asked.first()
        if row is None:
            raise LeaseLost
        if row[0]:
            raise JobCancelled

    def keep_alive(self) -> bool:
        """Renew the lease; False if it is lost."""
        return bool(self._mine().update(lease_until=lease()))

    def _update(self, **changes: object) -> None:
        if not self._mine().update(**changes):
            raise LeaseLost

    def _mine(self) -> "QuerySet[Job]":
        return Job.objects.filter(pk=self.id, claim=self.claim, state=JobState.running)

    def end(self, state: JobState, error: str = "") -> None:
        """Write down how the job ended. For the runner."""
        self._give_back(
            state=state, error=error, ended_at=Now(), result=self.result, done=self.done
        )

    def put_back(self, error: str = "", after_s: float = 0, *, counts: bool = True) -> None:
        """Queue the job again; a run that only had to stop does not count. For the runner."""
        self._give_back(
            state=JobState.queued,
            error=error,
            not_before=Now() + timedelta(seconds=after_s),
            attempts=self.attempts if counts else self.attempts - 1,
        )

    def _give_back(self, **changes: object) -> None:
        self._update(claim=None, lease_until=None, **changes)


def lease() -> Combinable:
    """Return until when a job belongs to who takes it now."""
    return Now() + timedelta(seconds=limits.JOB_LEASE_S)


def claim_one(job: Job) -> RunningJob | None:
    """Take a job that is to be run; None if another runner was faster. For the runner."""
    claim = new_uuid()
    same = Job.objects.filter(pk=job.pk, state=job.state, claim=job.claim)
    if job.state == JobState.running:
        same = same.filter(lease_until__lt=Now())
    taken = same.update(
        state=JobState.running,
        claim=claim,
        attempts=job.attempts + 1,
        lease_until=lease(),
        started_at=job.started_at or Now(),
    )
    if not taken:
        return None
    return RunningJob(
        id=job.pk,
        kind=job.kind,
        key=job.key,
        payload=dict(job.payload),
        cursor=dict(job.cursor),
        done=job.done,
        total=job.total,
        attempts=job.attempts + 1,
        by=Actor(job.who or "job", None, job.where),
        claim=claim,
    )
