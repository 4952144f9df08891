"""What shop and box office say of offers, orders and why something was not sold."""

from typing import Final

from paifang.core.pricing import NotSold
from paifang.core.reasons import N_
from paifang.core.selling import SaleState
from paifang.services.desk.selling.orders import OrderState

REFUSED: Final = {
    NotSold.not_on_sale.value: N_("This is not for sale at the moment."),
    NotSold.session_needed.value: N_("Choose a session for this ticket."),
    NotSold.session_over.value: N_("This session is over. Choose another one."),
    NotSold.too_many.value: N_("These are more tickets than one order may have."),
    NotSold.one_currency.value: N_("Tickets of different currencies need an order each."),
    NotSold.nothing.value: N_("Choose how many tickets you want."),
    "sold_out": N_("So many are not left. Choose fewer, or another session."),
    "price_changed": N_("The price has changed. Look at it once more, then order."),
    "too_often": N_("These were many orders from one place. Wait some minutes, then try again."),
    "at_the_centre": N_("This venue does not sell by itself. Order in the organiser's shop."),
}
STATES: Final = {
    OrderState.to_pay: N_("To be paid"),
    OrderState.expired: N_("The time is over"),
    OrderState.ended: N_("Let go"),
    OrderState.making: N_("Paid, tickets are being made"),
    OrderState.paid: N_("Paid"),
}
LIST_STATES: Final[dict[int, str]] = {
    SaleState.held: N_("To be paid"),
    SaleState.paid: N_("Paid"),
    SaleState.ended: N_("Let go"),
}
LIST_SIGNS: Final[dict[int, str]] = {
    SaleState.held: "broken",
    SaleState.paid: "tick",
    SaleState.ended: "cross",
}
METHODS: Final = {"cash": N_("Cash"), "card": N_("By card")}
SIGNS: Final = {
    OrderState.to_pay: "broken",
    OrderState.expired: "triangle",
    OrderState.ended: "cross",
    OrderState.making: "again",
    OrderState.paid: "tick",
}
