"""The start page: sign in, then choose a gate; and the page of a gate."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST

from paifang.services.desk.gate_pages import GateChoice, gate_choice, gate_choices
from paifang.services.desk.permissions import Act, Actor, NotPermitted
from paifang.services.desk.terminals import TerminalError, scan_token
from paifang.web.desk.gate_words import page_data
from paifang.web.desk.navigation import first_room
from paifang.web.desk.views import problems
from paifang.web.desk.views.sign_in import sign_in_page
from paifang.web.desk.visitor import actor_of, allowed_to, staff_of


@never_cache
@ensure_csrf_cookie
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Show the sign-in form, or the gates; who stands at none comes to their first room."""
    user, by = staff_of(request), actor_of(request)
    if user is None or by is None:
        return sign_in_page(request)
    if not by.may(Act.stand_at_gates):
        return redirect(first_room(by))
    choices = gate_choices(by)
    by_site: dict[str, list[GateChoice]] = {}
    for choice in choices:
        by_site.setdefault(choice.site_name(request.LANGUAGE_CODE), []).append(choice)
    return render(request, "desk/start.html", {"sites": by_site.items(), "staff": user})


@never_cache
@ensure_csrf_cookie
@require_GET
@allowed_to(Act.stand_at_gates)
def scan(request: HttpRequest, by: Actor, terminal: str) -> HttpResponse:
    """Show the page of a gate terminal."""
    user, choice = staff_of(request), gate_choice(terminal, by)
    if user is None or choice is None:
        return problems.not_found(request)
    return render(
        request,
        "desk/scan.html",
        {"choice": choice, "page": page_data(request, choice, user)},
    )


@never_cache
@require_POST
def new_scan_token(request: HttpRequest) -> HttpResponse:
    """Give the page of a gate its short-lived token."""
    by = actor_of(request)
    if by is None:
        return JsonResponse({"code": "signed_out"}, status=401)
    try:
        token, until_s = scan_token(request.POST.get("terminal", ""), by=by)
    except NotPermitted as refused:
        return JsonResponse({"code": "not_permitted", "act": refused.act.value}, status=403)
    except TerminalError as fault:
        return JsonResponse({"code": fault.code}, status=404)
    return JsonResponse({"token": token, "until": until_s})
