"""What somebody asked of the reports, read from the address, with what is wrong at each field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from django.utils.translation import gettext

from paifang.core import limits
from paifang.core.reasons import N_
from paifang.services.desk.places_to_watch import Place
from paifang.services.desk.reports import Asked, Choices, site_today

WRONG: Final = {
    "day": N_("This is no day. Write it like 2026-05-31."),
    "order": N_("The last day comes before the first."),
    "long": N_("A report spans %(n)s days at most."),
    "unknown": N_("There is none like this here any more."),
}


@dataclass(frozen=True, slots=True)
class ReportForm:
    """The fields as they were filled, what they mean, and what is wrong with them."""

    asked: Asked
    filled: Mapping[str, str]
    wrong: Mapping[str, str] = field(default_factory=dict)


def read_form(sent: Mapping[str, str], place: Place, known: Choices, now_ms: int) -> ReportForm:
    """Return what was asked; where something is wrong, today's report stands in for it."""
    today = site_today(place, now_ms)
    names = ("from", "to", "product", "gate", "session")
    filled = {name: sent.get(name, "").strip()[:60] for name in names}
    wrong: dict[str, str] = {}
    first = _day(filled, "from", today, wrong)
    last = _day(filled, "to", first, wrong)
    if not wrong and last < first:
        wrong["to"] = gettext(WRONG["order"])
    if not wrong and (last - first).days >= limits.REPORT_DAYS_MAX:
        wrong["to"] = gettext(WRONG["long"]) % {"n": limits.REPORT_DAYS_MAX}
    product = _one_of(filled, "product", [str(one.number) for one in known.products], wrong)
    gate = _one_of(filled, "gate", [one.slug for one in known.gates], wrong)
    session = _one_of(filled, "session", [str(one.number) for one in known.sessions], wrong)
    if wrong:
        return ReportForm(Asked(place, today, today), filled, wrong)
    filled |= {"from": first.isoformat(), "to": last.isoformat()}
    asked = Asked(place, first, last, int(product or 0), gate, int(session or 0))
    return ReportForm(asked, filled)


def _day(filled: Mapping[str, str], name: str, otherwise: date, wrong: dict[str, str]) -> date:
    if not filled[name]:
        return otherwise
    try:
        day = date.fromisoformat(filled[name])
    except ValueError:
        day = date.min
    # Beyond these years no calendar can be computed.
    if not date(2000, 1, 1) <= day <= date(2199, 12, 31):
        wrong[name] = gettext(WRONG["day"])
        return otherwise
    return day


def _one_of(filled: Mapping[str, str], name: str, known: list[str], wrong: dict[str, str]) -> str:
    if filled[name] and filled[name] not in known:
        wrong[name] = gettext(WRONG["unknown"])
    return filled[name]
