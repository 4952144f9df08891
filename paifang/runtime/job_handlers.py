"""Every kind of job there is, and who does it: the one place where a new kind is written down."""

import threading
from typing import Final

from paifang.services.desk import leases
from paifang.services.desk.imports import undoing, working
from paifang.services.desk.imports.files import drop_old
from paifang.services.desk.job_runner import Handler, Handlers, start_jobs
from paifang.services.desk.jobs import forget_old
from paifang.services.desk.paper import printing
from paifang.services.desk.scrubbing import scrub_store
from paifang.services.desk.selling import fulfilling, letters, ordering
from paifang.services.desk.selling.numbers import FULFIL, LETTER
from paifang.services.desk.tickets import bulk, link_mail

HANDLERS: Final[Handlers] = {
    working.CHECK: Handler(working.run_check, is_long=True),
    working.RUN: Handler(working.run_import, is_long=True),
    working.UNDO: Handler(undoing.run_undo, is_long=True),
    # A letter may have left before the runner died, so it is not sent again unasked.
    link_mail.KIND: Handler(link_mail.run, repeatable=False),
    bulk.KIND: Handler(bulk.run, is_long=True),
    printing.PRINT: Handler(printing.run_print, is_long=True),
    leases.SNAPSHOT: Handler(leases.prepare, is_long=True),
    printing.FORGET: Handler(printing.run_forget),
    FULFIL: Handler(fulfilling.run),
    LETTER: Handler(letters.run, repeatable=False),
}
HOURLY: Final = (
    forget_old,
    drop_old,
    scrub_store,
    leases.ask_for_missing,
    leases.forget_ended,
    ordering.end_expired,
)
"""What is tidied up each hour."""


def start(stop: threading.Event) -> list[threading.Thread]:
    """Start the desk's runner of jobs; its threads end soon after `stop` is set."""
    return start_jobs(HANDLERS, stop, HOURLY)
