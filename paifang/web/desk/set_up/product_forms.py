"""The form of a product: what it is, and a part for each place it opens."""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from paifang.core import limits
from paifang.core.rules import Identity, Reentry
from paifang.services.desk.set_up import local_clock
from paifang.services.desk.set_up.products import Gives
from paifang.store.models import Event, Gate, Site, Zone
from paifang.web.desk.set_up.fields import NO_LIMIT, RowChoice, RowsChoice, SetUpForm
from paifang.web.desk.set_up.forms import DAY, last_day

if TYPE_CHECKING:
    Forms = forms.BaseFormSet["GivesForm"]
else:  # Django's own classes take no parameters while the program runs.
    Forms = forms.BaseFormSet

_COUNT_MAX: Final = 10_000
CLOCK: Final = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


def _count(label: Any, *, initial: int = 0, hint: Any = NO_LIMIT) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=0, max_value=_COUNT_MAX, initial=initial, help_text=hint
    )


class ProductForm(SetUpForm):
    """What a product is called and what must be shown with it."""

    people = forms.IntegerField(
        label=_("People on one ticket"),
        min_value=1,
        max_value=limits.GROUP_PEOPLE_MAX,
        initial=1,
        help_text=_("More than one for a group that comes with one ticket."),
    )
    exchange_required = forms.BooleanField(
        label=_("A voucher: it must be exchanged for a ticket first"), required=False
    )
    identity = forms.ChoiceField(
        label=_("To be shown beside the ticket"),
        choices=[
            (Identity.none.value, _("nothing")),
            (Identity.document.value, _("the identity document")),
            (Identity.face.value, _("the face, compared with the picture")),
        ],
        initial=Identity.none.value,
    )
    supervised = forms.BooleanField(label=_("Only with a supervisor"), required=False)
    signed_codes = forms.BooleanField(
        label=_("Codes that prove themselves"),
        required=False,
        help_text=_(
            "For a venue that may lose the internet: a ticket sold afterwards enters there by its "
            "code alone. The code is larger, and holds for tickets issued from now on."
        ),
    )
    rotating_codes = forms.BooleanField(
        label=_("Codes that change every 15 seconds"),
        required=False,
        help_text=_(
            "A picture of the code opens nothing; the guest shows the ticket page, which needs a "
            "connection. On paper the serial number stands instead. Together with codes that prove "
            "themselves, a venue without the internet knows them as well."
        ),
    )


class GivesForm(forms.Form):
    """One place a product opens: when, and how often."""

    id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    zone = RowChoice(Zone.objects.none(), label=_("Zone"))
    gates = RowsChoice(
        Gate.objects.none(),
        label=_("Only through these gates"),
        required=False,
        help_text=_("None ticked: through every gate of the zone."),
    )
    first_day = forms.DateField(label=_("First day"), widget=DAY, required=False)
    from_time = forms.TimeField(
        label=_("From (time)"),
        widget=CLOCK,
        required=False,
        help_text=_("Empty: from the day's start."),
    )
    last_day = forms.DateField(label=_("Last day"), widget=DAY, required=False)
    until_time = forms.TimeField(
        label=_("Until (time)"),
        widget=CLOCK,
        required=False,
        help_text=_("Empty: to the day's end."),
    )
    session_bound = forms.BooleanField(
        label=_("Only in the session the ticket is for"), required=False
    )
    uses_max = _count(_("Entries in all"), initial=1)
    day_uses_max = _count(_("Entries a day"))
    gate_uses_max = _count(_("Entries at each gate"))
    days_max = _count(_("On how many different days"))
    valid_days = _count(_("Days from the first entry"))
    again = forms.BooleanField(
        label=_("Who has left may come in again"),
        required=False,
        help_text=_("Coming back costs no further entry. The exit must be scanned."),
    )
    anti_passback = forms.BooleanField(label=_("Not a second time while inside"), required=False)

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        """Offer the zones and gates of an event's sites."""
        super().__init__(*args, **kwargs)
        sites = event.sites.all()
        zones = Zone.objects.filter(site__in=sites).select_related("site")
        self.fields["zone"].queryset = zones.order_by("site__name", "name")  # type: ignore[attr-defined]
        gates = Gate.objects.filter(zone__site__in=sites).select_related("zone__site")
        self.fields["gates"].queryset = gates.order_by("zone__name", "name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Times need days, days go forward, and gates lead into the zone."""
        cleaned = super().clean() or {}
        for day, clock in (("first_day", "from_time"), ("last_day", "until_time")):
            if cleaned.get(clock) and not cleaned.get(day) and day not in self.errors:
                self.add_error(day, gettext("Which day is meant?"))
        zone = cleaned.get("zone")
        if zone is None or self.errors:
            return cleaned
        if any(gate.zone_id != zone.pk for gate in cleaned["gates"]):
            self.add_error("gates", gettext("Tick gates of the zone above only."))
        starts, ends = self._bounds(zone.site)
        if starts and ends and ends <= starts:
            self.add_error("last_day", gettext("It ends before it begins."))
        return cleaned

    def gives(self) -> Gives:
        """Return the entitlement as it is wanted."""
        told = self.cleaned_data
        starts, ends = self._bounds(told["zone"].site)
        names = ("session_bound", "uses_max", "day_uses_max", "gate_uses_max", "days_max")
        return Gives(
            id=told["id"],
            zone=told["zone"],
            gates=tuple(told["gates"]),
            valid_from=starts,
            valid_until=ends,
            reentry=(Reentry.after_exit if told["again"] else Reentry.none).value,
            valid_days=told["valid_days"],
            anti_passback=told["anti_passback"],
            **{name: told[name] for name in names},
        )

    def _bounds(self, site: Site) -> tuple[datetime | None, datetime | None]:
        told = self.cleaned_data
        return (
            _bound(site, told.get("first_day"), told.get("from_time"), ends=False),
            _bound(site, told.get("last_day"), told.get("until_time"), ends=True),
        )


def _bound(site: Site, day: date | None, clock: time | None, *, ends: bool) -> datetime | None:
    if day is None:
        return None
    if clock is not None:
        return local_clock.at(site, day, clock)
    return local_clock.day_ends(site, day) if ends else local_clock.day_begins(site, day)


def gives_shown(gives: Gives) -> dict[str, Any]:
    """Return what the part of a form starts with for an entitlement."""
    shown: dict[str, Any] = {
        name: getattr(gives, name)
        for name in (
            *("id", "zone", "session_bound", "uses_max", "day_uses_max", "gate_uses_max"),
            *("days_max", "valid_days", "anti_passback"),
        )
    }
    shown["gates"] = list(gives.gates)
    shown["again"] = gives.reentry == Reentry.after_exit.value
    site = gives.zone.site if gives.zone else Site(time_zone="UTC", day_start_hour=0)
    if gives.valid_from:
        day = local_clock.day_of(site, gives.valid_from)
        local = gives.valid_from.astimezone(site.zone_info)
        plain = local_clock.day_begins(site, day) == gives.valid_from
        shown["first_day"] = day if plain else local.date()
        shown["from_time"] = None if plain else local.time()
    if gives.valid_until:
        day = last_day(site, gives.valid_until)
        local = gives.valid_until.astimezone(site.zone_info)
        plain = local_clock.day_ends(site, day) == gives.valid_until
        shown["last_day"] = day if plain else local.date()
        shown["until_time"] = None if plain else local.time()
    return shown


class _GivesForms(Forms):
    """The places a product opens: one at least."""

    def add_fields(self, form: GivesForm, index: int | None) -> None:
        """Say in words what the box of a part that may go means."""
        super().add_fields(form, index)
        form.fields["DELETE"].label = gettext("Take this place away")

    def clean(self) -> None:
        """A ticket that opens nothing is none."""
        if not any(self.errors) and not self.wanted():
            raise ValidationError(gettext("A ticket opens one place at least."))

    def wanted(self) -> list[Gives]:
        """Return the entitlements that are wanted, in order."""
        return [form.gives() for form in self.staying()]

    def staying(self) -> list[GivesForm]:
        """Return the parts that are not ticked to go."""
        return [form for form in self.forms if not form.cleaned_data.get("DELETE", False)]


GivesFormSet = forms.formset_factory(
    GivesForm,
    formset=_GivesForms,
    extra=0,
    can_delete=True,
    max_num=limits.ENTITLEMENTS_MAX,
    absolute_max=limits.ENTITLEMENTS_MAX,
)
