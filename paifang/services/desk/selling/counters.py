"""How many may be sold: the ledger's counters of products and sessions, brought to what is set up.

They stand in the node's own segment: a venue that decides about tickets does not sell from them.
"""

from collections.abc import Iterable
from typing import Final

from paifang.core import limits
from paifang.core.quota import Quota
from paifang.ledger.commands import Command, SetQuota
from paifang.ledger.faults import LedgerFault
from paifang.ledger.work import OWN_SEGMENT
from paifang.services.desk.context import context
from paifang.store.models import Event, Session

NO_LIMIT: Final = limits.QUOTA_UNITS_MAX
"""A counter that was bounded once and is not any more."""


def product_counter(number: int) -> str:
    """Return the name of a product's counter."""
    return f"product:{number}"


def session_counter(number: int) -> str:
    """Return the name of a session's counter."""
    return f"session:{number}"


def limit_of(quota: Quota | None) -> int:
    """Return how many may be sold in all, 0 for no limit."""
    return 0 if quota is None or quota.capacity == NO_LIMIT else quota.capacity


def bring_sessions(event: Event, actor: str) -> None:
    """Let sessions that people book be sold up to their cap.

    Asked before rules are published, so that no session is for sale without its counter.

    Raises:
        LedgerFault: The ledger could not be reached.
    """
    if event.products.filter(prices__isnull=False, entitlements__session_bound=True).exists():
        sessions: Iterable[Session] = event.sessions.all()
        bring({session_counter(each.number): each.cap for each in sessions}, actor)


def bring(limits_wanted: dict[str, int], actor: str) -> None:
    """Bring counters to how many may be sold in all, 0 for no limit.

    Nobody loses what they have: below what is sold or held already a counter does not go.

    Raises:
        LedgerFault: The ledger could not be reached, or another node decides about a counter.
    """
    ledger = context().ledger
    known = ledger.quotas(list(limits_wanted))
    commands: list[Command] = []
    for name, wanted in limits_wanted.items():
        quota = known.get(name)
        if limit_of(quota) == wanted:
            continue
        taken = quota.capacity - quota.free if quota is not None else 0
        capacity = max(wanted, taken) if wanted else NO_LIMIT
        commands.append(SetQuota(quota=name, segment=OWN_SEGMENT, capacity=capacity, actor=actor))
    for start in range(0, len(commands), limits.IMPORT_BATCH_ROWS):
        for outcome in ledger.commit(commands[start : start + limits.IMPORT_BATCH_ROWS]):
            if isinstance(outcome, LedgerFault):
                raise outcome
