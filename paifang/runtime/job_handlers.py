"""Every kind of job there is, and who does it: the one place where a new kind is written down."""

import threading
from typing import Final

from paifang.services.desk.job_runner import Handler, Handlers, start_jobs
from paifang.services.desk.paper import printing

HANDLERS: Final[Handlers] = {
    printing.PRINT: Handler(printing.run_print, is_long=True),
    printing.FORGET: Handler(printing.run_forget),
}


def start(stop: threading.Event) -> list[threading.Thread]:
    """Start the desk's runner of jobs; its threads end soon after `stop` is set."""
    return start_jobs(HANDLERS, stop)
