"""The pages of the rules bundle: its versions, what each changed in words, where it is known."""

from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from paifang.core.rules import CentreRules, Product
from paifang.services.desk.compile import Layer
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.set_up import versions
from paifang.services.desk.set_up.versions import SECRET, Change, Version
from paifang.store.models import Site
from paifang.web.desk.set_up.fields import named
from paifang.web.desk.set_up.validity import validity_words
from paifang.web.desk.views import problems
from paifang.web.desk.visitor import allowed_to

CHANGES_SHOWN: Final = 100
LAYER_WORDS: Final = {
    Layer.centre: _("Events, places and tickets"),
    Layer.node: _("Terminals, staff and venue hosts"),
}
KIND_WORDS: Final[dict[str, Any]] = {
    "events": _("Event"),
    "sites": _("Site"),
    "zones": _("Zone"),
    "gates": _("Gate"),
    "products": _("Product"),
    "sessions": _("Session"),
    "terminals": _("Terminal"),
    "staff": _("Member of staff"),
    "peers": _("Venue host"),
}
FIELD_WORDS: Final[dict[str, Any]] = {
    "name": _("name"),
    "name_zh": _("name in Chinese"),
    "slug": _("short name"),
    "organiser": _("organiser"),
    "starts_ms": _("first day"),
    "opens_ms": _("entry from"),
    "closes_ms": _("entry until"),
    "cap": _("people at most"),
    "alarm_percent": _("alarm level"),
    "time_zone": _("time zone"),
    "day_starts_ms": _("days of the calendar"),
    "periods": _("periods"),
    "site": _("site"),
    "zone": _("zone"),
    "directions": _("ways"),
    "events": _("events"),
    "gates": _("gates"),
    "entitlements": _("what it gives"),
    "exchange_required": _("exchange"),
    "identity": _("identity check"),
    "supervised": _("only with a supervisor"),
    "signed_codes": _("codes that prove themselves"),
    "rotating_codes": _("codes that change"),
    "issuing_keys": _("keys that sign codes"),
    "peers": _("hosts"),
    "role": _("role"),
    "revoked": _("withdrawn"),
    "active": _("active"),
    "tokens": _("tokens"),
    "public_key": _("key"),
    "exchange_key": _("key"),
    "pin_salt": _("PIN"),
    "pin_hash": _("PIN"),
    "cards": _("cards"),
    "username": _("username"),
}
_UNTOLD: Final = frozenset({"day_starts_ms", "periods", "organiser"})
"""Long or made by the machine: that they changed is enough."""


@never_cache
@require_GET
@allowed_to(Act.see_set_up)
def listed(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show the versions of a layer, newest first."""
    del by
    layer = Layer.node if request.GET.get("layer") == Layer.node.value else Layer.centre
    newest = versions.newest(layer)
    asked = request.GET.get("before", "")
    last = min(newest, int(asked)) if asked.isdecimal() else newest
    found = versions.versions(layer, last)
    zone = _zone()
    rows = [(one, _moment(one.at_ms, zone), _told(one, zone, 3)) for one in found]
    older = found[-1].number - 1 if found else 0
    shown = {
        "layers": [(one.value, LAYER_WORDS[one], one is layer) for one in Layer],
        "layer": layer.value,
        "rows": rows,
        "newest": newest,
        "older": older,
        "zone": str(zone),
    }
    return render(request, "desk/set_up/rules.html", shown)


@never_cache
@require_GET
@allowed_to(Act.see_set_up)
def one(request: HttpRequest, by: Actor, layer: str, number: int) -> HttpResponse:
    """Show one version: everything it changed, and at which gates it is known."""
    del by
    which = Layer(layer) if layer in set(Layer) else Layer.centre
    newest = versions.newest(which)
    found = versions.versions(which, min(number + 1, newest), 2)
    version = next((row for row in found if row.number == number), None)
    if version is None:
        return problems.not_found(request)
    following = next((row.at_ms for row in found if row.number == number + 1), 0)
    zone = _zone()
    shown = {
        "version": version,
        "word": LAYER_WORDS[which],
        "when": _moment(version.at_ms, zone),
        "zone": str(zone),
        "in_force": number == newest,
        "told": _told(version, zone, CHANGES_SHOWN),
        "gates": [
            (named(row.gate), row.first_ms and _moment(row.first_ms, zone), row)
            for row in versions.reached(version, following)
        ],
    }
    return render(request, "desk/set_up/rules_version.html", shown)


def _told(version: Version, zone: tzinfo, count: int) -> dict[str, Any]:
    """Return the first changes in words, and how many there are besides."""
    return {
        "lines": [change_words(change, version, zone) for change in version.changes[:count]],
        "more": max(0, len(version.changes) - count),
    }


def change_words(change: Change, version: Version, zone: tzinfo) -> str:
    """Return one change in words."""
    row = change.after if change.after is not None else change.before
    what = {"kind": str(KIND_WORDS[change.kind]), "name": _named(row)}
    if change.before is None:
        if isinstance(row, Product) and isinstance(version.rules, CentreRules):
            gives = " ".join(validity_words(row, version.rules))
            return gettext("%(kind)s %(name)s added. %(gives)s") % {**what, "gives": gives}
        return gettext("%(kind)s %(name)s added.") % what
    if change.after is None:
        return gettext("%(kind)s %(name)s taken away.") % what
    told = dict.fromkeys(_field_words(name, change, version, zone) for name in change.fields)
    return gettext("%(kind)s %(name)s: %(changes)s.") % {**what, "changes": "; ".join(told)}


def _field_words(name: str, change: Change, version: Version, zone: tzinfo) -> str:
    """Return how one field changed; of secrets and long lists only that it did."""
    word = str(FIELD_WORDS.get(name, name))
    if name in SECRET or name in _UNTOLD:
        return gettext("%(field)s changed") % {"field": word}
    if name == "entitlements" and isinstance(version.rules, CentreRules):
        gives = " ".join(validity_words(change.after, version.rules)).rstrip(".。")
        return gettext("now: %(gives)s") % {"gives": gives}
    before, after = (
        _value(name, getattr(row, name), zone) for row in (change.before, change.after)
    )
    return gettext("%(field)s %(before)s → %(after)s") % {
        "field": word,
        "before": before,
        "after": after,
    }


def _value(name: str, value: Any, zone: tzinfo) -> str:
    if name.endswith("_ms"):
        return _moment(value, zone) if value else "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value) or "–"
    return str(value) if value not in ("", None) else "–"


def _named(row: Any) -> str:
    return named(row) if hasattr(row, "name_zh") else str(row.name)


def _moment(at_ms: int, zone: tzinfo) -> str:
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
    return f"{date_format(local, 'DATE_FORMAT')} {local:%H:%M:%S}"


def _zone() -> tzinfo:
    """Return the clock the page goes by: that of the sites, if they have one."""
    found = set(Site.objects.values_list("time_zone", flat=True)[:50])
    return ZoneInfo(found.pop()) if len(found) == 1 else UTC
