"""Every kind of job there is, and who does it: the one place where a new kind is written down."""

import threading
from typing import Final

from paifang.services.desk.job_runner import Handlers, start_jobs

HANDLERS: Final[Handlers] = {}


def start(stop: threading.Event) -> list[threading.Thread]:
    """Start the desk's runner of jobs; its threads end soon after `stop` is set."""
    return start_jobs(HANDLERS, stop)
