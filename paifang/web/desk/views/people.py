"""One person across tickets: shown, given out, erased, and what they agreed to."""

import secrets
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.utils.translation import gettext, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from paifang.core import limits
from paifang.core.reasons import N_
from paifang.core.rules import Rules
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.ticket_story import serials_of
from paifang.services.desk.tickets.acts import ReasonMissing
from paifang.services.desk.tickets.faults import LaterError, faults_told
from paifang.services.desk.tickets.people import (
    ImportRunningError,
    Person,
    add_consent_text,
    consent_texts,
    customers,
    erase_person,
    person_of,
    take_consent,
    told_of,
)
from paifang.web.desk.export import Listed, format_asked, sheet
from paifang.web.desk.ticket_words import row_shown
from paifang.web.desk.views.ticket_acts import LATER, REASON_MISSING, act_id_of, why_of
from paifang.web.desk.views.tickets import now_ms
from paifang.web.desk.visitor import allowed_to

CUSTOMER_COLUMNS: Final = (
    N_("Company"),
    N_("E-mail"),
    N_("Phone"),
    N_("Organiser"),
    N_("Agreed at"),
    N_("Version of the text"),
    N_("Text"),
    N_("Written down by"),
)


@never_cache
@require_GET
@allowed_to(Act.see_contacts)
def person(request: HttpRequest, by: Actor) -> HttpResponse | StreamingHttpResponse:
    """Show the tickets that may be one person's, and what can be done for them.

    `format` gives out as a file who agreed to be remembered.
    """
    if fmt := format_asked(request):
        return sheet(request, by, _customers(by), fmt)
    rules = context().ledger.rules()
    asked = request.GET.get("ticket", "") or request.GET.get("q", "")
    found = person_of(rules, asked[: limits.FIELD_CHARS_MAX], by=by) if asked else None
    shown: dict[str, Any] = {"asked": asked, "person": found, "by": by}
    shown |= {"q": request.GET.get("q", ""), "may_export": by.may(Act.export_people)}
    shown["customers"] = customers(by=by).count()
    if found:
        shown |= _shown(rules, found, by)
    return render(request, "desk/people.html", shown, status=404 if asked and not found else 200)


@never_cache
@require_POST
@allowed_to(Act.export_people)
def export(request: HttpRequest, by: Actor) -> HttpResponse:
    """Give all that is kept of a person as a file."""
    tickets = _ticked(request)
    answer = JsonResponse(
        told_of(context().ledger.rules(), tickets, by=by),
        json_dumps_params={"ensure_ascii": False, "indent": 1},
    )
    answer.headers["Content-Disposition"] = 'attachment; filename="person.json"'
    return answer


@never_cache
@require_POST
@allowed_to(Act.erase_people)
def erase(request: HttpRequest, by: Actor) -> HttpResponse:
    """Erase a person from the tickets ticked."""
    tickets = _ticked(request)
    back = redirect(f"/desk/people/?{urlencode({'ticket': request.POST.get('first', '')})}")
    if not tickets:
        messages.error(request, gettext("Tick at least one ticket."))
        return back
    try:
        with faults_told():
            erase_person(
                context().ledger.rules(),
                tickets,
                act_id=act_id_of(request),
                why=why_of(request),
                by=by,
            )
    except ReasonMissing:
        messages.error(request, gettext(REASON_MISSING))
    except ImportRunningError:
        messages.error(
            request,
            gettext("A list that holds this person is being imported. Erase them after it."),
        )
    except LaterError:
        messages.error(request, gettext(LATER))
    else:
        messages.success(request, gettext("The person is erased; the tickets stay without a name."))
    return back


@never_cache
@require_POST
@allowed_to(Act.see_contacts)
def consent(request: HttpRequest, by: Actor) -> HttpResponse:
    """Write down that a person agreed, or keep a new text to agree to."""
    first, text = request.POST.get("first", ""), request.POST.get("text", "").strip()
    rules = context().ledger.rules()
    if text and request.POST.get("organiser"):
        language = request.POST.get("language", "")
        known = dict(settings.LANGUAGES)
        add_consent_text(
            request.POST["organiser"], language if language in known else "en", text, by=by
        )
        messages.success(request, gettext("The text is kept."))
    elif take_consent(rules, _id(first), _id(request.POST.get("consent", "")), by=by):
        messages.success(request, gettext("The consent is written down."))
    else:
        messages.error(request, gettext("The ticket has neither e-mail address nor phone number."))
    return redirect(f"/desk/people/?{urlencode({'ticket': first})}")


def _id(text: str) -> UUID:
    """Return an id of a form. Raises Http404 for what is none."""
    try:
        return UUID(text)
    except ValueError as fault:
        raise Http404 from fault


def _customers(by: Actor) -> Listed:
    found = customers(by=by)
    header = [pgettext("of a person", "Name"), *(gettext(word) for word in CUSTOMER_COLUMNS)]
    rows = (
        (
            one.name,
            one.company,
            one.email,
            one.phone,
            one.organiser.name,
            one.consented_at,
            f"{one.consent.version} ({one.consent.language})",
            one.consent.text,
            one.who,
        )
        for one in found.iterator(chunk_size=limits.LIST_COMPANY_SCAN_MAX)
    )
    return Listed("customers", header, rows, found.count())


def _shown(rules: Rules, found: Person, by: Actor) -> dict[str, Any]:
    serials, now = serials_of(rules, found.rows), now_ms()
    return {
        "rows": [
            (row_shown(rules, row, serials.get(row.ticket, ""), now), row.ticket in found.own)
            for row in found.rows
        ],
        "first": found.rows[0],
        "act_id": secrets.token_hex(16),
        "texts": consent_texts(found.organiser),
        "languages": settings.LANGUAGES,
        "may_erase": by.may(Act.erase_people),
        "may_set_up": by.may(Act.set_up),
    }


def _ticked(request: HttpRequest) -> list[UUID]:
    try:
        return [UUID(one) for one in request.POST.getlist("ticket")[: limits.PERSON_TICKETS_MAX]]
    except ValueError:
        return []
