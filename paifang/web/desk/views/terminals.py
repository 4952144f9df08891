"""The manager's pages of terminals: list, add, change, pair, withdraw."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from paifang.core import limits
from paifang.core.reasons import N_
from paifang.core.rules import TerminalRole
from paifang.services.desk.context import context
from paifang.services.desk.one_time_codes import time_ms
from paifang.services.desk.pairing import link_of, new_code, open_code, state_of
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.qr import qr_svg
from paifang.services.desk.repair import told_the_gates
from paifang.services.desk.sheets import Row
from paifang.services.desk.terminal_list import gates_to_choose, terminal_row, terminal_rows
from paifang.services.desk.terminals import (
    TerminalError,
    change_terminal,
    open_terminal,
    revoke_terminal,
)
from paifang.store.models import Terminal
from paifang.store.models.base import SLUG_CHARS_MAX
from paifang.web.desk.export import Listed, format_asked, sheet
from paifang.web.desk.set_up.fields import named
from paifang.web.desk.terminal_words import (
    ERROR_WORDS,
    ROLE_HINTS,
    ROLE_WORDS,
    RowShown,
    row_shown,
)
from paifang.web.desk.views import problems
from paifang.web.desk.visitor import allowed_to

COLUMNS: Final = (
    N_("Name"),
    N_("Role"),
    N_("Gates"),
    N_("State"),
    N_("Last seen"),
    N_("On duty"),
    N_("Not sent yet"),
    N_("Version"),
)
TERMINAL_PAGE: Final = "/terminal/"
_AT_GATES: Final = frozenset({TerminalRole.gate, TerminalRole.kiosk})


@never_cache
@require_GET
@allowed_to(Act.manage_terminals)
def listed(request: HttpRequest, by: Actor) -> HttpResponse | StreamingHttpResponse:
    """Show all terminals and how they are; `format` gives them out as a file."""
    rows = [row_shown(row) for row in terminal_rows()]
    if fmt := format_asked(request):
        header = [gettext(word) for word in COLUMNS]
        cells = [_cells(shown) for shown in rows]
        listed = Listed("terminals", header, cells, len(cells))
        return sheet(request, by, listed, fmt, act=Act.manage_terminals)
    return render(request, "desk/terminals.html", {"rows": rows})


def _cells(shown: RowShown) -> Row:
    row = shown.row
    gates = gettext(", ").join(named(gate) for gate in row.gates)
    return row.name, shown.role, gates, shown.state, shown.seen, row.staff, row.unsent, row.version


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.manage_terminals)
def new(request: HttpRequest, by: Actor) -> HttpResponse:
    """Add a terminal, then show the code its device is paired by."""
    name = request.POST.get("name", "").strip().lower()
    if request.method != "POST":
        return _form(request, {"role": TerminalRole.gate.value})
    role, gates = _chosen(request)
    asked = {"name": name, "role": role.value, "chosen": gates}
    if role in _AT_GATES and not gates:
        return _form(request, asked, "gates_missing")
    try:
        # Should the gates not hear of it now, they will when the device pairs.
        with told_the_gates():
            open_terminal(name, role=role, gates=gates, by=by)
    except TerminalError as fault:
        return _form(request, asked, fault.code)
    new_code(name, by=by)
    return redirect("terminal-pair", name)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.manage_terminals)
def one(request: HttpRequest, by: Actor, name: str) -> HttpResponse:
    """Show a terminal, and give it another role or other gates."""
    terminal = Terminal.objects.filter(name=name).first()
    if terminal is None:
        return problems.not_found(request)
    if request.method != "POST":
        return _one(request, terminal)
    role, gates = _chosen(request)
    asked = {"role": role.value, "chosen": gates}
    if role in _AT_GATES and not gates:
        return _one(request, terminal, asked, "gates_missing")
    try:
        with told_the_gates() as told:
            change_terminal(name, role=role, gates=gates, by=by)
    except TerminalError as fault:
        return _one(request, terminal, asked, fault.code)
    if not told.ok:
        return _one(request, terminal, asked, "gates_untold")
    return redirect("terminals")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.manage_terminals)
def revoke(request: HttpRequest, by: Actor, name: str) -> HttpResponse:
    """Ask once more, and for the reason; then withdraw a terminal."""
    terminal = Terminal.objects.filter(name=name, revoked=False).first()
    if terminal is None:
        return problems.not_found(request)
    shown = {
        "terminal": terminal,
        "unbroken": _unbroken(name),
        "row": row_shown(terminal_row(terminal)),
        "reason_chars_max": limits.REASON_TEXT_CHARS_MAX,
    }
    if request.method != "POST":
        return render(request, "desk/terminal_revoke.html", shown)
    why = " ".join(request.POST.get("why", "").split())[: limits.REASON_TEXT_CHARS_MAX]
    if not why:
        shown["trouble"] = gettext(ERROR_WORDS["reason_missing"])
        return render(request, "desk/terminal_revoke.html", shown, status=422)
    with told_the_gates() as told:
        revoke_terminal(name, by=by, why=why)
    if not told.ok:
        shown |= {"trouble": gettext(ERROR_WORDS["gates_untold"]), "why": why}
        return render(request, "desk/terminal_revoke.html", shown, status=503)
    return redirect("terminals")


# Pairing.


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.manage_terminals)
def pair(request: HttpRequest, by: Actor, name: str) -> HttpResponse:
    """Show the code that pairs a device, big; POST makes a new one."""
    terminal = Terminal.objects.filter(name=name).first()
    if terminal is None:
        return problems.not_found(request)
    if request.method == "POST":
        new_code(name, by=by)
        return redirect("terminal-pair", name)
    code = open_code(terminal)
    shown = {
        "terminal": terminal,
        "unbroken": _unbroken(name),
        "row": row_shown(terminal_row(terminal)),
        "code": code,
        "page": _terminal_page(request),
        "reach": context().reach,
        "left_s": 0 if code is None else max(0, code.until_ms - time_ms()) // 1000,
    }
    return render(request, "desk/terminal_pair.html", shown)


@never_cache
@require_GET
@allowed_to(Act.manage_terminals)
def pair_qr(request: HttpRequest, by: Actor, name: str) -> HttpResponse:
    """Give the QR code of a terminal's open code."""
    del by
    terminal = Terminal.objects.filter(name=name).first()
    code = None if terminal is None else open_code(terminal)
    if code is None:
        return problems.not_found(request)
    return HttpResponse(
        qr_svg(link_of(_terminal_page(request), code)), content_type="image/svg+xml"
    )


@never_cache
@require_GET
@allowed_to(Act.manage_terminals)
def pair_state(request: HttpRequest, by: Actor, name: str) -> HttpResponse:
    """Say what became of a code, for the page that waits for the device."""
    del by
    terminal = Terminal.objects.filter(name=name).first()
    if terminal is None:
        return JsonResponse({"state": "replaced"}, status=404)
    return JsonResponse({"state": state_of(terminal, request.GET.get("pairing", "")).value})


def _unbroken(name: str) -> str:
    """Return a name that no line ends within."""
    return name.replace("-", "\N{NON-BREAKING HYPHEN}")


def _terminal_page(request: HttpRequest) -> str:
    return (context().reach.origin or request.build_absolute_uri("/").rstrip("/")) + TERMINAL_PAGE


def _chosen(request: HttpRequest) -> tuple[TerminalRole, list[str]]:
    """Return role and gates of a form; a role that is none counts as a gate's."""
    try:
        role = TerminalRole(request.POST.get("role", ""))
    except ValueError:
        role = TerminalRole.gate
    return role, request.POST.getlist("gate")[:1_000]


def _form(request: HttpRequest, asked: dict[str, Any], trouble: str = "") -> HttpResponse:
    shown = {
        **_choices(asked),
        "name": asked.get("name", ""),
        "name_chars_max": SLUG_CHARS_MAX,
        "trouble": gettext(ERROR_WORDS[trouble]) if trouble else "",
    }
    status = 422 if trouble else 200
    return render(request, "desk/terminal_new.html", shown, status=status)


def _one(
    request: HttpRequest,
    terminal: Terminal,
    asked: dict[str, Any] | None = None,
    trouble: str = "",
) -> HttpResponse:
    present = {"role": terminal.role, "chosen": [gate.slug for gate in terminal.gates.all()]}
    shown = {
        **_choices(asked or present),
        "terminal": terminal,
        "row": row_shown(terminal_row(terminal)),
        "trouble": gettext(ERROR_WORDS[trouble]) if trouble else "",
    }
    return render(request, "desk/terminal.html", shown, status=422 if trouble else 200)


def _choices(asked: dict[str, Any]) -> dict[str, Any]:
    """Return what role and gates can be chosen from, and what is chosen."""
    return {
        "roles": [
            (role.value, gettext(ROLE_WORDS[role]), gettext(ROLE_HINTS[role]))
            for role in TerminalRole
        ],
        "role": asked.get("role", ""),
        "gates": gates_to_choose(),
        "chosen": asked.get("chosen", []),
    }
