"""The book of manual acts: searched, paged, given out."""

from collections.abc import Iterator
from datetime import date, tzinfo
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from paifang.core.reasons import N_
from paifang.services.desk.audit_list import (
    AuditFilters,
    acts_there,
    altered_count,
    audit_page,
    entries,
)
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.sheets import Row
from paifang.store.models import AuditEntry
from paifang.web.desk.audit_words import act_words, seal_words
from paifang.web.desk.export import Listed, format_asked, place_zone, sheet
from paifang.web.desk.visitor import allowed_to

COLUMNS: Final = (
    N_("When"),
    N_("Who"),
    N_("What"),
    N_("To what"),
    N_("Why"),
    N_("From where"),
    N_("Seal"),
)
_TEXT_CHARS: Final = 100
_AT: Final = "%Y-%m-%d %H:%M:%S"


@never_cache
@require_GET
@allowed_to(Act.see_audit)
def listed(request: HttpRequest, by: Actor) -> HttpResponse | StreamingHttpResponse:
    """Show what was done by hand, newest first; `format` gives it out as a file."""
    zone = place_zone()
    asked = {
        name: request.GET.get(name, "").strip()[:_TEXT_CHARS]
        for name in ("who", "what", "text", "first", "last", "altered")
    }
    filters = AuditFilters(
        asked["who"],
        asked["what"],
        asked["text"],
        _day(asked["first"]),
        _day(asked["last"]),
        altered=bool(asked["altered"]),
    )
    if fmt := format_asked(request):
        found = entries(filters, zone, by=by)
        header = [gettext(word) for word in COLUMNS]
        rows = _rows(found.iterator())
        return sheet(
            request, by, Listed("audit", header, rows, found.count()), fmt, act=Act.see_audit
        )
    page = audit_page(filters, zone, by=by, before=_id(request.GET.get("before", "")))
    kept = {name: value for name, value in asked.items() if value}
    shown = {
        "asked": asked,
        "acts": sorted(
            ((what, act_words(what)) for what in acts_there(by)), key=lambda one: one[1]
        ),
        "rows": [_shown(entry, zone) for entry in page.entries],
        "first_page": not request.GET.get("before"),
        "altered": altered_count(by),
        "query": urlencode(kept),
        "further": urlencode({**kept, "before": page.before.hex}) if page.before else "",
    }
    return render(request, "desk/audit.html", shown)


def _shown(entry: AuditEntry, zone: tzinfo) -> tuple[str, str, AuditEntry]:
    return f"{entry.at.astimezone(zone):{_AT}}", act_words(entry.what), entry


def _rows(found: Iterator[AuditEntry]) -> Iterator[Row]:
    for one in found:
        act = act_words(one.what)
        yield one.at, one.who, act, one.subject, one.why, one.where, seal_words(one)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _id(text: str) -> UUID | None:
    try:
        return UUID(hex=text)
    except ValueError:
        return None
