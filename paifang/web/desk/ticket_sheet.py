"""The list of tickets as a file."""

from datetime import UTC, datetime

from django.utils.translation import gettext

from paifang.core.rules import Rules
from paifang.core.tickets import Status
from paifang.services.desk.permissions import Actor
from paifang.services.desk.sheets import Row
from paifang.services.desk.tickets.filters import Filters
from paifang.services.desk.tickets.sheet_rows import TicketRow, ticket_rows
from paifang.web.desk.export import Listed
from paifang.web.desk.ticket_words import STATUS_WORDS, named


def tickets_listed(rules: Rules, filters: Filters, by: Actor) -> Listed:
    """Return the tickets that fit as a list to be given out. Raises NotPermitted."""
    header = [
        gettext("Serial"),
        gettext("Full name"),
        gettext("Company"),
        gettext("E-mail"),
        gettext("Phone"),
        gettext("Reference"),
        gettext("Event"),
        gettext("Ticket type"),
        gettext("Session"),
        gettext("State"),
        gettext("Entries"),
        gettext("Issued"),
    ]
    found = ticket_rows(rules, filters, by=by)
    return Listed("tickets", header, (_row(rules, one) for one in found.rows), found.length)


def _row(rules: Rules, one: TicketRow) -> Row:
    ticket, centre = one.ticket, rules.centre
    return (
        one.serial,
        ticket.holder,
        ticket.company,
        ticket.email,
        ticket.phone,
        ticket.reference,
        named(centre.events.get(ticket.event)),
        named(centre.products.get(ticket.product)),
        named(centre.sessions.get(ticket.session)),
        gettext(STATUS_WORDS[Status(ticket.status)]),
        ticket.uses,
        datetime.fromtimestamp(ticket.created_at_ms / 1000, UTC),
    )
