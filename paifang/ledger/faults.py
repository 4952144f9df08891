"""What can go wrong, as one small tree. A refused admission is not a fault: it is an answer.

LedgerFault
├── Misuse            the command cannot be carried out as asked (never retried)
│   ├── IdConflict    the same request_id came with other content
│   ├── NotFound      what it names does not exist
│   ├── NotAllowed    this terminal may not do this (revoked, other gate, other terminal's act)
│   ├── TooLate       the time for it has passed
│   ├── InFuture      it is told of a time that has not come yet
│   └── NotPossible   the state does not permit it
│       ├── Taken     a credential belongs to another ticket (the detail is its kind)
│       ├── InUse     it was to be done to an unused ticket, and somebody has entered by it
│       ├── Differs   the row has a ticket already, of another product or session
│       ├── Gap       rows before these have not come yet
│       └── Diverged  another row stands under this number: two machines wrote as one
└── Unavailable       ask again with the same request_id
    ├── QueueFull     too much is waiting; nothing was done
    ├── DiskFull      no room to record it; nothing was done
    ├── StorageFault  the disk failed; the outcome is unknown until asked again
    ├── Stopping      the writer is closing; nothing was done
    └── Unexpected    a bug met by one command; it was undone
"""


class LedgerFault(Exception):
    """A command was not carried out. `code` is stable and travels over the socket and the API."""

    code = "fault"

    def __init__(self, detail: str = "") -> None:
        """Keep what exactly was the matter, in English, for the log and the problem's detail."""
        super().__init__(detail or self.code)
        self.detail = detail


class Misuse(LedgerFault):
    """The command cannot be carried out as asked."""

    code = "misuse"


class IdConflict(Misuse):
    """The same request_id was used for another content."""

    code = "id_conflict"


class NotFound(Misuse):
    """What the command names does not exist."""

    code = "not_found"


class NotAllowed(Misuse):
    """This terminal or person may not do this."""

    code = "not_allowed"


class TooLate(Misuse):
    """The time in which this was possible has passed."""

    code = "too_late"


class InFuture(Misuse):
    """What is told of has not happened yet."""

    code = "in_future"


class NotPossible(Misuse):
    """The present state does not permit it."""

    code = "not_possible"


class Taken(NotPossible):
    """A credential belongs to another ticket; `detail` is the credential's kind."""

    code = "taken"


class InUse(NotPossible):
    """Somebody has entered by the ticket, or it was exchanged, and it was to be unused."""

    code = "in_use"


class Differs(NotPossible):
    """This identity has a ticket already, of another product, session or number of people."""

    code = "differs"


class Gap(NotPossible):
    """Rows of another node came before those they follow; send from the cursor."""

    code = "gap"


class Diverged(NotPossible):
    """Another row stands where this one would: a node was cloned, or restored and went on."""

    code = "diverged"


class Unavailable(LedgerFault):
    """Nothing is known to be done; ask again with the same request_id."""

    code = "unavailable"


class QueueFull(Unavailable):
    """Too many commands are waiting; nothing was done."""

    code = "queue_full"


class DiskFull(Unavailable):
    """There is no room to record it; nothing was done."""

    code = "disk_full"


class StorageFault(Unavailable):
    """The disk failed while committing; only asking again tells whether it was recorded."""

    code = "storage_fault"


class Stopping(Unavailable):
    """The writer is closing; nothing was done."""

    code = "stopping"


class Unexpected(Unavailable):
    """A bug was met by this one command; it was undone and harmed no other."""

    code = "unexpected"


FAULTS: dict[str, type[LedgerFault]] = {
    fault.code: fault
    for fault in (
        Misuse,
        IdConflict,
        NotFound,
        NotAllowed,
        TooLate,
        InFuture,
        NotPossible,
        Taken,
        InUse,
        Differs,
        Gap,
        Diverged,
        Unavailable,
        QueueFull,
        DiskFull,
        StorageFault,
        Stopping,
        Unexpected,
    )
}
"""Faults by their code, to raise the same one on the other side of a socket."""
