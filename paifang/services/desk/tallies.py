"""What one projected row adds to the sums beside it. Pure: it reads no database.

The sums are functions of the rows: when a row changes, what it added before is taken away and what
it adds now is added. So the order in which facts arrive does not matter to them either, and nothing
stays of a person who was erased.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from paifang.core.reasons import Verdict
from paifang.core.tickets import Status
from paifang.services.desk.origins import origins_of
from paifang.store.models.projections import NEVER_ISSUED
from paifang.store.models.tallies import MINUTE_MS, QUARTER_MS

Key = tuple[int | str, ...]


class Tally(NamedTuple):
    """One table of sums: its name, the columns of its key, and those that are summed."""

    table: str
    key: tuple[str, ...]
    sums: tuple[str, ...]


class Share(NamedTuple):
    """What a row adds to one row of a table of sums."""

    tally: Tally
    key: Key
    sums: tuple[int, ...]


class TicketRow(NamedTuple):
    """What the sums need to know of a ticket, in the order of `projection_sql.ticket_rows`."""

    ticket: str
    event: int
    product: int
    session: int
    status: int
    people: int
    uses: int
    created_at_ms: int
    holder: str
    company: str
    phone: str


class AdmissionRow(NamedTuple):
    """What the sums need to know of a decision, in the order of `projection_sql.admission_rows`."""

    request_id: str
    at_ms: int
    gate: str
    zone: str
    direction: str
    decision: str
    reason: str
    basis: str
    product: int
    session: int
    people: int
    conflict: str


class Aftermath(NamedTuple):
    """What became of a decision: annulled or not, how many people were taken off the count."""

    annulled: bool = False
    off: int = 0


_COUNTS: Final = ("tickets", "people", "arrived_tickets", "arrived_people")
FLOW: Final = Tally(
    "store_flowtally",
    ("quarter", "gate", "product", "session", "direction", "decision", "reason", "basis"),
    ("decisions", "people", "off_people", "annulled", "conflicts"),
)
MINUTES: Final = Tally("store_minutetally", ("minute", "zone"), ("entries", "exits"))
GATES: Final = Tally("store_gateminutetally", ("minute", "gate"), ("entries", "exits", "refusals"))
ISSUES: Final = Tally("store_issuetally", ("quarter", "product", "session"), ("tickets", "people"))
TICKETS: Final = Tally(
    "store_tickettally", ("event", "product", "session", "status", "is_group"), _COUNTS
)
ORIGINS: Final = Tally("store_origintally", ("event", "kind", "value"), _COUNTS)
TALLIES: Final = (FLOW, MINUTES, GATES, ISSUES, TICKETS, ORIGINS)

NOTHING: Final = Aftermath()
_GONE: Final = frozenset({Status.void.value, Status.refunded.value})


def shares_of_ticket(row: TicketRow) -> Iterator[Share]:
    """Return what a ticket adds; one of which only later facts have arrived adds nothing."""
    if row.status == NEVER_ISSUED or not row.event:
        return
    came = min(row.uses, row.people) if row.uses > 0 else 0
    counts = (1, row.people, int(came > 0), came)
    yield Share(
        ISSUES, (row.created_at_ms // QUARTER_MS, row.product, row.session), (1, row.people)
    )
    key = (row.event, row.product, row.session, row.status, int(row.people > 1))
    yield Share(TICKETS, key, counts)
    if row.status not in _GONE:
        for kind, value in origins_of(row.company, row.phone):
            yield Share(ORIGINS, (row.event, kind, value), counts)


def shares_of_admission(row: AdmissionRow, after: Aftermath) -> Iterator[Share]:
    """Return what a decision adds, given what became of it."""
    admitted = row.decision == Verdict.admit.value
    people = row.people if admitted else 0
    key = (
        row.at_ms // QUARTER_MS,
        *(row.gate, row.product, row.session),
        *(row.direction, row.decision, row.reason, row.basis),
    )
    sums = (1, people, after.off, int(after.annulled), int(bool(row.conflict)))
    yield Share(FLOW, key, sums)
    minute, leaves = row.at_ms // MINUTE_MS, row.direction == "exit"
    # What a gate did in a minute, whatever was reported of it later.
    here = (0, people, 0) if leaves else (people, 0, 0)
    yield Share(GATES, (minute, row.gate), here if admitted else (0, 0, 1))
    passed = people - after.off
    if passed > 0:
        yield Share(MINUTES, (minute, row.zone), (0, passed) if leaves else (passed, 0))


class Changes:
    """Collects by how much sums change."""

    def __init__(self) -> None:
        """Start with no change."""
        self._by_tally: dict[str, dict[Key, list[int]]] = {tally.table: {} for tally in TALLIES}

    def take_away(self, shares: Iterable[Share]) -> None:
        """Take away what a row added before."""
        self._take(shares, -1)

    def add(self, shares: Iterable[Share]) -> None:
        """Add what a row adds now."""
        self._take(shares, 1)

    def _take(self, shares: Iterable[Share], sign: int) -> None:
        for tally, key, sums in shares:
            rows = self._by_tally[tally.table]
            known = rows.get(key)
            if known is None:
                rows[key] = [sign * one for one in sums]
            else:
                for place, one in enumerate(sums):
                    known[place] += sign * one

    def of(self, tally: Tally) -> list[tuple[Key, tuple[int, ...]]]:
        """Return the rows of a table that change, in the order of their keys."""
        changed = self._by_tally[tally.table].items()
        return sorted((key, tuple(sums)) for key, sums in changed if any(sums))
