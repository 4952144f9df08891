"""Every kind of job there is, and who does it: the one place where a new kind is written down."""

import threading
from typing import Final

from paifang.services.desk.job_runner import Handler, Handlers, start_jobs
from paifang.services.desk.tickets import bulk, link_mail

HANDLERS: Final[Handlers] = {
    # A letter may have left before the runner died, so it is not sent again unasked.
    link_mail.KIND: Handler(link_mail.run, repeatable=False),
    bulk.KIND: Handler(bulk.run, is_long=True),
}


def start(stop: threading.Event) -> list[threading.Thread]:
    """Start the desk's runner of jobs; its threads end soon after `stop` is set."""
    return start_jobs(HANDLERS, stop)
