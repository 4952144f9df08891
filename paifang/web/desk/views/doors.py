"""Door lists: print one before the power goes, key in afterwards what was ticked."""

import secrets
import time
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from paifang.core.reasons import WORDS, Reason
from paifang.core.rules import Gate, Rules
from paifang.services.desk.context import context
from paifang.services.desk.door_lists import DoorListError, Line, make_door_list, printed
from paifang.services.desk.keying_in import Keyed, Keying, LineFault, Typed, key_in, ways_of
from paifang.services.desk.permissions import Act, Actor
from paifang.services.live.problems import Problem
from paifang.store.models import DoorList
from paifang.web.desk.door_words import LIST_WORDS, REFUSED_WORDS, RESULT_WORDS, WAY_WORDS
from paifang.web.desk.visitor import allowed_to

ROWS_SHOWN: Final = 20
LISTS_SHOWN: Final = 20
_FIELD_CHARS: Final = 64
_MINUTE: Final = "%Y-%m-%d %H:%M"


class GateShown(NamedTuple):
    """A gate to choose, with the sessions of its events."""

    slug: str
    name: str
    zone: str
    site: str
    sessions: list[tuple[int, str]]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.keep_door_lists)
def doors(request: HttpRequest, by: Actor) -> HttpResponse:
    """Choose a gate and print its list; or open one that was made before."""
    rules = context().ledger.rules()
    trouble, status = "", 200
    if request.method == "POST":
        session = request.POST.get("session", "0")
        try:
            made = make_door_list(
                rules,
                request.POST.get("gate", ""),
                int(session) if session.isascii() and session.isdecimal() else -1,
                by=by,
                now_ms=_now_ms(),
            )
        except DoorListError as refused:
            trouble, status = _list_trouble(refused), 422
        else:
            return redirect("door-list", made.number)
    lists = [_made(rules, row, request) for row in DoorList.objects.all()[:LISTS_SHOWN]]
    page = {"gates": _gates(rules, request), "lists": lists, "trouble": trouble}
    return render(request, "desk/doors.html", page, status=status)


@never_cache
@require_http_methods(["GET", "HEAD"])
@allowed_to(Act.keep_door_lists)
def door_list(request: HttpRequest, by: Actor, number: int) -> HttpResponse:
    """Show a list as it is printed."""
    del by
    rules = context().ledger.rules()
    made = DoorList.objects.filter(number=number).first()
    gate = rules.centre.gates.get(made.gate) if made is not None else None
    if made is None or gate is None:
        raise Http404
    shown = printed(rules, made, _now_ms())
    zone = _zone(rules, gate)
    session = rules.centre.sessions.get(made.session)
    page = {
        "list": made,
        "gate": _gate_name(rules, made.gate, request),
        "session": _local(request, session.name, session.name_zh) if session else "",
        # As text: a template would tell the time of the server's zone, not of the place.
        "as_of": f"{datetime.fromtimestamp(shown.as_of_ms / 1000, zone):{_MINUTE}}",
        "lines": [(line, _product(line, request)) for line in shown.lines],
    }
    return render(request, "desk/door_list.html", page)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.keep_door_lists)
def door_key_in(request: HttpRequest, by: Actor, gate: str) -> HttpResponse:
    """Key in what was ticked on paper at a gate."""
    rules = context().ledger.rules()
    at = rules.centre.gates.get(gate)
    if at is None:
        raise Http404
    told: list[Keyed] = []
    trouble, status = "", 200
    number = request.POST.get("list", request.GET.get("list", ""))
    made = _list_of(gate, number)
    day = _day(request.POST.get("day", ""), _zone(rules, at))
    typed = _typed(request) if request.method == "POST" else []
    form = request.POST.get("form", "")
    if number and made is None:
        trouble = gettext("There is no list %(number)s of this gate.") % {"number": number[:10]}
        status = 422
    elif day is None:
        trouble, status = gettext("Give the day the guests passed, not later than today."), 422
    elif typed:
        named = form if form.isalnum() and len(form) == 32 else secrets.token_hex(16)
        keying = Keying(at, made, day, named, by)
        try:
            told = key_in(rules, keying, typed)
        except Problem:
            trouble, status = (
                gettext("Nothing is lost, but it could not be recorded now. Send it again."),
                503,
            )
        else:
            typed, form = [one.typed for one in told if not one.done], ""
    page = {
        "gate": _gate_name(rules, gate, request),
        "slug": gate,
        "number": number,
        "day": (day or datetime.now(_zone(rules, at)).date()).isoformat(),
        "form": form or secrets.token_hex(16),
        "ways": [(way.value, gettext(WAY_WORDS[way])) for way in ways_of(at)],
        "rows": [*typed, *[Typed()] * ROWS_SHOWN][: max(ROWS_SHOWN, len(typed))],
        "told": [_told(one) for one in told],
        "trouble": trouble,
    }
    return render(request, "desk/door_key_in.html", page, status=status)


def _typed(request: HttpRequest) -> list[Typed]:
    columns = [request.POST.getlist(name) for name in ("number", "serial", "count", "at", "way")]
    return [
        Typed(*(cell[:_FIELD_CHARS].strip() for cell in row)) for row in zip(*columns, strict=False)
    ]


def _told(one: Keyed) -> dict[str, Any]:
    """Return what became of a line, in words."""
    told = one.told
    if isinstance(told, LineFault):
        return {"one": one, "result": "refused", "words": gettext(REFUSED_WORDS[told.code])}
    words = gettext(RESULT_WORDS[told.result])
    if told.result == "refused":
        why = REFUSED_WORDS.get(told.reason, REFUSED_WORDS["other"])
        words = gettext(why)
    elif told.result != "accepted":
        words = f"{words} {gettext(WORDS[Reason(told.reason)].sentence)}"
    conflict = told.conflict if isinstance(told.conflict, str) else ""
    return {"one": one, "result": told.result, "words": words, "conflict": conflict}


def _list_trouble(refused: DoorListError) -> str:
    return gettext(LIST_WORDS[refused.code]) % {"count": refused.count}


def _list_of(gate: str, number: str) -> DoorList | None:
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        return None
    return DoorList.objects.filter(number=int(number), gate=gate).first()


def _day(text: str, zone: ZoneInfo) -> date | None:
    """Return the day that was typed, today without one; None if it is none or in the future."""
    today = datetime.now(zone).date()
    if not text:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if today - timedelta(days=400) < day <= today else None


def _gates(rules: Rules, request: HttpRequest) -> list[GateShown]:
    found = []
    for gate in rules.centre.gates.values():
        zone, site = rules.centre.zones[gate.zone], rules.site_of_gate(gate)
        sessions = [
            (session.number, _local(request, session.name, session.name_zh))
            for session in rules.centre.sessions.values()
            if session.event in rules.events_at(gate)
        ]
        found.append(
            GateShown(
                gate.slug,
                _local(request, gate.name, gate.name_zh),
                _local(request, zone.name, zone.name_zh),
                _local(request, site.name, site.name_zh),
                sessions,
            )
        )
    return found


def _made(rules: Rules, row: DoorList, request: HttpRequest) -> dict[str, Any]:
    gate = rules.centre.gates.get(row.gate)
    at = row.made_at.astimezone(_zone(rules, gate)) if gate else row.made_at
    return {"row": row, "gate": _gate_name(rules, row.gate, request), "at": f"{at:{_MINUTE}}"}


def _gate_name(rules: Rules, slug: str, request: HttpRequest) -> str:
    gate = rules.centre.gates.get(slug)
    return _local(request, gate.name, gate.name_zh) if gate else slug


def _product(line: Line, request: HttpRequest) -> str:
    return _local(request, line.product.name, line.product.name_zh) if line.product else ""


def _local(request: HttpRequest, name: str, name_zh: str) -> str:
    return name_zh if name_zh and str(request.LANGUAGE_CODE).startswith("zh") else name


def _zone(rules: Rules, gate: Gate) -> ZoneInfo:
    return ZoneInfo(rules.site_of_gate(gate).time_zone)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
