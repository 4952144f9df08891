"""Tickets and their credentials: issue, amend, bind, exchange, status, erasure."""

from collections.abc import Iterator

import msgspec

from paifang.core import limits
from paifang.core.leases import Right, may
from paifang.core.reasons import Reason
from paifang.core.tickets import CredentialState, Status, Ticket, Use
from paifang.ledger.apply.admission import find_credential
from paifang.ledger.apply.sales import fulfil
from paifang.ledger.commands import Bind, Credential, Exchange, Issue, SetStatus
from paifang.ledger.facts import (
    Answer,
    BindFact,
    ExchangeFact,
    IssueFact,
    StatusFact,
    payload_of,
)
from paifang.ledger.faults import Differs, InUse, Misuse, NotPossible, Taken
from paifang.ledger.rows import CredentialRow
from paifang.ledger.work import OWN_SEGMENT, Work

IDENTITY = "identity"
"""The kind of the credential that tells an imported row from the others; it opens no gate."""

KEPT = frozenset({"code", "serial"})
"""Kinds that an amended row does not change."""

PERSONAL = frozenset({"document", "card", "account"})
"""Kinds that belong to the holder, not to the ticket."""

LASTING = frozenset({"code"})
"""Kinds that stay with a ticket also when it is void: a code was drawn for it alone."""

GONE = frozenset({Status.void, Status.refunded})


def _versions(work: Work) -> tuple[int, int]:
    return work.rules.centre.version, work.rules.node.version


def _locked(work: Work, ticket: bytes) -> Ticket:
    """Return a ticket as it is under the locks of its segments. Raises NotFound."""
    work.meet(ticket)
    return work.ticket(ticket)


def issue(work: Work, command: Issue) -> Answer:
    """Bring a ticket into being; one met again by its identity is left alone or amended."""
    _check_issue(work, command)
    if command.amends:
        ticket = _locked(work, command.ticket)
        work.check_here(ticket.home)
        return _amend(work, command, ticket, ticket.content)
    if command.identity:
        found = work.credentials.get(command.identity)
        if found is not None:
            return _meet_again(work, command, _locked(work, found.ticket))
    freed = tuple(pair for credential in command.credentials for pair in _freed(work, credential))
    if work.tickets.get(command.ticket) is not None:
        msg = "a ticket with this id exists"
        raise NotPossible(msg)
    ticket = Ticket(
        command.ticket,
        command.event,
        command.product,
        command.home,
        command.status,
        command.people,
        command.session,
        command.valid_from_ms,
        command.valid_until_ms,
        0,
        command.holder,
        command.content,
    )
    work.head_tail(command.home)
    for segment in command.segments:
        work.head_tail(segment)
    work.check_right(command.home, Right.sell)
    if command.order:
        fulfil(work, command)
    # A lease moves use, not issue: the issuer's fact stands in the issuer's own segment.
    segment = OWN_SEGMENT if command.home in work.not_here else command.home
    answer = work.write(
        segment,
        msgspec.structs.replace(_issue_fact(work, command), freed=freed),
        command,
        enclosures=command.enclosures,
        ticket=ticket,
    )
    work.set_ticket(ticket)
    work.uses[ticket.id] = []
    for n, use_segment in enumerate(command.segments):
        work.set_use(Use(ticket.id, n, use_segment))
    for credential in command.credentials:
        _bind(work, ticket.id, credential)
    if command.identity:
        work.set_credential(CredentialRow(command.identity, IDENTITY, ticket.id))
    return answer


def _check_issue(work: Work, command: Issue) -> None:
    """Refuse what would break the rules later. Raises Misuse."""
    product = work.rules.centre.products.get(command.product)
    if product is None or product.event != command.event:
        msg = "this event has no such product"
        raise Misuse(msg)
    if len(product.entitlements) != len(command.segments):
        msg = "each entitlement of the product needs its segment"
        raise Misuse(msg)
    if not 1 <= command.people <= limits.GROUP_PEOPLE_MAX:
        msg = f"people must be 1 to {limits.GROUP_PEOPLE_MAX}"
        raise Misuse(msg)
    if len(command.credentials) > limits.CREDENTIALS_MAX:
        msg = f"at most {limits.CREDENTIALS_MAX} credentials"
        raise Misuse(msg)
    if len(command.holder) > limits.DISPLAY_CHARS_MAX:
        msg = f"a holder's name has at most {limits.DISPLAY_CHARS_MAX} characters"
        raise Misuse(msg)
    if len(command.enclosures) > limits.ENCLOSURES_MAX or any(
        len(e.body) > limits.ENCLOSURE_BYTES_MAX for e in command.enclosures
    ):
        msg = "too many or too large enclosures"
        raise Misuse(msg)


def _meet_again(work: Work, command: Issue, ticket: Ticket) -> Answer:
    """The same row again: nothing to do, or the holder's particulars to amend."""
    if ticket.content == command.content:
        fact = _issue_fact(work, command, ticket)
        return Answer(fact=payload_of(fact), kind="issue", ticket=ticket, new=False)
    return _amend(work, command, ticket, command.content)


def _amend(work: Work, command: Issue, ticket: Ticket, content: bytes) -> Answer:
    """Change whose ticket it is, and the documents and accounts it opens by. Raises Differs."""
    same = (ticket.event, ticket.product, ticket.people, ticket.session, ticket.valid_from_ms)
    told = (command.event, command.product, command.people, command.session, command.valid_from_ms)
    if same != told or ticket.valid_until_ms != command.valid_until_ms:
        msg = "this row already has a ticket of another product or session"
        raise Differs(msg)
    fresh, ended = _changed_credentials(work, command, ticket)
    freed = tuple(pair for credential in fresh for pair in _freed(work, credential, ticket.id))
    amended = ticket._replace(holder=command.holder, content=content)
    fact = _issue_fact(work, command, ticket)
    answer = work.write(
        OWN_SEGMENT if ticket.home in work.not_here else ticket.home,
        msgspec.structs.replace(
            fact,
            amended=True,
            credentials=tuple((c.kind, c.hash.hex()) for c in fresh),
            ended=tuple(row.hash.hex() for row in ended),
            freed=freed,
        ),
        command,
        enclosures=command.enclosures,
        ticket=amended,
    )
    for row in ended:
        _end(work, row, CredentialState.replaced)
    for credential in fresh:
        _bind(work, ticket.id, credential)
    work.set_ticket(amended)
    return answer


def _changed_credentials(
    work: Work, command: Issue, ticket: Ticket
) -> tuple[list[Credential], list[CredentialRow]]:
    """Return what an amended row binds anew, and what that ends: a corrected document, say.

    Code and serial stay what they were; the guest has them already.
    """
    told = {c.hash: c for c in command.credentials if c.kind not in KEPT}
    fresh = []
    for credential in told.values():
        known = work.credentials.get(credential.hash)
        if known is None or known.ticket != ticket.id or known.state != CredentialState.live:
            fresh.append(credential)
    # By hand all but code and serial is told anew: what is not told was the former holder's.
    kinds = PERSONAL if command.amends else {credential.kind for credential in fresh}
    ended = [
        row
        for kind in sorted(kinds)
        for row in _live_credentials(work, ticket.id, kind)
        if row.hash not in told
    ]
    return fresh, ended


def _freed(work: Work, credential: Credential, owner: bytes = b"") -> Iterator[tuple[str, str]]:
    """Yield hash and ticket if the credential was that of a ticket which is void.

    Somebody whose ticket was void needs another by the same document, card or printed serial; a
    void ticket never becomes valid again. Raises Taken if it opens another ticket.
    """
    known = work.credentials.get(credential.hash)
    if known is None or known.ticket == owner:
        return
    is_free = (
        credential.kind not in LASTING
        and known.kind == credential.kind
        and known.state == CredentialState.live
        and work.ticket(known.ticket).status in GONE
    )
    if not is_free:
        raise Taken(credential.kind)
    yield credential.hash.hex(), known.ticket.hex()


def _issue_fact(work: Work, command: Issue, ticket: Ticket | None = None) -> IssueFact:
    """Return the fact of an issue, or of a ticket met again."""
    home = ticket.home if ticket else command.home
    segments = [use.segment for use in work.uses_of(ticket.id)] if ticket else command.segments
    return IssueFact(
        rules=_versions(work),
        actor=command.actor,
        ticket=(ticket.id if ticket else command.ticket).hex(),
        event=command.event,
        product=command.product,
        home=work.head_tail(home).head.uuid,
        segments=tuple(work.head_tail(segment).head.uuid for segment in segments),
        status=ticket.status if ticket else command.status,
        people=command.people,
        session=command.session,
        valid_from_ms=command.valid_from_ms,
        valid_until_ms=command.valid_until_ms,
        credentials=() if ticket else tuple((c.kind, c.hash.hex()) for c in command.credentials),
        identity="" if ticket else command.identity.hex(),
        order="" if ticket else command.order.hex(),
        line=command.line,
    )


def _bind(work: Work, ticket: bytes, credential: Credential) -> None:
    work.set_credential(
        CredentialRow(
            credential.hash, credential.kind, ticket, CredentialState.live, credential.sealed
        )
    )


def _end(work: Work, row: CredentialRow, state: CredentialState) -> None:
    work.set_credential(row._replace(state=state, sealed=b""))


def bind(work: Work, command: Bind) -> Answer:
    """Give a ticket a further credential; with `replaces`, its live ones of that kind end."""
    ticket = _locked(work, command.ticket)
    work.check_here(ticket.home)
    credential = command.credential
    if work.credentials.get(credential.hash) is not None:
        raise Taken(credential.kind)
    ended = []
    if command.replaces:
        ended = _live_credentials(work, ticket.id, credential.kind)
    answer = work.write(
        ticket.home,
        BindFact(
            rules=_versions(work),
            actor=command.actor,
            ticket=ticket.id.hex(),
            kind=credential.kind,
            hash=credential.hash.hex(),
            ended=tuple(row.hash.hex() for row in ended),
        ),
        command,
        ticket=ticket,
    )
    for row in ended:
        _end(work, row, CredentialState.replaced)
    _bind(work, ticket.id, credential)
    return answer


def _live_credentials(work: Work, ticket: bytes, kind: str) -> list[CredentialRow]:
    """Return a ticket's live credentials of a kind, as this batch sees them."""
    stored = {row.hash: row for row in work.engine.credentials_of(ticket, kind)}
    for row in work.credentials.known.values():
        if row is not None and row.ticket == ticket and row.kind == kind:
            stored[row.hash] = row
    return [row for _, row in sorted(stored.items()) if row.state == CredentialState.live]


def exchange(work: Work, command: Exchange) -> Answer:
    """Exchange a voucher for a ticket: mark it, bind a fresh code, end the voucher's own.

    Also if serial or document was shown: the voucher's code must not admit beside the ticket's.
    """
    shown = find_credential(work, command.lookups)
    ticket = None if shown is None else work.ticket(shown.ticket)
    reason = _exchange_refusal(work, shown, ticket)
    if reason is Reason.ok and work.credentials.get(command.fresh.hash) is not None:
        raise Taken(command.fresh.kind)
    opens = reason is Reason.ok
    ended = _live_credentials(work, ticket.id, "code") if opens and ticket else []
    here = ticket is not None and ticket.home not in work.not_here
    answer = work.write(
        ticket.home if ticket is not None and here else OWN_SEGMENT,
        ExchangeFact(
            rules=_versions(work),
            actor=command.actor,
            reason=reason.value,
            ticket=ticket.id.hex() if ticket else "",
            product=ticket.product if ticket else 0,
            hash=command.fresh.hash.hex() if opens else "",
            ended=tuple(row.hash.hex() for row in ended),
            terminal=command.terminal,
            staff=command.staff,
        ),
        command,
        ticket=ticket._replace(exchanged=1) if opens and ticket else ticket,
    )
    if opens and ticket is not None:
        work.set_ticket(ticket._replace(exchanged=1))
        for row in ended:
            _end(work, row, CredentialState.exchanged)
        _bind(work, ticket.id, command.fresh)
    return answer


_STATUS_REASONS = {
    Status.void: Reason.void,
    Status.refunded: Reason.refunded,
    Status.blocked: Reason.blocked,
    Status.unpaid: Reason.unpaid,
}


def _exchange_refusal(work: Work, shown: CredentialRow | None, ticket: Ticket | None) -> Reason:
    """Return why a voucher cannot be exchanged, or ok."""
    if shown is None or ticket is None:
        return Reason.unknown
    work.head_tail(ticket.home)
    exchanges = may(work.tails[ticket.home].head.rights, Right.exchange)
    if ticket.home in work.not_here or not exchanges:
        return Reason.held_elsewhere
    if ticket.exchanged or shown.state == CredentialState.exchanged:
        return Reason.already_exchanged
    if shown.state == CredentialState.replaced:
        return Reason.void
    refused = _STATUS_REASONS.get(Status(ticket.status))
    if refused is not None:
        return refused
    if not work.rules.centre.products[ticket.product].exchange_required:
        return Reason.already_exchanged
    return Reason.ok


ALLOWED = {
    Status.valid: {Status.blocked, Status.void, Status.refunded, Status.unpaid},
    Status.unpaid: {Status.valid, Status.blocked, Status.void},
    Status.blocked: {Status.valid, Status.void, Status.refunded},
    Status.void: {Status.refunded},
    Status.refunded: set(),
}


def set_status(work: Work, command: SetStatus) -> Answer:
    """Change what the issuer says of a ticket. A void ticket never becomes valid again."""
    ticket = _locked(work, command.ticket)
    before = Status(ticket.status)
    if command.status not in ALLOWED[before]:
        msg = f"a ticket that is {before.name} cannot become {command.status.name}"
        raise NotPossible(msg)
    work.check_here(ticket.home)
    if command.unused and (ticket.exchanged or _is_used(work, ticket.id)):
        msg = "somebody has entered by this ticket"
        raise InUse(msg)
    changed = ticket._replace(status=command.status)
    answer = work.write(
        ticket.home,
        StatusFact(
            rules=_versions(work),
            actor=command.actor,
            ticket=ticket.id.hex(),
            status=command.status,
            before=before,
            reason_text=command.reason_text,
        ),
        command,
        ticket=changed,
    )
    work.set_ticket(changed)
    return answer


def _is_used(work: Work, ticket: bytes) -> bool:
    """Whether somebody entered by a ticket. Raises NotPossible if another host would know."""
    uses = work.uses_of(ticket)
    for use in uses:
        work.check_here(use.segment)
    return any(use.uses for use in uses)
