"""The pages of many at once: recurring sessions, and an event made once more."""

import re
from datetime import time
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from paifang.core import limits
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.repair import told_the_gates
from paifang.services.desk.set_up.cloning import clone_event
from paifang.services.desk.set_up.faults import Refused
from paifang.services.desk.set_up.local_clock import day_of
from paifang.services.desk.set_up.recurring import (
    NOT_MADE,
    About,
    Pattern,
    Planned,
    make_sessions,
    plan,
)
from paifang.store.models import Event
from paifang.web.desk.set_up.fields import RowChoice
from paifang.web.desk.set_up.forms import DAY, cap_field, last_day, site_of
from paifang.web.desk.set_up.saving import put_errors, say_kept
from paifang.web.desk.set_up.words import refusal_words
from paifang.web.desk.views import problems
from paifang.web.desk.visitor import allowed_to

_MINUTES_MAX: Final = 24 * 60
_DAYS_APART_MAX: Final = 3_660
_WEEK: Final = (
    ("0", _("Monday")),
    ("1", _("Tuesday")),
    ("2", _("Wednesday")),
    ("3", _("Thursday")),
    ("4", _("Friday")),
    ("5", _("Saturday")),
    ("6", _("Sunday")),
)
ABOUT_WORDS: Final[dict[About, Any]] = {
    About.new: _("will be made"),
    About.exists: _("is there already, left as it is"),
    About.overlaps: _("will be made, but runs into another"),
    About.skipped_hour: _("will be made later: clocks are put forward over this hour"),
    About.repeated_hour: _("will be made at the first of two: clocks are put back"),
    About.no_time: _("not made: clocks are put forward over all of it"),
}


class HoursField(forms.CharField):
    """Times of day, one after another: 9:00, 11:00 13:30."""

    def clean(self, value: Any) -> Any:
        """Return the times. Raises ValidationError with the first that is none."""
        words = re.split(r"[,，、;；\s]+", str(super().clean(value)).replace("：", ":").strip())
        found = []
        for word in filter(None, words):
            hour, _colon, minute = word.partition(":")
            try:
                found.append(time(int(hour), int(minute or "0")))
            except ValueError as error:
                raise ValidationError(
                    gettext("This is no time of day: %(word)s"), params={"word": word}
                ) from error
        return tuple(found)


class RecurringForm(forms.Form):
    """Which sessions are to be made."""

    event = RowChoice(Event.objects.order_by("name"), label=_("Event"))
    name = forms.CharField(
        label=_("Name"),
        max_length=limits.NAME_CHARS_MAX - 20,
        help_text=_("Day and hour are added to it."),
    )
    name_zh = forms.CharField(
        label=_("Name in Chinese"), max_length=limits.NAME_CHARS_MAX - 20, required=False
    )
    first_day = forms.DateField(label=_("First day"), widget=DAY)
    last_day = forms.DateField(label=_("Last day"), widget=DAY)
    weekdays = forms.MultipleChoiceField(
        label=_("On these days of the week"),
        choices=_WEEK,
        widget=forms.CheckboxSelectMultiple,
        initial=[value for value, _word in _WEEK],
    )
    starts = HoursField(
        label=_("Beginning at"),
        max_length=limits.FIELD_CHARS_MAX,
        help_text=_("One or more times of day, such as 9:00, 11:00, 13:30."),
    )
    minutes = forms.IntegerField(
        label=_("Each lasts (minutes)"), min_value=1, max_value=_MINUTES_MAX, initial=60
    )
    cap = cap_field(_("People at most"))

    def clean(self) -> dict[str, Any]:
        """Days go forward, and not for decades."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", gettext("The last day is before the first."))
        if first and last and (last - first).days > _DAYS_APART_MAX:
            self.add_error("last_day", gettext("This is too far from the first day."))
        return cleaned

    def pattern(self) -> Pattern:
        """Return which sessions are wanted."""
        told = self.cleaned_data
        return Pattern(
            told["first_day"],
            told["last_day"],
            frozenset(int(day) for day in told["weekdays"]),
            told["starts"],
            told["minutes"],
            told["name"],
            told["name_zh"],
            told["cap"],
        )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.set_up)
def recurring(request: HttpRequest, by: Actor) -> HttpResponse:
    """Plan many sessions, show the plan, make them."""
    if request.method != "POST":
        return render(request, "desk/set_up/recurring.html", {"form": _first(request)})
    form = RecurringForm(request.POST)
    if not form.is_valid():
        return render(request, "desk/set_up/recurring.html", {"form": form}, status=422)
    event = form.cleaned_data["event"]
    zone = site_of(event).zone_info
    try:
        found = plan(form.pattern(), zone, list(event.sessions.all()))
        if request.POST.get("do") != "make":
            shown = {"form": form, **_shown(found, zone)}
            return render(request, "desk/set_up/recurring.html", shown)
        with told_the_gates() as told:
            make_sessions(event, form.pattern(), zone, by)
    except Refused as refused:
        shown = {"form": form, "trouble": refusal_words(refused)}
        return render(request, "desk/set_up/recurring.html", shown, status=422)
    say_kept(request, gates_told=told.ok)
    return redirect("set-up-list", "sessions")


def _first(request: HttpRequest) -> RecurringForm:
    """Return the form with the event's own days, if there is one event only or one is asked for."""
    events = Event.objects.all()
    asked = request.GET.get("event", "")
    event = next((one for one in events if str(one.pk) == asked), None)
    if event is None and len(events) == 1:
        event = events[0]
    if event is None:
        return RecurringForm()
    initial: dict[str, Any] = {"event": event}
    site = site_of(event)
    if event.starts_at:
        initial["first_day"] = day_of(site, event.starts_at)
    if event.ends_at:
        initial["last_day"] = last_day(site, event.ends_at)
    return RecurringForm(initial=initial)


def _shown(found: list[Planned], zone: Any) -> dict[str, Any]:
    """Return a plan as the page shows it."""
    makes = sum(1 for slot in found if slot.about not in NOT_MADE)
    rows = [
        (
            slot.opens_at.astimezone(zone),
            slot.closes_at.astimezone(zone),
            ABOUT_WORDS[slot.about],
            slot.other,
            slot.about.value,
        )
        for slot in found
    ]
    word = ngettext(
        "%(count)s session will be made.", "%(count)s sessions will be made.", makes
    ) % {"count": f"{makes:,}"}
    return {"plan": rows, "makes": makes, "word": word}


class CloneForm(forms.Form):
    """The new event's names and its first day."""

    name = forms.CharField(label=_("Name"), max_length=limits.NAME_CHARS_MAX)
    name_zh = forms.CharField(
        label=_("Name in Chinese"), max_length=limits.NAME_CHARS_MAX, required=False
    )
    days = forms.IntegerField(
        label=_("How many days later"),
        min_value=-_DAYS_APART_MAX,
        max_value=_DAYS_APART_MAX,
        initial=364,
        help_text=_("364 is the same day of the week a year later. Hours stay as they are."),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.set_up)
def clone(request: HttpRequest, by: Actor, pk: UUID) -> HttpResponse:
    """Make an event once more: sites, products, sessions, so many days later, no tickets."""
    source = Event.objects.filter(pk=pk).first()
    if source is None:
        return problems.not_found(request)
    shown: dict[str, Any] = {"event": source}
    if request.method != "POST":
        form = CloneForm(initial={"name": source.name, "name_zh": source.name_zh})
        return render(request, "desk/set_up/clone.html", shown | {"form": form})
    form = CloneForm(request.POST)
    if form.is_valid():
        try:
            with told_the_gates() as told:
                clone_event(source, **form.cleaned_data, by=by)
        except ValidationError as error:
            put_errors(form, error)
        else:
            say_kept(request, gates_told=told.ok)
            return redirect("set-up-list", "events")
    return render(request, "desk/set_up/clone.html", shown | {"form": form}, status=422)
