"""Tickets: the list with its filters, and one ticket with its story."""

import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from paifang.core import limits
from paifang.core.codes import group_serial
from paifang.core.rules import Event, Product, Rules, Session
from paifang.core.tickets import Status
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.qr import qr_svg
from paifang.services.desk.search import QueryShortError
from paifang.services.desk.ticket_story import serials_of
from paifang.services.desk.tickets.condition import site_of, zone_of
from paifang.services.desk.tickets.filters import Filters, Used, filters_of
from paifang.services.desk.tickets.listing import TicketPage, count_of, tickets_page
from paifang.services.desk.tickets.pages import secret_of
from paifang.services.desk.tickets.story import Told, code_of, story_of
from paifang.services.desk.tickets.views import views_for
from paifang.store.models import ProjectedTicket
from paifang.web.desk.export import format_asked, sheet
from paifang.web.desk.ticket_sheet import tickets_listed
from paifang.web.desk.ticket_words import (
    CONDITION_SIGNS,
    CONDITION_WORDS,
    STATUS_WORDS,
    USED_WORDS,
    at,
    chapter_shown,
    contact_shown,
    named,
    row_shown,
)
from paifang.web.desk.views import problems
from paifang.web.desk.views.ticket_acts import doing
from paifang.web.desk.visitor import allowed_to


def now_ms() -> int:
    """Return the time, UTC milliseconds."""
    return time.time_ns() // 1_000_000


@never_cache
@require_GET
@allowed_to(Act.find_tickets)
def listed(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Show a page of tickets, the newest first, or those a search finds."""
    rules, filters = context().ledger.rules(), filters_of(request.GET.dict())
    shown = _choices(rules, filters) | _offered(filters, by)
    after = _id_of(request.GET.get("after", ""))
    try:
        if fmt := format_asked(request):
            return sheet(request, by, tickets_listed(rules, filters, by), fmt)
        page = tickets_page(rules, filters, by=by, after=after)
    except QueryShortError:
        shown["wrong"] = gettext("Type two characters of a Chinese name, three of any other.")
        return render(request, "desk/tickets.html", shown, status=422)
    shown |= _rows(rules, page)
    shown["further"] = _further(filters, page)
    shown["first"] = after is None
    if after is None and not filters.text and not filters.company:
        shown["count"] = count_of(filters)
    return render(request, "desk/tickets.html", shown)


@never_cache
@require_GET
@allowed_to(Act.find_tickets)
def one(request: HttpRequest, by: Actor, ticket: UUID) -> HttpResponse:
    """Show a ticket: the person, its validity, what opens it, and its story."""
    rules = context().ledger.rules()
    told = story_of(rules, ticket, now_ms(), by=by)
    if told is None:
        return problems.not_found(request)
    return render(request, "desk/ticket.html", _story(rules, told, by))


@never_cache
@require_GET
@allowed_to(Act.print_tickets)
def code(request: HttpRequest, by: Actor, ticket: UUID) -> HttpResponse:
    """Give the QR code of a ticket to those who may print it."""
    del by
    row = ProjectedTicket.objects.filter(ticket=ticket).first()
    text = code_of(context().ledger.rules(), row) if row else ""
    if not text:
        return problems.not_found(request)
    return HttpResponse(qr_svg(text), content_type="image/svg+xml")


def _rows(rules: Rules, page: TicketPage) -> dict[str, Any]:
    serials = serials_of(rules, page.rows)
    now = now_ms()
    # As mappings: a template looks a name up as a key first, and as an attribute after a failure.
    rows = [row_shown(rules, row, serials.get(row.ticket, ""), now)._asdict() for row in page.rows]
    return {"rows": rows, "looked_at": page.looked_at, "page": page}


def _further(filters: Filters, page: TicketPage) -> str:
    """Return the query of the next page, "" if there is none."""
    if page.after is None:
        return ""
    return urlencode({**filters.as_query(), "after": page.after.hex})


def _choices(rules: Rules, filters: Filters) -> dict[str, Any]:
    """Return the filters with what there is to choose from."""
    centre = rules.centre
    of_event = [one for one in centre.products.values() if filters.event in (0, one.event)]
    sessions = [one for one in centre.sessions.values() if one.event == filters.event]
    sessions.sort(key=lambda one: one.opens_ms)
    return {
        "filters": filters,
        "query": urlencode(filters.as_query()),
        "narrowed": any(filters[1:]) or filters.status is not None,
        "events": _options(centre.events.values(), filters.event),
        "products": _options(of_event, filters.product),
        "sessions": _options(sessions[: limits.LIST_SESSIONS_MAX], filters.session),
        "statuses": [(one.name, gettext(word)) for one, word in STATUS_WORDS.items()],
        "status": "" if filters.status is None else Status(filters.status).name,
        "used": [(one.value, gettext(USED_WORDS[one])) for one in Used],
        "chars_max": limits.SEARCH_CHARS_MAX,
    }


def _options(
    among: Iterable[Event | Product | Session], chosen: int
) -> list[tuple[str, str, bool]]:
    """Return value, word and whether it is chosen; texts, which need no form of a language."""
    return [(str(one.number), named(one), one.number == chosen) for one in among]


def _offered(filters: Filters, by: Actor) -> dict[str, Any]:
    """Return what can be done with the list."""
    return {
        "by": by,
        "kept": filters.as_query(),
        "views": [(view, urlencode(kept.as_query())) for view, kept in views_for(by)],
        "may_hand_out": by.may(Act.hand_out_tickets),
        "may_export": by.may(Act.export_people),
        "may_print": by.may(Act.print_tickets),
    }


def _story(rules: Rules, told: Told, by: Actor) -> dict[str, Any]:
    row, zone = told.row, zone_of(rules, told.row)
    centre = rules.centre
    email, phone = contact_shown(row, in_full=by.may(Act.see_contacts))
    return {
        "told": told,
        "serial": group_serial(told.serial),
        "row": row,
        "by": by,
        "word": gettext(CONDITION_WORDS[told.condition]),
        "sign": CONDITION_SIGNS[told.condition],
        "event": named(centre.events.get(row.event)),
        "product": named(centre.products.get(row.product)),
        "session": named(centre.sessions.get(row.session)),
        "valid_from": at(told.validity.from_ms, zone),
        "valid_until": at(told.validity.until_ms, zone),
        "email": email,
        "phone": phone,
        "site": named(site_of(rules, row)),
        "zone": zone.key,
        "chapters": [chapter_shown(chapter, zone) for chapter in told.chapters],
        "sees_code": by.may(Act.print_tickets),
        "page_path": page_path(rules, row) if by.may(Act.send_links) else "",
        **doing(row, by),
    }


def page_path(rules: Rules, row: ProjectedTicket) -> str:
    """Return the path of a ticket's page for its holder, "" if it has none."""
    secret = secret_of(rules, row)
    return reverse("ticket-page", args=[secret]) if secret else ""


def _id_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
