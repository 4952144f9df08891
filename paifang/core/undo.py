"""Taking an admission back: the exact reverse of what `decide` changed, as a pure function."""

from typing import NamedTuple

from paifang.core.tickets import Passage, Use, with_gate_uses


class Admitted(NamedTuple):
    """What one recorded entry changed."""

    request_id: str
    gate: str
    day: int
    fresh: int
    again: int


def can_undo(use: Use, admitted: Admitted, *, inside: bool) -> bool:
    """Whether the people of an entry can still be un-counted: nobody of them has left since.

    `inside` says whether they are still counted inside (a gate that reported that nobody passed has
    taken them off already).
    """
    if use.day != admitted.day or not inside:
        return True
    return use.inside >= admitted.fresh + admitted.again


def without_passage(use: Use, admitted: Admitted, passage: Passage) -> Use:
    """Return the entitlement after the gate reported that nobody passed: used, but not inside."""
    changed = use
    if use.last_request == admitted.request_id:
        changed = use._replace(last_passage=passage)
    if use.day != admitted.day:
        return changed
    return changed._replace(
        inside=use.inside - admitted.fresh - admitted.again, outside=use.outside + admitted.again
    )


def annulled(use: Use, admitted: Admitted, *, inside: bool) -> Use:
    """Return the entitlement with an entry's uses given back, and its people off if still counted."""
    uses = use.uses - admitted.fresh
    changed = use._replace(uses=uses)
    if use.gate_uses:
        changed = changed._replace(gate_uses=with_gate_uses(use, admitted.gate, -admitted.fresh))
    if use.day == admitted.day:
        day_uses = use.day_uses - admitted.fresh
        emptied = admitted.fresh and not day_uses
        changed = changed._replace(day_uses=day_uses, days=use.days - (1 if emptied else 0))
        if inside:
            changed = changed._replace(
                inside=use.inside - admitted.fresh - admitted.again,
                outside=use.outside + admitted.again,
            )
    if use.last_request == admitted.request_id:
        changed = changed._replace(last_request="", last_passage=Passage.open)
    if not uses:
        changed = changed._replace(first_at_ms=0, first_gate="", first_terminal="", first_by="")
    return changed
