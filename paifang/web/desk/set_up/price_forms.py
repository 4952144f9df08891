"""The form of what a product costs: rows of prices, how many in an order, how many in all."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from paifang.core import limits
from paifang.core.pricing import Channel
from paifang.services.desk.set_up import local_clock
from paifang.services.desk.set_up.prices import PRICES_MAX, Costs, ForSale
from paifang.store.models import Site
from paifang.web.desk.money import CURRENCIES, SumError, minor_of, plain_sum
from paifang.web.desk.set_up.fields import NO_LIMIT
from paifang.web.desk.set_up.forms import DAY, last_day

if TYPE_CHECKING:
    Forms = forms.BaseFormSet["PriceForm"]
else:  # Django's own classes take no parameters while the program runs.
    Forms = forms.BaseFormSet

PERCENT: Final = 100
_TAX_MAX: Final = 100
CHANNEL_WORDS: Final = (
    ("", _("everywhere")),
    (Channel.web.value, _("in the shop on the web")),
    (Channel.counter.value, _("at the counter")),
)


class SaleForm(forms.Form):
    """What holds for all prices of a product."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)
    currency = forms.ChoiceField(label=_("Currency"), choices=[(one, one) for one in CURRENCIES])
    order_max = forms.IntegerField(
        label=_("At most in one order of the shop"), min_value=1, max_value=1000, initial=10
    )
    quota = forms.IntegerField(
        label=_("For sale in all"),
        min_value=0,
        max_value=limits.QUOTA_UNITS_MAX - 1,
        initial=0,
        help_text=NO_LIMIT,
    )


class PriceForm(forms.Form):
    """One price: the first that fits is the one that holds."""

    amount = forms.CharField(
        label=_("Price with tax"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    tax = forms.DecimalField(
        label=_("Tax in it (percent)"),
        min_value=0,
        max_value=_TAX_MAX,
        max_digits=5,
        decimal_places=2,
        initial=0,
    )
    channel = forms.ChoiceField(label=_("Sold"), choices=CHANNEL_WORDS, required=False)
    quantity_min = forms.IntegerField(
        label=_("From how many on"), min_value=1, max_value=limits.HOLD_UNITS_MAX, initial=1
    )
    sold_from = forms.DateField(label=_("Sold from (day)"), widget=DAY, required=False)
    sold_until = forms.DateField(label=_("Sold until (day)"), widget=DAY, required=False)
    visit_from = forms.DateField(label=_("For sessions from (day)"), widget=DAY, required=False)
    visit_until = forms.DateField(label=_("For sessions until (day)"), widget=DAY, required=False)

    def __init__(self, *args: Any, site: Site, currency: str, **kwargs: Any) -> None:
        """Take whose days are meant, and the currency that was chosen."""
        super().__init__(*args, **kwargs)
        self.site = site
        self.currency = currency

    def clean(self) -> dict[str, Any]:
        """A sum is one of its currency, and days go forward."""
        cleaned = super().clean() or {}
        try:
            cleaned["amount_minor"] = minor_of(cleaned.get("amount", ""), self.currency)
        except SumError:
            if "amount" not in self.errors:
                self.add_error("amount", gettext("Write a sum such as 80 or 79.50."))
        for name in ("sold", "visit"):
            first, last = cleaned.get(f"{name}_from"), cleaned.get(f"{name}_until")
            if first and last and last < first:
                self.add_error(f"{name}_until", gettext("It ends before it begins."))
        return cleaned

    def costs(self) -> Costs:
        """Return the price as it is wanted."""
        told = self.cleaned_data
        return Costs(
            amount_minor=told["amount_minor"],
            currency=self.currency,
            tax_bp=int(told["tax"] * PERCENT),
            channel=told["channel"],
            quantity_min=told["quantity_min"],
            **{f"{name}_from": self._begins(told[f"{name}_from"]) for name in ("sold", "visit")},
            **{f"{name}_until": self._ends(told[f"{name}_until"]) for name in ("sold", "visit")},
        )

    def _begins(self, day: Any) -> datetime | None:
        return local_clock.day_begins(self.site, day) if day else None

    def _ends(self, day: Any) -> datetime | None:
        return local_clock.day_ends(self.site, day) if day else None


class _PriceForms(Forms):
    """The prices in their order."""

    def add_fields(self, form: PriceForm, index: int | None) -> None:
        """Say in words what the box of a price that may go means."""
        super().add_fields(form, index)
        form.fields["DELETE"].label = gettext("Take this price away")

    def clean(self) -> None:
        """More than so many are not tried."""
        if len(self.forms) > PRICES_MAX:
            raise ValidationError(gettext("These are more prices than one product can have."))

    def wanted(self) -> tuple[Costs, ...]:
        """Return the prices that are wanted, in order."""
        return tuple(
            form.costs() for form in self.forms if not form.cleaned_data.get("DELETE", False)
        )


PriceFormSet = forms.formset_factory(
    PriceForm,
    formset=_PriceForms,
    extra=0,
    can_delete=True,
    max_num=PRICES_MAX,
    absolute_max=PRICES_MAX,
)


def price_forms(*told: Any, **more: Any) -> _PriceForms:
    """Return the parts of the form; a factory's class is known by its base only."""
    return cast("_PriceForms", PriceFormSet(*told, **more))


def sale_shown(sale: ForSale, version: int) -> dict[str, Any]:
    """Return what the form starts with."""
    currency = sale.prices[0].currency if sale.prices else CURRENCIES[0]
    return {
        "version": version,
        "currency": currency,
        "order_max": sale.order_max,
        "quota": sale.quota,
    }


def price_shown(price: Costs, site: Site) -> dict[str, Any]:
    """Return what the part of a form starts with for a price."""

    def begins(moment: datetime | None) -> Any:
        return local_clock.day_of(site, moment) if moment else None

    def ends(moment: datetime | None) -> Any:
        return last_day(site, moment) if moment else None

    return {
        "amount": plain_sum(price.amount_minor, price.currency),
        "tax": f"{price.tax_bp / PERCENT:g}",
        "channel": price.channel,
        "quantity_min": price.quantity_min,
        "sold_from": begins(price.sold_from),
        "sold_until": ends(price.sold_until),
        "visit_from": begins(price.visit_from),
        "visit_until": ends(price.visit_until),
    }
