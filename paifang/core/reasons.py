"""Why somebody was let in or turned away: the closed list of reason codes and their words.

Codes are added, never renamed: gates, reports and other systems keep them. The words are message
ids in English; web translates them. Each code has a word (large, on the verdict), a sentence that
says what is the matter, and what the steward should do next.
"""

from enum import StrEnum
from typing import NamedTuple


def N_(text: str) -> str:  # noqa: N802 - the field's own name for "translate this later"
    """Mark an English message id for translation without translating it here."""
    return text


class Verdict(StrEnum):
    """What the gate shows: open, keep closed, or let a person look into it."""

    admit = "admit"
    refuse = "refuse"
    attention = "attention"


class Basis(StrEnum):
    """On what ground a decision stands: the authority's, a cut-off terminal's, a supervisor's."""

    lease = "lease"
    provisional = "provisional"
    override = "override"


class Reason(StrEnum):
    """The closed list of reason codes."""

    ok = "ok"
    re_entry = "re_entry"
    already_used = "already_used"
    already_inside = "already_inside"
    not_inside = "not_inside"
    recorded_not_opened = "recorded_not_opened"
    unknown = "unknown"
    forged = "forged"
    copied = "copied"
    code_too_old = "code_too_old"
    void = "void"
    refunded = "refunded"
    unpaid = "unpaid"
    exchange_required = "exchange_required"
    already_exchanged = "already_exchanged"
    sold_out = "sold_out"
    not_yet_valid = "not_yet_valid"
    expired = "expired"
    wrong_gate = "wrong_gate"
    wrong_zone = "wrong_zone"
    wrong_session = "wrong_session"
    limit_reached = "limit_reached"
    capacity_reached = "capacity_reached"
    identity_mismatch = "identity_mismatch"
    identity_required = "identity_required"
    needs_supervisor = "needs_supervisor"
    blocked = "blocked"
    held_elsewhere = "held_elsewhere"
    not_ready = "not_ready"
    offline_not_allowed = "offline_not_allowed"
    clock_off = "clock_off"
    malformed = "malformed"


class Words(NamedTuple):
    """English message ids of one reason: the large word, the sentence, the next step."""

    word: str
    sentence: str
    advice: str


WORDS: dict[Reason, Words] = {
    Reason.ok: Words(N_("Welcome"), N_("The ticket is valid."), ""),
    Reason.re_entry: Words(N_("Welcome back"), N_("Entered again after leaving."), ""),
    Reason.already_used: Words(
        N_("Already used"),
        N_("This ticket has been used."),
        N_("Compare time and gate with the guest; a supervisor may admit."),
    ),
    Reason.already_inside: Words(
        N_("Already inside"),
        N_("This ticket entered and has not left."),
        N_("Ask whether the ticket was passed back; a supervisor may admit."),
    ),
    Reason.not_inside: Words(
        N_("Not inside"),
        N_("No entry is recorded for so many people of this ticket today."),
        N_("Let the guest leave by the staff door and count by hand."),
    ),
    Reason.recorded_not_opened: Words(
        N_("Look closer"),
        N_("An entry was recorded, but the gate there reported that nobody passed."),
        N_("Ask the guest where; a supervisor may admit."),
    ),
    Reason.unknown: Words(
        N_("Unknown"),
        N_("No ticket has this code here."),
        N_("Check the event and the date, or search by name; else send to the service desk."),
    ),
    Reason.forged: Words(
        N_("Forged"),
        N_("This code was not issued by the organiser."),
        N_("Keep the guest friendly and call a supervisor."),
    ),
    Reason.copied: Words(
        N_("Copied"),
        N_("This code belongs to another phone."),
        N_("Ask for the phone that holds the ticket."),
    ),
    Reason.code_too_old: Words(
        N_("Code too old"),
        N_("The changing code has expired; perhaps it is a picture."),
        N_("Ask the guest to open the ticket page itself."),
    ),
    Reason.void: Words(
        N_("Void"), N_("This ticket was cancelled."), N_("Send the guest to the service desk.")
    ),
    Reason.refunded: Words(
        N_("Refunded"),
        N_("This ticket was given back for money."),
        N_("Send the guest to the box office."),
    ),
    Reason.unpaid: Words(
        N_("Not paid"), N_("The order is not paid yet."), N_("Send the guest to the box office.")
    ),
    Reason.exchange_required: Words(
        N_("Exchange first"),
        N_("This is a voucher, not yet a ticket."),
        N_("Send the guest to the exchange desk."),
    ),
    Reason.already_exchanged: Words(
        N_("Already exchanged"),
        N_("This voucher was exchanged for a ticket."),
        N_("Ask for the ticket that was given for it."),
    ),
    Reason.sold_out: Words(
        N_("Sold out"), N_("Nothing is left of this."), N_("Offer another time or another ticket.")
    ),
    Reason.not_yet_valid: Words(
        N_("Too early"),
        N_("This ticket is not valid yet."),
        N_("Tell the guest the time from which it is valid."),
    ),
    Reason.expired: Words(
        N_("Expired"),
        N_("This ticket is no longer valid."),
        N_("Send the guest to the box office."),
    ),
    Reason.wrong_gate: Words(
        N_("Wrong gate"),
        N_("This ticket is for another gate."),
        N_("Show the guest the way to the right gate."),
    ),
    Reason.wrong_zone: Words(
        N_("Wrong area"),
        N_("This ticket does not cover this area."),
        N_("Show the guest the way to the right area."),
    ),
    Reason.wrong_session: Words(
        N_("Wrong session"),
        N_("This ticket is for another session."),
        N_("Tell the guest the time of the session."),
    ),
    Reason.limit_reached: Words(
        N_("Limit reached"),
        N_("The limit of entries for this day, gate or group is reached."),
        N_("A supervisor may admit."),
    ),
    Reason.capacity_reached: Words(
        N_("Full"),
        N_("As many people are inside as are allowed."),
        N_("Ask the guest to wait; entry goes on when people leave."),
    ),
    Reason.identity_mismatch: Words(
        N_("Another person"),
        N_("Document or face does not match the holder."),
        N_("Call a supervisor."),
    ),
    Reason.identity_required: Words(
        N_("Check identity"),
        N_("This ticket is bound to a person."),
        N_("Look at the document, then confirm."),
    ),
    Reason.needs_supervisor: Words(
        N_("Supervisor"), N_("This entry needs a supervisor."), N_("Call a supervisor.")
    ),
    Reason.blocked: Words(
        N_("Blocked"), N_("The organiser has blocked this ticket."), N_("Call a supervisor.")
    ),
    Reason.held_elsewhere: Words(
        N_("Not decided here"),
        N_("Another host decides about this ticket."),
        N_("Use a gate of that venue's host."),
    ),
    Reason.not_ready: Words(
        N_("Not ready"),
        N_("The ticket list is still being loaded and checked."),
        N_("Wait until the screen says ready."),
    ),
    Reason.offline_not_allowed: Words(
        N_("No connection"),
        N_("This gate may not decide alone."),
        N_("Wait for the connection or use another gate."),
    ),
    Reason.clock_off: Words(
        N_("Clock wrong"),
        N_("The clock of the phone or of this machine is off."),
        N_("Check the clock; ask the guest to reload the ticket page."),
    ),
    Reason.malformed: Words(
        N_("Not a code"),
        N_("This is not a ticket code."),
        N_("Scan the ticket's own code, or type the serial number."),
    ),
}
"""The words of every reason, as message ids."""

ATTENTION: frozenset[Reason] = frozenset(
    {
        Reason.recorded_not_opened,
        Reason.unpaid,
        Reason.identity_required,
        Reason.needs_supervisor,
        Reason.clock_off,
    }
)
"""Reasons that ask a person to look, instead of turning the guest away."""

NEVER_OVERRIDDEN: frozenset[Reason] = frozenset(
    {
        Reason.unknown,
        Reason.forged,
        Reason.copied,
        Reason.void,
        Reason.refunded,
        Reason.blocked,
        Reason.exchange_required,
        Reason.already_exchanged,
        Reason.capacity_reached,
        Reason.held_elsewhere,
        Reason.not_ready,
        Reason.malformed,
    }
)
"""What no supervisor may open: no ticket, no right to it, no room, or no authority."""


def verdict_of(reason: Reason) -> Verdict:
    """Return what a gate shows for a reason."""
    if reason is Reason.ok or reason is Reason.re_entry:
        return Verdict.admit
    return Verdict.attention if reason in ATTENTION else Verdict.refuse
