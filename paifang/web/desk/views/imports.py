"""Importing lists of people: upload, columns, a look ahead, progress, what is left, undo."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paifang.core import limits
from paifang.services.desk.attendees import FileError
from paifang.services.desk.imports.correcting import TryLater, correct_rows, drop_rows, errors_table
from paifang.services.desk.imports.uploading import choose_columns, discard, preview_of, upload
from paifang.services.desk.imports.working import ask_check, ask_run, ask_undo, cancel, go_on
from paifang.services.desk.permissions import Act, Actor
from paifang.store.models import Event, Import, ImportStage
from paifang.web.desk.export import Listed, format_asked, place_zone, sheet
from paifang.web.desk.import_words import meanings, stage_words, trouble_words
from paifang.web.desk.views.imports_shown import (
    blocked_shown,
    corrections_of,
    defaults_of,
    one_shown,
    rejects_shown,
)
from paifang.web.desk.visitor import allowed_to

LISTED: Final = 50
PAGE: Final = "desk/import_one.html"
WORKING: Final = frozenset({ImportStage.checking, ImportStage.importing, ImportStage.undoing})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.import_people)
def listed(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Take a list in, and show those of before."""
    if fmt := format_asked(request):
        return sheet(request, by, _as_list(), fmt)
    trouble = ""
    if request.method == "POST":
        event = Event.objects.filter(slug=request.POST.get("event", "")).first()
        given = request.FILES.get("list")
        try:
            if event is None or given is None:
                trouble = trouble_words("event_needed" if event is None else "file_needed")
            else:
                made = upload(event, given.name or "", given.chunks(), by=by)
                return redirect("import-one", made.pk)
        except FileError as fault:
            trouble = fault.words(gettext)
    page = {
        "events": Event.objects.order_by("-number"),
        "chosen": request.POST.get("event", request.GET.get("event", "")),
        "imports": [one_shown(one, place_zone()) for one in _imports()[:LISTED]],
        "trouble": trouble,
        "bytes_max": limits.IMPORT_UPLOAD_BYTES_MAX,
        "days": limits.IMPORT_KEEP_DAYS,
    }
    return render(request, "desk/imports.html", page, status=422 if trouble else 200)


@never_cache
@require_safe
@allowed_to(Act.import_people)
def one(request: HttpRequest, by: Actor, number: UUID) -> HttpResponse:
    """Show how a list stands, and what can be done with it."""
    del by
    return _page(request, _found(number))


@never_cache
@require_POST
@allowed_to(Act.import_people)
def act(request: HttpRequest, by: Actor, number: UUID, act: str) -> HttpResponse:
    """Do one thing with a list."""
    found = _found(number)
    if act in _ACTS:
        return _ACTS[act](request, by, found)
    raise Http404


@never_cache
@require_safe
@allowed_to(Act.import_people)
def errors(request: HttpRequest, by: Actor, number: UUID) -> HttpResponseBase:
    """Give out the rejected rows, to be corrected in a spreadsheet program."""
    found = _found(number)
    fmt = format_asked(request)
    if fmt is None:
        raise Http404
    header, rows = errors_table(found, gettext, is_chinese=get_language() == "zh-hans")
    table = Listed("import_errors", header, rows, len(rows), f"{found.file_name}.errors")
    return sheet(request, by, table, fmt)


# What can be done with a list.


def _check(request: HttpRequest, by: Actor, found: Import) -> HttpResponse:
    told: dict[str, Any] = {
        "meanings": request.POST.getlist("column")[: limits.IMPORT_COLUMNS_MAX],
        "has_header": request.POST.get("header") == "1",
        "product": request.POST.get("product", "")[: limits.NAME_CHARS_MAX],
        "session": request.POST.get("session", "")[: limits.NAME_CHARS_MAX],
    }
    try:
        choose_columns(found, by=by, **told)
    except FileError as fault:
        return _page(request, found, fault.words(gettext), told)
    except FileNotFoundError:
        return _page(request, found, trouble_words("file_gone"), told)
    return _after(request, found, done=ask_check(found, by=by))


def _run(request: HttpRequest, by: Actor, found: Import) -> HttpResponse:
    return _after(request, found, done=ask_run(found, by=by))


def _cancel(request: HttpRequest, by: Actor, found: Import) -> HttpResponse:
    return _after(request, found, done=cancel(found, by=by))


def _go_on(request: HttpRequest, by: Actor, found: Import) -> HttpResponse:
    return _after(request, found, done=go_on(found, by=by))


def _undo(request: HttpRequest, by: Actor, found: Import) -> HttpResponse:
    return _after(request, found, done=ask_undo(found, by=by))


def _undo_rest(request: HttpRequest, by: Actor, found: Import) -> HttpResponse:
    return _after(request, found, done=ask_undo(found, by=by, rest=True))


def _discard(request: HttpRequest, by: Actor, found: Import) -> HttpResponse:
    if not discard(found, by=by):
        return _after(request, found, done=False)
    messages.success(request, gettext("The list was thrown away. Nothing of it was imported."))
    return redirect("imports")


def _correct(request: HttpRequest, by: Actor, found: Import) -> HttpResponse:
    corrections = corrections_of(request.POST)
    chosen = request.POST.get("line", "")
    if chosen.isdecimal():
        corrections = {int(chosen): corrections.get(int(chosen), {})}
    try:
        told = correct_rows(found, corrections, by=by)
    except TryLater as fault:
        return _page(request, found, trouble_words(fault.code))
    if told.taken:
        words = ngettext("%(n)s row was taken.", "%(n)s rows were taken.", told.taken)
        messages.success(request, words % {"n": told.taken})
    if told.rejected:
        words = ngettext(
            "%(n)s row is still not right; the reason stands beside it.",
            "%(n)s rows are still not right; the reasons stand beside them.",
            told.rejected,
        )
        messages.warning(request, words % {"n": told.rejected})
    return redirect("import-one", found.pk)


def _drop(request: HttpRequest, by: Actor, found: Import) -> HttpResponse:
    line = request.POST.get("line", "")
    if line.isdecimal():
        drop_rows(found, [int(line)], by=by)
    return redirect("import-one", found.pk)


_ACTS: Final[dict[str, Callable[[HttpRequest, Actor, Import], HttpResponse]]] = {
    "check": _check,
    "run": _run,
    "cancel": _cancel,
    "go-on": _go_on,
    "undo": _undo,
    "undo-rest": _undo_rest,
    "discard": _discard,
    "correct": _correct,
    "drop": _drop,
}


def _after(request: HttpRequest, found: Import, *, done: bool) -> HttpResponse:
    if not done:
        messages.warning(request, trouble_words("busy"))
    return redirect("import-one", found.pk)


# What is shown.


def _page(
    request: HttpRequest,
    found: Import,
    trouble: str = "",
    told: dict[str, Any] | None = None,
) -> HttpResponse:
    shown: dict[str, Any] = {
        "one": found,
        "shown": one_shown(found, place_zone()),
        "trouble": trouble or trouble_words(found.error, found.error_params),
        "working": found.stage in WORKING,
        "days": limits.IMPORT_KEEP_DAYS,
    }
    if found.stage == ImportStage.mapping or "columns" in request.GET:
        shown |= _mapping(found, told)
    if found.stage in (ImportStage.checked, ImportStage.done):
        rows = Paginator(found.rejects.all(), limits.IMPORT_PAGE_ROWS)
        page = rows.get_page(request.GET.get("page"))
        shown |= {"page": page, "rejects": rejects_shown(found, page.object_list)}
    if found.blocked:
        shown["blocked"] = blocked_shown(found)
    return render(request, PAGE, shown, status=422 if trouble else 200)


def _mapping(found: Import, told: dict[str, Any] | None) -> dict[str, Any]:
    """Return the form of the columns, as it was sent or as it is kept."""
    if found.stage not in (ImportStage.mapping, ImportStage.checked):
        return {}
    try:
        preview = preview_of(found)
    except (FileError, OSError):
        return {"trouble": trouble_words("file_gone")}
    given = told or {
        "meanings": found.meanings,
        "has_header": found.header_line > 0,
        "product": found.product,
        "session": found.session,
    }
    chosen = [*given["meanings"], *[""] * len(preview.header)]
    columns = list(zip(preview.header, chosen, strict=False))
    return {
        "preview": preview,
        "columns": columns,
        "widths": [(*row, *[""] * (len(columns) - len(row))) for row in preview.rows],
        "given": given,
        "meanings": meanings(),
        **defaults_of(found),
    }


def _found(number: UUID) -> Import:
    return get_object_or_404(Import.objects.select_related("event", "job"), pk=number)


def _imports() -> QuerySet[Import]:
    return Import.objects.select_related("event", "job").order_by("-id")


def _as_list() -> Listed:
    header = [
        gettext("File"),
        gettext("Event"),
        gettext("State"),
        gettext("Rows"),
        gettext("Created"),
        gettext("Unchanged"),
        gettext("Changed"),
        gettext("Rejected"),
        gettext("By"),
        gettext("At"),
    ]
    rows = (
        (
            one.file_name,
            one.event.slug,
            stage_words(one)[1],
            one.rows,
            one.created,
            one.unchanged,
            one.updated,
            one.rejected,
            one.who,
            one.created_at,
        )
        for one in _imports().iterator()
    )
    return Listed("imports", header, rows, Import.objects.count())
