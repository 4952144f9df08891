"""Tickets as they travel between nodes: whole, with entitlements and credentials.

Segments are numbered differently at each node, so a record names them by their place in the list
of names that travels with it. An entitlement that was never used is its segment alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from paifang.core.tickets import Status, Ticket, Use
from paifang.ledger.rows import BaseTicket, CredentialRow


class SegmentName(msgspec.Struct, frozen=True, array_like=True):
    """A segment as all nodes know it: its UUID (32 hex digits), site, and period ("": standing)."""

    uuid: str
    site: str
    period: str


class UseRecord(msgspec.Struct, frozen=True, array_like=True):
    """An entitlement: the place of its segment's name, and how far it is used ("": not at all).

    `state` are the fields of `Use` behind its segment, in their order.
    """

    segment: int
    state: tuple[int | str, ...] = ()


class CredentialRecord(msgspec.Struct, frozen=True, array_like=True):
    """A credential: keyed hash, kind, state, and the sealed value if it may be shown again."""

    hash: bytes
    kind: str
    state: int = 0
    sealed: bytes = b""


class TicketRecord(msgspec.Struct, frozen=True, array_like=True):
    """A ticket: the fields of `Ticket` with its home by the place of its name, and what it has."""

    id: bytes
    event: int
    product: int
    home: int
    status: int
    people: int
    session: int
    valid_from_ms: int
    valid_until_ms: int
    exchanged: int
    holder: str
    content: bytes
    uses: tuple[UseRecord, ...]
    credentials: tuple[CredentialRecord, ...]

    @property
    def is_pristine(self) -> bool:
        """Whether nothing has happened to it yet: valid, not exchanged, no entitlement used."""
        return not (self.status or self.exchanged or any(use.state for use in self.uses))


_PRISTINE = tuple(Use(b"", 0, 0))[3:]


def record_of(
    ticket: Ticket,
    uses: Sequence[Use],
    credentials: Sequence[CredentialRow],
    places: Mapping[int, int],
) -> TicketRecord:
    """Return a ticket as a record; `places` leads from segment numbers here to names' places."""
    return TicketRecord(
        ticket.id,
        ticket.event,
        ticket.product,
        places[ticket.home],
        *ticket[4:],
        tuple(
            UseRecord(places[use.segment], () if use[3:] == _PRISTINE else use[3:]) for use in uses
        ),
        tuple(CredentialRecord(row.hash, row.kind, row.state, row.sealed) for row in credentials),
    )


def ticket_of(record: TicketRecord, numbers: Sequence[int]) -> Ticket:
    """Return the ticket of a record; `numbers` are this node's numbers of the names, in order."""
    return Ticket(
        record.id,
        record.event,
        record.product,
        numbers[record.home],
        record.status,
        record.people,
        record.session,
        record.valid_from_ms,
        record.valid_until_ms,
        record.exchanged,
        record.holder,
        record.content,
    )


def uses_of(record: TicketRecord, numbers: Sequence[int]) -> list[Use]:
    """Return the entitlements of a record."""
    return [
        Use._make((record.id, n, numbers[use.segment], *(use.state or _PRISTINE)))
        for n, use in enumerate(record.uses)
    ]


def credentials_of_record(record: TicketRecord) -> list[CredentialRow]:
    """Return the credentials of a record."""
    return [
        CredentialRow(each.hash, each.kind, record.id, each.state, each.sealed)
        for each in record.credentials
    ]


class LoadedTicket(NamedTuple):
    """A ticket as a lessee was given it: what it is, its status then, people let in before."""

    ticket: Ticket
    status: int
    exchanged: int
    uses: int


_read_record = msgspec.msgpack.Decoder(TicketRecord).decode


def base_records(rows: Iterable[BaseTicket]) -> dict[bytes, TicketRecord]:
    """Return the tickets that were not untouched when a lease began, by their ids."""
    return {row.ticket: _read_record(row.record) for row in rows}


def loaded_ticket(ticket: Ticket, before: TicketRecord | None) -> LoadedTicket:
    """Return a ticket as it was given, by its record if it was not untouched then."""
    if before is None:
        return LoadedTicket(ticket, Status.valid, 0, 0)
    uses = sum(int(use.state[0]) for use in before.uses if use.state)
    return LoadedTicket(ticket, before.status, before.exchanged, uses)
