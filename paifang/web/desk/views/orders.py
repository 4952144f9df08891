"""The box office at the desk: a cashier's shift, orders, and selling at the counter."""

import time
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from paifang.core import limits
from paifang.core.pricing import Channel, NotSold
from paifang.core.reasons import N_
from paifang.core.tickets import Status
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.selling import counter
from paifang.services.desk.selling.counter import CounterError
from paifang.services.desk.selling.listing import orders
from paifang.services.desk.selling.numbers import shown_number
from paifang.services.desk.selling.offers import event_of, offers_of, quoted
from paifang.services.desk.selling.ordering import (
    OrderRefused,
    OrderWish,
    let_go,
    order_named,
    place,
)
from paifang.services.desk.selling.orders import OrderShown, OrderState, show_order
from paifang.services.desk.selling.refunding import pay_back
from paifang.services.desk.tickets.acts import ReasonMissing
from paifang.services.desk.tickets.faults import LaterError, faults_told
from paifang.store.models import ProjectedOrder
from paifang.web.desk.money import CURRENCIES, SumError, minor_of, money, plain_sum
from paifang.web.desk.selling_forms import FIELDS, Chosen, buyer_of, chosen, wanted_of
from paifang.web.desk.shop_words import LIST_SIGNS, LIST_STATES, METHODS, REFUSED, SIGNS, STATES
from paifang.web.desk.ticket_words import STATUS_WORDS, at, named
from paifang.web.desk.views import problems
from paifang.web.desk.views.shop import line_shown, zone_of_event
from paifang.web.desk.views.ticket_acts import LATER, act_id_of
from paifang.web.desk.visitor import allowed_to

WORDS: Final = {
    "no_shift": N_("Open your shift first: money goes into a drawer that is yours."),
    "shift_open": N_("You have a shift open already."),
    "method_unknown": N_("Choose how it is paid."),
    "sum": N_("Write a sum such as 80 or 79.50."),
    "reason": N_("Say why in a few words."),
    "ticket_used": N_("Somebody has entered by one of these tickets, or another venue decides it."),
    "nothing_to_refund": N_("Tick the tickets that come back."),
}
NOT_DONE: Final = N_("It was refused. Look at the order and the drawer, then try again.")


@never_cache
@require_safe
@allowed_to(Act.see_orders)
def listed(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show the newest orders, or those that are looked for."""
    text = request.GET.get("q", "")[: limits.SEARCH_CHARS_MAX]
    centre = context().ledger.rules().centre
    selling = {product.event for product in centre.products.values() if product.prices}
    shown = {
        "found": [_row(row) for row in orders(text, by=by)],
        "q": text,
        "may_sell": by.may(Act.sell_tickets),
        "shift": counter.open_shift_of(by.name) if by.may(Act.sell_tickets) else None,
        "events": [
            (named(event), event.slug)
            for event in centre.events.values()
            if event.number in selling
        ],
    }
    return render(request, "desk/sales.html", shown)


def _row(row: ProjectedOrder) -> dict[str, Any]:
    centre = context().ledger.rules().centre
    event = centre.events.get(row.event)
    return {
        "pk": row.order,
        "number": shown_number(row.number),
        "event": named(event),
        "buyer": row.buyer,
        "tickets": row.tickets,
        "total": money(row.total_minor, row.currency),
        "word": gettext(LIST_STATES[row.state]),
        "sign": LIST_SIGNS[row.state],
        "placed": at(row.placed_at_ms, zone_of_event(centre, event)) if event else "",
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.sell_tickets)
def sell(request: HttpRequest, by: Actor, event: str) -> HttpResponse:
    """Sell at the counter: what, for whom if they say, then the order to be paid."""
    centre = context().ledger.rules().centre
    found = event_of(centre, event)
    if found is None:
        return problems.not_found(request)
    now_ms, wrong, trouble = time.time_ns() // 1_000_000, dict[str, str](), ""
    offers = offers_of(centre, found, Channel.counter, now_ms)
    lines = chosen(request.POST, offers) if request.method == "POST" else []
    if request.method == "POST":
        wanted = wanted_of(lines)
        quote = quoted(centre, found, list(wanted), Channel.counter, now_ms)
        buyer = buyer_of(request.POST, wrong, required=False)
        if isinstance(quote, NotSold):
            trouble = gettext(REFUSED[quote.value])
        elif not wrong:
            order = order_named(act_id_of(request), wanted, buyer)
            wish = OrderWish(order, found, wanted, quote, buyer, Channel.counter)
            try:
                with faults_told():
                    place(wish, by=by)
            except OrderRefused as refused:
                trouble = gettext(REFUSED[refused.code])
            except LaterError:
                trouble = gettext(LATER)
            else:
                return redirect("sales-order", UUID(bytes=order))
    zone = zone_of_event(centre, found)
    shown = {
        "event": named(found),
        "offers": [line_shown(line, zone) for line in lines or [Chosen(one, 0) for one in offers]],
        "typed": {name: request.POST.get(name, "") for name in FIELDS},
        "wrong": wrong,
        "trouble": trouble,
        "act_id": act_id_of(request),
    }
    return render(request, "desk/sales_sell.html", shown, status=422 if trouble or wrong else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.see_orders)
def one(request: HttpRequest, by: Actor, order: UUID) -> HttpResponse:
    """Show an order; take money for it, or let it go."""
    told = show_order(order.bytes)
    if told is None:
        return problems.not_found(request)
    trouble = ""
    if request.method == "POST":
        trouble = _done(request, by, told)
        if not trouble:
            return redirect("sales-order", order)
    return render(
        request,
        "desk/sales_order.html",
        _order_shown(request, by, told) | {"trouble": trouble},
        status=409 if trouble else 200,
    )


def _done(request: HttpRequest, by: Actor, told: OrderShown) -> str:
    """Do what a form of an order asks for; return what is wrong with it, "" if it was done."""
    try:
        with faults_told():
            if request.POST.get("do") == "refund":
                return _paid_back(request, by, told)
            if request.POST.get("do") == "end":
                by.require(Act.sell_tickets)
                let_go(told.id, why=gettext("at the counter"), by=by)
                return ""
            currency = told.order.currency
            amount = minor_of(request.POST.get("amount", ""), currency)
            fact = counter.take(
                act_id_of(request), told.id, request.POST.get("method", ""), amount, by=by
            )
    except SumError:
        return gettext(WORDS["sum"])
    except CounterError as error:
        return gettext(WORDS[error.code])
    except LaterError:
        return gettext(NOT_DONE)
    if fact.outcome == "paid":
        messages.success(request, gettext("Paid. The tickets are below."))
    elif fact.outcome == "late":
        messages.warning(request, gettext("Too late: others have the tickets. Pay it back."))
    return ""


def _paid_back(request: HttpRequest, by: Actor, told: OrderShown) -> str:
    """Pay the ticked tickets back; return what is wrong with it, "" if it was done."""
    ticked = set(request.POST.getlist("ticket"))
    tickets = [each.row.ticket for each in told.tickets if each.row.ticket.hex in ticked]
    try:
        fact = pay_back(
            act_id_of(request),
            told.id,
            tickets,
            request.POST.get("method", ""),
            request.POST.get("why", ""),
            by=by,
        )
    except ReasonMissing:
        return gettext(WORDS["reason"])
    whole = fact.surplus_minor + sum(amount for _, amount in fact.tickets)
    words = gettext("Paid back: %(sum)s. Hand it out now.")
    messages.success(request, words % {"sum": money(whole, told.order.currency)})
    return ""


def _order_shown(request: HttpRequest, by: Actor, told: OrderShown) -> dict[str, Any]:
    centre = context().ledger.rules().centre
    currency = told.order.currency
    return {
        "told": told,
        "event": named(told.event),
        "number": shown_number(told.number),
        "word": gettext(STATES[told.state]),
        "sign": SIGNS[told.state],
        "until": at(told.until_ms, zone_of_event(centre, told.event)),
        "lines": [
            (
                line.quantity,
                named(centre.products.get(line.product)),
                named(centre.sessions.get(line.session)),
                money(line.amount_minor, currency),
            )
            for line in told.order.lines
        ],
        "total": money(told.order.total_minor, currency),
        "captured": money(told.order.captured_minor, currency),
        "due": money(told.order.due_minor, currency),
        "due_plain": plain_sum(told.order.due_minor, currency),
        "waits": told.state in {OrderState.to_pay, OrderState.expired},
        "is_due": bool(told.order.due_minor),
        "surplus": money(told.order.surplus_minor, currency) if told.order.surplus_minor else "",
        "tickets": [
            (ticket.row, gettext(STATUS_WORDS[Status(ticket.row.status)]))
            for ticket in told.tickets
        ],
        "may_refund": by.may(Act.refund_orders) and bool(told.order.captured_minor),
        "methods": [(name, gettext(word)) for name, word in METHODS.items()],
        "may_sell": by.may(Act.sell_tickets),
        "shift": counter.open_shift_of(by.name),
        "act_id": act_id_of(request),
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.sell_tickets)
def shift(request: HttpRequest, by: Actor) -> HttpResponse:
    """Open a shift, bring cash to the safe, count the drawer and end it."""
    mine = counter.open_shift_of(by.name)
    trouble = ""
    if request.method == "POST":
        currency = mine.currency if mine else request.POST.get("currency", CURRENCIES[0])
        try:
            with faults_told():
                _shift_done(request, by, currency)
        except SumError:
            trouble = gettext(WORDS["sum"])
        except CounterError as error:
            trouble = gettext(WORDS[error.code])
        except LaterError:
            trouble = gettext(NOT_DONE)
        else:
            return redirect("sales-shift" if request.POST.get("do") != "end" else "sales")
    shown = {
        "shift": mine,
        "currencies": CURRENCIES,
        "trouble": trouble,
        "act_id": act_id_of(request),
    }
    return render(request, "desk/sales_shift.html", shown, status=409 if trouble else 200)


def _shift_done(request: HttpRequest, by: Actor, currency: str) -> None:
    if currency not in CURRENCIES:
        raise SumError(currency)
    amount = minor_of(request.POST.get("amount", ""), currency)
    act_id, what = act_id_of(request), request.POST.get("do", "")
    why = request.POST.get("why", "")
    if what == "open":
        counter.begin(act_id, currency, amount, by=by)
        messages.success(request, gettext("Your shift is open."))
    elif what == "drop":
        counter.move(act_id, -amount, why, by=by)
        messages.success(request, gettext("Noted: cash went to the safe."))
    elif what == "fetch":
        counter.move(act_id, amount, why, by=by)
        messages.success(request, gettext("Noted: change came from the safe."))
    else:
        difference = counter.end(act_id, amount, why, by=by)
        words = gettext("Your shift has ended. Difference: %(sum)s.")
        messages.success(request, words % {"sum": money(difference, currency)})
