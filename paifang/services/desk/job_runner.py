"""The runner: takes jobs one after another and runs them; many processes may share the table.

A job is taken by one conditional UPDATE, which both engines decide for one of several. It belongs
to its runner as long as that renews the lease; a killed one's job is run again by another, from
where it saved last, or, where doing it twice could harm, is left for a person to look at.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from django.db import Error, close_old_connections, connection
from django.db.models import Q
from django.db.models.functions import Now

from paifang.core import limits
from paifang.ledger.faults import LedgerFault
from paifang.services.desk.jobs import (
    JobCancelled,
    JobFault,
    JobRetry,
    JobStopped,
    JobUnknown,
    LeaseLost,
    RunningJob,
    claim_one,
    wake,
)
from paifang.store.models import Job, JobState

log = logging.getLogger(__name__)

IDLE_S: Final = 2.0
"""How long a job asked for by another process may wait; those of this one wake the runner."""
FAILED_S: Final = 5.0
KEEP_ALIVE_S: Final = limits.JOB_LEASE_S / 4
TIDY_EVERY_S: Final = 3_600.0
_PAUSE_FIRST_S: Final = 5.0
_LOOKED_AT: Final = 8


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of job is done.

    Attributes:
        run: Does it; called outside any transaction.
        repeatable: Whether a run that was killed may be run again; if not, it ends as `unknown`.
        is_long: Long jobs have a thread of their own, so that short ones never wait for them.
    """

    run: Callable[[RunningJob], None]
    repeatable: bool = True
    is_long: bool = False


Handlers = Mapping[str, Handler]


def start_jobs(
    handlers: Handlers, stop: threading.Event, hourly: Sequence[Callable[[], object]] = ()
) -> list[threading.Thread]:
    """Start this process's runner; its threads end at the next step after `stop` is set.

    Args:
        handlers: Every kind of job, and who does it.
        stop: Set when the process is to end.
        hourly: What is tidied up each hour, at the start first; also by other processes.
    """
    if connection.vendor == "sqlite":
        _take_back()
    threads = []
    for is_long in (False, True):
        some = {kind: one for kind, one in handlers.items() if one.is_long == is_long}
        thread = threading.Thread(
            target=_run,
            args=(some, stop, hourly if is_long else ()),
            name="long-jobs" if is_long else "jobs",
            daemon=True,
        )
        thread.start()
        threads.append(thread)
    return threads


def run_next(handlers: Handlers, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Take one job and run it to its end; False if none is to be done now.

    Raises:
        django.db.Error: The store cannot be written.
    """
    job = _take(handlers)
    if job is None:
        return False
    handler = handlers[job.kind]
    job.stopping = stopping
    ended = threading.Event()
    pulse = threading.Thread(target=_keep_alive, args=(job, ended), name="lease", daemon=True)
    pulse.start()
    try:
        _work(job, handler)
    except LeaseLost:
        log.warning("a job of %s was taken over by another runner", job.kind)
    finally:
        ended.set()
        pulse.join()
    return True


def _work(job: RunningJob, handler: Handler) -> None:
    """Run a job and write down what came of it. Raises LeaseLost."""
    try:
        handler.run(job)
    except LeaseLost:
        raise
    except JobStopped:
        job.put_back(counts=False)
    except JobCancelled:
        job.end(JobState.cancelled)
    except JobFault as fault:
        job.end(JobState.failed, fault.code)
    except JobUnknown as unknown:
        job.end(JobState.unknown, unknown.code)
    except JobRetry as retry:
        _again(job, retry.code, retry.after_s)
    except LedgerFault as fault:
        _again(job, fault.code, None)
    except Error as error:
        # The store is locked or restarts; it comes back by itself.
        close_old_connections()
        log.warning("a job of %s could not reach the store: %s", job.kind, type(error).__name__)
        _again(job, "store", None)
    except Exception:
        # A bug met by one job must be seen, and must not stop the others.
        log.exception("a job of %s met a bug", job.kind)
        job.end(JobState.failed, "bug")
    else:
        job.end(JobState.done)


def _again(job: RunningJob, code: str, after_s: float | None) -> None:
    """Queue a job again after a pause that grows, unless it was tried often enough."""
    if job.attempts >= limits.JOB_ATTEMPTS_MAX:
        job.end(JobState.failed, code)
        return
    pause_s = min(_PAUSE_FIRST_S * 2 ** (job.attempts - 1), limits.JOB_PAUSE_S_MAX)
    job.put_back(code, pause_s if after_s is None else after_s)


def _take(handlers: Handlers) -> RunningJob | None:
    """Take the next job that may be run, one whose runner died among them."""
    due = Q(state=JobState.queued, not_before__lte=Now())
    orphaned = Q(state=JobState.running, lease_until__lt=Now())
    # Said once more in the words of the index, so that SQLite sees that it holds them all.
    is_open = Q(state__in=(JobState.queued, JobState.running))
    open_jobs = Job.objects.filter(is_open, due | orphaned, kind__in=list(handlers))
    for job in open_jobs.order_by("not_before", "id")[:_LOOKED_AT]:
        taken = claim_one(job)
        if taken is None:
            continue
        died = job.state == JobState.running
        if died and not handlers[job.kind].repeatable:
            taken.end(JobState.unknown, "died")
        elif died and job.attempts >= limits.JOB_ATTEMPTS_MAX:
            taken.end(JobState.failed, "died")
        elif job.cancel_asked:
            taken.end(JobState.cancelled)
        else:
            return taken
    return None


def _take_back() -> None:
    """Free what a process before this one was at: on SQLite there is one desk, and it has begun."""
    Job.objects.filter(state=JobState.running).update(lease_until=Now())


def _keep_alive(job: RunningJob, ended: threading.Event) -> None:
    """Renew the lease until the run has ended; a short one never comes so far."""
    try:
        while not ended.wait(KEEP_ALIVE_S):
            # A store that cannot be reached now may be later, and the lease lasts for a while.
            with suppress(Error):
                close_old_connections()
                if not job.keep_alive():
                    return
    finally:
        connection.close()


def _run(handlers: Handlers, stop: threading.Event, hourly: Sequence[Callable[[], object]]) -> None:
    """Run job after job until told to stop."""
    tidied = -TIDY_EVERY_S
    try:
        while not stop.is_set():
            wake.clear()
            try:
                close_old_connections()
                if run_next(handlers, stop.is_set):
                    continue
                if time.monotonic() - tidied >= TIDY_EVERY_S:
                    tidied = time.monotonic()
                    for tidy in hourly:
                        tidy()
            except Error as error:
                log.warning("the jobs could not be read: %s", type(error).__name__)
                stop.wait(FAILED_S)
                continue
            except Exception:
                # A bug here must be seen, and must not end the thread without a word.
                log.exception("the runner of jobs met a bug")
                stop.wait(FAILED_S)
                continue
            wake.wait(IDLE_S)
    finally:
        connection.close()
