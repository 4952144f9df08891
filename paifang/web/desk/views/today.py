"""The page of today, and its figures alone for the page that is kept open."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.places_to_watch import place_named, places
from paifang.services.desk.today import today
from paifang.web.desk.api.caller import now_ms
from paifang.web.desk.today_words import place_shown, today_shown
from paifang.web.desk.visitor import allowed_to


@never_cache
@require_GET
@allowed_to(Act.see_today)
def page(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show today at an event's site."""
    return render(request, "desk/today.html", _shown(request, by))


@never_cache
@require_GET
@allowed_to(Act.see_today)
def figures(request: HttpRequest, by: Actor) -> HttpResponse:
    """Give the figures alone."""
    return render(request, "desk/today_figures.html", _shown(request, by))


def _shown(request: HttpRequest, by: Actor) -> dict[str, Any]:
    rules = context().ledger.rules()
    among = places(rules, now_ms())
    place = place_named(among, request.GET.get("at", ""))
    if place is None:
        return {"places": ()}
    return {
        "places": [(one.key, place_shown(one)) for one in among],
        "at": place.key,
        **today_shown(today(by, rules, place), by),
    }
