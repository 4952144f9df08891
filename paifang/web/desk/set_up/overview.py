"""The set-up at a glance: what is there, and what is missing before the gates can open."""

from typing import Any, NamedTuple

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from paifang.services.desk.permissions import Act, Actor
from paifang.store.models import (
    Event,
    Gate,
    Organiser,
    Product,
    ProjectedTicket,
    Site,
    Terminal,
    Zone,
)
from paifang.web.desk.visitor import allowed_to


class Step(NamedTuple):
    """One thing to do before opening: whether it is done, and where."""

    done: bool
    word: str
    hint: str
    href: str


@never_cache
@require_GET
@allowed_to(Act.see_set_up)
def overview(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show the steps to opening, and everything that is set up."""
    steps = _steps()
    shown: dict[str, Any] = {
        "steps": steps,
        "missing": [step for step in steps if not step.done],
        "next": next((step for step in steps if not step.done), None),
        "sites": Site.objects.prefetch_related("zones__gates").order_by("name"),
        "events": Event.objects.prefetch_related("sites").annotate(
            products_count=Count("products", distinct=True),
            sessions_count=Count("sessions", distinct=True),
        ),
        "may_change": by.may(Act.set_up),
    }
    return render(request, "desk/set_up/overview.html", shown)


def _steps() -> list[Step]:
    """Return the steps in their order; each needs those before it."""

    def new(key: str) -> str:
        return reverse("set-up-new", args=[key])

    return [
        Step(
            Organiser.objects.exists(),
            gettext("An organiser"),
            gettext("Who invites: usually your company."),
            new("organisers"),
        ),
        Step(
            Site.objects.exists(),
            gettext("A site"),
            gettext("The place people come to, with its time zone."),
            new("sites"),
        ),
        Step(
            Zone.objects.exists(),
            gettext("A zone"),
            gettext("Where people are counted, and how many may be inside."),
            new("zones"),
        ),
        Step(
            Gate.objects.filter(entry=True).exists(),
            gettext("A gate"),
            gettext("Where people go in."),
            new("gates"),
        ),
        Step(
            Event.objects.filter(sites__isnull=False).exists(),
            gettext("An event"),
            gettext("What the tickets are for, and on which days."),
            new("events"),
        ),
        Step(
            Product.objects.filter(entitlements__isnull=False).exists(),
            gettext("A product"),
            gettext("A kind of ticket, and who may enter with it when."),
            reverse("set-up-product-new"),
        ),
        Step(
            Terminal.objects.filter(revoked=False, gates__isnull=False).exists(),
            gettext("A terminal at a gate"),
            gettext("A phone, tablet or computer that scans."),
            reverse("terminal-new"),
        ),
        Step(
            ProjectedTicket.objects.exists(),
            gettext("The first tickets"),
            gettext("Import a list of people, or hand tickets out."),
            "",
        ),
    ]
