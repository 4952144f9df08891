"""The page of a site's floor plan: its picture, and where gates and lanes stand on it."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from paifang.core import limits
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.set_up import floor_plans
from paifang.services.desk.set_up.faults import Refused
from paifang.services.desk.set_up.floor_plans import Place
from paifang.store.models import Gate, Lane, Site
from paifang.store.models.places import PER_MILLE
from paifang.web.desk.set_up.fields import named
from paifang.web.desk.set_up.words import refusal_words
from paifang.web.desk.views import problems
from paifang.web.desk.visitor import allowed_to

_FORM_BYTES: Final = 16 * 1024
"""What an upload's form has besides the file."""


class PlacesForm(forms.Form):
    """Two numbers for each gate and lane of a site."""

    def __init__(self, *args: Any, rows: list[Gate | Lane], **kwargs: Any) -> None:
        """Make the fields."""
        super().__init__(*args, **kwargs)
        for row in rows:
            for axis, word in (("x", _("from the left (‰)")), ("y", _("from the top (‰)"))):
                self.fields[f"{row.pk}-{axis}"] = forms.IntegerField(
                    label=word,
                    required=False,
                    min_value=0,
                    max_value=PER_MILLE,
                    initial=getattr(row, f"plan_{axis}"),
                )

    def places(self, rows: list[Gate | Lane]) -> dict[UUID, Place]:
        """Return what was typed."""
        told = self.cleaned_data
        return {row.pk: Place(told[f"{row.pk}-x"], told[f"{row.pk}-y"]) for row in rows}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.see_set_up)
def plan(request: HttpRequest, by: Actor, pk: UUID) -> HttpResponse:
    """Show the plan; POST gives gates and lanes their places."""
    if request.method == "POST":
        by.require(Act.set_up)
    site = Site.objects.filter(pk=pk).first()
    if site is None:
        return problems.not_found(request)
    rows = _rows(site)
    if request.method != "POST":
        return _page(request, by, site, PlacesForm(rows=rows))
    form = PlacesForm(request.POST, rows=rows)
    if not form.is_valid():
        return _page(request, by, site, form, status=422)
    floor_plans.place_on_plan(site, form.places(rows), by)
    messages.success(request, gettext("Kept."))
    return redirect("set-up-plan", pk)


def bounded(bytes_max: int) -> Callable[[Any], Any]:
    """Refuse a request that is longer before a byte of it is read."""

    def guarded(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            length = str(request.META.get("CONTENT_LENGTH") or "0")
            if not length.isdecimal() or int(length) > bytes_max:
                return too_large(request, *args, **kwargs)
            return view(request, *args, **kwargs)

        return opened

    return guarded


@allowed_to(Act.set_up)
def too_large(request: HttpRequest, by: Actor, pk: UUID) -> HttpResponse:
    """Say that a picture is larger than any plan need be."""
    site = Site.objects.filter(pk=pk).first()
    if site is None:
        return problems.not_found(request)
    words = refusal_words(Refused("file_too_large"))
    return _page(request, by, site, PlacesForm(rows=_rows(site)), trouble=words, status=413)


# The token stands in the body, which must not be read before its length was looked at.
@csrf_exempt
@require_POST
@bounded(limits.FLOOR_PLAN_BYTES_MAX + _FORM_BYTES)
@csrf_protect
@allowed_to(Act.set_up)
def upload(request: HttpRequest, by: Actor, pk: UUID) -> HttpResponse:
    """Take a picture in."""
    site = Site.objects.filter(pk=pk).first()
    if site is None:
        return problems.not_found(request)
    picture = request.FILES.get("picture")
    try:
        if picture is None or picture.file is None:
            raise Refused("file_missing")
        floor_plans.keep_plan(site, picture.file, picture.size or 0, by)
    except Refused as refused:
        words = refusal_words(refused)
        form = PlacesForm(rows=_rows(site))
        return _page(request, by, site, form, trouble=words, status=422)
    messages.success(request, gettext("Kept."))
    return redirect("set-up-plan", pk)


@never_cache
@require_POST
@allowed_to(Act.set_up)
def remove(request: HttpRequest, by: Actor, pk: UUID) -> HttpResponse:
    """Take the picture away."""
    site = Site.objects.filter(pk=pk).first()
    if site is None:
        return problems.not_found(request)
    floor_plans.remove_plan(site, by)
    messages.success(request, gettext("Taken away."))
    return redirect("set-up-plan", pk)


@require_GET
@allowed_to(Act.see_set_up)
def picture(request: HttpRequest, by: Actor, pk: UUID) -> HttpResponse:
    """Give the picture to those who may see the set-up."""
    del by
    site = Site.objects.filter(pk=pk).first()
    path = None if site is None else floor_plans.plan_file(site)
    if path is None:
        return problems.not_found(request)
    answer = HttpResponse(path.read_bytes(), content_type=floor_plans.CONTENT_TYPE)
    answer["Cache-Control"] = "private, no-cache"
    answer["Content-Disposition"] = "inline"
    return answer


def _rows(site: Site) -> list[Gate | Lane]:
    """Return what stands on a site's plan: its gates, each with its lanes behind it."""
    gates = Gate.objects.filter(zone__site=site).prefetch_related("lanes").order_by("name", "id")
    rows: list[Gate | Lane] = []
    for gate in gates:
        rows += [gate, *gate.lanes.all()]
    return rows


def _page(
    request: HttpRequest,
    by: Actor,
    site: Site,
    form: PlacesForm,
    *,
    trouble: str = "",
    status: int = 200,
) -> HttpResponse:
    width, height = floor_plans.plan_size(site)
    tall = round(PER_MILLE * height / width)
    marks = []
    for row in _rows(site):
        across, down = form[f"{row.pk}-x"], form[f"{row.pk}-y"]
        x, y = across.value(), down.value()
        placed = str(x or "").isdecimal() and str(y or "").isdecimal()
        marks.append(
            {
                "id": str(row.pk),
                "name": named(row),
                "lane": isinstance(row, Lane),
                "across": across,
                "down": down,
                "placed": placed,
                "x": int(x) if placed else 0,
                "y": round(int(y) * tall / PER_MILLE) if placed else 0,
            }
        )
    shown = {
        "site": site,
        "has_plan": floor_plans.plan_file(site) is not None,
        "tall": tall,
        "marks": marks,
        "trouble": trouble,
        "may_change": by.may(Act.set_up),
        "megabytes": limits.FLOOR_PLAN_BYTES_MAX // (1024 * 1024),
    }
    return render(request, "desk/set_up/plan.html", shown, status=status)
