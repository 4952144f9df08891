"""What is said where a host takes over from a dead one, in the visitor's language."""

from typing import Final, NamedTuple

from django.utils.translation import gettext

from paifang.core.reasons import N_
from paifang.services.desk.failover import GateRow
from paifang.services.desk.leases import LeaseError
from paifang.web.desk.terminal_words import ago
from paifang.web.desk.venue_words import ERROR_WORDS, trouble

_ABOUT: Final = {
    "gates_missing": N_("These gates have not told their journals either: %(gates)s."),
    "gate_told": N_("The journal of %(gates)s has come meanwhile. It needs not be written off."),
}


class GateShown(NamedTuple):
    """A gate with its words; `bar` is what the mark at its edge looks like."""

    row: GateRow
    state: str
    sign: str
    bar: str
    heard: str


def gate_shown(row: GateRow) -> GateShown:
    """Return in words how far a gate's journal has come, and when the gate was last heard of."""
    if row.has_told:
        state, sign, bar = gettext("Its journal has come"), "tick", "working"
    elif row.parts:
        state = gettext("%(taken)s of %(parts)s parts of its journal have come") % {
            "taken": row.taken,
            "parts": row.parts,
        }
        sign, bar = "moon", "silent"
    else:
        state, sign, bar = gettext("Its journal is missing"), "triangle", "silent"
    if row.seen_s < 0:
        heard = gettext("not heard of at this machine yet")
    else:
        heard = gettext("last heard of %(when)s") % {"when": ago(row.seen_s)}
    return GateShown(row, state, sign, bar, heard)


def trouble_of(fault: LeaseError) -> str:
    """Return what was the matter with opening, or with handing over."""
    if fault.code in _ABOUT:
        return gettext(_ABOUT[fault.code]) % {"gates": fault.subject}
    return trouble(fault.code if fault.code in ERROR_WORDS else "refused")
