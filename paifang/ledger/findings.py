"""What a check of the ledger can find to be wrong, in words, and the list that collects it."""

from typing import Final, NamedTuple

from paifang.core.reasons import N_
from paifang.ledger.rows import JournalRow

FINDINGS_MAX: Final = 200
"""How many findings are kept; all are counted."""


class Finding(NamedTuple):
    """One thing that is wrong: a stable code, where, and English words with their parameters."""

    code: str
    where: str
    words: str
    params: dict[str, str]

    @property
    def text(self) -> str:
        """The words with their parameters, in English."""
        return self.words % self.params


WORDS: dict[str, str] = {
    # The journal itself.
    "unknown_segment": N_("There are journal rows of a segment that does not exist."),
    "seq_gap": N_("Journal rows are missing or doubled: %(expected)s was expected here."),
    "page_differs": N_("The journal does not match the page closed here (%(field)s)."),
    "page_stray": N_("A page ends where there is no journal row, or out of order."),
    "head_differs": N_("The journal does not match its head (%(field)s)."),
    "row_unreadable": N_("This row cannot be read: %(error)s."),
    "epoch_differs": N_("A row stands under another epoch than %(expected)s, without a handover."),
    "row_wrong_node": N_("This row was written by %(node)s, which did not hold the segment then."),
    "lease_differs": N_("The lease differs from what the journal tells of it (%(field)s)."),
    "wish_differs": N_("The wish differs from what the journal tells of it."),
    "loaded_differs": N_("The tickets taken in are not those this row tells of."),
    "loaded_stray": N_("Tickets were taken in that no journal row tells of."),
    "row_disputed": N_("A row of another node could not be followed: %(why)s."),
    "row_wrong_segment": N_("This row stands in a segment it does not belong to."),
    "segment_differs": N_("The segment is not the one that was opened here."),
    "segment_unexplained": N_("No journal row tells that this segment was opened."),
    # What rides on it.
    "enclosure_stray": N_("An enclosure rides on a journal row that does not exist."),
    "enclosure_altered": N_("An enclosure does not match its digest."),
    "enclosures_differ": N_("The enclosures are not those the journal row was written with."),
    "enclosure_lost": N_("An enclosure is empty, but its ticket was never erased."),
    "request_differs": N_("Journal and remembered requests differ about this request_id."),
    # Acts by hand at the desk.
    "seal_differs": N_("This seal stands under another id than that of its act."),
    "audit_altered": N_("An act in the audit is not as it was when it was sealed."),
    "audit_missing": N_("An act that was sealed is missing from the audit."),
    "audit_unsealed": N_("An act counts as sealed, but the journal knows nothing of it."),
    # Configuration.
    "bundle_altered": N_("A version of the rules does not match its digest."),
    "bundle_unsigned": N_("A version of the rules is not signed by this node."),
    "bundle_differs": N_("A version of the rules is missing or was never published."),
    "version_unknown": N_("Decided by a version of the rules that does not exist (%(version)s)."),
    # Tickets.
    "ticket_missing": N_("There is no such ticket."),
    "ticket_unissued": N_("No journal row tells that this ticket was issued."),
    "ticket_differs": N_("The ticket differs from what the journal tells of it (%(field)s)."),
    "issued_twice": N_("The ticket was issued before."),
    "exchanged_twice": N_("The voucher was exchanged before."),
    "credential_not_free": N_(
        "A credential was taken from a ticket that is not void (%(status)s)."
    ),
    "status_impossible": N_("A ticket that was %(before)s became %(status)s."),
    "credential_differs": N_("The credential differs from what the journal tells of it."),
    # Gates.
    "terminal_not_allowed": N_("Terminal %(terminal)s was not allowed at gate %(gate)s."),
    "place_differs": N_("Zone or day are not those of the gate at that time."),
    "use_missing": N_("There is no such entitlement in this segment."),
    "people_differ": N_("The people who went through are not those who were counted."),
    "beyond_allowance": N_("Admitted beyond what the ticket allows (%(rule)s)."),
    "left_without_entry": N_("More people left than were inside."),
    "use_differs": N_("The entitlement differs from what the journal tells of it (%(field)s)."),
    "admission_missing": N_("There is no such admission before this row."),
    "reported_twice": N_("What became of the admission was reported before."),
    "annulled_twice": N_("The admission was annulled before."),
    "not_annullable": N_("The admission could not be annulled any more."),
    "aftermath_differs": N_("What became of the admission differs from the journal."),
    "conflict_differs": N_("Whether this late record is in conflict does not fit its reason."),
    "zone_negative": N_("Fewer than no people are inside."),
    "zone_differs": N_("The count of the zone is %(found)s; the journal gives %(expected)s."),
    "session_differs": N_("The count of the session is %(found)s; the journal gives %(expected)s."),
    # Duty.
    "sign_on_not_allowed": N_("Terminal %(terminal)s, or who was on duty, might not sign on."),
    "shift_differs": N_("This shift was not open at this terminal."),
    # Quota.
    "quota_unknown": N_("There is no such quota in this segment."),
    "oversold": N_("More is held and sold than there is: %(taken)s of %(capacity)s."),
    "hold_not_open": N_("The hold had ended before, or was never made."),
    "hold_too_early": N_("The hold was swept before its time was over."),
    "quota_differs": N_("The quota is %(found)s; the journal gives %(expected)s."),
    "hold_differs": N_("The hold differs from what the journal tells of it."),
    # Orders and money.
    "order_missing": N_("There is no such order before this row, or no such ticket of it."),
    "order_differs": N_("The order differs from what the journal tells of it (%(field)s)."),
    "unbalanced": N_("The postings of this row do not sum to zero, or do not fit its sum."),
    "refund_exceeds": N_("More was paid back than was paid, or for a ticket twice."),
    "drawer_differs": N_("The drawer differs from what the journal tells of it (%(field)s)."),
    "money_differs": N_("The account is %(found)s; the journal gives %(expected)s."),
}
"""The words of every finding, as message ids."""


class Findings:
    """What was found so far."""

    def __init__(self) -> None:
        """Start with nothing found."""
        self.kept: list[Finding] = []
        self.count = 0

    def add(self, code: str, where: str, **params: object) -> None:
        """Note a finding."""
        self.count += 1
        if len(self.kept) < FINDINGS_MAX:
            told = {name: str(value) for name, value in params.items()}
            self.kept.append(Finding(code, where, WORDS[code], told))

    def at(self, code: str, row: JournalRow, **params: object) -> None:
        """Note a finding about a journal row."""
        self.add(code, place_of(row), **params)


def place_of(row: JournalRow) -> str:
    """Return where a row stands: segment, epoch and number in it."""
    return f"journal {row.segment}/{row.epoch}/{row.seq}"


class Report(NamedTuple):
    """What was checked and what was found. `findings` is bounded, `found` counts all of them."""

    segments: int
    rows: int
    pages: int
    enclosures: int
    erased: int
    tickets: int
    entitlements: int
    credentials: int
    requests: int
    holds: int
    bundles: int
    found: int
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.found
