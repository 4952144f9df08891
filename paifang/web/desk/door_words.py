"""What the pages of door lists say of lines and lists, as message ids."""

from typing import Final

from paifang.core.reasons import N_
from paifang.core.rules import Direction

LIST_WORDS: Final = {
    "gate_unknown": N_("Choose a gate."),
    "session_unknown": N_("There is no such session."),
    "too_long": N_(
        "%(count)s tickets are more than one list holds (2,000). Choose a session, or another gate."
    ),
    "nobody": N_("No valid ticket may pass this gate, so there is nobody to print."),
    "too_busy": N_("Several lists are being made at once. Try again."),
}
"""Why a list cannot be printed."""

RESULT_WORDS: Final = {
    "accepted": N_("Recorded."),
    "conflict": N_("Recorded, in conflict."),
    "unknown": N_("Written down, counted nobody."),
    "refused": N_("Not recorded."),
}
"""What became of a line."""

REFUSED_WORDS: Final = {
    "time_wrong": N_("Give the time as hours and minutes, such as 09:12."),
    "count_wrong": N_("Give the number of people, 1 to 999."),
    "direction_not_here": N_("This gate is not passed in this direction."),
    "serial_wrong": N_("This is no serial; give all 14 digits, or the number on the list."),
    "list_missing": N_("Say first which list the numbers are of."),
    "number_wrong": N_("This number is not on the list."),
    "tail_differs": N_("Number and last four digits do not belong together."),
    "in_future": N_("This time has not come yet."),
    "too_late": N_("This is too long ago, or before the event began."),
    "id_conflict": N_("This line was recorded already with another time."),
    "other": N_("This cannot be recorded."),
}
"""Why a line was not recorded."""

WAY_WORDS: Final = {Direction.entry: N_("Entry"), Direction.exit: N_("Exit")}
