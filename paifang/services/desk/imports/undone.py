"""Which tickets were taken back with the import that made them."""

from collections.abc import Collection
from uuid import UUID

from paifang.store.models import ImportTicket


def undone_among(tickets: Collection[bytes]) -> Collection[bytes]:
    """Return those of these tickets that were taken back: their rows may get a ticket again."""
    ids = [UUID(bytes=ticket) for ticket in tickets]
    found = ImportTicket.objects.filter(ticket__in=ids, undone=True)
    return {ticket.bytes for ticket in found.values_list("ticket", flat=True)}
