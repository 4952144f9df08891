"""The page of a venue host's line: from when on it is too bad to be used."""

from typing import Any, Final, NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from paifang.core import limits
from paifang.core.link import KBIT_MAX, LATENCY_MS_MAX, WINDOW_MS, WINDOWS_MAX, LinkLimits
from paifang.core.reasons import N_
from paifang.services.desk import venues
from paifang.services.desk.line_limits import LimitsError, limits_here, set_limits
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.tickets.acts import ReasonMissing, reason_of
from paifang.web.desk.line_words import line_shown
from paifang.web.desk.venue_words import trouble
from paifang.web.desk.views import problems
from paifang.web.desk.visitor import allowed_to

_DIGITS_MAX: Final = 7


class Field(NamedTuple):
    """A number to fill in: its member's name, label, hint, bounds, and what stands in it."""

    name: str
    label: str
    hint: str
    least: int
    most: int
    value: str


_FIELDS: Final = (
    ("loss_percent", N_("Most loss, %"), N_("Of what is sent. 0: not looked at."), 0, 100),
    (
        "latency_ms",
        N_("Longest way there and back, ms"),
        N_("A satellite takes 600. 0: not looked at."),
        0,
        LATENCY_MS_MAX,
    ),
    (
        "kbit",
        N_("Least throughput, kbit/s"),
        N_("A thousand admissions are about 50 kB. 0: not looked at."),
        0,
        KBIT_MAX,
    ),
    ("bad_windows", N_("Suspend after so many bad windows"), "", 1, WINDOWS_MAX),
    ("good_windows", N_("Go on after so many good windows"), "", 1, WINDOWS_MAX),
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.manage_nodes)
def line(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show how good the line must be, and set it."""
    try:
        now = limits_here(by=by)
    except LimitsError:
        return problems.not_found(request)
    typed = {name: str(getattr(now, name)) for name, *_ in _FIELDS}
    if request.method != "POST":
        return _form(request, typed)
    typed = {name: request.POST.get(name, "")[:_DIGITS_MAX] for name in typed}
    try:
        why = reason_of(request.POST.get("why", ""))
        set_limits(_limits(typed), by=by, why=why)
    except ReasonMissing:
        return _form(request, typed, "reason_missing")
    except LimitsError:
        return _form(request, typed, "number_wrong")
    except OSError:
        return _form(request, typed, "later")
    messages.success(request, gettext("It holds from now on."))
    return redirect("venues")


def _limits(typed: dict[str, str]) -> LinkLimits:
    try:
        return LinkLimits(**{name: int(text) for name, text in typed.items()})
    except ValueError:
        raise LimitsError("wrong") from None


def _form(request: HttpRequest, typed: dict[str, str], wrong: str = "") -> HttpResponse:
    found = venues.line()
    shown: dict[str, Any] = {
        "line": None if found is None else line_shown(found),
        "fields": [
            Field(name, gettext(label), gettext(hint) if hint else "", least, most, typed[name])
            for name, label, hint, least, most in _FIELDS
        ],
        "window_s": WINDOW_MS // 1000,
        "why": request.POST.get("why", ""),
        "reason_chars_max": limits.REASON_TEXT_CHARS_MAX,
        "trouble": trouble(wrong),
    }
    status = 503 if wrong == "later" else 422 if wrong else 200
    return render(request, "desk/venue_line.html", shown, status=status)
