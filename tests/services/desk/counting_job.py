"""A job for tests that counts into a file, and a process that is killed in the middle of it.

PROGRAM finds the store by PAIFANG_DATA or PAIFANG_DATABASE; its first argument is the file, the
second the step after which it kills itself.
"""

import os
import signal
import sys
from pathlib import Path

from paifang.services.desk.job_runner import Handler, run_next
from paifang.services.desk.jobs import RunningJob

PROGRAM = (
    f"import django; django.setup(); from {__name__} import run_to_the_death; run_to_the_death()"
)
KIND = "count"
STEPS = 6


def counting(into: Path, dies_after: int = 0) -> Handler:
    """Return a handler that writes the numbers of its steps to a file and saves after each."""

    def run(job: RunningJob) -> None:
        for step in range(job.cursor.get("step", 0) + 1, STEPS + 1):
            job.check()
            with into.open("a") as file:
                file.write(f"{step}\n")
            job.save(done=step, total=STEPS, cursor={"step": step})
            if step == dies_after:
                os.kill(os.getpid(), signal.SIGKILL)

    return Handler(run)


def run_to_the_death() -> None:
    run_next({KIND: counting(Path(sys.argv[1]), int(sys.argv[2]))})
