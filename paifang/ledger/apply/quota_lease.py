"""Quota that goes to a venue with a lease, comes back by its rows, or is lost with its host."""

from typing import Final

from paifang.core.leases import Right
from paifang.core.quota import Hold, HoldState, Quota
from paifang.ledger.commands import Command
from paifang.ledger.facts import QuotaFact
from paifang.ledger.journal import Tail
from paifang.ledger.lease_commands import Counts
from paifang.ledger.rows import Lease
from paifang.ledger.work import Work

_EVER_MS: Final = (1 << 62) - 1
_ROWS: Final = 1 << 31


def take_quotas(work: Work, counts: Counts, numbers: dict[str, int]) -> None:
    """Begin with counters and holds as the centre left them; `numbers` are by segments' UUIDs."""
    for name, uuid, *state in counts.quotas:
        work.quotas.set(name, Quota(name, numbers[uuid], *state))
        # What an earlier lease left open here was ended at the centre since, unless it says so.
        for row in work.engine.expired_holds(name, _EVER_MS, _ROWS):
            work.holds.set(row.id, row._replace(state=HoldState.released))
    for hold in counts.holds:
        work.holds.set(hold[0], Hold(*hold))


def set_aside(work: Work, command: Command, lease: Lease, tails: list[Tail]) -> None:
    """Sell no more of what a lost host may have sold and never told (I7): what is taken is all.

    Somebody who has counted raises it again.
    """
    if Right.sell not in lease.rights.split():
        return
    for tail in tails:
        for quota in work.engine.find_quotas(tail.head.number):
            if not quota.free:
                continue
            less = quota._replace(capacity=quota.capacity - quota.free)
            fact = QuotaFact(
                rules=work.versions,
                actor=command.actor,
                quota=quota.id,
                capacity=less.capacity,
            )
            work.write(tail.head.number, fact, command, answers=False)
            work.quotas.set(quota.id, less)
