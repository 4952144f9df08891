"""Tickets a lessee was never told of, admitted by what their signed code says.

Exact, although nobody can be asked: in a leased segment nothing is used, voided or given another
code without the lessee, so a genuine code that is not known here was sold after the last delta.
"""

from collections.abc import Sequence

from paifang.core.tickets import Ticket, Use
from paifang.ledger.apply.loading import note_loaded
from paifang.ledger.apply.waiting import acts_wait
from paifang.ledger.commands import Command, SignedTicket
from paifang.ledger.facts import LoadFact
from paifang.ledger.work import Work

NOTHING: tuple[None, tuple[Use, ...]] = (None, ())


def unseen(work: Work, ticket: bytes, told: SignedTicket) -> tuple[Ticket | None, Sequence[Use]]:
    """Return a ticket as its genuine code tells of it, None where this node could not know.

    Only a lessee may: at the centre a ticket that is not there was never issued. Nor one whose acts
    at a host before are known here and wait for it: how far it is used is known with the delta.
    """
    product = work.rules.centre.products.get(told.product)
    if product is None or not product.signed_codes:
        return NOTHING
    numbers = []
    for rule in product.entitlements:
        place = work.rules.place_of(rule, told.session, told.valid_from_ms, told.valid_until_ms)
        tail = work.tail_of(*place)
        if tail is None:
            return NOTHING
        numbers.append(tail.head.number)
    if not numbers or not work.tails[numbers[0]].head.until_ms or acts_wait(work, ticket):
        return NOTHING
    made = Ticket(
        ticket,
        product.event,
        product.number,
        numbers[0],
        people=told.people,
        session=told.session,
        valid_from_ms=told.valid_from_ms,
        valid_until_ms=told.valid_until_ms,
    )
    return made, [Use(ticket, n, number) for n, number in enumerate(numbers)]


def keep_unseen(work: Work, command: Command, ticket: Ticket, uses: Sequence[Use]) -> None:
    """Keep such a ticket, before it is used for the first time; the next delta adds the rest."""
    note_loaded(work, command, [ticket.id], LoadFact(lease="", unseen=True), answers=False)
    work.set_ticket(ticket)
    work.uses[ticket.id] = list(uses)
    for use in uses:
        work.changed_uses[use.ticket, use.n] = use
