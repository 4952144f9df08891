"""The letter that brings an order's tickets: one, whose link opens them all."""

import time
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from paifang.core import limits
from paifang.core.rules import Event
from paifang.services.desk.context import context
from paifang.services.desk.jobs import JobFault, JobRetry, RunningJob
from paifang.services.desk.mailing import can_send, hand_over, message_of
from paifang.services.desk.selling.numbers import shown_number
from paifang.services.desk.selling.orders import order_secret
from paifang.services.desk.tickets.letter import LANGUAGES, Letter, in_both
from paifang.store.models import ProjectedOrder

_FRESH_MS: Final = int(timedelta(days=limits.JOB_KEEP_DAYS).total_seconds() * 1000)
"""Jobs are remembered for so long. Of an older order nobody knows whether its letter was sent."""


def run(job: RunningJob) -> None:
    """Send the letter of one order.

    Raises:
        JobFault: There is nobody to send it to, it is too old, or the server refuses it for good.
        JobRetry: The server is away, busy, or does not know us; it is tried again later.
        JobUnknown: The server had the letter and said nothing.
        LedgerFault: The ledger could not be read.
    """
    row = ProjectedOrder.objects.filter(order=UUID(hex=job.payload["order"])).first()
    if row is None or not row.email:
        raise JobFault("no_address")
    if row.placed_at_ms < time.time_ns() // 1_000_000 - _FRESH_MS:
        raise JobFault("too_old")
    if not can_send():
        raise JobRetry("not_set_up")
    rules = context().ledger.rules()
    event = rules.centre.events.get(row.event)
    if event is None:
        raise JobFault("event_gone")
    secret = order_secret(rules, row.order.bytes, row.event)
    letter = letter_of(event, row, f"{settings.PUBLIC_URL}/o/{secret}")
    hand_over(message_of(letter, row.email, job.key))


def letter_of(event: Event, row: ProjectedOrder, address: str) -> Letter:
    """Return the letter in both languages: nobody has asked the buyer for one."""
    return in_both([_part(event, row, language) for language in LANGUAGES], address)


def _part(event: Event, row: ProjectedOrder, language: str) -> tuple[str, list[str]]:
    """Return subject and lines in one language."""
    name = event.name_zh if language == "zh-hans" and event.name_zh else event.name
    with translation.override(language):
        told = gettext("here is what you ordered for %(event)s. Tickets: %(tickets)s.")
        lines = [
            gettext("Hello %(name)s,") % {"name": row.buyer} if row.buyer else gettext("Hello,"),
            "",
            told % {"event": name, "tickets": row.tickets},
            gettext("Order %(number)s") % {"number": shown_number(row.number)},
            gettext("Open the link below on your phone and show the codes at the gate."),
            gettext("Whoever has the link has the tickets: do not pass it on."),
        ]
        return gettext("Your tickets for %(event)s") % {"event": name}, lines
