"""Taking an admission back: the exact reverse of what `decide` changed, as a pure function."""

from typing import NamedTuple

from paifang.core.tickets import Passage, Use, with_gate_uses


class Admitted(NamedTuple):
    """What one recorded entry changed: `fresh` and `again` people at a gate of a zone on a day."""

    request_id: str
    gate: str
    zone: str
    day: int
    fresh: int
    again: int


def can_undo(use: Use, admitted: Admitted, *, inside: bool) -> bool:
    """Whether the uses of an entry can still be given back: nobody of its people has left since.

    `inside` says whether they are still counted inside (a gate that reported that nobody passed has
    taken them off already). Once the ticket has entered on another day or in another zone, nothing
    tells any more whether they left before that, so then they count as passed.
    """
    if use.day != admitted.day:
        return False
    return not inside or _all_inside(use, admitted)


def can_uncount(use: Use, admitted: Admitted) -> bool:
    """Whether a report that nobody passed can be true: their going out was not recorded."""
    return not is_counted(use, admitted) or _all_inside(use, admitted)


def is_counted(use: Use, admitted: Admitted) -> bool:
    """Whether the entitlement still follows the people inside of that entry's zone and day.

    If not, the zone's count of that day stays as it is: exits may stand against it already.
    """
    return use.day == admitted.day and use.zone == admitted.zone


def _all_inside(use: Use, admitted: Admitted) -> bool:
    return is_counted(use, admitted) and use.inside >= admitted.fresh + admitted.again


def without_passage(use: Use, admitted: Admitted, passage: Passage) -> Use:
    """Return the entitlement after the gate reported that nobody passed: used, but not inside."""
    # Also if others of the ticket entered since: who comes next may be the one not let in.
    changed = use._replace(last_passage=passage)
    if not is_counted(use, admitted):
        return changed
    return changed._replace(
        inside=use.inside - admitted.fresh - admitted.again, outside=use.outside + admitted.again
    )


def annulled(use: Use, admitted: Admitted, *, inside: bool) -> Use:
    """Return the entitlement with an entry's uses given back, and its people off if still counted.

    The caller has asked `can_undo`.
    """
    uses, day_uses = use.uses - admitted.fresh, use.day_uses - admitted.fresh
    emptied = admitted.fresh and not day_uses
    changed = use._replace(uses=uses, day_uses=day_uses, days=use.days - (1 if emptied else 0))
    if use.gate_uses:
        changed = changed._replace(gate_uses=with_gate_uses(use, admitted.gate, -admitted.fresh))
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
