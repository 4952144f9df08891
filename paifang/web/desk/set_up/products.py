"""The pages of products: chosen by kind, adjusted, and looked at before they are kept."""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from paifang.core import limits
from paifang.services.desk.compile import centre_rules
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.repair import told_the_gates
from paifang.services.desk.set_up import products
from paifang.services.desk.set_up.faults import Refused
from paifang.services.desk.set_up.kinds import Kind, preset
from paifang.services.desk.set_up.products import Gives, WrongAt
from paifang.services.desk.set_up.rows import Wish
from paifang.store.models import Event, Product, Zone
from paifang.web.desk.set_up.fields import named
from paifang.web.desk.set_up.looking import LookForm, look
from paifang.web.desk.set_up.product_forms import GivesFormSet, ProductForm, gives_shown
from paifang.web.desk.set_up.saving import Outcome, kept, put_errors, say_removed, why_of
from paifang.web.desk.set_up.validity import validity_words
from paifang.web.desk.set_up.words import refusal_words
from paifang.web.desk.views import problems
from paifang.web.desk.visitor import allowed_to

PAGE_ROWS: Final = 100
KIND_WORDS: Final[dict[Kind, tuple[Any, Any]]] = {
    Kind.single: (_("Single ticket"), _("One person, one entry.")),
    Kind.group: (_("Group ticket"), _("One ticket for many people, counted one by one.")),
    Kind.multi_entry: (_("Several entries"), _("Five entries on days of one's own choice.")),
    Kind.multi_day: (_("Several days"), _("Any two days, in and out as often as one likes.")),
    Kind.session: (_("Time slot"), _("Entry in a booked session only.")),
    Kind.combined: (_("Combined ticket"), _("Opens several zones or sites, each once.")),
    Kind.annual: (_("Annual pass"), _("Once a day for a year, with the identity document.")),
    Kind.named: (_("Named ticket"), _("One entry, with the identity document.")),
    Kind.voucher: (_("Voucher"), _("Must be exchanged for a ticket before it opens a gate.")),
    Kind.staff: (_("Staff card"), _("In and out without a limit, one person at a time.")),
}


@never_cache
@require_GET
@allowed_to(Act.see_set_up)
def listed(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show all products with their validity in words."""
    found = Product.objects.select_related("event").order_by("event__number", "number")
    page = Paginator(found, PAGE_ROWS).get_page(request.GET.get("page"))
    centre = centre_rules(datetime.now(UTC))
    rows = [
        (row, named(row), validity_words(centre.products[row.number], centre, row.people))
        for row in page
    ]
    shown = {"rows": rows, "page": page, "may_change": by.may(Act.set_up)}
    return render(request, "desk/set_up/products.html", shown)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.set_up)
def new(request: HttpRequest, by: Actor) -> HttpResponse:
    """Choose event and kind; then add a product."""
    event = _event(request)
    kind = next((one for one in Kind if one.value == request.GET.get("kind")), None)
    if event is None or kind is None:
        kinds = [(one.value, *KIND_WORDS[one]) for one in Kind]
        shown = {"events": Event.objects.all(), "event": event, "kinds": kinds}
        return render(request, "desk/set_up/product_kind.html", shown)
    product = Product(event=event)
    if request.method != "POST":
        zones = Zone.objects.filter(site__in=event.sites.all()).select_related("site")
        values, gives = preset(
            kind, event, list(zones.order_by("site__name", "name")), datetime.now(UTC)
        )
        return _page(request, product, _sheet(ProductForm(initial=values), event, gives))
    return _posted(request, by, product)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.set_up)
def one(request: HttpRequest, by: Actor, pk: UUID) -> HttpResponse:
    """Show a product, and change it."""
    product = Product.objects.select_related("event").filter(pk=pk).first()
    if product is None:
        return problems.not_found(request)
    if request.method == "POST":
        return _posted(request, by, product)
    return _page(request, product, _standing(product))


@never_cache
@require_POST
@allowed_to(Act.set_up)
def preview(request: HttpRequest, by: Actor) -> HttpResponse:
    """Give the part of the page that says who may enter, for what is typed at the moment."""
    del by
    product = Product.objects.select_related("event").filter(pk=_uuid(request, "product")).first()
    event = _event(request) if product is None else product.event
    if event is None:
        return problems.not_found(request)
    product = product or Product(event=event)
    shown = _looked(request, product, _typed(request, product))
    return render(request, "desk/set_up/preview.html", shown)


@never_cache
@require_POST
@allowed_to(Act.set_up)
def remove(request: HttpRequest, by: Actor, pk: UUID) -> HttpResponse:
    """Take a product away that nobody has a ticket of."""
    product = Product.objects.select_related("event").filter(pk=pk).first()
    if product is None:
        return problems.not_found(request)
    try:
        with told_the_gates() as told:
            products.remove_product(product, by)
    except Refused as refused:
        outcome = Outcome({"trouble": refusal_words(refused)}, 409)
        return _page(request, product, _standing(product), outcome)
    say_removed(request, gates_told=told.ok)
    return redirect("set-up-products")


def _posted(request: HttpRequest, by: Actor, product: Product) -> HttpResponse:
    """Add a place, look, or keep, as the button says."""
    asked = request.POST.get("do", "")
    sheet = _typed(request, product, look_only=asked in {"more", "look"})
    form, wanted = sheet.form, sheet.wanted()
    if asked in {"more", "look"}:
        return _page(request, product, sheet, Outcome(status=200))
    if not form.is_valid() or wanted is None:
        return _page(request, product, sheet, Outcome())

    def keep() -> Product:
        if not product.number:
            return products.add_product(product.event, form.values(), wanted, by)
        wish = Wish(form.values(), form.seen_version(), why_of(request))
        return products.change_product(product, wish, wanted, by)

    try:
        outcome = kept(request, form, keep)
    except WrongAt as wrong:
        put_errors(sheet.parts.staying()[wrong.place], wrong.error)
        outcome = Outcome()
    if outcome.status == 302:
        return redirect("set-up-products")
    if "theirs" in outcome.shown:
        now = Product.objects.get(pk=product.pk)
        centre = centre_rules(datetime.now(UTC))
        words = validity_words(centre.products[now.number], centre, now.people)
        outcome = Outcome({**outcome.shown, "their_words": words}, outcome.status)
    return _page(request, product, sheet, outcome)


def _standing(product: Product) -> "Sheet":
    return _sheet(ProductForm(row=product), product.event, products.given_by(product))


class Sheet(NamedTuple):
    """The form of a product with its parts; `standing` is what they show before anybody typed."""

    form: ProductForm
    parts: Any
    standing: list[Gives] | None = None

    def wanted(self) -> list[Gives] | None:
        """Return what the product is to give, None if it is not acceptable yet."""
        if self.standing is not None:
            return self.standing
        return self.parts.wanted() if self.parts.is_valid() else None


def _sheet(form: ProductForm, event: Event, gives: list[Gives]) -> Sheet:
    """Return the form of what stands, or of what a kind starts with."""
    initial = [gives_shown(one) for one in gives]
    return Sheet(form, GivesFormSet(initial=initial, form_kwargs={"event": event}), gives)


def _typed(request: HttpRequest, product: Product, *, look_only: bool = True) -> Sheet:
    """Return what was typed; a look needs no name yet, and `more` adds an empty place."""
    row = product if product.number else None
    typed = request.POST.copy()
    if request.POST.get("do") == "more":
        _one_more(typed, product.event)
    form = ProductForm(typed, row=row)
    form.fields["name"].required = not look_only
    kwargs = {"event": product.event, "empty_permitted": False}
    return Sheet(form, GivesFormSet(typed, form_kwargs=kwargs))


def _one_more(typed: QueryDict, event: Event) -> None:
    """Add another place to what was typed: the next zone that is not opened yet, once."""
    total = typed.get("form-TOTAL_FORMS", "")
    if not total.isdecimal() or int(total) >= limits.ENTITLEMENTS_MAX:
        return
    opened = {typed.get(f"form-{n}-zone", "") for n in range(int(total))}
    zones = Zone.objects.filter(site__in=event.sites.all()).order_by("site__name", "name")
    free = [str(zone.pk) for zone in zones if str(zone.pk) not in opened]
    fields = {"zone": free[0] if free else "", "uses_max": "1", "day_uses_max": "0"}
    fields |= dict.fromkeys(("gate_uses_max", "days_max", "valid_days"), "0")
    for name, value in fields.items():
        typed[f"form-{total}-{name}"] = value
    typed["form-TOTAL_FORMS"] = str(int(total) + 1)


def _looked(request: HttpRequest, product: Product, sheet: Sheet) -> dict[str, Any]:
    """Return what the preview shows."""
    looking = LookForm(request.POST if request.method == "POST" else None, event=product.event)
    row = product
    if product.number:  # what is looked at is not to be kept by mistake
        row = Product.objects.select_related("event").get(pk=product.pk)
    return {"look": looking, "seen": look(sheet.form, sheet.wanted(), looking, row)}


def _page(
    request: HttpRequest, product: Product, sheet: Sheet, outcome: Outcome | None = None
) -> HttpResponse:
    asked = request.GET.copy()
    asked["product"] = str(product.pk) if product.number else ""
    shown = {
        "product": product,
        "adding": not product.number,
        "event": product.event,
        "form": sheet.form,
        "parts": sheet.parts,
        "why": why_of(request),
        "asked": asked.urlencode(),
        **_looked(request, product, sheet),
    }
    if outcome is None:
        return render(request, "desk/set_up/product.html", shown)
    return render(request, "desk/set_up/product.html", shown | outcome.shown, status=outcome.status)


def _event(request: HttpRequest) -> Event | None:
    """Return the event the address names, or the only one there is."""
    found = list(Event.objects.all()[:2])
    if len(found) == 1:
        return found[0]
    return Event.objects.filter(pk=_uuid(request, "event")).first()


def _uuid(request: HttpRequest, name: str) -> UUID:
    """Return the row the address names; one that nobody has if it names none."""
    try:
        return UUID(request.GET.get(name, ""))
    except ValueError:
        return UUID(int=0)
