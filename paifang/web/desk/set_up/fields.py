"""Fields the forms of the set-up have in common: names in both languages, choices of rows."""

from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from paifang.core import limits
from paifang.services.desk.set_up.rows import Values
from paifang.store.models.base import SLUG_CHARS_MAX, Named, slug_form

if TYPE_CHECKING:
    RowField = forms.ModelChoiceField[Any]
    RowsField = forms.ModelMultipleChoiceField[Any]
else:  # Django's own classes take no parameters while the program runs.
    RowField, RowsField = forms.ModelChoiceField, forms.ModelMultipleChoiceField

CHINESE: Final = "zh-hans"
NO_LIMIT: Final = _("0 means no limit.")


class HasNames(Protocol):
    """A row, or its value in the rules, with a name in both languages."""

    @property
    def name(self) -> str: ...
    @property
    def name_zh(self) -> str: ...


def named(row: HasNames) -> str:
    """Return a name in the visitor's language."""
    return row.name_zh if row.name_zh and get_language() == CHINESE else row.name


class RowChoice(RowField):
    """One row to choose, by its name in the visitor's language."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the name, with that of what it belongs to if that is given along."""
        return _within(obj)


class RowsChoice(RowsField):
    """Rows to choose by ticking them."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        """Return the name, with that of what it belongs to if that is given along."""
        return _within(obj)


def _within(row: Named) -> str:
    """Return a row's name, and of zones and gates also where they are."""
    place = getattr(row, "zone", None) or getattr(row, "site", None)
    return f"{named(row)} · {named(place)}" if isinstance(place, Named) else named(row)


class SetUpForm(forms.Form):
    """A form of one row: its names, its slug once it is there, and the version that was seen."""

    name = forms.CharField(label=_("Name"), max_length=limits.NAME_CHARS_MAX)
    name_zh = forms.CharField(
        label=_("Name in Chinese"),
        max_length=limits.NAME_CHARS_MAX,
        required=False,
        help_text=_("Leave it empty if it is the same."),
    )
    slug = forms.CharField(
        label=_("Short name"),
        max_length=SLUG_CHARS_MAX,
        validators=[slug_form],
        error_messages={
            "invalid": _("Small letters, digits and single hyphens only, such as north-gate.")
        },
        help_text=_("Stands in addresses and reports. It stays once something refers to it."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(self, *args: Any, row: Named | None = None, **kwargs: Any) -> None:
        """Take the row that is changed, None for a new one."""
        self.row = row
        if row is not None:
            kwargs.setdefault("initial", {})
            kwargs["initial"] = {**self.shown(row), "version": row.version, **kwargs["initial"]}
        super().__init__(*args, **kwargs)
        if row is None or not hasattr(row, "slug"):
            del self.fields["slug"]
        else:
            self.fields["slug"] = self.fields.pop("slug")  # it comes last

    def shown(self, row: Any) -> dict[str, Any]:
        """Return the values a row's form starts with."""
        simple = {name: getattr(row, name) for name in self.base_fields if hasattr(row, name)}
        return {
            name: list(value.all()) if hasattr(value, "all") else value
            for name, value in simple.items()
        }

    def values(self) -> Values:
        """Return what is to be kept, by the names of the table's fields."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def seen_version(self) -> int:
        """Return the version the form was opened with."""
        return int(self.cleaned_data.get("version") or 0)

    def their_values(self, row: Any) -> dict[str, str]:
        """Return, by field, what stands now where it is not what was typed here."""
        theirs = type(self)(row=row)
        told = {}
        for bound in self:
            now = theirs[bound.name].initial if bound.name in theirs.fields else None
            if bound.name == "version" or not bound.field.has_changed(now, bound.data):
                continue
            told[bound.name] = _readable(bound.field, now)
        return told


def _readable(field: forms.Field, value: Any) -> str:
    """Return a value as somebody would say it."""
    if isinstance(value, list):
        return ", ".join(_within(one) for one in value)
    if isinstance(value, Named):
        return _within(value)
    if isinstance(field, forms.BooleanField):
        return str(_("yes") if value else _("no"))
    prepared = cast("Any", field).prepare_value(value)
    return "–" if prepared in (None, "") else str(prepared)
