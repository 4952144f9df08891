"""Jobs: asked for once, run by one, resumed where they were, and never done twice in the dark."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction

from paifang.core import limits
from paifang.ledger.faults import Unavailable
from paifang.services.desk.job_runner import Handler, run_next, start_jobs
from paifang.services.desk.jobs import (
    JobFault,
    JobRetry,
    LeaseLost,
    RunningJob,
    ask_for,
    cancel,
    claim_one,
    forget_old,
    repeat,
)
from paifang.services.desk.permissions import Actor
from paifang.store.models import Job, JobState
from tests.desk_fixtures import Place
from tests.services.desk.counting_job import KIND, PROGRAM, STEPS, counting

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def row(key: str = "one", kind: str = KIND) -> Job:
    return Job.objects.get(kind=kind, key=key)


def handler(run: Callable[[RunningJob], None], *, repeatable: bool = True) -> dict[str, Handler]:
    return {KIND: Handler(run, repeatable=repeatable)}


def raising(fault: Exception) -> dict[str, Handler]:
    def run(job: RunningJob) -> None:
        raise fault

    return handler(run)


def make_due() -> None:
    """Let all pauses and leases be over."""
    Job.objects.update(not_before=LONG_AGO)
    Job.objects.exclude(lease_until=None).update(lease_until=LONG_AGO)


def killed_in_the_middle(place: Place, into: Path, after: int) -> None:
    """Let another process take the job and die of SIGKILL after a step."""
    where = (
        {"PAIFANG_DATABASE": place.ledger}
        if isinstance(place.ledger, str)
        else {"PAIFANG_DATA": str(place.folder)}
    )
    program = [sys.executable, "-c", PROGRAM, str(into), str(after)]
    ended = subprocess.run(
        program,
        env={"DJANGO_SETTINGS_MODULE": "paifang.runtime.django_settings", **os.environ, **where},
        cwd=Path(__file__).resolve().parents[3],
        check=False,
        timeout=60,
    )
    assert ended.returncode == -signal.SIGKILL


@pytest.fixture
def into(tmp_path: Path) -> Path:
    path = tmp_path / "steps"
    path.touch()
    return path


def test_a_job_asked_for_twice_is_one_job(store: Place) -> None:
    by = Actor("mei", None, "10.0.0.7")
    assert ask_for(KIND, "one", {"ticket": "7"}, by=by)
    assert not ask_for(KIND, "one", {"ticket": "8"})
    assert ask_for("other", "one", {})
    assert Job.objects.count() == 2
    assert (row().payload, row().who, row().where) == ({"ticket": "7"}, "mei", "10.0.0.7")


def test_a_job_is_asked_for_with_what_makes_it_necessary_or_not_at_all(store: Place) -> None:
    class Refused(Exception):
        pass

    def both() -> None:
        with transaction.atomic():
            ask_for(KIND, "one", {})
            raise Refused

    with pytest.raises(Refused):
        both()
    assert not Job.objects.exists()


def test_a_job_is_run_once_and_tells_its_progress(store: Place, into: Path) -> None:
    ask_for(KIND, "one", {})
    assert run_next({KIND: counting(into)})
    assert not run_next({KIND: counting(into)})
    assert into.read_text().split() == [str(step) for step in range(1, STEPS + 1)]
    done = row()
    assert (done.state, done.done, done.total, done.claim) == (JobState.done, STEPS, STEPS, None)
    assert done.started_at is not None
    assert done.ended_at is not None
    assert done.ended_at >= done.started_at
    assert not ask_for(KIND, "one", {}), "a job that is done is not done again"


def test_a_job_waits_for_its_time_and_for_who_knows_its_kind(store: Place, into: Path) -> None:
    ask_for(KIND, "one", {}, after_s=3_600)
    ask_for("unheard of", "one", {})
    assert not run_next({KIND: counting(into)})
    make_due()
    assert run_next({KIND: counting(into)})
    assert row("one", "unheard of").state == JobState.queued


def test_a_job_killed_in_the_middle_goes_on_where_it_was(store: Place, into: Path) -> None:
    ask_for(KIND, "one", {})
    killed_in_the_middle(store, into, after=3)
    assert row().state == JobState.running
    assert not run_next({KIND: counting(into)}), "it belongs to a runner that may still live"
    make_due()
    assert run_next({KIND: counting(into)})
    assert into.read_text().split() == [str(step) for step in range(1, STEPS + 1)]
    assert (row().state, row().done) == (JobState.done, STEPS)


def test_a_killed_job_that_must_not_be_done_twice_is_left_to_a_person(
    store: Place, into: Path
) -> None:
    ask_for(KIND, "one", {})
    killed_in_the_middle(store, into, after=2)
    make_due()
    once = {KIND: Handler(counting(into).run, repeatable=False)}
    assert not run_next(once)
    assert (row().state, row().error) == (JobState.unknown, "died")
    assert repeat(KIND, "one")
    assert run_next(once)
    assert row().state == JobState.done


def test_the_desk_takes_up_at_its_start_what_it_was_at_before(
    migrated_file: Path, sqlite_desk: object, into: Path, tmp_path: Path
) -> None:
    ask_for(KIND, "one", {})
    killed_in_the_middle(Place(tmp_path, tmp_path / "ledger.db"), into, after=1)
    stop, done = threading.Event(), threading.Event()

    def run(job: RunningJob) -> None:
        counting(into).run(job)
        done.set()

    threads = start_jobs(handler(run), stop)
    assert done.wait(60)
    stop.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert row().state == JobState.done


def test_of_many_runners_each_job_is_taken_by_one(store: Place) -> None:
    count, taken, lock = 40, [], threading.Lock()
    for number in range(count):
        ask_for(KIND, f"{number}", {})

    def run(job: RunningJob) -> None:
        with lock:
            taken.append(job.key)

    def work() -> None:
        while len(taken) < count:
            run_next(handler(run))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(taken, key=int) == [f"{number}" for number in range(count)]
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.done.value}


def test_who_lost_the_lease_can_write_nothing_more(store: Place) -> None:
    ask_for(KIND, "one", {})
    first = claim_one(row())
    assert first is not None
    assert claim_one(row()) is None, "its lease is not over"
    make_due()
    stale = row()
    second = claim_one(stale)
    assert second is not None
    assert claim_one(stale) is None, "another was faster"
    assert not first.keep_alive()
    for act in (first.check, first.save, lambda: first.end(JobState.done), first.put_back):
        with pytest.raises(LeaseLost):
            act()
    second.check()
    second.save(done=1)
    assert row().done == 1


def test_what_a_runner_did_is_undone_if_the_lease_was_lost_meanwhile(store: Place) -> None:
    ask_for(KIND, "one", {})

    def run(job: RunningJob) -> None:
        Job.objects.update(claim=None)
        with transaction.atomic():
            ask_for("other", "written", {})
            job.save(done=1)

    assert run_next(handler(run))
    assert not Job.objects.filter(kind="other").exists()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (JobRetry("mail_server_busy"), "mail_server_busy"),
        (Unavailable(), "unavailable"),
        (OperationalError("locked"), "store"),
    ],
)
def test_what_is_not_possible_now_is_tried_again_a_bounded_number_of_times(
    store: Place, fault: Exception, code: str
) -> None:
    ask_for(KIND, "one", {})
    for attempt in range(1, limits.JOB_ATTEMPTS_MAX):
        assert run_next(raising(fault))
        assert (row().state, row().error, row().attempts) == (JobState.queued, code, attempt)
        assert not run_next(raising(fault)), "first it pauses"
        make_due()
    assert run_next(raising(fault))
    assert (row().state, row().error) == (JobState.failed, code)


def test_pauses_grow_up_to_a_limit_and_a_fault_may_name_its_own(store: Place) -> None:
    ask_for(KIND, "one", {})

    def pause() -> timedelta:
        before = datetime.now(UTC)
        assert run_next(raising(JobRetry("busy")))
        return row().not_before - before

    first = pause()
    Job.objects.update(not_before=LONG_AGO, attempts=limits.JOB_ATTEMPTS_MAX - 2)
    last = pause()
    assert timedelta(0) < first < last
    assert last < timedelta(seconds=limits.JOB_PAUSE_S_MAX + 60)
    make_due()
    Job.objects.update(attempts=0)
    assert run_next(raising(JobRetry("busy", after_s=0)))
    assert run_next(raising(JobRetry("busy", after_s=0)))


def test_progress_gives_a_job_its_attempts_back(store: Place) -> None:
    ask_for(KIND, "one", {})

    def run(job: RunningJob) -> None:
        job.save(done=job.done + 1)
        raise JobRetry("busy", after_s=0)

    for _ in range(2 * limits.JOB_ATTEMPTS_MAX):
        assert run_next(handler(run))
    assert row().state == JobState.queued


def test_a_fault_ends_a_job_with_its_code_and_a_bug_is_told_apart(
    store: Place, caplog: pytest.LogCaptureFixture
) -> None:
    for key in ("one", "two"):
        ask_for(KIND, key, {})
    assert run_next(raising(JobFault("no_such_file")))
    assert run_next(raising(KeyError("x")))
    assert [row(key).error for key in ("one", "two")] == ["no_such_file", "bug"]
    assert row().state == row("two").state == JobState.failed
    assert "met a bug" in caplog.text
    assert repeat(KIND, "one")
    assert not repeat(KIND, "one"), "it is queued already"


def test_a_cancelled_job_does_not_begin_and_a_running_one_ends_at_its_next_step(
    store: Place, into: Path
) -> None:
    for key in ("waiting", "running"):
        ask_for(KIND, key, {})
    assert cancel(KIND, "waiting")
    assert not cancel(KIND, "waiting")

    def run(job: RunningJob) -> None:
        assert cancel(KIND, job.key)
        counting(into).run(job)

    assert run_next(handler(run))
    assert not run_next(handler(run))
    assert into.read_text() == ""
    assert [row(key).state for key in ("waiting", "running")] == [JobState.cancelled] * 2
    assert repeat(KIND, "running")
    assert run_next({KIND: counting(into)})
    assert row("running").state == JobState.done


def test_a_runner_told_to_stop_puts_its_job_back_and_the_run_does_not_count(
    store: Place, into: Path
) -> None:
    ask_for(KIND, "one", {})
    assert run_next({KIND: counting(into)}, stopping=lambda: len(into.read_text()) > 4)
    assert (row().state, row().cursor) == (JobState.queued, {"step": 3})
    assert row().attempts == 0
    assert run_next({KIND: counting(into)})
    assert into.read_text().split() == [str(step) for step in range(1, STEPS + 1)]


def test_a_long_job_keeps_no_short_one_waiting(sqlite_desk: object) -> None:
    ask_for("long", "one", {})
    short_done, stop = threading.Event(), threading.Event()
    waited: list[bool] = []
    handlers = {
        "long": Handler(lambda _job: waited.append(short_done.wait(60)), is_long=True),
        KIND: Handler(lambda _job: short_done.set()),
    }
    threads = start_jobs(handlers, stop)
    ask_for(KIND, "one", {})
    assert short_done.wait(60)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert waited == [True]


def test_old_jobs_are_emptied_and_still_not_done_again(store: Place, into: Path) -> None:
    for key in ("old", "new"):
        ask_for(KIND, key, {"ticket": key})
        assert run_next({KIND: counting(into)})
        into.write_text("")
    keep = timedelta(days=limits.JOB_KEEP_DAYS)
    Job.objects.filter(key="old").update(ended_at=datetime.now(UTC) - keep - timedelta(hours=1))
    assert forget_old() == 1
    assert (row("old").payload, row("old").cursor) == ({}, {})
    assert row("new").payload == {"ticket": "new"}
    assert not ask_for(KIND, "old", {})
