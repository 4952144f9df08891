"""List, add, change and take away, the same for every plain subject."""

from typing import Any, Final
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.repair import told_the_gates
from paifang.services.desk.set_up.faults import Refused
from paifang.services.desk.set_up.rows import Wish
from paifang.web.desk.export import Listed, format_asked, sheet
from paifang.web.desk.set_up.fields import SetUpForm, named
from paifang.web.desk.set_up.saving import Outcome, kept, say_removed, why_of
from paifang.web.desk.set_up.subjects import BY_KEY, Subject
from paifang.web.desk.set_up.words import refusal_words
from paifang.web.desk.views import problems
from paifang.web.desk.visitor import allowed_to

PAGE_ROWS: Final = 100


@never_cache
@require_GET
@allowed_to(Act.see_set_up)
def listed(request: HttpRequest, by: Actor, key: str) -> HttpResponse | StreamingHttpResponse:
    """Show all rows of a subject; `format` gives them out as a file."""
    subject = BY_KEY[key]
    if fmt := format_asked(request):
        return sheet(request, by, _as_list(subject), fmt, act=Act.see_set_up)
    page = Paginator(subject.rows(), PAGE_ROWS).get_page(request.GET.get("page"))
    rows = [(row, named(row), [cell(row) for _, cell in subject.columns]) for row in page]
    shown = {
        "subject": subject,
        "columns": [heading for heading, _ in subject.columns],
        "rows": rows,
        "page": page,
        "may_change": by.may(Act.set_up),
    }
    return render(request, "desk/set_up/list.html", shown)


def _as_list(subject: Subject) -> Listed:
    found = subject.rows()
    header = [gettext("Name"), *(str(heading) for heading, _ in subject.columns)]
    rows = (
        (named(row), *(str(cell(row)) for _, cell in subject.columns))
        for row in found.iterator(chunk_size=PAGE_ROWS)
    )
    return Listed(f"set-up-{subject.key}", header, rows, found.count())


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.set_up)
def new(request: HttpRequest, by: Actor, key: str) -> HttpResponse:
    """Add a row."""
    subject = BY_KEY[key]
    if request.method != "POST":
        return _form(request, subject, subject.form(initial=_only_choices(subject, request)))
    form = subject.form(request.POST)
    if not form.is_valid():
        return _form(request, subject, form, Outcome())
    outcome = kept(request, form, lambda: subject.add(form.values(), by))
    if outcome.status != 302:
        return _form(request, subject, form, outcome)
    return redirect("set-up")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.set_up)
def one(request: HttpRequest, by: Actor, key: str, pk: UUID) -> HttpResponse:
    """Show a row, and change it."""
    subject = BY_KEY[key]
    row = subject.rows().filter(pk=pk).first()
    if row is None:
        return problems.not_found(request)
    if request.method != "POST":
        return _form(request, subject, subject.form(row=row))
    form = subject.form(request.POST, row=row)
    if not form.is_valid():
        return _form(request, subject, form, Outcome())
    wish = Wish(form.values(), form.seen_version(), why_of(request))
    outcome = kept(request, form, lambda: subject.change(row, wish, by))
    if outcome.status != 302:
        return _form(request, subject, form, outcome)
    return redirect("set-up-list", key)


@never_cache
@require_POST
@allowed_to(Act.set_up)
def remove(request: HttpRequest, by: Actor, key: str, pk: UUID) -> HttpResponse:
    """Take a row away that nothing refers to."""
    subject = BY_KEY[key]
    row = subject.rows().filter(pk=pk).first()
    if row is None:
        return problems.not_found(request)
    try:
        with told_the_gates() as told:
            subject.remove(row, by)
    except Refused as refused:
        shown = {"trouble": refusal_words(refused)}
        return _form(request, subject, subject.form(row=row), Outcome(shown, 409))
    say_removed(request, gates_told=told.ok)
    return redirect("set-up-list", key)


def _only_choices(subject: Subject, request: HttpRequest) -> dict[str, Any]:
    """Return what the address asks for, and where there is one choice only, that one."""
    chosen: dict[str, Any] = {}
    for name, field in subject.form().fields.items():
        queryset = getattr(field, "queryset", None)
        if queryset is None:
            continue
        found = list(queryset[:2])
        asked = request.GET.get(name, "")
        if len(found) == 1:
            chosen[name] = found if name == "sites" else found[0]
        elif asked:
            chosen[name] = [asked] if name == "sites" else asked
    return chosen


def _form(
    request: HttpRequest, subject: Subject, form: SetUpForm, outcome: Outcome | None = None
) -> HttpResponse:
    shown = {"subject": subject, "form": form, "row": form.row, "why": why_of(request)}
    if outcome is None:
        return render(request, "desk/set_up/form.html", shown)
    return render(request, "desk/set_up/form.html", shown | outcome.shown, status=outcome.status)
