"""The page of a ticket for its holder: public, by a secret address."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from paifang.core.codes import group_serial
from paifang.core.reasons import N_
from paifang.services.desk.context import context
from paifang.services.desk.qr import qr_address, qr_svg
from paifang.services.desk.tickets.condition import Condition, site_of, zone_of
from paifang.services.desk.tickets.pages import PageError, TicketShown, open_page
from paifang.web.desk.ticket_words import CONDITION_SIGNS, CONDITION_WORDS, at, named
from paifang.web.desk.visitor import address_of, language_of

ADVICE: Final = {
    Condition.valid: N_("Show this code at the gate. Turn the screen bright."),
    Condition.not_yet: N_("Not yet: the code opens the gate from the time below."),
    Condition.voucher: N_("Show this code at the counter; there you get your ticket."),
    Condition.used: N_("This ticket has been used."),
    Condition.expired: N_("The time of this ticket is over."),
    Condition.blocked: N_("This ticket is blocked. Please ask the organiser."),
    Condition.unpaid: N_("This ticket is not paid yet. It opens once it is."),
    Condition.void: N_("This ticket is void and opens no gate."),
    Condition.refunded: N_("This ticket was paid back and opens no gate."),
}


@never_cache
@require_safe
def page(request: HttpRequest, secret: str) -> HttpResponse:
    """Show a ticket to whoever has its address, in the language asked for or the browser's."""
    language = language_of(request)
    with translation.override(language):
        try:
            shown, status = _shown(open_page(secret, address_of(request))), 200
            shown["changing"] = reverse("ticket-code", args=[secret])
        except PageError as error:
            shown, status = {"wait_s": error.wait_s}, 429 if error.wait_s else 404
        shown["language"] = language
        answer = render(request, "desk/ticket_page.html", shown, status=status)
    if status == 429:
        answer.headers["Retry-After"] = str(shown["wait_s"])
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer.headers["Content-Language"] = language
    return answer


@never_cache
@require_safe
def changing_code(request: HttpRequest, secret: str) -> HttpResponse:
    """Return the picture of a code that changes, as it is now; 404 where there is none."""
    try:
        told = open_page(secret, address_of(request))
    except PageError as error:
        answer = HttpResponse(status=429 if error.wait_s else 404)
        if error.wait_s:
            answer.headers["Retry-After"] = str(error.wait_s)
        return answer
    if not told.changes or not told.code:
        return HttpResponse(status=404)
    answer = HttpResponse(qr_svg(told.code), content_type="image/svg+xml")
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _shown(told: TicketShown) -> dict[str, Any]:
    row, entry, rules = told.row, told.last_entry, context().ledger.rules()
    centre, zone = rules.centre, zone_of(rules, row)
    return {
        "told": told,
        "row": row,
        "word": gettext(CONDITION_WORDS[told.condition]),
        "sign": CONDITION_SIGNS[told.condition],
        "advice": gettext(ADVICE[told.condition]),
        "event": named(told.event),
        "product": named(centre.products.get(row.product)),
        "session": named(centre.sessions.get(row.session)),
        "site": named(site_of(rules, row)),
        "valid_from": at(told.validity.from_ms, zone),
        "valid_until": at(told.validity.until_ms, zone),
        "serial": group_serial(told.serial),
        "picture": qr_address(told.code) if told.code else "",
        "entered": at(entry.at_ms, zone) if entry else "",
        "gate": named(centre.gates.get(entry.gate)) if entry else "",
    }
