"""What a ticket gives, in words: made from the compiled rule, in the visitor's language.

Pure: it reads the rules it is given and nothing else. The list of products, the form and its
preview all say what is said here.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext, pgettext

from paifang.core.rules import (
    CentreRules,
    EntitlementRule,
    Identity,
    Product,
    Reentry,
    Site,
    Zone,
)
from paifang.web.desk.set_up.fields import named

_SECOND_MS = 1000


def validity_words(product: Product, centre: CentreRules, people: int = 1) -> list[str]:
    """Return a sentence for each place a ticket opens, then what holds for the whole ticket."""
    several = len(product.entitlements) > 1
    lines = [_place_words(rule, centre, several=several) for rule in product.entitlements]
    if not lines:
        lines = [gettext("Opens no gate yet.")]
    whole = _whole_words(product, people)
    return [*lines, *([_sentence(whole)] if whole else [])]


def _whole_words(product: Product, people: int) -> list[str]:
    """Return what holds whatever place is entered."""
    told = []
    if people > 1:
        told.append(
            ngettext(
                "for %(people)s person, counted one by one",
                "for %(people)s people, counted one by one",
                people,
            )
            % {"people": people}
        )
    if product.exchange_required:
        told.append(gettext("to be exchanged for a ticket first"))
    if product.identity is Identity.document:
        told.append(gettext("with the identity document"))
    if product.identity is Identity.face:
        told.append(gettext("with a look at the face"))
    if product.supervised:
        told.append(gettext("only with a supervisor"))
    return told


def _place_words(rule: EntitlementRule, centre: CentreRules, *, several: bool) -> str:
    """Return what one entitlement gives, as one sentence."""
    zone = centre.zones[rule.zone]
    parts = [_when(rule, centre.sites[zone.site]), *_how_often(rule), _through(rule, zone, centre)]
    words = _sentence([part for part in parts if part])
    if not several:
        return words
    return gettext("%(place)s: %(words)s") % {"place": named(zone), "words": words}


def _sentence(parts: list[str]) -> str:
    """Return parts as one sentence that begins with a capital letter."""
    joined = _join(parts)
    return gettext("%(words)s.") % {"words": joined[:1].upper() + joined[1:]}


def _join(parts: list[str]) -> str:
    return pgettext("between the parts of a sentence", ", ").join(parts)


def _when(rule: EntitlementRule, site: Site) -> str:
    """Return on which days, in which session."""
    span = _span(rule, site)
    if rule.session_bound:
        words = gettext("valid in the session on the ticket")
        return _join([words, span]) if span else words
    if rule.days_max:
        if not span:
            return ngettext(
                "valid on any %(days)s day", "valid on any %(days)s days", rule.days_max
            ) % {"days": rule.days_max}
        return ngettext(
            "valid on any %(days)s of the days %(span)s",
            "valid on any %(days)s of the days %(span)s",
            rule.days_max,
        ) % {"days": rule.days_max, "span": span}
    return gettext("valid %(span)s") % {"span": span} if span else gettext("valid at any time")


def _how_often(rule: EntitlementRule) -> list[str]:
    """Return the limits that count, and whether people may come back."""
    told = []
    if rule.valid_days == 1:
        told.append(gettext("on the day of the first entry only"))
    elif rule.valid_days:
        told.append(
            ngettext(
                "within %(days)s day from the first entry",
                "within %(days)s days from the first entry",
                rule.valid_days,
            )
            % {"days": rule.valid_days}
        )
    if rule.uses_max:
        told.append(
            gettext("one entry")
            if rule.uses_max == 1
            else ngettext("%(count)s entry", "%(count)s entries", rule.uses_max)
            % {"count": rule.uses_max}
        )
    elif not rule.day_uses_max:
        told.append(gettext("any number of entries"))
    if rule.day_uses_max:
        told.append(
            gettext("once a day")
            if rule.day_uses_max == 1
            else ngettext("%(count)s time a day", "%(count)s times a day", rule.day_uses_max)
            % {"count": rule.day_uses_max}
        )
    if rule.gate_uses_max:
        told.append(
            ngettext(
                "%(count)s entry at each gate", "%(count)s entries at each gate", rule.gate_uses_max
            )
            % {"count": rule.gate_uses_max}
        )
    if rule.reentry is Reentry.after_exit:
        told.append(gettext("re-entry after exit"))
    elif rule.uses_max or rule.day_uses_max:
        told.append(gettext("no re-entry"))
    if rule.anti_passback:
        told.append(gettext("not again before leaving"))
    return told


def _through(rule: EntitlementRule, zone: Zone, centre: CentreRules) -> str:
    """Return through which gates."""
    if not rule.gates:
        return gettext("through every gate of %(zone)s") % {"zone": named(zone)}
    names = [named(centre.gates[slug]) for slug in rule.gates if slug in centre.gates]
    if len(names) == 1:
        return gettext("through %(gate)s") % {"gate": names[0]}
    return gettext("through %(gates)s or %(last)s") % {
        "gates": gettext(", ").join(names[:-1]),
        "last": names[-1],
    }


def _span(rule: EntitlementRule, site: Site) -> str:
    """Return the days of a rule as the site's calendar has them, "" if they are open."""
    zone = ZoneInfo(site.time_zone)
    starts, ends = rule.valid_from_ms, rule.valid_until_ms
    whole = _begins_day(starts, site) and _begins_day(ends, site)
    if not whole:
        moments = [_moment(ms, zone) if ms else "" for ms in (starts, ends)]
        return _between(*moments)
    first = _day(starts, site, zone) if starts else None
    last = _day(ends - _SECOND_MS, site, zone) if ends else None
    if first and last:
        return _days(first, last)
    return _between(_date(first) if first else "", _date(last) if last else "")


def _between(first: str, last: str) -> str:
    if first and last:
        return gettext("from %(first)s until %(last)s") % {"first": first, "last": last}
    if first:
        return gettext("from %(first)s") % {"first": first}
    return gettext("until %(last)s") % {"last": last} if last else ""


def _begins_day(ms: int, site: Site) -> bool:
    """Whether an instant is the start of one of the site's days (or open)."""
    return not ms or site.day_at(ms) == ms


def _day(ms: int, site: Site, zone: ZoneInfo) -> date:
    """Return the date of the site's day that holds an instant: that of its first hours."""
    return datetime.fromtimestamp(site.day_at(ms) / _SECOND_MS, UTC).astimezone(zone).date()


def _moment(ms: int, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(ms / _SECOND_MS, UTC).astimezone(zone)
    return f"{_date(local.date())} {local:%H:%M}"


def _date(day: date) -> str:
    return date_format(day, pgettext("format of a date", "j F Y"))


def _days(first: date, last: date) -> str:
    """Return a span of days, saying what both share once."""
    if last - first < timedelta(days=1):
        return gettext("on %(day)s") % {"day": _date(first)}
    # Which of the two says the month and the year is a matter of the language.
    if (first.year, first.month) == (last.year, last.month):
        forms = (pgettext("first of days in one month", "j"), pgettext("last of them", "j F Y"))
        span = gettext("%(first)s–%(last)s")
    elif first.year == last.year:
        forms = (
            pgettext("first of days in one year", "j F"),
            pgettext("last in the year", "j F Y"),
        )
        span = gettext("%(first)s – %(last)s")
    else:
        forms = (pgettext("format of a date", "j F Y"),) * 2
        span = gettext("%(first)s – %(last)s")
    shown = [date_format(day, form) for day, form in zip((first, last), forms, strict=True)]
    return span % {"first": shown[0], "last": shown[1]}
