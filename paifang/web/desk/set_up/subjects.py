"""The subjects of the set-up: what each is called, its form, its verbs, the columns of its list."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from paifang.services.desk.permissions import Actor
from paifang.services.desk.set_up import (
    events,
    gates,
    lanes,
    organisers,
    sessions,
    sites,
    zones,
)
from paifang.services.desk.set_up.rows import Values, Wish
from paifang.store.models import Event, Gate, Lane, Organiser, Session, Site, Zone
from paifang.store.models.base import Named
from paifang.web.desk.set_up import forms
from paifang.web.desk.set_up.fields import SetUpForm, named

Column = tuple[Any, Callable[[Any], str]]
"""A heading, and what stands below it for a row."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of thing that is set up."""

    key: str
    many: Any
    one: Any
    new: Any
    lead: Any
    empty: Any
    form: type[SetUpForm]
    rows: Callable[[], "QuerySet[Any]"]
    add: Callable[[Values, Actor], Named]
    change: Callable[[Any, Wish, Actor], Named]
    remove: Callable[[Any, Actor], None]
    columns: tuple[Column, ...]


def _limit(count: int) -> str:
    return f"{count:,}" if count else gettext("no limit")


def _names(found: Any) -> str:
    return gettext(", ").join(named(row) for row in found)


def _ways(gate: Gate) -> str:
    if gate.entry and gate.exit:
        return gettext("in and out")
    return gettext("way in") if gate.entry else gettext("way out")


def _span(event: Event) -> str:
    site = forms.site_of(event)
    first = event.starts_at and event.starts_at.astimezone(site.zone_info).date()
    last = event.ends_at and forms.last_day(site, event.ends_at)
    if first is None and last is None:
        return gettext("all year round")
    shown = [date_format(day, "DATE_FORMAT") if day else "" for day in (first, last)]
    return shown[0] if shown[0] == shown[1] else " – ".join(shown)


def _slot(session: Session) -> str:
    zone = forms.site_of(session.event).zone_info
    opens, closes = session.opens_at.astimezone(zone), session.closes_at.astimezone(zone)
    return f"{date_format(opens, 'DATE_FORMAT')} {opens:%H:%M}–{closes:%H:%M}"


SUBJECTS: Final = (
    Subject(
        "organisers",
        _("Organisers"),
        _("Organiser"),
        _("Add an organiser"),
        _("Who invites. Events, sites and the people on the lists belong to an organiser."),
        _("There is no organiser yet. Begin here: it is usually your company."),
        forms.OrganiserForm,
        lambda: Organiser.objects.prefetch_related("sites", "events").order_by("name", "id"),
        organisers.add_organiser,
        organisers.change_organiser,
        organisers.remove_organiser,
        (
            (_("Sites"), lambda row: _names(row.sites.all())),
            (_("Events"), lambda row: _names(row.events.all())),
        ),
    ),
    Subject(
        "sites",
        _("Sites"),
        _("Site"),
        _("Add a site"),
        _("Places with a clock of their own: an exhibition centre, a park, a museum."),
        _("There is no site yet. A site is the place people come to."),
        forms.SiteForm,
        lambda: Site.objects.select_related("organiser").prefetch_related("zones").order_by("name"),
        sites.add_site,
        sites.change_site,
        sites.remove_site,
        (
            (_("Organiser"), lambda row: named(row.organiser)),
            (_("Time zone"), lambda row: row.time_zone),
            (_("Zones"), lambda row: _names(row.zones.all())),
        ),
    ),
    Subject(
        "zones",
        _("Zones"),
        _("Zone"),
        _("Add a zone"),
        _("Areas in which people are counted. A ticket opens one zone or several."),
        _("There is no zone yet. A small site has one: all of it."),
        forms.ZoneForm,
        lambda: Zone.objects.select_related("site").prefetch_related("gates").order_by("name"),
        zones.add_zone,
        zones.change_zone,
        zones.remove_zone,
        (
            (_("Site"), lambda row: named(row.site)),
            (_("People at most"), lambda row: _limit(row.cap)),
            (_("Alarm at"), lambda row: f"{row.alarm_percent} %" if row.cap else "–"),
            (_("Gates"), lambda row: _names(row.gates.all())),
        ),
    ),
    Subject(
        "gates",
        _("Gates"),
        _("Gate"),
        _("Add a gate"),
        _("Where people go in and out of a zone, and where a steward or a turnstile stands."),
        _("There is no gate yet. Without one nobody gets in."),
        forms.GateForm,
        lambda: (
            Gate.objects.select_related("zone__site").prefetch_related("terminals").order_by("name")
        ),
        gates.add_gate,
        gates.change_gate,
        gates.remove_gate,
        (
            (_("Zone"), lambda row: f"{named(row.zone)} · {named(row.zone.site)}"),
            (_("Ways"), _ways),
            (
                _("Terminals"),
                lambda row: ", ".join(one.name for one in row.terminals.all() if not one.revoked),
            ),
        ),
    ),
    Subject(
        "lanes",
        _("Lanes"),
        _("Lane"),
        _("Add a lane"),
        _("The single passages of a gate: turnstiles, doors, ropes. They stand on the floor plan."),
        _("There is no lane yet. A gate works without; lanes tell turnstiles apart."),
        forms.LaneForm,
        lambda: Lane.objects.select_related("gate__zone__site").order_by("gate__name", "order"),
        lanes.add_lane,
        lanes.change_lane,
        lanes.remove_lane,
        (
            (_("Gate"), lambda row: named(row.gate)),
            (_("Ways"), lambda row: str(dict(forms.LaneForm.WAYS)[row.direction])),
            (_("Place in the row"), lambda row: str(row.order)),
        ),
    ),
    Subject(
        "events",
        _("Events"),
        _("Event"),
        _("Add an event"),
        _("What people have tickets for: a fair, a season, a show, or an open house."),
        _("There is no event yet. Tickets belong to one."),
        forms.EventForm,
        lambda: Event.objects.select_related("organiser").prefetch_related("sites", "products"),
        events.add_event,
        events.change_event,
        events.remove_event,
        (
            (_("Days"), _span),
            (_("Sites"), lambda row: _names(row.sites.all())),
            (_("Products"), lambda row: str(len(row.products.all()))),
        ),
    ),
    Subject(
        "sessions",
        _("Sessions"),
        _("Session"),
        _("Add a session"),
        _("Time slots: a ticket for one opens the gate between its times only."),
        _("There is no session yet. You need none unless people book a time."),
        forms.SessionForm,
        lambda: Session.objects.select_related("event").order_by("opens_at", "number"),
        sessions.add_session,
        sessions.change_session,
        sessions.remove_session,
        (
            (_("Time"), _slot),
            (_("Event"), lambda row: named(row.event)),
            (_("People at most"), lambda row: _limit(row.cap)),
        ),
    ),
)

BY_KEY: Final = {subject.key: subject for subject in SUBJECTS}
