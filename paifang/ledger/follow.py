"""What a row that another node decided changes here: the same functions, and no second decision.

The lessee decided; the centre follows. What cannot be followed (a ticket nobody heard of) is told
by `Disputed` and counted, never refused: the row is history all the same.
"""

from collections.abc import Callable
from typing import Any

from paifang.core import quota as quotas
from paifang.core.entering import Passed, entered, entered_before, here, went_out
from paifang.core.leases import WishState
from paifang.core.quota import HoldState, Quota
from paifang.core.rules import CentreRules, EntitlementRule
from paifang.core.tickets import CredentialState, Passage, Use
from paifang.core.undo import Admitted, annulled, is_counted, without_passage
from paifang.ledger.facts import (
    AdmissionFact,
    AnnulFact,
    BindFact,
    ExchangeFact,
    Fact,
    HoldEndFact,
    HoldFact,
    IssueFact,
    PassageFact,
    RecordFact,
    RecoveredFact,
    StatusFact,
    WishAnswerFact,
    fact_of,
)
from paifang.ledger.recovered import original
from paifang.ledger.rows import Aftermath, JournalRow, Wish
from paifang.ledger.work import Work


class Disputed(Exception):
    """A row names what is not known here, so its effect is not taken over; it tells what."""


def follow(work: Work, row: JournalRow, fact: Fact, centre: CentreRules) -> None:
    """Change state as a row of another node says.

    Args:
        work: The batch; the row is in its journal already.
        row: The row, with this node's number of its segment.
        fact: What it says.
        centre: The centre's rules by which it was decided.

    Raises:
        Disputed: Before anything changed.
    """
    handler = _FOLLOW.get(type(fact))
    if handler is not None:
        handler(work, row, fact, centre)


def _use(work: Work, ticket: str, n: int) -> Use:
    for use in work.uses_of(bytes.fromhex(ticket)):
        if use.n == n:
            return use
    raise Disputed(f"no entitlement {n} of ticket {ticket}")


def _rule(work: Work, centre: CentreRules, ticket: str, n: int) -> EntitlementRule:
    found = work.tickets.get(bytes.fromhex(ticket))
    product = centre.products.get(found.product) if found is not None else None
    if product is None or n >= len(product.entitlements):
        raise Disputed(f"no rule for entitlement {n} of ticket {ticket}")
    return product.entitlements[n]


def _passed(row: JournalRow, fact: AdmissionFact, at_ms: int) -> Passed:
    return Passed(row.request_id, fact.terminal, fact.staff, fact.gate, fact.zone, fact.day, at_ms)


def _recovered(work: Work, row: JournalRow, fact: RecoveredFact, centre: CentreRules) -> None:
    if fact.disputed:
        # Its effect was not taken over where it was recovered, so it is not here either.
        return
    request = work.requests.get(row.request_id)
    if request is not None and request[2:] != row[:3]:
        raise Disputed(f"request {row.request_id} was answered elsewhere already")
    first = original(row)
    told = fact_of(first.kind, first.payload)
    if isinstance(told, AdmissionFact) and told.direction == "exit" and told.people:
        use = _use(work, told.ticket, told.n)
        if (use.day, use.zone) != (told.day, told.zone) or use.inside < told.people:
            # Their entry stands in a journal that is missing.
            raise Disputed(f"nobody of ticket {told.ticket} is known inside")
    if fact.late and type(told) is AdmissionFact and told.direction == "entry" and told.people:
        _late_entry(work, first, told, centre)
    else:
        follow(work, first, told, centre)


def _late_entry(work: Work, row: JournalRow, fact: AdmissionFact, centre: CentreRules) -> None:
    """Count an entry that was told after others of the same ticket, perhaps of later days."""
    use = _use(work, fact.ticket, fact.n)
    rule = _rule(work, centre, fact.ticket, fact.n)
    passed = _passed(row, fact, row.at_ms)
    if use.day > fact.day:
        work.set_use(entered_before(use, rule, passed, fact.fresh))
    else:
        there = here(use, fact.zone, fact.day)
        work.set_use(entered(there, rule, passed, fact.fresh, fact.again))
    work.count_zone(fact.zone, fact.day, fact.people)
    work.count_session(fact.session, fact.fresh)


def _admission(work: Work, row: JournalRow, fact: AdmissionFact, centre: CentreRules) -> None:
    if not fact.people:
        return
    use = _use(work, fact.ticket, fact.n)
    if fact.direction == "exit":
        work.set_use(went_out(use, fact.people))
        work.count_zone(fact.zone, fact.day, 0, fact.people)
        return
    rule = _rule(work, centre, fact.ticket, fact.n)
    there = here(use, fact.zone, fact.day)
    passed = _passed(row, fact, row.at_ms)
    work.set_use(entered(there, rule, passed, fact.fresh, fact.again))
    work.count_zone(fact.zone, fact.day, fact.people)
    work.count_session(fact.session, fact.fresh)


def _record(work: Work, row: JournalRow, fact: RecordFact, centre: CentreRules) -> None:
    if not fact.people:
        return
    use = _use(work, fact.ticket, fact.n)
    going_in = fact.direction != "exit"
    if going_in:
        rule = _rule(work, centre, fact.ticket, fact.n)
        passed = _passed(row, fact, fact.at_ms)
        if use.day > fact.day:
            changed = entered_before(use, rule, passed, fact.people)
        else:
            there = here(use, fact.zone, fact.day)
            changed = entered(there, rule, passed, fact.fresh, fact.again)
    else:
        changed = went_out(use, fact.people)
    work.set_use(changed)
    site = centre.sites[centre.zones[fact.zone].site]
    if fact.day == site.day_at(row.at_ms):
        entries, exits = (fact.people, 0) if going_in else (0, fact.people)
        work.count_zone(fact.zone, fact.day, entries, exits)
    if going_in:
        work.count_session(fact.session, fact.fresh)


def _admitted(work: Work, admission: str) -> tuple[AdmissionFact, Admitted]:
    row = work.row_of(admission)
    fact = None if row is None else fact_of(row.kind, row.payload)
    if not isinstance(fact, AdmissionFact):
        raise Disputed(f"no admission {admission}")
    return fact, Admitted(admission, fact.gate, fact.zone, fact.day, fact.fresh, fact.again)


def _passage(work: Work, _row: JournalRow, fact: PassageFact, _centre: CentreRules) -> None:
    told, admitted = _admitted(work, fact.admission)
    use = _use(work, fact.ticket, told.n)
    nobody = fact.passage != Passage.passed and told.direction == "entry"
    if nobody:
        work.set_use(without_passage(use, admitted, Passage(fact.passage)))
        work.count_zone(fact.zone, fact.day, -fact.off)
    work.aftermaths.set(
        fact.admission, Aftermath(fact.admission, fact.passage, 0, 1 if nobody else 0)
    )


def _annul(work: Work, _row: JournalRow, fact: AnnulFact, _centre: CentreRules) -> None:
    _, admitted = _admitted(work, fact.admission)
    use = _use(work, fact.ticket, fact.n)
    before = work.aftermath(fact.admission)
    inside = not before.off
    if inside and not is_counted(use, admitted):
        raise Disputed(f"admission {fact.admission} is not followed any more")
    work.set_use(annulled(use, admitted, inside=inside))
    work.count_zone(fact.zone, fact.day, -fact.off)
    work.count_session(fact.session, -fact.fresh)
    work.aftermaths.set(fact.admission, Aftermath(fact.admission, before.passage, 1, before.off))


def _status(work: Work, _row: JournalRow, fact: StatusFact, _centre: CentreRules) -> None:
    ticket = work.tickets.get(bytes.fromhex(fact.ticket))
    if ticket is None:
        raise Disputed(f"no ticket {fact.ticket}")
    work.set_ticket(ticket._replace(status=fact.status))


def _wish_answer(work: Work, row: JournalRow, fact: WishAnswerFact, _centre: CentreRules) -> None:
    ticket = work.tickets.get(bytes.fromhex(fact.ticket))
    if ticket is None:
        raise Disputed(f"no ticket {fact.ticket}")
    # A recovered answer is all there is; else a row of its own has told of the status.
    work.set_ticket(ticket._replace(status=fact.status))
    wish = work.wishes.get(bytes.fromhex(fact.wish))
    if wish is None:
        if work.head_tail(row.segment).head.rights:
            # At a spare: the centre alone keeps what it wishes.
            return
        # It was made by this node before it was brought back from a copy.
        name = bytes.fromhex(fact.wish)
        wish = Wish(name, ticket.id, fact.kind, int(fact.refund), row.at_ms)
    state = WishState.granted if fact.reason == "ok" else WishState.refused
    answered = wish._replace(state=state, answered_ms=row.at_ms, reason=fact.reason)
    work.wishes.set(wish.id, answered)


def _end(work: Work, hashes: tuple[str, ...], state: CredentialState) -> None:
    for hash_ in hashes:
        row = work.credentials.get(bytes.fromhex(hash_))
        if row is not None:
            work.set_credential(row._replace(state=state, sealed=b""))


def _bind(work: Work, _row: JournalRow, fact: BindFact, _centre: CentreRules) -> None:
    # What was bound came along as a record; only what it ended is told by the row.
    _end(work, fact.ended, CredentialState.replaced)


def _issue(work: Work, _row: JournalRow, fact: IssueFact, _centre: CentreRules) -> None:
    _end(work, fact.ended, CredentialState.replaced)


def _exchange(work: Work, _row: JournalRow, fact: ExchangeFact, _centre: CentreRules) -> None:
    if fact.reason != "ok":
        return
    ticket = work.tickets.get(bytes.fromhex(fact.ticket))
    if ticket is None:
        raise Disputed(f"no ticket {fact.ticket}")
    work.set_ticket(ticket._replace(exchanged=1))
    _end(work, fact.ended, CredentialState.exchanged)


def _quota(work: Work, name: str) -> Quota:
    found = work.quotas.get(name)
    if found is None:
        raise Disputed(f"no quota {name}")
    return found


def _hold(work: Work, _row: JournalRow, fact: HoldFact, _centre: CentreRules) -> None:
    if fact.reason != "ok":
        return
    held = quotas.hold(_quota(work, fact.quota), fact.units)
    if held is None:
        raise Disputed(f"quota {fact.quota} has not so many units")
    work.quotas.set(held.id, held)
    work.holds.set(fact.hold, quotas.Hold(fact.hold, fact.quota, fact.units, fact.until_ms))


def _hold_end(work: Work, _row: JournalRow, fact: HoldEndFact, _centre: CentreRules) -> None:
    quota, found = _quota(work, fact.quota), work.holds.get(fact.hold)
    if found is None or found.state != HoldState.held:
        raise Disputed(f"no hold {fact.hold}")
    confirmed = fact.end == HoldState.confirmed.name
    move = quotas.confirm if confirmed else quotas.release
    work.quotas.set(quota.id, move(quota, found.units))
    state = HoldState.confirmed if confirmed else HoldState.released
    work.holds.set(found.id, found._replace(state=state))


_FOLLOW: dict[type[Fact], Callable[[Work, JournalRow, Any, CentreRules], None]] = {
    RecoveredFact: _recovered,
    AdmissionFact: _admission,
    RecordFact: _record,
    PassageFact: _passage,
    AnnulFact: _annul,
    StatusFact: _status,
    WishAnswerFact: _wish_answer,
    BindFact: _bind,
    IssueFact: _issue,
    ExchangeFact: _exchange,
    HoldFact: _hold,
    HoldEndFact: _hold_end,
}
