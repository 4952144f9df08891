"""Why a request was not carried out: the closed list of problem codes and their words (RFC 9457).

A refused admission is no problem but an answer. Here stand faults of the request, of the caller's
right, and of this machine. Codes are stable; the words are message ids in English, which web
translates. No problem ever names a ticket code, a document or a person.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from paifang.core.reasons import N_
from paifang.ledger.faults import LedgerFault


class ProblemKind(NamedTuple):
    """One code's HTTP status and words; `retry_after_s` where asking again makes sense."""

    status: int
    title: str
    detail: str
    retry_after_s: int = 0


class Problem(Exception):
    """A request is not carried out.

    Args:
        code: A key of `PROBLEMS`.
        field: Which member of the body, header or query is meant, "" for the whole request.
        expected: What that member must be, as a type with its bounds, "" if words suffice.
        retry_after_s: Overrides the kind's own, in seconds.
    """

    def __init__(
        self, code: str, field: str = "", *, expected: str = "", retry_after_s: int = 0
    ) -> None:
        """Keep what is needed to write the problem document."""
        super().__init__(code)
        self.code = code
        self.field = field
        self.expected = expected
        self.kind = PROBLEMS[code]
        self.retry_after_s = retry_after_s or self.kind.retry_after_s


PROBLEMS: Final[dict[str, ProblemKind]] = {
    # The request itself.
    "malformed": ProblemKind(
        422,
        N_("Request not understood"),
        N_("The body is not a JSON object in UTF-8."),
    ),
    "member_missing": ProblemKind(
        422, N_("Request not understood"), N_("A required member is missing.")
    ),
    "member_unknown": ProblemKind(
        422, N_("Request not understood"), N_("This member is not known here.")
    ),
    "member_wrong": ProblemKind(
        422, N_("Request not understood"), N_("This member has a wrong type or value.")
    ),
    "query_short": ProblemKind(
        422,
        N_("Type more"),
        N_("Two characters of a Chinese name, three of any other, or four digits of a phone."),
    ),
    "gate_unknown": ProblemKind(422, N_("Unknown gate"), N_("No gate has this name.")),
    "direction_not_here": ProblemKind(
        422, N_("Wrong direction"), N_("This gate is not passed in this direction.")
    ),
    "key_malformed": ProblemKind(
        422, N_("Key not usable"), N_("The key is not a point of the curve P-256.")
    ),
    "staff_unknown": ProblemKind(
        422,
        N_("Unknown staff"),
        N_("No active member of staff has this name, or another one is signed on."),
    ),
    "request_ids_differ": ProblemKind(
        422,
        N_("Two request ids"),
        N_("The request id in the body and the Idempotency-Key header differ."),
    ),
    "not_json": ProblemKind(
        415,
        N_("Not JSON"),
        N_("The body must be sent as application/json, uncompressed, in UTF-8."),
    ),
    "too_large": ProblemKind(413, N_("Too large"), N_("The body is larger than this path takes.")),
    "method_not_allowed": ProblemKind(
        405, N_("Method not allowed"), N_("This path does not know this method.")
    ),
    # Pairing a device, and its signing on.
    "pairing_code_unknown": ProblemKind(
        404,
        N_("Code unknown"),
        N_("No terminal is waiting with this code. Check it, or ask for a new one."),
    ),
    "pairing_code_late": ProblemKind(
        410, N_("Code too old"), N_("The code was good for 10 minutes. Ask for a new one.")
    ),
    "pairing_code_used": ProblemKind(
        409, N_("Code used"), N_("Another device has used this code. Ask for a new one.")
    ),
    "too_many_codes": ProblemKind(
        429,
        N_("Too many wrong codes"),
        N_("Wait some minutes before the next try, or ask a manager."),
        retry_after_s=60,
    ),
    "proof_wrong": ProblemKind(
        401,
        N_("Terminal not recognised"),
        N_("This device could not prove that it is the terminal; pair it again."),
    ),
    "proof_used": ProblemKind(
        409, N_("Proof used"), N_("This proof was used before; fetch another challenge.")
    ),
    "challenge_late": ProblemKind(
        401, N_("Challenge too old"), N_("The challenge has ended; fetch another one.")
    ),
    "card_unknown": ProblemKind(
        401, N_("Card unknown"), N_("No member of staff signs on with this card.")
    ),
    "shift_over": ProblemKind(
        401, N_("Shift over"), N_("The shift has ended; start a new one by PIN or card.")
    ),
    # Venue hosts: joining, and what they send.
    "join_code_unknown": ProblemKind(
        403,
        N_("Code not good"),
        N_("No venue host is expected with this code, or it is too old. Ask for a new one."),
    ),
    "join_code_used": ProblemKind(
        409, N_("Code used"), N_("Another machine has used this code. Ask for a new one.")
    ),
    "join_forged": ProblemKind(
        403, N_("Key not proven"), N_("The machine could not prove that it holds its key.")
    ),
    "node_taken": ProblemKind(
        409,
        N_("Machine known"),
        N_("A machine of this name joined with other keys; it looks like a copy of another one."),
    ),
    "not_a_centre": ProblemKind(
        409, N_("No centre"), N_("This machine is a venue host itself; nobody joins it.")
    ),
    "node_unknown": ProblemKind(
        403, N_("Unknown node"), N_("No machine of this name joined here, or its key is another.")
    ),
    "node_revoked": ProblemKind(
        403,
        N_("Node withdrawn"),
        N_("The manager has withdrawn this machine; ask for it to be joined again."),
    ),
    "request_stale": ProblemKind(
        403,
        N_("Request not fresh"),
        N_("The request was signed at another time than now, or came twice. Sign it anew."),
    ),
    "document_forged": ProblemKind(
        403, N_("Not genuine"), N_("The signature is not that of the machine named.")
    ),
    "document_unreadable": ProblemKind(
        422,
        N_("Document not understood"),
        N_("The document is cut off, damaged or of another kind."),
    ),
    "document_too_new": ProblemKind(
        409,
        N_("Other version"),
        N_(
            "The two machines run versions that do not understand each other. Update the older one."
        ),
    ),
    "not_octets": ProblemKind(
        415,
        N_("Not a document"),
        N_("The body must be sent as application/octet-stream."),
    ),
    "range_not_there": ProblemKind(
        416, N_("Beyond the end"), N_("The file ends before the range that was asked for.")
    ),
    # Who asks.
    "token_missing": ProblemKind(
        401, N_("Sign-on needed"), N_("The request carries no terminal's token.")
    ),
    "token_unknown": ProblemKind(
        401, N_("Token unknown"), N_("No terminal has this token; pair the terminal again.")
    ),
    "token_expired": ProblemKind(
        401, N_("Token expired"), N_("The token's time is over; sign on again.")
    ),
    "token_revoked": ProblemKind(
        401,
        N_("Token revoked"),
        N_("The manager has withdrawn this terminal; ask for it to be paired again."),
    ),
    "role_not_allowed": ProblemKind(
        403, N_("Not allowed"), N_("A terminal of this kind may not do this.")
    ),
    "sign_on_needed": ProblemKind(
        403,
        N_("Nobody signed on"),
        N_("Start a shift at this terminal first, by PIN or card."),
    ),
    "gate_not_allowed": ProblemKind(
        403, N_("Not at this gate"), N_("This terminal may not stand at this gate.")
    ),
    "pin_wrong": ProblemKind(
        403, N_("Sign-on refused"), N_("Name and PIN do not belong together.")
    ),
    "not_supervisor": ProblemKind(
        403, N_("Supervisor needed"), N_("Only a supervisor or a manager may do this.")
    ),
    "too_many_tries": ProblemKind(
        429,
        N_("Too many wrong PINs"),
        N_("Wait before the next try, or ask a manager."),
        retry_after_s=60,
    ),
    "too_many_searches": ProblemKind(
        429,
        N_("Too many questions"),
        N_("This terminal has searched too often; wait a moment."),
        retry_after_s=1,
    ),
    "too_many_misses": ProblemKind(
        429,
        N_("Too many unknown codes"),
        N_("This kiosk has shown too many unknown codes; wait a moment."),
        retry_after_s=10,
    ),
    "too_many_streams": ProblemKind(
        503,
        N_("Too many listeners"),
        N_("No further stream can be opened now; try again."),
        retry_after_s=10,
    ),
    # What the ledger says.
    "not_allowed": ProblemKind(403, N_("Not allowed"), N_("This terminal may not do this.")),
    "not_found": ProblemKind(404, N_("Not found"), N_("What the request names does not exist.")),
    "id_conflict": ProblemKind(
        409, N_("Request id used"), N_("This request id came before with another content.")
    ),
    "too_late": ProblemKind(
        409, N_("Too late"), N_("The time in which this was possible has passed.")
    ),
    "not_possible": ProblemKind(
        409, N_("Not possible"), N_("The present state does not permit it, or it was done already.")
    ),
    "misuse": ProblemKind(409, N_("Not possible"), N_("This cannot be carried out as asked.")),
    "queue_full": ProblemKind(
        503,
        N_("Too busy"),
        N_("Too much is waiting; nothing was done. Ask again with the same request id."),
        retry_after_s=1,
    ),
    "disk_full": ProblemKind(
        507,
        N_("Disk full"),
        N_("There is no room to record it; nothing was done. Call the technician."),
        retry_after_s=30,
    ),
    "storage_fault": ProblemKind(
        503,
        N_("Disk fault"),
        N_("The disk failed. Ask again with the same request id to learn whether it was recorded."),
        retry_after_s=2,
    ),
    "stopping": ProblemKind(
        503,
        N_("Stopping"),
        N_("The server is stopping; nothing was done. Ask again with the same request id."),
        retry_after_s=2,
    ),
    "unavailable": ProblemKind(
        503,
        N_("Not available"),
        N_("Nothing is known to be done. Ask again with the same request id."),
        retry_after_s=2,
    ),
    "unexpected": ProblemKind(
        500,
        N_("Fault of the server"),
        N_("The server met a fault of its own. Ask again with the same request id."),
    ),
}
"""Every problem of the live process, by its code."""


def problem_of(fault: LedgerFault) -> Problem:
    """Return what the caller is told of a ledger's fault. Its detail stays inside."""
    codes = [kind.code for kind in type(fault).__mro__ if issubclass(kind, LedgerFault)]
    return Problem(next((code for code in codes if code in PROBLEMS), "unexpected"))


@contextmanager
def faults_as_problems() -> Iterator[None]:
    """Tell a fault of the ledger as the problem it is to a caller."""
    try:
        yield
    except LedgerFault as fault:
        raise problem_of(fault) from fault
