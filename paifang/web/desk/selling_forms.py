"""What somebody chose in a shop's form, read back: how many of what, and who they are."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from django.utils.translation import gettext

from paifang.core.pricing import Wanted
from paifang.services.desk.selling.offers import Offer
from paifang.services.desk.selling.ordering import Buyer
from paifang.services.desk.tickets.person_form import PersonError, read_person

FIELDS: Final = ("name", "email", "phone")
_DIGITS_MAX: Final = 4


class Chosen(NamedTuple):
    """An offer with how many of it were typed."""

    offer: Offer
    quantity: int


def chosen(form: Mapping[str, str], offers: Sequence[Offer]) -> list[Chosen]:
    """Return each offer with the number that was typed for it, 0 for none or nonsense."""
    found = []
    for offer in offers:
        typed = form.get(offer.key, "").strip()
        is_number = typed.isascii() and typed.isdecimal() and len(typed) <= _DIGITS_MAX
        found.append(Chosen(offer, int(typed) if is_number else 0))
    return found


def wanted_of(lines: Sequence[Chosen]) -> tuple[Wanted, ...]:
    """Return what is wanted, as the ledger takes it."""
    return tuple(
        Wanted(
            line.offer.product.number,
            line.offer.session.number if line.offer.session else 0,
            line.quantity,
        )
        for line in lines
        if line.quantity
    )


def buyer_of(form: Mapping[str, str], wrong: dict[str, str], *, required: bool) -> Buyer:
    """Return who buys; what is wrong of it goes into `wrong` by field, in words."""
    told = {name: form.get(name, "") for name in FIELDS}
    if required and not told["name"].strip():
        wrong["name"] = gettext("Write your name.")
    if required and not told["email"].strip() and not told["phone"].strip():
        wrong["email"] = gettext("Write an e-mail address or a phone number.")
    if wrong:
        return Buyer()
    try:
        row = read_person(told)
    except PersonError as error:
        wrong[error.field] = gettext(error.message) % error.params
        return Buyer()
    return Buyer(row.name, row.email, row.phone)
