"""The pages of leases: giving one, looking at one, extending, breaking and giving back."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from paifang.core import limits
from paifang.core.leases import RIGHTS, Right
from paifang.services.desk import failover, leases, venues
from paifang.services.desk.context import context
from paifang.services.desk.leases import LeaseError, Wanted
from paifang.services.desk.nodes import NodeError
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.second_person import SecondPersonError, second_person
from paifang.services.desk.tickets.acts import ReasonMissing, reason_of
from paifang.services.desk.tickets.faults import LaterError, faults_told
from paifang.services.desk.venues import HostState, LeaseRow, Phase
from paifang.services.live.problems import Problem
from paifang.store.models.people import USERNAME_CHARS_MAX
from paifang.web.desk.failover_words import GateShown, gate_shown
from paifang.web.desk.ticket_words import at
from paifang.web.desk.venue_words import (
    ERROR_WORDS,
    RIGHT_WORDS,
    lease_shown,
    offer_shown,
    trouble,
)
from paifang.web.desk.views import problems
from paifang.web.desk.views.sign_in import PASSWORD_CHARS_MAX
from paifang.web.desk.visitor import allowed_to

_FORM_TIME: Final = "%Y-%m-%dT%H:%M"
_OFFERED: Final = (Right.exchange,)
"""Besides admitting. Registering and selling at a venue host are not there yet."""


# Giving one.


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.give_leases)
def give(request: HttpRequest, by: Actor) -> HttpResponse:
    """Give a lease."""
    if context().centre is not None:
        return problems.not_found(request)
    if request.method != "POST":
        asked: dict[str, Any] = {
            "host": request.GET.get("host", ""),
            "periods": request.GET.getlist("period"),
            "rights": [Right.admit.value, Right.exchange.value],
        }
        return _give_form(request, by, asked)
    asked = {
        "host": request.POST.get("host", ""),
        "spare": request.POST.get("spare", ""),
        "periods": request.POST.getlist("period")[: limits.LEASE_PERIODS_MAX],
        "rights": [Right.admit.value, *request.POST.getlist("right")[: len(RIGHTS)]],
        "until": request.POST.get("until", ""),
        "why": request.POST.get("why", ""),
    }
    try:
        wanted = _wanted(asked)
        with faults_told():
            given = venues.give(wanted, by=by, why=reason_of(asked["why"]))
    except ReasonMissing:
        return _give_form(request, by, asked, "reason_missing")
    except (LeaseError, NodeError) as fault:
        return _give_form(request, by, asked, fault.code)
    except LaterError:
        return _give_form(request, by, asked, "later")
    messages.success(request, gettext("The lease is given. Its tickets are being packed."))
    return redirect("venue-lease", UUID(bytes=given.id))


def _wanted(asked: dict[str, Any]) -> Wanted:
    """Return the lease a form asks for. Raises LeaseError."""
    if not asked["host"]:
        raise LeaseError("host_missing")
    site, periods = venues.site_of(asked["periods"])
    rights = tuple(right for right in RIGHTS if right.value in asked["rights"])
    known = context().ledger.rules().centre.sites.get(site)
    if known is None:
        raise LeaseError("period_unknown", site)
    until_ms = _moment(asked["until"], known.time_zone) if asked["until"] else 0
    return Wanted(asked["host"], site, periods, rights, until_ms, asked["spare"])


def _moment(text: str, zone: str) -> int:
    """Return a form's local time as UTC milliseconds. Raises LeaseError."""
    try:
        local = datetime.fromisoformat(text)
        return int(local.replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise LeaseError("ends_wrong") from None


def _give_form(
    request: HttpRequest, by: Actor, asked: dict[str, Any], wrong: str = ""
) -> HttpResponse:
    hosts = [row for row in venues.hosts(by=by) if row.state is not HostState.revoked]
    shown = {
        "asked": asked,
        "hosts": hosts,
        "offers": [offer_shown(offer) for offer in venues.offers(by=by)],
        "rights": [(right.value, gettext(RIGHT_WORDS[right])) for right in _OFFERED],
        "hours": leases.AFTER_MS // 3_600_000,
        "reason_chars_max": limits.REASON_TEXT_CHARS_MAX,
        "trouble": trouble(wrong),
    }
    status = 503 if wrong == "later" else 422 if wrong else 200
    return render(request, "desk/venue_give.html", shown, status=status)


# Looking at one, and extending it.


@never_cache
@require_GET
@allowed_to(Act.see_leases)
def one(request: HttpRequest, by: Actor, lease: UUID) -> HttpResponse:
    """Show a lease, and what can be done with it."""
    row = venues.lease_row(lease, by=by)
    if row is None:
        return problems.not_found(request)
    return _one(request, by, row)


@never_cache
@require_POST
@allowed_to(Act.give_leases)
def extend(request: HttpRequest, by: Actor, lease: UUID) -> HttpResponse:
    """Let a lease go on until later."""
    row = _at_centre(lease, by)
    if row is None:
        return problems.not_found(request)
    asked = {"until": request.POST.get("until", ""), "why": request.POST.get("why", "")}
    try:
        until_ms = _moment(asked["until"], row.site.time_zone)
        with faults_told():
            venues.prolong(row, until_ms, by=by, why=reason_of(asked["why"]))
    except ReasonMissing:
        return _one(request, by, row, asked, "reason_missing")
    except LeaseError as fault:
        return _one(request, by, row, asked, fault.code)
    except LaterError:
        return _one(request, by, row, asked, "later")
    messages.success(request, gettext("The lease goes on; the venue hears of it with the line."))
    return redirect("venue-lease", lease)


def _one(
    request: HttpRequest,
    by: Actor,
    row: LeaseRow,
    asked: dict[str, str] | None = None,
    wrong: str = "",
) -> HttpResponse:
    at_host = context().centre is not None
    zone = ZoneInfo(row.site.time_zone)
    shown = {
        "lease": lease_shown(row, at_host=at_host),
        "at_host": at_host,
        "may_give": by.may(Act.give_leases) and row.is_open,
        "gates": _gates(row, by),
        "may_break_glass": by.may(Act.give_leases) and at_host and row.is_sealed,
        "asked": asked or {"until": at(row.lease.not_after_ms, zone, _FORM_TIME)},
        "reason_chars_max": limits.REASON_TEXT_CHARS_MAX,
        "trouble": trouble(wrong),
    }
    status = 503 if wrong == "later" else 422 if wrong else 200
    return render(request, "desk/venue_lease.html", shown, status=status)


def _gates(row: LeaseRow, by: Actor) -> list[GateShown]:
    """Return the gates that this host waits for before it opens."""
    if row.phase is not Phase.collecting:
        return []
    return [gate_shown(one) for one in failover.gates_of(row.lease, by=by)]


def _at_centre(lease: UUID, by: Actor) -> LeaseRow | None:
    """Return a lease this centre gave and that runs, None otherwise."""
    row = venues.lease_row(lease, by=by) if context().centre is None else None
    return row if row is not None and row.is_open else None


# Ending one.


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.give_leases)
def break_(request: HttpRequest, by: Actor, lease: UUID) -> HttpResponse:
    """Take a lease back without its host, on the word of two persons."""
    row = _at_centre(lease, by)
    if row is None:
        return problems.not_found(request)
    if request.method != "POST":
        return _break_form(request, by, row)
    try:
        why = reason_of(request.POST.get("why", ""))
        second = second_person(
            request,
            request.POST.get("second", "")[:USERNAME_CHARS_MAX],
            request.POST.get("password", "")[:PASSWORD_CHARS_MAX],
            act=Act.give_leases,
            by=by,
        )
        spare = request.POST.get("spare", "")
        with faults_told():
            if spare:
                lease = UUID(
                    bytes=failover.hand_over(row.lease, spare, by=by, second=second, why=why).id
                )
            else:
                leases.break_(row.lease.id, by=by, second=second, why=why)
    except ReasonMissing:
        return _break_form(request, by, row, "reason_missing")
    except (SecondPersonError, LeaseError, NodeError, Problem) as fault:
        if fault.code == "lease_broken_only":
            messages.error(request, trouble(fault.code))
            return redirect("venue-lease", lease)
        return _break_form(request, by, row, fault.code)
    except LaterError:
        return _break_form(request, by, row, "later")
    if spare:
        messages.success(
            request,
            gettext("The lease is given to the other host. Look there for what its gates tell."),
        )
        return redirect("venue-lease", lease)
    messages.success(request, gettext("The lease is broken. This centre decides again."))
    return redirect("venue-lease", lease)


def _break_form(request: HttpRequest, by: Actor, row: LeaseRow, wrong: str = "") -> HttpResponse:
    spares = [
        host
        for host in venues.hosts(by=by)
        if host.state is not HostState.revoked and host.node != row.lease.lessee
    ]
    more = {"spares": spares, "spare": request.POST.get("spare", "")}
    return _two_persons(request, "desk/venue_break.html", row, wrong, at_host=False, **more)


def _two_persons(
    request: HttpRequest,
    template: str,
    row: LeaseRow,
    wrong: str,
    *,
    at_host: bool,
    **more: object,
) -> HttpResponse:
    """Show a form that two persons stand behind."""
    shown = {
        **more,
        "lease": lease_shown(row, at_host=at_host),
        "is_running": row.phase in {Phase.running, Phase.over},
        "second": request.POST.get("second", ""),
        "why": request.POST.get("why", ""),
        "username_chars_max": USERNAME_CHARS_MAX,
        "reason_chars_max": limits.REASON_TEXT_CHARS_MAX,
        "trouble": trouble(wrong if wrong in ERROR_WORDS else wrong and "refused"),
    }
    status = {"later": 503, "too_many_codes": 429, "": 200}.get(wrong, 422)
    return render(request, template, shown, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.give_leases)
def break_glass(request: HttpRequest, by: Actor, lease: UUID) -> HttpResponse:
    """At a spare: take over by the sealed grant, on the word of two persons."""
    row = venues.lease_row(lease, by=by) if context().centre is not None else None
    if row is None or not row.is_sealed:
        return problems.not_found(request)
    if request.method != "POST":
        return _glass_form(request, row)
    try:
        why = reason_of(request.POST.get("why", ""))
        second = second_person(
            request,
            request.POST.get("second", "")[:USERNAME_CHARS_MAX],
            request.POST.get("password", "")[:PASSWORD_CHARS_MAX],
            act=Act.give_leases,
            by=by,
        )
        with faults_told():
            leases.break_glass(row.lease.id, by=by, second=second, why=why)
    except ReasonMissing:
        return _glass_form(request, row, "reason_missing")
    except (SecondPersonError, LeaseError, Problem) as fault:
        return _glass_form(request, row, fault.code)
    except LaterError:
        return _glass_form(request, row, "later")
    messages.success(
        request, gettext("The glass is broken. Once every gate has told its journal, it opens.")
    )
    return redirect("venue-lease", lease)


def _glass_form(request: HttpRequest, row: LeaseRow, wrong: str = "") -> HttpResponse:
    return _two_persons(request, "desk/venue_glass.html", row, wrong, at_host=True)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.give_leases)
def give_back(request: HttpRequest, by: Actor, lease: UUID) -> HttpResponse:
    """At a venue host: ask once more, and for the reason; then end a lease."""
    row = venues.lease_row(lease, by=by) if context().centre is not None else None
    if row is None or not row.is_open:
        return problems.not_found(request)
    shown: dict[str, Any] = {
        "title": gettext("Give the lease back?"),
        "lead": gettext(
            "From now on nothing is decided here: gates refuse everybody. The centre decides once "
            "it has the last row, over the line or by a file. This cannot be undone here."
        ),
        "button": gettext("Give it back now"),
        "back": reverse("venue-lease", args=[lease]),
        "reason_chars_max": limits.REASON_TEXT_CHARS_MAX,
        "why": request.POST.get("why", ""),
    }
    if request.method != "POST":
        return render(request, "desk/venue_confirm.html", shown)
    try:
        with faults_told():
            leases.give_back(row.lease.id, by=by, why=reason_of(shown["why"]))
    except ReasonMissing:
        shown["trouble"] = trouble("reason_missing")
    except LeaseError as fault:
        shown["trouble"] = trouble(fault.code)
    except LaterError:
        shown["trouble"] = trouble("later")
    else:
        messages.success(request, gettext("The lease is given back."))
        return redirect("venues")
    return render(request, "desk/venue_confirm.html", shown, status=422)
