"""Quota: one counter per thing that can run out, decided in order by the one writer."""

from paifang.core import limits
from paifang.core import quota as rules
from paifang.core.leases import Right
from paifang.core.quota import Hold as HoldRow
from paifang.core.quota import HoldState, Quota
from paifang.core.reasons import Reason
from paifang.ledger.commands import Allot, Command, Confirm, Hold, Release, SetQuota
from paifang.ledger.facts import AllotFact, Answer, HoldEndFact, HoldFact, QuotaFact
from paifang.ledger.faults import Misuse, NotFound, NotPossible, TooLate
from paifang.ledger.work import Work

SWEEP_ROWS_MAX = 500
_SWEEP = Command()
"""What swept holds are recorded under: nobody's request."""


def _versions(work: Work) -> tuple[int, int]:
    return work.rules.centre.version, work.rules.node.version


def set_quota(work: Work, command: SetQuota) -> Answer:
    """Create a counter or change its capacity, never below what is taken."""
    if not 0 <= command.capacity <= limits.QUOTA_UNITS_MAX:
        msg = f"a capacity is 0 to {limits.QUOTA_UNITS_MAX}"
        raise Misuse(msg)
    found = work.quotas.get(command.quota)
    before = found if found is not None else Quota(command.quota, command.segment)
    after = rules.resize(before, command.capacity)
    if after is None:
        msg = "more than this is already held, sold or allotted"
        raise NotPossible(msg)
    _check_owned(work, before.segment)
    answer = work.write(
        before.segment,
        QuotaFact(
            rules=_versions(work),
            actor=command.actor,
            quota=command.quota,
            capacity=command.capacity,
        ),
        command,
    )
    work.quotas.set(after.id, after)
    return answer


def _check_owned(work: Work, segment: int) -> None:
    """Raise NotPossible unless this node decides, and not under a lease.

    How much there is, is the organiser's word; a venue only sells what it was given.
    """
    work.check_here(segment)
    if work.head_tail(segment).head.rights:
        msg = "under a lease nobody changes how much there is; the centre does"
        raise NotPossible(msg)


def allot(work: Work, command: Allot) -> Answer:
    """Move units from one counter to another that a venue sells from, in one commit.

    Raises:
        NotFound: There is no such quota, or nothing to take back from.
        NotPossible: The units are not free, or another node decides about one of them by now.
        Misuse: No units, or a quota to itself.
    """
    if not command.units or command.quota == command.to:
        msg = "units are moved between two different quotas"
        raise Misuse(msg)
    source = work.quota(command.quota)
    found = work.quotas.get(command.to)
    if found is None and command.units < 0:
        msg = f"there is no quota {command.to}"
        raise NotFound(msg)
    target = found if found is not None else Quota(command.to, command.segment)
    given = rules.allot(source, command.units)
    grown = rules.resize(target, target.capacity + command.units)
    if given is None or grown is None or grown.capacity > limits.QUOTA_UNITS_MAX:
        msg = "so many units are not free"
        raise NotPossible(msg)
    for quota in (source, target):
        _check_owned(work, quota.segment)
    fact = QuotaFact(
        rules=_versions(work), actor=command.actor, quota=grown.id, capacity=grown.capacity
    )
    work.write(grown.segment, fact, command, answers=False)
    told = AllotFact(
        rules=_versions(work),
        actor=command.actor,
        quota=given.id,
        to=grown.id,
        units=command.units,
    )
    answer = work.write(given.segment, told, command)
    for quota in (given, grown):
        work.quotas.set(quota.id, quota)
    return answer


def room_for(work: Work, quota: Quota, units: int) -> Quota | None:
    """Return a counter with units held, or None if they are not free; expired holds make room.

    Until it fits or no expired hold is left: nobody is told "sold out" over units that are only
    waiting to be swept. Nothing but the sweeping is written.
    """
    held = rules.hold(quota, units)
    rows_max, more = 0, True
    while held is None and more:
        rows_max += SWEEP_ROWS_MAX
        more = _sweep(work, quota, rows_max)
        held = rules.hold(work.quota(quota.id), units)
    return held


def hold(work: Work, command: Hold) -> Answer:
    """Reserve units, or answer `sold_out`; expired holds make room first."""
    if not 1 <= command.units <= limits.HOLD_UNITS_MAX:
        msg = f"a hold is for 1 to {limits.HOLD_UNITS_MAX} units"
        raise Misuse(msg)
    if not 1 <= command.for_ms <= limits.HOLD_MS_MAX:
        msg = f"a hold lasts at most {limits.HOLD_MS_MAX} ms"
        raise Misuse(msg)
    quota = work.quota(command.quota)
    if work.holds.get(command.hold) is not None:
        msg = "a hold with this name exists"
        raise NotPossible(msg)
    work.check_right(quota.segment, Right.sell)
    held = None if quota.segment in work.not_here else room_for(work, quota, command.units)
    until_ms = work.now_ms + command.for_ms
    reason = Reason.held_elsewhere if quota.segment in work.not_here else Reason.sold_out
    answer = work.write(
        1 if quota.segment in work.not_here else quota.segment,
        HoldFact(
            rules=_versions(work),
            actor=command.actor,
            hold=command.hold,
            quota=quota.id,
            units=command.units,
            until_ms=until_ms if held else 0,
            reason=Reason.ok.value if held else reason.value,
        ),
        command,
    )
    if held is not None:
        work.quotas.set(quota.id, held)
        work.holds.set(command.hold, HoldRow(command.hold, quota.id, command.units, until_ms))
    return answer


def confirm(work: Work, command: Confirm) -> Answer:
    """Sell held units. A hold that expired but was not swept still counts, so it may be sold."""
    row = work.hold(command.hold)
    if row.state == HoldState.released:
        msg = "this hold has expired or was let go; hold again"
        raise TooLate(msg)
    if row.state == HoldState.confirmed:
        msg = "this hold was confirmed already"
        raise NotPossible(msg)
    return end_hold(work, row, HoldState.confirmed, command)


def release(work: Work, command: Release) -> Answer:
    """Let held units go."""
    row = work.hold(command.hold)
    if row.state != HoldState.held:
        msg = "this hold has ended already"
        raise NotPossible(msg)
    return end_hold(work, row, HoldState.released, command)


def end_hold(
    work: Work,
    row: HoldRow,
    state: HoldState,
    command: Command,
    end: str = "",
    *,
    answers: bool = True,
) -> Answer:
    """Record the end of a hold that has not ended, and move its units."""
    quota = work.quota(row.quota)
    work.check_here(quota.segment)
    if command is not _SWEEP:
        work.check_right(quota.segment, Right.sell)
    answer = work.write(
        quota.segment,
        HoldEndFact(
            rules=_versions(work),
            actor=command.actor,
            hold=row.id,
            quota=row.quota,
            units=row.units,
            end=end or state.name,
        ),
        command,
        answers=answers,
    )
    move = rules.confirm if state is HoldState.confirmed else rules.release
    work.quotas.set(quota.id, move(quota, row.units))
    work.holds.set(row.id, row._replace(state=state))
    return answer


def _sweep(work: Work, quota: Quota, rows_max: int) -> bool:
    """Release a counter's expired holds, each as a fact of its own; whether more may be left.

    The engine is asked for `rows_max` of them, those this batch has released already included.
    """
    rows = work.engine.expired_holds(quota.id, work.now_ms, rows_max)
    expired = {row.id: row for row in rows}
    for row in work.holds.known.values():
        if row is not None and row.quota == quota.id and row.until_ms <= work.now_ms:
            expired[row.id] = row
    for name in sorted(expired):
        row = work.hold(name)
        if row.state == HoldState.held:
            end_hold(work, row, HoldState.released, _SWEEP, "expired")
    return len(rows) == rows_max
