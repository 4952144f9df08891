"""Forgetting a person: bodies and salts are cleared, digests stay, so the chain verifies."""

from paifang.core.tickets import Ticket
from paifang.ledger import tables as t
from paifang.ledger.commands import Erase
from paifang.ledger.facts import Answer, EraseFact
from paifang.ledger.work import OWN_SEGMENT, Work


def erase(work: Work, command: Erase) -> Answer:
    """Clear bodies, salts and display columns of a ticket, and who bought it.

    Raises:
        NotFound: There is no such ticket.
    """
    work.meet(command.ticket)
    ticket = work.ticket(command.ticket)
    bodies = clear_person(work, ticket)
    sold = work.books.sold.get(ticket.id)
    if sold is not None:
        bodies += clear_about(work, sold.sale)
    return work.write(
        OWN_SEGMENT,
        EraseFact(
            rules=work.versions,
            actor=command.actor,
            ticket=ticket.id.hex(),
            bodies=bodies,
            reason_text=command.reason_text,
            order=sold.sale.hex() if sold is not None else "",
        ),
        command,
        ticket=work.ticket(ticket.id),
    )


def clear_person(work: Work, ticket: Ticket) -> int:
    """Clear what is kept of a person with a ticket; return how many enclosures that were."""
    work.set_ticket(ticket._replace(holder=""))
    return clear_about(work, ticket.id)


def clear_about(work: Work, name: bytes) -> int:
    """Clear the enclosures about a ticket or an order; return how many that were."""
    # Enclosures of this very batch are not in the database yet; they are cleared on their way in.
    fresh = [row for row in work.enclosures if row.ticket == name and row.salt]
    gone = {row[: t.ENCLOSURE.key] for row in work.erased}
    stored = [
        row
        for row in work.engine.enclosures_of(name)
        if row.salt and row[: t.ENCLOSURE.key] not in gone
    ]
    work.erased += [row._replace(salt=b"", body=b"") for row in stored]
    work.enclosures = [
        row._replace(salt=b"", body=b"") if row.ticket == name else row for row in work.enclosures
    ]
    return len(stored) + len(fresh)
