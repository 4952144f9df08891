"""The preview of a product that is not kept yet: who may enter when, and its validity in words."""

from datetime import UTC, datetime, time
from typing import Any, Final, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from paifang.core.admission import Decision
from paifang.core.reasons import WORDS, Reason, verdict_of
from paifang.core.rules import CentreRules
from paifang.services.desk.set_up import local_clock, products
from paifang.services.desk.set_up.faults import Refused
from paifang.services.desk.set_up.preview import Before, Question, Verdicts, who_may_enter
from paifang.store.models import Event, Product, Session
from paifang.store.models.offers import as_ms
from paifang.web.desk.set_up.fields import RowChoice, named
from paifang.web.desk.set_up.forms import ClockField, site_of
from paifang.web.desk.set_up.product_forms import ProductForm
from paifang.web.desk.set_up.validity import validity_words
from paifang.web.desk.set_up.words import refusal_words

SESSIONS_MAX: Final = 200
BEFORE_WORDS: Final = {
    Before.fresh: _("Shown for the first time"),
    Before.inside: _("Is inside"),
    Before.left: _("Has left again"),
    Before.day_before: _("Was here the day before"),
}
_SIGNS: Final = {"admit": "tick", "attention": "triangle", "refuse": "cross"}


class LookForm(forms.Form):
    """When, and with what, a ticket of the product is shown."""

    at = ClockField(label=_("When"), required=False)
    session = RowChoice(Session.objects.none(), label=_("Ticket for the session"), required=False)
    settled = forms.BooleanField(
        label=_("Exchanged, identity checked, a supervisor is there"), required=False
    )

    def __init__(self, data: QueryDict | None, *, event: Event) -> None:
        """Offer the event's sessions, and a moment at which it is on."""
        super().__init__(data, initial={"at": _moment(event)})
        found = event.sessions.order_by("opens_at")[:SESSIONS_MAX].values_list("pk", flat=True)
        field = self.fields["session"]
        field.queryset = event.sessions.filter(pk__in=list(found))  # type: ignore[attr-defined]
        if not found:
            del self.fields["session"]

    def told(self, name: str) -> Any:
        """Return a value as it was typed, or as the form starts with."""
        if self.is_bound and self.is_valid():
            return self.cleaned_data.get(name) or (self.initial.get(name) if name == "at" else None)
        return self.initial.get(name)


def _moment(event: Event) -> datetime:
    """Return ten o'clock on the event's first day, or now if it is on, on the site's clock."""
    site = site_of(event)
    now = datetime.now(UTC)
    if event.starts_at and event.starts_at > now:
        first = local_clock.day_of(site, event.starts_at)
        return datetime.combine(first, time(10))
    return now.astimezone(site.zone_info).replace(tzinfo=None, second=0, microsecond=0)


class Cell(NamedTuple):
    """What a gate says: the verdict, its sign, and its words."""

    verdict: str
    sign: str
    word: str
    sentence: str


def look(
    form: ProductForm, gives: list[products.Gives] | None, look_form: LookForm, product: Product
) -> dict[str, Any]:
    """Return what the preview shows, or `unclear` with what keeps it from showing anything.

    Args:
        form: The product as typed, checked; or None was typed and `form.initial` stands.
        gives: What it gives, None if that is not acceptable.
        look_form: When and with what it is shown.
        product: The row as it stands, or a new one of the event.
    """
    if gives is None or (form.is_bound and form.errors):
        return {"unclear": gettext("Complete the fields that are marked to see who may enter.")}
    values = dict(form.values()) if form.is_bound else _standing(form)
    values["name"] = values.get("name") or "–"
    try:
        centre, number = products.would_be(product, values, gives, datetime.now(UTC))
    except (ValidationError, products.WrongAt):
        return {"unclear": gettext("Complete the fields that are marked to see who may enter.")}
    except Refused as refused:
        return {"unclear": refusal_words(refused)}
    people = int(values.get("people") or 1)
    shown = look_form.told("at")
    site = site_of(product.event)
    at = local_clock.instant_of(site.zone_info, shown)[0] if shown else datetime.now(UTC)
    session = look_form.told("session")
    question = Question(
        centre,
        number,
        as_ms(at),
        session=session.number if session else 0,
        people=people,
        settled=bool(look_form.told("settled")),
    )
    asked = sorted(who_may_enter(question), key=lambda row: not _leads_in(row))
    rows = [(_gate(centre, row.gate), _cells(row)) for row in asked]
    return {
        "words": validity_words(centre.products[number], centre, people),
        "rows": rows,
    }


def _standing(form: ProductForm) -> dict[str, Any]:
    """Return the values a form starts with."""
    return {
        name: form.get_initial_for_field(field, name) or field.to_python("")
        for name, field in form.fields.items()
        if name not in {"version", "slug"}
    }


def _leads_in(row: Verdicts) -> bool:
    """Whether the ticket has to do with a gate at all."""
    decision = row.decisions[Before.fresh]
    return decision is not None and decision.reason not in {Reason.wrong_zone, Reason.wrong_gate}


def _cells(row: Verdicts) -> list[tuple[Any, Cell | None]]:
    """Return what a gate says; one that is never opened says it once."""
    histories = Before if _leads_in(row) else (Before.fresh,)
    return [(BEFORE_WORDS[before], _cell(row.decisions[before])) for before in histories]


def _gate(centre: CentreRules, slug: str) -> dict[str, str]:
    gate = centre.gates[slug]
    zone = centre.zones[gate.zone]
    return {"name": named(gate), "zone": named(zone)}


def _cell(decision: Decision | None) -> Cell | None:
    """Return what a decision looks like; None where nothing like it could have happened."""
    if decision is None:
        return None
    words = WORDS[decision.reason]
    verdict = verdict_of(decision.reason).value
    sign = "again" if decision.reason is Reason.re_entry else _SIGNS[verdict]
    return Cell(verdict, sign, gettext(words.word), gettext(words.sentence))
