"""Everything the page of a gate says, in the visitor's language, and what it starts with."""

from typing import Any, Final

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.translation import gettext

from paifang.core import limits
from paifang.core.reasons import N_, NEVER_OVERRIDDEN, WORDS, Reason
from paifang.services.desk.gate_pages import GateChoice, supervisors
from paifang.store.models import User

SCREEN_WORDS: Final = {
    "entry": N_("Entry"),
    "exit": N_("Exit"),
    "connected": N_("Connected"),
    "connecting": N_("Connecting"),
    "no_connection": N_("No connection"),
    "trying_again": N_("No connection, trying again"),
    "trying_hint": N_("Nobody passes until the answer is here. Check the network."),
    "asking": N_("Asking"),
    "data_now": N_("live"),
    "data_age": N_("{age} old"),
    "inside": N_("inside"),
    "of_cap": N_("of {cap}"),
    "entries_exits": N_("{entries} in, {exits} out"),
    "nearly_full": N_("Nearly full"),
    "full": N_("Full"),
    "goodbye": N_("Goodbye"),
    "goodbye_sentence": N_("Counted out."),
    "people": N_("{people} people"),
    "last_use": N_("last use"),
    "uses_left": N_("{left} left"),
    "group_of": N_("group of {people}"),
    "by_override": N_("admitted by a supervisor"),
    "first_entry": N_("First entry"),
    "by": N_("by {name}"),
    "waiting": N_("Waiting for the answer"),
    "undone": N_("Undone"),
    "undo": N_("Undo"),
    "undo_failed": N_("Could not be undone"),
    "next": N_("Next"),
    "supervisor": N_("Supervisor"),
    "identity_checked": N_("Identity checked, admit"),
    "nothing_yet": N_("Nothing scanned yet"),
    "input_method": N_("An input method is on. Switch it to English."),
    "too_long": N_("This is longer than any code. Scan again."),
    "signed_out": N_("Signed out"),
    "signed_out_hint": N_("Open the start page and sign in again."),
    "revoked": N_("Terminal withdrawn"),
    "revoked_hint": N_("Choose another gate on the start page, or ask the manager."),
    "problem": N_("Not possible"),
    "too_late": N_("Only possible within 15 minutes of the entry."),
    "pin_wrong": N_("Name and PIN do not belong together."),
    "pin_locked": N_("Too many wrong PINs. Wait a few minutes."),
    "reason_missing": N_("Say why, in a few words."),
}
"""Short texts of the page, by the name its modules ask for them."""


def page_data(request: HttpRequest, choice: GateChoice, user: User) -> dict[str, Any]:
    """Return what the page of a gate starts with, as a value for a JSON script element."""
    return {
        "language": request.LANGUAGE_CODE,
        "csrf": get_token(request),
        "terminal": choice.terminal,
        "gates": [gate._asdict() for gate in choice.gates],
        "staff": {"username": user.username, "name": user.name, "role": user.role},
        "supervisors": [person._asdict() for person in supervisors()],
        "addresses": {
            "start": reverse("start"),
            "token": reverse("scan-token"),
            "api": "/api/v1",
        },
        "limits": {
            "code_chars": limits.CODE_CHARS_MAX,
            "people": limits.GROUP_PEOPLE_MAX,
            "reason_chars": limits.REASON_TEXT_CHARS_MAX,
            "annul_ms": limits.ANNUL_WITHIN_MS,
        },
        "reasons": {reason.value: _reason(reason) for reason in Reason},
        "words": {name: gettext(text) for name, text in SCREEN_WORDS.items()},
    }


def _reason(reason: Reason) -> dict[str, str | bool]:
    words = WORDS[reason]
    return {
        "word": gettext(words.word),
        "sentence": gettext(words.sentence),
        "advice": gettext(words.advice) if words.advice else "",
        "overridable": reason not in NEVER_OVERRIDDEN,
    }
