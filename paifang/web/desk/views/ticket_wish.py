"""A ticket another host decides about: the venue is asked to block, unblock or void it."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from paifang.core import limits
from paifang.core.leases import WishKind
from paifang.services.desk import leases
from paifang.services.desk.leases import LeaseError
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.tickets.acts import ReasonMissing, TicketAct, reason_of
from paifang.services.desk.tickets.faults import LaterError, faults_told
from paifang.web.desk.venue_words import WISH_WORDS, trouble
from paifang.web.desk.visitor import allowed_to


def offer_wish(request: HttpRequest, ticket: UUID, what: TicketAct) -> HttpResponse:
    """Say that another host decides, and offer to ask it; of a new code, that it must wait."""
    if what.value not in list(WishKind):
        messages.warning(
            request,
            gettext("A venue host decides about this ticket now; a new code must wait."),
        )
        return redirect("ticket", ticket)
    return _form(request, ticket, WishKind(what.value), status=409)


@never_cache
@require_POST
@allowed_to(Act.find_tickets)
def wish(request: HttpRequest, by: Actor, ticket: UUID) -> HttpResponse:
    """Ask the venue host that decides about a ticket to do something with it."""
    what = request.POST.get("what", "")
    if what not in list(WishKind):
        raise Http404
    kind = WishKind(what)
    refund = kind is WishKind.void and bool(request.POST.get("refund"))
    try:
        why = reason_of(request.POST.get("why", ""))
        with faults_told():
            leases.wish(ticket.bytes, kind, by=by, refund=refund, why=why)
    except ReasonMissing:
        return _form(request, ticket, kind, "reason_missing")
    except LaterError:
        return _form(request, ticket, kind, "later", status=503)
    except LeaseError:
        messages.warning(request, gettext("No venue holds this ticket any more: do it here."))
    else:
        messages.success(
            request, gettext("The venue is asked. Its answer comes with the line, under Venues.")
        )
    return redirect("ticket", ticket)


def _form(
    request: HttpRequest, ticket: UUID, kind: WishKind, wrong: str = "", *, status: int = 422
) -> HttpResponse:
    shown = {
        "ticket": ticket,
        "what": kind.value,
        "word": gettext(WISH_WORDS[kind]),
        "why": request.POST.get("why", ""),
        "refund": request.POST.get("refund", ""),
        "reason_chars_max": limits.REASON_TEXT_CHARS_MAX,
        "trouble": trouble(wrong),
    }
    return render(request, "desk/ticket_wish.html", shown, status=status)
