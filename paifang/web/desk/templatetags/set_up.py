"""What the templates of the set-up need: names in the visitor's language, kinds of fields."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django import forms, template
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext

from paifang.web.desk.set_up import fields
from paifang.web.desk.set_up.subjects import SUBJECTS

register = template.Library()

_RARE: Final = ("days_max", "valid_days", "gate_uses_max", "anti_passback")


class Entry(NamedTuple):
    """One subject in the row above the pages."""

    href: str
    word: str
    here: bool


@register.filter
def named(row: fields.HasNames) -> str:
    """Return a name in the visitor's language."""
    return fields.named(row)


@register.filter
def kind_of_field(bound: forms.BoundField) -> str:
    """Return how a field is laid out: check, choices or plain."""
    if isinstance(bound.field.widget, forms.CheckboxInput):
        return "check"
    return "choices" if isinstance(bound.field.widget, forms.CheckboxSelectMultiple) else "plain"


@register.filter
def value_at(values: Mapping[str, Any] | str | None, name: str) -> Any:
    """Return the value of a name, "" if there is none."""
    return values.get(name, "") if isinstance(values, Mapping) else ""


@register.filter
def rare_set(part: forms.Form) -> bool:
    """Whether a field that is rarely needed says something, or something is wrong with it."""
    return any(
        part[name].value() not in (None, "", "0", 0, False) or part[name].errors for name in _RARE
    )


@register.filter
def day_shown(moment: datetime) -> str:
    """Return the day of an instant as its own time zone has it, with the day of the week."""
    return f"{date_format(moment, 'D')} {date_format(moment, 'DATE_FORMAT')}"


@register.filter
def clock_shown(moment: datetime) -> str:
    """Return hour and minute of an instant as its own time zone has them."""
    return f"{moment:%H:%M}"


@register.simple_tag
def set_up_subjects(request: HttpRequest) -> list[Entry]:
    """Return the subjects with their addresses, and which of them is open."""
    plain = [
        (reverse("set-up-list", args=[subject.key]), str(subject.many)) for subject in SUBJECTS
    ]
    overview = reverse("set-up")
    known = [
        (overview, gettext("Overview")),
        *plain,
        (reverse("set-up-products"), gettext("Products")),
        (reverse("set-up-rules"), gettext("Rules")),
    ]
    return [
        Entry(
            href, word, request.path == href if href == overview else request.path.startswith(href)
        )
        for href, word in known
    ]
