"""What is done with one ticket: block, unblock, void, a new code, another holder, its link."""

import secrets
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from paifang.core.documents import DocumentKind
from paifang.core.reasons import N_
from paifang.services.desk.attendees import AttendeeRow
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.mailing import can_send
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.tickets.acts import (
    NEEDS,
    Outcome,
    ReasonMissing,
    TicketAct,
    act_on_one,
    can,
    change_holder,
)
from paifang.services.desk.tickets.faults import LaterError, OwnTakenError, faults_told
from paifang.services.desk.tickets.link_mail import ask_for_links, links_sent, send_again
from paifang.services.desk.tickets.person_form import FIELDS, PersonError, read_person
from paifang.services.desk.venues import decided_elsewhere
from paifang.store.models import ProjectedTicket
from paifang.web.desk.views.ticket_wish import offer_wish
from paifang.web.desk.visitor import allowed_to

ACT_WORDS: Final = {
    TicketAct.block: N_("Block"),
    TicketAct.unblock: N_("Unblock"),
    TicketAct.void: N_("Make void"),
    TicketAct.reissue: N_("Give a new code"),
}
ACT_HINTS: Final = {
    TicketAct.block: N_("Opens no gate until it is unblocked."),
    TicketAct.unblock: N_("Opens gates again."),
    TicketAct.void: N_("Opens no gate any more; this cannot be undone."),
    TicketAct.reissue: N_("The old code and its page end; send or print the new one."),
}
_DONE: Final = {
    TicketAct.block: N_("The ticket is blocked."),
    TicketAct.unblock: N_("The ticket is unblocked."),
    TicketAct.void: N_("The ticket is void."),
    TicketAct.reissue: N_("The ticket has a new code; the old one has ended."),
}
LINK_WORDS: Final = {
    "queued": N_("waits to be sent"),
    "running": N_("is being sent"),
    "done": N_("sent"),
    "failed": N_("not sent"),
    "unknown": N_("perhaps sent: the mail server fell silent"),
    "cancelled": N_("cancelled"),
}
DOCUMENT_WORDS: Final = {
    DocumentKind.resident_id: N_("Resident identity card"),
    DocumentKind.passport: N_("Passport"),
    DocumentKind.hk_macao_permit: N_("Permit for Hong Kong and Macao residents"),
    DocumentKind.taiwan_permit: N_("Permit for Taiwan residents"),
    DocumentKind.hmt_residence: N_("Residence permit for Hong Kong, Macao and Taiwan residents"),
    DocumentKind.foreigner_residence: N_("Permanent residence card of a foreigner"),
    DocumentKind.identity_card: N_("Identity card of another country"),
}
TAKEN_WORDS: Final = {
    "document": ("document_number", N_("This document opens another ticket.")),
    "card": ("card", N_("This card opens another ticket.")),
}
REASON_MISSING: Final = N_("Say why, in a few words.")
LATER: Final = N_("Nothing is lost, but it could not be recorded now. Send it again.")


def acts_of(row: ProjectedTicket, by: Actor) -> list[tuple[str, str, str]]:
    """Return what somebody may do with a ticket as it stands: name, word, hint."""
    return [
        (what.value, gettext(ACT_WORDS[what]), gettext(ACT_HINTS[what]))
        for what in TicketAct
        if by.may(NEEDS[what]) and can(what, row)
    ]


def doing(row: ProjectedTicket, by: Actor) -> dict[str, Any]:
    """Return what the page of a ticket offers to be done."""
    links = [
        (f"{sent.link.asked_at:%Y-%m-%d %H:%M} UTC", gettext(LINK_WORDS[sent.state]), sent)
        for sent in links_sent(row.ticket)
    ]
    return {
        "acts": acts_of(row, by),
        "act_id": secrets.token_hex(16),
        "may_change": by.may(Act.reissue_tickets) and can(TicketAct.reissue, row),
        "may_person": by.may(Act.see_contacts),
        "may_send": by.may(Act.send_links),
        "can_send": can_send() and bool(row.email),
        "links": links,
    }


@never_cache
@require_POST
@allowed_to(Act.find_tickets)
def act(request: HttpRequest, by: Actor, ticket: UUID) -> HttpResponse:
    """Do something with a ticket and come back to it."""
    what = request.POST.get("what", "")
    if what not in list(TicketAct):
        raise Http404
    try:
        with faults_told():
            outcome = act_on_one(
                ticket, TicketAct(what), act_id=act_id_of(request), why=why_of(request), by=by
            )
    except ReasonMissing:
        messages.error(request, gettext(REASON_MISSING))
    except LaterError:
        messages.error(request, gettext(LATER))
    else:
        if outcome is Outcome.done:
            messages.success(request, gettext(_DONE[TicketAct(what)]))
        elif outcome is Outcome.failed and decided_elsewhere(ticket):
            return offer_wish(request, ticket, TicketAct(what))
        else:
            messages.warning(
                request, gettext("Nothing was changed: look at how the ticket stands.")
            )
    return redirect("ticket", ticket)


@never_cache
@require_POST
@allowed_to(Act.send_links)
def send_link(request: HttpRequest, by: Actor, ticket: UUID) -> HttpResponse:
    """Send the holder the link, once, or once more if that is asked for."""
    try:
        with faults_told():
            if request.POST.get("again"):
                outcome = send_again(ticket, act_id=act_id_of(request), by=by)
            else:
                (outcome,) = ask_for_links([ticket], by=by)
    except LaterError:
        messages.error(request, gettext(LATER))
        return redirect("ticket", ticket)
    if outcome is Outcome.done:
        messages.success(request, gettext("The link will be sent."))
    elif outcome is Outcome.unchanged:
        messages.warning(request, gettext("This link was sent before."))
    else:
        messages.error(request, gettext("The ticket has no e-mail address."))
    return redirect("ticket", ticket)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.reissue_tickets)
def holder(request: HttpRequest, by: Actor, ticket: UUID) -> HttpResponse:
    """Make a ticket another person's."""
    row = ProjectedTicket.objects.filter(ticket=ticket).first()
    if row is None or not can(TicketAct.reissue, row):
        raise Http404
    typed = {field: request.POST.get(field, "") for field in (*FIELDS, "why")}
    shown = {"row": row, "typed": typed, "act_id": act_id_of(request), **person_choices()}
    if request.method != "POST":
        return render(request, "desk/ticket_holder.html", shown)
    try:
        person = read_person(typed)
        if not person.name:
            raise PersonError("name", "", {})
        with faults_told():
            change_holder(
                ticket, _attendee(row, person), act_id=act_id_of(request), why=typed["why"], by=by
            )
    except PersonError as wrong:
        shown["wrong"] = {wrong.field: words_of(wrong)}
    except ReasonMissing:
        shown["wrong"] = {"why": gettext(REASON_MISSING)}
    except OwnTakenError as taken:
        field, words = TAKEN_WORDS[taken.kind]
        shown["wrong"] = {field: gettext(words)}
    except LaterError:
        shown["trouble"] = gettext(LATER)
    else:
        messages.success(request, gettext("The ticket is another person’s now, with a new code."))
        return redirect("ticket", ticket)
    return render(request, "desk/ticket_holder.html", shown, status=422)


def words_of(wrong: PersonError) -> str:
    """Return what is wrong with a field of a person."""
    if not wrong.message:
        return gettext("Give a name.")
    return gettext(wrong.message) % wrong.params


def person_choices() -> dict[str, Any]:
    """Return the documents there are to choose from."""
    return {"documents": [(one.value, gettext(word)) for one, word in DOCUMENT_WORDS.items()]}


def act_id_of(request: HttpRequest) -> str:
    """Return the id of the act a form was made for, a new one if it has none."""
    given = request.POST.get("act_id", "")
    fits = len(given) == 32 and given.isascii() and given.isalnum()
    return given if fits else secrets.token_hex(16)


def why_of(request: HttpRequest) -> str:
    """Return the reason of a form."""
    return request.POST.get("why", "")


def _attendee(row: ProjectedTicket, person: AttendeeRow) -> Attendee:
    return Attendee(
        name=person.name,
        company=person.company,
        email=person.email,
        phone=person.phone,
        document=person.document,
        card=person.card,
        people=row.people,
        session=row.session,
        valid_from_ms=row.valid_from_ms,
        valid_until_ms=row.valid_until_ms,
        recognised=False,
    )
