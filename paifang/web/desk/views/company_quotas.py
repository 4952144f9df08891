"""Exhibitors' quotas: who may be given how many tickets of a type, and how many are left."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from paifang.core import limits
from paifang.core.reasons import N_
from paifang.core.rules import Rules
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.tickets.company_quotas import (
    CompanyQuotaShown,
    QuotaError,
    company_quotas,
    set_company_quota,
)
from paifang.services.desk.tickets.faults import LaterError, faults_told
from paifang.web.desk.export import Listed, format_asked, sheet
from paifang.web.desk.ticket_words import named
from paifang.web.desk.views.ticket_acts import LATER, act_id_of
from paifang.web.desk.views.tickets_many import number_typed, product_choices
from paifang.web.desk.visitor import allowed_to

COLUMNS: Final = (N_("Company"), N_("Event"), N_("Ticket type"), N_("Granted"), N_("Given"))
WORDS: Final = {
    "company_missing": ("company", N_("Name the company.")),
    "product_unknown": ("product", N_("Choose a ticket type.")),
    "count_wrong": ("count", N_("A number from 0 to 100,000,000.")),
    "below_given": ("count", N_("More than this were given already.")),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.hand_out_tickets)
def listed(request: HttpRequest, by: Actor) -> HttpResponse | StreamingHttpResponse:
    """Show the quotas, set one, or give them out as a file with `format`."""
    rules = context().ledger.rules()
    text = request.GET.get("q", "")[: limits.SEARCH_CHARS_MAX]
    found = [_named(rules, one) for one in company_quotas(by=by, text=text)]
    if fmt := format_asked(request):
        header = [gettext(word) for word in COLUMNS]
        rows = [
            (one.row.company, event, product, one.granted, one.given)
            for one, event, product in found
        ]
        return sheet(
            request,
            by,
            Listed("company-quotas", header, rows, len(rows)),
            fmt,
            act=Act.hand_out_tickets,
        )
    typed = {name: request.POST.get(name, "") for name in ("company", "product", "count")}
    shown: dict[str, Any] = {
        "found": found,
        "q": text,
        "typed": typed,
        "act_id": act_id_of(request),
        "products": product_choices(rules),
    }
    if request.method != "POST":
        return render(request, "desk/company_quotas.html", shown)
    try:
        with faults_told():
            set_company_quota(
                rules,
                typed["company"],
                number_typed(typed["product"]),
                number_typed(typed["count"], missing=-1),
                act_id=act_id_of(request),
                by=by,
            )
    except QuotaError as refused:
        field, words = WORDS[refused.code]
        shown["wrong"] = {field: gettext(words)}
    except LaterError:
        shown["trouble"] = gettext(LATER)
    else:
        messages.success(request, gettext("Saved."))
        return redirect("tickets-quotas")
    return render(request, "desk/company_quotas.html", shown, status=422)


def _named(rules: Rules, one: CompanyQuotaShown) -> tuple[CompanyQuotaShown, str, str]:
    product = rules.centre.products.get(one.row.product.number)
    event = rules.centre.events.get(product.event) if product else None
    return one, named(event), named(product)
