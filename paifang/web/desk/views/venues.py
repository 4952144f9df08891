"""The pages of venue hosts: how they stand, joining, withdrawing, settling a doubled one."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from paifang.core import limits
from paifang.core.reasons import N_
from paifang.services.desk import nodes, restoring, venues
from paifang.services.desk.context import context
from paifang.services.desk.enrolment import authority
from paifang.services.desk.nodes import Code, NodeError
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.tickets.acts import ReasonMissing, reason_of
from paifang.services.desk.tickets.faults import LaterError, faults_told
from paifang.services.desk.venues import HostRow, HostState
from paifang.web.desk.line_words import line_shown
from paifang.web.desk.venue_words import host_shown, lease_shown, trouble, wish_shown
from paifang.web.desk.views import problems
from paifang.web.desk.visitor import allowed_to


@never_cache
@require_GET
@allowed_to(Act.see_leases)
def listed(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show hosts, leases and wishes; at a venue host its line and its leases."""
    line = venues.line()
    at_host = line is not None
    shown: dict[str, Any] = {
        "line": None if line is None else line_shown(line),
        "leases": [lease_shown(row, at_host=at_host) for row in venues.lease_rows(by=by)],
        "may_give": by.may(Act.give_leases),
        "may_join": by.may(Act.manage_nodes),
        "may_find": by.may(Act.find_tickets),
    }
    if not at_host:
        shown["awaited"] = restoring.state(by=by).awaited
        shown["hosts"] = [host_shown(row) for row in venues.hosts(by=by)]
        shown["wishes"] = [wish_shown(row) for row in venues.wish_rows(by=by)]
    return render(request, "desk/venues.html", shown)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.manage_nodes)
def join(request: HttpRequest, by: Actor) -> HttpResponse:
    """Ask for the name of a host, then show the code and what to type at its machine."""
    if context().centre is not None:
        return problems.not_found(request)
    shown: dict[str, Any] = {
        "name": request.POST.get("name", ""),
        "name_chars_max": limits.NAME_CHARS_MAX,
    }
    if request.method != "POST":
        return render(request, "desk/venue_join.html", shown)
    try:
        code = nodes.new_code(shown["name"], by=by)
    except NodeError as fault:
        shown["trouble"] = trouble(fault.code)
        return render(request, "desk/venue_join.html", shown, status=422)
    shown |= {
        "code": code.code,
        "command": _command(request, code),
        "minutes": limits.JOIN_CODE_S // 60,
    }
    return render(request, "desk/venue_code.html", shown)


def _command(request: HttpRequest, code: Code) -> str:
    """Return what is typed at the machine that is to join."""
    reach = context().reach
    found = authority(reach.ca)
    url = reach.origin or reach.origin_by_address or request.build_absolute_uri("/").rstrip("/")
    words = f"paifang join {url} {code.code}"
    if found is not None:
        words += f" --fingerprint {found.shown.sha256.replace(':', '').lower()}"
    return words


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.manage_nodes)
def withdraw(request: HttpRequest, by: Actor, node: UUID) -> HttpResponse:
    """Ask once more, and for the reason; then withdraw a host."""
    row = _host(node, by)
    if row is None or row.state is HostState.revoked:
        return problems.not_found(request)
    shown = {
        "title": gettext("Withdraw %(name)s?") % {"name": row.name},
        "lead": gettext(
            "From now on nothing of it is taken in, also not what it holds and has not told yet. A "
            "lease it holds goes on there until it ends: break that, too, if the machine is lost."
        ),
        "button": gettext("Withdraw it now"),
    }
    return _asked_why(request, by, node, shown)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.manage_nodes)
def settle(request: HttpRequest, by: Actor, node: UUID) -> HttpResponse:
    """Ask what was done about two machines of one name; then forget the warning."""
    row = _host(node, by)
    if row is None or row.state is not HostState.doubled:
        return problems.not_found(request)
    shown = {
        "title": gettext("Was it seen to that only one %(name)s speaks?") % {"name": row.name},
        "lead": gettext(
            "A copy of its directory ran somewhere. Switch one of the two off first: both may have "
            "let in the same ticket. The warning comes back if both go on speaking."
        ),
        "button": gettext("It was seen to"),
        "is_settled": True,
    }
    return _asked_why(request, by, node, shown, nodes.settle)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.manage_nodes)
def write_off(request: HttpRequest, by: Actor, node: UUID) -> HttpResponse:
    """Ask why a host will not report after a restore; then wait for it no more."""
    awaited = {host.node: host.name for host in restoring.state(by=by).awaited}
    name = awaited.get(str(node))
    if name is None:
        return problems.not_found(request)
    shown = {
        "title": gettext("Wait no more for %(name)s?") % {"name": name},
        "lead": gettext(
            "Do this only if the machine is gone for good. What it let in and this centre has "
            "forgotten is not known then: a ticket may get in a second time. If it does report "
            "later, its lease is over and its records are kept as history."
        ),
        "button": gettext("Wait no more"),
    }
    return _asked_why(request, by, node, shown, _written_off)


def _written_off(name: str, *, by: Actor, why: str) -> None:
    restoring.write_off(name, by=by, why=why)


DONE: Final[dict[Callable[..., None], str]] = {
    nodes.settle: N_("The warning is gone."),
    nodes.revoke: N_("It is withdrawn."),
    _written_off: N_("Nobody waits for it any more."),
}


def _asked_why(
    request: HttpRequest,
    by: Actor,
    node: UUID,
    shown: dict[str, Any],
    does: Callable[..., None] = nodes.revoke,
) -> HttpResponse:
    """Ask for a reason, and do something about a host with it."""
    shown |= {"back": reverse("venues"), "reason_chars_max": limits.REASON_TEXT_CHARS_MAX}
    if request.method != "POST":
        return render(request, "desk/venue_confirm.html", shown)
    shown["why"] = request.POST.get("why", "")
    try:
        with faults_told():
            does(str(node), by=by, why=reason_of(shown["why"]))
    except ReasonMissing:
        shown["trouble"] = trouble("reason_missing")
        return render(request, "desk/venue_confirm.html", shown, status=422)
    except LaterError:
        shown["trouble"] = trouble("untold")
        return render(request, "desk/venue_confirm.html", shown, status=503)
    messages.success(request, gettext(DONE[does]))
    return redirect("venues")


def _host(node: UUID, by: Actor) -> HostRow | None:
    if context().centre is not None:
        return None
    return next((row for row in venues.hosts(by=by) if row.node == str(node)), None)
