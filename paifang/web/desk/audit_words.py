"""The acts of the audit, in words."""

from typing import Final

from django.utils.translation import gettext

from paifang.core.reasons import N_
from paifang.store.models import AuditEntry

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
    "organiser_added": N_("Organiser added"),
    "organiser_changed": N_("Organiser changed"),
    "organiser_removed": N_("Organiser deleted"),
    "site_added": N_("Site added"),
    "site_changed": N_("Site changed"),
    "site_removed": N_("Site deleted"),
    "zone_added": N_("Zone added"),
    "zone_changed": N_("Zone changed"),
    "zone_removed": N_("Zone deleted"),
    "gate_added": N_("Gate added"),
    "gate_changed": N_("Gate changed"),
    "gate_removed": N_("Gate deleted"),
    "lane_added": N_("Lane added"),
    "lane_changed": N_("Lane changed"),
    "lane_removed": N_("Lane deleted"),
    "event_added": N_("Event added"),
    "event_changed": N_("Event changed"),
    "event_removed": N_("Event deleted"),
    "session_added": N_("Session added"),
    "session_changed": N_("Session changed"),
    "session_removed": N_("Session deleted"),
    "product_added": N_("Ticket type added"),
    "product_changed": N_("Ticket type changed"),
    "product_removed": N_("Ticket type deleted"),
    "event_cloned": N_("Event made again"),
    "sessions_made": N_("Many sessions made"),
    "floor_plan_kept": N_("Floor plan kept"),
    "floor_plan_places": N_("Places on the plan changed"),
    "floor_plan_removed": N_("Floor plan deleted"),
    "ticket_block": N_("Ticket blocked"),
    "ticket_unblock": N_("Ticket unblocked"),
    "ticket_void": N_("Ticket made void"),
    "ticket_reissue": N_("Ticket given a new code"),
    "ticket_holder_changed": N_("Holder changed"),
    "ticket_link_sent": N_("Link to a ticket sent"),
    "tickets_block": N_("Many tickets blocked"),
    "tickets_unblock": N_("Many tickets unblocked"),
    "tickets_void": N_("Many tickets made void"),
    "tickets_reissue": N_("Many tickets given new codes"),
    "tickets_send_links": N_("Links to many tickets sent"),
    "tickets_handed_out": N_("Tickets handed out"),
    "company_quota_set": N_("Quota of an exhibitor set"),
    "tickets_printed": N_("Tickets printed"),
    "person_erased": N_("Person erased"),
    "person_given_out": N_("A person's data given out"),
    "consent_taken": N_("Consent written down"),
    "consent_text_added": N_("Text of a consent added"),
    "view_kept": N_("View kept"),
    "view_dropped": N_("View dropped"),
    "upload_list": N_("List uploaded"),
    "discard_list": N_("List discarded"),
    "import_check": N_("List looked through"),
    "import_run": N_("Import begun"),
    "import_undo": N_("Import taken back"),
    "cancel_import": N_("Import stopped"),
    "resume_import": N_("Import gone on with"),
    "correct_import": N_("Row of a list corrected"),
    "drop_import_rows": N_("Rejected rows dropped"),
    "repair": N_("Repaired by hand"),
}


def act_words(what: str) -> str:
    """Return an act in words; one without words is told by its own name, read as words."""
    words = AUDIT_WORDS.get(what)
    return gettext(words) if words else what.replace("_", " ")


def seal_words(entry: AuditEntry) -> str:
    """Return how an act stands to the journal's chain, in words."""
    if entry.altered:
        return gettext("Altered after it was sealed")
    return gettext("Sealed") if entry.sealed else gettext("Not sealed yet")
