"""The acts of the audit, in words."""

from typing import Final

from django.utils.translation import gettext

from paifang.core.reasons import N_

AUDIT_WORDS: Final = {
    "sign_in": N_("Signed in"),
    "sign_in_failed": N_("Sign-in refused"),
    "sign_out": N_("Signed out"),
    "second_factor_on": N_("Second factor switched on"),
    "second_factor_off": N_("Second factor switched off"),
    "second_factor_reset": N_("Second factor taken away"),
    "second_factor_failed": N_("Wrong second factor"),
    "recovery_codes_made": N_("Recovery codes made"),
    "session_ended": N_("Session ended"),
    "password_set": N_("Password set"),
    "password_changed": N_("Own password changed"),
    "password_link": N_("Link for a password made"),
    "password_chosen": N_("Password chosen by a link"),
    "first_run": N_("Installation set up"),
    "staff_invited": N_("Invited"),
    "staff_link_withdrawn": N_("Link withdrawn"),
    "invitation_accepted": N_("Invitation accepted"),
    "staff_added": N_("Staff added"),
    "staff_changed": N_("Staff changed"),
    "staff_ended": N_("Staff suspended"),
    "staff_active": N_("Staff taken back"),
    "pin_set": N_("PIN set"),
    "pin_removed": N_("PIN taken away"),
    "card_added": N_("Staff card added"),
    "cards_removed": N_("Staff cards taken away"),
    "terminal_added": N_("Terminal added"),
    "terminal_changed": N_("Terminal changed"),
    "terminal_revoked": N_("Terminal withdrawn"),
    "terminal_paired": N_("Device paired"),
    "pairing_code": N_("Pairing code made"),
    "scan_token": N_("Gate page opened"),
    "door_list_made": N_("Door list printed"),
    "door_list_keyed_in": N_("Door list keyed in"),
    "import": N_("List imported"),
    "export": N_("List given out"),
    "repair": N_("Repaired by hand"),
}


def act_words(what: str) -> str:
    """Return an act in words; one without words is told by its own name, read as words."""
    words = AUDIT_WORDS.get(what)
    return gettext(words) if words else what.replace("_", " ")
