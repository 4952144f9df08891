"""The link to a ticket's page by e-mail: written down before it is sent, and never sent twice.

There is one job per ticket and link, however often it is asked for; sending once more is a wish of
its own. If the mail server fell silent after it had the letter, nobody knows whether it will be
delivered: the job says so, and a person decides.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction

from paifang.core.rules import Rules
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.jobs import JobFault, JobRetry, RunningJob, ask_for
from paifang.services.desk.mailing import can_send, hand_over, message_of
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.tickets.acts import Outcome
from paifang.services.desk.tickets.letter import letter_of
from paifang.services.desk.tickets.pages import secret_of
from paifang.store.models import Job, ProjectedTicket, TicketLink

KIND: Final = "ticket_link"


class Sent(NamedTuple):
    """One wish to send a link and what became of it: queued, running, done, failed, unknown."""

    link: TicketLink
    state: str
    error: str


def address_of_page(secret: str) -> str:
    """Return the whole address of a ticket's page."""
    return f"{settings.PUBLIC_URL}/t/{secret}"


def ask_for_links(tickets: Sequence[UUID], *, by: Actor, again: str = "") -> list[Outcome]:
    """Ask that holders be sent the links to their tickets; the outcome of each.

    Args:
        tickets: Whose.
        by: Who asks.
        again: Names the wish to send once more what was sent before; "" for the first time.

    Raises:
        NotPermitted: They may not.
        LedgerFault: The ledger could not be read.
    """
    by.require(Act.send_links)
    rules, rows = context().ledger.rules(), ProjectedTicket.objects.in_bulk(tickets)
    outcomes = []
    for one in tickets:
        row = rows.get(one)
        key = key_of(rules, row, again) if row and row.email else ""
        if not key:
            outcomes.append(Outcome.failed)
            continue
        with transaction.atomic():
            is_new = ask_for(KIND, key, {"ticket": one.hex}, by=by)
            if is_new:
                TicketLink.objects.create(ticket=one, job_key=key, who=by.name)
        outcomes.append(Outcome.done if is_new else Outcome.unchanged)
    return outcomes


def send_again(ticket: UUID, *, act_id: str, by: Actor) -> Outcome:
    """Send a link although it was sent before: the holder has lost it. Raises as the above."""
    (outcome,) = ask_for_links([ticket], by=by, again=act_id)
    if outcome is Outcome.done:
        audit.record("ticket_link_sent", who=by.name, subject=ticket.hex, where=by.where)
    return outcome


def key_of(rules: Rules, row: ProjectedTicket, again: str = "") -> str:
    """Return the key of the job for a ticket's present link, "" if it has none."""
    secret = secret_of(rules, row)
    if not secret:
        return ""
    version = hashlib.blake2b(secret.encode(), digest_size=8).hexdigest()
    return "-".join(part for part in (row.ticket.hex, version, again) if part)


def links_sent(ticket: UUID) -> list[Sent]:
    """Return the wishes to send a ticket's link with what became of them, the newest first."""
    links = list(TicketLink.objects.filter(ticket=ticket).order_by("-id"))
    jobs = {
        job.key: job for job in Job.objects.filter(kind=KIND, key__in=[x.job_key for x in links])
    }
    return [
        Sent(link, jobs[link.job_key].state, jobs[link.job_key].error)
        for link in links
        if link.job_key in jobs
    ]


def run(job: RunningJob) -> None:
    """Send one letter.

    Raises:
        JobFault: There is nobody to send it to, or the server refuses it for good.
        JobRetry: The server is away, busy, or does not know us; it is tried again later.
        JobUnknown: The server had the letter and said nothing.
        LedgerFault: The ledger could not be read.
    """
    if not can_send():
        raise JobRetry("not_set_up")
    rules = context().ledger.rules()
    row = ProjectedTicket.objects.filter(ticket=job.payload["ticket"]).first()
    if row is None or not row.email:
        raise JobFault("no_address")
    secret = secret_of(rules, row)
    if not secret or not job.key.startswith(key_of(rules, row)):
        # The ticket has another code since: this link has ended before it was sent.
        raise JobFault("link_ended")
    hand_over(message_of(letter_of(rules, row, address_of_page(secret)), row.email, job.key))
