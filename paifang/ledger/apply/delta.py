"""What the centre issued, amended or erased since a lease began, as its lessee takes it in."""

from paifang.core.leases import LIVE_STATES
from paifang.core.tickets import CredentialState, Ticket
from paifang.ledger.apply.loading import note_loaded, put_record, segment_numbers
from paifang.ledger.apply.recover import follow_waiting
from paifang.ledger.facts import Answer, LoadFact
from paifang.ledger.faults import NotPossible
from paifang.ledger.lease_commands import ApplyDelta
from paifang.ledger.records import TicketRecord, credentials_of_record
from paifang.ledger.work import Work


def apply_delta(work: Work, command: ApplyDelta) -> Answer:
    """Take in what the centre issued, amended or erased since.

    Of a ticket that is known here only what the issuer may change is taken: its holder, and
    credentials; how far it is used is known here alone. Raises NotFound, NotPossible.
    """
    lease = work.lease(command.lease)
    if lease.state not in LIVE_STATES or command.cursor < lease.cursor:
        msg = "this lease has ended, or knows more already"
        raise NotPossible(msg)
    erased = [ticket for ticket in command.erased if work.tickets.get(ticket) is not None]
    fact = LoadFact(lease=lease.id.hex(), cursor=command.cursor, erased=len(erased))
    numbers = segment_numbers(work, command, command.segments)
    told = [*(record.id for record in command.records), *erased]
    answer = note_loaded(work, command, told, fact)
    for record in command.records:
        known = work.tickets.get(record.id)
        if known is None:
            put_record(work, record, numbers)
            follow_waiting(work, command, record.id)
        else:
            _amend(work, record, known)
    for ticket in erased:
        work.set_ticket(work.ticket(ticket)._replace(holder=""))
    work.leases.set(lease.id, lease._replace(cursor=command.cursor))
    return answer


def _amend(work: Work, record: TicketRecord, known: Ticket) -> None:
    work.set_ticket(known._replace(holder=record.holder, content=record.content))
    for row in credentials_of_record(record):
        mine = work.credentials.get(row.hash)
        # What was ended here (a voucher exchanged, say) is not brought back by an older word.
        if mine is None or (mine.state == CredentialState.live and mine != row):
            work.set_credential(row)
