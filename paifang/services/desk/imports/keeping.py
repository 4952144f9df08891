"""What the page remembers of an import: the tickets it made, and the rows it did not take."""

from collections.abc import Collection, Sequence
from uuid import UUID

from paifang.core import limits
from paifang.services.desk.attendees import RowError
from paifang.services.desk.import_run import Outcome, Settled, Waiting
from paifang.services.desk.imports.uploading import columns_of
from paifang.store.models import Import, ImportRow, ImportTicket


class ImportKeeper:
    """An `import_run.Keeper` whose rejected rows are written by `flush`, with the cursor."""

    def __init__(
        self, one: Import, *, rejected: int = 0, rows_max: int = limits.IMPORT_REJECTS_MAX
    ) -> None:
        """Take the import, how many rows it has rejected so far, and how many are kept."""
        self._import = one
        self._secret = columns_of(one).secret
        self._rows_max = rows_max
        self._errors: list[RowError] = []
        self._planned: set[bytes] = set()
        self.rejected = rejected

    def reject(self, error: RowError) -> None:
        """Keep a row that was not taken."""
        self.rejected += 1
        if self.rejected <= self._rows_max:
            self._errors.append(error)

    def plan(self, waiting: Sequence[Waiting]) -> None:
        """Keep which tickets are about to be made."""
        ImportTicket.objects.bulk_create(
            ImportTicket(
                of=self._import, ticket=UUID(bytes=one.issued.command.ticket), line=one.row.line
            )
            for one in waiting
        )
        self._planned = {one.issued.command.ticket for one in waiting}

    def made_before(self, tickets: Collection[bytes]) -> Collection[bytes]:
        """Return those of these tickets that an earlier run of this import made."""
        ids = [UUID(bytes=ticket) for ticket in tickets]
        found = ImportTicket.objects.filter(of=self._import, ticket__in=ids)
        return {ticket.bytes for ticket in found.values_list("ticket", flat=True)}

    def settle(self, settled: Sequence[Settled]) -> None:
        """Forget the planned tickets that were not made, because the row had one already."""
        made = {row.ticket for row in settled if row.outcome is Outcome.created}
        ids = [UUID(bytes=ticket) for ticket in self._planned - made]
        if ids:
            ImportTicket.objects.filter(of=self._import, ticket__in=ids).delete()

    def flush(self) -> None:
        """Write the rejected rows; inside the transaction that saves the cursor."""
        errors, self._errors = self._errors, []
        rows = [row_of(self._import, error, self._secret) for error in errors]
        # Lines that were written before a kill are there already.
        ImportRow.objects.bulk_create(rows, ignore_conflicts=True)


def row_of(one: Import, error: RowError, secret: Collection[int]) -> ImportRow:
    """Return a rejected row as it is kept, without what may not be kept."""
    return ImportRow(
        of=one,
        line=error.line,
        code=error.code,
        field=error.field,
        params=dict(error.params),
        cells=["" if place in secret else cell for place, cell in enumerate(error.raw)],
        text="" if secret else error.text,
    )
