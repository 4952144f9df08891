"""The pages of reports, and their tables as files."""

from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from paifang.services.desk.context import context
from paifang.services.desk.paper.report import report_pdf
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.places_to_watch import place_named, places
from paifang.services.desk.reports import Report, choices, report
from paifang.services.desk.sheets import Format, export
from paifang.web.desk.api.caller import now_ms
from paifang.web.desk.report_form import ReportForm, read_form
from paifang.web.desk.report_words import Section, figures, report_paper, sections
from paifang.web.desk.today_words import named, place_shown
from paifang.web.desk.views import problems
from paifang.web.desk.visitor import allowed_to

CONTENT_TYPES: Final = {
    Format.csv: "text/csv; charset=utf-8",
    Format.xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

BAR_HEIGHT: Final = 100
BAR_STEP: Final = 10


@never_cache
@require_GET
@allowed_to(Act.see_reports)
def page(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show the reports."""
    rules = context().ledger.rules()
    among = places(rules, now_ms())
    place = place_named(among, request.GET.get("at", ""))
    if place is None:
        return render(request, "desk/reports.html", {"places": ()})
    known = choices(rules, place)
    form = read_form(request.GET, place, known, now_ms())
    told = report(by, rules, form.asked)
    shown = {
        "places": [(one.key, place_shown(one)) for one in among],
        "at": place.key,
        "event": named(place.event),
        "site": named(place.site),
        "form": form,
        "from": form.filled["from"] if form.wrong else form.asked.first.isoformat(),
        "to": form.filled["to"] if form.wrong else form.asked.last.isoformat(),
        "gates": [(one.slug, named(one)) for one in known.gates],
        "products": [(str(one.number), named(one)) for one in known.products],
        "sessions": [(str(one.number), named(one)) for one in known.sessions],
        "query": urlencode({"at": place.key, **form.filled}),
        "figures": figures(told),
        **_chart(told),
        "sections": sections(told, rules),
    }
    return render(request, "desk/reports.html", shown, status=422 if form.wrong else 200)


@never_cache
@require_GET
@allowed_to(Act.see_reports)
def download(request: HttpRequest, by: Actor, name: str, kind: str) -> HttpResponse:
    """Give one table as a file."""
    rules = context().ledger.rules()
    place = place_named(places(rules, now_ms()), request.GET.get("at", ""))
    if place is None or kind not in set(Format):
        return problems.not_found(request)
    form = read_form(request.GET, place, choices(rules, place), now_ms())
    told = report(by, rules, form.asked)
    section = next((one for one in sections(told, rules) if one.name == name), None)
    if form.wrong or section is None:
        return problems.not_found(request)
    return _file(section, form, told, Format(kind), by)


@never_cache
@require_GET
@allowed_to(Act.see_reports)
def pdf(request: HttpRequest, by: Actor) -> HttpResponse:
    """Give the whole report as PDF."""
    rules = context().ledger.rules()
    place = place_named(places(rules, now_ms()), request.GET.get("at", ""))
    if place is None:
        return problems.not_found(request)
    form = read_form(request.GET, place, choices(rules, place), now_ms())
    if form.wrong:
        return problems.not_found(request)
    paper = report_paper(report(by, rules, form.asked), rules, now_ms())
    body = report_pdf(paper, by)
    name = f"{place.event.slug}-report-{form.asked.first}-{form.asked.last}.pdf"
    answer = HttpResponse(body, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    return answer


def _file(section: Section, form: ReportForm, told: Report, fmt: Format, by: Actor) -> HttpResponse:
    body = export(
        f"report_{section.name}",
        section.header,
        (line.values for line in section.lines),
        count=len(section.lines),
        fmt=fmt,
        zone=told.zone,
        by=by,
        act=Act.see_reports,
    )
    event = form.asked.place.event.slug
    name = f"{event}-{section.name}-{form.asked.first}-{form.asked.last}.{fmt}"
    answer = HttpResponse(b"".join(body), content_type=CONTENT_TYPES[fmt])
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _chart(told: Report) -> dict[str, Any]:
    """Return what the chart in time is drawn from, and bars for where no script runs."""
    top = max((span.entries for span in told.spans), default=0) or 1
    heights = [-(-span.entries * BAR_HEIGHT // top) for span in told.spans]
    series = {
        "zone": told.zone.key,
        "hours": told.by_hours,
        "label": gettext("From") if told.by_hours else gettext("Day"),
        "at": [span.from_ms // 1000 for span in told.spans],
        "lines": [
            [gettext("Entries"), [span.entries for span in told.spans]],
            [gettext("Exits"), [span.exits for span in told.spans]],
            [gettext("Refused"), [span.refused for span in told.spans]],
        ],
    }
    return {
        "series": series,
        "chart_width": BAR_STEP * len(told.spans),
        "bars": [
            (place * BAR_STEP + 1, BAR_HEIGHT - height, height)
            for place, height in enumerate(heights)
        ],
    }
