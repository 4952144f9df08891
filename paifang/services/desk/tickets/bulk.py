"""One act on many tickets: those that are ticked, or all that fit the filters.

The tickets are chosen when the act is asked for, and stand in the job by their ids: what comes to
fit later is not touched, and nothing of a person is kept. A job that was stopped goes on where it
was; ids of the steps are made of the act's, so the step it was stopped in is not done twice.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db import transaction

from paifang.core import limits
from paifang.core.rules import Rules
from paifang.services.desk import audit
from paifang.services.desk.jobs import JobFault, RunningJob, ask_for
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.tickets.acts import NEEDS, Outcome, TicketAct, act_on, reason_of
from paifang.services.desk.tickets.filters import Filters
from paifang.services.desk.tickets.link_mail import ask_for_links
from paifang.services.desk.tickets.listing import tickets_page
from paifang.store.models import Job

KIND: Final = "ticket_acts"
SEND_LINKS: Final = "send_links"


class BulkAct(StrEnum):
    """What can be done with many tickets: the acts on one, and sending their links."""

    block = "block"
    unblock = "unblock"
    void = "void"
    reissue = "reissue"
    send_links = "send_links"


class TooManyTickets(Exception):
    """More tickets fit than one act may touch."""


class NoTickets(Exception):
    """No ticket fits."""


def needs(what: BulkAct) -> Act:
    """Return the act that must be allowed."""
    return Act.send_links if what is BulkAct.send_links else NEEDS[TicketAct(what.value)]


def chosen(rules: Rules, filters: Filters, *, by: Actor) -> list[UUID]:
    """Return the tickets that fit, for an act on all of them.

    Raises:
        NotPermitted: They may not find tickets.
        TooManyTickets: More than `BULK_TICKETS_MAX`, or more rows than may be looked at for them.
        QueryShortError: The text searched for is too short.
        LedgerFault: The ledger could not be read.
    """
    found: list[UUID] = []
    after = None
    for _ in range(limits.BULK_PAGES_MAX):
        page = tickets_page(rules, filters, by=by, after=after)
        found += [row.ticket for row in page.rows]
        if len(found) > limits.BULK_TICKETS_MAX or (filters.text and page.looked_at):
            break
        if page.after is None:
            return found
        after = page.after
    raise TooManyTickets


def begin(tickets: Sequence[UUID], what: BulkAct, *, act_id: str, why: str, by: Actor) -> None:
    """Ask for an act on many tickets; a job does it. Asked again with the same id, it is one act.

    Raises:
        NotPermitted: They may not.
        ReasonMissing: No reason was given.
        NoTickets: None were chosen.
        TooManyTickets: More than `BULK_TICKETS_MAX`.
    """
    by.require(needs(what))
    why = reason_of(why)
    if not tickets:
        raise NoTickets
    if len(tickets) > limits.BULK_TICKETS_MAX:
        raise TooManyTickets
    told = {"what": what.value, "why": why, "tickets": [one.hex for one in tickets]}
    with transaction.atomic():
        if ask_for(KIND, act_id, told, by=by, total=len(tickets)):
            audit.record(
                f"tickets_{what}",
                who=by.name,
                subject=f"{len(tickets)} {act_id}",
                why=why,
                where=by.where,
            )


def job_of(act_id: str) -> Job | None:
    """Return the job of an act, None if there is none."""
    return Job.objects.filter(kind=KIND, key=act_id).first()


def run(job: RunningJob) -> None:
    """Do an act, a batch at a time.

    Raises:
        JobFault: What it was asked to do is none of ours.
        JobStopped, JobCancelled, LeaseLost: As the runner knows them.
        LedgerFault: The ledger cannot write now.
    """
    if job.payload.get("what") not in list(BulkAct):
        raise JobFault("act_unknown")
    what, why = BulkAct(job.payload["what"]), job.payload["why"]
    tickets = [UUID(hex=one) for one in job.payload["tickets"]]
    counts: Counter[str] = Counter(job.cursor.get("counts", {}))
    for start in range(job.done, len(tickets), limits.IMPORT_BATCH_ROWS):
        job.check()
        some = tickets[start : start + limits.IMPORT_BATCH_ROWS]
        outcomes = _step(some, what, job, why)
        counts.update(one.value for one in outcomes)
        job.save(done=start + len(some), cursor={"counts": dict(counts)})
    job.result = dict(counts)


def _step(tickets: list[UUID], what: BulkAct, job: RunningJob, why: str) -> list[Outcome]:
    if what is BulkAct.send_links:
        return ask_for_links(tickets, by=job.by)
    return act_on(tickets, TicketAct(what.value), act_id=job.key, why=why, by=job.by)
