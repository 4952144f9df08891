"""The page of what a product costs."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.repair import told_the_gates
from paifang.services.desk.set_up.faults import ChangedMeanwhile, Refused
from paifang.services.desk.set_up.prices import PRICES_MAX, ForSale, sale_of, set_sale
from paifang.services.desk.tickets.faults import LaterError, faults_told
from paifang.store.models import Product, Site
from paifang.web.desk.money import CURRENCIES
from paifang.web.desk.set_up.price_forms import (
    PriceForm,
    SaleForm,
    price_forms,
    price_shown,
    sale_shown,
)
from paifang.web.desk.set_up.saving import say_kept
from paifang.web.desk.set_up.words import refusal_words
from paifang.web.desk.views import problems
from paifang.web.desk.views.ticket_acts import LATER
from paifang.web.desk.visitor import allowed_to


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.set_up)
def page(request: HttpRequest, by: Actor, pk: UUID) -> HttpResponse:
    """Show what a product costs, and change it."""
    product = Product.objects.select_related("event").filter(pk=pk).first()
    if product is None:
        return problems.not_found(request)
    site = product.event.sites.order_by("name").first() or Site(time_zone="UTC", day_start_hour=0)
    try:
        with faults_told():
            if request.method == "POST":
                return _posted(request, by, product, site)
            sale = sale_of(product)
    except LaterError:
        messages.error(request, gettext(LATER))
        return redirect("set-up-product", pk)
    form = SaleForm(initial=sale_shown(sale, product.version))
    parts = price_forms(
        initial=[price_shown(price, site) for price in sale.prices],
        form_kwargs={"site": site, "currency": CURRENCIES[0]},
    )
    return _shown(request, product, form, parts)


def _posted(request: HttpRequest, by: Actor, product: Product, site: Site) -> HttpResponse:
    typed = request.POST
    currency = typed.get("currency", "")
    form = SaleForm(typed)
    kwargs = {
        "site": site,
        "currency": currency if currency in CURRENCIES else CURRENCIES[0],
        "empty_permitted": False,
    }
    parts = price_forms(typed, form_kwargs=kwargs)
    if typed.get("do") == "more":
        # Unbound, so that nobody is told what is wrong with what they have not typed yet.
        more = [*(_typed(part) for part in parts), {}][:PRICES_MAX]
        parts = price_forms(initial=more, form_kwargs=kwargs)
        return _shown(request, product, SaleForm(initial=_typed(form)), parts)
    if not (form.is_valid() and parts.is_valid()):
        return _shown(request, product, form, parts, status=422)
    told = form.cleaned_data
    wish = ForSale(parts.wanted(), told["order_max"], told["quota"])
    try:
        with told_the_gates() as gates:
            set_sale(product, told["version"] or 0, wish, by)
    except Refused as refused:
        return _shown(request, product, form, parts, trouble=refusal_words(refused), status=409)
    except ChangedMeanwhile:
        words = gettext("Somebody has changed this product meanwhile. Open the page again.")
        return _shown(request, product, form, parts, trouble=words, status=409)
    say_kept(request, gates_told=gates.ok)
    return redirect("set-up-prices", product.pk)


def _typed(form: SaleForm | PriceForm) -> dict[str, Any]:
    return {bound.name: bound.value() for bound in form}


def _shown(
    request: HttpRequest,
    product: Product,
    form: SaleForm,
    parts: Any,
    *,
    trouble: str = "",
    status: int = 200,
) -> HttpResponse:
    shown = {
        "product": product,
        "event": product.event,
        "form": form,
        "parts": parts,
        "trouble": trouble,
    }
    return render(request, "desk/set_up/prices.html", shown, status=status)
