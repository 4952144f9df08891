"""Many tickets at once: acts on those ticked or all that fit, handing out, views, links."""

import secrets
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from paifang.core import limits
from paifang.core.reasons import N_
from paifang.core.rules import Rules
from paifang.services.desk.attendees import AttendeeRow
from paifang.services.desk.context import context
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.mailing import can_send
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.search import QueryShortError
from paifang.services.desk.sheets import Format
from paifang.services.desk.tickets import bulk
from paifang.services.desk.tickets.acts import ReasonMissing
from paifang.services.desk.tickets.bulk import BulkAct, NoTickets, TooManyTickets
from paifang.services.desk.tickets.company_quotas import company_quota
from paifang.services.desk.tickets.faults import LaterError, faults_told
from paifang.services.desk.tickets.filters import Filters, filters_of
from paifang.services.desk.tickets.handing_out import HandOut, HandOutError, hand_out
from paifang.services.desk.tickets.link_list import link_list
from paifang.services.desk.tickets.person_form import FIELDS, PersonError, read_person
from paifang.services.desk.tickets.views import ViewError, drop_view, keep_view
from paifang.web.desk.ticket_words import named
from paifang.web.desk.views.ticket_acts import (
    ACT_HINTS,
    ACT_WORDS,
    LATER,
    REASON_MISSING,
    TAKEN_WORDS,
    act_id_of,
    person_choices,
    why_of,
    words_of,
)
from paifang.web.desk.visitor import allowed_to

HAND_OUT_WORDS: Final = {
    "product_unknown": ("product", N_("Choose a ticket type.")),
    "count_wrong": ("count", N_("A number from 1 to 1,000.")),
    "session_needed": ("session", N_("This ticket type needs one of its event’s sessions.")),
    "session_needless": ("session", N_("This ticket type has no sessions.")),
    "document_taken": TAKEN_WORDS["document"],
    "card_taken": TAKEN_WORDS["card"],
    "count_own": ("count", N_("A document or card opens one ticket: hand out one.")),
    "sold_out": ("count", N_("The quota of this ticket type has not so many left.")),
    "company_sold_out": ("count", N_("The company’s quota has not so many left.")),
    "quota_unknown": ("product", N_("The company has no quota of this ticket type.")),
}
VIEW_WORDS: Final = {
    "name_missing": N_("Give the view a name."),
    "name_taken": N_("You have a view of this name already."),
    "nothing_chosen": N_("Choose filters first; a text searched for is not kept."),
    "too_many": N_("You have as many views as there may be; drop one first."),
}
_SEND: Final = (N_("Send links"), N_("Each holder with an e-mail address gets the link, once."))
_MIME: Final = {
    Format.csv: "text/csv; charset=utf-8",
    Format.xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.find_tickets)
def acts(request: HttpRequest, by: Actor) -> HttpResponse:
    """Choose an act for the tickets ticked or all that fit, give the reason, and begin."""
    asked = request.POST if request.method == "POST" else request.GET
    shown: dict[str, Any] = {"choices": _choices(by), "act_id": act_id_of(request)}
    try:
        tickets = _chosen(asked, by)
        # All that fit are named by the filters again: a form holds no ten thousand ids.
        fit = _filters(asked).as_query() | {"all": "1"} if asked.get("all") else {}
        shown |= {"fit": fit, "tickets": [] if fit else tickets, "count": len(tickets)}
        shown["what"] = asked.get("what", "")
        if request.method == "POST" and asked.get("what") in list(BulkAct):
            what, act_id = BulkAct(asked["what"]), act_id_of(request)
            bulk.begin(tickets, what, act_id=act_id, why=why_of(request), by=by)
            return redirect("tickets-act", act_id)
    except ReasonMissing:
        shown["wrong"] = gettext(REASON_MISSING)
    except NoTickets:
        shown["trouble"] = gettext("Tick at least one ticket.")
    except (TooManyTickets, QueryShortError):
        shown["trouble"] = gettext("More than 10,000 tickets fit. Narrow the filters.")
    status = 422 if request.method == "POST" or "trouble" in shown else 200
    return render(request, "desk/tickets_acts.html", shown, status=status)


@never_cache
@require_GET
@allowed_to(Act.find_tickets)
def act(request: HttpRequest, by: Actor, act_id: str) -> HttpResponse:
    """Show how far an act on many tickets is."""
    del by
    job = bulk.job_of(act_id)
    if job is None:
        raise Http404
    counts = job.result or job.cursor.get("counts", {})
    shown = {"job": job, "is_open": job.state in {"queued", "running"}, "counts": counts}
    answer = render(request, "desk/tickets_act.html", shown)
    if shown["is_open"]:
        # Looks again by itself, also without a script.
        answer.headers["Refresh"] = "2"
    return answer


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.hand_out_tickets)
def hand_out_page(request: HttpRequest, by: Actor) -> HttpResponse:
    """Hand out tickets nobody pays for: one to a guest, or several in a company's name."""
    rules = context().ledger.rules()
    typed = {
        name: request.POST.get(name, "") for name in (*FIELDS, "product", "session", "count", "why")
    }
    typed["count"] = typed["count"] or "1"
    asked = request.POST.get("quota", "") or request.GET.get("quota", "")
    quota = company_quota(asked, by=by) if asked else None
    if quota is not None:
        typed |= {"company": quota.row.company, "product": str(quota.row.product.number)}
    shown: dict[str, Any] = {"typed": typed, "act_id": act_id_of(request), **person_choices()}
    shown |= {"products": product_choices(rules), "quota": quota}
    shown["sessions"] = [
        (str(one.number), named(one))
        for one in list(rules.centre.sessions.values())[: limits.LIST_SESSIONS_MAX]
    ]
    if request.method != "POST":
        return render(request, "desk/tickets_hand_out.html", shown)
    try:
        if asked and quota is None:
            # Perhaps it was another form's; without a quota they would be given from nobody's.
            raise HandOutError("quota_unknown")
        person = read_person(typed)
        if not (person.name or person.company):
            raise PersonError("name", "", {})
        wish = HandOut(
            number_typed(typed["product"]),
            number_typed(typed["count"]),
            _guest(typed, person),
            quota.row.pk if quota else None,
        )
        with faults_told():
            tickets = hand_out(rules, wish, act_id=act_id_of(request), why=typed["why"], by=by)
    except PersonError as wrong:
        shown["wrong"] = {wrong.field: words_of(wrong)}
    except ReasonMissing:
        shown["wrong"] = {"why": gettext(REASON_MISSING)}
    except HandOutError as refused:
        field, words = HAND_OUT_WORDS[refused.code]
        # Nothing was made; what is sent after this is another wish.
        shown |= {"wrong": {field: gettext(words)}, "act_id": secrets.token_hex(16)}
    except LaterError:
        shown["trouble"] = gettext(LATER)
    else:
        messages.success(request, gettext("Handed out."))
        if len(tickets) == 1:
            return redirect("ticket", UUID(bytes=tickets[0]))
        return redirect("tickets")
    return render(request, "desk/tickets_hand_out.html", shown, status=422)


@never_cache
@require_POST
@allowed_to(Act.find_tickets)
def keep(request: HttpRequest, by: Actor) -> HttpResponse:
    """Keep the filters of the list under a name."""
    filters = filters_of(request.POST.dict())
    is_shared = bool(request.POST.get("shared"))
    try:
        keep_view(request.POST.get("name", ""), filters, is_shared=is_shared, by=by)
    except ViewError as refused:
        messages.error(request, gettext(VIEW_WORDS[refused.code]))
    else:
        messages.success(request, gettext("The view is kept."))
    return redirect(reverse("tickets", query=filters.as_query()))


@never_cache
@require_POST
@allowed_to(Act.find_tickets)
def drop(request: HttpRequest, by: Actor, view: UUID) -> HttpResponse:
    """Drop one of one's own views."""
    if drop_view(str(view), by=by):
        messages.success(request, gettext("The view is dropped."))
    return redirect("tickets")


@never_cache
@require_GET
@allowed_to(Act.export_people)
def links(request: HttpRequest, by: Actor) -> HttpResponse:
    """Give the links of all tickets that fit as a list to send oneself."""
    asked = request.GET.get("format", "")
    fmt = Format(asked) if asked in list(Format) else Format.csv
    base = settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
    header = [pgettext("of a person", "Name"), *(gettext(word) for word in LINK_HEADER)]
    try:
        body = link_list(
            filters_of(request.GET.dict()), header, base=base, fmt=fmt, zone=ZoneInfo("UTC"), by=by
        )
    except (TooManyTickets, QueryShortError):
        messages.error(request, gettext("More than 10,000 tickets fit. Narrow the filters."))
        return redirect("tickets")
    answer = HttpResponse(b"".join(body), content_type=_MIME[fmt])
    answer.headers["Content-Disposition"] = f'attachment; filename="ticket-links.{fmt}"'
    return answer


LINK_HEADER: Final = (
    N_("Company"),
    N_("E-mail"),
    N_("Phone"),
    N_("Ticket type"),
    N_("Serial"),
    N_("Link"),
)


def _choices(by: Actor) -> list[tuple[str, str, str]]:
    words = {BulkAct(one.value): (ACT_WORDS[one], ACT_HINTS[one]) for one in ACT_WORDS}
    if can_send():
        words[BulkAct.send_links] = _SEND
    return [
        (what.value, gettext(word), gettext(hint))
        for what, (word, hint) in words.items()
        if by.may(bulk.needs(what))
    ]


def _chosen(asked: QueryDict, by: Actor) -> list[UUID]:
    """Return the tickets ticked, or all that fit the filters."""
    if asked.get("all"):
        return bulk.chosen(context().ledger.rules(), _filters(asked), by=by)
    ticked = asked.getlist("ticket")[: limits.BULK_TICKETS_MAX]
    try:
        tickets = [UUID(one) for one in ticked]
    except ValueError:
        tickets = []
    if not tickets:
        raise NoTickets
    return tickets


def _filters(asked: QueryDict) -> Filters:
    return filters_of({name: asked.get(name, "") for name in asked})


def number_typed(text: str, missing: int = 0) -> int:
    """Return a number that was typed, `missing` for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else missing


def product_choices(rules: Rules) -> list[tuple[str, str]]:
    """Return the ticket types there are to choose from, with their events."""
    return [
        (str(one.number), f"{named(rules.centre.events[one.event])} · {named(one)}")
        for one in rules.centre.products.values()
    ]


def _guest(typed: dict[str, str], person: AttendeeRow) -> Attendee:
    return Attendee(
        name=person.name,
        company=person.company,
        email=person.email,
        phone=person.phone,
        document=person.document,
        card=person.card,
        session=number_typed(typed["session"]),
        recognised=False,
    )
