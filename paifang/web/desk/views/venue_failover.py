"""The page of a host that takes over from a dead one: opening without the journals of gates."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from paifang.core import limits
from paifang.services.desk import failover, venues
from paifang.services.desk.context import context
from paifang.services.desk.leases import LeaseError
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.tickets.acts import ReasonMissing, reason_of
from paifang.services.desk.tickets.faults import LaterError, faults_told
from paifang.services.desk.venues import LeaseRow
from paifang.web.desk.failover_words import gate_shown, trouble_of
from paifang.web.desk.venue_words import lease_shown, trouble
from paifang.web.desk.views import problems
from paifang.web.desk.visitor import allowed_to


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.give_leases)
def open_without(request: HttpRequest, by: Actor, lease: UUID) -> HttpResponse:
    """Show the gates whose journals are missing; write them off and open."""
    row = venues.lease_row(lease, by=by) if context().centre is not None else None
    if row is None or not failover.is_collecting(row.lease):
        return problems.not_found(request)
    if request.method != "POST":
        return _form(request, by, row)
    chosen = request.POST.getlist("gate")
    try:
        with faults_told():
            names = failover.open_without(
                row.lease, chosen, by=by, why=reason_of(request.POST.get("why", ""))
            )
    except ReasonMissing:
        return _form(request, by, row, trouble("reason_missing"))
    except LeaseError as fault:
        return _form(request, by, row, trouble_of(fault))
    except LaterError:
        return _form(request, by, row, trouble("later"), status=503)
    if names:
        words = gettext("This machine decides. Written off and withdrawn: %(gates)s.")
        messages.success(request, words % {"gates": ", ".join(names)})
    else:
        messages.success(request, gettext("This machine decides."))
    return redirect("venue-lease", lease)


def _form(
    request: HttpRequest, by: Actor, row: LeaseRow, wrong: str = "", status: int = 0
) -> HttpResponse:
    rows = failover.gates_of(row.lease, by=by)
    shown: dict[str, Any] = {
        "lease": lease_shown(row, at_host=True),
        "missing": [gate_shown(one) for one in rows if not one.has_told],
        "chosen": request.POST.getlist("gate"),
        "why": request.POST.get("why", ""),
        "reason_chars_max": limits.REASON_TEXT_CHARS_MAX,
        "trouble": wrong,
    }
    status = status or (422 if wrong else 200)
    return render(request, "desk/venue_open.html", shown, status=status)
