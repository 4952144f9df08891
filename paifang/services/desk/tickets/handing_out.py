"""Handing out tickets nobody pays for: one to a guest, or a number of them to an exhibitor.

One act, one id: what was half done goes on when the form is sent again. Where the product has a
quota in the ledger, or a company's is handed out of, the units are held before and sold after, so
that nothing is handed out twice.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from paifang.core import limits
from paifang.core.reasons import Reason
from paifang.core.rules import Product, Rules
from paifang.ledger.commands import Confirm, Hold, Issue, Release
from paifang.ledger.facts import HoldFact
from paifang.ledger.faults import LedgerFault, NotFound, NotPossible, Taken
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.tickets.acts import Issuers, reason_of, request_of
from paifang.services.desk.tickets.company_quotas import counter_of
from paifang.services.desk.tickets.issuing_many import issue_all
from paifang.store.models import CompanyQuota

HOLD_MS: Final = 15 * 60 * 1000


class HandOutError(Exception):
    """Tickets cannot be handed out like this; `code` is stable."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class HandOut:
    """What is handed out: `count` tickets of a product for a person, or in a company's name.

    `quota` is the company's quota they come out of, None for none.
    """

    product: int
    count: int
    holder: Attendee
    quota: UUID | None = None


def hand_out(rules: Rules, wish: HandOut, *, act_id: str, why: str, by: Actor) -> list[bytes]:
    """Hand out tickets; their ids.

    Args:
        rules: The bundle in force.
        wish: What, and for whom.
        act_id: Names the act; given again, what was handed out is not handed out again.
        why: The reason in words.
        by: Who acts.

    Raises:
        NotPermitted: They may not.
        ReasonMissing: No reason was given.
        HandOutError: product_unknown, count_wrong, count_own, session_needed, session_needless,
            quota_unknown, document_taken, card_taken, sold_out or company_sold_out. A wish that was
            changed then is another act.
        LedgerFault: The ledger could not be reached or cannot write; ask again with the same id.
    """
    by.require(Act.hand_out_tickets)
    why = reason_of(why)
    product = rules.centre.products.get(wish.product)
    if product is None:
        raise HandOutError("product_unknown")
    if not 1 <= wish.count <= limits.HAND_OUT_MAX:
        raise HandOutError("count_wrong")
    if wish.count > 1 and (wish.holder.document or wish.holder.card):
        # Each opens one ticket; the second would be refused when the first is made already.
        raise HandOutError("count_own")
    _require_session(rules, product, wish.holder)
    holds = _held(wish, act_id, by)
    tickets = _issued(rules, wish, act_id, by)
    for hold in holds:
        _end_hold(hold, by)
    audit.record(
        "tickets_handed_out",
        who=by.name,
        subject=f"{wish.count} {product.number} {act_id}",
        why=why,
        where=by.where,
    )
    return tickets


def _require_session(rules: Rules, product: Product, holder: Attendee) -> None:
    slot = rules.centre.sessions.get(holder.session)
    if any(rule.session_bound for rule in product.entitlements):
        if slot is None or slot.event != product.event:
            raise HandOutError("session_needed")
    elif holder.session:
        raise HandOutError("session_needless")


def _issued(rules: Rules, wish: HandOut, act_id: str, by: Actor) -> list[bytes]:
    issuer = Issuers(rules, by).of_product(wish.product)

    def drawn(place: int) -> Issue:
        return msgspec.structs.replace(
            issuer.issue(wish.holder).command, request_id=request_of(act_id, "hand-out", place)
        )

    try:
        return issue_all(drawn, wish.count)
    except Taken as taken:
        raise HandOutError(f"{taken.detail}_taken") from taken


def _held(wish: HandOut, act_id: str, by: Actor) -> list[str]:
    """Hold units of all quotas there are for a wish; the names of the holds."""
    counters = {"sold_out": f"product:{wish.product}"}
    if wish.quota is not None:
        row = CompanyQuota.objects.filter(pk=wish.quota, product__number=wish.product).first()
        if row is None:
            raise HandOutError("quota_unknown")
        counters["company_sold_out"] = counter_of(row.pk)
    holds: list[str] = []
    for code, counter in counters.items():
        name = request_of(act_id, f"hold-{counter}", wish.product)
        reason = _hold(counter, name, wish.count, by)
        if reason not in {Reason.ok.value, ""}:
            for hold in holds:
                context().ledger.commit([Release(actor=by.name, hold=hold)])
            raise HandOutError(code)
        holds += [name] if reason else []
    return holds


def _hold(counter: str, name: str, count: int, by: Actor) -> str:
    """Hold units of a counter; the reason of the answer, "" if there is no such counter."""
    command = Hold(
        request_id=name, actor=by.name, hold=name, quota=counter, units=count, for_ms=HOLD_MS
    )
    (answer,) = context().ledger.commit([command])
    if isinstance(answer, NotFound):
        return ""
    if isinstance(answer, LedgerFault):
        raise answer
    fact = answer.decoded()
    assert isinstance(fact, HoldFact), "a hold is answered with its fact"
    return fact.reason


def _end_hold(hold: str, by: Actor) -> None:
    """Sell what was held; asked again, it has been sold."""
    (answer,) = context().ledger.commit(
        [Confirm(request_id=f"{hold}-sold", actor=by.name, hold=hold)]
    )
    if isinstance(answer, LedgerFault) and not isinstance(answer, NotPossible):
        raise answer
