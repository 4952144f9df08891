"""What the manager's pages say of terminals, in words."""

from typing import Final, NamedTuple

from django.utils.translation import gettext, ngettext

from paifang.core.reasons import N_
from paifang.core.rules import TerminalRole
from paifang.services.desk.terminal_list import State, TerminalRow

ROLE_WORDS: Final = {
    TerminalRole.gate: N_("Gate"),
    TerminalRole.badge: N_("Badges"),
    TerminalRole.box_office: N_("Box office"),
    TerminalRole.exchange: N_("Voucher exchange"),
    TerminalRole.kiosk: N_("Kiosk"),
    TerminalRole.monitor: N_("Monitor"),
}
ROLE_HINTS: Final = {
    TerminalRole.gate: N_("Admits at its gates; somebody is on duty."),
    TerminalRole.badge: N_("Finds people and looks at tickets; somebody is on duty."),
    TerminalRole.box_office: N_("Finds people and looks at tickets; somebody is on duty."),
    TerminalRole.exchange: N_("Finds people and looks at tickets; somebody is on duty."),
    TerminalRole.kiosk: N_("Admits without staff; shows no more than the verdict."),
    TerminalRole.monitor: N_("Shows counts and news on a wall; admits nobody."),
}
STATE_WORDS: Final = {
    State.working: N_("In use"),
    State.silent: N_("Not heard of"),
    State.waiting: N_("Waiting for its device"),
    State.unpaired: N_("No device yet"),
    State.program: N_("Asks by a fixed token"),
    State.revoked: N_("Withdrawn"),
}
STATE_SIGNS: Final = {
    State.working: "tick",
    State.silent: "triangle",
    State.waiting: "broken",
    State.unpaired: "broken",
    State.program: "keys",
    State.revoked: "cross",
}
ERROR_WORDS: Final = {
    "name_malformed": N_("A name has small letters, digits and hyphens only, such as north-3."),
    "name_taken": N_("There is a terminal of this name already."),
    "gate_unknown": N_("One of the gates does not exist any more. Reload the page."),
    "gates_missing": N_("Choose at least one gate; without one it admits nobody."),
    "reason_missing": N_("Say why, in a few words."),
    "gates_untold": N_("Kept here, but the gates could not be told yet. Save it once more later."),
}
_MINUTE_S: Final = 60
_HOUR_S: Final = 60 * _MINUTE_S
_DAY_S: Final = 24 * _HOUR_S


class RowShown(NamedTuple):
    """A terminal of the list with its words."""

    row: TerminalRow
    role: str
    state: str
    sign: str
    seen: str
    clock: str


def row_shown(row: TerminalRow) -> RowShown:
    """Return a terminal's words in the visitor's language."""
    return RowShown(
        row,
        gettext(ROLE_WORDS[TerminalRole(row.role)]),
        gettext(STATE_WORDS[row.state]),
        STATE_SIGNS[row.state],
        "" if row.seen_s < 0 else ago(row.seen_s),
        clock_off(row.clock_offset_ms) if row.clock_off else "",
    )


def ago(seconds: int) -> str:
    """Return how long ago something was, in the largest unit that is full."""
    if seconds < _MINUTE_S:
        words = ngettext("%(n)s second ago", "%(n)s seconds ago", seconds)
        return words % {"n": seconds}
    if seconds < _HOUR_S:
        minutes = seconds // _MINUTE_S
        return ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) % {"n": minutes}
    if seconds < _DAY_S:
        hours = seconds // _HOUR_S
        return ngettext("%(n)s hour ago", "%(n)s hours ago", hours) % {"n": hours}
    days = seconds // _DAY_S
    return ngettext("%(n)s day ago", "%(n)s days ago", days) % {"n": days}


def clock_off(offset_ms: int) -> str:
    """Return how far another machine's clock is ahead of ours, or behind, in full minutes."""
    seconds = abs(offset_ms) // 1000
    minutes = -(-seconds // _MINUTE_S)
    if offset_ms > 0:
        words = ngettext(
            "Its clock is %(n)s minute fast", "Its clock is %(n)s minutes fast", minutes
        )
    else:
        words = ngettext(
            "Its clock is %(n)s minute slow", "Its clock is %(n)s minutes slow", minutes
        )
    return words % {"n": minutes}
