"""The forms of places and of what is on."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, ClassVar, Final
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from paifang.core import limits
from paifang.services.desk.set_up import local_clock
from paifang.services.desk.set_up.rows import Values
from paifang.store.models import Event, Gate, Organiser, Session, Site, Zone
from paifang.store.models.places import LaneDirection
from paifang.web.desk.set_up.fields import NO_LIMIT, RowChoice, RowsChoice, SetUpForm

_MORNING_MAX: Final = 12
_LANES_MAX: Final = 999
_CLOCK: Final = "%Y-%m-%dT%H:%M"
DAY: Final = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def cap_field(label: Any, hint: Any = NO_LIMIT) -> forms.IntegerField:
    """Return the field of how many people, 0 for no limit."""
    return forms.IntegerField(
        label=label, min_value=0, max_value=limits.QUOTA_UNITS_MAX, initial=0, help_text=hint
    )


class OrganiserForm(SetUpForm):
    """Who organises."""


class SiteForm(SetUpForm):
    """A place with days of its own."""

    organiser = RowChoice(Organiser.objects.order_by("name"), label=_("Organiser"))
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lambda: [(name, name) for name in sorted(available_timezones())],
        initial="Asia/Shanghai",
    )
    day_start_hour = forms.IntegerField(
        label=_("A new day begins at (hour)"),
        min_value=0,
        max_value=_MORNING_MAX,
        initial=4,
        help_text=_("So that a night that ends at two still counts as the day before."),
    )


class ZoneForm(SetUpForm):
    """An area people are counted in."""

    site = RowChoice(Site.objects.order_by("name"), label=_("Site"))
    cap = cap_field(_("People inside at most"))
    alarm_percent = forms.IntegerField(
        label=_("Alarm at (percent of the most)"), min_value=1, max_value=100, initial=90
    )


class GateForm(SetUpForm):
    """A way in, out, or both."""

    zone = RowChoice(Zone.objects.select_related("site").order_by("name"), label=_("Zone"))
    entry = forms.BooleanField(label=_("People go in here"), required=False, initial=True)
    exit = forms.BooleanField(label=_("People go out here"), required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        """A gate nobody may pass is no gate."""
        cleaned = super().clean() or {}
        if not cleaned.get("entry") and not cleaned.get("exit"):
            self.add_error("entry", gettext("Choose at least one way."))
        return cleaned


class LaneForm(SetUpForm):
    """One passage of a gate."""

    WAYS: ClassVar = (
        (LaneDirection.both.value, _("in and out")),
        (LaneDirection.entry.value, _("way in")),
        (LaneDirection.exit.value, _("way out")),
    )
    gate = RowChoice(Gate.objects.select_related("zone").order_by("name"), label=_("Gate"))
    direction = forms.ChoiceField(label=_("Ways"), choices=WAYS)
    order = forms.IntegerField(
        label=_("Place in the row"),
        min_value=1,
        max_value=_LANES_MAX,
        initial=1,
        help_text=_("Counted from the left, seen from outside."),
    )


class EventForm(SetUpForm):
    """What is on, where and on which days."""

    organiser = RowChoice(Organiser.objects.order_by("name"), label=_("Organiser"))
    sites = RowsChoice(Site.objects.order_by("name"), label=_("Sites"))
    first_day = forms.DateField(label=_("First day"), widget=DAY, required=False)
    last_day = forms.DateField(
        label=_("Last day"),
        widget=DAY,
        required=False,
        help_text=_("Leave both empty for what is on all year round."),
    )

    def shown(self, row: Event) -> dict[str, Any]:
        """Return the days besides the plain fields."""
        site = row.sites.order_by("name").first()
        days = {} if site is None else _days(row, site)
        return {**super().shown(row), **days}

    def clean(self) -> dict[str, Any]:
        """Days go forward."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", gettext("The last day is before the first."))
        return cleaned

    def values(self) -> Values:
        """Return the days as instants of the first site's clock; a day that stands is kept."""
        values = dict(super().values())
        site = min(values["sites"], key=lambda one: one.name)
        before = _days(self.row, site) if isinstance(self.row, Event) else {}
        first, last = values.pop("first_day"), values.pop("last_day")
        if first != before.get("first_day") or not before:
            values["starts_at"] = _instant(local_clock.day_begins, site, first)
        if last != before.get("last_day") or not before:
            values["ends_at"] = _instant(local_clock.day_ends, site, last)
        return values


def _days(event: Event, site: Site) -> dict[str, date | None]:
    """Return the first and the last day of an event on a site's calendar."""
    starts, ends = event.starts_at, event.ends_at
    return {
        "first_day": local_clock.day_of(site, starts) if starts else None,
        "last_day": last_day(site, ends) if ends else None,
    }


def last_day(site: Site, ends: datetime) -> date:
    """Return the last day that something which ends at an instant is on."""
    return local_clock.day_of(site, datetime.fromtimestamp(ends.timestamp() - 1, ends.tzinfo))


def _instant(
    bound: Callable[[Site, date], datetime], site: Site, day: date | None
) -> datetime | None:
    return bound(site, day) if day else None


class ClockField(forms.DateTimeField):
    """Day and time as a clock on the wall shows it; the time zone is the site's."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_CLOCK)

    def to_python(self, value: Any) -> Any:
        """Return what the clock shows, without a time zone. Raises ValidationError."""
        if value in self.empty_values:
            return None
        told = str(value)[:16].replace(" ", "T")
        try:
            return datetime.strptime(told, _CLOCK)  # noqa: DTZ007 - a clock on a wall has no zone
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error

    def prepare_value(self, value: Any) -> Any:
        """Return a value as the widget shows it."""
        return value


class SessionForm(SetUpForm):
    """A time slot."""

    event = RowChoice(Event.objects.order_by("name"), label=_("Event"))
    opens_at = ClockField(label=_("Entry from"))
    closes_at = ClockField(label=_("Entry until"))
    cap = cap_field(_("People at most"))

    def shown(self, row: Session) -> dict[str, Any]:
        """Return the times as the site's clock shows them."""
        site = site_of(row.event)
        times = {
            name: getattr(row, name).astimezone(site.zone_info).replace(tzinfo=None)
            for name in ("opens_at", "closes_at")
        }
        return {**super().shown(row), **times}

    def clean(self) -> dict[str, Any]:
        """Take the times as instants of the event's site."""
        cleaned = super().clean() or {}
        event = cleaned.get("event")
        if event is None:
            return cleaned
        zone = site_of(event).zone_info
        for name in ("opens_at", "closes_at"):
            if shown := cleaned.get(name):
                cleaned[name], how = local_clock.instant_of(zone, shown)
                if how is local_clock.Shown.never:
                    self.add_error(name, gettext("Clocks are put forward over this time."))
        opens, closes = cleaned.get("opens_at"), cleaned.get("closes_at")
        if opens and closes and closes <= opens:
            self.add_error("closes_at", gettext("It ends before it begins."))
        return cleaned


def site_of(event: Event) -> Site:
    """Return the site whose clock an event goes by."""
    site = event.sites.order_by("name").first()
    return site or Site(time_zone="UTC", day_start_hour=0)
