"""The shop of an event, and the page of an order: public, on an old phone too, without scripts."""

import time
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from paifang.core import limits
from paifang.core.pricing import Channel, NotSold, Quote
from paifang.core.rules import CentreRules, Event
from paifang.services.desk.context import context
from paifang.services.desk.qr import qr_address
from paifang.services.desk.selling.numbers import shown_number
from paifang.services.desk.selling.offers import Offer, event_of, offers_of, quoted
from paifang.services.desk.selling.ordering import (
    VISITOR,
    OrderRefused,
    OrderWish,
    order_named,
    place,
)
from paifang.services.desk.selling.orders import OrderShown, OrderState, open_order, order_secret
from paifang.services.desk.tickets.faults import LaterError, faults_told
from paifang.services.desk.tickets.pages import PageError
from paifang.web.desk.selling_forms import FIELDS, Chosen, buyer_of, chosen, wanted_of
from paifang.web.desk.shop_words import REFUSED, SIGNS, STATES
from paifang.web.desk.ticket_words import at, named
from paifang.web.desk.views import problems
from paifang.web.desk.views.ticket_acts import LATER, act_id_of
from paifang.web.desk.visitor import address_of, language_of

FEW: Final = 20
"""So few left are told."""


def zone_of_event(centre: CentreRules, event: Event) -> ZoneInfo:
    """Return the time zone in which an event's sessions are told: that of its first zone."""
    zones = [
        centre.zones[rule.zone]
        for product in centre.products.values()
        if product.event == event.number
        for rule in product.entitlements
    ]
    return ZoneInfo(centre.sites[zones[0].site].time_zone if zones else "UTC")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, event: str) -> HttpResponse:
    """Show what an event sells, and take an order."""
    with translation.override(language_of(request)):
        centre = context().ledger.rules().centre
        found = event_of(centre, event)
        if found is None:
            return problems.not_found(request)
        now_ms = time.time_ns() // 1_000_000
        offers = offers_of(centre, found, Channel.web, now_ms)
        if request.method != "POST":
            return _shop(request, centre, found, [Chosen(offer, 0) for offer in offers])
        return _ordered(request, centre, found, offers)


def _ordered(
    request: HttpRequest, centre: CentreRules, event: Event, offers: list[Offer]
) -> HttpResponse:
    lines, wrong = chosen(request.POST, offers), dict[str, str]()
    now_ms = time.time_ns() // 1_000_000
    wanted = wanted_of(lines)
    quote = quoted(centre, event, list(wanted), Channel.web, now_ms)
    if isinstance(quote, NotSold):
        return _shop(request, centre, event, lines, trouble=gettext(REFUSED[quote.value]))
    buyer = buyer_of(request.POST, wrong, required=True)
    if wrong or "look" in request.POST:
        status = 422 if wrong and "look" not in request.POST else 200
        shown = {} if "look" in request.POST else wrong
        return _shop(request, centre, event, lines, wrong=shown, quote=quote, status=status)
    if request.POST.get("total") != f"{quote.total_minor}":
        # They were shown another sum, or none yet: nobody orders what they have not seen.
        words = "" if not request.POST.get("total") else gettext(REFUSED["price_changed"])
        return _shop(request, centre, event, lines, trouble=words, quote=quote, status=200)
    order = order_named(act_id_of(request), wanted, buyer)
    wish = OrderWish(order, event, wanted, quote, buyer)
    try:
        with faults_told():
            place(wish, by=VISITOR, where=address_of(request))
    except OrderRefused as refused:
        words, status = gettext(REFUSED[refused.code]), 429 if refused.wait_s else 409
        answer = _shop(request, centre, event, lines, trouble=words, quote=quote, status=status)
        if refused.wait_s:
            answer.headers["Retry-After"] = str(refused.wait_s)
        return answer
    except LaterError:
        return _shop(request, centre, event, lines, trouble=gettext(LATER), status=503)
    secret = order_secret(context().ledger.rules(), order, event.number)
    where = reverse("order-page", args=[secret])
    return redirect(f"{where}?lang={language_of(request)}")


def _shop(
    request: HttpRequest,
    centre: CentreRules,
    event: Event,
    lines: list[Chosen],
    *,
    trouble: str = "",
    wrong: dict[str, str] | None = None,
    quote: Quote | None = None,
    status: int = 200,
) -> HttpResponse:
    zone = zone_of_event(centre, event)
    days = list(dict.fromkeys(day for line in lines if (day := _day_of(line, zone))))
    asked = request.GET.get("day", "")
    today = asked if asked in days else next(iter(days), "")
    shown = {
        "event": named(event),
        "days": days if len(days) > 1 else [],
        "day": today,
        "offers": [
            line_shown(line, zone)
            for line in lines
            # What was chosen for another day stays in sight.
            if line.quantity or _day_of(line, zone) in {"", today}
        ],
        "typed": {name: request.POST.get(name, "") for name in FIELDS},
        "wrong": wrong or {},
        "trouble": trouble,
        "quote": quote,
        "act_id": act_id_of(request),
        "hold_minutes": limits.ORDER_HOLD_MS // 60_000,
        "language": language_of(request),
    }
    answer = render(
        request, "desk/shop.html", shown, status=422 if trouble and status == 200 else status
    )
    answer.headers["Content-Language"] = language_of(request)
    return answer


def _day_of(line: Chosen, zone: ZoneInfo) -> str:
    """Return the day of an offer's session on the site's clock, "" without one."""
    session = line.offer.session
    return at(session.opens_ms, zone, "%Y-%m-%d") if session else ""


def line_shown(line: Chosen, zone: ZoneInfo) -> dict[str, Any]:
    """Return an offer in words, with what was typed for it."""
    offer = line.offer
    return {
        "key": offer.key,
        "name": named(offer.product),
        "session": named(offer.session) if offer.session else "",
        "when": at(offer.session.opens_ms, zone) if offer.session else "",
        "amount": offer.amount_minor,
        "currency": offer.currency,
        "few": offer.left if offer.left is not None and 0 < offer.left <= FEW else 0,
        "gone": offer.left is not None and offer.left <= 0,
        "most": min(offer.product.order_max, offer.left or offer.product.order_max),
        "quantity": line.quantity or "",
    }


@never_cache
@require_safe
def order(request: HttpRequest, secret: str) -> HttpResponse:
    """Show an order to whoever has its address: what is to be paid, and the tickets."""
    with translation.override(language_of(request)):
        try:
            with faults_told():
                shown, status = _order_shown(open_order(secret, address_of(request))), 200
        except PageError as error:
            shown, status = {"wait_s": error.wait_s}, 429 if error.wait_s else 404
        except LaterError:
            shown, status = {"later": gettext(LATER)}, 503
        shown["language"] = language_of(request)
        answer = render(request, "desk/order_page.html", shown, status=status)
    if status == 429:
        answer.headers["Retry-After"] = str(shown["wait_s"])
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer.headers["Content-Language"] = language_of(request)
    return answer


def _order_shown(told: OrderShown) -> dict[str, Any]:
    centre = context().ledger.rules().centre
    zone = zone_of_event(centre, told.event)
    is_over = told.state is OrderState.expired
    return {
        "told": told,
        "event": named(told.event),
        "slug": told.event.slug,
        "number": shown_number(told.number),
        "word": gettext(STATES[told.state]),
        "sign": SIGNS[told.state],
        "waits": told.state is OrderState.to_pay,
        "until": at(told.until_ms, zone, "%H:%M"),
        "lines": [
            {
                "name": named(centre.products.get(line.product)),
                "session": named(centre.sessions.get(line.session)),
                "quantity": line.quantity,
                "amount": line.amount_minor,
            }
            for line in told.order.lines
        ],
        "total": told.order.total_minor,
        "tax": sum(line.tax_minor for line in told.order.lines),
        "due": told.order.due_minor,
        "yours": told.order.captured_minor if is_over else told.order.surplus_minor,
        "currency": told.order.currency,
        "tickets": [
            (named(centre.products.get(ticket.row.product)), ticket.secret)
            for ticket in told.tickets
            if ticket.secret
        ],
        "picture": qr_address(told.number),
    }
