"""The page of a ticket that its holder opens by a secret address, without signing in.

The address holds the ticket's id and a proof made with the event's key for the code that opens the
ticket. Nothing is kept for it: another code, and with it another holder, ends the old address.
"""

import hmac
import time
from typing import Final, NamedTuple
from uuid import UUID

from paifang.core import limits
from paifang.core.codes import code_of_stem, is_stem, step_at
from paifang.core.rules import Event, Rules
from paifang.services.desk.context import context
from paifang.services.desk.throttle import counted
from paifang.services.desk.ticket_story import serials_of
from paifang.services.desk.tickets.condition import (
    Condition,
    Validity,
    condition_of,
    uses_of,
    validity_of,
)
from paifang.services.desk.tickets.story import code_of
from paifang.services.live.keys import ticket_of_secret
from paifang.store.models import ProjectedAdmission, ProjectedTicket

SHOWS_CODE: Final = frozenset(
    {Condition.valid, Condition.not_yet, Condition.voucher, Condition.unpaid, Condition.used}
)
"""While it is one of these the guest may need the code: a used ticket's too, to go out and in."""


class PageError(Exception):
    """There is no such page, or from this address too many were asked for that do not exist.

    `wait_s` is 0 unless it is too many.
    """

    def __init__(self, wait_s: int = 0) -> None:
        """Keep the seconds."""
        super().__init__("too many" if wait_s else "no such page")
        self.wait_s = wait_s


class TicketShown(NamedTuple):
    """What a ticket's page shows. `code` is "" if the ticket opens nothing any more.

    Where the code `changes` it is that of this moment, and there is no `serial`: a picture of the
    page would open a gate by it.
    """

    row: ProjectedTicket
    event: Event
    condition: Condition
    validity: Validity
    uses_max: int
    code: str
    changes: bool
    serial: str
    last_entry: ProjectedAdmission | None


def missed(where: str) -> int:
    """Count a page that does not exist; the seconds to wait if there were too many, else 0."""
    return counted("ticket-page", where, limits.PAGE_MISSES_MAX, limits.PAGE_WINDOW_S)


def secret_of(rules: Rules, row: ProjectedTicket) -> str:
    """Return the secret of a ticket's page, "" if its code cannot be read. Raises LedgerFault."""
    event, code = rules.centre.events.get(row.event), code_of(rules, row)
    return context().keys.page_secret(event, row.ticket.bytes, code) if event and code else ""


def open_page(secret: str, where: str) -> TicketShown:
    """Return what the page of a secret shows; whoever has the secret may see it.

    Args:
        secret: As it stands in the address.
        where: The visitor's address, whose misses are counted.

    Raises:
        PageError: There is no such page, or no longer, or there were too many misses.
        LedgerFault: The ledger could not be read.
    """
    rules = context().ledger.rules()
    ticket = ticket_of_secret(secret)
    row = ProjectedTicket.objects.filter(ticket=UUID(bytes=ticket)).first() if ticket else None
    # Compared also where there is no ticket, so that time tells nothing of which ids exist.
    wanted = secret_of(rules, row) if row else ""
    if not hmac.compare_digest(wanted.encode(), secret.encode()) or row is None:
        raise PageError(missed(where))
    now_ms = time.time_ns() // 1_000_000
    condition = condition_of(rules, row, now_ms)
    product, event = rules.centre.products.get(row.product), rules.centre.events[row.event]
    kept = code_of(rules, row)
    changes = is_stem(kept)
    code = _code_now(event, row, kept, now_ms) if changes else kept
    return TicketShown(
        row,
        event,
        condition,
        validity_of(rules, row),
        uses_of(product, row) if product else 0,
        code if condition in SHOWS_CODE else "",
        changes,
        "" if changes else serials_of(rules, [row]).get(row.ticket, ""),
        _last_entry(row),
    )


def _code_now(event: Event, row: ProjectedTicket, stem: str, now_ms: int) -> str:
    """Return what a code that changes is in these 15 seconds."""
    keys, ticket = context().keys, row.ticket.bytes
    return code_of_stem(
        stem, step_at(now_ms // 1000), lambda told: keys.rotation_mac(event, ticket, told)
    )


def _last_entry(row: ProjectedTicket) -> ProjectedAdmission | None:
    if not row.uses:
        return None
    entries = ProjectedAdmission.objects.filter(ticket=row.ticket, decision="admit")
    return entries.filter(direction="entry").order_by("-at_ms").first()
