"""Every list can be had as a file: two lines in its view, one include in its template.

    if fmt := format_asked(request):
        return sheet(request, by, Listed("tickets", header, rows, length), fmt)

    {% include "desk/export.html" %}

The links keep the filter of the page, because they keep its query.
"""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.timezone import now

from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.sheets import Format, Row, TooManyRows, export
from paifang.store.models import Site

_KINDS = {
    Format.csv: "text/csv; charset=utf-8",
    Format.xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class Listed(NamedTuple):
    """A list to be given out.

    Attributes:
        name: A stable word, for the file's name and the audit.
        header: The columns' names, translated.
        rows: Read while they are sent; a query is handed over by its `iterator()`.
        length: How many rows there are.
        file_name: The file's name without its ending, if it is not the list's name and the time.
    """

    name: str
    header: Sequence[str]
    rows: Iterable[Row]
    length: int
    file_name: str = ""


def format_asked(request: HttpRequest) -> Format | None:
    """Return what `?format=` asks for; None for the page itself."""
    asked = request.GET.get("format", "")
    return Format(asked) if asked in set(Format) else None


def sheet(
    request: HttpRequest,
    by: Actor,
    listed: Listed,
    fmt: Format,
    *,
    act: Act = Act.export_people,
    zone: tzinfo | None = None,
) -> HttpResponse | StreamingHttpResponse:
    """Give a list out as a file, or say that it is too long. Raises NotPermitted."""
    zone = zone or place_zone()
    try:
        body = export(
            listed.name,
            listed.header,
            listed.rows,
            count=listed.length,
            fmt=fmt,
            zone=zone,
            by=by,
            act=act,
        )
    except TooManyRows as fault:
        return render(request, "desk/export_too_long.html", {"fault": fault}, status=422)
    answer = StreamingHttpResponse(body, content_type=_KINDS[fmt])
    name = listed.file_name or f"{listed.name}-{now().astimezone(zone):%Y-%m-%d-%H%M}"
    told = content_disposition_header(as_attachment=True, filename=f"{name}.{fmt}")
    answer["Content-Disposition"] = told or "attachment"
    answer["Cache-Control"] = "no-store"
    return answer


def place_zone() -> tzinfo:
    """Return the clock of the place; of several sites, of the one that was made first."""
    site = Site.objects.order_by("id").first()
    return site.zone_info if site else ZoneInfo("UTC")
