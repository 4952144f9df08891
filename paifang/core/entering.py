"""What an entry or an exit changes about an entitlement, as pure functions.

Used when a gate decides, and again when its journal is read somewhere else: the same people at the
same gate leave the same state behind.
"""

from typing import NamedTuple

from paifang.core.rules import EntitlementRule
from paifang.core.tickets import Passage, Use, gate_uses_of, with_gate_uses


class Passed(NamedTuple):
    """People at a gate: which request, where, on which day of the site (its start, UTC ms), when.

    `by` is the staff member on duty, "" for nobody.
    """

    request_id: str
    terminal: str
    by: str
    gate: str
    zone: str
    day: int
    at_ms: int


def here(use: Use, zone: str, day: int) -> Use:
    """Return the state in a zone on a day: on a new day nothing is used, nobody inside.

    People are followed in one zone at a time, but a supervisor may open another one than the
    ticket's. Followed on, those of the first zone would leave by the second's gates.
    """
    if use.day != day:
        return use._replace(day=day, day_uses=0, inside=0, outside=0)
    if use.zone != zone:
        return use._replace(inside=0, outside=0)
    return use


def entered(use: Use, rule: EntitlementRule, passed: Passed, fresh: int, again: int) -> Use:
    """Return the entitlement, as it is `here`, after people went in."""
    shown = (use.first_at_ms, use.first_gate, use.first_terminal, use.first_by)
    if fresh and (not use.uses or (rule.day_uses_max and not use.day_uses and not rule.valid_days)):
        shown = (passed.at_ms, passed.gate, passed.terminal, passed.by)
    counted_at_gate = rule.gate_uses_max and fresh
    return Use(
        use.ticket,
        use.n,
        use.segment,
        use.uses + fresh,
        use.days + (1 if fresh and not use.day_uses else 0),
        use.day,
        use.day_uses + fresh,
        use.inside + fresh + again,
        # Who came back by an exit that stands in a journal that is missing left before it is known.
        max(0, use.outside - again),
        passed.zone,
        with_gate_uses(use, passed.gate, fresh) if counted_at_gate else use.gate_uses,
        *shown,
        passed.request_id,
        Passage.open,
    )


def entered_before(use: Use, rule: EntitlementRule, passed: Passed, count: int) -> Use:
    """Return the entitlement after an entry on a day before the one that is followed now.

    Who of that day left again is not known any more, so only the uses are counted.
    """
    counted = use._replace(uses=use.uses + count)
    if rule.gate_uses_max:
        counted = counted._replace(gate_uses=with_gate_uses(use, passed.gate, count))
    if use.uses:
        return counted
    return counted._replace(
        first_at_ms=passed.at_ms,
        first_gate=passed.gate,
        first_terminal=passed.terminal,
        first_by=passed.by,
    )


def went_out(use: Use, count: int) -> Use:
    """Return the entitlement after people who were inside went out."""
    return use._replace(inside=use.inside - count, outside=use.outside + count)


def is_beyond(use: Use, rule: EntitlementRule, people: int, gate: str) -> bool:
    """Whether more people went in than the entitlement of a ticket for so many `people` allows."""
    return (
        0 < rule.uses_max * people < use.uses
        or 0 < rule.day_uses_max * people < use.day_uses
        or 0 < rule.gate_uses_max * people < gate_uses_of(use, gate)
    )
